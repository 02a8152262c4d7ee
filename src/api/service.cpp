#include "api/service.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "api/campaign_call.h"
#include "api/json_text.h"
#include "api/pages.h"
#include "api/parameters.h"
#include "api/problem.h"

namespace pv::api {
namespace {

/// FNV-1a, 64 bits: tells requests apart, guards nothing.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
  return hash;
}

/// Weak: the same figures, perhaps compressed differently. Changes with the samples, the question, the zone, the program.
std::string etag_of(std::uint64_t generation, const Request& request, std::string_view zone, std::string_view version) {
  const std::string question = fmt::format("{}\n{}\n{}\n{}", request.target, request.accept, zone, version);
  return fmt::format("W/\"{:x}-{:016x}\"", generation, hash_of(question));
}

Reply not_modified(const std::string& etag) {
  Reply reply;
  reply.status = 304;
  reply.headers = {{"ETag", etag}, {"Cache-Control", "no-cache"}, {"Vary", "Accept, Accept-Encoding"}};
  return reply;
}

Result<Reply> campaign_route(RouteId id, CampaignCall&& call) {
  switch (id) {
    case RouteId::campaign: return show_campaign(call);
    case RouteId::query: return query_curves(call);
    case RouteId::energy: return query_energy(call);
    case RouteId::events: return list_events(call);
    case RouteId::gaps: return list_gaps(call);
    case RouteId::files: return list_files(call);
    case RouteId::conflicts: return list_conflicts(call);
    case RouteId::export_text: return export_samples(std::move(call));
    case RouteId::tenants:
    case RouteId::campaigns:
    case RouteId::stream:
    case RouteId::healthz:
    case RouteId::readyz:
    case RouteId::metrics: break;
  }
  return fail(Errc::not_found, "there is no such route");
}

std::ptrdiff_t scans_at_once(unsigned query_workers) { return std::max<std::ptrdiff_t>(4, 2 * std::ptrdiff_t{query_workers}); }

/// Waits for a place, and gives it back when it goes.
class ScanPlace {
 public:
  explicit ScanPlace(std::counting_semaphore<>* places) : places_(places) {
    if (places_ != nullptr) places_->acquire();
  }
  ~ScanPlace() {
    if (places_ != nullptr) places_->release();
  }
  ScanPlace(const ScanPlace&) = delete;
  ScanPlace& operator=(const ScanPlace&) = delete;

 private:
  std::counting_semaphore<>* places_;
};

std::string change_event(const std::string& tenant, std::uint64_t generation) {
  JsonText json;
  json.begin_object();
  json.member("tenant", std::string_view(tenant));
  json.member("generation", generation);
  json.end_object();
  return "event: change\ndata: " + std::move(json).take() + "\n\n";
}

/// The body of the stream: ends when the client is gone or the feed is closed.
bool send_changes(ChangeFeed::Listener& listener, const Writer& write, const Alive& alive) {
  using std::chrono::seconds;
  using std::chrono::steady_clock;
  if (!write("retry: 2000\n\n")) return false;
  auto quiet_since = steady_clock::now();
  while (!listener.closed()) {
    // Short waits, so that a page that was closed gives its place back soon.
    for (const auto& [tenant, generation] : listener.wait(seconds(1))) {
      if (!write(change_event(tenant, generation))) return false;
      quiet_since = steady_clock::now();
    }
    if (!alive()) return false;
    if (steady_clock::now() - quiet_since < seconds(15)) continue;
    if (!write(": keep-alive\n\n")) return false;
    quiet_since = steady_clock::now();
  }
  return true;
}

}  // namespace

Service::Service(model::SourceDirectory& sources, const ServerOptions& options, ChangeFeed& feed, RequestMetrics& metrics)
    : sources_(sources), options_(options), feed_(feed), metrics_(metrics),
      scans_(scans_at_once(options.query_workers)),
      extra_threads_(std::max(options.query_workers, 1U) - 1) {}

Service::Answer Service::answer(const Request& request) {
  if (!is_api_path(request.path)) return {page(options_.pages, request), "pages"};
  auto match = match_route(request.path);
  if (!match) return {problem(match.error()), "unknown"};
  if (!*match) return {problem(404, "there is no such route; docs/openapi.yaml lists them"), "unknown"};
  auto reply = dispatch(**match, request);
  if (!reply) log_error(request.path, reply.error());
  return {reply ? std::move(*reply) : problem(reply.error()), (*match)->route->pattern};
}

