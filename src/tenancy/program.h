#pragma once
/// What is not a person: programs with tokens, and loggers with SFTP accounts. Times are Unix seconds, UTC; 0: never.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/names.h"
#include "tenancy/company.h"
#include "tenancy/user.h"

namespace pv::tenancy {

enum class TokenScope : std::uint8_t { read, write };  // write: read, and hand files in
[[nodiscard]] std::string_view to_string(TokenScope scope) noexcept;

struct Token {
  std::int64_t id = 0;
  std::string name;                         // 1 to 64 of [A-Za-z0-9._@-], unique in its tenant
  std::optional<model::TenantName> tenant;  // none: of the installation (metrics, all tenants), read
  TokenScope scope = TokenScope::read;
  Standing standing = Standing::active;
  std::int64_t created_s = 0, last_used_s = 0, expires_s = 0;
  std::string created_by;
};

/// A write token acts as an editor who may only hand in and read, a read token as a viewer.
struct TokenIdentity {
  Identity identity;
  TokenScope scope;
};

struct SftpKey {
  std::string type;         // "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", …: as in an authorized_keys line
  std::string base64;
  std::string fingerprint;  // "SHA256:…", as ssh-keygen -l shows it
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

}  // namespace pv::tenancy
