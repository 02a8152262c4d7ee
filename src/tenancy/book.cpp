#include "tenancy/book.h"

#include <utility>

#include "tenancy/schema.h"
#include "tenancy/shown_text.h"

namespace pv::tenancy {
namespace {

constexpr std::size_t kLongestText = 500;
// Refused attempts are kept apart: whoever knocks all night must not fill the disk, nor push a company's own history out.
constexpr std::int64_t kKeptRefusals = 20'000;
constexpr std::int64_t kTrimEvery = 256;

bool is_refusal(std::string_view action) noexcept { return action.ends_with(".refused"); }

}  // namespace

Query::Query(Query&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)), next_(other.next_) {}

Query::~Query() {
  if (statement_ != nullptr) statement_->reset();
}

Query& Query::number(std::int64_t value) {
  statement_->bind(next_++, value);
  return *this;
}
Query& Query::text(std::string_view value) {
  statement_->bind(next_++, value);
  return *this;
}
Query& Query::bytes(std::span<const std::byte> value) {
  statement_->bind(next_++, value);
  return *this;
}
Query& Query::null() {
  statement_->bind_null(next_++);
  return *this;
}
Query& Query::text_or_null(const std::optional<std::string>& value) { return value ? text(*value) : null(); }
Query& Query::number_or_null(const std::optional<std::int64_t>& value) { return value ? number(*value) : null(); }

Result<Query> Turn::query(const std::string& sql) {
  auto kept = book_->statements_.find(sql);
  if (kept == book_->statements_.end()) {
    PV_TRY(Statement statement, book_->database_->prepare(sql));
    kept = book_->statements_.emplace(sql, std::move(statement)).first;
  }
  return Query(kept->second);
}

Result<std::int64_t> Turn::changed() {
  PV_TRY(Query query, this->query("SELECT changes()"));
  PV_TRY(const bool row, query.next());
  return row ? query.row().integer(0) : 0;
}

std::int64_t Turn::last_id() const { return book_->database_->last_id(); }

Result<void> Turn::note(const Actor& by, const Change& change) {
  return note(AuditEntry{.time_s = now_s_,
                         .who = by.name,
                         .address = by.address,
                         .action = change.action,
                         .subject = change.subject,
                         .detail = change.detail,
                         .tenant = change.tenant});
}

Result<void> Turn::note(const AuditEntry& entry) {
  PV_TRY(Query insert, query("INSERT INTO audit(time_s, who, address, action, subject, detail, tenant) VALUES(?,?,?,?,?,?,?)"));
  PV_TRY_VOID(insert.number(entry.time_s != 0 ? entry.time_s : now_s_)
                  .text(shown_text(entry.who, kLongestText))
                  .text(shown_text(entry.address, kLongestText))
                  .text(shown_text(entry.action, kLongestText))
                  .text(shown_text(entry.subject, kLongestText))
                  .text(shown_text(entry.detail, kLongestText))
                  .text(shown_text(entry.tenant, kLongestText))
                  .run());
  if (!is_refusal(entry.action) || last_id() % kTrimEvery != 0) return {};
  PV_TRY(Query trim, query("DELETE FROM audit WHERE action=?1 AND id <= "
                           "(SELECT id FROM audit WHERE action=?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)"));
  return trim.text(entry.action).number(kKeptRefusals).run();
}

Result<std::unique_ptr<Book>> Book::open(const std::filesystem::path& path, std::function<std::int64_t()> now_s) {
  PV_TRY(auto database, open_registry_file(path));
  return std::unique_ptr<Book>(new Book(std::move(database), std::move(now_s)));
}

Result<Turn> Book::begin(Transaction::Kind kind) {
  std::unique_lock lock(mutex_);
  PV_TRY(Transaction transaction, Transaction::begin(*database_, kind));
  return Turn(*this, std::move(lock), std::move(transaction), now_s_());
}

Result<Turn> Book::read() { return begin(Transaction::Kind::read); }
Result<Turn> Book::write() { return begin(Transaction::Kind::write); }

}  // namespace pv::tenancy