void Service::log_error(std::string_view where, const Error& error) const {
  if (options_.log && is_internal(error.kind())) options_.log(fmt::format("{}: {}", where, error.message()));
}

Result<Reply> Service::dispatch(const RouteMatch& match, const Request& request) {
  switch (match.route->id) {
    case RouteId::tenants: return tenants(request);
    case RouteId::stream: return stream(request);
    case RouteId::readyz: return ready();
    case RouteId::metrics: return metrics_text();
    case RouteId::healthz: {
      Reply reply;
      reply.body = R"({"status":"ok"})";
      reply.headers.emplace_back("Cache-Control", "no-store");
      return reply;
    }
    case RouteId::campaigns:
    case RouteId::campaign:
    case RouteId::query:
    case RouteId::energy:
    case RouteId::events:
    case RouteId::gaps:
    case RouteId::files:
    case RouteId::conflicts:
    case RouteId::export_text: return tenant_route(match, request);
  }
  return fail(Errc::not_found, "there is no such route");
}

/// Of one tenant, so that a damaged store does not hide the others. An error is logged.
Result<std::vector<model::CampaignSummary>> Service::campaigns_of(const model::TenantName& tenant) {
  const auto read = [&]() -> Result<std::vector<model::CampaignSummary>> {
    PV_TRY(const std::shared_ptr<model::SampleSource> source, sources_.open(tenant));
    PV_TRY(const std::unique_ptr<model::SampleSnapshot> snapshot, source->snapshot(1));
    return snapshot->campaigns();
  };
  auto campaigns = read();
  if (!campaigns) log_error("tenant " + tenant.str(), campaigns.error());
  return campaigns;
}

Result<Reply> Service::tenants(const Request& request) {
  PV_TRY_VOID(check_known(request, {}));
  PV_TRY(const std::vector<model::TenantName> names, sources_.tenants());
  JsonText json;
  json.begin_object();
  json.key("tenants");
  json.begin_array();
  for (const model::TenantName& name : names) {
    const auto campaigns = campaigns_of(name);
    json.begin_object();
    json.member("name", std::string_view(name.str()));
    if (campaigns) {
      json.member("campaigns", std::uint64_t{campaigns->size()});
    } else {
      json.member("error", public_text(campaigns.error()));
    }
    json.end_object();
  }
  json.end_array();
  json.end_object();
  Reply reply;
  reply.body = std::move(json).take();
  reply.headers.emplace_back("Cache-Control", "no-cache");
  return reply;
}

Result<Reply> Service::tenant_route(const RouteMatch& match, const Request& request) {
  PV_TRY(const model::TenantName tenant, model::TenantName::parse(match.segments.at(0)));
  std::optional<model::CampaignName> campaign;
  if (match.segments.size() > 1) {
    PV_TRY(campaign, model::CampaignName::parse(match.segments[1]));
  }
  PV_TRY(std::shared_ptr<model::SampleSource> source, sources_.open(tenant));
  PV_TRY(const std::uint64_t generation, source->generation());
  const auto zone_of = [&](const model::CampaignName& name) {
    return options_.zone_of ? options_.zone_of(tenant, name) : model::Zone::utc();
  };
  // The list of campaigns names a zone each; its generation alone does not tell when a setting changed them.
  const bool cached = campaign.has_value();
  const model::Zone zone = campaign ? zone_of(*campaign) : model::Zone::utc();
  const std::string etag = etag_of(generation, request, zone.name(), options_.version);
  if (cached && etag_matches(request.if_none_match, etag)) return not_modified(etag);

  const bool scans = match.route->id == RouteId::query || match.route->id == RouteId::energy;
  const ScanPlace place(scans ? &scans_ : nullptr);
  const ThreadAllowance::Share extra = extra_threads_.take(scans ? std::max(options_.query_workers, 1U) - 1 : 0);
  const unsigned workers = 1 + extra.threads();
  PV_TRY(std::unique_ptr<model::SampleSnapshot> snapshot, source->snapshot(workers));
  Reply reply;
  if (!campaign) {
    PV_TRY(reply, list_campaigns(request, *snapshot, [&](const model::CampaignSummary& one) {
             const auto name = model::CampaignName::parse(one.name);
             return name ? zone_of(*name) : model::Zone::utc();
           }));
  } else {
    PV_TRY(model::CampaignSummary summary, snapshot->campaign(*campaign));
    const auto log = [this, where = request.path](const Error& error) { log_error(where, error); };
    PV_TRY(reply, campaign_route(match.route->id, {request, std::move(source), std::move(snapshot), tenant,
                                                   std::move(summary), zone, workers, log}));
  }
  if (cached) reply.headers.emplace_back("ETag", etag);
  reply.headers.emplace_back("Cache-Control", "no-cache");
  reply.headers.emplace_back("Vary", "Accept, Accept-Encoding");
  return reply;
}

