#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "model/zone.h"
#include "tenancy/registry_parts.h"

namespace pv::tenancy {
namespace {

constexpr std::int64_t kLongestStep_s = 86'400;
constexpr std::array<std::string_view, 3> kSettingNames = {"zone", "expected_step", "quota"};

std::string shown(const Scope& scope) {
  std::string text = scope.tenant.str();
  if (scope.campaign) text += "/" + scope.campaign->str();
  if (scope.device) text += "/" + scope.device->str();
  return text;
}

std::string campaign_text(const Scope& scope) { return scope.campaign ? scope.campaign->str() : std::string(); }
std::string device_text(const Scope& scope) { return scope.device ? scope.device->str() : std::string(); }

Result<void> check_settings(const Scope& scope, const ScopeSettings& settings) {
  const auto refuse = [&](std::string_view why) { return fail(Errc::invalid_input, fmt::format("settings of {}: {}", shown(scope), why)); };
  if (scope.device && !scope.campaign) return refuse("a device is named within a campaign; name that, too");
  if (settings.zone) {
    auto zone = model::Zone::from_name(*settings.zone);
    if (!zone) return fail(Errc::invalid_input, fmt::format("settings of {}: {}", shown(scope), zone.error().message()));
  }
  if (settings.expected_step_s && (*settings.expected_step_s < 1 || *settings.expected_step_s > kLongestStep_s)) {
    return refuse("the expected step is 1 s to 1 day");
  }
  if (settings.quota_bytes && scope.device) return refuse("a quota is a company's or a campaign's");
  if (settings.quota_bytes && *settings.quota_bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return refuse("the quota is below 2^63 bytes");
  }
  return {};
}

Result<void> check_clear(const ScopeSettings& settings, const std::vector<std::string>& clear) {
  for (const std::string& name : clear) {
    if (std::find(kSettingNames.begin(), kSettingNames.end(), name) == kSettingNames.end()) {
      return fail(Errc::invalid_input, "settings that can be unset are zone, expected_step and quota");
    }
    const bool also_set = (name == "zone" && settings.zone) || (name == "expected_step" && settings.expected_step_s) ||
                          (name == "quota" && settings.quota_bytes);
    if (also_set) return fail(Errc::invalid_input, fmt::format("{} is both set and unset; say one", name));
  }
  return {};
}

/// The settings in a row, from `column` on: zone, expected_step_s, quota_bytes.
ScopeSettings settings_in(const Query& query, int column) {
  ScopeSettings settings;
  const Statement& row = query.row();
  if (!row.is_null(column)) settings.zone = row.text(column);
  if (!row.is_null(column + 1)) settings.expected_step_s = row.integer(column + 1);
  if (!row.is_null(column + 2)) settings.quota_bytes = static_cast<std::uint64_t>(row.integer(column + 2));
  return settings;
}

Result<ScopeSettings> own_settings(Turn& turn, const Scope& scope) {
  PV_TRY(Query query, turn.query("SELECT zone, expected_step_s, quota_bytes FROM setting WHERE tenant=? AND campaign=? AND device=?"));
  query.text(scope.tenant.str()).text(campaign_text(scope)).text(device_text(scope));
  PV_TRY(const bool row, query.next());
  return row ? settings_in(query, 0) : ScopeSettings{};
}

Result<void> put_settings(Turn& turn, const Scope& scope, const ScopeSettings& settings) {
  if (!settings.zone && !settings.expected_step_s && !settings.quota_bytes) {
    PV_TRY(Query remove, turn.query("DELETE FROM setting WHERE tenant=? AND campaign=? AND device=?"));
    return remove.text(scope.tenant.str()).text(campaign_text(scope)).text(device_text(scope)).run();
  }
  PV_TRY(Query put, turn.query("INSERT OR REPLACE INTO setting(tenant, campaign, device, zone, expected_step_s, quota_bytes) "
                               "VALUES(?,?,?,?,?,?)"));
  put.text(scope.tenant.str()).text(campaign_text(scope)).text(device_text(scope));
  put.text_or_null(settings.zone).number_or_null(settings.expected_step_s);
  put.number_or_null(settings.quota_bytes ? std::optional(static_cast<std::int64_t>(*settings.quota_bytes)) : std::nullopt);
  return put.run();
}

std::string changes_text(const ScopeSettings& settings, const std::vector<std::string>& clear) {
  std::vector<std::string> parts;
  if (settings.zone) parts.push_back("zone " + *settings.zone);
  if (settings.expected_step_s) parts.push_back(fmt::format("expected_step {} s", *settings.expected_step_s));
  if (settings.quota_bytes) parts.push_back(fmt::format("quota {} bytes", *settings.quota_bytes));
  for (const std::string& name : clear) parts.push_back(name + " unset");
  return fmt::format("{}", fmt::join(parts, ", "));
}

constexpr const char* kTenantsWith =
    "SELECT t.name, t.standing, t.created_s, s.zone, s.expected_step_s, s.quota_bytes FROM tenant t "
    "LEFT JOIN setting s ON s.tenant=t.name AND s.campaign='' AND s.device=''";

Result<Tenant> tenant_at(const Query& query) {
  PV_TRY(auto name, tenant_in(query, 0));
  return Tenant{.name = std::move(name),
                .standing = standing_in(query, 1),
                .settings = settings_in(query, 3),
                .created_s = query.row().integer(2)};
}

}  // namespace

Result<Tenant> Registry::create_tenant(const model::TenantName& name, const ScopeSettings& settings, const Actor& by) {
  const Scope scope{.tenant = name, .campaign = {}, .device = {}};
  PV_TRY_VOID(check_settings(scope, settings));
  PV_TRY(auto turn, parts_->book->write());
  if (require_tenant(turn, name)) return fail(Errc::conflict, fmt::format("company {}: it exists already", name.str()));
  {
    PV_TRY(Query insert, turn.query("INSERT INTO tenant(name, standing, created_s) VALUES(?,'active',?)"));
    PV_TRY_VOID(insert.text(name.str()).number(turn.now_s()).run());
  }
  PV_TRY_VOID(put_settings(turn, scope, settings));
  PV_TRY_VOID(turn.note(by, {.action = "tenant.create", .subject = name.str(), .detail = changes_text(settings, {}), .tenant = name.str()}));
  PV_TRY_VOID(turn.commit());
  return Tenant{.name = name, .standing = Standing::active, .settings = settings, .created_s = turn.now_s()};
}

Result<std::vector<Tenant>> Registry::tenants() {
  PV_TRY(auto turn, parts_->book->read());
  PV_TRY(Query query, turn.query(std::string(kTenantsWith) + " ORDER BY t.name"));
  std::vector<Tenant> tenants;
  while (true) {
    PV_TRY(const bool row, query.next());
    if (!row) return tenants;
    PV_TRY(auto tenant, tenant_at(query));
    tenants.push_back(std::move(tenant));
  }
}

Result<Tenant> Registry::tenant(const model::TenantName& name) {
  PV_TRY(auto turn, parts_->book->read());
  PV_TRY_VOID(require_tenant(turn, name));
  PV_TRY(Query query, turn.query(std::string(kTenantsWith) + " WHERE t.name=?"));
  PV_TRY_VOID(query.text(name.str()).next());
  return tenant_at(query);
}

Result<void> Registry::set_standing(const model::TenantName& name, Standing standing, const Actor& by) {
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY_VOID(require_tenant(turn, name));
  {
    PV_TRY(Query update, turn.query("UPDATE tenant SET standing=?1 WHERE name=?2 AND standing<>?1"));
    PV_TRY_VOID(update.text(to_string(standing)).text(name.str()).run());
  }
  PV_TRY(const std::int64_t changed, turn.changed());
  if (changed == 0) return {};
  if (standing == Standing::disabled) {
    PV_TRY(Query end, turn.query("DELETE FROM session WHERE user IN (SELECT id FROM user WHERE tenant=?)"));
    PV_TRY_VOID(end.text(name.str()).run());
  }
  PV_TRY_VOID(turn.note(by, {.action = standing_action("tenant", standing), .subject = name.str(), .tenant = name.str()}));
  return turn.commit();
}

Result<void> Registry::remove_tenant(const model::TenantName& name, const Actor& by) {
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY_VOID(require_tenant(turn, name));
  {
    PV_TRY(Query remove, turn.query("DELETE FROM tenant WHERE name=?"));
    PV_TRY_VOID(remove.text(name.str()).run());
  }
  PV_TRY_VOID(turn.note(by, {.action = "tenant.remove", .subject = name.str(), .tenant = name.str()}));
  return turn.commit();
}

Result<void> Registry::set_settings(const Scope& scope, const ScopeSettings& settings, const std::vector<std::string>& clear, const Actor& by) {
  PV_TRY_VOID(check_settings(scope, settings));
  PV_TRY_VOID(check_clear(settings, clear));
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY_VOID(require_tenant(turn, scope.tenant));
  PV_TRY(ScopeSettings now, own_settings(turn, scope));
  for (const std::string& name : clear) {
    if (name == "zone") now.zone.reset();
    if (name == "expected_step") now.expected_step_s.reset();
    if (name == "quota") now.quota_bytes.reset();
  }
  if (settings.zone) now.zone = settings.zone;
  if (settings.expected_step_s) now.expected_step_s = settings.expected_step_s;
  if (settings.quota_bytes) now.quota_bytes = settings.quota_bytes;
  PV_TRY_VOID(put_settings(turn, scope, now));
  PV_TRY_VOID(turn.note(by, {.action = "settings.change",
                             .subject = shown(scope),
                             .detail = changes_text(settings, clear),
                             .tenant = scope.tenant.str()}));
  return turn.commit();
}

Result<std::vector<ScopedSettings>> Registry::settings(const model::TenantName& tenant) {
  PV_TRY(auto turn, parts_->book->read());
  PV_TRY(Query query, turn.query("SELECT campaign, device, zone, expected_step_s, quota_bytes FROM setting WHERE tenant=? "
                                 "ORDER BY campaign, device"));
  query.text(tenant.str());
  std::vector<ScopedSettings> all;
  while (true) {
    PV_TRY(const bool row, query.next());
    if (!row) return all;
    Scope scope{.tenant = tenant, .campaign = {}, .device = {}};
    if (!query.row().text(0).empty()) {
      PV_TRY(scope.campaign, model::CampaignName::parse(query.row().text(0)));
    }
    if (!query.row().text(1).empty()) {
      PV_TRY(scope.device, model::DeviceName::parse(query.row().text(1)));
    }
    all.push_back({.scope = std::move(scope), .settings = settings_in(query, 2)});
  }
}

Result<ScopeSettings> Registry::settings_for(const Scope& scope) {
  PV_TRY(auto turn, parts_->book->read());
  // The tenant's own row, the campaign's, the device's: the later one counts.
  PV_TRY(Query query, turn.query("SELECT zone, expected_step_s, quota_bytes FROM setting WHERE tenant=?1 AND "
                                 "(campaign='' OR (campaign=?2 AND device IN ('', ?3))) ORDER BY campaign, device"));
  query.text(scope.tenant.str()).text(campaign_text(scope)).text(device_text(scope));
  ScopeSettings counting;
  while (true) {
    PV_TRY(const bool row, query.next());
    if (!row) return counting;
    ScopeSettings narrower = settings_in(query, 0);
    if (narrower.zone) counting.zone = std::move(narrower.zone);
    if (narrower.expected_step_s) counting.expected_step_s = narrower.expected_step_s;
    if (narrower.quota_bytes) counting.quota_bytes = narrower.quota_bytes;
  }
}

}  // namespace pv::tenancy
