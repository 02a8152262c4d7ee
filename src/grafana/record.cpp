#include "grafana/record.h"

#include <array>

#include "base/digest.h"
#include "base/schema.h"
#include "grafana/names.h"
#include "tenancy/random_secret.h"

namespace pv::grafana {
namespace {

constexpr const char* kTables = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE company(
  name TEXT NOT NULL, isolation TEXT NOT NULL, organization INTEGER NOT NULL, team INTEGER NOT NULL,
  folder_uid TEXT NOT NULL, datasource_uid TEXT NOT NULL, pushed_secret TEXT NOT NULL, PRIMARY KEY(name, isolation)) WITHOUT ROWID;
CREATE TABLE user(
  company TEXT NOT NULL, isolation TEXT NOT NULL, login TEXT NOT NULL, id INTEGER NOT NULL, state INTEGER NOT NULL,
  PRIMARY KEY(company, isolation, login)) WITHOUT ROWID;
CREATE TABLE dashboard(
  company TEXT NOT NULL, isolation TEXT NOT NULL, uid TEXT NOT NULL, base TEXT NOT NULL, PRIMARY KEY(company, isolation, uid));
)sql";

constexpr Schema kSchema = {"record of Grafana", 0x50565747, 1, "PRAGMA journal_mode=WAL", kTables};  // "PVWG"

std::string isolation_of(const RecordKey& key) { return std::string(to_string(key.isolation)); }

/// No company has a '/' in its name.
std::string own_login_key(const RecordKey& key) { return "own login/" + isolation_of(key) + "/" + key.company; }

/// HMAC (RFC 2104) with SHA-256; the key is no longer than a block.
std::string keyed_hash(const std::string& key, const std::string& text) {
  constexpr std::size_t kBlock = 64;
  std::string inner(kBlock, '\x36');
  std::string outer(kBlock, '\x5c');
  for (std::size_t i = 0; i < key.size() && i < kBlock; ++i) {
    inner[i] = static_cast<char>(inner[i] ^ key[i]);
    outer[i] = static_cast<char>(outer[i] ^ key[i]);
  }
  inner += text;
  const auto first = sha256(std::as_bytes(std::span(inner)));
  outer.append(reinterpret_cast<const char*>(first.data()), first.size());
  return to_hex(sha256(std::as_bytes(std::span(outer))));
}

}  // namespace

Result<std::unique_ptr<Record>> Record::open(const std::filesystem::path& state_dir) {
  PV_TRY(auto database, open_state_file(state_dir / "grafana.sqlite", kSchema));
  std::unique_ptr<Record> record(new Record(std::move(database), {}));
  tenancy::prepare_sodium();
  // The first of several processes wins.
  PV_TRY_VOID(record->run("INSERT OR IGNORE INTO meta VALUES('key', ?)", {tenancy::random_secret()}));
  PV_TRY(const auto key, record->one_text("SELECT value FROM meta WHERE key='key'", {}));
  record->key_ = key.value_or("");
  return record;
}

Result<std::optional<std::string>> Record::one_text(const char* sql, const std::vector<std::string>& values) {
  PV_TRY(Statement statement, database_->prepare(sql));
  for (std::size_t i = 0; i < values.size(); ++i) statement.bind(static_cast<int>(i + 1), std::string_view(values[i]));
  PV_TRY(const bool row, statement.step());
  return row ? std::optional(std::string(statement.text(0))) : std::nullopt;
}

Result<void> Record::run(const char* sql, const std::vector<std::string>& values) {
  PV_TRY(Statement statement, database_->prepare(sql));
  for (std::size_t i = 0; i < values.size(); ++i) statement.bind(static_cast<int>(i + 1), std::string_view(values[i]));
  return statement.run();
}

Result<std::optional<CompanyRecord>> Record::company(const RecordKey& key) {
  PV_TRY(Statement statement, database_->prepare("SELECT organization, team, folder_uid, datasource_uid, pushed_secret FROM company WHERE name=? AND isolation=?"));
  const std::string isolation = isolation_of(key);
  statement.bind(1, std::string_view(key.company)).bind(2, std::string_view(isolation));
  PV_TRY(const bool row, statement.step());
  if (!row) return std::optional<CompanyRecord>();
  return std::optional(CompanyRecord{.organization = statement.integer(0),
                                     .team = statement.integer(1),
                                     .folder_uid = std::string(statement.text(2)),
                                     .datasource_uid = std::string(statement.text(3)),
                                     .pushed_secret = std::string(statement.text(4))});
}

Result<void> Record::save(const RecordKey& key, const CompanyRecord& company) {
  PV_TRY(Statement statement, database_->prepare("INSERT OR REPLACE INTO company VALUES(?,?,?,?,?,?,?)"));
  const std::string isolation = isolation_of(key);
  statement.bind(1, std::string_view(key.company)).bind(2, std::string_view(isolation)).bind(3, company.organization).bind(4, company.team);
  statement.bind(5, std::string_view(company.folder_uid)).bind(6, std::string_view(company.datasource_uid));
  statement.bind(7, std::string_view(company.pushed_secret));
  return statement.run();
}

