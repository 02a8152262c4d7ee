/// Companies, their settings, and the audit trail.
#include <limits>

#include "api/access.h"
#include "api/json_body.h"
#include "api/json_text.h"
#include "api/noun_routes.h"
#include "api/parameters.h"
#include "api/problem.h"
#include "api/standing.h"

namespace pv::api {
namespace {

constexpr std::int64_t kLargestQuota = std::numeric_limits<std::int64_t>::max();

/// The members zone, expected_step and quota.
void write_settings(const tenancy::ScopeSettings& settings, JsonText& json) {
  json.member("zone", settings.zone ? std::optional(std::string_view(*settings.zone)) : std::nullopt);
  json.member("expected_step", settings.expected_step_s);
  json.member("quota", settings.quota_bytes);
}

Result<tenancy::ScopeSettings> settings_of(const JsonBody& body) {
  tenancy::ScopeSettings settings;
  PV_TRY(settings.zone, body.optional_text("zone"));
  PV_TRY(settings.expected_step_s, body.optional_integer("expected_step", 1, 86'400));
  PV_TRY(const auto quota, body.optional_integer("quota", 0, kLargestQuota));
  if (quota) settings.quota_bytes = static_cast<std::uint64_t>(*quota);
  return settings;
}

/// What the registry knows of a company; nothing for one that has samples only.
Result<std::optional<tenancy::Tenant>> registered(Call& call) {
  auto tenant = call.registry.tenant(call.tenant());
  if (tenant) return std::optional<tenancy::Tenant>(std::move(*tenant));
  if (tenant.error().kind() == Errc::not_found) return std::optional<tenancy::Tenant>();
  return fail(std::move(tenant).error());
}

Result<Reply> company_reply(Call& call, int status) {
  PV_TRY(const auto tenant, registered(call));
  JsonText json;
  json.begin_object();
  json.member("name", std::string_view(call.tenant().str()));
  json.member("standing", tenancy::to_string(tenant ? tenant->standing : tenancy::Standing::active));
  json.member("registered", tenant.has_value());
  json.member_or_null("created", tenant ? tenant->created_s : 0);
  json.key("settings");
  json.begin_object();
  write_settings(tenant ? tenant->settings : tenancy::ScopeSettings{}, json);
  json.end_object();
  json.key("quota_used");
  if (call.options.bytes_used) {
    PV_TRY(const std::uint64_t used, call.options.bytes_used(call.tenant()));
    json.value(used);
  } else {
    json.null();
  }
  json.end_object();
  return json_reply(std::move(json).take(), status);
}

Result<void> require_registered(Call& call) {
  PV_TRY(const auto tenant, registered(call));
  if (tenant) return {};
  return fail(Errc::conflict, "company " + call.tenant().str() + " has samples but was never created; create it first");
}

}  // namespace

Result<Reply> create_company(Call& call) {
  PV_TRY(const JsonBody body, JsonBody::parse(call.body, {"name", "zone", "expected_step", "quota"}));
  PV_TRY(const std::string name, body.text("name"));
  PV_TRY(call.company, model::TenantName::parse(name));
  PV_TRY(const tenancy::ScopeSettings settings, settings_of(body));
  PV_TRY_VOID(call.registry.create_tenant(call.tenant(), settings, call.actor()));
  return company_reply(call, 201);
}

Result<Reply> show_company(Call& call) {
  PV_TRY_VOID(check_known(call.request, {}));
  return company_reply(call, 200);
}

Result<Reply> change_company(Call& call) {
  PV_TRY(const JsonBody body, JsonBody::parse(call.body, {"standing"}));
  PV_TRY(const auto standing, standing_of(body));
  PV_TRY_VOID(require_registered(call));
  if (standing) PV_TRY_VOID(call.registry.set_standing(call.tenant(), *standing, call.actor()));
  return company_reply(call, 200);
}

Result<Reply> remove_company(Call& call) {
  PV_TRY_VOID(require_registered(call));
  PV_TRY_VOID(call.registry.remove_tenant(call.tenant(), call.actor()));
  return no_content();
}

Result<Reply> list_settings(Call& call) {
  PV_TRY_VOID(check_known(call.request, {}));
  PV_TRY(const std::vector<tenancy::ScopedSettings> all, call.registry.settings(call.tenant()));
  JsonText json;
  json.begin_object();
  json.key("settings");
  json.begin_array();
  for (const tenancy::ScopedSettings& one : all) {
    const tenancy::Scope& scope = one.scope;
    json.begin_object();
    json.member("campaign", scope.campaign ? std::optional(std::string_view(scope.campaign->str())) : std::nullopt);
    json.member("device", scope.device ? std::optional(std::string_view(scope.device->str())) : std::nullopt);
    write_settings(one.settings, json);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json_reply(std::move(json).take());
}

Result<Reply> change_settings(Call& call) {
  PV_TRY(const JsonBody body, JsonBody::parse(call.body, {"campaign", "device", "zone", "expected_step", "quota"}));
  tenancy::Scope scope{call.tenant(), std::nullopt, std::nullopt};
  PV_TRY(const auto campaign, body.optional_text("campaign"));
  PV_TRY(const auto device, body.optional_text("device"));
  if (campaign) {
    PV_TRY(scope.campaign, model::CampaignName::parse(*campaign));
  }
  if (device) {
    PV_TRY(scope.device, model::DeviceName::parse(*device));
  }
  std::vector<std::string> clear;
  for (const char* name : {"zone", "expected_step", "quota"}) {
    if (!body.has(name)) return fail(Errc::invalid_input, std::string("member \"") + name + "\": it must be given; null unsets it");
    if (body.is_null(name)) clear.emplace_back(name);
  }
  PV_TRY(const tenancy::ScopeSettings settings, settings_of(body));
  PV_TRY_VOID(require_registered(call));
  PV_TRY_VOID(call.registry.set_settings(scope, settings, clear, call.actor()));
  return no_content();
}

Result<Reply> list_audit(Call& call) {
  PV_TRY_VOID(check_known(call.request, {"limit"}));
  PV_TRY(const auto limit, int_param(call.request, "limit", 1, 2000));
  PV_TRY(const std::vector<tenancy::AuditEntry> entries,
         call.registry.audit(call.company, static_cast<std::size_t>(limit.value_or(200))));
  JsonText json;
  json.begin_object();
  json.key("entries");
  json.begin_array();
  for (const tenancy::AuditEntry& entry : entries) {
    json.begin_object();
    json.member("time", entry.time_s);
    json.member("who", std::string_view(entry.who));
    json.member("address", std::string_view(entry.address));
    json.member("action", std::string_view(entry.action));
    json.member("subject", std::string_view(entry.subject));
    json.member("detail", std::string_view(entry.detail));
    if (!call.company) json.member("tenant", std::string_view(entry.tenant));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json_reply(std::move(json).take());
}

}  // namespace pv::api
