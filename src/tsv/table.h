#pragma once
/// The rows below one header while they are read: columns with room ahead, a time column in file order.
/// The kernel writes into the columns directly; the careful path goes through put() and commit().

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "model/sample_block.h"
#include "tsv/row_kernel.h"

namespace pv::tsv {

class Table {
 public:
  /// `row_limit`: rows beyond it find no room.
  Table(std::vector<model::Channel> channels, std::size_t row_limit);
  // The kernel's view points into the columns.
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  [[nodiscard]] const std::vector<model::Channel>& channels() const noexcept { return channels_; }
  [[nodiscard]] std::size_t column_count() const noexcept { return columns_.size(); }
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::span<const std::int64_t> times() const noexcept { return {time_s_.data(), rows_}; }

  /// Makes room for `rows` rows, or as many as the limit allows. False when there is no more room than before.
  bool reserve(std::size_t rows);

  void limit_rows(std::size_t row_limit) noexcept;
  /// Gives back room that was reserved far beyond the rows there are.
  void shrink();

  /// Lends the columns to the kernel, and takes over the rows it added.
  void lend(RowKernel& kernel) noexcept;
  void take_back(const RowKernel& kernel) noexcept { rows_ = kernel.row; }

  /// Cells of the row being built; rows() < capacity() holds. put() answers false, and leaves the cell missing, when the
  /// text is no number.
  bool put(std::size_t column, std::string_view cell);
  void put_missing(std::size_t column);
  void commit(std::int64_t time_s) { time_s_[rows_++] = time_s; }
  void commit_provisional(std::int64_t time_s);

  void set_time(std::size_t row, std::int64_t time_s) { time_s_[row] = time_s; }
  /// Drops the rows from `rows` on.
  void truncate(std::size_t rows);

  struct Outcome {
    model::LoggerTable table;
    std::uint64_t duplicate_stamps = 0;
  };
  /// Sorts by time and joins rows of the same instant. The table is empty afterwards.
  [[nodiscard]] Outcome finish();

 private:
  void put_decimal(std::size_t column, std::int64_t mantissa, unsigned places);
  void put_real(std::size_t column, double value);
  void widen(model::Column& column, unsigned places);
  void make_real(model::Column& column);
  void refresh(std::size_t column);
  [[nodiscard]] std::uint64_t join_same_instants();

  std::vector<model::Channel> channels_;
  std::vector<model::Column> columns_;  // each with capacity_ cells, of which rows_ count
  std::vector<FastColumn> fast_;
  std::vector<bool> has_scale_;         // a value has set the column's decimals
  std::vector<std::int64_t> time_s_;
  std::size_t rows_ = 0;
  std::size_t capacity_ = 0;
  std::size_t row_limit_;
  bool has_missing_ = false;
  std::optional<std::size_t> provisional_;
};

/// Between the tables of one file: the cell of the later table wins, but a provisional one never beats a whole one.
/// Returns how many rows met a row of the same instant.
[[nodiscard]] std::uint64_t settle_overlaps(std::span<model::LoggerTable> tables);

}  // namespace pv::tsv
