#include "model/zone.h"

#include <algorithm>
#include <array>
#include <exception>
#include <limits>
#include <optional>
#include <utility>

#include <date/tz.h>
#include <fmt/format.h>

#include "base/check.h"

namespace pv::model {
namespace {

// Far beyond any stamp, and still safe to add an offset to.
constexpr std::int64_t kEver = std::numeric_limits<std::int64_t>::max() / 4;
constexpr std::int64_t kDay = 86'400;
constexpr std::size_t kMaxZoneText = 128;

std::int64_t days_from_civil(int year, unsigned month, unsigned day) {
  return date::sys_days{date::year{year} / static_cast<int>(month) / static_cast<int>(day)}.time_since_epoch().count();
}

int year_of(std::int64_t seconds) {
  const std::int64_t days = seconds >= 0 ? seconds / kDay : -((kDay - 1 - seconds) / kDay);
  return static_cast<int>(date::year_month_day{date::sys_days{date::days{days}}}.year());
}

/// One change of a POSIX zone string: "M3.5.0/2", "J60", "59/1".
struct ChangeRule {
  enum class Kind : std::uint8_t { month_week_day, julian_without_leap, julian } kind = Kind::month_week_day;
  int month = 0;
  int week = 0;
  int day = 0;
  std::int32_t time_s = 7200;

  /// Seconds since the epoch on the clock that shows before the change.
  [[nodiscard]] std::int64_t local_s(int year) const {
    const std::int64_t new_year = days_from_civil(year, 1, 1);
    const bool leap = date::year{year}.is_leap();
    std::int64_t days = 0;
    switch (kind) {
      case Kind::month_week_day: {
        const date::year_month ym = date::year{year} / month;
        const date::weekday weekday{static_cast<unsigned>(day)};
        days = (week == 5 ? date::sys_days{ym / weekday[date::last]} : date::sys_days{ym / weekday[static_cast<unsigned>(week)]})
                   .time_since_epoch().count();
        break;
      }
      case Kind::julian_without_leap: days = new_year + day - 1 + (leap && day >= 60 ? 1 : 0); break;
      case Kind::julian: days = new_year + day; break;
    }
    return days * kDay + time_s;
  }
};

struct PosixRules {
  std::int32_t standard_s = 0;
  std::int32_t summer_s = 0;
  bool has_summer = false;
  ChangeRule to_summer;
  ChangeRule to_standard;

  [[nodiscard]] Zone::Offset offset_at(std::int64_t utc_s) const {
    if (!has_summer) return {-kEver, kEver, standard_s};
    // A change may lie a week outside its year, so the changes of five years surely hold the instant between two.
    std::array<std::pair<std::int64_t, std::int32_t>, 10> changes;
    const int first_year = year_of(utc_s) - 2;
    for (int i = 0; i < 5; ++i) {
      const auto at = static_cast<std::size_t>(2 * i);
      changes[at] = {to_summer.local_s(first_year + i) - standard_s, summer_s};
      changes[at + 1] = {to_standard.local_s(first_year + i) - summer_s, standard_s};
    }
    std::stable_sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::size_t after = 0;
    while (after < changes.size() && changes[after].first <= utc_s) ++after;
    PV_CHECK(after > 0 && after < changes.size());
    return {changes[after - 1].first, changes[after].first, changes[after - 1].second};
  }
};

/// Reads a POSIX zone string from the left; every step answers false when the text is not what it expects.
class PosixText {
 public:
  explicit PosixText(std::string_view text) : rest_(text) {}

