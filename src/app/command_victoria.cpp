#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "app/access.h"
#include "app/command.h"
#include "app/copies.h"
#include "app/other_systems.h"
#include "app/parsed_truth.h"
#include "app/provisioning.h"
#include "app/sources.h"
#include "ingest/outbox.h"
#include "ingest/sink_turn.h"
#include "victoria/mirror.h"

namespace pv::app {
namespace victoria_command {
namespace {

struct Options {
  CommonOptions common;
  std::optional<std::string> tenant, campaign;
  victoria::Beyond beyond = victoria::Beyond::keep;
};

struct Work {
  Settings settings;
  std::unique_ptr<tenancy::Registry> registry;
  std::unique_ptr<Zones> zones;
  std::vector<model::TenantName> tenants;
  std::optional<model::CampaignName> campaign;
  std::unique_ptr<ingest::Outbox> outbox;
};

Result<std::unique_ptr<Work>> open_work(const Options& options) {
  auto work = std::make_unique<Work>();
  PV_TRY(work->settings, settings_for(options.common));
  if (!work->settings.sends_to_victoria()) return fail(Errc::invalid_input, "set victoriametrics.url, or victoriametrics.write_url and read_url");
  work->settings.data_folder = real_folder(work->settings.data_folder);
  work->registry = existing_registry(work->settings);
  work->zones = std::make_unique<Zones>(work->settings, work->registry.get());
  if (options.tenant) {
    PV_TRY(model::TenantName tenant, model::TenantName::parse(*options.tenant));
    work->tenants.push_back(std::move(tenant));
  } else {
    PV_TRY(work->tenants, companies_for_grafana(work->settings));
  }
  if (options.campaign) {
    PV_TRY(work->campaign, model::CampaignName::parse(*options.campaign));
  }
  PV_TRY(work->outbox, ingest::Outbox::open(work->settings.state_dir, copy_sinks(work->settings)));
  return work;
}

/// The store's samples; without an embedded store, what the files in parsed/ say. No source: there are none.
Result<ParsedTruth> truth_of(const Work& work, const model::TenantName& tenant) {
  if (work.settings.embedded_store == Switch::off) return read_parsed(work.settings, *work.zones, tenant, work.campaign);
  PV_TRY(const auto sources, open_sources(work.settings));
  auto opened = sources->open(tenant);
  if (!opened && opened.error().kind() == Errc::not_found) return ParsedTruth();
  if (!opened) return fail(std::move(opened).error());
  return ParsedTruth{std::move(*opened), 0};
}

/// A logger's whole time each.
Result<std::vector<model::Stretch>> stretches_of(model::SampleSource& source, const Work& work, model::Change change) {
  PV_TRY(const auto truth, source.snapshot(1));
  PV_TRY(const std::vector<model::CampaignSummary> campaigns, truth->campaigns());
  std::vector<model::Stretch> stretches;
  for (const model::CampaignSummary& one : campaigns) {
    if (work.campaign && one.name != work.campaign->str()) continue;
    PV_TRY(const model::CampaignName name, model::CampaignName::parse(one.name));
    for (const model::LoggerSummary& logger : one.loggers) {
      if (logger.period) stretches.push_back({.campaign = name, .logger_sn = logger.sn, .period = *logger.period, .change = change});
    }
  }
  return stretches;
}

Result<void> fill(const Work& work, const Options& options, const model::TenantName& tenant) {
  PV_TRY(const ParsedTruth truth, truth_of(work, tenant));
  if (!truth.source) return {};
  const bool removes = options.beyond == victoria::Beyond::erase;
  PV_TRY(const std::vector<model::Stretch> stretches, stretches_of(*truth.source, work, removes ? model::Change::changed : model::Change::added));
  // Loggers of which nothing is here keep what they have there.
  if (const auto lacking = truth.lacks(); lacking && removes && !stretches.empty()) {
    return fail(Errc::conflict, fmt::format("{}, so what VictoriaMetrics has more may be the only copy of theirs; bring them back and make them readable, or leave --remove-extra out", *lacking));
  }
  PV_TRY(const auto mirror,
         victoria::Mirror::open({.server = victoria_options(work.settings), .style = work.settings.influxdb_style, .beyond = options.beyond}, tenant));
  std::uint64_t points = 0, refused = 0;
  for (const model::Stretch& stretch : stretches) {
    // What is sent is read within the turn: nobody brings what is newer meanwhile.
    PV_TRY(const ingest::SinkTurn turn, ingest::SinkTurn::take(work.settings.state_dir, std::string(kVictoriaSink)));
    PV_TRY(const auto snapshot, truth.source->snapshot(1));
    auto sent = mirror->put(*snapshot, std::span(&stretch, 1));
    if (!sent) return fail(std::move(sent).error().with(fmt::format("{}/{}; run the same command again", stretch.campaign.str(), stretch.logger_sn)));
    PV_TRY_VOID(work.outbox->list_refused(std::string(kVictoriaSink), tenant, std::span(&stretch, 1), ingest::refused_rows(std::string(kVictoriaSink), tenant, *sent)));
    points += sent->points;
    refused += sent->refused_total;
  }
  fmt::print("{}: {} loggers compared, {} points sent{}\n", shown(tenant.str()), stretches.size(), points,
             refused > 0 ? fmt::format(", {} refused; 'powerview files refused' lists them", refused) : "");
  return {};
}

Result<void> backfill(const Options& options) {
  PV_TRY(const auto work, open_work(options));
  for (const model::TenantName& tenant : work->tenants) {
    if (auto filled = fill(*work, options, tenant); !filled) return fail(std::move(filled).error().with(tenant.str()));
  }
  return {};
}

}  // namespace
}  // namespace victoria_command

void add_victoria(const Command& app, Chosen& chosen) {
  using namespace victoria_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("victoria", "The companies' samples in VictoriaMetrics");
  command.require_subcommand();
  Command filling = add_action(command, "backfill", "Compare all that the store holds (without one: the files in parsed/) with VictoriaMetrics, and send what is missing or differs there",
                                 options->common, chosen, [options] { return backfill(*options); });
  filling.add_option("--tenant", options->tenant, "Company (default: all)");
  filling.add_option("--campaign", options->campaign, "Of this campaign only");
  filling.add_flag_callback("--remove-extra", [options] { options->beyond = victoria::Beyond::erase; }, "Also delete, there, what loggers have more than here");
}

}  // namespace pv::app
