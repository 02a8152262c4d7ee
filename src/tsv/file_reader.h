#pragma once
/// One pass over one logger file: lines to tables, events and notes. Internal to reader.cpp and file_rows.cpp.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tsv/header.h"
#include "tsv/lines.h"
#include "tsv/reader.h"
#include "tsv/restarts.h"
#include "tsv/row_kernel.h"
#include "tsv/table.h"
#include "tsv/timestamp.h"

namespace pv::tsv {

/// Borrows the text and the options.
class FileReader {
 public:
  FileReader(std::string_view text, const ReadOptions& options) : text_(text), options_(options), lines_(text, 0, 1) {}

  tl::expected<LoggerFile, Rejection> read();

 private:
  enum class State : std::uint8_t { rows, behind_end_data, without_header };
  /// What the head of a part says about a clock that lost its setting.
  enum class Head : std::uint8_t { start, unset_clock, decided };
  enum class LastLine : std::uint8_t { kernel_row, other };
  /// What shows that a row is whole.
  enum class Proof : std::uint8_t { line_end, decimals };

  // Headers.
  /// The header at the file's first line. False when it cannot be used and no later one need be looked for.
  bool begin();
  /// A header that begins at `line`, behind other rows.
  void begin_again(const Line& line);
  void begin_part(Header header);
  void describe(Header& header);
  void choose_clock(const BlockSettings* settings);

  // Tables.
  /// Makes the table of these channels the current one. False when there is no room for another.
  bool open_table(std::vector<model::Channel>& channels);
  /// The latest table of these channels, or null; for when no further table may begin.
  [[nodiscard]] Table* find_table(const std::vector<model::Channel>& channels);
  /// Further cells that memory is spent on: what the text can hold, less what the tables have.
  [[nodiscard]] std::size_t free_cells() const;

  // Rows.
  /// Takes as many rows as the kernel can. False when the next line needs the careful path.
  bool run_fast();

  /// Teaches the kernel the day of the next row.
  bool know_day();
  bool know_day(const LocalStamp& stamp, const char* text);

  /// The careful path: one line of any kind.
  void take_line();

  /// A line without a stamp that means something. False when it means nothing.
  bool take_mark(const Line& line);
  /// Begins again with the row before, which the kernel took for data, as the serial row of `title`.
  void begin_before(const Line& title);

  /// Takes a row that has a stamp. False when it gave no sample.
  bool take_row(const Line& line, const LocalStamp& stamp, Proof proof);

  /// Fills the row ahead; returns how many cells have a value.
  std::size_t put_cells(const Line& line, std::string_view cells);
  void take_restart(const Line& line, std::int64_t time_s, std::string_view cells);
  bool make_room(const Line& line);
  void note_reading(StampClock::Reading reading, const Line& line);

  // A clock that lost its setting.
  void judge_head(const LocalStamp& stamp, std::int64_t time_s);
  void drop_head();

  // The end.
  /// The last line, when no line end follows it.
  void take_tail(const Line& line, const std::optional<LocalStamp>& stamp);
  void note_tail(const Line& line, TailFate fate);

  /// Decimals of the latest value of the last column before `tail` that has a decimal point.
  [[nodiscard]] std::optional<unsigned> places_before(const Line& tail) const;

  /// No more rows below this header.
  void end_part();
  void hint_zone();
  void finish_table(Table& table);
  tl::expected<LoggerFile, Rejection> finish();

  // Notes.
  void fault(FaultKind kind, const Line& line, std::size_t column = 0);
  void warn(WarningKind kind, std::uint32_t line, std::string detail);

  std::string_view text_;
  const ReadOptions& options_;
  Lines lines_;
  LoggerFile file_;
  ReadReport report_;
  Earlier earlier_;
  std::optional<Rejection> rejection_;  // of the file, unless a header is found that can be used
  std::vector<std::unique_ptr<Table>> tables_;
  std::vector<std::size_t> hashes_;  // of their channels; filled when no further table may begin

  // The part below one header.
  State state_ = State::rows;
  Layout layout_ = Layout::bare;
  Table* table_ = nullptr;           // one of tables_
  std::size_t first_row_ = 0;        // of this part, in the table
  std::uint64_t part_offset_ = 0;    // of its first row, in the text
  Head head_ = Head::start;
  std::uint64_t head_rows_ = 0;
  std::optional<std::int64_t> row_before_;  // its instant, as read
  StampClock clock_{model::Zone::utc()};
  Restarts restarts_;
  RowKernel kernel_;
  LastLine last_line_ = LastLine::other;
};

/// Stamp of a row, if the line begins with one.
[[nodiscard]] std::optional<LocalStamp> stamp_of(std::string_view line) noexcept;
/// Fields of a row behind its stamp.
[[nodiscard]] std::size_t count_fields(std::string_view line) noexcept;

}  // namespace pv::tsv
