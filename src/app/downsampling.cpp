#include "app/downsampling.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "influx/deletion.h"
#include "query/buckets.h"
#include "query/resample.h"

namespace pv::app {
namespace {

struct Level {
  std::string_view suffix;
  query::Calendar unit;
};

constexpr std::array kLevels = {Level{"_1h", query::Calendar::hour}, Level{"_1d", query::Calendar::day}, Level{"_1w", query::Calendar::week}};
/// Windows of one question, so that a backlog of years stays small in memory.
constexpr std::size_t kMostWindows = 2'000;

/// A row of a clock gone wrong may lie decades from the others: more hours than one question may have.
constexpr std::int64_t kLongestPiece_s = std::int64_t{366} * 86'400;

model::Period common(model::Period a, model::Period b) { return {std::max(a.from_s, b.from_s), std::min(a.to_s, b.to_s)}; }

std::vector<model::Period> pieces_of(model::Period period) {
  std::vector<model::Period> pieces;
  for (std::int64_t from_s = period.from_s; from_s < period.to_s; from_s += kLongestPiece_s) pieces.push_back({from_s, std::min(period.to_s, from_s + kLongestPiece_s)});
  return pieces;
}

/// A block of means: one row a window that has any, stamped with its end.
model::SampleBlock block_of(const query::Curves& curves, std::span<const std::int64_t> edges) {
  model::SampleBlock block;
  block.columns.resize(curves.curves.size());
  for (std::size_t w = 0; w + 1 < edges.size(); ++w) {
    const bool any = std::any_of(curves.curves.begin(), curves.curves.end(), [w](const query::Curve& curve) { return !std::isnan(curve.mean[w]); });
    if (!any) continue;
    block.time_s.push_back(edges[w + 1]);
    for (std::size_t c = 0; c < curves.curves.size(); ++c) {
      const double mean = curves.curves[c].mean[w];
      std::isnan(mean) ? block.columns[c].push_missing() : block.columns[c].push_real(mean);
    }
  }
  return block;
}

void add(model::MirrorOutcome& to, model::MirrorOutcome&& more) {
  to.points += more.points;
  to.requests += more.requests;
  to.refused_total += more.refused_total;
  for (model::RefusedPoint& point : more.refused) {
    if (to.refused.size() < model::kMostRefused) to.refused.push_back(std::move(point));
  }
}

}  // namespace

Result<model::MirrorOutcome> Downsampling::put(model::SampleSnapshot& truth, std::span<const model::Stretch> stretches) {
  PV_TRY(model::MirrorOutcome outcome, mirror_->put(truth, stretches));
  if (levels_ == Levels::none) return outcome;
  PV_TRY(model::MirrorOutcome means, put_means(truth, stretches));
  add(outcome, std::move(means));
  return outcome;
}

Result<void> Downsampling::delete_means(const model::CampaignName& campaign, std::string_view logger_sn, model::Period period) {
  const model::Zone zone = zone_of_(campaign);
  for (const Level& level : kLevels) {
    PV_TRY(const query::Edges edges, query::whole_calendar_edges(period, zone, level.unit));
    // Stamps are ends of windows.
    PV_TRY_VOID(influx::delete_samples(mirror_->connection(), mirror_->bucket() + std::string(level.suffix), campaign.str(), logger_sn, {edges.front() + 1, edges.back() + 1}));
  }
  return {};
}

Result<model::MirrorOutcome> Downsampling::put_means(model::SampleSnapshot& truth, std::span<const model::Stretch> stretches) {
  model::MirrorOutcome outcome;
  for (const model::Stretch& stretch : stretches) {
    if (stretch.period.empty()) continue;
    PV_TRY(const auto logger, truth.logger(stretch.campaign, stretch.logger_sn));
    if (!logger || !logger->logger.period) continue;
    PV_TRY(const model::CampaignSummary campaign, truth.campaign(stretch.campaign));
    PV_TRY(const std::vector<model::ChannelSummary> all, truth.channels(campaign.id));
    std::vector<model::ChannelSummary> channels;
    std::copy_if(all.begin(), all.end(), std::back_inserter(channels), [&](const model::ChannelSummary& one) { return one.logger == logger->logger.id; });
    std::vector<model::Channel> identities;
    for (const model::ChannelSummary& channel : channels) identities.push_back(channel.channel);
    const model::Zone zone = zone_of_(stretch.campaign);
    const model::Period rows = common(stretch.period, *logger->logger.period);
    for (const model::Period& piece : pieces_of(rows)) {
      for (const Level& level : kLevels) {
        PV_TRY(const query::Edges edges, query::whole_calendar_edges(piece, zone, level.unit));
        for (std::size_t from = 0; from + 1 < edges.size(); from += kMostWindows) {
          const auto part = std::span(edges).subspan(from, std::min(kMostWindows + 1, edges.size() - from));
          PV_TRY(const query::Curves curves, query::resample_edges({.snapshot = truth, .campaign = campaign, .channels = channels}, part));
          PV_TRY(model::MirrorOutcome sent,
                 mirror_->write_block(mirror_->bucket() + std::string(level.suffix), stretch.campaign, identities, block_of(curves, part)));
          add(outcome, std::move(sent));
        }
      }
    }
  }
  return outcome;
}

}  // namespace pv::app
