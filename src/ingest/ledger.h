#pragma once
/// The ledger of fates: one entry a file that was handed in, from its arrival to its end, in one SQLite file
/// (<state>/ledger.sqlite, docs/format/ledger.md). Nothing is ever taken out of it but a company with all its data. States: ingest/file_state.h.
///
/// A file is one entry while it stands at one path: whoever reports it again (hook, watcher, scan, command) meets the same
/// entry. Once it is settled (committed or rejected, and moved), a new file at that path is a new entry.
///   Durable: arrivals, holds, rejections and commits when the call returns; claims survive kill -9 but not a power cut, which only
///   means that the attempt is not counted.
///   Processes: several may use it; each call is one transaction. Who takes files from it is settled by IntakeLock.
///   Errors: io, unavailable (locked for too long), corrupt: name the file. Threads: safe.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/layout.h"
#include "ingest/ledger_entry.h"
#include "model/arrival.h"

namespace pv::ingest {

/// The longest that something passing may hold a file up before it is tried again.
inline constexpr std::int64_t kLongestWait_s = 15 * 60;
/// So many crashes over one file, and it is held.
inline constexpr std::uint32_t kCrashesToHold = 3;

class Ledger {
 public:
  class State;  // of the sources of this class
  enum class Access : std::uint8_t { read_only, read_write };
  /// Makes the file, and the folder, when there is none (read_write). `now_s` is the clock; none: the system's.
  /// Errors: not_found: read_only, and no file was handed in yet; corrupt: a newer version, or no ledger.
  static Result<std::unique_ptr<Ledger>> open(const std::filesystem::path& state_dir, Access access = Access::read_write,
                                              std::function<std::int64_t()> now_s = {});
  ~Ledger();

  /// Why a file is refused at its arrival.
  struct Refusal {
    std::string reason, message;
    std::uint32_t line = 0;
    std::string digest;
    std::string moved_to;  // where it lies already; "" while it waits to be moved
  };
  /// A file that was handed in and is whole.
  struct Arrival {
    FoundFile file;                        // path is absolute
    std::string path;                      // below the data folder
    std::optional<FileIdentity> identity;  // none: not known; then whatever stands there is met as it is on record
    model::Sender sender;
    std::optional<Refusal> refusal = {};
  };
  struct Arrived {
    FileId id;
    FileState state;
    bool is_new;  // nobody had reported these bytes before
  };
  /// Puts files on record, or meets their entries. Where other bytes than the entry's stand now (`identity`), a waiting or held one
  /// begins anew; one whose fate is decided, and only not moved yet, keeps it, and the new bytes get an entry of their own. A report
  /// that comes late, of a file that has been filed since, makes no second entry: the path is looked at again. Neither does a refusal of
  /// bytes that were refused before and could not be moved.
  Result<std::vector<Arrived>> arrive(std::span<const Arrival> arrivals);

  /// Files that are due, oldest first, of one tenant that no other worker of this program has; claims them, and the tenant. At most
  /// `most_files` and about `most_bytes`. Empty when nothing is due. `release_tenant` gives the tenant back.
  /// What has crashed before comes alone, while no other worker has anything: it shall not take others down with it.
  /// Committed and rejected files that were not moved come too, their state as it is: only the move is left.
  Result<std::vector<LedgerEntry>> claim(std::size_t most_files, std::uint64_t most_bytes, std::int64_t now_s);
  void release_tenant(const std::string& tenant);
  /// Claims those of the given files that can be, due or not: what a person asks for now. Those that are held, settled or
  /// claimed are left out, and what has crashed before unless it is the only one. Claims no tenant: only for the one holder of IntakeLock that uses no other claim.
  Result<std::vector<LedgerEntry>> claim_these(std::span<const FileId> ids);
  /// The moment the next file is due, never long past the longest wait from now; nothing when none waits.
  Result<std::optional<std::int64_t>> next_due_s();

  /// Records what was found while reading and what became of it, for many files in one transaction.
  /// Errors: conflict: some step cannot happen in its file's state; the others are recorded.
  struct Step {
    FileId id;
    FileEvent event;
    std::string reason = {}, message = {};
    std::uint32_t line = 0;
    std::vector<Evidence> evidence = {};
    std::string digest = {}, receipt_json = {};    // kept when not empty
    std::int64_t next_attempt_s = 0;               // of postpone
    std::optional<FileIdentity> identity = {};     // of what was read; kept when set
  };
  Result<void> record(std::span<const Step> steps);
  /// It was moved (below the data folder), or needs no move (""): committed or rejected files are settled by it.
  struct Filed {
    FileId id;
    std::string moved_to;
  };
  Result<void> filed(std::span<const Filed> moves);
  /// A file that is tried again lies where it was handed in once more.
  Result<void> moved_back(FileId id);
  /// A file that is not taken yet has another name now. Nothing happens when there is no such entry.
  Result<void> renamed(std::string_view from_path, std::string_view to_path);
  /// Its sender takes a file back. Errors: denied: it has been taken, or is being read.
  Result<void> withdraw(std::string_view path, std::string_view who);

  /// After a start: what was claimed or parsed by a program that is gone has crashed. At the third crash of a file it is held.
  /// Returns how many there were. Only for the holder of IntakeLock.
  Result<std::uint64_t> recover(std::int64_t now_s);

  // A person's decisions; `who` goes into the entry. Errors: not_found; conflict: not in this state; invalid_input: `header_of`
  // is no path of a file of this tenant.
  Result<LedgerEntry> retry(FileId id, std::string_view who);
  Result<LedgerEntry> accept(FileId id, std::string_view who, std::string_view header_of);
  Result<LedgerEntry> reject(FileId id, std::string_view who, std::string_view message);

  /// Forgets a company, whose files are gone for good. Only for the holder of IntakeLock.
  Result<void> erase_tenant(const model::TenantName& tenant);

  Result<LedgerEntry> entry(FileId id);
  Result<std::optional<LedgerEntry>> entry_at(std::string_view path);  // the newest of that path
  Result<std::vector<LedgerEntry>> list(const EntryFilter& filter);    // newest arrival first
  Result<std::vector<StateCount>> counts();
  Result<std::vector<LastArrival>> last_arrivals();                    // newest file of each device
  Result<std::uint64_t> bytes_waiting(const std::string& tenant);

 private:
  explicit Ledger(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pv::ingest
