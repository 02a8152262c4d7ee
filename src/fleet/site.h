#pragma once
/// What all channels of a logger share: the time of day and year, the sky, the people, the grid.
/// Fractions are integers out of 1,024.

#include <cstdint>

#include "fleet/random.h"

namespace pv::fleet {

inline constexpr std::int32_t kOne = 1024;      // the whole, for fractions
inline constexpr std::int64_t kSlot_s = 600;    // slow processes move once in this time, whatever the step

/// Whose hours the site keeps.
enum class Schedule : std::uint8_t { workshop, office, school, home };

/// An instant as the site sees it.
struct Moment {
  std::int64_t utc_s = 0;
  std::int64_t local_day = 0;     // days since 1970-01-01 on the local calendar
  std::int32_t local_second = 0;  // since local midnight
  std::int32_t summer = 0;        // 0 on 21 December, kOne on 21 June
  std::int32_t sun = 0;           // way of the sun from sunrise (0) to sunset (kOne); outside by night
  bool new_slot = false;          // first moment of its slot

  [[nodiscard]] bool is_night() const noexcept { return sun <= 0 || sun >= kOne; }
};

class Site {
 public:
  Site(Schedule schedule, std::uint64_t seed);

  /// Goes on to an instant, never back. `offset_s`: local time minus UTC.
  void go_to(std::int64_t utc_s, std::int32_t offset_s);

  [[nodiscard]] const Moment& now() const noexcept { return now_; }
  [[nodiscard]] std::int32_t activity() const noexcept { return activity_; }  // 0..kOne: people at work
  [[nodiscard]] std::int32_t sky() const noexcept { return sky_; }            // 0..kOne: share of the sun let through
  [[nodiscard]] std::int32_t grid() const noexcept { return grid_; }          // phase voltage, hundredths of a volt

 private:
  void start_day();

  Schedule schedule_;
  std::uint64_t seed_;
  Random random_;
  Moment now_;
  std::int64_t slot_ = -1;
  std::int32_t nominal_;  // hundredths of a volt
  std::int32_t drift_ = 0;
  std::int32_t clouds_ = 0;      // how restless today's sky is
  std::int32_t clear_sky_ = kOne;  // what today's sky lets through at most
  std::int32_t bustle_ = kOne;     // how busy today is
  std::int32_t activity_ = 0;
  std::int32_t sky_ = kOne;
  std::int32_t grid_ = 0;
};

}  // namespace pv::fleet
