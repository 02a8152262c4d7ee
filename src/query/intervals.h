#pragma once
/// The intervals that a block's rows stand for (energy.h), and how they share out over buckets. Worked out once a block,
/// used for all its channels. Inside the query room only.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "query/scan.h"

namespace pv::query {

/// Length in seconds of the interval before each row's stamp; all 0 when the block's step is unknown.
[[nodiscard]] std::vector<std::int32_t> block_intervals(const ScanBlock& block, std::span<const std::int64_t> restarts_s,
                                                        std::span<const std::int64_t> times_s);

/// What rows of one block give to one bucket.
///
///   bucket        |------------------------|
///   intervals  [ a )[ b )[ c )   [ d )[  e   )      a and e are shared, b to d lie fully inside
struct BucketShare {
  struct Part {
    std::uint32_t row = 0;
    std::int32_t seconds = 0;
  };
  std::size_t bucket = 0;
  std::uint32_t full_begin = 0;  // rows [full_begin, full_end) lie fully inside
  std::uint32_t full_end = 0;
  std::int64_t full_seconds = 0;
  std::int32_t uniform_s = -1;  // length of each of them; -1 when they differ
  std::array<Part, 2> parts{};  // rows across an edge; 0 seconds where there is none

  [[nodiscard]] std::int64_t seconds() const noexcept { return full_seconds + parts[0].seconds + parts[1].seconds; }
};

/// By bucket, ascending; buckets between the first and the last touched may have nothing in them.
[[nodiscard]] std::vector<BucketShare> share_out(std::span<const std::int64_t> times_s,
                                                 std::span<const std::int32_t> lengths_s,
                                                 std::span<const std::int64_t> edges_s);

}  // namespace pv::query
