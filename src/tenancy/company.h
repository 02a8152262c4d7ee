#pragma once
/// Companies (tenants), their settings, and whose doing a change is.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/names.h"

namespace pv::tenancy {

/// Whose doing a change is, for the audit trail.
struct Actor {
  std::string name;     // "alice", "token nightly", "command line"
  std::string address;  // "" for the command line
};

enum class Standing : std::uint8_t { active, disabled };
[[nodiscard]] std::string_view to_string(Standing standing) noexcept;

/// Settings that a tenant, one of its campaigns or one device there can have; the narrowest that is set counts.
struct ScopeSettings {
  std::optional<std::string> zone;              // IANA name, checked
  std::optional<std::int64_t> expected_step_s;  // 1 s to 1 day
  std::optional<std::uint64_t> quota_bytes;     // of all files of the tenant or campaign, below 2^63; 0: none may come
};

struct Scope {
  model::TenantName tenant;
  std::optional<model::CampaignName> campaign;
  std::optional<model::DeviceName> device;  // only with a campaign
};

struct Tenant {
  model::TenantName name;
  Standing standing = Standing::active;
  ScopeSettings settings;  // its own
  std::int64_t created_s = 0;
};

struct ScopedSettings {
  Scope scope;
  ScopeSettings settings;
};

/// One line of the audit trail.
struct AuditEntry {
  std::int64_t time_s = 0;
  std::string who, address, action, subject, detail;  // action: "user.create", "file.accept", "sign_in", "sign_in.refused", …
  std::string tenant;  // "" when it concerns no tenant
};

}  // namespace pv::tenancy
