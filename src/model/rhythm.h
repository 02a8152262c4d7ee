#pragma once
/// A logger's usual step and the expected one, and where it fell silent. Times are Unix seconds, strictly ascending.
///   Threads: pure functions. Cost: one pass.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pv::model {

/// The most frequent distance between neighbouring rows; the smaller of two that are as frequent; 0 for fewer than two rows.
[[nodiscard]] std::int64_t usual_step(std::span<const std::int64_t> time_s);

/// Nothing was measured in [from_s, to_s): after one row, and before the interval that the next row stands for.
struct Silence {
  std::int64_t from_s = 0;
  std::int64_t to_s = 0;
};

/// Distances of more than one and a half of the step; of the usual one where none is given. None for a step of 0.
[[nodiscard]] std::vector<Silence> silences(std::span<const std::int64_t> time_s);
[[nodiscard]] std::vector<Silence> silences(std::span<const std::int64_t> time_s, std::int64_t step_s);

/// Distances between rows that a campaign's loggers are set to, seconds. Where nothing is said, what their rows show counts.
struct ExpectedSteps {
  std::optional<std::int64_t> of_campaign;
  std::map<std::string, std::int64_t, std::less<>> of_device;  // by its folder, which loggers have under their serial number

  [[nodiscard]] std::optional<std::int64_t> of(std::string_view device) const;
  bool operator==(const ExpectedSteps&) const = default;
};

}  // namespace pv::model
