#include "query/buckets.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

namespace pv::query {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kEarliest = -2'208'988'800;  // 1900-01-01
constexpr std::int64_t kLatest = 7'258'118'400;     // 2200-01-01
constexpr std::int64_t kFirstMonday = 4;            // 1970-01-05, in days

constexpr std::array<std::int64_t, 27> kNiceSteps = {
    1,        2,        5,        10,       15,        30,        60,        120,       300,
    600,      900,      1'800,    3'600,    7'200,     10'800,    14'400,    21'600,    28'800,
    43'200,   kDay,     2 * kDay, 3 * kDay, 4 * kDay,  5 * kDay,  7 * kDay,  10 * kDay, 14 * kDay};

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

Result<void> check_period(model::Period period) {
  if (period.empty()) return fail(Errc::invalid_input, "the period is empty: its end must lie after its begin");
  if (period.from_s < kEarliest || period.to_s > kLatest) {
    return fail(Errc::invalid_input, "the period must lie within the years 1900 to 2200");
  }
  return {};
}

/// Collects the edges inside a period, in order, and refuses too many.
class EdgeList {
 public:
  explicit EdgeList(model::Period period) : to_s_(period.to_s) { edges_.push_back(period.from_s); }
  /// False once there are too many.
  bool add(std::int64_t instant) {
    if (instant > edges_.back() && instant < to_s_) edges_.push_back(instant);
    return edges_.size() <= kMaxBuckets;
  }
  Edges take() && {
    edges_.push_back(to_s_);
    return std::move(edges_);
  }

 private:
  std::int64_t to_s_;
  Edges edges_;
};

tl::unexpected<Error> too_many() {
  return fail(Errc::invalid_input,
              fmt::format("more than {} buckets: ask for a shorter period or longer buckets", kMaxBuckets));
}

/// The first local time at or after `local_s` whose time of day is a multiple of the step, or a midnight.
std::int64_t next_round(std::int64_t local_s, std::int64_t step_s) {
  const std::int64_t midnight = floor_div(local_s, kDay) * kDay;
  const std::int64_t count = (local_s - midnight + step_s - 1) / step_s;
  return std::min(midnight + count * step_s, midnight + kDay);
}

Result<Edges> clock_edges(model::Period period, const model::Zone& zone, std::int64_t step_s) {
  EdgeList edges(period);
  std::int64_t at = period.from_s;
  while (at < period.to_s) {
    const model::Zone::Offset offset = zone.offset_at(at);
    const std::int64_t end = std::min(offset.end_s, period.to_s);
    for (std::int64_t local = next_round(at + offset.offset_s, step_s); local - offset.offset_s < end;
         local = next_round(local + 1, step_s)) {
      if (!edges.add(local - offset.offset_s)) return too_many();
    }
    if (end < period.to_s) {
      const std::int64_t skipped_from = end + offset.offset_s;
      const std::int64_t skipped_to = end + zone.offset_at(end).offset_s;
      if (next_round(skipped_from, step_s) < skipped_to && !edges.add(end)) return too_many();
    }
    at = end;
  }
  return std::move(edges).take();
}

Result<Edges> day_edges(model::Period period, const model::Zone& zone, std::int64_t days) {
  EdgeList edges(period);
  const std::int64_t local = period.from_s + zone.offset_at(period.from_s).offset_s;
  const std::int64_t today = floor_div(local, kDay);
  std::int64_t day = kFirstMonday + floor_div(today - kFirstMonday, days) * days;
  for (;; day += days) {
    const std::int64_t instant = zone.to_utc(day * kDay).earlier_s;
    if (instant >= period.to_s) break;
    if (!edges.add(instant)) return too_many();
  }
  return std::move(edges).take();
}

Result<Edges> month_edges(model::Period period, const model::Zone& zone) {
  using std::chrono::days;
  using std::chrono::sys_days;
  EdgeList edges(period);
  const std::int64_t local = period.from_s + zone.offset_at(period.from_s).offset_s;
  const std::chrono::year_month_day first{sys_days{days{floor_div(local, kDay)}}};
  std::chrono::year_month month = first.year() / first.month();
  for (;; month += std::chrono::months{1}) {
    const std::int64_t day = sys_days{month / 1}.time_since_epoch().count();
    const std::int64_t instant = zone.to_utc(day * kDay).earlier_s;
    if (instant >= period.to_s) break;
    if (!edges.add(instant)) return too_many();
  }
  return std::move(edges).take();
}

}  // namespace

std::optional<Calendar> parse_calendar(std::string_view text) noexcept {
  if (text == "hour") return Calendar::hour;
  if (text == "day") return Calendar::day;
  if (text == "week") return Calendar::week;
  if (text == "month") return Calendar::month;
  return std::nullopt;
}

Result<Edges> calendar_edges(model::Period period, const model::Zone& zone, Calendar unit) {
  PV_TRY_VOID(check_period(period));
  switch (unit) {
    case Calendar::hour: return clock_edges(period, zone, 3'600);
    case Calendar::day: return day_edges(period, zone, 1);
    case Calendar::week: return day_edges(period, zone, 7);
    case Calendar::month: return month_edges(period, zone);
  }
  return fail(Errc::invalid_input, "unknown calendar unit");
}

Result<Edges> step_edges(model::Period period, const model::Zone& zone, std::int64_t step_s) {
  PV_TRY_VOID(check_period(period));
  if (step_s < 1) return fail(Errc::invalid_input, "a step must be one second or more");
  // Refused before anything is built: a second's step over a century would be three billion edges.
  if ((period.to_s - period.from_s) / step_s > static_cast<std::int64_t>(kMaxBuckets)) return too_many();
  if (step_s < kDay) return clock_edges(period, zone, step_s);
  if (step_s % kDay != 0) {
    return fail(Errc::invalid_input, "a step longer than a day must be a number of whole days (86400 seconds)");
  }
  return day_edges(period, zone, std::min(step_s, kLatest) / kDay);
}

Result<NiceEdges> nice_edges(model::Period period, const model::Zone& zone, std::size_t points) {
  PV_TRY_VOID(check_period(period));
  if (points < 1) return fail(Errc::invalid_input, "at least one point must be asked for");
  const std::int64_t length = period.to_s - period.from_s;
  std::size_t next = 0;
  std::int64_t step_s = kNiceSteps[0];
  while (step_s / 4 <= length) {
    // An hour that a clock change adds or takes moves the count a little, so near misses are built and counted.
    if (length / step_s <= static_cast<std::int64_t>(std::min(points, kMaxBuckets)) + 2) {
      PV_TRY(Edges edges, step_edges(period, zone, step_s));
      if (edges.size() - 1 <= points) return NiceEdges{step_s, std::move(edges)};
    }
    ++next;
    step_s = next < kNiceSteps.size() ? kNiceSteps[next] : next == kNiceSteps.size() ? 28 * kDay : step_s * 2;
  }
  return NiceEdges{length, {period.from_s, period.to_s}};
}

Result<Edges> whole_calendar_edges(model::Period period, const model::Zone& zone, Calendar unit) {
  if (period.empty()) return fail(Errc::invalid_input, "the period is empty");
  constexpr std::int64_t kLongest_s = 32 * 86'400;  // no bucket is longer
  PV_TRY(Edges edges, calendar_edges({period.from_s - kLongest_s, period.to_s + kLongest_s}, zone, unit));
  // The outer two are the ends of what was asked for, not of a bucket.
  edges.erase(edges.begin());
  edges.pop_back();
  const auto first = std::prev(std::upper_bound(edges.begin(), edges.end(), period.from_s));
  const auto end = std::lower_bound(edges.begin(), edges.end(), period.to_s);
  return Edges(first, std::next(end));
}

}  // namespace pv::query
