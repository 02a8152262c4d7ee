#pragma once
/// The reports that `serve` leaves of its batches, as `ingest` leaves one of its run (docs/report.md): run-<run_id>.json in the folder of reports. Of
/// those of `serve` the newest are kept, up to a number and a size; what others have put there stays.
///   Errors: io, denied: of the folder; the message names the setting.
///   Threads: one call at a time. Cost: one durable file a batch.

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "ingest/run_report.h"

namespace pv::app {

struct ReportLimits {
  std::size_t files = 10'000;
  std::uint64_t bytes = 256U << 20;
};

class RunReports {
 public:
  explicit RunReports(std::filesystem::path folder, ReportLimits limits = {}) : folder_(std::move(folder)), limits_(limits) {}

  /// The run_id of a batch, which no other batch of this folder has: "serve-<milliseconds since 1970>".
  [[nodiscard]] std::string next_id(std::int64_t start_ms);
  /// Writes it, unless nothing came to its end in it: a file that waits is in the report of the batch that settles it.
  Result<void> keep(const ingest::RunReport& report);

 private:
  struct Kept {
    std::string name;
    std::uint64_t bytes = 0;
  };
  Result<void> look();

  std::filesystem::path folder_;
  ReportLimits limits_;
  bool has_looked_ = false;
  std::deque<Kept> kept_;  // oldest first
  std::uint64_t bytes_ = 0;
  std::int64_t last_ms_ = 0;
};

}  // namespace pv::app