Result<Reply> Service::stream(const Request& request) {
  PV_TRY_VOID(check_known(request, {}));
  const auto listening = feed_.listen();
  if (!listening) {
    if (options_.log) options_.log(fmt::format("{}: {}", request.path, listening.error().message()));
    return problem(status_of(listening.error().kind()), listening.error().message());
  }
  const std::shared_ptr<ChangeFeed::Listener>& listener = *listening;
  Reply reply;
  reply.content_type = "text/event-stream";
  reply.compressible = false;
  reply.headers.emplace_back("Cache-Control", "no-store");
  reply.stream = [listener](const Writer& write, const Alive& alive) { return send_changes(*listener, write, alive); };
  return reply;
}

Result<Reply> Service::ready() {
  const auto unready = [this](std::string_view where, const Error& error) {
    log_error(where, error);
    return problem(503, fmt::format("{}: {}", where, public_text(error)));
  };
  const auto names = sources_.tenants();
  if (!names) return unready("the list of tenants", names.error());
  for (const model::TenantName& name : *names) {
    const auto source = sources_.open(name);
    if (!source) return unready("tenant " + name.str(), source.error());
    if (const auto generation = (*source)->generation(); !generation) return unready("tenant " + name.str(), generation.error());
  }
  Reply reply;
  reply.body = R"({"status":"ready"})";
  reply.headers.emplace_back("Cache-Control", "no-store");
  return reply;
}

Result<Reply> Service::metrics_text() {
  std::uint64_t unreadable = 0, campaigns = 0, samples = 0, files = 0, conflicts = 0;
  PV_TRY(const std::vector<model::TenantName> names, sources_.tenants());
  for (const model::TenantName& name : names) {
    const auto all = campaigns_of(name);
    if (!all) {
      ++unreadable;
      continue;
    }
    campaigns += all->size();
    for (const model::CampaignSummary& campaign : *all) {
      files += campaign.files;
      conflicts += campaign.conflicts;
      for (const model::LoggerSummary& logger : campaign.loggers) samples += logger.samples;
    }
  }
  std::string version;
  for (const char c : options_.version) {
    if (c != '"' && c != '\\' && c != '\n') version += c;
  }
  Reply reply;
  reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
  reply.headers.emplace_back("Cache-Control", "no-store");
  reply.body = fmt::format(
      "# HELP powerview_build_info The program's version.\n# TYPE powerview_build_info gauge\n"
      "powerview_build_info{{version=\"{}\"}} 1\n", version);
  write_gauge("powerview_tenants", "Tenants with samples.", names.size(), reply.body);
  write_gauge("powerview_tenants_unreadable", "Tenants whose samples cannot be read; the other figures leave them out.",
              unreadable, reply.body);
  write_gauge("powerview_campaigns", "Campaigns of all tenants.", campaigns, reply.body);
  write_gauge("powerview_samples", "Samples stored.", samples, reply.body);
  write_gauge("powerview_files", "Files stored.", files, reply.body);
  write_gauge("powerview_conflicts", "Cells for which files disagree.", conflicts, reply.body);
  write_gauge("powerview_stream_listeners", "Open streams of changes.", feed_.listeners(), reply.body);
  metrics_.write(reply.body);
  return reply;
}

}  // namespace pv::api
