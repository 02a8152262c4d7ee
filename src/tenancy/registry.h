#pragma once
/// Who may do what: companies (tenants), users, sessions, tokens, SFTP accounts, and the audit trail, in one SQLite file
/// (<state>/registry.sqlite, readable by its owner only, docs/format/registry.md).
///
///   Passwords: argon2id (libsodium, its interactive limits). Sessions and tokens: 256 random bits, kept as BLAKE2b hashes.
///   Who may: an administrator belongs to no tenant and may do everything; owner, editor and viewer belong to one.
///     viewer reads; editor also uploads and settles files; owner also manages the users, tokens and SFTP accounts of the tenant.
///   Every change is in the audit trail, written in the same transaction: `by` names who did it ("admin", "command line").
///   Errors: not_found and conflict name the thing; invalid_input names the rule; denied says no more than it must; io, unavailable, corrupt.
///   Processes: several may use it (serve and commands); a change counts at once everywhere.
///   Threads: safe.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "model/names.h"
#include "model/zone.h"

namespace pv::tenancy {

enum class Role : std::uint8_t { admin, owner, editor, viewer };
[[nodiscard]] std::string_view to_string(Role role) noexcept;
[[nodiscard]] std::optional<Role> role_of(std::string_view text) noexcept;

/// Whose doing a change is, for the audit trail.
struct Actor {
  std::string name;     // "alice", "token nightly", "command line"
  std::string address;  // "" for the command line
};

enum class Standing : std::uint8_t { active, disabled };

// --- companies

/// Settings that a tenant, one of its campaigns or one device there can have; the narrowest that is set counts.
struct ScopeSettings {
  std::optional<std::string> zone;           // IANA name, checked
  std::optional<std::int64_t> expected_step_s;  // 1 s to 1 day
  std::optional<std::uint64_t> quota_bytes;  // of all files of the tenant or campaign; 0: none may come
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

// --- people

struct User {
  std::int64_t id = 0;
  std::string name;                             // 1 to 64 of [a-z0-9._@-], unique in the installation
  std::optional<model::TenantName> tenant;      // none: administrator
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

/// Somebody who has shown who he is: a user with a session, or a program with a token.
struct Identity {
  std::string name;  // of the user, or "token <name>"
  std::optional<model::TenantName> tenant;  // none: administrator, all tenants
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

// --- programs and loggers

enum class TokenScope : std::uint8_t { read, write };  // write: read, and hand files in
struct Token {
  std::int64_t id = 0;
  std::string name;  // unique in its tenant
  std::optional<model::TenantName> tenant;  // none: of the installation (metrics, all tenants), read
  TokenScope scope = TokenScope::read;
  Standing standing = Standing::active;
  std::int64_t created_s = 0, last_used_s = 0, expires_s = 0;  // 0: never
  std::string created_by;
};

struct SftpKey {
  std::string type;         // "ssh-ed25519", "rsa-sha2-512", …: as in an authorized_keys line
  std::string base64;
  std::string fingerprint;  // "SHA256:…"
  std::string comment;
};
struct SftpAccount {
  std::string name;  // 1 to 64 of [A-Za-z0-9._-], unique in the installation
  model::TenantName tenant;
  Standing standing = Standing::active;
  bool has_password = false;
  std::vector<SftpKey> keys;
  std::int64_t created_s = 0, last_seen_s = 0;
};

struct AuditEntry {
  std::int64_t time_s = 0;
  std::string who, address, action, subject, detail;  // action: "user.create", "file.accept", "sign_in", "sign_in.refused", …
  std::string tenant;  // "" when it concerns no tenant
};

class Registry {
 public:
  /// Makes the file when there is none.
  static Result<std::unique_ptr<Registry>> open(const std::filesystem::path& state_dir);
  ~Registry();

  /// Makes the first administrator ("admin", random password) when there is no user at all; shows the password this once.
  Result<std::optional<Secret>> make_first_administrator();

  // Companies.
  Result<Tenant> create_tenant(const model::TenantName& name, const ScopeSettings& settings, const Actor& by);
  Result<std::vector<Tenant>> tenants();
  Result<Tenant> tenant(const model::TenantName& name);
  Result<void> set_standing(const model::TenantName& name, Standing standing, const Actor& by);
  /// With its users, sessions, tokens, SFTP accounts and settings. Its data is not this room's.
  Result<void> remove_tenant(const model::TenantName& name, const Actor& by);
  /// Fields that are set replace; `clear` names the others to be unset ("zone", "expected_step", "quota").
  Result<void> set_settings(const Scope& scope, const ScopeSettings& settings, const std::vector<std::string>& clear, const Actor& by);
  Result<std::vector<ScopedSettings>> settings(const model::TenantName& tenant);
  /// What counts for a scope, from the narrowest outwards; also for tenants that were never created (all unset).
  Result<ScopeSettings> settings_for(const Scope& scope);

