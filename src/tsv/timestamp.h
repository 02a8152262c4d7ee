#pragma once
/// Stamps of rows: "DD/MM/YY HH:MM:SS" on the logger's clock, and the instants they mean.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "model/zone.h"

namespace pv::tsv {

inline constexpr std::size_t kStampBytes = 17;
/// The day at which a clock that lost its setting restarts: 01/01/20.
inline constexpr std::int64_t kUnsetClockDay_s = 1'577'836'800;
inline constexpr std::int64_t kSecondsPerDay = 86'400;

/// A local time; both parts count from 1970-01-01 00:00:00 on the local clock.
struct LocalStamp {
  std::int64_t midnight_s = 0;
  std::uint32_t second = 0;  // of the day

  [[nodiscard]] std::int64_t local_s() const noexcept { return midnight_s + second; }
};

/// Reads kStampBytes bytes, strictly: day first, year 20YY, a day and a time that exist.
[[nodiscard]] std::optional<LocalStamp> parse_stamp(const char* text) noexcept;

/// Turns local times into instants in the order of the rows, which alone tells the two passes of a repeated hour apart.
class StampClock {
 public:
  explicit StampClock(model::Zone zone);

  enum class Reading : std::uint8_t {
    certain,
    second_pass,  // of a repeated hour: the first would not lie after the row before
    first_pass,
    ambiguous,    // inside a repeated hour without a row before: read as the first pass
    nonexistent,  // inside a skipped hour: read as if the clock had not been set forward yet
  };
  struct Instant {
    std::int64_t utc_s;
    Reading reading;
  };
  [[nodiscard]] Instant to_utc(std::int64_t local_s, std::optional<std::int64_t> row_before_s);

  /// The part of a day in which every second has the same certain offset, around the given stamp; empty when the stamp
  /// itself is not certain.
  struct DayWindow {
    std::int64_t midnight_utc_s = 0;  // add the second of the day
    std::uint32_t first_second = 0;
    std::uint32_t end_second = 0;
  };
  [[nodiscard]] DayWindow day_window(const LocalStamp& stamp);

  [[nodiscard]] const model::Zone& zone() const noexcept { return zone_; }

 private:
  [[nodiscard]] bool find_certain_span(std::int64_t local_s);

  model::Zone zone_;
  // Local times in [begin, end) are certain, with this offset.
  std::int64_t span_begin_s_ = 0;
  std::int64_t span_end_s_ = 0;
  std::int32_t span_offset_s_ = 0;
};

}  // namespace pv::tsv