  bool rules(PosixRules& out) {
    if (!abbreviation() || !offset(out.standard_s)) return false;
    if (rest_.empty()) return true;
    if (!abbreviation()) return false;
    out.has_summer = true;
    out.summer_s = out.standard_s + 3600;
    if (!rest_.empty() && rest_.front() != ',' && !offset(out.summer_s)) return false;
    return take(',') && change(out.to_summer) && take(',') && change(out.to_standard) && rest_.empty();
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool abbreviation() {
    const bool quoted = take('<');
    std::size_t length = 0;
    const auto letter = [&](char c) {
      const bool alpha = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
      return alpha || (quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-'));
    };
    while (length < rest_.size() && letter(rest_[length])) ++length;
    if (length < 3) return false;
    rest_.remove_prefix(length);
    return !quoted || take('>');
  }

  bool number(int& out, int low, int high) {
    std::size_t length = 0;
    int value = 0;
    while (length < rest_.size() && length < 4 && rest_[length] >= '0' && rest_[length] <= '9') {
      value = value * 10 + (rest_[length++] - '0');
    }
    if (length == 0 || value < low || value > high) return false;
    rest_.remove_prefix(length);
    out = value;
    return true;
  }

  /// [+-]hh[:mm[:ss]]
  bool clock(std::int32_t& seconds, int max_hours) {
    const bool negative = take('-');
    if (!negative) take('+');
    int h = 0;
    int m = 0;
    int s = 0;
    if (!number(h, 0, max_hours)) return false;
    if (take(':') && !number(m, 0, 59)) return false;
    if (take(':') && !number(s, 0, 59)) return false;
    const int total = h * 3600 + m * 60 + s;
    seconds = negative ? -total : total;
    return true;
  }

  // POSIX counts west of Greenwich as positive.
  bool offset(std::int32_t& seconds) {
    if (!clock(seconds, 24)) return false;
    seconds = -seconds;
    return true;
  }

  bool change(ChangeRule& out) {
    if (take('M')) {
      out.kind = ChangeRule::Kind::month_week_day;
      if (!(number(out.month, 1, 12) && take('.') && number(out.week, 1, 5) && take('.') && number(out.day, 0, 6))) return false;
    } else if (take('J')) {
      out.kind = ChangeRule::Kind::julian_without_leap;
      if (!number(out.day, 1, 365)) return false;
    } else {
      out.kind = ChangeRule::Kind::julian;
      if (!number(out.day, 0, 365)) return false;
    }
    return !take('/') || clock(out.time_s, 167);
  }

  std::string_view rest_;
};

/// The system's files list changes up to 2037 only. Later years repeat the calendar of 28 years before, and with it
/// the changes, up to 2099; a zone without a change in 2036 has none later.
constexpr std::int64_t kListedUntil = 2'114'380'800;  // 2037-01-01
constexpr std::int64_t kCalendarCycle = 10'227 * kDay;

Zone::Offset listed_offset(const date::time_zone& zone, std::int64_t utc_s) {
  // The library's own instants end at its year range.
  constexpr std::int64_t kRange = std::int64_t{200} * 366 * kDay;
  const date::sys_info info = zone.get_info(date::sys_seconds{std::chrono::seconds{std::clamp(utc_s, -kRange, kRange)}});
  const auto bounded = [](std::int64_t instant) { return instant < -kRange ? -kEver : instant > kRange ? kEver : instant; };
  return {bounded(info.begin.time_since_epoch().count()), bounded(info.end.time_since_epoch().count()),
          static_cast<std::int32_t>(info.offset.count())};
}

Zone::Offset named_offset(const date::time_zone& zone, std::int64_t utc_s) {
  if (utc_s < kListedUntil) return listed_offset(zone, utc_s);
  Zone::Offset last = listed_offset(zone, kListedUntil - 1);
  if (last.begin_s < kListedUntil - 366 * kDay) {
    last.end_s = kEver;
    return last;
  }
  const std::int64_t cycles = (utc_s - kListedUntil) / kCalendarCycle + 1;
  Zone::Offset offset = listed_offset(zone, utc_s - cycles * kCalendarCycle);
  offset.begin_s += cycles * kCalendarCycle;
  offset.end_s += cycles * kCalendarCycle;
  return offset;
}

}  // namespace

struct Zone::Rules {
  std::string name;
  const date::time_zone* named = nullptr;  // owned by the library, lives as long as the program
  std::optional<PosixRules> posix;

  [[nodiscard]] bool utc() const noexcept { return named == nullptr && !posix; }
};

Zone::Zone(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}

Zone Zone::utc() {
  return Zone(std::make_shared<const Rules>(Rules{.name = "UTC", .named = nullptr, .posix = std::nullopt}));
}

Result<Zone> Zone::from_name(std::string_view iana_name) {
  const auto unknown = [&] {
    return fail(Errc::not_found, fmt::format("time zone '{}' is not known; expected a name such as Europe/Paris",
                                             iana_name.substr(0, kMaxZoneText)));
  };
  if (iana_name == "UTC" || iana_name == "Etc/UTC") {
    Zone zone = utc();
    return zone;
  }
  // "right/…" counts leap seconds, which Unix time does not.
  if (iana_name.empty() || iana_name.size() > kMaxZoneText || iana_name.starts_with("right/") || iana_name.starts_with("posix/")) {
    return unknown();
  }
  try {
    const date::time_zone* named = date::locate_zone(iana_name);
    (void)listed_offset(*named, 0);  // reads the zone's file
    return Zone(std::make_shared<const Rules>(Rules{.name = std::string(iana_name), .named = named, .posix = std::nullopt}));
  } catch (const std::exception&) {
    return unknown();
  }
}

Result<Zone> Zone::from_posix(std::string_view posix) {
  PosixRules rules;
  if (posix.size() > kMaxZoneText || !PosixText(posix).rules(rules)) {
    return fail(Errc::invalid_input, fmt::format("time zone '{}' is no POSIX zone string such as CET-1CEST,M3.5.0,M10.5.0/3",
                                                 posix.substr(0, kMaxZoneText)));
  }
  return Zone(std::make_shared<const Rules>(Rules{.name = std::string(posix), .named = nullptr, .posix = rules}));
}

const std::string& Zone::name() const noexcept { return rules_->name; }

bool Zone::is_utc() const noexcept { return rules_->utc(); }

Zone::Offset Zone::offset_at(std::int64_t utc_s) const {
  if (rules_->named != nullptr) return named_offset(*rules_->named, utc_s);
  if (rules_->posix) return rules_->posix->offset_at(utc_s);
  return {-kEver, kEver, 0};
}

Zone::Instants Zone::to_utc(std::int64_t local_s) const {
  if (is_utc()) return {LocalKind::unique, local_s, local_s};
  // Offsets are less than a day, so the offset that holds at this local time is one of these two, or both.
  const Offset before = offset_at(local_s - kDay);
  const Offset after = offset_at(local_s + kDay);
  const std::int64_t first = local_s - before.offset_s;
  const std::int64_t second = local_s - after.offset_s;
  const bool first_shows = offset_at(first).offset_s == before.offset_s;
  const bool second_shows = offset_at(second).offset_s == after.offset_s;
  if (first_shows && second_shows && first != second) {
    return {LocalKind::repeated, std::min(first, second), std::max(first, second)};
  }
  if (first_shows) return {LocalKind::unique, first, first};
  if (second_shows) return {LocalKind::unique, second, second};
  return {LocalKind::skipped, before.end_s, before.end_s};
}

}  // namespace pv::model
