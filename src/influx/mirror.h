#pragma once
/// model::Mirror over one company's bucket, and the writes that its other buckets need.
///
/// A sample is sent as what the store has now, over whatever was there: later values replace earlier ones of the same instant and channel, so that
/// corrections need no deleting.
///   Errors, memory, threads: as model::Mirror says; and Writer's bound on requests gives invalid_input.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "influx/connection.h"
#include "influx/line_protocol.h"
#include "influx/writer.h"
#include "model/mirror.h"

namespace pv::influx {

struct MirrorOptions {
  model::ChannelIdStyle style = model::ChannelIdStyle::device_first;
  WriterOptions writer;
};

class Mirror final : public model::Mirror {
 public:
  Mirror(std::unique_ptr<Connection> connection, const model::TenantName& tenant, MirrorOptions options = {});

  Result<model::MirrorOutcome> put(model::SampleSnapshot& truth, std::span<const model::Stretch> stretches) override;
  [[nodiscard]] std::int64_t not_before_s() const override { return connection_->not_before_s(); }

  /// The company's own bucket.
  [[nodiscard]] const std::string& bucket() const noexcept { return bucket_; }
  /// Rows of one logger into a bucket, which is made when missing: for the down-sampled ones.
  Result<model::MirrorOutcome> write_block(std::string_view bucket, const model::CampaignName& campaign, std::span<const model::Channel> channels,
                                           const model::SampleBlock& block);
  /// Whole lines into a bucket, which is made when missing: for the meta bucket.
  Result<model::MirrorOutcome> write_lines(std::string_view bucket, std::string_view lines);

  [[nodiscard]] model::ChannelIdStyle style() const noexcept { return options_.style; }
  [[nodiscard]] Connection& connection() noexcept { return *connection_; }

 private:
  /// Channels of the campaign that was met last: stretches of one campaign come together.
  struct Known {
    model::CampaignId campaign;
    std::vector<model::ChannelSummary> channels;
  };
  Result<void> put(model::SampleSnapshot& truth, const model::Stretch& stretch, Known& known, model::MirrorOutcome& outcome);
  Result<void> send(std::string_view bucket, const ChannelHeads& heads, const model::SampleBlock& block, model::Period period,
                    model::MirrorOutcome& outcome);
  Result<void> flush(std::string_view bucket, model::MirrorOutcome& outcome);

  std::unique_ptr<Connection> connection_;
  std::string bucket_;
  MirrorOptions options_;
  Writer writer_;
  LineBatch batch_;
  model::SampleBlock block_;
};

}  // namespace pv::influx
