#pragma once
/// model::SampleSnapshot over one bucket; see influx/source.h for what differs from the embedded store.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "influx/catalogue.h"
#include "influx/connection.h"
#include "model/source.h"

namespace pv::influx {

class Snapshot final : public model::SampleSnapshot {
 public:
  /// One connection a worker. `steps`: shared by a company's snapshots.
  Snapshot(std::vector<std::unique_ptr<Connection>> connections, std::shared_ptr<const Catalogue> catalogue, std::shared_ptr<Steps> steps)
      : connections_(std::move(connections)), catalogue_(std::move(catalogue)), steps_(std::move(steps)) {}

  [[nodiscard]] std::uint64_t generation() const override { return catalogue_->generation; }
  Result<std::vector<model::CampaignSummary>> campaigns() override { return catalogue_->campaigns; }
  Result<model::CampaignSummary> campaign(const model::CampaignName& name) override;
  Result<std::optional<model::LoggerOfCampaign>> logger(const model::CampaignName& campaign, std::string_view sn) override;
  Result<std::vector<model::ChannelSummary>> channels(model::CampaignId campaign) override;
  Result<std::vector<model::LoggerEvent>> events(model::CampaignId campaign, model::Period period) override;
  Result<std::vector<model::Conflict>> conflicts(model::CampaignId campaign, model::Period period, std::size_t limit) override;
  Result<std::vector<model::StoredFile>> files(model::CampaignId campaign, std::size_t limit) override;
  Result<std::vector<model::BlockRef>> blocks(model::LoggerId logger, model::Period period) override;
  Result<std::optional<std::int64_t>> row_before(model::LoggerId logger, std::int64_t time_s) override;
  Result<void> read(unsigned worker, const model::BlockRef& block, std::span<const model::ChannelId> wanted, model::SampleBlock& out) override;

 private:
  struct Slice;
  struct Block {
    model::BlockRef ref;
    std::string fullest;  // field that has most rows in it
  };
  Result<std::map<std::int64_t, Slice>> slices(const CatalogueLogger& logger, model::Period period, std::int64_t every_s);
  Result<void> add_blocks(const CatalogueLogger& logger, model::Period period, std::int64_t every_s, std::vector<Block>& out);
  /// Fills in the steps of the blocks that touch a period.
  Result<void> learn_steps(const CatalogueLogger& logger, std::vector<Block>& blocks, model::Period period);
  Result<const CatalogueLogger*> find(model::LoggerId logger) const;

  std::vector<std::unique_ptr<Connection>> connections_;
  std::shared_ptr<const Catalogue> catalogue_;
  std::shared_ptr<Steps> steps_;
  std::map<std::int64_t, std::vector<Block>> blocks_;  // of the loggers that were asked for
};

}  // namespace pv::influx
