#pragma once
/// SQLite, as much of it as the rooms that keep something need: a connection, prepared statements, transactions.
///   Errors: io (disk full, permission), unavailable (locked by another process for too long), corrupt
///   (not a database, damaged pages); the message names the file.
///   Threads: a Database and its statements belong to one thread at a time.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace pv {

class Database;

/// One prepared statement, kept for reuse. Bind from 1; columns from 0. Views live until the next step() or reset().
class Statement {
 public:
  Statement() = default;
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  ~Statement();

  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, double value);
  Statement& bind(int index, std::string_view value);
  Statement& bind(int index, std::span<const std::byte> value);
  Statement& bind_null(int index);

  /// True when there is a row to look at.
  Result<bool> step();
  /// Runs a statement that gives no rows, then resets it.
  Result<void> run();
  void reset();

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::span<const std::byte> blob(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  friend class Database;
  Statement(sqlite3_stmt* statement, const Database* database) : statement_(statement), database_(database) {}
  sqlite3_stmt* statement_ = nullptr;
  const Database* database_ = nullptr;
};

class Database {
 public:
  enum class Access : std::uint8_t { read_only, read_write, create };

  /// The connection waits up to `busy_ms` for another writer before it answers `unavailable`.
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& path, Access access, int busy_ms = 30'000);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<Statement> prepare(std::string_view sql) const;
  /// Runs one or more statements that give no rows.
  Result<void> run(const char* sql) const;
  [[nodiscard]] std::int64_t last_id() const;
  /// Copies all of it into `file`, which is empty or not there; durable when it returns. Others may go on writing meanwhile: within a Transaction
  /// that has read, the copy is what that transaction sees, else what was committed when this began.
  Result<void> copy_to(const std::filesystem::path& file) const;
  /// Changes when another connection has committed; cheap.
  Result<std::int64_t> data_version();
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// The error SQLite has just reported, in our words.
  [[nodiscard]] Error error(std::string_view what) const;

 private:
  Database(sqlite3* handle, std::filesystem::path path);
  sqlite3* handle_;
  std::filesystem::path path_;
  std::optional<Statement> data_version_;
};

/// A transaction that rolls back unless it was committed.
class Transaction {
 public:
  enum class Kind : std::uint8_t { read, write };
  static Result<Transaction> begin(Database& database, Kind kind);
  Transaction(Transaction&& other) noexcept : database_(other.database_) { other.database_ = nullptr; }
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace pv
