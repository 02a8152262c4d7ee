#include "tenancy/schema.h"

#include "base/private_file.h"
#include "base/schema.h"

namespace pv::tenancy {
namespace {

constexpr std::int64_t kApplicationId = 0x50565231;  // "PVR1", shown by file(1)
constexpr int kBusyMs = 10'000;

constexpr const char* kTables = R"sql(
CREATE TABLE tenant(
  name TEXT PRIMARY KEY, standing TEXT NOT NULL CHECK(standing IN ('active', 'disabled')), created_s INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE setting(
  tenant TEXT NOT NULL REFERENCES tenant(name) ON DELETE CASCADE, campaign TEXT NOT NULL, device TEXT NOT NULL,
  zone TEXT, expected_step_s INTEGER, quota_bytes INTEGER, PRIMARY KEY(tenant, campaign, device)) WITHOUT ROWID;
CREATE TABLE user(
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, tenant TEXT REFERENCES tenant(name) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK(role IN ('admin', 'owner', 'editor', 'viewer')),
  standing TEXT NOT NULL CHECK(standing IN ('active', 'disabled')),
  password TEXT NOT NULL, must_change_password INTEGER NOT NULL, created_s INTEGER NOT NULL, last_sign_in_s INTEGER NOT NULL,
  totp_secret BLOB, totp_offered BLOB, totp_last_step INTEGER NOT NULL,
  CHECK((role = 'admin') = (tenant IS NULL)));
CREATE INDEX user_by_tenant ON user(tenant);
CREATE TABLE session(
  id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, user INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
  address TEXT NOT NULL, agent TEXT NOT NULL, created_s INTEGER NOT NULL, last_seen_s INTEGER NOT NULL, expires_s INTEGER NOT NULL);
CREATE INDEX session_by_user ON session(user);
CREATE TABLE token(
  id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, name TEXT NOT NULL,
  tenant TEXT REFERENCES tenant(name) ON DELETE CASCADE, scope TEXT NOT NULL CHECK(scope IN ('read', 'write')),
  standing TEXT NOT NULL CHECK(standing IN ('active', 'disabled')), created_s INTEGER NOT NULL, last_used_s INTEGER NOT NULL,
  expires_s INTEGER NOT NULL, created_by TEXT NOT NULL, CHECK(tenant IS NOT NULL OR scope = 'read'));
CREATE UNIQUE INDEX token_by_name ON token(ifnull(tenant, ''), name);
CREATE INDEX token_by_tenant ON token(tenant);
CREATE TABLE sftp_account(
  name TEXT PRIMARY KEY, tenant TEXT NOT NULL REFERENCES tenant(name) ON DELETE CASCADE,
  standing TEXT NOT NULL CHECK(standing IN ('active', 'disabled')), password TEXT, created_s INTEGER NOT NULL,
  last_seen_s INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX sftp_account_by_tenant ON sftp_account(tenant);
CREATE TABLE sftp_key(
  account TEXT NOT NULL REFERENCES sftp_account(name) ON DELETE CASCADE, fingerprint TEXT NOT NULL, type TEXT NOT NULL,
  base64 TEXT NOT NULL, comment TEXT NOT NULL, added_s INTEGER NOT NULL, PRIMARY KEY(account, fingerprint)) WITHOUT ROWID;
CREATE TABLE audit(
  id INTEGER PRIMARY KEY AUTOINCREMENT, time_s INTEGER NOT NULL, who TEXT NOT NULL, address TEXT NOT NULL, action TEXT NOT NULL,
  subject TEXT NOT NULL, detail TEXT NOT NULL, tenant TEXT NOT NULL);
CREATE INDEX audit_by_tenant ON audit(tenant, id);
CREATE INDEX audit_by_action ON audit(action, id);
)sql";

constexpr Schema kSchema = {"registry", kApplicationId, kRegistryVersion, "PRAGMA journal_mode=WAL", kTables};

}  // namespace

Result<std::unique_ptr<Database>> open_registry_file(const std::filesystem::path& path) {
  PV_TRY_VOID(keep_private(path));
  PV_TRY(auto database, Database::open(path, Database::Access::read_write, kBusyMs));
  PV_TRY_VOID(database->run("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-1024; PRAGMA temp_store=MEMORY; "
                            "PRAGMA secure_delete=ON"));
  PV_TRY_VOID(make_tables(*database, kSchema));
  PV_TRY_VOID(check_schema(*database, kSchema));
  return database;
}

}  // namespace pv::tenancy
