#pragma once
/// What is added up for one channel in one bucket, and how a block's column is added to it. Inside the query room only.
///
/// Decimal mantissas are added as integers in units of 10^-9, so the sums are exact and their order is of no account;
/// real columns are added as doubles, always in time order. 128 bits hold 2^31 x 10^9 x 86,400 s x 2^40 rows.

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "model/column.h"
#include "query/intervals.h"

namespace pv::query {

__extension__ using Int128 = __int128;

struct FigureCell {
  Int128 nano_sum = 0;
  double real_sum = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  std::uint64_t count = 0;

  void add(const FigureCell& other) noexcept;
  [[nodiscard]] double mean() const noexcept;  // NaN when count is 0
};

struct EnergyCell {
  Int128 nano_seconds = 0;  // 10^-9 units x seconds
  double real_seconds = 0;
  std::int64_t covered_s = 0;

  void add(const EnergyCell& other) noexcept;
  [[nodiscard]] double watt_hours(double watts_per_unit) const noexcept;  // NaN when nothing was covered
};

/// Where a block adds its cells to. No other block touches the buckets between its first and last one (blocks of a
/// logger do not overlap), so those go straight to the answer; the two outer ones are kept apart and added when
/// all blocks are done, in the order of the blocks.
template <class Cell>
class BlockCells {
 public:
  BlockCells() = default;
  BlockCells(std::size_t first, std::size_t last, std::size_t channels)
      : first_(first), last_(last), outer_(2 * channels) {}

  /// `channel`: place among the logger's wanted channels; `answer`: that channel's cells, all buckets.
  [[nodiscard]] Cell& at(std::size_t channel, std::size_t bucket, Cell* answer) noexcept {
    if (bucket == first_) return outer_[2 * channel];
    if (bucket == last_) return outer_[2 * channel + 1];
    return answer[bucket];
  }
  void finish(std::size_t channel, Cell* answer) const noexcept {
    if (outer_.empty()) return;
    answer[first_].add(outer_[2 * channel]);
    if (last_ != first_) answer[last_].add(outer_[2 * channel + 1]);
  }

 private:
  std::size_t first_ = 0;
  std::size_t last_ = 0;
  std::vector<Cell> outer_;
};

/// Figures of cells [starts[k], starts[k+1]) of a column, one a run.
void figures_of(const model::Column& column, std::span<const std::uint32_t> starts, std::vector<FigureCell>& out);

/// A column's share in one bucket.
[[nodiscard]] EnergyCell energy_of(const model::Column& column, std::span<const std::int32_t> lengths_s,
                                   const BucketShare& share) noexcept;

}  // namespace pv::query
