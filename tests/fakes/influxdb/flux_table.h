#pragma once
/// A table of an answer to a Flux script, and tables as annotated CSV.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fakes/influxdb/points.h"

namespace pv::testing::influxdb {

struct Table {
  std::map<std::string, std::string> key;  // tags, _measurement, _field
  std::int64_t start_ns = 0, stop_ns = 0;
  bool has_bounds = true, has_time = true;
  std::vector<std::pair<std::int64_t, Value>> rows;
};

/// The multiple of `step` at or below a value.
[[nodiscard]] inline std::int64_t floored(std::int64_t value, std::int64_t step) { return value - ((value % step) + step) % step; }

[[nodiscard]] std::string csv_of(const std::vector<Table>& tables);

}  // namespace pv::testing::influxdb
