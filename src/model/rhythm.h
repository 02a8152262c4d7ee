#pragma once
/// A logger's usual step, and where it fell silent. Times are Unix seconds, strictly ascending.
///   Threads: pure functions. Cost: one pass.

#include <cstdint>
#include <span>
#include <vector>

namespace pv::model {

/// The most frequent distance between neighbouring rows; the smaller of two that are as frequent; 0 for fewer than two rows.
[[nodiscard]] std::int64_t usual_step(std::span<const std::int64_t> time_s);

/// Nothing was measured in [from_s, to_s): after one row, and before the interval that the next row stands for.
struct Silence {
  std::int64_t from_s = 0;
  std::int64_t to_s = 0;
};

/// Distances of more than one and a half of the usual step.
[[nodiscard]] std::vector<Silence> silences(std::span<const std::int64_t> time_s);

}  // namespace pv::model
