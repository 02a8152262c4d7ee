#pragma once
/// Reads annotated CSV, as InfluxDB 2 answers queries, in pieces of any size.
///
/// An answer is a run of blocks, each with its own columns: rows are handed on with the block they are in. A block that tells an error ends the
/// reading with it, wherever it stands.
///   Errors: unavailable: the server says that the query failed; what came is no CSV of this kind (a page of a proxy), or was cut, has a row of more than
///   1 MiB or more than 1,000 columns. What is stored is not damaged by that. The error of the row's taker ends the reading too.
///   Memory: one row. Threads: an object belongs to one thread.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pv::influx {

struct CsvBlock {
  std::uint64_t number = 0;  // 1 for the first: a taker that keeps places of columns looks them up again when it changes
  std::vector<std::string> names, types, defaults;
  /// Place of a column; nothing when the block has none of this name.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
};

class CsvReader {
 public:
  /// The cells are as many as the block's columns, and borrowed. An empty cell is null, or the column's default where it has one.
  using Row = std::function<Result<void>(const CsvBlock&, std::span<const std::string_view>)>;

  explicit CsvReader(Row row) : row_(std::move(row)) {}
  [[nodiscard]] Result<void> push(std::string_view bytes);
  [[nodiscard]] Result<void> finish();

 private:
  enum class Where { start_of_cell, cell, quoted, quote_in_quoted };
  [[nodiscard]] Result<void> end_cell();
  [[nodiscard]] Result<void> end_record();
  [[nodiscard]] Result<void> take_record(std::span<const std::string_view> cells);

  Row row_;
  Where where_ = Where::start_of_cell;
  std::string record_;             // the cells of the row, one after the other
  std::vector<std::size_t> ends_;  // of each in record_
  std::vector<std::string_view> cells_;
  CsvBlock block_, next_;  // what the annotations say of the block that comes
  bool expects_header_ = true;
  bool tells_error_ = false;
};

/// "2025-08-03T03:20:00Z", also with a fraction (left out) or an offset, as Unix seconds.
[[nodiscard]] std::optional<std::int64_t> read_time(std::string_view text) noexcept;
/// A finite number.
[[nodiscard]] std::optional<double> read_number(std::string_view text) noexcept;

}  // namespace pv::influx
