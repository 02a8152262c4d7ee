#include "store/schema.h"

#include <fmt/format.h>

#include "base/schema.h"

namespace pv::store {
namespace {

constexpr std::int64_t kApplicationId = 0x50565731;  // "PVW1", shown by file(1)

constexpr const char* kTables = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE campaign(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE file(
  id INTEGER PRIMARY KEY, campaign INTEGER NOT NULL REFERENCES campaign(id),
  digest BLOB NOT NULL, zone TEXT NOT NULL, stamp INTEGER NOT NULL, name TEXT NOT NULL, folder TEXT NOT NULL,
  size INTEGER NOT NULL, stored_at_s INTEGER NOT NULL,
  UNIQUE(campaign, digest, zone));
CREATE TABLE logger(
  id INTEGER PRIMARY KEY, campaign INTEGER NOT NULL REFERENCES campaign(id), sn TEXT NOT NULL, UNIQUE(campaign, sn));
CREATE TABLE channel(
  id INTEGER PRIMARY KEY, logger INTEGER NOT NULL REFERENCES logger(id), field TEXT NOT NULL,
  device_sn TEXT NOT NULL, label TEXT NOT NULL, unit TEXT NOT NULL, type INTEGER NOT NULL,
  UNIQUE(logger, field));
CREATE TABLE layout(
  id INTEGER PRIMARY KEY, logger INTEGER NOT NULL REFERENCES logger(id), signature BLOB NOT NULL,
  best_file INTEGER NOT NULL REFERENCES file(id), UNIQUE(logger, signature));
CREATE TABLE layout_channel(
  layout INTEGER NOT NULL REFERENCES layout(id), position INTEGER NOT NULL, channel INTEGER NOT NULL REFERENCES channel(id),
  name TEXT NOT NULL, subtype INTEGER NOT NULL, PRIMARY KEY(layout, position)) WITHOUT ROWID;
CREATE TABLE block(
  id INTEGER PRIMARY KEY, logger INTEGER NOT NULL REFERENCES logger(id), first_s INTEGER NOT NULL, last_s INTEGER NOT NULL,
  leaf_start_s INTEGER NOT NULL, leaf_level INTEGER NOT NULL, rows INTEGER NOT NULL, samples INTEGER NOT NULL,
  step_s INTEGER NOT NULL, data BLOB NOT NULL);
CREATE UNIQUE INDEX block_by_time ON block(logger, first_s, last_s, leaf_start_s, leaf_level, rows, samples, step_s);
CREATE TABLE event(
  logger INTEGER NOT NULL REFERENCES logger(id), time_s INTEGER NOT NULL, kind INTEGER NOT NULL,
  file INTEGER NOT NULL REFERENCES file(id),
  PRIMARY KEY(logger, time_s, kind)) WITHOUT ROWID;
CREATE TABLE conflict(
  channel INTEGER NOT NULL REFERENCES channel(id), time_s INTEGER NOT NULL, value REAL NOT NULL,
  file INTEGER NOT NULL REFERENCES file(id), provisional INTEGER NOT NULL,
  PRIMARY KEY(channel, time_s, value)) WITHOUT ROWID;
INSERT INTO meta VALUES('generation', 0);
)sql";

constexpr Schema kSchema = {"store", kApplicationId, kSchemaVersion, "PRAGMA page_size=8192; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL",
                            kTables};

Result<void> tune(Database& database) {
  // FULL: a commit that was answered survives a power cut. The page cache stays small; blocks are read once and decoded. The log is
  // folded into the file by Writer::settle(), not while a file waits for its commit; the bound is for a writer that never settles.
  return database.run("PRAGMA synchronous=FULL; PRAGMA cache_size=-1024; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=16000");
}

}  // namespace

Result<std::unique_ptr<Database>> open_for_writing(const std::filesystem::path& path) {
  PV_TRY(auto database, Database::open(path, Database::Access::create));
  PV_TRY_VOID(tune(*database));
  PV_TRY_VOID(make_tables(*database, kSchema));
  PV_TRY_VOID(check_schema(*database, kSchema));
  return database;
}

Result<std::unique_ptr<Database>> open_for_reading(const std::filesystem::path& path) {
  // Read-write at the file level, because a reader of a WAL database shares its index file; the connection itself may not write.
  PV_TRY(auto database, Database::open(path, Database::Access::read_write, 5'000));
  PV_TRY_VOID(tune(*database));
  PV_TRY_VOID(database->run("PRAGMA query_only=1"));
  PV_TRY(const bool made, has_tables(*database));
  if (!made) return fail(Errc::unavailable, fmt::format("{}: nothing has been stored in it yet; run 'powerview ingest'", path.string()));
  PV_TRY_VOID(check_schema(*database, kSchema));
  return database;
}

}  // namespace pv::store
