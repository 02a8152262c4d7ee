#pragma once
/// What a Ledger keeps: one connection that writes and one that reads, each with its lock and its prepared statements. For
/// ledger*.cpp only.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "base/database.h"
#include "ingest/ledger.h"
#include "ingest/ledger_file.h"

namespace pv::ingest {

/// Statements of the writing connection.
struct LedgerStatements {
  Statement at_path, insert, begin_anew, better_sender, brief, step, claim, file, file_by_hand, entry, tally, arrival;
  static Result<LedgerStatements> prepare(const Database& database);
};

class Ledger::State {
 public:
  enum class Durability : std::uint8_t {
    power_cut,  // on the disk when the transaction ends
    crash,      // survives the end of the process
  };

  std::function<std::int64_t()> now_s;
  std::filesystem::path path;

  std::mutex write_mutex;  // guards what follows
  std::unique_ptr<Database> writing;  // null: read-only
  std::optional<LedgerStatements> statements;
  std::set<std::string> busy;   // tenants that workers have
  bool is_alone = false;        // the one worker that has something has what crashed before

  std::mutex read_mutex;  // guards the reading connection
  std::unique_ptr<Database> reading;

  /// Runs `work` in a transaction under the lock; rolls back when it fails.
  template <class Work>
  auto write(Durability durability, Work&& work) -> decltype(work()) {
    const std::lock_guard lock(write_mutex);
    return write_locked(durability, std::forward<Work>(work));
  }
  template <class Work>
  auto write_locked(Durability durability, Work&& work) -> decltype(work()) {
    PV_TRY_VOID(make_ready(durability));
    tallies_.clear();
    PV_TRY(Transaction transaction, Transaction::begin(*writing, Transaction::Kind::write));
    auto result = work();
    if (!result) return result;
    PV_TRY_VOID(write_tallies());
    PV_TRY_VOID(transaction.commit());
    return result;
  }

  void count_new(std::string_view tenant, FileState state) { ++tallies_[{std::string(tenant), state}]; }
  void count_move(std::string_view tenant, FileState from, FileState to);

  /// Of the writing connection. Errors: not_found.
  Result<LedgerEntry> entry_locked(FileId id);

 private:
  Result<void> make_ready(Durability durability);
  Result<void> write_tallies();

  std::optional<Durability> durability_;
  std::map<std::pair<std::string, FileState>, std::int64_t> tallies_;  // of the running transaction
};

}  // namespace pv::ingest
