#pragma once
/// People, their sessions, and what signing in asks and answers. Times are Unix seconds, UTC.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "model/names.h"
#include "tenancy/company.h"

namespace pv::tenancy {

enum class Role : std::uint8_t { admin, owner, editor, viewer };
[[nodiscard]] std::string_view to_string(Role role) noexcept;
[[nodiscard]] std::optional<Role> role_of(std::string_view text) noexcept;

struct User {
  std::int64_t id = 0;
  std::string name;                         // 1 to 64 of [a-z0-9._@-], unique in the installation
  std::optional<model::TenantName> tenant;  // none: administrator
  Role role = Role::viewer;
  Standing standing = Standing::active;
  bool has_second_factor = false;
  bool must_change_password = false;
  std::int64_t created_s = 0, last_sign_in_s = 0;  // 0: never
};

struct Session {
  std::int64_t id = 0;
  std::string address, agent;  // of the sign-in
  std::int64_t created_s = 0, last_seen_s = 0, expires_s = 0;
};

/// Somebody who has shown who he is: a user with a session, or a program with a token. What he may do is told by the role; a tenant
/// that is missing alone makes nobody an administrator (tokens of the installation have none either).
struct Identity {
  std::string name;                         // of the user, or "token <name>"
  std::optional<model::TenantName> tenant;  // none: all tenants
  Role role = Role::viewer;
  std::optional<std::int64_t> user_id;     // none for tokens
  std::optional<std::int64_t> session_id;  // none for tokens
  bool must_change_password = false;
};

struct SignIn {
  std::string user, code;  // code: six digits, or "" when none was given
  Secret password;
  std::string address, agent;
};

struct SignedIn {
  Secret session;  // for the cookie; shown once
  Identity identity;
};

/// Why a sign-in did not succeed. Wrong user, wrong password and a disabled account are one and the same to the outside.
enum class Refusal : std::uint8_t { wrong, code_needed, throttled };
struct Refused {
  Refusal why;
  std::int64_t retry_after_s = 0;  // of throttled
};

}  // namespace pv::tenancy
