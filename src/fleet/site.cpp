#include "fleet/site.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/clock.h"

namespace pv::fleet {
namespace {


using Hours = std::array<std::int16_t, 24>;
struct Week {
  Hours weekday;
  Hours saturday;
  Hours sunday;
};

constexpr Hours kNobody = {};
constexpr std::array<Week, 4> kWeeks = {{
    // workshop
    {{0, 0, 0, 0, 0, 80, 600, 950, 1000, 900, 1024, 980, 350, 700, 1000, 960, 900, 500, 120, 0, 0, 0, 0, 0},
     {0, 0, 0, 0, 0, 0, 120, 500, 620, 600, 560, 400, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
     kNobody},
    // office
    {{0, 0, 0, 0, 0, 0, 30, 250, 800, 980, 1024, 980, 560, 820, 980, 1000, 960, 700, 260, 60, 0, 0, 0, 0},
     kNobody,
     kNobody},
    // school
    {{0, 0, 0, 0, 0, 60, 300, 700, 980, 1024, 900, 1000, 860, 560, 940, 900, 620, 420, 300, 80, 0, 0, 0, 0},
     {0, 0, 0, 0, 0, 0, 0, 0, 120, 160, 160, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
     kNobody},
    // home
    {{60, 30, 20, 20, 20, 80, 420, 640, 460, 220, 180, 280, 460, 300, 180, 180, 260, 520, 860, 1024, 980, 820, 480, 160},
     {110, 50, 20, 20, 20, 30, 120, 360, 620, 720, 680, 760, 900, 620, 460, 420, 460, 640, 900, 1024, 960, 860, 620, 320},
     {140, 60, 30, 20, 20, 30, 90, 280, 560, 740, 780, 900, 980, 620, 440, 400, 440, 620, 880, 980, 900, 720, 420, 140}},
}};

/// Hundredths of a volt against the mean, by local hour: high by night, low when everybody cooks.
constexpr Hours kGridByHour = {190, 230, 240, 250, 240, 170, 40, -90, -110, -60, -20, 10,
                               40,  90,  80,  60,  -10, -110, -230, -290, -220, -110, 20, 120};

std::int32_t between_hours(const Hours& hours, std::int32_t local_second) {
  const auto hour = static_cast<std::size_t>(local_second / 3600);
  const std::int32_t into = local_second % 3600;
  return (hours[hour] * (3600 - into) + hours[(hour + 1) % 24] * into) / 3600;
}

const Hours& hours_of(Schedule schedule, std::int64_t local_day) {
  const Week& week = kWeeks[static_cast<std::size_t>(schedule)];
  const std::int64_t weekday = (local_day + 3) % 7;  // 0: Monday
  return weekday < 5 ? week.weekday : weekday == 5 ? week.saturday : week.sunday;
}

std::int32_t summer_on(std::int64_t local_day) {
  const std::int64_t since_solstice = ((local_day + 11) * 4) % 1461;  // quarter days since 21 December
  std::int64_t half = since_solstice * 2 * kOne / 1461;
  if (half > kOne) half = 2 * kOne - half;
  return static_cast<std::int32_t>(half * half * (3 * kOne - 2 * half) / (std::int64_t{kOne} * kOne));
}

std::int32_t sun_at(std::int64_t utc_s, std::int32_t summer) {
  constexpr std::int64_t kNoon_s = 11 * 3600 + 50 * 60;
  const std::int64_t length_s = 29'700 + std::int64_t{28'440} * summer / kOne;
  const std::int64_t since_sunrise = utc_s % kDay_s - (kNoon_s - length_s / 2);
  return static_cast<std::int32_t>(since_sunrise * kOne / length_s);
}

}  // namespace

Site::Site(Schedule schedule, std::uint64_t seed)
    : schedule_(schedule), seed_(seed), random_(seed), nominal_(24'000 + random_.below(800)) {
  now_.local_day = -1;
}

void Site::start_day() {
  Random day(seed_of(seed_, static_cast<std::uint64_t>(now_.local_day)));
  now_.summer = summer_on(now_.local_day);
  bustle_ = 850 + day.below(300);
  switch (day.below(3)) {
    case 0:  // blue sky
      clear_sky_ = 980;
      clouds_ = 15;
      break;
    case 1:  // clouds passing
      clear_sky_ = 940;
      clouds_ = 420;
      break;
    default:  // overcast
      clear_sky_ = 180 + day.below(200);
      clouds_ = 60;
      break;
  }
}

void Site::go_to(std::int64_t utc_s, std::int32_t offset_s) {
  const std::int64_t local_s = utc_s + offset_s;
  const std::int64_t day = local_s / kDay_s;
  now_.utc_s = utc_s;
  now_.local_second = static_cast<std::int32_t>(local_s % kDay_s);
  if (day != now_.local_day) {
    now_.local_day = day;
    start_day();
  }
  now_.sun = sun_at(utc_s, now_.summer);
  now_.new_slot = utc_s / kSlot_s != slot_;
  if (now_.new_slot) {
    slot_ = utc_s / kSlot_s;
    drift_ += random_.noise(40) - drift_ / 24;
    sky_ = std::clamp(clear_sky_ - random_.below(clouds_ + 1), 20, kOne);
  }
  activity_ = std::min(kOne, between_hours(hours_of(schedule_, day), now_.local_second) * bustle_ / kOne);
  grid_ = nominal_ + between_hours(kGridByHour, now_.local_second) + drift_;
}

}  // namespace pv::fleet
