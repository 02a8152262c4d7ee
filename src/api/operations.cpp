/// The list of companies, the stream of changes, and what whoever runs the server asks for: readiness and metrics.
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "api/json_text.h"
#include "api/parameters.h"
#include "api/problem.h"
#include "api/service.h"

namespace pv::api {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kKeepAlive{15};
constexpr seconds kLookWhoListens{5};  // how long a session that has ended may go on listening

std::string event_text(std::string_view kind, JsonText&& json) {
  return fmt::format("event: {}\ndata: {}\n\n", kind, std::move(json).take());
}

std::string change_event(const std::string& tenant, std::uint64_t generation) {
  JsonText json;
  json.begin_object();
  json.member("tenant", std::string_view(tenant));
  json.member("generation", generation);
  json.end_object();
  return event_text("change", std::move(json));
}

std::string arrivals_event(const std::string& tenant) {
  JsonText json;
  json.begin_object();
  json.member("tenant", std::string_view(tenant));
  json.end_object();
  return event_text("arrivals", std::move(json));
}

/// The body of the stream: ends when the client is gone, may listen no more, or the feed is closed.
bool send_changes(ChangeFeed::Listener& listener, const std::function<bool()>& may_listen, const Writer& write, const Alive& alive) {
  if (!write("retry: 2000\n\n")) return false;
  auto quiet_since = steady_clock::now();
  auto looked_at = quiet_since;
  while (!listener.closed()) {
    // Short waits, so that a page that was closed gives its place back soon.
    const ChangeFeed::Changes changes = listener.wait(seconds(1));
    if (steady_clock::now() - looked_at >= kLookWhoListens) {
      if (!may_listen()) return true;
      looked_at = steady_clock::now();
    }
    for (const auto& [tenant, generation] : changes.generations) {
      if (!write(change_event(tenant, generation))) return false;
    }
    for (const std::string& tenant : changes.arrivals) {
      if (!write(arrivals_event(tenant))) return false;
    }
    if (!changes.empty()) quiet_since = steady_clock::now();
    if (!alive()) return false;
    if (steady_clock::now() - quiet_since < kKeepAlive) continue;
    if (!write(": keep-alive\n\n")) return false;
    quiet_since = steady_clock::now();
  }
  return true;
}

bool is_same_caller(const Caller& a, const Caller& b) {
  return a.identity.name == b.identity.name && a.identity.tenant == b.identity.tenant && a.identity.session_id == b.identity.session_id;
}

}  // namespace

/// Of one tenant, so that a damaged store does not hide the others. An error is logged.
Result<std::vector<model::CampaignSummary>> Service::campaigns_of(const model::TenantName& tenant) {
  const auto read = [&]() -> Result<std::vector<model::CampaignSummary>> {
    PV_TRY(const std::shared_ptr<model::SampleSource> source, sources_.open(tenant));
    PV_TRY(const std::unique_ptr<model::SampleSnapshot> snapshot, source->snapshot(1));
    return snapshot->campaigns();
  };
  auto campaigns = read();
  if (!campaigns && campaigns.error().kind() == Errc::not_found) return std::vector<model::CampaignSummary>();  // it has sent nothing yet
  if (!campaigns) log_error("tenant " + tenant.str(), campaigns.error());
  return campaigns;
}

