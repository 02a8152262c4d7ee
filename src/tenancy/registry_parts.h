#pragma once
/// What a Registry is made of, and the steps that several of its sources take. Nobody else includes this.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tenancy/book.h"
#include "tenancy/password.h"
#include "tenancy/registry.h"
#include "tenancy/throttle.h"

namespace pv::tenancy {

struct Registry::Parts {
  std::unique_ptr<Book> book;
  PasswordHasher hasher;
  Throttle user_attempts;
  Throttle sftp_attempts;
};

/// How old "last seen" may grow before it is written again.
constexpr std::int64_t kSeenEvery_s = 60;
/// Where the file cannot be read, a refusal says to come back after this.
constexpr std::int64_t kBusyRetry_s = 5;

/// A name of 1 to 64 characters: digits, small letters, '.', '_', '-', and those of `more`. Errors: invalid_input.
[[nodiscard]] Result<void> check_account_name(std::string_view what, std::string_view name, std::string_view more);

/// Errors: not_found: nobody has created this tenant.
[[nodiscard]] Result<void> require_tenant(Turn& turn, const model::TenantName& tenant);

[[nodiscard]] Standing standing_in(const Query& query, int column);
[[nodiscard]] Result<model::TenantName> tenant_in(const Query& query, int column);
[[nodiscard]] Result<std::optional<model::TenantName>> tenant_or_none_in(const Query& query, int column);
[[nodiscard]] std::string text_of(const std::optional<model::TenantName>& tenant);                   // "" for none
[[nodiscard]] std::optional<std::string> text_or_none(const std::optional<model::TenantName>& tenant);

/// "user.enable", "user.disable", …
[[nodiscard]] std::string standing_action(std::string_view noun, Standing standing);

// Columns and what is made of their row.
inline constexpr std::string_view kUserColumns =
    "id, name, tenant, role, standing, totp_secret IS NOT NULL, must_change_password, created_s, last_sign_in_s";
[[nodiscard]] Result<User> user_in(const Query& query);
/// Errors: not_found.
[[nodiscard]] Result<User> require_user(Turn& turn, std::int64_t id);

/// Ends a user's sessions but one.
[[nodiscard]] Result<void> end_sessions(Turn& turn, std::int64_t user_id, std::optional<std::int64_t> but);

}  // namespace pv::tenancy
