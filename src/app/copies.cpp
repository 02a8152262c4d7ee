#include "app/copies.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/file_periods.h"
#include "app/meta_lines.h"
#include "app/other_systems.h"
#include "base/http_client.h"
#include "influx/source.h"
#include "victoria/mirror.h"

namespace pv::app {
namespace {

/// More than a day's files, less than what a night of a large fleet would need at once.
constexpr std::size_t kMostEntries = 256;

}  // namespace

std::vector<std::string> copy_sinks(const Settings& settings) {
  std::vector<std::string> sinks;
  if (settings.sends_to_influxdb()) sinks.emplace_back(kInfluxdbSink);
  if (settings.sends_to_victoria()) sinks.emplace_back(kVictoriaSink);
  return sinks;
}

Result<std::unique_ptr<Downsampling>> open_influx_mirror(const Settings& settings, const Zones& zones, const model::TenantName& tenant, IsStopped is_stopped, Patience patience) {
  influx::Access access = current_influx_access(settings);
  if (patience == Patience::great) access.answer_time = std::chrono::minutes(15);
  access.is_stopped = is_stopped;
  PV_TRY(auto connection, influx::Connection::open(std::move(access)));
  auto mirror = std::make_unique<influx::Mirror>(std::move(connection), tenant, influx::MirrorOptions{.style = settings.influxdb_style, .writer = {.batch = {}, .is_stopped = std::move(is_stopped)}});
  const Levels levels = settings.influxdb_downsample == Switch::on ? Levels::means : Levels::none;
  PV_TRY(auto sent, SentSeries::open(settings.state_dir));
  auto copy = std::make_unique<Downsampling>(tenant, std::move(mirror), std::move(sent), levels, [&zones, tenant](const model::CampaignName& campaign) { return zones.zone_of(tenant, campaign); });
  if (settings.embedded_store == Switch::off) copy->keep_former();
  return copy;
}

Downsampling::Copied copied_samples(const Settings& settings, const model::TenantName& tenant) {
  return [&settings, tenant] { return influx::open_directory(current_influx_access(settings), {.meta_bucket = settings.influxdb_meta_bucket})->open(tenant); };
}

Result<std::unique_ptr<model::Mirror>> open_mirror(const Settings& settings, const Zones& zones, std::string_view sink, const model::TenantName& tenant, IsStopped is_stopped) {
  if (sink == kInfluxdbSink) {
    PV_TRY(std::unique_ptr<model::Mirror> mirror, open_influx_mirror(settings, zones, tenant, std::move(is_stopped)));
    return mirror;
  }
  PV_TRY(std::unique_ptr<model::Mirror> mirror, victoria::Mirror::open({.server = victoria_options(settings), .style = settings.influxdb_style, .is_stopped = std::move(is_stopped)}, tenant));
  return mirror;
}

Result<std::unique_ptr<Copies>> Copies::start(const Settings& settings, const Zones& zones, model::SourceDirectory* truth, Log log) {
  std::vector<std::string> sinks = copy_sinks(settings);
  if (sinks.empty()) return std::unique_ptr<Copies>();
  std::unique_ptr<Copies> copies(new Copies(settings, zones, std::move(log)));
  PV_TRY(copies->outbox_, ingest::Outbox::open(settings.state_dir, sinks));
  PV_TRY([[maybe_unused]] const std::uint64_t left, copies->outbox_->recover());
  // What the store takes now is not on that list.
  if (truth != nullptr) PV_TRY_VOID(FilePeriods::note_incomplete(settings.state_dir));
  for (const std::string& sink : sinks) {
    // A wrong address stops the start, not each file.
    PV_TRY([[maybe_unused]] const auto opened, open_mirror(settings, zones, sink, *model::TenantName::parse("address")));
  }
  if (truth == nullptr && copies->log_) {
    PV_TRY(const std::vector<ingest::SinkStanding> standing, copies->outbox_->standing());
    for (const ingest::SinkStanding& one : standing) {
      if (one.waiting > 0) copies->log_(fmt::format("sink.leftover sink={} stretches={}: of the time with an embedded store; 'powerview influx check' tells what is missing", one.sink, one.waiting));
    }
  }
  Copies* const self = copies.get();
  for (const std::string& sink : sinks) {
    copies->open_.push_back(std::make_unique<Open>(Open{.sink = sink, .tenant = {}, .mirror = {}, .place = {settings, zones}}));
    Open* const open = copies->open_.back().get();
    ingest::ForwarderOptions options;
    options.sink = sink;
    options.outbox = copies->outbox_.get();
    options.truth = truth;
    options.mirror_of = [self, open](const model::TenantName& tenant) { return self->mirror_of(*open, tenant); };
    options.probe = [self, open] { return self->probe(*open); };
    options.turn = [self, sink](const IsStopped& is_stopped) { return ingest::SinkTurn::take(self->settings_->state_dir, sink, is_stopped); };
    options.locate = [open](ingest::RefusedRow& row, const ingest::OutboxEntry& entry) {
      if (const auto device = model::DeviceName::parse(entry.device_folder)) open->place.set_line(row, {entry.tenant, entry.stretch.campaign, *device}, entry.file);
    };
    if (sink == kInfluxdbSink) {
      options.send_lines = [self](std::string_view lines, std::int64_t& not_before_s) {
        influx::Access access = current_influx_access(*self->settings_);
        access.is_stopped = self->is_stopped();
        return send_meta_lines(access, self->settings_->influxdb_meta_bucket, lines, not_before_s);
      };
    }
    options.log = copies->log_;
    options.most_entries = kMostEntries;
    copies->forwarders_.push_back(ingest::Forwarder::start(std::move(options)));
  }
  return copies;
}

Copies::~Copies() { stop_.request_stop(); }

IsStopped Copies::is_stopped() const {
  return [token = stop_.get_token()] { return token.stop_requested(); };
}

Result<model::Mirror*> Copies::mirror_of(Open& open, const model::TenantName& tenant) const {
  if (!open.tenant || *open.tenant != tenant) {
    PV_TRY(open.mirror, open_mirror(*settings_, *zones_, open.sink, tenant, is_stopped()));
    open.tenant = tenant;
  }
  return open.mirror.get();
}

Result<void> Copies::probe(Open& open) const {
  open.tenant.reset();  // opened anew, with the token that the settings have by then
  if (open.sink == kInfluxdbSink) {
    influx::Access access = current_influx_access(*settings_);
    access.is_stopped = is_stopped();
    PV_TRY(const auto connection, influx::Connection::open(std::move(access)));
    PV_TRY([[maybe_unused]] const std::string id, connection->organization_id());
    return {};
  }
  const victoria::Options victoria = victoria_options(*settings_);
  PV_TRY(const auto client, HttpClient::open({.base_url = victoria.write_url, .connect_time = victoria.connect_time, .answer_time = victoria.answer_time, .is_stopped = is_stopped()}));
  PV_TRY(const HttpResponse answer, client->send({.target = "/health"}));
  // What stands before it, and a cluster, may not know this path: an answer is an answer.
  if (answer.status >= 500) return fail(Errc::unavailable, fmt::format("{} answered {}", client->base_url(), answer.status));
  return {};
}

void Copies::wake() {
  for (const auto& forwarder : forwarders_) forwarder->wake();
}

void Copies::tell(const ingest::RunReport& report) {
  if (!settings_->sends_to_influxdb()) return;
  const std::lock_guard lock(telling_);
  if (auto added = outbox_->add_line(std::string(kInfluxdbSink), meta_lines(report, *settings_, instants_)); !added && log_) log_(added.error().message());
  wake();
}

void Copies::wait_drained(std::chrono::milliseconds most, const std::stop_token& stop) {
  // A stop may come out of a signal's handler, which must not wake anybody: so it is looked for.
  constexpr auto kLook = std::chrono::milliseconds(100);
  const auto until = std::chrono::steady_clock::now() + most;
  for (const auto& forwarder : forwarders_) {
    while (!stop.stop_requested() && std::chrono::steady_clock::now() < until && !forwarder->wait_drained(kLook) && !forwarder->is_in_trouble()) {
    }
  }
}

void Copies::write_metrics(std::string& out) {
  const auto standing = outbox_->standing();
  if (!standing) return;
  out += "# HELP powerview_sink_waiting Stretches of samples that a sink has not got yet.\n# TYPE powerview_sink_waiting gauge\n";
  for (const ingest::SinkStanding& one : *standing) out += fmt::format("powerview_sink_waiting{{sink=\"{}\"}} {}\n", one.sink, one.waiting);
  out += "# HELP powerview_sink_up Whether a sink takes samples.\n# TYPE powerview_sink_up gauge\n";
  for (const ingest::SinkStanding& one : *standing) out += fmt::format("powerview_sink_up{{sink=\"{}\"}} {}\n", one.sink, one.trouble.empty() ? 1 : 0);
  out += "# HELP powerview_sink_refused Points that a sink will never take.\n# TYPE powerview_sink_refused gauge\n";
  for (const ingest::SinkStanding& one : *standing) out += fmt::format("powerview_sink_refused{{sink=\"{}\"}} {}\n", one.sink, one.refused);
  out += "# HELP powerview_sink_points_total Points sent since the start.\n# TYPE powerview_sink_points_total counter\n";
  for (std::size_t i = 0; i < forwarders_.size(); ++i) out += fmt::format("powerview_sink_points_total{{sink=\"{}\"}} {}\n", open_[i]->sink, forwarders_[i]->figures().points);
}

}  // namespace pv::app
