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
#include "influx/source.h"
#include "query/buckets.h"

namespace pv::app {
namespace {

/// Adding some thousand values in another order changes no more.
constexpr double kTolerance = 1e-9;

model::Period common(model::Period a, model::Period b) { return {std::max(a.from_s, b.from_s), std::min(a.to_s, b.to_s)}; }

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
      const model::Period period = common(*logger.period, range.period);
      if (!period.empty()) all.push_back({&campaign, &logger, name, logger.sn, period});
    }
  }
  return all;
}

/// Adds what the copy has and the truth does not: other loggers, and times before and after.
Result<void> add_copied(std::vector<LoggerPeriod>& all, Downsampling& copy, const model::TenantName& tenant, const CopyRange& range) {
  const auto directory = influx::open_directory(copy.samples().connection().access());
  const auto source = directory->open(tenant);
  if (!source && source.error().kind() == Errc::not_found) return {};
  if (!source) return fail(source.error());
  PV_TRY(const auto snapshot, (*source)->snapshot(1));
  PV_TRY(const std::vector<model::CampaignSummary> campaigns, snapshot->campaigns());
  PV_TRY(std::vector<LoggerPeriod> copied, loggers_of(campaigns, range));
  for (LoggerPeriod& one : copied) {
    const auto known = std::find_if(all.begin(), all.end(), [&one](const LoggerPeriod& other) { return other.name == one.name && other.sn == one.sn; });
    if (known == all.end()) {
      one.campaign = nullptr;
      one.logger = nullptr;
      all.push_back(std::move(one));
    } else {
      known->period = {std::min(known->period.from_s, one.period.from_s), std::max(known->period.to_s, one.period.to_s)};
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

Result<CopyComparison> compare_copy(model::SampleSnapshot& truth, Downsampling& copy, const model::TenantName& tenant, const CopyRange& range, const Settings& settings,
                                    const Zones& zones) {
  CopyComparison comparison;
  PV_TRY(const std::vector<model::CampaignSummary> campaigns, truth.campaigns());
  PV_TRY(std::vector<LoggerPeriod> loggers, loggers_of(campaigns, range));
  PV_TRY_VOID(add_copied(loggers, copy, tenant, range));
  for (const LoggerPeriod& one : loggers) {
    const model::Zone zone = zones.zone_of(tenant, one.name);
    PV_TRY(const query::Edges days, query::whole_calendar_edges(one.period, zone, query::Calendar::day));
    const model::Period whole{days.front(), days.back()};
    DaySums mine;
    if (one.logger != nullptr) {
      PV_TRY(mine, day_sums(truth, *one.campaign, *one.logger, whole, zone, settings.influxdb_style));
    }
    auto asked = influx::day_counts(copy.samples().connection(), copy.samples().bucket(), one.name, one.sn, whole, zone);
    if (!asked && asked.error().kind() != Errc::not_found) return fail(std::move(asked).error());
    DaySums theirs;
    if (asked) {
      for (const influx::DayCount& count : *asked) theirs[{count.day_s, count.field}] = {count.samples, count.sum};
    }
    DaySums all = theirs;
    all.insert(mine.begin(), mine.end());
    for (const auto& [key, _] : all) {
      const auto in_truth = mine.find(key);
      const auto in_copy = std::as_const(theirs).find(key);
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
  return comparison;
}

Result<model::MirrorOutcome> put_current(model::SampleSource& truth, model::Mirror& copy, std::span<const model::Stretch> stretches) {
  constexpr int kMostTimes = 10;
  for (int time = 1;; ++time) {
    PV_TRY(const auto snapshot, truth.snapshot(1));
    PV_TRY(model::MirrorOutcome outcome, copy.put(*snapshot, stretches));
    PV_TRY(const std::uint64_t now, truth.generation());
    // Somebody may have sent newer values of these instants while the older ones were on their way.
    if (now == snapshot->generation() || time == kMostTimes) return outcome;
  }
}

Result<model::MirrorOutcome> repair_copy(model::SampleSource& truth, Downsampling& copy, const model::TenantName& tenant, const CopyComparison& comparison, Extra extra,
                                         ingest::Outbox* outbox) {
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
  if (extra == Extra::remove) {
    for (const auto& [_, day] : days) {
      if (!day.second) continue;
      PV_TRY_VOID(influx::delete_samples(copy.samples().connection(), copy.samples().bucket(), day.first.campaign.str(), day.first.logger_sn, day.first.period));
    }
  }
  return put_current(truth, copy, stretches);
}

}  // namespace pv::app
