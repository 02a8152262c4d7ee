#pragma once
/// What `powerview ingest` does with the files it found: takes them itself when nobody else takes files, or hands them to the
/// running `serve` and waits for what becomes of them; should that one go, it takes them itself. Two programs never read the same file.
///   Threads: one call at a time.

#include <chrono>
#include <filesystem>
#include <vector>

#include "base/result.h"
#include "ingest/ledger.h"
#include "ingest/pipeline.h"
#include "ingest/spool.h"

namespace pv::ingest {

struct ErrandOptions {
  RunOptions run;                      // ledger and data_folder set; mode store
  std::filesystem::path state_dir;
  model::Sender sender{model::Way::command, "", ""};
  std::size_t most_files = 20'000;     // claimed at a time: some kilobytes of memory each
  /// How long to wait for a running `serve`; files it has not settled by then are deferred in the report.
  std::chrono::seconds patience{600};
};

/// Errors: io, unavailable, corrupt: the ledger. Everything else is in the report, a record a file; files that are held are in it
/// as held.
Result<RunReport> run_errand(std::vector<FoundFile> files, const ErrandOptions& options);

}  // namespace pv::ingest
