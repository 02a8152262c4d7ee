#include "app/file_periods.h"

#include "base/digest.h"
#include "base/schema.h"
#include "ingest/outbox.h"

namespace pv::app {
namespace {

constexpr const char* kPeriodsTables = R"(
CREATE TABLE period(
  tenant TEXT NOT NULL, campaign TEXT NOT NULL, logger TEXT NOT NULL, last_s INTEGER NOT NULL, first_s INTEGER NOT NULL,
  device TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL,
  PRIMARY KEY(tenant, campaign, logger, last_s, first_s, digest, device, name)) WITHOUT ROWID;
CREATE INDEX period_digest ON period(digest);
CREATE TABLE complete(tenant TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE addition(tenant TEXT PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID;
)";
constexpr Schema kPeriodsSchema = {"file periods", 0x5056'4650, 1, "PRAGMA journal_mode=WAL", kPeriodsTables};  // "PVFP"

/// Rows that this connection has put in, so far.
Result<std::int64_t> rows_put(Database& database) {
  PV_TRY(Statement query, database.prepare("SELECT total_changes()"));
  PV_TRY([[maybe_unused]] const bool row, query.step());
  return query.integer(0);
}

}  // namespace

Result<std::unique_ptr<FilePeriods>> FilePeriods::open(const std::filesystem::path& state_dir) {
  PV_TRY(auto database, open_state_file(state_dir / "file_periods.sqlite", kPeriodsSchema));
  return std::unique_ptr<FilePeriods>(new FilePeriods(std::move(database)));
}

Result<void> FilePeriods::add(const model::TenantName& tenant, std::span<const model::Delivery> deliveries) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Transaction transaction, Transaction::begin(*database_, Transaction::Kind::write));
  PV_TRY(const std::int64_t before, rows_put(*database_));
  PV_TRY(Statement insert, database_->prepare("INSERT OR IGNORE INTO period(tenant,campaign,logger,last_s,first_s,device,name,digest) VALUES(?,?,?,?,?,?,?,?)"));
  for (const model::Delivery& delivery : deliveries) {
    for (const model::Stretch& stretch : ingest::stretches_of(delivery)) {
      insert.bind(1, tenant.str()).bind(2, stretch.campaign.str()).bind(3, stretch.logger_sn).bind(4, stretch.period.to_s - 1).bind(5, stretch.period.from_s);
      insert.bind(6, delivery.origin->device_folder).bind(7, delivery.origin->name).bind(8, to_hex(delivery.origin->digest));
      PV_TRY_VOID(insert.run());
    }
  }
  PV_TRY(const std::int64_t after, rows_put(*database_));
  if (after == before) return transaction.commit();
  PV_TRY(Statement count, database_->prepare("INSERT INTO addition(tenant,times) VALUES(?,1) ON CONFLICT(tenant) DO UPDATE SET times=times+1"));
  PV_TRY_VOID(count.bind(1, tenant.str()).run());
  PV_TRY_VOID(transaction.commit());
  ++own_[tenant];
  return {};
}

Result<std::vector<FilePeriods::File>> FilePeriods::overlapping(const model::TenantName& tenant, const model::Stretch& stretch) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Statement query, database_->prepare("SELECT DISTINCT device,name,digest FROM period WHERE tenant=? AND campaign=? AND logger=? AND last_s>=? AND first_s<?"));
  query.bind(1, tenant.str()).bind(2, stretch.campaign.str()).bind(3, stretch.logger_sn).bind(4, stretch.period.from_s).bind(5, stretch.period.to_s);
  std::vector<File> files;
  while (true) {
    PV_TRY(const bool row, query.step());
    if (!row) return files;
    files.push_back({std::string(query.text(0)), std::string(query.text(1)), std::string(query.text(2))});
  }
}

Result<bool> FilePeriods::is_complete(const model::TenantName& tenant) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Statement query, database_->prepare("SELECT 1 FROM complete WHERE tenant=?"));
  query.bind(1, tenant.str());
  return query.step();
}

Result<void> FilePeriods::note_complete(const model::TenantName& tenant) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Statement insert, database_->prepare("INSERT OR IGNORE INTO complete(tenant) VALUES(?)"));
  return insert.bind(1, tenant.str()).run();
}

Result<void> FilePeriods::note_incomplete(const std::filesystem::path& state_dir) {
  std::error_code code;
  if (!std::filesystem::exists(state_dir / "file_periods.sqlite", code)) return {};
  PV_TRY(const auto periods, open(state_dir));
  return periods->database_->run("DELETE FROM complete");
}

Result<std::int64_t> FilePeriods::changes(const model::TenantName& tenant) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Statement query, database_->prepare("SELECT times FROM addition WHERE tenant=?"));
  PV_TRY(const bool row, query.bind(1, tenant.str()).step());
  return (row ? query.integer(0) : 0) - own_[tenant];
}

Result<std::vector<FilePeriods::Passed>> FilePeriods::beside(const model::TenantName& tenant, const Digests& known) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Statement query, database_->prepare("SELECT campaign,digest,device,name,min(first_s),max(last_s) FROM period WHERE tenant=? GROUP BY campaign,digest,device,name"));
  query.bind(1, tenant.str());
  std::vector<Passed> others;
  while (true) {
    PV_TRY(const bool row, query.step());
    if (!row) return others;
    std::string campaign(query.text(0)), digest(query.text(1));
    if (known.contains({campaign, digest})) continue;
    others.push_back({std::move(campaign), {std::string(query.text(2)), std::string(query.text(3)), std::move(digest)}, {query.integer(4), query.integer(5) + 1}});
  }
}

Result<void> FilePeriods::forget(const std::filesystem::path& state_dir, const model::TenantName& tenant) {
  std::error_code code;
  if (!std::filesystem::exists(state_dir / "file_periods.sqlite", code)) return {};
  PV_TRY(const auto periods, open(state_dir));
  PV_TRY(Transaction transaction, Transaction::begin(*periods->database_, Transaction::Kind::write));
  for (const char* sql : {"DELETE FROM period WHERE tenant=?", "DELETE FROM complete WHERE tenant=?", "DELETE FROM addition WHERE tenant=?"}) {
    PV_TRY(Statement erase, periods->database_->prepare(sql));
    PV_TRY_VOID(erase.bind(1, tenant.str()).run());
  }
  return transaction.commit();
}

Result<bool> FilePeriods::has(const std::string& tenant, const std::string& campaign, const std::string& digest) {
  const std::lock_guard lock(mutex_);
  PV_TRY(Statement query, database_->prepare("SELECT 1 FROM period WHERE digest=? AND tenant=? AND campaign=? LIMIT 1"));
  query.bind(1, digest).bind(2, tenant).bind(3, campaign);
  return query.step();
}

}  // namespace pv::app
