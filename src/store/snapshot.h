#pragma once
/// model::SampleSnapshot over one store file; see there for the contract.

#include <memory>
#include <vector>

#include "model/source.h"
#include "store/connection_pool.h"

namespace pv::store {

class Snapshot final : public model::SampleSnapshot {
 public:
  /// Opens one read transaction a worker, all of the same generation.
  /// Errors: unavailable when writers keep changing the store in between.
  static Result<std::unique_ptr<Snapshot>> open(std::shared_ptr<ConnectionPool> pool, unsigned workers);
  ~Snapshot() override;

  [[nodiscard]] std::uint64_t generation() const override { return generation_; }
  Result<std::vector<model::CampaignSummary>> campaigns() override;
  Result<model::CampaignSummary> campaign(const model::CampaignName& name) override;
  Result<std::optional<model::LoggerOfCampaign>> logger(const model::CampaignName& campaign, std::string_view sn) override;
  Result<std::vector<model::ChannelSummary>> channels(model::CampaignId campaign) override;
  Result<std::vector<model::LoggerEvent>> events(model::CampaignId campaign, model::Period period) override;
  Result<std::vector<model::Conflict>> conflicts(model::CampaignId campaign, model::Period period, std::size_t limit) override;
  Result<std::vector<model::StoredFile>> files(model::CampaignId campaign, std::size_t limit) override;
  Result<std::vector<model::BlockRef>> blocks(model::LoggerId logger, model::Period period) override;
  Result<std::optional<std::int64_t>> row_before(model::LoggerId logger, std::int64_t time_s) override;
  Result<void> read(unsigned worker, const model::BlockRef& block, std::span<const model::ChannelId> wanted,
                    model::SampleBlock& out) override;

 private:
  explicit Snapshot(std::shared_ptr<ConnectionPool> pool) : pool_(std::move(pool)) {}
  [[nodiscard]] Database& database() { return *connections_.front()->database; }
  Result<void> fill(model::CampaignSummary& campaign);

  std::shared_ptr<ConnectionPool> pool_;
  std::vector<std::unique_ptr<Connection>> connections_;  // one a worker, each inside a read transaction
  std::uint64_t generation_ = 0;
};

}  // namespace pv::store
