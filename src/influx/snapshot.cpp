#include "influx/snapshot.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "influx/flux.h"
#include "influx/line_protocol.h"
#include "model/rhythm.h"

namespace pv::influx {
namespace {

constexpr std::int64_t kHour_s = 3'600;
constexpr std::uint64_t kBlockRows = 4'096;       // aimed at
constexpr std::uint64_t kMostBlockRows = 16'384;  // more are parted, down to an hour
constexpr std::int64_t kFiner = 16;
constexpr std::uint64_t kMostStepRows = 500'000;  // whose stamps are asked for at once
constexpr std::size_t kMostCells = std::size_t{1} << 24;  // of a block; above what an hour of a second's rows can have
constexpr std::uint64_t kSameRows = 1;                    // in a handle: every channel has the same rows

struct Sample {
  std::int64_t time_s;
  double value;
};

bool touches(const model::BlockRef& block, model::Period period) { return block.first_s < period.to_s && block.last_s >= period.from_s; }

}  // namespace

/// What one stretch of time has, over a logger's series.
struct Snapshot::Slice {
  std::uint64_t most = 0, fewest = 0;
  std::size_t series = 0;
  std::int64_t first_s = 0, last_s = 0;
  bool same_first = true, same_last = true;
  std::string fullest;
};

Result<const CatalogueLogger*> Snapshot::find(model::LoggerId logger) const {
  const auto found = catalogue_->loggers.find(logger.value);
  if (found == catalogue_->loggers.end()) return fail(Errc::not_found, "the logger does not exist");
  return &found->second;
}

Result<model::CampaignSummary> Snapshot::campaign(const model::CampaignName& name) {
  for (const model::CampaignSummary& one : catalogue_->campaigns) {
    if (one.name == name.str()) return one;
  }
  return fail(Errc::not_found, fmt::format("campaign {} does not exist", name.str()));
}

Result<std::optional<model::LoggerOfCampaign>> Snapshot::logger(const model::CampaignName& campaign_name, std::string_view sn) {
  const auto found = campaign(campaign_name);
  if (!found) return std::optional<model::LoggerOfCampaign>();
  for (const model::LoggerSummary& one : found->loggers) {
    if (one.sn == sn) return std::optional(model::LoggerOfCampaign{found->id, one});
  }
  return std::optional<model::LoggerOfCampaign>();
}

Result<std::vector<model::ChannelSummary>> Snapshot::channels(model::CampaignId campaign) {
  std::vector<model::ChannelSummary> all;
  for (const auto& [id, logger] : catalogue_->loggers) {
    if (logger.campaign != campaign) continue;
    for (const CatalogueChannel& channel : logger.channels) all.push_back(channel.summary);
  }
  return all;
}

Result<std::vector<model::LoggerEvent>> Snapshot::events(model::CampaignId campaign, model::Period period) {
  std::vector<model::LoggerEvent> all;
  std::map<std::string, model::LoggerId, std::less<>> loggers;
  std::string name;
  for (const auto& [id, logger] : catalogue_->loggers) {
    if (logger.campaign != campaign) continue;
    loggers.emplace(logger.summary.sn, logger.summary.id);
    name = logger.campaign_name;
  }
  if (loggers.empty() || period.empty()) return all;
  const std::string script = flux_from({catalogue_->bucket, kEventMeasurement, period, name, {}, {"restart"}}) +
                             "\n  |> keep(columns: [\"_time\", \"_value\", \"device_master_sn\"])";
  CsvColumns column({"_time", "device_master_sn"});
  const std::string what = fmt::format("reading the events of campaign {}", name);
  PV_TRY_VOID(run_query(*connections_.front(), script, what, [&](const CsvBlock& block, std::span<const std::string_view> cells) -> Result<void> {
    const auto at = read_time(column(block, cells, 0));
    const auto logger = loggers.find(column(block, cells, 1));
    if (!at) return fail(Errc::unavailable, what + ": a time that does not read");
    if (logger != loggers.end() && *at >= period.from_s && *at < period.to_s) all.push_back({logger->second, {*at, model::EventKind::restart}});
    return {};
  }));
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return std::pair(a.event.time_s, a.logger) < std::pair(b.event.time_s, b.logger); });
  return all;
}

Result<std::vector<model::Conflict>> Snapshot::conflicts(model::CampaignId, model::Period, std::size_t) { return std::vector<model::Conflict>(); }
Result<std::vector<model::StoredFile>> Snapshot::files(model::CampaignId, std::size_t) { return std::vector<model::StoredFile>(); }

