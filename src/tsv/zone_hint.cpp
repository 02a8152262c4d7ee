#include "tsv/zone_hint.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "model/zone.h"

namespace pv::tsv {
namespace {

constexpr std::array<std::string_view, 8> kZones = {"Europe/Paris",     "Europe/London",       "Europe/Athens",    "America/New_York",
                                                    "America/Chicago", "America/Los_Angeles", "Australia/Sydney", "America/Denver"};
constexpr std::int64_t kHour = 3600;
constexpr int kMaxPlaces = 32;

using Kind = ClockChange::Kind;
using model::Zone;

bool repeats_here(const Zone& zone, std::int64_t before, std::int64_t after) {
  const Zone::Instants back = zone.to_utc(after);
  if (back.kind != Zone::LocalKind::repeated) return false;
  const Zone::Instants front = zone.to_utc(before);
  return back.earlier_s <= front.earlier_s && front.earlier_s < back.later_s;
}

bool skips_here(const Zone& zone, std::int64_t before, std::int64_t after) {
  return zone.to_utc(before + (after - before) / 2).kind == Zone::LocalKind::skipped &&
         zone.to_utc(before).kind == Zone::LocalKind::unique && zone.to_utc(after).kind == Zone::LocalKind::unique;
}

}  // namespace

std::optional<ClockChange> find_clock_change(std::span<const std::int64_t> times_s) {
  int places = 0;
  for (std::size_t i = 1; i < times_s.size() && places < kMaxPlaces; ++i) {
    const std::int64_t step = times_s[i] - times_s[i - 1];
    const bool back = step <= 0 && step > -kHour;
    // An hour is missing when the step is an hour longer than the step before it.
    const bool gap = i >= 2 && step > kHour && step <= kHour + 2 * std::max<std::int64_t>(times_s[i - 1] - times_s[i - 2], 0);
    if (!back && !gap) continue;
    ++places;
    for (const std::string_view name : kZones) {
      const auto zone = Zone::from_name(name);
      if (!zone) continue;
      const bool hit = back ? repeats_here(*zone, times_s[i - 1], times_s[i]) : skips_here(*zone, times_s[i - 1], times_s[i]);
      if (hit) return ClockChange{back ? Kind::repeated_hour : Kind::missing_hour, times_s[i], std::string(name)};
    }
  }
  return std::nullopt;
}

}  // namespace pv::tsv
