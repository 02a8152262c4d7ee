#include "influx/mirror.h"

#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "influx/bucket.h"

namespace pv::influx {

Mirror::Mirror(std::unique_ptr<Connection> connection, const model::TenantName& tenant, MirrorOptions options)
    : connection_(std::move(connection)), bucket_(bucket_of(tenant)), options_(options), writer_(*connection_, options.writer) {}

Result<model::MirrorOutcome> Mirror::put(model::SampleSnapshot& truth, std::span<const model::Stretch> stretches) {
  model::MirrorOutcome outcome;
  batch_.clear();
  PV_TRY_VOID(writer_.ensure(bucket_));
  Known known;
  for (const model::Stretch& stretch : stretches) PV_TRY_VOID(put(truth, stretch, known, outcome));
  PV_TRY_VOID(flush(bucket_, outcome));
  return outcome;
}

Result<void> Mirror::put(model::SampleSnapshot& truth, const model::Stretch& stretch, Known& known, model::MirrorOutcome& outcome) {
  if (stretch.period.empty()) return {};
  PV_TRY(const auto found, truth.logger(stretch.campaign, stretch.logger_sn));
  if (!found) return {};
  if (known.channels.empty() || known.campaign != found->campaign) {
    PV_TRY(known.channels, truth.channels(found->campaign));
    known.campaign = found->campaign;
  }
  std::vector<model::Channel> channels;
  std::vector<model::ChannelId> ids;
  for (const model::ChannelSummary& one : known.channels) {
    if (one.logger != found->logger.id) continue;
    channels.push_back(one.channel);
    ids.push_back(one.id);
  }
  const ChannelHeads heads(stretch.campaign, channels, options_.style);
  PV_TRY(const std::vector<model::BlockRef> blocks, truth.blocks(found->logger.id, stretch.period));
  for (const model::BlockRef& block : blocks) {
    PV_TRY_VOID(truth.read(0, block, ids, block_));
    PV_TRY_VOID(send(bucket_, heads, block_, stretch.period, outcome));
  }
  PV_TRY(const std::vector<model::LoggerEvent> events, truth.events(found->campaign, stretch.period));
  for (const model::LoggerEvent& event : events) {
    if (event.logger != found->logger.id) continue;
    batch_.append(event_line(stretch.campaign, stretch.logger_sn, event.event));
    if (batch_.lines() >= writer_.bounds().lines) PV_TRY_VOID(flush(bucket_, outcome));
  }
  return {};
}

Result<void> Mirror::send(std::string_view bucket, const ChannelHeads& heads, const model::SampleBlock& block, model::Period period,
                          model::MirrorOutcome& outcome) {
  BlockLines lines(heads, block, period);
  while (lines.fill(batch_, writer_.bounds())) PV_TRY_VOID(flush(bucket, outcome));
  return {};
}

Result<void> Mirror::flush(std::string_view bucket, model::MirrorOutcome& outcome) {
  if (batch_.lines() == 0) return {};
  auto written = writer_.write(bucket, batch_.text(), outcome);
  batch_.clear();
  return written;
}

Result<model::MirrorOutcome> Mirror::write_block(std::string_view bucket, const model::CampaignName& campaign, std::span<const model::Channel> channels,
                                                 const model::SampleBlock& block) {
  model::MirrorOutcome outcome;
  batch_.clear();
  PV_TRY_VOID(writer_.ensure(bucket));
  constexpr model::Period kAlways{std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
  PV_TRY_VOID(send(bucket, ChannelHeads(campaign, channels, options_.style), block, kAlways, outcome));
  PV_TRY_VOID(flush(bucket, outcome));
  return outcome;
}

Result<model::MirrorOutcome> Mirror::write_lines(std::string_view bucket, std::string_view lines) {
  model::MirrorOutcome outcome;
  PV_TRY_VOID(writer_.ensure(bucket));
  PV_TRY_VOID(writer_.write(bucket, lines, outcome));
  return outcome;
}

}  // namespace pv::influx
