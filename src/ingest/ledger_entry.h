#pragma once
/// What the ledger says of one file, and which entries somebody asks for. Values.
///   Times are Unix seconds; paths lie below the data folder and are parted by '/'.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ingest/evidence.h"
#include "ingest/file_identity.h"
#include "ingest/file_state.h"
#include "model/arrival.h"

namespace pv::ingest {

using model::FileId;

struct LedgerEntry {
  FileId id;
  std::string path;  // "<company>/<campaign>/<device>/<file>", where it was handed in
  std::string tenant, campaign, device, name;  // "" where the path is not that deep
  FileState state = FileState::received;
  bool filed = false;     // committed or rejected, and moved to where it belongs
  std::string moved_to;   // "" while it is where it was handed in
  std::uint64_t size = 0;
  std::string digest;     // hex; "" before it was read
  std::optional<FileIdentity> identity;  // of the bytes this entry speaks of
  model::Sender sender;
  std::int64_t received_s = 0, updated_s = 0;
  std::int64_t next_attempt_s = 0;  // 0: nobody will try by itself, or somebody is at it
  std::uint32_t attempts = 0, crashes = 0;
  std::string reason, message;  // why it waits, is held or rejected; "" otherwise
  std::uint32_t line = 0;
  std::vector<Evidence> evidence;
  std::string accepted_by;   // the person who took a held file; "" otherwise
  std::string header_of;     // "" or the path of the file whose header counts instead of its own
  std::string receipt_json;  // what was taken and left out (docs/report.md, one file's object); "" before it was read

  /// Nothing more will happen to it by itself.
  [[nodiscard]] bool is_settled() const noexcept {
    return state == FileState::held || ((state == FileState::committed || state == FileState::rejected) && filed);
  }
};

struct EntryFilter {
  std::optional<std::string> tenant, campaign;
  std::optional<FileState> state;
  bool waiting = false;  // only what is not committed or rejected, and moved: received, claimed, parsed, held, not yet moved
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

}  // namespace pv::ingest
