#include "app/arrivals.h"

#include <fmt/format.h>

#include "app/command.h"
#include "app/provisioning.h"
#include "app/reading_rules.h"
#include "app/sources.h"
#include "sftp/log_text.h"

namespace pv::app {

Result<std::unique_ptr<Arrivals>> Arrivals::start(const Settings& settings, const Zones& zones, tenancy::Registry& registry,
                                                  store::Directory& stores, model::SourceDirectory& sources, Log log) {
  std::unique_ptr<Arrivals> arrivals(new Arrivals(settings, stores, std::move(log)));
  const Log& say = arrivals->log_;
  PV_TRY(arrivals->lock_, ingest::IntakeLock::take(settings.state_dir));
  std::error_code code;
  std::filesystem::create_directories(settings.data_folder, code);
  if (code) return fail(system_error("cannot make the data folder", settings.data_folder, code.value()));
  PV_TRY(arrivals->ledger_, ingest::Ledger::open(settings.state_dir));
  arrivals->usage_ = std::make_unique<ingest::Usage>(ingest::UsageOptions{
      .data_folder = settings.data_folder,
      .quotas_of = [&zones](const model::Place& place) -> Result<ingest::Quotas> { return zones.quotas_of(place); },
      .warn = [&say](std::string_view whose, std::uint64_t used, std::uint64_t quota) {
        say(fmt::format("quota of={} used={} quota={}: four fifths are passed", shown(whose), used, quota));
      }});
  PV_TRY(arrivals->spool_, ingest::Spool::open(settings.state_dir));
  Arrivals* const self = arrivals.get();
  const auto wake = [self] {
    if (self->intake_) self->intake_->wake();
  };
  const auto campaign_made = [self](const model::TenantName& tenant, const model::CampaignName& campaign) {
    // Who makes the folder says so, and so does who finds it.
    if (!self->announced_.is_first(tenant, campaign)) return;
    self->log_(fmt::format("campaign tenant={} campaign={} announced", shown(tenant.str()), shown(campaign.str())));
    if (self->provisioning_) self->provisioning_->announce(tenant);
  };
  PV_TRY(arrivals->desk_, ingest::Desk::open({.data_folder = settings.data_folder,
                                              .ledger = arrivals->ledger_.get(),
                                              .usage = arrivals->usage_.get(),
                                              .wake = wake,
                                              .max_file_bytes = settings.max_file_bytes,
                                              .extra_formats = settings.extra_formats,
                                              .campaign_made = campaign_made}));
  arrivals->start_provisioning(settings);
  PV_TRY_VOID(arrivals->start_copies(settings, zones, stores));
  PV_TRY_VOID(arrivals->start_intake(settings, zones, sources));
  ingest::WatchOptions watch;
  watch.data_folder = settings.data_folder;
  watch.ledger = arrivals->ledger_.get();
  watch.desk = arrivals->desk_.get();
  watch.spool = &*arrivals->spool_;
  watch.usage = arrivals->usage_.get();
  watch.grace = std::chrono::seconds(settings.grace_s);
  watch.scan_interval = std::chrono::seconds(settings.scan_interval_s);
  watch.wake = wake;
  watch.campaign_made = campaign_made;
  watch.log = say;
  PV_TRY(arrivals->watch_, ingest::Watch::start(std::move(watch)));
  if (settings.sftp == Switch::on) PV_TRY_VOID(arrivals->start_sftp(settings, registry));
  return arrivals;
}

void Arrivals::start_provisioning(const Settings& settings) {
  if (settings.grafana_provision == Switch::off || settings.grafana_url.empty()) return;
  ProvisioningOptions options;
  options.log = [this](std::string_view line) { log_(shown(line)); };
  options.apply = [&settings](const model::TenantName& company, const std::stop_token& stop) { return provision(settings, company, stop); };
  options.companies = [&settings] { return companies_for_grafana(settings); };
  provisioning_ = ProvisioningThread::start(std::move(options));
}

Result<void> Arrivals::start_copies(const Settings& settings, const Zones& zones, store::Directory& stores) {
  PV_TRY(copies_, Copies::start(settings, zones, settings.embedded_store == Switch::on ? &stores : nullptr, log_));
  if (settings.embedded_store == Switch::on) {
    if (copies_) sinks_.send_to(*copies_);
    return {};
  }
  if (!copies_) return fail(no_store_at_all());
  PV_TRY(periods_, FilePeriods::open(settings.state_dir));
  sinks_.pass_on({.settings = &settings, .zones = &zones, .periods = periods_.get(), .outbox = &copies_->outbox(), .stop = passing_stop_.get_token()});
  return {};
}

Result<void> Arrivals::start_intake(const Settings& settings, const Zones& zones, model::SourceDirectory& sources) {
  ingest::IntakeOptions options;
  options.run.rules = reading_rules(settings, zones, sources);
  options.run.stored = &sources;
  options.run.sink_of = [this](const model::TenantName& tenant) { return sinks_.sink_of(tenant); };
  options.run.readers = settings.threads;
  options.run.ledger = ledger_.get();
  options.run.data_folder = settings.data_folder;
  options.run.receipts = ingest::Receipts::beside;
  options.workers = settings.threads;
  options.log = log_;
  options.on_report = [this, base_folder = settings.data_folder.string()](const ingest::RunReport& batch) { tell(batch, base_folder); };
  options.on_change = [this](const ingest::IntakeChange& change) {
    log_(fmt::format("batch tenant={} stored={} rejected={} held={} postponed={} samples={} seconds={:.3f}", shown(change.tenant), change.stored, change.rejected,
                     change.held, change.postponed, change.samples, change.seconds));
    for (const ingest::Setback& setback : change.setbacks) {
      log_(fmt::format("batch.setback tenant={} fate={} reason={} files={} first={} why={}", shown(change.tenant), ingest::to_string(setback.fate), shown(setback.reason),
                       setback.files, sftp::in_quotes(setback.first), sftp::in_quotes(setback.message)));
    }
    for (const std::string& problem : change.problems) log_(shown(problem));
  };
  PV_TRY(intake_, ingest::Intake::start(std::move(options)));
  return {};
}

/// A batch is a run, under one id in its report and in the meta bucket.
void Arrivals::tell(const ingest::RunReport& batch, const std::string& base_folder) {
  ingest::RunReport run = batch;
  run.run_id = reports_.next_id(run.start_ms);
  run.base_folder = base_folder;
  if (copies_) copies_->tell(run);
  const Result<void> kept = reports_.keep(run);
  // Once, not for each batch.
  if (!kept && reports_are_kept_) log_(shown(kept.error().message()));
  reports_are_kept_ = kept.has_value();
}

Result<void> Arrivals::start_sftp(const Settings& settings, tenancy::Registry& registry) {
  sftp::Options options;
  options.host = settings.sftp_host;
  options.port = settings.sftp_port;
  options.data_folder = settings.data_folder;
  options.host_key_folder = settings.state_dir / "host-keys";
  options.allowed = settings.sftp_allow;
  options.old_clients = settings.sftp_old_clients;
  options.check_password = [&registry](std::string_view account, const Secret& password, std::string_view address) {
    return registry.check_sftp_password(account, password, address);
  };
  options.check_key = [&registry](std::string_view account, std::string_view type, std::string_view base64) {
    return registry.check_sftp_key(account, type, base64);
  };
  options.may_go_on = [&registry](const tenancy::SftpAccount& account) { return registry.may_go_on(account); };
  options.log = log_;
  options.sign_in_time = std::chrono::seconds(settings.sftp_sign_in_s);
  options.idle_time = std::chrono::seconds(settings.sftp_idle_s);
  options.most_connections = settings.sftp_max_sessions;
  options.session.file_bytes = settings.max_file_bytes;
  auto server = sftp::Server::start(*desk_, std::move(options));
  if (!server) return fail(std::move(server).error().with("SFTP (settings sftp.host, sftp.port, sftp.server)"));
  sftp_ = std::move(*server);
  return {};
}

Arrivals::~Arrivals() { stop(); }

void Arrivals::stop() {
  // Who brings files first, who takes them last.
  sftp_.reset();
  watch_.reset();
  // It may be waiting for an answer of Grafana: files do not wait with it.
  if (provisioning_) provisioning_->request_stop();
  // Another program may have the turn for as long as a logger's whole time takes.
  passing_stop_.request_stop();
  if (intake_) intake_->stop();
  provisioning_.reset();
}

Result<std::string> Arrivals::take_hook(std::string_view json) {
  PV_TRY(const ingest::HookEvent event, ingest::event_of_json(json));
  return watch_->take(event);
}

}  // namespace pv::app