  // People.
  struct NewUser {
    std::string name;
    std::optional<model::TenantName> tenant;
    Role role = Role::viewer;
    std::optional<Secret> password;  // none: a random one is made, which must be changed at the first sign-in
  };
  struct CreatedUser {
    User user;
    std::optional<Secret> password;  // the random one; shown once
  };
  Result<CreatedUser> create_user(const NewUser& user, const Actor& by);
  Result<std::vector<User>> users(const std::optional<model::TenantName>& tenant);  // none: all
  Result<User> user(std::string_view name);
  Result<User> user(std::int64_t id);
  /// Errors: conflict when no active administrator would be left. Disabling ends his sessions.
  Result<void> set_standing(const User& user, Standing standing, const Actor& by);
  Result<void> set_role(const User& user, Role role, const Actor& by);
  Result<void> remove_user(const User& user, const Actor& by);
  /// Sets a password; `current` is checked when given (and throttled like a sign-in). Ends all his sessions but `keep_session`.
  Result<void> change_password(const User& user, const std::optional<Secret>& current, const Secret& next,
                               std::optional<std::int64_t> keep_session, const Actor& by);
  Result<Secret> reset_password(const User& user, const Actor& by);  // random, must be changed; shown once

  // Second factor: TOTP (RFC 6238, SHA-1, 6 digits, 30 s; one step early or late; a code counts once).
  /// A secret to be shown to the user ("otpauth://…"); counts once confirm_second_factor() saw a code of it.
  Result<std::string> begin_second_factor(const User& user);
  Result<void> confirm_second_factor(const User& user, std::string_view code, const Actor& by);
  Result<void> remove_second_factor(const User& user, const Actor& by);

  // Sessions and tokens.
  tl::expected<SignedIn, Refused> sign_in(const SignIn& attempt);  // refuses, too, when the file cannot be read
  /// Nothing for a session that is unknown, ended, expired (30 days, 7 days unused) or whose user or tenant is disabled.
  std::optional<Identity> identity_of_session(std::string_view session);
  Result<void> sign_out(std::int64_t session_id);
  Result<std::vector<Session>> sessions(std::int64_t user_id);
  Result<void> end_session(std::int64_t user_id, std::int64_t session_id, const Actor& by);

  struct CreatedToken {
    Token token;
    Secret secret;  // "pv_…"; shown once
  };
  Result<CreatedToken> create_token(std::string_view name, const std::optional<model::TenantName>& tenant, TokenScope scope,
                                    std::int64_t expires_s, const Actor& by);
  Result<std::vector<Token>> tokens(const std::optional<model::TenantName>& tenant);  // none: all
  Result<void> set_standing(const Token& token, Standing standing, const Actor& by);
  Result<void> remove_token(const Token& token, const Actor& by);
  /// A write token acts as an editor who may only hand in and read, a read token as a viewer.
  struct TokenIdentity {
    Identity identity;
    TokenScope scope;
  };
  std::optional<TokenIdentity> identity_of_token(std::string_view secret);

  // SFTP accounts.
  Result<SftpAccount> create_sftp_account(std::string_view name, const model::TenantName& tenant, const std::optional<Secret>& password, const Actor& by);
  Result<void> set_sftp_password(std::string_view account, const std::optional<Secret>& password, const Actor& by);  // none: keys only
  Result<SftpKey> add_sftp_key(std::string_view account, std::string_view authorized_keys_line, const Actor& by);
  Result<void> remove_sftp_key(std::string_view account, std::string_view fingerprint, const Actor& by);
  Result<std::vector<SftpAccount>> sftp_accounts(const std::optional<model::TenantName>& tenant);  // none: all
  Result<SftpAccount> sftp_account(std::string_view name);
  Result<void> set_standing(const SftpAccount& account, Standing standing, const Actor& by);
  Result<void> remove_sftp_account(std::string_view name, const Actor& by);

  /// Throttled by (address, account): other accounts behind the same address are not touched.
  tl::expected<SftpAccount, Refused> check_sftp_password(std::string_view account, const Secret& password, std::string_view address);
  /// Whether the account may use this key; nothing for accounts that are unknown or disabled. `base64` as in SftpKey.
  std::optional<SftpAccount> check_sftp_key(std::string_view account, std::string_view type, std::string_view base64);

  // Audit trail.
  Result<void> note(const AuditEntry& entry);  // time_s 0: now
  Result<std::vector<AuditEntry>> audit(const std::optional<model::TenantName>& tenant, std::size_t limit);  // newest first

 private:
  class State;
  explicit Registry(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pv::tenancy
