#include "tsv/timestamp.h"

#include <algorithm>
#include <array>
#include <utility>

namespace pv::tsv {
namespace {

constexpr std::array<int, 12> kDaysOfMonth = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
constexpr std::array<int, 12> kDaysBeforeMonth = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
constexpr std::int64_t kDaysTo2000 = 10'957;

/// Two digits, or a negative number.
int two_digits(const char* text) noexcept {
  const int tens = text[0] - '0';
  const int ones = text[1] - '0';
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}

}  // namespace

std::optional<LocalStamp> parse_stamp(const char* text) noexcept {
  const int day = two_digits(text);
  const int month = two_digits(text + 3);
  const int year = two_digits(text + 6);
  const int hour = two_digits(text + 9);
  const int minute = two_digits(text + 12);
  const int second = two_digits(text + 15);
  if (text[2] != '/' || text[5] != '/' || text[8] != ' ' || text[11] != ':' || text[14] != ':') return std::nullopt;
  if (month < 1 || month > 12 || year < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
    return std::nullopt;
  }
  const bool leap = year % 4 == 0;  // true of every century year from 2000 to 2099
  const auto at = static_cast<std::size_t>(month - 1);
  if (day < 1 || day > kDaysOfMonth[at] + (leap && month == 2 ? 1 : 0)) return std::nullopt;
  const std::int64_t days = kDaysTo2000 + year * 365 + (year + 3) / 4 + kDaysBeforeMonth[at] + (leap && month > 2 ? 1 : 0) + day - 1;
  return LocalStamp{days * kSecondsPerDay, static_cast<std::uint32_t>(hour * 3600 + minute * 60 + second)};
}

StampClock::StampClock(model::Zone zone) : zone_(std::move(zone)) {}

bool StampClock::find_certain_span(std::int64_t local_s) {
  if (local_s >= span_begin_s_ && local_s < span_end_s_) return true;
  const model::Zone::Instants instants = zone_.to_utc(local_s);
  if (instants.kind != model::Zone::LocalKind::unique) return false;
  const model::Zone::Offset here = zone_.offset_at(instants.earlier_s);
  const std::int32_t before = zone_.is_utc() ? 0 : zone_.offset_at(here.begin_s - 1).offset_s;
  const std::int32_t after = zone_.is_utc() ? 0 : zone_.offset_at(here.end_s).offset_s;
  // Where the clock is set back, the local times around the change show twice and belong to neither span.
  span_begin_s_ = here.begin_s + std::max(here.offset_s, before);
  span_end_s_ = here.end_s + std::min(here.offset_s, after);
  span_offset_s_ = here.offset_s;
  return local_s >= span_begin_s_ && local_s < span_end_s_;
}

StampClock::Instant StampClock::to_utc(std::int64_t local_s, std::optional<std::int64_t> row_before_s) {
  if (find_certain_span(local_s)) return {local_s - span_offset_s_, Reading::certain};
  const model::Zone::Instants instants = zone_.to_utc(local_s);
  switch (instants.kind) {
    case model::Zone::LocalKind::unique: return {instants.earlier_s, Reading::certain};
    case model::Zone::LocalKind::skipped:
      return {local_s - zone_.offset_at(instants.earlier_s - 1).offset_s, Reading::nonexistent};
    case model::Zone::LocalKind::repeated: break;
  }
  if (!row_before_s) return {instants.earlier_s, Reading::ambiguous};
  if (instants.earlier_s > *row_before_s) return {instants.earlier_s, Reading::first_pass};
  return {instants.later_s, Reading::second_pass};
}

StampClock::DayWindow StampClock::day_window(const LocalStamp& stamp) {
  if (!find_certain_span(stamp.local_s())) return {};
  const std::int64_t first = std::clamp<std::int64_t>(span_begin_s_ - stamp.midnight_s, 0, kSecondsPerDay);
  const std::int64_t end = std::clamp<std::int64_t>(span_end_s_ - stamp.midnight_s, 0, kSecondsPerDay);
  return {stamp.midnight_s - span_offset_s_, static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(end)};
}

}  // namespace pv::tsv
