#include "app/zones.h"

#include <array>

namespace pv::app {
namespace {

enum class Nearness : std::uint8_t { device, campaign, tenant };

const CampaignSettings* campaign_in(const Settings& settings, const model::TenantName& tenant, const model::CampaignName& campaign) {
  const auto of_tenant = settings.tenants.find(tenant.str());
  if (of_tenant == settings.tenants.end()) return nullptr;
  const auto found = of_tenant->second.campaigns.find(campaign.str());
  return found == of_tenant->second.campaigns.end() ? nullptr : &found->second;
}

std::optional<std::string> zone_in_file(const Settings& settings, Nearness level, const model::TenantName& tenant, const model::CampaignName& campaign,
                                        const model::DeviceName* device) {
  const auto name_of = [](const std::optional<model::Zone>& zone) { return zone ? std::optional(zone->name()) : std::nullopt; };
  const CampaignSettings* of_campaign = campaign_in(settings, tenant, campaign);
  switch (level) {
    case Nearness::device: {
      if (of_campaign == nullptr || device == nullptr) return std::nullopt;
      const auto found = of_campaign->devices.find(device->str());
      return found == of_campaign->devices.end() ? std::nullopt : name_of(found->second.zone);
    }
    case Nearness::campaign: return of_campaign == nullptr ? std::nullopt : name_of(of_campaign->zone);
    case Nearness::tenant: {
      const auto found = settings.tenants.find(tenant.str());
      return found == settings.tenants.end() ? std::nullopt : name_of(found->second.zone);
    }
  }
  return std::nullopt;
}

bool is_of(const tenancy::Scope& scope, Nearness level, const model::CampaignName& campaign, const model::DeviceName* device) {
  switch (level) {
    case Nearness::device: return device != nullptr && scope.campaign == campaign && scope.device == *device;
    case Nearness::campaign: return scope.campaign == campaign && !scope.device;
    case Nearness::tenant: return !scope.campaign;
  }
  return false;
}

}  // namespace

std::vector<tenancy::ScopedSettings> Zones::scopes_of(const model::TenantName& tenant) const {
  if (registry_ == nullptr) return {};
  constexpr std::chrono::seconds kFresh{1};
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(tenant);
    if (known != known_.end() && now - known->second.read_at < kFresh) return known->second.scopes;
  }
  auto scopes = registry_->settings(tenant);
  const std::lock_guard lock(mutex_);
  Known& known = known_[tenant];
  known.read_at = now;
  if (scopes) known.scopes = std::move(*scopes);
  return known.scopes;
}

template <class T, class FromFile>
std::optional<T> Zones::narrowest(const model::TenantName& tenant, const model::CampaignName& campaign, const model::DeviceName* device,
                                  std::optional<T> tenancy::ScopeSettings::*member, const FromFile& from_file) const {
  const std::vector<tenancy::ScopedSettings> scopes = scopes_of(tenant);
  for (const Nearness level : {Nearness::device, Nearness::campaign, Nearness::tenant}) {
    if (std::optional<T> found = from_file(level)) return found;
    for (const tenancy::ScopedSettings& scope : scopes) {
      if (is_of(scope.scope, level, campaign, device) && scope.settings.*member) return scope.settings.*member;
    }
  }
  return std::nullopt;
}

model::Zone Zones::zone_of(const ingest::Place& place) const {
  if (settings_->zone_for_all) return settings_->zone;
  const auto name = narrowest<std::string>(place.tenant, place.campaign, &place.device, &tenancy::ScopeSettings::zone,
                                           [&](Nearness level) { return zone_in_file(*settings_, level, place.tenant, place.campaign, &place.device); });
  if (!name) return settings_->zone;
  auto zone = model::Zone::from_name(*name);
  return zone ? std::move(*zone) : settings_->zone;
}

model::Zone Zones::zone_of(const model::TenantName& tenant, const model::CampaignName& campaign) const {
  if (settings_->zone_for_all) return settings_->zone;
  const auto name = narrowest<std::string>(tenant, campaign, nullptr, &tenancy::ScopeSettings::zone,
                                           [&](Nearness level) { return zone_in_file(*settings_, level, tenant, campaign, nullptr); });
  if (!name) return settings_->zone;
  auto zone = model::Zone::from_name(*name);
  return zone ? std::move(*zone) : settings_->zone;
}

ingest::Quotas Zones::quotas_of(const model::Place& place) const {
  ingest::Quotas quotas;
  for (const tenancy::ScopedSettings& scope : scopes_of(place.tenant)) {
    if (!scope.settings.quota_bytes) continue;
    if (is_of(scope.scope, Nearness::tenant, place.campaign, &place.device)) quotas.of_tenant = scope.settings.quota_bytes;
    if (is_of(scope.scope, Nearness::campaign, place.campaign, &place.device)) quotas.of_campaign = scope.settings.quota_bytes;
    if (is_of(scope.scope, Nearness::device, place.campaign, &place.device)) quotas.of_device = scope.settings.quota_bytes;
  }
  return quotas;
}

model::ExpectedSteps Zones::expected_steps_of(const model::TenantName& tenant, const model::CampaignName& campaign) const {
  model::ExpectedSteps steps;
  for (const tenancy::ScopedSettings& scope : scopes_of(tenant)) {
    if (!scope.settings.expected_step_s) continue;
    if (is_of(scope.scope, Nearness::campaign, campaign, nullptr)) steps.of_campaign = scope.settings.expected_step_s;
    if (is_of(scope.scope, Nearness::tenant, campaign, nullptr) && !steps.of_campaign) steps.of_campaign = scope.settings.expected_step_s;
    if (scope.scope.campaign == campaign && scope.scope.device) steps.of_device[scope.scope.device->str()] = *scope.settings.expected_step_s;
  }
  return steps;
}

}  // namespace pv::app
