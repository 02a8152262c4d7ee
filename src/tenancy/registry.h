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
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "model/names.h"
#include "tenancy/company.h"
#include "tenancy/password.h"
#include "tenancy/program.h"
#include "tenancy/user.h"

namespace pv::tenancy {

struct RegistryOptions {
  std::function<std::int64_t()> now_s;     // Unix seconds; none: the system's clock
  std::function<std::int64_t()> steady_s;  // seconds that only grow, for throttling; none: the system's
  HashCost hash_cost = HashCost::usual;
};

class Registry {
 public:
  /// Makes the file when there is none. Errors: corrupt: no registry, damaged, or written by a newer program.
  static Result<std::unique_ptr<Registry>> open(const std::filesystem::path& state_dir, const RegistryOptions& options = {});
  ~Registry();

  /// Makes the first administrator ("admin", random password, to be changed) when there is no administrator; shows the password this once.
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
  /// Errors: invalid_input: administrators stay what they are, and nobody becomes one.
  Result<void> set_role(const User& user, Role role, const Actor& by);
  Result<void> remove_user(const User& user, const Actor& by);
  /// Sets a password of 10 to 256 bytes that is not the user's name; `current` is checked when given, throttled like a sign-in from
  /// by.address. Ends all his sessions but `keep_session`.
  ///   Errors: denied: `current` is wrong; unavailable: throttled.
  Result<void> change_password(const User& user, const std::optional<Secret>& current, const Secret& next,
                               std::optional<std::int64_t> keep_session, const Actor& by);
  Result<Secret> reset_password(const User& user, const Actor& by);  // random, must be changed; shown once

  // Second factor: TOTP (RFC 6238, SHA-1, 6 digits, 30 s; one step early or late; a code counts once).
  /// A secret to be shown to the user ("otpauth://…"); counts once confirm_second_factor() saw a code of it. Errors: conflict: he has one.
  Result<std::string> begin_second_factor(const User& user);
  Result<void> confirm_second_factor(const User& user, std::string_view code, const Actor& by);
  Result<void> remove_second_factor(const User& user, const Actor& by);

  // Sessions and tokens.
  /// Throttled by (address, user). When the file cannot be read or written it refuses as throttled, for a few seconds.
  tl::expected<SignedIn, Refused> sign_in(const SignIn& attempt);
  /// Nothing for a session that is unknown, ended, expired (30 days, 7 days unused) or whose user or tenant is disabled.
  std::optional<Identity> identity_of_session(std::string_view session);
  Result<void> sign_out(std::int64_t session_id);
  Result<std::vector<Session>> sessions(std::int64_t user_id);
  Result<void> end_session(std::int64_t user_id, std::int64_t session_id, const Actor& by);

  struct CreatedToken {
    Token token;
    Secret secret;  // "pv_…"; shown once
  };
  /// Without a tenant only for reading. `expires_s`: 0 or an instant to come.
  Result<CreatedToken> create_token(std::string_view name, const std::optional<model::TenantName>& tenant, TokenScope scope,
                                    std::int64_t expires_s, const Actor& by);
  Result<std::vector<Token>> tokens(const std::optional<model::TenantName>& tenant);  // none: all
  Result<void> set_standing(const Token& token, Standing standing, const Actor& by);
  Result<void> remove_token(const Token& token, const Actor& by);
  /// Nothing for a token that is unknown, expired or disabled, or whose tenant is.
  std::optional<TokenIdentity> identity_of_token(std::string_view secret);

  // SFTP accounts.
  Result<SftpAccount> create_sftp_account(std::string_view name, const model::TenantName& tenant, const std::optional<Secret>& password, const Actor& by);
  Result<void> set_sftp_password(std::string_view account, const std::optional<Secret>& password, const Actor& by);  // none: keys only
  /// Ed25519, ECDSA, or RSA of 2,048 bits and more; a line without options.
  Result<SftpKey> add_sftp_key(std::string_view account, std::string_view authorized_keys_line, const Actor& by);
  Result<void> remove_sftp_key(std::string_view account, std::string_view fingerprint, const Actor& by);
  Result<std::vector<SftpAccount>> sftp_accounts(const std::optional<model::TenantName>& tenant);  // none: all
  Result<SftpAccount> sftp_account(std::string_view name);
  Result<void> set_standing(const SftpAccount& account, Standing standing, const Actor& by);
  Result<void> remove_sftp_account(std::string_view name, const Actor& by);

  /// Throttled by (address, account): other accounts behind the same address are not touched. Refuses like sign_in() when the file
  /// cannot be read. Blocks while it hashes, and while other attempts of the same pair are under way.
  tl::expected<SftpAccount, Refused> check_sftp_password(std::string_view account, const Secret& password, std::string_view address);
  /// Whether the account may use this key; nothing for accounts that are unknown or disabled, or whose tenant is. `base64` as in SftpKey;
  /// `type`: the key's, or that of an RSA signature.
  std::optional<SftpAccount> check_sftp_key(std::string_view account, std::string_view type, std::string_view base64);
  /// Whether who signed in with this account may go on: no when it was removed or disabled since, or its tenant was, or another account
  /// has its name. Yes when the file cannot be read just now.
  bool may_go_on(const SftpAccount& account);

  // Audit trail.
  Result<void> note(const AuditEntry& entry);  // time_s 0: now; texts are cut to 500 bytes
  Result<std::vector<AuditEntry>> audit(const std::optional<model::TenantName>& tenant, std::size_t limit);  // newest first

 private:
  struct Parts;
  explicit Registry(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace pv::tenancy
