#include "base/schema.h"

#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "base/private_file.h"

namespace pv {
namespace {

Result<std::int64_t> number(const Database& database, const char* sql) {
  PV_TRY(Statement statement, database.prepare(sql));
  PV_TRY(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

/// SQLite does not wait where two processes change the journal of one new file at once: the later one is turned away, and finds it changed soon.
Result<void> prepare_for_tables(const Database& database, const Schema& schema) {
  using namespace std::chrono_literals;
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (true) {
    auto prepared = database.run(schema.before_tables);
    if (prepared || prepared.error().kind() != Errc::unavailable || std::chrono::steady_clock::now() >= end) return prepared;
    std::this_thread::sleep_for(2ms);
  }
}

}  // namespace

Result<bool> has_tables(const Database& database) {
  PV_TRY(const std::int64_t tables, number(database, "SELECT count(*) FROM sqlite_schema"));
  return tables > 0;
}

Result<void> make_tables(Database& database, const Schema& schema) {
  PV_TRY(const bool made, has_tables(database));
  if (made) return {};
  PV_TRY_VOID(prepare_for_tables(database, schema));
  PV_TRY(Transaction transaction, Transaction::begin(database, Transaction::Kind::write));
  // Another process may have made the tables between the look and the lock.
  PV_TRY(const bool made_meanwhile, has_tables(database));
  if (!made_meanwhile) {
    PV_TRY_VOID(database.run(schema.tables));
    PV_TRY_VOID(database.run(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", schema.application_id, schema.version).c_str()));
  }
  return transaction.commit();
}

Result<void> check_schema(const Database& database, const Schema& schema) {
  PV_TRY(const std::int64_t id, number(database, "PRAGMA application_id"));
  PV_TRY(const std::int64_t version, number(database, "PRAGMA user_version"));
  if (id != schema.application_id) {
    return fail(Errc::corrupt, fmt::format("{}: this is not a PowerView {}; move it away", database.path().string(), schema.kind));
  }
  if (version != schema.version) {
    return fail(Errc::corrupt, fmt::format("{}: {} version {}, this program knows version {}: update powerview", database.path().string(),
                                           schema.kind, version, schema.version));
  }
  return {};
}

Result<std::unique_ptr<Database>> open_state_file(const std::filesystem::path& file, const Schema& schema) {
  PV_TRY_VOID(make_private_folder(file.parent_path(), GroupMay::pass));
  PV_TRY_VOID(keep_private(file));
  PV_TRY(auto database, Database::open(file, Database::Access::create));
  PV_TRY_VOID(database->run("PRAGMA synchronous=FULL; PRAGMA cache_size=-1024"));
  PV_TRY_VOID(make_tables(*database, schema));
  PV_TRY_VOID(check_schema(*database, schema));
  return database;
}

}  // namespace pv
