#pragma once
/// What the fake InfluxDB keeps, and its strict reading of line protocol.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

namespace pv::testing::influxdb {

inline constexpr std::int64_t kSecond_ns = 1'000'000'000;

using Value = std::variant<double, std::int64_t, std::uint64_t, bool, std::string>;
using Tags = std::map<std::string, std::string>;

struct Point {
  std::string measurement;
  Tags tags;
  std::map<std::string, Value> fields;
  std::int64_t time_ns = 0;
};

/// Reads one line as InfluxDB 2.9 does. "" when it is good; else the reason. A comment or empty line gives no point.
[[nodiscard]] std::string read_line(std::string_view line, std::int64_t ns_per_unit, std::optional<Point>& point);

/// One stored value, for tests to look at.
struct Stored {
  std::string measurement;
  Tags tags;
  std::string field;
  std::int64_t time_s = 0;
  Value value;
  bool operator==(const Stored&) const = default;
};

struct SeriesKey {
  std::string measurement;
  std::string field;
  Tags tags;
  auto operator<=>(const SeriesKey&) const = default;
};

class Points {
 public:
  /// Why the point is not taken ("" when it is): a field of another type in the same week.
  std::string add(const Point& point);
  void remove(std::int64_t from_ns, std::int64_t to_ns, const Tags& wanted);  // both ends included; "_measurement" is among the wanted
  [[nodiscard]] const std::map<SeriesKey, std::map<std::int64_t, Value>>& series() const noexcept { return series_; }

 private:
  std::map<SeriesKey, std::map<std::int64_t, Value>> series_;
  std::map<std::tuple<std::string, std::string, std::int64_t>, std::size_t> types_;  // by measurement, field and week
};

}  // namespace pv::testing::influxdb
