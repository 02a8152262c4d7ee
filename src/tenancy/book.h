#pragma once
/// The registry's file as its parts use it: one turn at a time, each a transaction, each change with its line in the audit trail.
///
///   auto turn = book.write();
///   PV_TRY(Query query, turn->query("UPDATE tenant SET standing=? WHERE name=?"));
///   PV_TRY_VOID(query.text("disabled").text(name).run());
///   PV_TRY_VOID(turn->note(by, {.action = "tenant.disable", .subject = name, .tenant = name}));
///   return turn->commit();
///
///   Threads: a Book is safe, a Turn holds its lock: no hashing, no other turn while one lives. Queries end before their turn.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/database.h"
#include "base/result.h"
#include "tenancy/company.h"

namespace pv::tenancy {

/// One use of a prepared statement: parameters in their order, then rows. Bytes that were given outlive it.
class Query {
 public:
  explicit Query(Statement& statement) : statement_(&statement) {}
  Query(Query&& other) noexcept;
  Query& operator=(Query&&) = delete;
  ~Query();

  Query& number(std::int64_t value);
  Query& text(std::string_view value);
  Query& bytes(std::span<const std::byte> value);
  Query& null();
  Query& text_or_null(const std::optional<std::string>& value);
  Query& number_or_null(const std::optional<std::int64_t>& value);

  /// True when there is a row, which row() then is.
  Result<bool> next() { return statement_->step(); }
  Result<void> run() { return statement_->run(); }
  [[nodiscard]] const Statement& row() const noexcept { return *statement_; }
  [[nodiscard]] std::string string(int column) const { return std::string(statement_->text(column)); }

 private:
  Statement* statement_;
  int next_ = 1;
};

/// What is done, for the audit trail: no secret is ever in it.
struct Change {
  std::string action = {};   // "user.create"
  std::string subject = {};  // whom or what it is done to
  std::string detail = {};
  std::string tenant = {};   // "" when it concerns none
};

class Book;

/// A transaction that is undone unless it was committed.
class Turn {
 public:
  /// Statements are kept for later turns; the same one is not used twice at a time.
  Result<Query> query(const std::string& sql);
  /// How many rows the last change touched.
  Result<std::int64_t> changed();
  [[nodiscard]] std::int64_t last_id() const;
  [[nodiscard]] std::int64_t now_s() const noexcept { return now_s_; }  // of the turn's begin

  /// A line of the audit trail; who and when are those of `by` and the turn.
  Result<void> note(const Actor& by, const Change& change);
  Result<void> note(const AuditEntry& entry);
  Result<void> commit() { return transaction_.commit(); }

 private:
  friend class Book;
  Turn(Book& book, std::unique_lock<std::mutex> lock, Transaction transaction, std::int64_t now_s)
      : book_(&book), lock_(std::move(lock)), transaction_(std::move(transaction)), now_s_(now_s) {}
  Book* book_;
  std::unique_lock<std::mutex> lock_;
  Transaction transaction_;
  std::int64_t now_s_;
};

class Book {
 public:
  static Result<std::unique_ptr<Book>> open(const std::filesystem::path& path, std::function<std::int64_t()> now_s);
  Result<Turn> read();
  Result<Turn> write();

 private:
  friend class Turn;
  Book(std::unique_ptr<Database> database, std::function<std::int64_t()> now_s) : database_(std::move(database)), now_s_(std::move(now_s)) {}
  Result<Turn> begin(Transaction::Kind kind);

  std::unique_ptr<Database> database_;
  std::function<std::int64_t()> now_s_;
  std::mutex mutex_;
  std::map<std::string, Statement, std::less<>> statements_;
};

}  // namespace pv::tenancy
