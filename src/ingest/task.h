#pragma once
/// One file of a run, and what is to be known before it is read: where it lies by now, whether its bytes are those that were handed
/// in, and what a person has decided. For the pipeline.
///   Threads: each task belongs to one at a time.

#include <optional>
#include <vector>

#include "ingest/file_reading.h"
#include "ingest/ledger.h"
#include "ingest/pipeline.h"

namespace pv::ingest {

/// A file to deal with, and what the ledger says of it when there is one.
struct Task {
  FoundFile file;
  std::optional<LedgerEntry> entry;

  /// Its fate is on record, and only the move is left.
  [[nodiscard]] bool only_moves() const {
    return entry && (entry->state == FileState::committed || entry->state == FileState::rejected);
  }
};

/// Enough of an entry's file to put it in its batch; how it really lies is looked at when it is read.
[[nodiscard]] FoundFile expected_file(const LedgerEntry& entry, const std::filesystem::path& data_folder);
/// Where other bytes stand than were handed in, or none: the file may have made room for another one and lie beside it. True when it was
/// found there; the task then speaks of that place.
bool follow(Task& task, const RunOptions& options);
FileReading read_task(Task& task, const RunOptions& options, std::vector<char>& buffer);
/// A file that lies in error/ and is tried again goes back to where it was handed in. Errors: conflict: another has its name.
Result<void> bring_back(LedgerEntry& entry, const RunOptions& options);

}  // namespace pv::ingest
