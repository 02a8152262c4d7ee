#pragma once
/// The ledger of fates: one entry a file that was handed in, from its arrival to its end, in one SQLite file
/// (<state>/ledger.sqlite, docs/format/ledger.md). Nothing is ever taken out of it.
///
///   received -> claimed -> parsed -> committed     the way of a good file; committed means: in every sink, and `filed` says
///                                                  that it lies in parsed/
///   held                                           waits for a person: `reason` and `evidence` say why, accept/reject settle it
///   rejected                                       never will be taken; lies in error/ (or stays where it is not ours to move)
///
/// A file is one entry while it stands at one path: whoever reports it again (hook, watcher, scan, command) meets the same
/// entry. Once it is settled (committed and filed, or rejected), a new file at that path is a new entry.
///   Durable: arrivals, holds, rejections and commits when the call returns; claims survive kill -9 but not a power cut, which only
///   means that the attempt is not counted.
///   Processes: several may use it; each call is one transaction. Who takes files from it is settled by IntakeLock.
///   Errors: io, unavailable (locked for too long), corrupt: name the file. Threads: safe.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/file_identity.h"
#include "ingest/run_report.h"
#include "model/arrival.h"

namespace pv::ingest {

using model::FileId;

enum class FileState : std::uint8_t { received, claimed, parsed, committed, held, rejected };
[[nodiscard]] std::string_view to_string(FileState state) noexcept;
[[nodiscard]] std::optional<FileState> state_of(std::string_view text) noexcept;

/// What happens to a file.
enum class FileEvent : std::uint8_t {
  arrive,    // reported again; its bytes may have changed
  claim,     // a worker begins
  parse,     // read, nothing suspicious
  commit,    // durable in every sink
  postpone,  // something passing is in the way (disk full, sink away, still being written): again later
  crash,     // the program ended while it was claimed or parsed
  hold,      // a person must decide
  reject,    // never will be taken
  retry,     // a person: try again now
  accept,    // a person: take it as it is
};

/// The one transition function. Errors: conflict: this cannot happen in that state; the text says so.
[[nodiscard]] Result<FileState> next_state(FileState state, FileEvent event);

/// What a sensor of plausibility saw: shown to the person who decides.
struct Evidence {
  std::string what;     // "Voie1 W looks like volts: 229.1 to 246.8"
  std::string column;   // field name, or ""
};

struct LedgerEntry {
  FileId id;
  std::string path;  // "<company>/<campaign>/<device>/<file>", below the data folder, where it was handed in
  std::string tenant, campaign, device, name;  // "" where the path is not that deep
  FileState state = FileState::received;
  bool filed = false;     // committed or rejected, and moved to where it belongs
  std::string moved_to;   // below the data folder; "" while it is where it was handed in
  std::uint64_t size = 0;
  std::string digest;     // hex; "" before it was read
  model::Sender sender;
  std::int64_t received_s = 0, updated_s = 0, next_attempt_s = 0;  // Unix seconds
  std::uint32_t attempts = 0, crashes = 0;
  std::string reason, message;  // why it waits, is held or rejected; "" otherwise
  std::uint32_t line = 0;
  std::vector<Evidence> evidence;
  std::string accepted_by;   // the person who took a held file; "" otherwise
  std::string header_of;     // "" or the path of the file whose header counts instead of its own
  std::string receipt_json;  // what was taken and left out (docs/report.md, one file's object); "" before it was read
};

struct EntryFilter {
  std::optional<std::string> tenant, campaign;
  std::optional<FileState> state;
  bool waiting = false;  // only files that are not settled: received, claimed, parsed, committed and not filed, held
  std::optional<std::int64_t> since_s, before_s;  // updated at or after / before
  std::size_t limit = 200;
  std::optional<FileId> before_id;  // for paging: entries older than this one
};

struct StateCount {
  std::string tenant;
  FileState state;
  std::uint64_t files;
};

struct LastArrival {
  std::string tenant, campaign, device, name;
  std::int64_t received_s = 0;
};

class Ledger {
 public:
  enum class Access : std::uint8_t { read_only, read_write };
  /// Makes the file when there is none (read_write).
  static Result<std::unique_ptr<Ledger>> open(const std::filesystem::path& state_dir, Access access = Access::read_write);
  ~Ledger();

  /// Puts a file on record, or meets its entry: then a settled or held one whose bytes changed (`identity`) begins anew.
  /// A file with a reason to be rejected at once (`why`) is on record as rejected.
  struct Arrival {
    FoundFile file;                          // path is absolute
    std::string path;                        // below the data folder
    std::optional<FileIdentity> identity;
    model::Sender sender;
  };
  struct Arrived {
    FileId id;
    FileState state;
    bool is_new;  // nobody had reported it before
  };
  Result<std::vector<Arrived>> arrive(std::span<const Arrival> arrivals);

  /// Files that are due, oldest of a device first, of one tenant that no other worker of this program has; claims them.
  /// At most `most_files` and about `most_bytes`. Empty when nothing is due. `release_tenant` gives the tenant back.
  Result<std::vector<LedgerEntry>> claim(std::size_t most_files, std::uint64_t most_bytes, std::int64_t now_s);
  void release_tenant(const std::string& tenant);
  /// The moment the next file is due; nothing when none waits.
  Result<std::optional<std::int64_t>> next_due_s();

  /// Records what was found while reading and what became of it, for many files in one transaction.
  struct Step {
    FileId id;
    FileEvent event;
    std::string reason, message;
    std::uint32_t line = 0;
    std::vector<Evidence> evidence;
    std::string digest, receipt_json;  // kept when not empty
    std::int64_t next_attempt_s = 0;   // of postpone
  };
  Result<void> record(std::span<const Step> steps);
  /// It was moved (below the data folder): committed or rejected files are settled by it.
  struct Filed {
    FileId id;
    std::string moved_to;
  };
  Result<void> filed(std::span<const Filed> moves);

  /// After a start: what was claimed or parsed by a program that is gone has crashed. At the third crash of a file it is held.
  Result<std::uint64_t> recover(std::int64_t now_s);

  // A person's decisions; `who` goes into the entry. Errors: not_found; conflict: not in this state.
  Result<LedgerEntry> retry(FileId id, std::string_view who);
  Result<LedgerEntry> accept(FileId id, std::string_view who, std::string_view header_of);
  Result<LedgerEntry> reject(FileId id, std::string_view who, std::string_view message);

  Result<LedgerEntry> entry(FileId id);
  Result<std::optional<LedgerEntry>> entry_at(std::string_view path);  // the newest of that path
  Result<std::vector<LedgerEntry>> list(const EntryFilter& filter);    // newest change first
  Result<std::vector<StateCount>> counts();
  Result<std::vector<LastArrival>> last_arrivals();                    // newest file of each device
  Result<std::uint64_t> bytes_waiting(const std::string& tenant);

 private:
  class State;
  explicit Ledger(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pv::ingest
