#pragma once
/// A synthetic fleet: files as MV2 loggers write and send them, for demonstrations, tests and benchmarks.
///
/// Same options -> the same files, byte for byte, on any machine and compiler (integer arithmetic only; the one thing
/// taken from outside is the rule of Europe/Paris in the tz database). Half of the loggers write bare files in local time
/// (Europe/Paris), half wrapped files in UTC; every third is mono (one voltage), the others tri (three voltages).
/// Companies, campaigns and serial numbers do not depend on the seed; the curves and what goes wrong do.
///   Threads: no shared state; each call may run on a thread of its own.
///   Cost: 12 to 25 ns a sample, disk apart; memory holds one logger's two latest files (daily) or one file (yearly).

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "base/result.h"

namespace pv::fleet {

/// What one file covers.
enum class Layout : std::uint8_t {
  daily,   // from upload to upload, each night at about 03:17 local time
  yearly,  // 365 nights in one file, as a logger whose backlog is read at once
};

/// What goes wrong, as often as a rate says: daily files out of 1,000, or days out of 1,000 for power cuts.
/// The yearly layout knows power cuts, unset clocks and the silent day only.
struct Quirks {
  unsigned resent = 40;      // first cut in the middle of a row, then whole under a later name
  unsigned cut = 10;         // cut in the middle of a row; the next night's file begins a day early
  unsigned overlapping = 8;  // whole, but not acknowledged: the next night's file begins a day early
  unsigned empty = 4;        // an empty file first, then the whole one under a later name
  unsigned power_cuts = 15;  // rows missing, a restart row, a row between two steps

  bool lost_record = true;             // the record before each upload is only sent if its day is sent again
  bool unset_clock = true;             // rows of 01/01/20 at the head of every third logger's first file
  bool silent_day = true;              // one logger of each company misses the day in the middle (of 3 or more)
  bool restarts_in_local_time = true;  // wrapped files: the stamps of restart rows alone are local time

  /// Nothing goes wrong: every row once, in whole files.
  [[nodiscard]] static constexpr Quirks none() noexcept { return {0, 0, 0, 0, 0, false, false, false, false}; }
};

struct FleetOptions {
  unsigned companies = 2;
  unsigned loggers = 4;    // of each company
  unsigned channels = 30;  // of each logger, voltages included: six of the master, then slaves of six
  unsigned days = 60;      // nights with an upload, the last one on last_day
  std::int64_t step_s = 600;
  std::uint64_t seed = 1;
  Layout layout = Layout::daily;
  std::chrono::year_month_day last_day{std::chrono::year{2025}, std::chrono::November, std::chrono::day{16}};
  Quirks quirks;
};

/// One file, in the order in which its logger sends it. Borrows; valid during the call only.
struct FleetFile {
  std::string_view company;
  std::string_view campaign;
  std::string_view device;  // folder: the master's serial number
  std::string_view name;    // "T302_251026_031500.tsv"
  std::string_view bytes;
};

struct FleetSummary {
  std::uint64_t loggers = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t samples = 0;           // distinct (instant, channel) that whole lines carry, counted once
  std::uint64_t rows_written = 0;      // whole lines with measured values, repetitions included
  std::uint64_t restart_rows = 0;      // distinct
  std::uint64_t clock_unset_rows = 0;  // rows of 01/01/20
  std::uint64_t cut_files = 0;         // end in the middle of a row
  std::uint64_t empty_files = 0;

  bool operator==(const FleetSummary&) const = default;
};

struct Progress {
  std::uint64_t loggers_done = 0;
  std::uint64_t loggers_total = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

using FileVisitor = std::function<Result<void>(const FleetFile&)>;
using ProgressCall = std::function<void(const Progress&)>;

/// Makes the fleet in memory: logger after logger, each logger's files in the order sent.
/// Errors: invalid_input names the option that is out of bounds; whatever `visit` answers ends the run and is returned.
[[nodiscard]] Result<FleetSummary> for_each_file(const FleetOptions& options, const FileVisitor& visit);

/// Writes the fleet below `out` (created where missing) as <company>/<campaign>/<device>/<file>, each under a temporary
/// name that starts with '.' and is then renamed. Not synced to the disk: a fleet can be made again.
/// `progress` is called after each file and once at the end; it may be empty.
/// Errors: conflict names a file that is already there (nothing is ever overwritten; files written before it stay);
/// io; invalid_input as above.
[[nodiscard]] Result<FleetSummary> generate(const FleetOptions& options, const std::filesystem::path& out,
                                            const ProgressCall& progress = {});

}  // namespace pv::fleet
