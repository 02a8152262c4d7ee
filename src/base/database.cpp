#include "base/database.h"

#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/check.h"

namespace pv {

Statement::Statement(Statement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)), database_(other.database_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(statement_, other.statement_);
  std::swap(database_, other.database_);
  return *this;
}

Statement::~Statement() { sqlite3_finalize(statement_); }

// Binding fails only for an index that does not exist or a statement in use: bugs, not input.
Statement& Statement::bind(int index, std::int64_t value) {
  PV_CHECK(sqlite3_bind_int64(statement_, index, value) == SQLITE_OK);
  return *this;
}
Statement& Statement::bind(int index, double value) {
  PV_CHECK(sqlite3_bind_double(statement_, index, value) == SQLITE_OK);
  return *this;
}
Statement& Statement::bind(int index, std::string_view value) {
  PV_CHECK(sqlite3_bind_text64(statement_, index, value.data() == nullptr ? "" : value.data(), value.size(), SQLITE_TRANSIENT,
                               SQLITE_UTF8) == SQLITE_OK);
  return *this;
}
Statement& Statement::bind(int index, std::span<const std::byte> value) {
  // The caller's bytes outlive the step that follows, so they need no copy.
  PV_CHECK(sqlite3_bind_blob64(statement_, index, value.empty() ? "" : static_cast<const void*>(value.data()), value.size(),
                               SQLITE_STATIC) == SQLITE_OK);
  return *this;
}
Statement& Statement::bind_null(int index) {
  PV_CHECK(sqlite3_bind_null(statement_, index) == SQLITE_OK);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Error error = database_->error("reading or writing");
  sqlite3_reset(statement_);
  return fail(std::move(error));
}

Result<void> Statement::run() {
  auto row = step();
  if (!row) return fail(std::move(row).error());
  reset();
  return {};
}

void Statement::reset() { sqlite3_reset(statement_); }

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }
std::string_view Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return text == nullptr ? std::string_view{}
                         : std::string_view(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}
std::span<const std::byte> Statement::blob(int column) const {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}
bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

Database::Database(sqlite3* handle, std::filesystem::path path) : handle_(handle), path_(std::move(path)) {}

Database::~Database() {
  data_version_.reset();
  sqlite3_close_v2(handle_);
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& path, Access access, int busy_ms) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (access) {
    case Access::read_only: flags |= SQLITE_OPEN_READONLY; break;
    case Access::read_write: flags |= SQLITE_OPEN_READWRITE; break;
    case Access::create: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE; break;
  }
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Database> database(new Database(handle, path));
  if (code != SQLITE_OK) return fail(database->error("opening"));
  sqlite3_busy_timeout(handle, busy_ms);
  // A file from elsewhere must not run code of its own through its schema.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Result<Statement> Database::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement,
                                      nullptr);
  if (code != SQLITE_OK) return fail(error("preparing a statement"));
  return Statement(statement, this);
}

Result<void> Database::run(const char* sql) const {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return fail(error("running a statement"));
  return {};
}

std::int64_t Database::last_id() const { return sqlite3_last_insert_rowid(handle_); }

Result<void> Database::copy_to(const std::filesystem::path& file) const {
  PV_TRY(const auto copy, open(file, Access::create));
  sqlite3_backup* const backup = sqlite3_backup_init(copy->handle_, "main", handle_, "main");
  if (backup == nullptr) return fail(copy->error("copying into it"));
  const int code = sqlite3_backup_step(backup, -1);
  sqlite3_backup_finish(backup);
  if (code == SQLITE_DONE) return {};
  // The connection of the copy carries what went wrong with either.
  return fail(copy->error(fmt::format("copying {} into it", path_.string())));
}

Result<std::int64_t> Database::data_version() {
  if (!data_version_) {
    PV_TRY(data_version_, prepare("PRAGMA data_version"));
  }
  PV_TRY(const bool row, data_version_->step());
  const std::int64_t version = row ? data_version_->integer(0) : 0;
  data_version_->reset();
  return version;
}

Error Database::error(std::string_view what) const {
  const int code = handle_ == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(handle_);
  const char* text = handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_);
  const auto message = [&](std::string_view advice) {
    return fmt::format("{}: {} failed: {}{}{}", path_.string(), what, text, advice.empty() ? "" : "; ", advice);
  };
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return {Errc::unavailable, message("another process is writing, try again")};
    case SQLITE_FULL: return {Errc::io, message("the disk is full: free space, then run the command again")};
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return {Errc::corrupt, message("restore this file from a backup, or move it away and ingest again")};
    case SQLITE_CANTOPEN:
      return {Errc::io, message("check that the folder exists and that this user may read and write it")};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return {Errc::io, message("this user may not write the file or its folder")};
    case SQLITE_IOERR:
      return {Errc::io, message(code == SQLITE_IOERR_SHMSIZE || code == SQLITE_IOERR_WRITE ? "the disk may be full"
                                                                                          : "check the disk")};
    default: return {Errc::io, message("")};
  }
}

Result<Transaction> Transaction::begin(Database& database, Kind kind) {
  PV_TRY_VOID(database.run(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN"));
  return Transaction(database);
}

Transaction::~Transaction() {
  // A failed rollback leaves nothing to do: SQLite has then rolled back by itself.
  if (database_ != nullptr) static_cast<void>(database_->run("ROLLBACK"));
}

Result<void> Transaction::commit() {
  PV_TRY_VOID(database_->run("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace pv
