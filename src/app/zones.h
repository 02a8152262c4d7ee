#pragma once
/// The settings of a company, a campaign and a device from both places they can be made: the settings file, which the
/// machine's administrator keeps, and the registry, which the pages and the commands change. At each level the file counts over the
/// registry; the narrowest level at which one of them says something counts.
/// What the registry says is read again after a second at the latest.
///   Threads: safe.

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "app/settings.h"
#include "ingest/layout.h"
#include "ingest/usage.h"
#include "model/rhythm.h"
#include "tenancy/registry.h"

namespace pv::app {

class Zones {
 public:
  /// Borrows both. Without a registry the file alone counts.
  Zones(const Settings& settings, tenancy::Registry* registry) : settings_(&settings), registry_(registry) {}

  /// Of files that do not say their own. A registry that cannot be read is passed over.
  [[nodiscard]] model::Zone zone_of(const ingest::Place& place) const;
  /// Whose days a campaign is shown in.
  [[nodiscard]] model::Zone zone_of(const model::TenantName& tenant, const model::CampaignName& campaign) const;
  /// Distances between rows that a campaign's devices are set to.
  [[nodiscard]] model::ExpectedSteps expected_steps_of(const model::TenantName& tenant, const model::CampaignName& campaign) const;
  /// Most bytes that files may take there, each level for itself. A registry that cannot be read is passed over.
  [[nodiscard]] ingest::Quotas quotas_of(const model::Place& place) const;

 private:
  struct Known {
    std::chrono::steady_clock::time_point read_at;
    std::vector<tenancy::ScopedSettings> scopes;
  };
  template <class T, class FromFile>
  std::optional<T> narrowest(const model::TenantName& tenant, const model::CampaignName& campaign, const model::DeviceName* device,
                             std::optional<T> tenancy::ScopeSettings::*member, const FromFile& from_file) const;
  [[nodiscard]] std::vector<tenancy::ScopedSettings> scopes_of(const model::TenantName& tenant) const;

  const Settings* settings_;
  tenancy::Registry* registry_;
  mutable std::mutex mutex_;
  mutable std::map<model::TenantName, Known> known_;
};

}  // namespace pv::app
