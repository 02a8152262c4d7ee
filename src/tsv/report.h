#pragma once
/// What reading a logger file found, as data: faults with their place, counts, warnings, and why a file was refused.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pv::tsv {

/// Why a row, a cell or a line was not taken.
enum class FaultKind : std::uint8_t {
  invalid_timestamp,  // not DD/MM/YY HH:MM:SS, or no such day or time; the row is left out
  invalid_value,      // empty, non-numeric, NaN, inf or out of range; the cell is missing
  missing_cells,      // fewer fields than columns; the absent cells are missing
  too_many_fields,    // more fields than columns; the row is left out
  row_too_long,       // longer than kMaxRowBytes; the row is left out
  truncated_tail,     // a row without its line end; left out
  row_without_header, // below END_DATA, or below a header that could not be used; the row is left out
  unusable_header,    // a header that cannot be used, in a file that has one that can
  time_in_future,     // stamped later than ReadOptions::latest_s; the row is left out
  too_sparse,         // so many short rows that their columns would outgrow the file; the row is left out
};
inline constexpr std::size_t kFaultKinds = 10;

struct RowFault {
  FaultKind kind;
  std::uint32_t line;         // 1-based
  std::uint16_t column;       // 1-based field of the line, the stamp is 1; 0: the whole row
  std::uint64_t byte_offset;  // of the line's first byte
};

enum class WarningKind : std::uint8_t {
  no_rows,                  // no row gave a sample or an event
  truncated_tail,           // see ReadReport::truncated_tail
  end_data_missing,         // a wrapped file without END_DATA: it may still be arriving
  ambiguous_begin,          // the rows begin inside an hour that the zone repeats; read as the first pass
  repeated_hour_read_as_utc,  // a bare file read as UTC repeats an hour where a zone sets its clock back: set `zone`
  missing_hour_read_as_utc,   // a bare file read as UTC misses an hour where a zone sets its clock forward: set `zone`
  nonexistent_local_time,   // stamps inside an hour that the zone skips: its clock was not set, or the zone is wrong
  clock_unset,              // rows of 01/01/20 at the head were left out
  clock_undecided,          // only rows of 01/01/20 so far: left out until a later row tells whether the clock was set
  restart_undecided,        // a last restart row of a file still without END_DATA: left out until a row follows it
  header_again,             // a header met again: an upload was resumed by appending
  too_many_headers,         // a table beyond kMaxTables: its rows were refused (row_without_header)
};

struct Warning {
  WarningKind kind;
  std::uint32_t line = 0;  // where it begins; 0: the file as a whole
  std::string detail;      // for a person, with what to do; may be empty
};

enum class Layout : std::uint8_t { bare, wrapped };
enum class MasterType : std::uint8_t { unknown, mono, tri };
/// Where the zone of the stamps came from.
enum class ZoneOrigin : std::uint8_t { settings, file };

enum class TailFate : std::uint8_t { taken, left_out };

/// The last row, when no line end follows it.
struct TruncatedTail {
  std::uint32_t line = 0;
  std::uint64_t byte_offset = 0;
  TailFate fate = TailFate::left_out;
};

struct ReadReport {
  std::string format;  // "MV_T302_V002"
  Layout layout = Layout::bare;
  std::string header_block;                                       // text between START_HEADER and END_HEADER
  std::vector<std::pair<std::string, std::string>> header_meta;   // its keys and values, in order of the keys
  MasterType master_type = MasterType::unknown;                   // what was used for the labels; never unknown
  std::string zone;                                               // that the stamps were read in
  ZoneOrigin zone_origin = ZoneOrigin::settings;
  bool complete = false;  // END_DATA seen after the last header

  std::uint64_t rows = 0;                // data rows seen: all lines below a header that are not blank
  std::uint64_t rows_accepted = 0;       // that gave at least one sample
  std::uint64_t restart_rows = 0;        // all fields exactly "0"
  std::uint64_t restart_rows_shifted = 0;  // of these: stamped in local time in a UTC file, and put right
  std::uint64_t clock_unset_rows = 0;
  std::uint64_t duplicate_stamps = 0;    // rows at an instant that an earlier row of the file has
  std::uint64_t missing_cells = 0;       // absent fields
  std::uint64_t invalid_values = 0;
  std::uint64_t invalid_timestamps = 0;
  std::uint64_t samples = 0;             // cells with a value in all tables
  std::uint64_t headers = 0;             // usable headers met
  std::optional<TruncatedTail> truncated_tail;

  std::vector<RowFault> faults;          // the first ones, by line
  std::array<std::uint64_t, kFaultKinds> fault_counts{};  // all of them, by FaultKind
  std::vector<Warning> warnings;         // at most one of each kind

  std::optional<std::int64_t> time_start_s;  // first row's instant, Unix seconds
  std::optional<std::int64_t> time_end_s;    // last row's

  [[nodiscard]] std::uint64_t count(FaultKind kind) const noexcept {
    return fault_counts[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] const Warning* warning(WarningKind kind) const noexcept;
};

/// Why a whole file is refused: what is wrong with its first header, when no later one can be used either.
enum class RejectReason : std::uint8_t {
  empty_file,
  not_text,            // NUL or other control bytes, UTF-16
  no_header,           // neither START_HEADER nor a serial row and a title row
  incomplete_header,   // ends before its header does: it may still be arriving
  bad_header_block,    // the header block is no JSON object, or too big
  unknown_file_zone,   // the header block says neither UTC nor a zone that is known
  unsupported_format,  // a format name that is not known
  header_mismatch,     // serial row and title row differ in length, or name no channel
  bad_serial,          // a serial number that is none
  duplicate_channel,   // two columns would have the same field name
  too_many_columns,    // more than kMaxColumns
  line_too_long,       // a header line longer than kMaxHeaderLineBytes
};

/// Stable names for reports and APIs: "invalid_timestamp", "no_rows", "unsupported_format".
[[nodiscard]] std::string_view to_string(FaultKind kind) noexcept;
[[nodiscard]] std::string_view to_string(WarningKind kind) noexcept;
[[nodiscard]] std::string_view to_string(RejectReason reason) noexcept;
[[nodiscard]] std::string_view to_string(Layout layout) noexcept;
[[nodiscard]] std::string_view to_string(MasterType type) noexcept;

}  // namespace pv::tsv
