#include "app/influx_copy.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "app/copies.h"
#include "app/day_sums.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/private_file.h"
#include "influx/deletion.h"
#include "influx/flux.h"
#include "influx/line_protocol.h"
#include "ingest/sink_turn.h"
#include "query/buckets.h"

namespace pv::app {
namespace {

/// Adding some thousand values in another order changes no more.
constexpr double kTolerance = 1e-9;

model::Period overlap_of(model::Period a, model::Period b) { return {std::max(a.from_s, b.from_s), std::min(a.to_s, b.to_s)}; }

struct LoggerPeriod {
  const model::CampaignSummary* campaign;  // of the truth; null: only the copy has it
  const model::LoggerSummary* logger;
  model::CampaignName name;
  std::string sn;
  model::Period period;
};

/// The loggers of a range that have rows in it.
Result<std::vector<LoggerPeriod>> loggers_of(const std::vector<model::CampaignSummary>& campaigns, const CopyRange& range) {
  std::vector<LoggerPeriod> all;
  for (const model::CampaignSummary& campaign : campaigns) {
    if (range.campaign && campaign.name != range.campaign->str()) continue;
    PV_TRY(const model::CampaignName name, model::CampaignName::parse(campaign.name));
    for (const model::LoggerSummary& logger : campaign.loggers) {
      if (!logger.period) continue;
      const model::Period period = overlap_of(*logger.period, range.period);
      if (!period.empty()) all.push_back({&campaign, &logger, name, logger.sn, period});
    }
  }
  return all;
}

/// Adds what the copy has and the truth does not: other loggers, and times before and after.
Result<void> add_copied(std::vector<LoggerPeriod>& all, Downsampling& copy, const CopyRange& range) {
  const auto spans = influx::logger_spans(copy.samples().connection(), copy.samples().bucket());
  if (!spans && spans.error().kind() == Errc::not_found) return {};
  if (!spans) return fail(spans.error());
  for (const influx::LoggerSpan& span : *spans) {
    const auto name = model::CampaignName::parse(span.campaign);
    const model::Period period = overlap_of(span.period, range.period);
    if (!name || (range.campaign && *name != *range.campaign) || period.empty()) continue;
    const auto known = std::find_if(all.begin(), all.end(), [&](const LoggerPeriod& other) { return other.name == *name && other.sn == span.logger_sn; });
    if (known == all.end()) {
      all.push_back({nullptr, nullptr, *name, span.logger_sn, period});
    } else {
      known->period = {std::min(known->period.from_s, period.from_s), std::max(known->period.to_s, period.to_s)};
    }
  }
  return {};
}

bool same_sum(double a, double b) { return std::abs(a - b) <= kTolerance * std::max({1.0, std::abs(a), std::abs(b)}); }

}  // namespace

Result<std::vector<CopyStep>> copy_steps(model::SampleSnapshot& truth, const CopyRange& range) {
  PV_TRY(const std::vector<model::CampaignSummary> campaigns, truth.campaigns());
  PV_TRY(const std::vector<LoggerPeriod> loggers, loggers_of(campaigns, range));
  std::vector<CopyStep> steps;
  for (const LoggerPeriod& one : loggers) {
    PV_TRY(const query::Edges months, query::calendar_edges(one.period, model::Zone::utc(), query::Calendar::month));
    for (std::size_t m = 0; m + 1 < months.size(); ++m) {
      const model::Stretch stretch{.campaign = one.name, .logger_sn = one.sn, .period = {months[m], months[m + 1]}, .change = model::Change::changed};
      steps.push_back({stretch, fmt::format("{}/{}/{:%Y-%m}", one.name.str(), one.sn, fmt::gmtime(static_cast<std::time_t>(months[m])))});
    }
  }
  return steps;
}

Result<StepRecord> StepRecord::open(const std::filesystem::path& state_dir, const std::string& name) {
  const std::filesystem::path folder = state_dir / "backfill";
  PV_TRY_VOID(make_private_folder(folder, GroupMay::nothing));
  StepRecord record(folder / (to_hex(sha256(std::as_bytes(std::span(name)))).substr(0, 16) + ".done"));
  const auto text = read_text_file(record.path_, 64U << 20);
  if (!text && text.error().kind() != Errc::not_found) return fail(text.error());
  if (!text) return record;
  std::string_view rest = *text;
  // A last line without its end was cut by a crash.
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    record.done_.emplace(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return record;
}

Result<void> StepRecord::add(const std::string& key) {
  std::FILE* const file = std::fopen(path_.c_str(), "a");
  if (file == nullptr) return fail(system_error("cannot write", path_, errno));
  const bool written = std::fputs((key + "\n").c_str(), file) >= 0;
  if (std::fclose(file) != 0 || !written) return fail(system_error("cannot write", path_, errno));
  done_.insert(key);
  return {};
}

Result<void> StepRecord::finish() {
  std::error_code code;
  std::filesystem::remove(path_, code);
  if (code) return fail(system_error("cannot remove", path_, code.value()));
  return {};
}

namespace {

using LoggerDays = std::map<std::string, DaySums>;  // by serial

Result<LoggerDays> copied_days(Downsampling& copy, const model::CampaignName& campaign, model::Period days, const model::Zone& zone) {
  LoggerDays all;
  const auto asked = influx::day_counts(copy.samples().connection(), copy.samples().bucket(), campaign, {}, days, zone);
  if (!asked && asked.error().kind() == Errc::not_found) return all;
  if (!asked) return fail(asked.error());
  for (const influx::DayCount& count : *asked) all[count.logger_sn][{count.day_s, count.field}] = {count.samples, count.sum};
  return all;
}

void compare_days(const LoggerPeriod& one, const DaySums& mine, const DaySums& theirs, const query::Edges& days, CopyComparison& comparison) {
  DaySums all = theirs;
  all.insert(mine.begin(), mine.end());
  for (const auto& [key, _] : all) {
    const auto in_truth = mine.find(key);
    const auto in_copy = theirs.find(key);
    const DaySum a = in_truth == mine.end() ? DaySum() : in_truth->second;
    const DaySum b = in_copy == theirs.end() ? DaySum() : in_copy->second;
    ++comparison.days;
    comparison.samples += a.samples;
    if (a.samples == b.samples && same_sum(a.sum, b.sum)) continue;
    const auto end = std::upper_bound(days.begin(), days.end(), key.first);
    const model::Stretch stretch{.campaign = one.name, .logger_sn = one.sn, .period = {key.first, end == days.end() ? days.back() : *end}, .change = model::Change::changed};
    comparison.differences.push_back({{stretch, {}}, key.first, key.second, a.samples, b.samples, a.sum, b.sum});
  }
}

/// A request for as many days of all its loggers as fit in memory and in an answer.
constexpr std::size_t kLoggerDays = 3'000;

}  // namespace

Result<CopyComparison> compare_copy(model::SampleSnapshot& truth, Downsampling& copy, const model::TenantName& tenant, const CopyRange& range, const Settings& settings,
                                    const Zones& zones, const Progress& progress) {
  CopyComparison comparison;
  PV_TRY(const std::vector<model::CampaignSummary> campaigns, truth.campaigns());
  PV_TRY(std::vector<LoggerPeriod> loggers, loggers_of(campaigns, range));
  PV_TRY_VOID(add_copied(loggers, copy, range));
  std::map<std::string, std::vector<const LoggerPeriod*>> by_campaign;
  for (const LoggerPeriod& one : loggers) by_campaign[one.name.str()].push_back(&one);
  std::size_t done = 0;
  for (const auto& [_, all] : by_campaign) {
    const model::CampaignName& name = all.front()->name;
    const model::Zone zone = zones.zone_of(tenant, name);
    model::Period whole = all.front()->period;
    for (const LoggerPeriod* one : all) whole = {std::min(whole.from_s, one->period.from_s), std::max(whole.to_s, one->period.to_s)};
    PV_TRY(const query::Edges days, query::whole_calendar_edges(whole, zone, query::Calendar::day));
    const std::size_t at_once = std::clamp<std::size_t>(kLoggerDays / all.size(), 1, 366);
    for (std::size_t first = 0; first + 1 < days.size(); first += at_once) {
      const model::Period part{days[first], days[std::min(first + at_once, days.size() - 1)]};
      std::vector<const LoggerPeriod*> here;
      for (const LoggerPeriod* one : all) {
        if (!overlap_of(one->period, part).empty()) here.push_back(one);
      }
      if (here.empty()) continue;
      PV_TRY(const LoggerDays theirs, copied_days(copy, name, part, zone));
      for (const LoggerPeriod* one : here) {
        DaySums mine;
        if (one->logger != nullptr) {
          PV_TRY(mine, day_sums(truth, *one->campaign, *one->logger, part, zone, settings.influxdb_style));
        }
        const auto found = theirs.find(one->sn);
        compare_days(*one, mine, found == theirs.end() ? DaySums() : found->second, days, comparison);
      }
      if (progress) progress(done, by_campaign.size(), comparison.days);
    }
    ++done;
  }
  return comparison;
}

Result<model::MirrorOutcome> in_turn(const Settings& settings, model::SampleSource& truth, const std::function<Result<model::MirrorOutcome>(model::SampleSnapshot&)>& send) {
  PV_TRY([[maybe_unused]] const ingest::SinkTurn turn, ingest::SinkTurn::take(settings.state_dir, std::string(kInfluxdbSink)));
  PV_TRY(const auto snapshot, truth.snapshot(1));
  return send(*snapshot);
}

Result<model::MirrorOutcome> repair_copy(const Settings& settings, model::SampleSource& truth, Downsampling& copy, const model::TenantName& tenant,
                                         const CopyComparison& comparison, Extra extra, ingest::Outbox* outbox) {
  using Day = std::tuple<std::string, std::string, std::int64_t>;
  std::map<Day, std::pair<model::Stretch, bool>> days;  // and whether the copy has more there
  for (const CopyDifference& difference : comparison.differences) {
    const model::Stretch& stretch = difference.step.stretch;
    auto& day = days.try_emplace(Day(stretch.campaign.str(), stretch.logger_sn, difference.day_s), stretch, false).first->second;
    day.second = day.second || difference.copy_samples > difference.truth_samples;
  }
  std::vector<model::Stretch> stretches;
  for (const auto& [_, day] : days) stretches.push_back(day.first);
  if (outbox != nullptr) PV_TRY_VOID(outbox->add(std::string(kInfluxdbSink), tenant, stretches));
  return in_turn(settings, truth, [&](model::SampleSnapshot& snapshot) -> Result<model::MirrorOutcome> {
    influx::Connection& connection = copy.samples().connection();
    const std::string& bucket = copy.samples().bucket();
    for (const auto& [_, day] : days) {
      if (extra == Extra::keep || !day.second) continue;
      const influx::Tags tags = {{"campaign", day.first.campaign.str()}, {"device_master_sn", day.first.logger_sn}};
      for (const std::string_view measurement : {influx::kMeasurement, influx::kEventMeasurement}) {
        PV_TRY_VOID(influx::delete_points(connection, bucket, measurement, tags, day.first.period));
      }
    }
    PV_TRY(model::MirrorOutcome outcome, copy.put(snapshot, stretches));
    for (const auto& [_, day] : days) {
      if (extra == Extra::keep || !day.second) continue;
      PV_TRY(const model::MirrorOutcome means, copy.renew_means(snapshot, day.first));
      outcome.points += means.points;
    }
    return outcome;
  });
}

}  // namespace pv::app
