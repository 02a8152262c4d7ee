#pragma once
/// The small part of Flux that PowerView sends, evaluated over the fake's points:
///   from(bucket) |> range(start, stop) |> filter(r.tag == "…" joined by and, or one tag against several by or) |> keep | count | sum | first | last |
///   window(every) | aggregateWindow(every, fn: count, sum, mean, timeSrc: "_start", createEmpty: false, location)
/// Everything else is refused, so that a query that nobody has thought about fails in tests.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "fakes/influxdb/points.h"

namespace pv::testing::influxdb {

struct FluxAnswer {
  int status = 200;
  std::string text;  // annotated CSV, or what is wrong
};

/// `bucket` gives the points of a bucket that may be read, else nothing.
[[nodiscard]] FluxAnswer run_flux(std::string_view script, const std::function<const Points*(const std::string&)>& bucket);

}  // namespace pv::testing::influxdb
