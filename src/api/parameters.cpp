#include "api/parameters.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pv::api {
namespace {

tl::unexpected<Error> refuse_parameter(std::string_view name, std::string_view why) {
  return fail(Errc::invalid_input, fmt::format("parameter {}: {}", name, why));
}

std::optional<std::int64_t> parse_int(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Takes `digits` digits off the front of `text`; -1 when there are not that many.
int take_digits(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> parse_iso(std::string_view text) {
  const int year = take_digits(text, 4);
  if (year < 0 || !take(text, "-")) return std::nullopt;
  const int month = take_digits(text, 2);
  if (month < 0 || !take(text, "-")) return std::nullopt;
  const int day = take_digits(text, 2);
  if (day < 0 || !take(text, "T ")) return std::nullopt;
  const int hour = take_digits(text, 2);
  if (hour < 0 || hour > 23 || !take(text, ":")) return std::nullopt;
  const int minute = take_digits(text, 2);
  if (minute < 0 || minute > 59) return std::nullopt;
  int second = 0;
  if (take(text, ":")) second = take_digits(text, 2);
  if (second < 0 || second > 59) return std::nullopt;
  if (take(text, ".")) {  // fractions are cut: samples have whole seconds
    if (take_digits(text, 1) < 0) return std::nullopt;
    while (take_digits(text, 1) >= 0) {
    }
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  std::int64_t offset = 0;
  if (!take(text, "Zz")) {
    const bool west = !text.empty() && text.front() == '-';
    if (!take(text, "+- ")) return std::nullopt;
    const int hours = take_digits(text, 2);
    take(text, ":");
    const int minutes = take_digits(text, 2);
    if (hours < 0 || hours > 18 || minutes < 0 || minutes > 59) return std::nullopt;
    offset = (hours * 60 + minutes) * (west ? -60 : 60);
  }
  if (!text.empty()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  return days * 86'400 + hour * 3600 + minute * 60 + second - offset;
}

}  // namespace

Result<void> check_known(const Request& request, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : request.params) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return refuse_parameter(name, known.size() == 0 ? std::string("this route takes none")
                                            : fmt::format("unknown; this route knows {}", fmt::join(known, ", ")));
    }
    if (name != "channels" && request.params.count(name) > 1) return refuse_parameter(name, "given more than once");
  }
  return {};
}

std::optional<std::string_view> text_param(const Request& request, std::string_view name) {
  const auto found = request.params.find(std::string(name));
  if (found == request.params.end()) return std::nullopt;
  return found->second;
}

Result<std::optional<std::int64_t>> int_param(const Request& request, std::string_view name, std::int64_t least,
                                              std::int64_t most) {
  const auto text = text_param(request, name);
  if (!text) return std::optional<std::int64_t>();
  const auto value = parse_int(*text);
  if (!value || *value < least || *value > most) {
    return refuse_parameter(name, fmt::format("must be a whole number from {} to {}, not \"{}\"", least, most, *text));
  }
  return value;
}

Result<std::int64_t> parse_instant(std::string_view name, std::string_view text) {
  if (const auto seconds = parse_int(text)) return *seconds;
  if (const auto instant = parse_iso(text)) return *instant;
  return refuse_parameter(name, fmt::format("\"{}\" is no instant; give Unix seconds, or ISO 8601 with Z or an offset such as "
                                  "2025-10-26T02:00:00+01:00 (with %2B for the plus sign)", text));
}

Result<model::Period> period_param(const Request& request, std::string_view to_name, model::Period whole) {
  model::Period period = whole;
  if (const auto from = text_param(request, "from")) {
    PV_TRY(period.from_s, parse_instant("from", *from));
  }
  if (const auto to = text_param(request, to_name)) {
    PV_TRY(period.to_s, parse_instant(to_name, *to));
  }
  if (period.empty()) {
    return refuse_parameter("from", fmt::format("the period is empty: from ({}) must lie before {} ({})", period.from_s, to_name,
                                      period.to_s));
  }
  constexpr std::int64_t kLongestAway = 8'000'000'000;  // keeps sums of instants far from overflow
  if (period.from_s < -kLongestAway || period.to_s > kLongestAway) {
    return refuse_parameter("from", "the period must lie within the years 1900 to 2200");
  }
  return period;
}

Result<std::vector<model::ChannelSummary>> channels_param(const Request& request,
                                                          std::span<const model::ChannelSummary> all) {
  if (request.params.count("channels") == 0) return std::vector<model::ChannelSummary>(all.begin(), all.end());
  std::unordered_map<std::string_view, const model::ChannelSummary*> by_field;
  for (const model::ChannelSummary& channel : all) by_field.emplace(channel.field, &channel);

  std::vector<model::ChannelSummary> chosen;
  std::unordered_set<std::string_view> seen;
  const auto choose = [&](std::string_view field) -> Result<void> {
    const auto found = by_field.find(field);
    if (found == by_field.end()) {
      return refuse_parameter("channels", fmt::format("\"{}\" is no channel of this campaign; its channel_list has them all", field));
    }
    if (seen.insert(found->first).second) chosen.push_back(*found->second);
    return {};
  };
  const auto [first, last] = request.params.equal_range("channels");
  for (auto param = first; param != last; ++param) {
    std::string_view rest = param->second;
    if (by_field.contains(rest)) {  // a field may have a comma in its unit
      PV_TRY_VOID(choose(rest));
      continue;
    }
    for (;;) {
      const std::size_t comma = rest.find(',');
      PV_TRY_VOID(choose(rest.substr(0, comma)));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return chosen;
}

Result<std::string> decode_segment(std::string_view segment) {
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                         : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  std::string text;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      text += segment[i];
      continue;
    }
    const int high = i + 2 < segment.size() ? digit(segment[i + 1]) : -1;
    const int low = i + 2 < segment.size() ? digit(segment[i + 2]) : -1;
    if (high < 0 || low < 0) return fail(Errc::invalid_input, "the path has a broken percent escape");
    text += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return text;
}

}  // namespace pv::api