Result<std::map<std::int64_t, Snapshot::Slice>> Snapshot::slices(const CatalogueLogger& logger, model::Period period, std::int64_t every_s) {
  std::map<std::int64_t, Slice> all;
  const std::string what = fmt::format("reading when logger {} has rows", logger.summary.sn);
  for (const std::string_view function : {"count", "first", "last"}) {
    const std::string script = flux_from({catalogue_->bucket, kMeasurement, period, logger.campaign_name, logger.summary.sn}) +
                               fmt::format("\n  |> window(every: {}s)\n  |> {}()", every_s, function);
    CsvColumns column({"_start", "_time", "_value", "_field"});
    PV_TRY_VOID(run_query(*connections_.front(), script, what, [&](const CsvBlock& block, std::span<const std::string_view> cells) -> Result<void> {
      const auto start_s = read_time(column(block, cells, 0));
      if (!start_s) return fail(Errc::unavailable, what + ": a time that does not read");
      if (function == "count") {
        const auto number = read_number(column(block, cells, 2));
        if (!number || *number < 0) return fail(Errc::unavailable, what + ": a count that does not read");
        const auto count = static_cast<std::uint64_t>(*number);
        if (count == 0) return {};
        Slice& slice = all[*start_s];
        slice.fewest = slice.series == 0 ? count : std::min(slice.fewest, count);
        const std::string_view field = column(block, cells, 3);
        if (count > slice.most || (count == slice.most && field < slice.fullest)) slice.fullest = field;
        slice.most = std::max(slice.most, count);
        ++slice.series;
        return {};
      }
      const auto at = read_time(column(block, cells, 1));
      const auto found = all.find(*start_s);
      if (!at) return fail(Errc::unavailable, what + ": a time that does not read");
      if (found == all.end()) return {};  // written since the count
      Slice& slice = found->second;
      if (function == "first") {
        slice.same_first = slice.same_first && (slice.first_s == 0 || slice.first_s == *at);
        slice.first_s = slice.first_s == 0 ? *at : std::min(slice.first_s, *at);
      } else {
        slice.same_last = slice.same_last && (slice.last_s == 0 || slice.last_s == *at);
        slice.last_s = slice.last_s == 0 ? *at : std::max(slice.last_s, *at);
      }
      return {};
    }));
  }
  return all;
}

Result<void> Snapshot::add_blocks(const CatalogueLogger& logger, model::Period period, std::int64_t every_s, std::vector<Block>& out) {
  PV_TRY(const auto found, slices(logger, period, every_s));
  for (const auto& [start_s, slice] : found) {
    if (slice.most > kMostBlockRows && every_s > kHour_s) {
      PV_TRY_VOID(add_blocks(logger, {slice.first_s, slice.last_s + 1}, std::max(kHour_s, every_s / kFiner), out));
      continue;
    }
    std::size_t series = 0;
    for (const CatalogueChannel& channel : logger.channels) series += channel.fields.size();
    const bool same = slice.series == series && slice.most == slice.fewest && slice.same_first && slice.same_last;
    out.push_back({{logger.summary.id, slice.first_s, slice.last_s, static_cast<std::uint32_t>(slice.most), 0, same ? kSameRows : 0}, slice.fullest});
  }
  return {};
}

