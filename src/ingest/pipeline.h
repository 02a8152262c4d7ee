#pragma once
/// Takes logger files from the data folder into the sinks and files them away.
///
/// For each file, in this order: read -> samples durable in the sink -> moved to parsed/ (or to error/ with its
/// reason beside it). A crash at any point loses nothing: a file that was stored and not yet moved is read again at the
/// next run, found known, and moved. No file is deleted and none is overwritten.
///
/// Files of a tenant are written in batches. While one batch is written, the next is read and the one before is moved.
///   Errors: run() fails only when nothing could be started; everything else is in the report, a record a file.
///   Threads: one run at a time on one object; it uses threads of its own.

#include <filesystem>
#include <functional>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "ingest/ledger.h"
#include "ingest/run_report.h"
#include "model/delivery.h"
#include "model/source.h"

namespace pv::ingest {

enum class Mode : std::uint8_t {
  store,
  dry_run,  // reads and judges; opens no sink, moves nothing, writes nothing
};

/// Whether a file that was filed away gets a text beside it that says what was taken (ingest/receipt.h).
enum class Receipts : std::uint8_t { none, beside };

struct Progress {
  std::uint64_t files_done = 0;
  std::uint64_t files_total = 0;
  std::uint64_t samples = 0;
};

struct RunOptions {
  Mode mode = Mode::store;
  ReadingRules rules;
  /// The sink of a tenant, made when needed; owned by the caller and kept until run() returns.
  std::function<Result<model::SampleSink*>(const model::TenantName&)> sink_of;
  std::function<void(const Progress&)> progress;  // from the calling thread; may be empty
  std::stop_token stop;                           // asked between batches; what was not begun stays where it is
  /// What is stored before, for what files add to it (ingest/file_coverage.h). Borrowed; null: receipts do not tell.
  model::SourceDirectory* stored = nullptr;
  unsigned readers = 2;                           // threads that read files
  std::uint64_t batch_bytes = 24U << 20;          // text read ahead at most, but for a single larger file

  /// Where fates are put on record. Borrowed; null: nowhere, and only the report tells.
  Ledger* ledger = nullptr;
  std::filesystem::path data_folder;      // needed with a ledger
  Receipts receipts = Receipts::none;
};

/// Deals with the files given (ingest/layout.h finds them). Fills in files and problems of the report.
RunReport run(std::vector<FoundFile> files, const RunOptions& options);

/// Deals with entries that were claimed from the ledger of the options, and records there what becomes of each:
/// parsed -> in the sink -> committed -> moved -> filed; or held, postponed, rejected. Each step is on record before the next begins, a
/// batch in a transaction. What a crash has left between two steps is brought to its end by the next run.
RunReport run(std::vector<LedgerEntry> claimed, const RunOptions& options);

/// The file of an entry, as it lies where it was handed in.
FoundFile file_of(const LedgerEntry& entry, const std::filesystem::path& data_folder);

}  // namespace pv::ingest
