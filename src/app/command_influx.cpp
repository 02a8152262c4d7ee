#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "app/access.h"
#include "app/command.h"
#include "app/copies.h"
#include "app/influx_copy.h"
#include "app/other_systems.h"
#include "app/parsed_truth.h"
#include "app/provisioning.h"
#include "app/sources.h"
#include "base/clock.h"
#include "base/fault.h"
#include "influx/bucket.h"
#include "influx/task.h"
#include "influx/token_book.h"

namespace pv::app {
namespace influx_command {
namespace {

struct Options {
  CommonOptions common;
  std::string bucket;
  std::optional<std::string> rights;
  std::optional<std::string> tenant, campaign, from, to;
  enum class Source : std::uint8_t { store, parsed } source = Source::store;
  enum class Deed : std::uint8_t { look, apply } deed = Deed::look;
  Extra extra = Extra::keep;
  enum class OldTasks : std::uint8_t { report, remove } old_tasks = OldTasks::report;
};

/// What the commands about a company's copy work with.
struct Work {
  Settings settings;
  std::unique_ptr<tenancy::Registry> registry;
  std::unique_ptr<Zones> zones;
  std::vector<model::TenantName> tenants;
  CopyRange range;
};

Result<Settings> settings_with_influx(const Options& options) {
  PV_TRY(Settings settings, settings_for(options.common));
  if (settings.influxdb_url.empty() || settings.influxdb_org.empty() || settings.influxdb_admin_token.empty()) {
    return fail(Errc::invalid_input, "set influxdb.url, influxdb.org and influxdb.admin_token (or INFLUXDB_URL, INFLUXDB_ORG, INFLUXDB_ADMIN_TOKEN)");
  }
  settings.data_folder = real_folder(settings.data_folder);
  return settings;
}

Result<std::unique_ptr<Work>> open_work(const Options& options) {
  auto work = std::make_unique<Work>();
  PV_TRY(work->settings, settings_with_influx(options));
  work->registry = existing_registry(work->settings);
  work->zones = std::make_unique<Zones>(work->settings, work->registry.get());
  if (options.tenant) {
    PV_TRY(model::TenantName tenant, model::TenantName::parse(*options.tenant));
    work->tenants.push_back(std::move(tenant));
  } else {
    PV_TRY(work->tenants, companies_for_grafana(work->settings));
  }
  if (work->tenants.empty()) return fail(Errc::not_found, fmt::format("there is no company: none in the registry, no samples, no folder in {}", work->settings.data_folder.string()));
  if (options.campaign) {
    PV_TRY(work->range.campaign, model::CampaignName::parse(*options.campaign));
  }
  if (options.from) {
    PV_TRY(work->range.period.from_s, parse_instant(*options.from, model::Zone::utc(), "--from"));
  }
  if (options.to) {
    PV_TRY(work->range.period.to_s, parse_instant(*options.to, model::Zone::utc(), "--to-time"));
  }
  if (work->range.period.empty()) return fail(Errc::invalid_input, "--from must lie before --to-time");
  return work;
}

/// The samples as they should be: the embedded store's, or those of the files in parsed/. Null: there are none.
Result<ParsedTruth> truth_of(const Work& work, const model::TenantName& tenant, Options::Source source) {
  if (source == Options::Source::parsed || work.settings.embedded_store == Switch::off) return read_parsed(work.settings, *work.zones, tenant, work.range.campaign);
  PV_TRY(const auto sources, open_sources(work.settings));
  auto opened = sources->open(tenant);
  if (!opened && opened.error().kind() == Errc::not_found) return ParsedTruth();
  if (!opened) return fail(std::move(opened).error());
  return ParsedTruth{std::move(*opened), 0};
}

/// What was sent of files that lie in parsed/ no longer counts in means all the same; beside a store nobody knows whether there are such.
Result<std::unique_ptr<Downsampling>> open_copy(const Work& work, const Options& options, const ParsedTruth& truth, const model::TenantName& tenant) {
  PV_TRY(auto copy, open_influx_mirror(work.settings, *work.zones, tenant, {}, Patience::great));
  const bool parsed_beside_store = options.source == Options::Source::parsed && work.settings.embedded_store == Switch::on;
  if (options.source == Options::Source::parsed) copy->keep_former();
  if (parsed_beside_store || truth.lacks()) copy->average_copied(copied_samples(work.settings, tenant));
  return copy;
}

/// Errors: conflict: what the bucket has more may be all that is left of what is lacking here.
Result<void> may_remove(const ParsedTruth& known, const CopyComparison& found, const CopyRange& range, const model::TenantName& tenant) {
  const bool has_more = std::any_of(found.differences.begin(), found.differences.end(), [](const CopyDifference& one) { return one.copy_samples > one.truth_samples; });
  // Whole local days are deleted, and the means of their weeks are made anew.
  constexpr std::int64_t kWeekAndDay_s = 8 * 86'400;
  const std::optional<std::string> lacking = known.lacks(model::Period{range.period.from_s - kWeekAndDay_s, range.period.to_s + kWeekAndDay_s});
  if (!has_more || !lacking) return {};
  return fail(Errc::conflict, fmt::format("{}: nothing was removed: {}, so what the bucket has more may be the only copy of theirs; bring them back and make them readable, "
                                          "choose a --campaign or time without them, or leave --remove-extra out", shown(tenant.str()), *lacking));
}

Result<void> print_token(const Options& options) {
  PV_TRY(const Settings settings, settings_with_influx(options));
  influx::TokenRights rights = settings.influxdb_token_rights;
  if (options.rights) rights = *options.rights == "read_write" ? influx::TokenRights::read_write : influx::TokenRights::read;
  PV_TRY(const auto connection, influx::Connection::open(influx_access(settings)));
  influx::TokenBook book(*connection, settings.state_dir / "influx-tokens", token_cover(settings, options.bucket));
  // Grafana may still have the one before; 'grafana apply' gives it the new one, and deletes the old.
  const influx::Superseded superseded = settings.grafana_url.empty() ? influx::Superseded::drop : influx::Superseded::keep;
  PV_TRY(const Secret token, book.token_for(options.bucket, rights, superseded));
  fmt::print("{}\n", token.reveal());
  return {};
}

/// A bar's worth of words on a terminal; elsewhere a line for each tenth.
void draw_progress(std::size_t done, std::size_t all, std::uint64_t points) {
  if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r{}/{} months, {} points ", done, all, points);
  else if (all >= 10 && done % (all / 10) == 0) fmt::print(stderr, "{}/{} months, {} points\n", done, all, points);
}

void draw_comparison(std::size_t done, std::size_t all, std::uint64_t days) {
  if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r{}/{} campaigns, {} days of channels ", done, all, days);
}

void end_progress() {
  if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\033[K");
}

Result<std::vector<CopyStep>> steps_now(model::SampleSource& source, const CopyRange& range) {
  PV_TRY(const auto truth, source.snapshot(1));
  return copy_steps(*truth, range);
}

/// One step, tried again while InfluxDB is away or busy: not before it asks for, ten times at most.
Result<model::MirrorOutcome> send_patiently(const Settings& settings, model::SampleSource& truth, Downsampling& mirror, const model::Stretch& stretch) {
  constexpr int kMostTries = 10;
  constexpr std::int64_t kLongest_s = 60;
  for (int attempt = 1;; ++attempt) {
    auto sent = in_turn(settings, truth, [&](model::SampleSnapshot& snapshot) { return mirror.put(snapshot, std::span(&stretch, 1)); });
    if (sent || sent.error().kind() != Errc::unavailable || attempt == kMostTries) return sent;
    const std::int64_t now_s = unix_now_s();
    const std::int64_t wait_s = std::max(std::min(kLongest_s, std::int64_t{1} << attempt) / 2, mirror.not_before_s() - now_s);
    fmt::print(stderr, "{}; tried again in {} s\n", shown(sent.error().message()), wait_s);
    std::this_thread::sleep_for(std::chrono::seconds(wait_s));
  }
}

/// Steps that were done into another bucket, of this name, are not done.
Result<StepRecord> record_of(const Options& options, const Work& work, const model::TenantName& tenant, Downsampling& mirror) {
  PV_TRY(const influx::Bucket bucket, influx::ensure_bucket(mirror.samples().connection(), mirror.samples().bucket()));
  return StepRecord::open(work.settings.state_dir, fmt::format("influxdb {} {} {} {} {} {} {} {}", work.settings.influxdb_url, work.settings.influxdb_org, tenant.str(), bucket.id,
                                                               options.source == Options::Source::parsed ? "parsed" : "store", options.campaign.value_or(""),
                                                               options.from.value_or(""), options.to.value_or("")));
}

Result<void> backfill(const Options& options) {
  PV_TRY(const auto work, open_work(options));
  PV_TRY(const auto outbox, ingest::Outbox::open(work->settings.state_dir, copy_sinks(work->settings)));
  for (const model::TenantName& tenant : work->tenants) {
    PV_TRY(const ParsedTruth truth, truth_of(*work, tenant, options.source));
    if (!truth.source) continue;
    PV_TRY(const auto mirror, open_copy(*work, options, truth, tenant));
    PV_TRY(const std::vector<CopyStep> steps, steps_now(*truth.source, work->range));
    PV_TRY(StepRecord record, record_of(options, *work, tenant, *mirror));
    if (record.count() > 0) fmt::print("{}: goes on after {} months\n", shown(tenant.str()), record.count());
    std::uint64_t points = 0, refused = 0;
    std::size_t done = 0;
    for (const CopyStep& step : steps) {
      ++done;
      if (record.has(step.key)) continue;
      auto sent = send_patiently(work->settings, *truth.source, *mirror, step.stretch);
      if (!sent) return fail(std::move(sent).error().with(fmt::format("{}/{}; run the same command again to go on from here", tenant.str(), step.key)));
      points += sent->points;
      refused += sent->refused_total;
      PV_TRY_VOID(outbox->list_refused(std::string(kInfluxdbSink), tenant, std::span(&step.stretch, 1), ingest::refused_rows(std::string(kInfluxdbSink), tenant, *sent)));
      PV_TRY_VOID(record.add(step.key));
      fault_point("influx.backfill_step_done");
      draw_progress(done, steps.size(), points);
    }
    PV_TRY_VOID(record.finish());
    end_progress();
    fmt::print("{}: {} months of loggers, {} points sent{}\n", shown(tenant.str()), steps.size(), points,
               refused > 0 ? fmt::format(", {} refused; 'powerview files refused' lists them", refused) : "");
  }
  return {};
}

/// Where there is an embedded store: what is put there is also brought by whoever sends. Null without one.
Result<std::unique_ptr<ingest::Outbox>> outbox_of(const Settings& settings) {
  if (settings.embedded_store == Switch::off || !settings.sends_to_influxdb()) return std::unique_ptr<ingest::Outbox>();
  return ingest::Outbox::open(settings.state_dir, copy_sinks(settings));
}

ExitCode check(const Options& options) {
  const auto work = open_work(options);
  if (!work) return report(work.error());
  bool differs = false;
  for (const model::TenantName& tenant : (*work)->tenants) {
    const auto compared = [&]() -> Result<std::size_t> {
      PV_TRY(const ParsedTruth known, truth_of(**work, tenant, options.source));
      if (!known.source) return std::size_t{0};
      PV_TRY(auto truth, known.source->snapshot(1));
      PV_TRY(const auto mirror, open_copy(**work, options, known, tenant));
      PV_TRY(const CopyComparison found, compare_copy(*truth, *mirror, tenant, (*work)->range, (*work)->settings, *(*work)->zones, draw_comparison));
      end_progress();
      for (const CopyDifference& one : found.differences) {
        fmt::print("{}  {}  {}  {} samples here, {} there; sums {:.6g} and {:.6g}\n", shown(one.step.stretch.campaign.str()),
                   local_text(one.day_s, (*work)->zones->zone_of(tenant, one.step.stretch.campaign)).substr(0, 10), shown(one.field), one.truth_samples, one.copy_samples,
                   one.truth_sum, one.copy_sum);
      }
      fmt::print("{}: {} samples, {} days of channels compared: {}\n", shown(tenant.str()), found.samples, found.days,
                 found.differences.empty() ? "all well" : fmt::format("{} differ", found.differences.size()));
      if (options.deed == Options::Deed::look || found.differences.empty()) return found.differences.size();
      if (options.extra == Extra::remove) PV_TRY_VOID(may_remove(known, found, (*work)->range, tenant));
      PV_TRY(const auto outbox, outbox_of((*work)->settings));
      truth.reset();
      PV_TRY(const model::MirrorOutcome repaired, repair_copy((*work)->settings, *known.source, *mirror, tenant, found, options.extra, outbox.get()));
      PV_TRY(truth, known.source->snapshot(1));
      PV_TRY(const CopyComparison again, compare_copy(*truth, *mirror, tenant, (*work)->range, (*work)->settings, *(*work)->zones, draw_comparison));
      end_progress();
      const auto extra = std::count_if(again.differences.begin(), again.differences.end(), [](const CopyDifference& one) { return one.copy_samples > one.truth_samples; });
      fmt::print("{}: {} points sent; {}{}\n", shown(tenant.str()), repaired.points,
                 again.differences.empty() ? "all well now" : fmt::format("{} days of channels still differ", again.differences.size()),
                 extra > 0 ? fmt::format("; of {} the bucket has more than there is here: --remove-extra deletes it there", extra) : "");
      return again.differences.size();
    }();
    if (!compared) return report(compared.error());
    differs = differs || *compared > 0;
  }
  return differs ? ExitCode::some_failed : ExitCode::done;
}

Result<void> old_tasks(const Options& options, influx::Connection& connection, const std::string& bucket) {
  PV_TRY(const std::vector<influx::Task> tasks, influx::old_downsampling_tasks(connection, bucket));
  for (const influx::Task& task : tasks) {
    if (options.old_tasks == Options::OldTasks::remove) PV_TRY_VOID(influx::delete_task(connection, task));
    fmt::print("task {} ({}{}) averages by the clock and never sees what comes late: {}\n", shown(task.name), task.id, task.active ? "" : ", inactive",
               options.old_tasks == Options::OldTasks::remove ? "removed" : "remove it with --remove-old-tasks");
  }
  return {};
}

Result<void> downsample(const Options& options) {
  PV_TRY(const auto work, open_work(options));
  for (const model::TenantName& tenant : work->tenants) {
    PV_TRY(const ParsedTruth known, truth_of(*work, tenant, options.source));
    if (!known.source) continue;
    PV_TRY(const auto mirror, open_copy(*work, options, known, tenant));
    PV_TRY_VOID(old_tasks(options, mirror->samples().connection(), mirror->samples().bucket()));
    PV_TRY(const std::vector<CopyStep> steps, steps_now(*known.source, work->range));
    std::uint64_t points = 0;
    for (std::size_t s = 0; s < steps.size(); ++s) {
      const model::Stretch& stretch = steps[s].stretch;
      PV_TRY(const model::MirrorOutcome sent, in_turn(work->settings, *known.source, [&](model::SampleSnapshot& truth) -> Result<model::MirrorOutcome> {
        // Those of the old scheme have the same series and other stamps.
        PV_TRY_VOID(mirror->delete_means(stretch.campaign, stretch.logger_sn, stretch.period));
        return mirror->put_means(truth, std::span(&stretch, 1));
      }));
      points += sent.points;
      draw_progress(s + 1, steps.size(), points);
    }
    end_progress();
    fmt::print("{}: {} means written to {}_1h, _1d and _1w\n", shown(tenant.str()), points, mirror->samples().bucket());
  }
  return {};
}

}  // namespace
}  // namespace influx_command

void add_influx(const Command& app, Chosen& chosen) {
  using namespace influx_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("influx", "The companies' buckets in InfluxDB 2");
  command.require_subcommand();
  Command token = add_action(command, "token", "Print a bucket's own token and nothing else; made when there is none", options->common, chosen, [options] { return print_token(*options); });
  token.add_option("--bucket", options->bucket, "Bucket: the company's name").required();
  token.add_option("--rights", options->rights, "read or read_write (setting influxdb.token_rights)").one_of({"read", "read_write"});
  const auto ranged = [&options](const Command& sub) {
    sub.add_option("--tenant", options->tenant, "Company (default: all)");
    sub.add_option("--campaign", options->campaign, "Of this campaign only");
    sub.add_option("--from", options->from, "Begin (UTC): 2025-08-03, 2025-08-03T03:20:00Z or Unix seconds").type_name("TIME");
    sub.add_option("--to-time", options->to, "End, not included (UTC)").type_name("TIME");
    sub.add_flag_callback("--from-parsed", [options] { options->source = Options::Source::parsed; }, "Read the files in parsed/ instead of the embedded store");
  };
  ranged(add_action(command, "backfill", "Send what the store holds to the bucket; goes on where it was stopped", options->common, chosen, [options] { return backfill(*options); }));
  Command down = add_action(command, "downsample", "Compute <bucket>_1h, _1d and _1w anew, and report tasks of the old scheme", options->common, chosen,
                              [options] { return downsample(*options); });
  ranged(down);
  down.add_flag_callback("--remove-old-tasks", [options] { options->old_tasks = Options::OldTasks::remove; }, "Remove the tasks downsample_<bucket>_1h, _1d and _1w");
  Command checking = command.add_subcommand("check", "Compare store and bucket: counts and sums by day");
  add_common_options(checking, options->common);
  ranged(checking);
  checking.add_flag_callback("--apply", [options] { options->deed = Options::Deed::apply; }, "Send what differs again");
  checking.add_flag_callback("--remove-extra", [options] { options->extra = Extra::remove; }, "With --apply: also delete, in the bucket, days of loggers of which it has more than there is here");
  checking.callback([options, &chosen] { chosen = [options] { return check(*options); }; });
}

}  // namespace pv::app
