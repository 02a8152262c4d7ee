#pragma once
/// Reads what /api/v1/export answers, one line at a time as it arrives:
///   {"metric":{"__name__":"electrical_x","db":"a"},"values":[1.5,null],"timestamps":[1700000000000,1700000060000]}
///
/// The bytes come from outside: a line has at most kMostLineBytes, and anything but this shape is an error. Numbers that JSON cannot say (null,
/// "Infinity") are left out with their instants. A number with more than 15 digits is rounded to 15: VictoriaMetrics keeps no more, and what lies
/// behind them is its own rounding.
///   Errors: unavailable (the answer makes no sense or was cut).
///   Threads: confined to one.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "victoria/labels.h"

namespace pv::victoria {

inline constexpr std::size_t kMostLineBytes = 8U << 20;

/// Part of one series. Not necessarily in time order, and an instant may come twice: VictoriaMetrics keeps both.
struct ExportedRun {
  Labels labels;
  std::vector<std::int64_t> time_s;
  std::vector<double> values;  // finite
};

class ExportReader {
 public:
  /// The run is borrowed for the call. An error of the consumer ends the reading.
  using Consume = std::function<Result<void>(const ExportedRun&)>;
  explicit ExportReader(Consume consume) : consume_(std::move(consume)) {}

  Result<void> feed(std::string_view piece);
  /// Errors: the last line is not whole.
  Result<void> finish();

 private:
  Result<void> line(std::string_view text);
  Consume consume_;
  std::string rest_;  // of a line that is not whole yet
  ExportedRun run_;
};

}  // namespace pv::victoria