Result<std::vector<UserRecord>> Record::users(const RecordKey& key) {
  PV_TRY(Statement statement, database_->prepare("SELECT login, id, state FROM user WHERE company=? AND isolation=? ORDER BY login"));
  const std::string isolation = isolation_of(key);
  statement.bind(1, std::string_view(key.company)).bind(2, std::string_view(isolation));
  std::vector<UserRecord> users;
  while (true) {
    PV_TRY(const bool row, statement.step());
    if (!row) return users;
    const std::int64_t state = statement.integer(2);
    users.push_back({std::string(statement.text(0)), statement.integer(1), state >= 1 && state <= 3 ? static_cast<UserState>(state) : UserState::unknown});
  }
}

Result<void> Record::save_user(const RecordKey& key, const UserRecord& user) {
  PV_TRY(Statement statement, database_->prepare("INSERT OR REPLACE INTO user VALUES(?,?,?,?,?)"));
  const std::string isolation = isolation_of(key);
  const std::string login = lower_case(user.login);
  statement.bind(1, std::string_view(key.company)).bind(2, std::string_view(isolation)).bind(3, std::string_view(login)).bind(4, user.id);
  statement.bind(5, static_cast<std::int64_t>(user.state));
  return statement.run();
}

Result<void> Record::forget(const RecordKey& key) {
  PV_TRY(Transaction transaction, Transaction::begin(*database_, Transaction::Kind::write));
  PV_TRY_VOID(run("DELETE FROM dashboard WHERE company=? AND isolation=?", {key.company, isolation_of(key)}));
  PV_TRY_VOID(run("DELETE FROM company WHERE name=? AND isolation=?", {key.company, isolation_of(key)}));
  return transaction.commit();
}

Result<void> Record::forget_user(const RecordKey& key, const std::string& login) {
  return run("DELETE FROM user WHERE company=? AND isolation=? AND login=?", {key.company, isolation_of(key), lower_case(login)});
}

Result<std::string> Record::own_login(const RecordKey& key) {
  PV_TRY(auto login, one_text("SELECT value FROM meta WHERE key=?", {own_login_key(key)}));
  return login.value_or("");
}

Result<void> Record::save_own_login(const RecordKey& key, const std::string& login) {
  return run("INSERT OR REPLACE INTO meta VALUES(?,?)", {own_login_key(key), lower_case(login)});
}

Result<std::optional<std::string>> Record::base(const RecordKey& key, const std::string& uid) {
  return one_text("SELECT base FROM dashboard WHERE company=? AND isolation=? AND uid=?", {key.company, isolation_of(key), uid});
}

Result<void> Record::save_base(const RecordKey& key, const std::string& uid, const std::string& json) {
  return run("INSERT OR REPLACE INTO dashboard VALUES(?,?,?,?)", {key.company, isolation_of(key), uid, json});
}

Result<void> Record::forget_base(const RecordKey& key, const std::string& uid) {
  return run("DELETE FROM dashboard WHERE company=? AND isolation=? AND uid=?", {key.company, isolation_of(key), uid});
}

Result<std::vector<std::string>> Record::dashboards(const RecordKey& key) {
  PV_TRY(Statement statement, database_->prepare("SELECT uid FROM dashboard WHERE company=? AND isolation=? ORDER BY uid"));
  const std::string isolation = isolation_of(key);
  statement.bind(1, std::string_view(key.company)).bind(2, std::string_view(isolation));
  std::vector<std::string> uids;
  while (true) {
    PV_TRY(const bool row, statement.step());
    if (!row) return uids;
    uids.emplace_back(statement.text(0));
  }
}

Result<std::optional<std::string>> Record::other_with_dashboard(const RecordKey& key, const std::string& uid) {
  // Organizations have uids of their own; only the shared one can have two companies after the same.
  if (key.isolation == Isolation::organization) return std::optional<std::string>();
  return one_text("SELECT company FROM dashboard WHERE company<>? AND isolation=? AND uid=?", {key.company, isolation_of(key), uid});
}

Result<std::optional<std::string>> Record::other_with_login(const RecordKey& key, const std::string& login) {
  return one_text("SELECT company FROM user WHERE company<>? AND login=?", {key.company, lower_case(login)});
}

Result<std::optional<std::string>> Record::other_with_account(const RecordKey& key, std::int64_t id) {
  return one_text("SELECT company FROM user WHERE company<>? AND id=CAST(? AS INTEGER)", {key.company, std::to_string(id)});
}

Result<std::optional<std::string>> Record::other_with_organization(const RecordKey& key, std::int64_t id) {
  return one_text("SELECT name FROM company WHERE name<>? AND isolation='organization' AND organization=CAST(? AS INTEGER)", {key.company, std::to_string(id)});
}

Result<void> Record::take_organization(const RecordKey& key, std::int64_t id) {
  return run("UPDATE company SET organization=0 WHERE name<>? AND organization=CAST(? AS INTEGER)", {key.company, std::to_string(id)});
}

Result<void> Record::take_account(const RecordKey& key, std::int64_t id) {
  return run("UPDATE user SET id=0 WHERE company<>? AND id=CAST(? AS INTEGER)", {key.company, std::to_string(id)});
}

std::string Record::hash_of(const Secret& secret) const { return keyed_hash(key_, secret.reveal()); }

}  // namespace pv::grafana
