#pragma once
/// Reads one logger file: bytes to columns, events, and a report of what was found.
///
///   Input:   the exact bytes of the file, of any content; borrowed for the call only.
///   Output:  rows strictly ascending by UTC second; of two rows at the same instant the later in the file wins, cell by
///            cell (a missing cell keeps the earlier one), but a row without its line end never beats a whole one.
///            Columns may carry more decimals than their values need.
///   Errors:  invalid_input when no header can be used; the message names the line. Rows never fail: see ReadReport.
///            A header without rows is no error here (warning no_rows).
///   Threads: safe; no shared state.
///   Cost:    about 5 ns a value; memory at most a few times the file's size; no allocation per row.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/sample_block.h"
#include "model/zone.h"
#include "tsv/report.h"

namespace pv::tsv {

inline constexpr std::size_t kMaxColumns = 4096;
inline constexpr std::size_t kMaxHeaderLineBytes = std::size_t{1} << 18;
inline constexpr std::size_t kMaxHeaderBlockBytes = std::size_t{1} << 16;
inline constexpr std::size_t kMaxRowBytes = std::size_t{1} << 20;
/// Distinct tables a file may have; rows below a further one's header are left out (warning too_many_headers).
inline constexpr std::size_t kMaxTables = 64;

/// What becomes of a row whose fields are all exactly "0".
enum class RestartRows : std::uint8_t {
  events,  // an event, no samples
  zeros,   // an event, and samples of 0
};

struct ReadOptions {
  model::Zone bare_zone = model::Zone::utc();  // of the stamps of files without a header block
  std::span<const std::string> extra_formats = {};  // names that share the layout, besides MV_T302_V002 and MV_T302_V003
  RestartRows restart_rows = RestartRows::events;
  /// Rows stamped after this instant (give or take the rest of its day) are left out: their clock was wrong. Unix seconds; no
  /// bound when not set.
  std::optional<std::int64_t> latest_s = {};
  std::size_t max_faults_kept = 1000;
};

struct LoggerFile {
  std::string master_sn;                   // of the first header
  /// In file order; at least one. Another header begins another table, and beyond kMaxTables goes on with the latest equal one.
  std::vector<model::LoggerTable> tables;
  std::vector<model::Event> events;        // by time, each once
  ReadReport report;
};

/// Why read() refused a file, and the message for a person.
struct Rejection {
  RejectReason reason;
  std::uint32_t line;  // 1-based; 0: the file as a whole
  std::string message;
};

[[nodiscard]] tl::expected<LoggerFile, Rejection> read_or_reject(std::span<const char> bytes, const ReadOptions& options);

/// The same with the rejection as an Error: "unsupported_format: line 2: unsupported format MV_T202_V002 …".
[[nodiscard]] Result<LoggerFile> read(std::span<const char> bytes, const ReadOptions& options);

}  // namespace pv::tsv