Result<std::vector<model::BlockRef>> Snapshot::blocks(model::LoggerId id, model::Period period) {
  std::vector<model::BlockRef> wanted;
  PV_TRY(const CatalogueLogger* const logger, find(id));
  if (!blocks_.contains(id.value)) {
    const model::Period whole = *logger->summary.period;
    const std::uint64_t span = static_cast<std::uint64_t>(whole.to_s - whole.from_s);
    const std::uint64_t hours = 1 + span / static_cast<std::uint64_t>(kHour_s) * kBlockRows / std::max<std::uint64_t>(logger->summary.rows, 1);
    std::vector<Block> all;
    PV_TRY_VOID(add_blocks(*logger, whole, static_cast<std::int64_t>(std::min<std::uint64_t>(hours, 24 * 3'650)) * kHour_s, all));
    blocks_.emplace(id.value, std::move(all));
  }
  std::vector<Block>& all = blocks_[id.value];
  PV_TRY_VOID(learn_steps(*logger, all, period));
  for (const Block& block : all) {
    if (touches(block.ref, period)) wanted.push_back(block.ref);
  }
  return wanted;
}

Result<void> Snapshot::learn_steps(const CatalogueLogger& logger, std::vector<Block>& blocks, model::Period period) {
  const auto key_of = [](const model::BlockRef& ref) { return Steps::Key{ref.logger.value, ref.first_s, ref.last_s, ref.rows}; };
  std::vector<Block*> unknown;
  for (Block& block : blocks) {
    if (block.ref.step_s > 0 || block.ref.rows < kMinRowsForStep || !touches(block.ref, period)) continue;
    if (const auto step_s = steps_->find(key_of(block.ref))) {
      block.ref.step_s = *step_s;
    } else {
      unknown.push_back(&block);
    }
  }
  // One question for neighbours, as long as it is not too large.
  for (std::size_t first = 0, next = 0; first < unknown.size(); first = next) {
    std::uint64_t rows = 0;
    for (; next < unknown.size() && unknown[next]->fullest == unknown[first]->fullest && (next == first || rows + unknown[next]->ref.rows <= kMostStepRows); ++next) {
      rows += unknown[next]->ref.rows;
    }
    PV_TRY(const std::vector<std::int64_t> stamps, read_stamps(*connections_.front(), catalogue_->bucket, logger, unknown[first]->fullest,
                                                               {unknown[first]->ref.first_s, unknown[next - 1]->ref.last_s + 1}));
    for (std::size_t i = first; i < next; ++i) {
      model::BlockRef& ref = unknown[i]->ref;
      const auto begin = std::lower_bound(stamps.begin(), stamps.end(), ref.first_s);
      const std::span<const std::int64_t> own(begin, std::upper_bound(begin, stamps.end(), ref.last_s));
      ref.step_s = own.size() >= kMinRowsForStep ? model::usual_step(own) : 0;
      steps_->keep(key_of(ref), ref.step_s);
    }
  }
  return {};
}

Result<std::optional<std::int64_t>> Snapshot::row_before(model::LoggerId logger, std::int64_t time_s) {
  PV_TRY(const std::vector<model::BlockRef> before, blocks(logger, {kAllTime.from_s, time_s}));
  if (before.empty()) return std::optional<std::int64_t>();
  if (before.back().last_s < time_s) return std::optional(before.back().last_s);
  model::SampleBlock block;
  PV_TRY_VOID(read(0, before.back(), {}, block));
  const auto at = std::lower_bound(block.time_s.begin(), block.time_s.end(), time_s);
  return at == block.time_s.begin() ? std::optional<std::int64_t>() : std::optional(*std::prev(at));
}

Result<void> Snapshot::read(unsigned worker, const model::BlockRef& block, std::span<const model::ChannelId> wanted, model::SampleBlock& out) {
  PV_CHECK(worker < connections_.size());
  PV_TRY(const CatalogueLogger* const logger, find(block.logger));
  // Which column a field's values go to; those of channels that are not wanted only say when there are rows.
  std::map<std::string, std::size_t, std::less<>> columns;
  Selection selection{catalogue_->bucket, kMeasurement, {block.first_s, block.last_s + 1}, logger->campaign_name, logger->summary.sn};
  for (const CatalogueChannel& channel : logger->channels) {
    const auto at = std::find(wanted.begin(), wanted.end(), channel.summary.id);
    for (const std::string& field : channel.fields) {
      columns.emplace(field, static_cast<std::size_t>(at - wanted.begin()));
      if (block.handle == kSameRows && (at != wanted.end() || (wanted.empty() && selection.fields.empty()))) selection.fields.push_back(field);
    }
  }
  if (selection.fields.size() * 2 > columns.size()) selection.fields.clear();
  std::vector<std::vector<Sample>> samples(wanted.size() + 1);
  std::size_t cells_read = 0;
  CsvColumns column({"_time", "_value", "_field"});
  const std::string what = fmt::format("reading rows of logger {}", logger->summary.sn);
  const std::string script = flux_from(selection) + "\n  |> keep(columns: [\"_time\", \"_value\", \"_field\"])";
  PV_TRY_VOID(run_query(*connections_[worker], script, what, [&](const CsvBlock& csv, std::span<const std::string_view> cells) -> Result<void> {
    const auto place = columns.find(column(csv, cells, 2));
    if (place == columns.end()) return {};  // a channel that came since
    const auto at = read_time(column(csv, cells, 0));
    const auto value = read_number(column(csv, cells, 1));
    if (!at || !value) return fail(Errc::unavailable, what + ": a cell that does not read");
    if (++cells_read > kMostCells) return fail(Errc::unavailable, what + ": more values than rows and channels have");
    samples[place->second].push_back({*at, *value});
    return {};
  }));
  out.time_s.clear();
  for (std::vector<Sample>& one : samples) {
    const auto before = [](const Sample& a, const Sample& b) { return a.time_s < b.time_s; };
    if (!std::is_sorted(one.begin(), one.end(), before)) std::stable_sort(one.begin(), one.end(), before);
    for (const Sample& sample : one) out.time_s.push_back(sample.time_s);
  }
  std::sort(out.time_s.begin(), out.time_s.end());
  out.time_s.erase(std::unique(out.time_s.begin(), out.time_s.end()), out.time_s.end());
  out.columns.resize(wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    // A channel asked for twice has its values at its first place.
    const std::size_t from = static_cast<std::size_t>(std::find(wanted.begin(), wanted.end(), wanted[i]) - wanted.begin());
    model::Column& to = out.columns[i];
    to.clear();
    to.reserve(out.time_s.size());
    std::size_t next = 0;
    for (const std::int64_t at : out.time_s) {
      const std::vector<Sample>& one = samples[from];
      if (next >= one.size() || one[next].time_s != at) {
        to.push_missing();
        continue;
      }
      while (next + 1 < one.size() && one[next + 1].time_s == at) ++next;
      to.push_real(one[next++].value);
    }
  }
  return {};
}

}  // namespace pv::influx
