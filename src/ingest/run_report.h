#pragma once
/// The report of one ingestion run, with the field names that existing tools read, and ours beside them
/// (docs/report.md). Also the `<file>.reason.json` beside a rejected file.
///   Threads: values; confined to one thread.

#include <cstdint>
#include <string>
#include <vector>

#include "ingest/file_reading.h"
#include "model/arrival.h"
#include "model/delivery.h"

namespace pv::ingest {

enum class Fate : std::uint8_t {
  stored,    // samples durable, file in parsed/
  rejected,  // file in error/
  deferred,  // file where it was; the next run tries again, or a person decides (when there is evidence)
  would_store,   // dry run
  would_reject,  // dry run
};
[[nodiscard]] std::string_view to_string(Fate fate) noexcept;

/// A file's line in the report: everything but the samples, which are long gone when it is written.
struct FileRecord {
  std::string path;
  bool stays = false;    // rejected, but not ours to move
  std::optional<FileIdentity> identity;  // of the file that was read there
  std::string moved_to;  // where it lies afterwards; "" when it did not move
  std::string tenant, campaign, device;
  Fate fate = Fate::deferred;
  std::string reason, message;  // why it was not stored, or why it could not be moved
  std::uint32_t line = 0;
  std::vector<Evidence> evidence;  // a person must decide on it
  std::string digest;
  std::uint64_t size = 0;
  std::string logger_sn;
  std::string format, zone;
  std::vector<std::pair<std::string, std::string>> header_meta;
  std::vector<std::string> channels;  // fields
  std::uint64_t rows = 0, samples = 0, restart_rows = 0, clock_unset_rows = 0, duplicate_stamps = 0;
  std::uint64_t missing_cells = 0, invalid_timestamps = 0, invalid_values = 0, other_faults = 0;
  std::uint64_t gaps = 0;
  std::int64_t gap_s = 0;  // all of them together
  bool truncated_tail = false;
  std::uint64_t truncated_line = 0, truncated_byte = 0;
  std::optional<std::int64_t> time_start_s, time_end_s;
  std::vector<std::string> warnings;
  std::vector<tsv::RowFault> faults;  // the first few
  std::optional<quality::Coverage> coverage;  // of the file against what was stored before it, where that was asked for
  model::DeliveryOutcome outcome;
};

/// Takes from a reading what the report says of it.
FileRecord record_of(const FileReading& reading);

/// Where a run's time went. Stages run side by side, so together they may be longer than the run.
struct StageSeconds {
  double read = 0;   // bytes to columns, and whether they are plausible
  double store = 0;  // in the sinks
  double record = 0; // in the ledger
  double file = 0;   // moved, with receipts
};

struct RunReport {
  std::string run_id;
  std::int64_t start_ms = 0;  // Unix time
  std::int64_t end_ms = 0;
  std::string base_folder;
  std::string mode;  // "ingest" or "dry_run"
  std::uint64_t not_reached = 0;  // files left for the next run because this one was asked to stop
  StageSeconds seconds;
  std::vector<model::FileId> unrecorded;  // whose step the ledger could not take: their claim has to be given back
  std::vector<FileRecord> files;
  std::vector<std::string> problems;  // of the run as a whole: folders that cannot be listed, reports that cannot be written

  [[nodiscard]] std::uint64_t count(Fate fate) const noexcept;
  [[nodiscard]] std::uint64_t stored() const noexcept { return count(Fate::stored) + count(Fate::would_store); }
  [[nodiscard]] std::uint64_t rejected() const noexcept { return count(Fate::rejected) + count(Fate::would_reject); }
  [[nodiscard]] std::uint64_t samples() const noexcept;  // of the files stored
};

[[nodiscard]] std::string to_json(const RunReport& report);
/// One file's object, without the lists that only its own report needs, on one line.
[[nodiscard]] std::string short_json(const FileRecord& record);
/// The content of `<file>.reason.json`.
[[nodiscard]] std::string reason_json(const FileRecord& record, std::int64_t now_ms);

}  // namespace pv::ingest