Result<Reply> Service::tenants(Call& call) {
  PV_TRY_VOID(check_known(call.request, {}));
  const tenancy::Identity& who = call.caller->identity;
  std::map<model::TenantName, std::optional<tenancy::Standing>> all;  // none: never created
  if (who.tenant) {
    auto own = call.registry.tenant(*who.tenant);
    if (!own && own.error().kind() != Errc::not_found) return fail(std::move(own).error());
    all.emplace(*who.tenant, own ? std::optional(own->standing) : std::nullopt);
  } else {
    const auto with_samples = sources_.tenants();
    PV_TRY(const std::vector<tenancy::Tenant> registered, call.registry.tenants());
    // Those that are registered are known wherever the samples are; each then says itself that it cannot be read.
    if (!with_samples && registered.empty()) return fail(with_samples.error());
    if (!with_samples) log_error("the list of tenants", with_samples.error());
    if (with_samples) {
      for (const model::TenantName& name : *with_samples) all.emplace(name, std::nullopt);
    }
    for (const tenancy::Tenant& tenant : registered) all[tenant.name] = tenant.standing;
  }
  JsonText json;
  json.begin_object();
  json.key("tenants");
  json.begin_array();
  for (const auto& [name, standing] : all) {
    const auto campaigns = campaigns_of(name);
    json.begin_object();
    json.member("name", std::string_view(name.str()));
    if (campaigns) {
      json.member("campaigns", std::uint64_t{campaigns->size()});
    } else {
      json.member("error", public_text(campaigns.error()));
    }
    json.member("standing", tenancy::to_string(standing.value_or(tenancy::Standing::active)));
    json.member("registered", standing.has_value());
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json_reply(std::move(json).take());
}

Result<Reply> Service::stream(Call& call) {
  PV_TRY_VOID(check_known(call.request, {}));
  const std::optional<model::TenantName>& tenant = call.caller->identity.tenant;
  const auto listening = feed_.listen(tenant ? std::optional(tenant->str()) : std::nullopt);
  if (!listening) {
    if (options_.log) options_.log(fmt::format("{}: {}", call.request.path, listening.error().message()));
    return problem(status_of(listening.error().kind()), listening.error().message());
  }
  // The request is gone by the time the body is sent; what tells who asks is kept.
  auto credentials = std::make_shared<Request>();
  credentials->headers = call.request.headers;
  const auto may_listen = [this, credentials, caller = *call.caller] {
    const auto now = gate_.identify(*credentials);
    return now && is_same_caller(*now, caller);
  };
  Reply reply;
  reply.content_type = "text/event-stream";
  reply.compressible = false;
  reply.headers.emplace_back("Cache-Control", "no-store");
  reply.stream = [listener = *listening, may_listen](const Writer& write, const Alive& alive) {
    return send_changes(*listener, may_listen, write, alive);
  };
  return reply;
}

/// Names of companies are for administrators only.
Result<Reply> Service::ready(Call& call) {
  const auto caller = gate_.identify(call.request);
  const bool may_know = caller && caller->identity.role == tenancy::Role::admin;
  const auto unready = [&](const std::string& where, const Error& error) {
    log_error(where, error);
    return problem(503, fmt::format("{}: {}", may_know ? where : "something", public_text(error)));
  };
  const auto names = sources_.tenants();
  if (!names) return unready("the list of tenants", names.error());
  for (const model::TenantName& name : *names) {
    const auto source = sources_.open(name);
    if (!source) return unready("tenant " + name.str(), source.error());
    if (const auto generation = (*source)->generation(); !generation) return unready("tenant " + name.str(), generation.error());
  }
  return json_reply(R"({"status":"ready"})");
}

Result<Reply> Service::metrics_text() {
  std::uint64_t unreadable = 0, campaigns = 0, samples = 0, files = 0, conflicts = 0;
  const auto names = sources_.tenants();
  if (!names) log_error("the list of tenants", names.error());
  for (const model::TenantName& name : names ? *names : std::vector<model::TenantName>()) {
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
  // A place of samples that is away makes these figures absent, not zero, and takes no other with it.
  if (names) {
    write_gauge("powerview_tenants", "Tenants with samples.", names->size(), reply.body);
    write_gauge("powerview_tenants_unreadable", "Tenants whose samples cannot be read; the other figures leave them out.",
                unreadable, reply.body);
    write_gauge("powerview_campaigns", "Campaigns of all tenants.", campaigns, reply.body);
    write_gauge("powerview_samples", "Samples stored.", samples, reply.body);
    write_gauge("powerview_files", "Files stored.", files, reply.body);
    write_gauge("powerview_conflicts", "Cells for which files disagree.", conflicts, reply.body);
  }
  write_gauge("powerview_stream_listeners", "Open streams of changes.", feed_.listeners(), reply.body);
  metrics_.write(reply.body);
  if (options_.more_metrics) options_.more_metrics(reply.body);
  return reply;
}

}  // namespace pv::api
