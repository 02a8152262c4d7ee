#include "app/downsampling.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "influx/deletion.h"
#include "influx/line_protocol.h"
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

/// The whole windows that a period touches. Counting those in between is not needed, and too much where rows lie decades apart.
Result<model::Period> whole_windows(model::Period period, const model::Zone& zone, query::Calendar unit) {
  PV_TRY(const query::Edges first, query::whole_calendar_edges({period.from_s, period.from_s + 1}, zone, unit));
  PV_TRY(const query::Edges last, query::whole_calendar_edges({period.to_s - 1, period.to_s}, zone, unit));
  return model::Period{first.front(), last.back()};
}

/// The stamps of those windows: their ends.
model::Period stamps_of(model::Period windows) { return {windows.from_s + 1, windows.to_s + 1}; }

struct LoggerChannels {
  model::CampaignSummary campaign;
  std::vector<model::ChannelSummary> channels;
  model::Period period;
};

/// Nothing when the truth has no rows of the logger.
Result<std::optional<LoggerChannels>> channels_of(model::SampleSnapshot& truth, const model::Stretch& stretch) {
  PV_TRY(const auto logger, truth.logger(stretch.campaign, stretch.logger_sn));
  if (!logger || !logger->logger.period) return std::optional<LoggerChannels>();
  PV_TRY(model::CampaignSummary campaign, truth.campaign(stretch.campaign));
  PV_TRY(std::vector<model::ChannelSummary> channels, truth.channels(campaign.id));
  std::erase_if(channels, [&](const model::ChannelSummary& one) { return one.logger != logger->logger.id; });
  return LoggerChannels{std::move(campaign), std::move(channels), *logger->logger.period};
}

bool overlap(model::Period a, model::Period b) { return !common(a, b).empty(); }

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
  for (const model::Stretch& stretch : stretches) PV_TRY_VOID(drop_former(truth, stretch));
  PV_TRY(model::MirrorOutcome outcome, mirror_->put(truth, stretches));
  if (levels_ == Levels::none) return outcome;
  PV_TRY(model::MirrorOutcome means, put_means(truth, stretches));
  add(outcome, std::move(means));
  return outcome;
}

Result<void> Downsampling::drop_former(model::SampleSnapshot& truth, const model::Stretch& stretch) {
  if (stretch.period.empty()) return {};
  PV_TRY(const auto logger, channels_of(truth, stretch));
  if (!logger) return {};
  const model::Zone zone = zone_of_(stretch.campaign);
  // Whole weeks, so that it is noted once a week and not with each file.
  PV_TRY(const model::Period weeks, whole_windows(stretch.period, zone, query::Calendar::week));
  PV_TRY(const auto known, sent_->of(tenant_, stretch.campaign, stretch.logger_sn));
  std::vector<SentSeries::Series> now, former;
  for (const model::ChannelSummary& channel : logger->channels) {
    const std::string field = model::field_name(channel.channel, mirror_->style());
    const influx::Tags tags = influx::channel_tags(stretch.campaign, channel.channel, mirror_->style());
    const auto [from, to] = known.equal_range(field);
    // The first tags of a channel may be those of all that was sent before there was this record.
    model::Period period = from == to ? model::Period{std::min(weeks.from_s, logger->period.from_s), std::max(weeks.to_s, logger->period.to_s)} : weeks;
    bool is_noted = false;
    for (auto one = from; one != to; ++one) {
      const SentSeries::Series& series = one->second;
      if (series.tags == tags) {
        period = {std::min(period.from_s, series.period.from_s), std::max(period.to_s, series.period.to_s)};
        is_noted = period == series.period;
      } else if (!keeps_former_ && overlap(series.period, weeks) && !std::includes(tags.begin(), tags.end(), series.tags.begin(), series.tags.end())) {
        former.push_back(series);
      }
    }
    if (!is_noted) now.push_back({field, tags, period});
  }
  PV_TRY_VOID(sent_->note(tenant_, stretch.campaign, stretch.logger_sn, now));
  for (SentSeries::Series& one : former) {
    if (overlap(one.period, stretch.period)) {
      PV_TRY_VOID(influx::delete_points(mirror_->connection(), mirror_->bucket(), influx::kMeasurement, one.tags, stretch.period));
    }
    for (const Level& level : kLevels) {
      if (levels_ == Levels::none) break;
      PV_TRY(const model::Period windows, whole_windows(stretch.period, zone, level.unit));
      PV_TRY_VOID(influx::delete_points(mirror_->connection(), mirror_->bucket() + std::string(level.suffix), influx::kMeasurement, one.tags, stamps_of(windows)));
    }
    // What is left of it lies before or after; a hole in between is not worth a note.
    const bool ends_here = one.period.from_s >= stretch.period.from_s, begins_here = one.period.to_s <= stretch.period.to_s;
    if (begins_here) one.period.to_s = std::min(one.period.to_s, stretch.period.from_s);
    if (ends_here) one.period.from_s = std::max(one.period.from_s, stretch.period.to_s);
  }
  return sent_->note(tenant_, stretch.campaign, stretch.logger_sn, former);
}

Result<void> Downsampling::delete_means(const model::CampaignName& campaign, std::string_view logger_sn, model::Period period) {
  const model::Zone zone = zone_of_(campaign);
  for (const Level& level : kLevels) {
    PV_TRY(const model::Period windows, whole_windows(period, zone, level.unit));
    PV_TRY_VOID(influx::delete_samples(mirror_->connection(), mirror_->bucket() + std::string(level.suffix), campaign.str(), logger_sn, stamps_of(windows)));
  }
  return {};
}

Result<model::MirrorOutcome> Downsampling::renew_means(model::SampleSnapshot& truth, const model::Stretch& stretch) {
  if (levels_ == Levels::none || stretch.period.empty()) return model::MirrorOutcome();
  PV_TRY_VOID(delete_means(stretch.campaign, stretch.logger_sn, stretch.period));
  model::Stretch weeks = stretch;
  PV_TRY(weeks.period, whole_windows(stretch.period, zone_of_(stretch.campaign), query::Calendar::week));
  return put_means(truth, std::span(&weeks, 1));
}

Result<model::MirrorOutcome> Downsampling::put_means(model::SampleSnapshot& truth, std::span<const model::Stretch> stretches) {
  if (!copied_) return write_means(truth, stretches);
  PV_TRY(const auto source, copied_());
  PV_TRY(const auto there, source->snapshot(1));
  return write_means(*there, stretches);
}

Result<model::MirrorOutcome> Downsampling::write_means(model::SampleSnapshot& samples, std::span<const model::Stretch> stretches) {
  model::MirrorOutcome outcome;
  for (const model::Stretch& stretch : stretches) {
    if (stretch.period.empty()) continue;
    PV_TRY(const auto logger, channels_of(samples, stretch));
    if (!logger) continue;
    std::vector<model::Channel> identities;
    for (const model::ChannelSummary& channel : logger->channels) identities.push_back(channel.channel);
    const model::Zone zone = zone_of_(stretch.campaign);
    const model::Period rows = common(stretch.period, logger->period);
    for (const model::Period& piece : pieces_of(rows)) {
      for (const Level& level : kLevels) {
        PV_TRY(const query::Edges edges, query::whole_calendar_edges(piece, zone, level.unit));
        for (std::size_t from = 0; from + 1 < edges.size(); from += kMostWindows) {
          const auto part = std::span(edges).subspan(from, std::min(kMostWindows + 1, edges.size() - from));
          PV_TRY(const query::Curves curves, query::resample_edges({.snapshot = samples, .campaign = logger->campaign, .channels = logger->channels}, part));
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
