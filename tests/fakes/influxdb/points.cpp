#include "fakes/influxdb/points.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <set>

namespace pv::testing::influxdb {
namespace {

constexpr std::int64_t kWeek_ns = 7LL * 86'400 * 1'000'000'000;
constexpr std::size_t kMostKeyBytes = 65'535;

/// Up to the first of `ends` that no backslash stands before.
std::string_view until(std::string_view text, std::size_t& at, std::string_view ends) {
  const std::size_t from = at;
  while (at < text.size() && (ends.find(text[at]) == std::string_view::npos || (at > from && text[at - 1] == '\\'))) ++at;
  return text.substr(from, at - from);
}

std::string unescaped(std::string_view text, std::string_view escapable) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && escapable.find(text[i + 1]) != std::string_view::npos) ++i;
    out += text[i];
  }
  return out;
}

bool has_bare(std::string_view text, char c) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == c && (i == 0 || text[i - 1] != '\\')) return true;
  }
  return false;
}

template <class T>
bool reads_as(std::string_view text, T& value) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size();
}

bool read_number(std::string_view text, Value& value) {
  if (text.empty() || text.front() == '+') return false;
  if (text.back() == 'i') {
    std::int64_t number = 0;
    if (!reads_as(text.substr(0, text.size() - 1), number)) return false;
    value = number;
    return true;
  }
  if (text.back() == 'u') {
    std::uint64_t number = 0;
    if (!reads_as(text.substr(0, text.size() - 1), number)) return false;
    value = number;
    return true;
  }
  for (const std::string_view word : {"t", "T", "true", "True", "TRUE"}) {
    if (text == word) return value = true, true;
  }
  for (const std::string_view word : {"f", "F", "false", "False", "FALSE"}) {
    if (text == word) return value = false, true;
  }
  for (const char c : text) {
    if ((c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E') return false;
  }
  double number = 0;
  if (!reads_as(text, number) || !std::isfinite(number)) return false;
  value = number;
  return true;
}

}  // namespace

std::string read_line(std::string_view line, std::int64_t ns_per_unit, std::optional<Point>& point) {
  point.reset();
  if (line.empty() || line.front() == '#') return {};
  Point read;
  std::size_t at = 0;
  read.measurement = unescaped(until(line, at, ", "), ", ");
  if (read.measurement.empty()) return "missing measurement";
  while (at < line.size() && line[at] == ',') {
    ++at;
    const std::string_view key = until(line, at, ",= ");
    if (at >= line.size() || line[at] != '=') return "missing tag value";
    if (key.empty()) return "missing tag key";
    ++at;
    const std::string_view raw = until(line, at, ", ");
    if (raw.empty()) return "missing tag value";
    if (has_bare(raw, '=')) return "invalid tag format";
    const std::string name = unescaped(key, ",= ");
    if (name == "time" || name == "_measurement" || name == "_field") return "cannot use reserved tag key " + name;
    if (!read.tags.emplace(name, unescaped(raw, ",= ")).second) return "duplicate tags";
  }
  if (at >= line.size()) return "missing fields";
  ++at;
  while (true) {
    const std::string_view raw_key = until(line, at, "=, ");
    if (raw_key.empty() || at >= line.size() || line[at] != '=') return "invalid field format";
    ++at;
    Value value;
    if (at < line.size() && line[at] == '"') {
      std::string text;
      for (++at; at < line.size() && line[at] != '"'; ++at) {
        if (line[at] == '\\' && at + 1 < line.size() && (line[at + 1] == '"' || line[at + 1] == '\\')) ++at;
        text += line[at];
      }
      if (at >= line.size()) return "unbalanced quotes";
      ++at;
      value = std::move(text);
    } else {
      const std::size_t from = at;
      while (at < line.size() && line[at] != ',' && line[at] != ' ') ++at;
      if (from == at) return "missing field value";
      if (!read_number(line.substr(from, at - from), value)) return "invalid number";
    }
    const std::string name = unescaped(raw_key, ",= ");
    if (name.size() + read.measurement.size() > kMostKeyBytes) return "max key length exceeded";
    read.fields[name] = std::move(value);
    if (at >= line.size() || line[at] == ' ') break;
    if (line[at] != ',') return "invalid field format";
    ++at;
  }
  if (at >= line.size()) return "missing timestamp: this fake takes no points without";
  std::int64_t stamp = 0;
  if (!reads_as(line.substr(at + 1), stamp)) return "bad timestamp";
  constexpr std::int64_t kMost_ns = std::numeric_limits<std::int64_t>::max() - 1;
  if (stamp > kMost_ns / ns_per_unit || stamp < -kMost_ns / ns_per_unit) return "time outside range";
  read.time_ns = stamp * ns_per_unit;
  point = std::move(read);
  return {};
}

std::string Points::add(const Point& point) {
  for (const auto& [field, value] : point.fields) {
    if (field == "time") return "input field \"time\" on measurement \"" + point.measurement + "\" is reserved";
    const auto type = std::tuple(point.measurement, field, point.time_ns / kWeek_ns);
    const auto [known, fresh] = types_.emplace(type, value.index());
    if (!fresh && known->second != value.index()) {
      return "field type conflict: input field \"" + field + "\" on measurement \"" + point.measurement + "\" has another type already";
    }
  }
  for (const auto& [field, value] : point.fields) series_[{point.measurement, field, point.tags}][point.time_ns] = value;
  return {};
}

void Points::remove(std::int64_t from_ns, std::int64_t to_ns, const Tags& wanted) {
  for (auto at = series_.begin(); at != series_.end();) {
    bool fits = true;
    for (const auto& [name, value] : wanted) {
      const auto tag = at->first.tags.find(name);
      fits = fits && (name == "_measurement" ? at->first.measurement == value : tag != at->first.tags.end() && tag->second == value);
    }
    if (fits) at->second.erase(at->second.lower_bound(from_ns), at->second.upper_bound(to_ns));
    at = at->second.empty() ? series_.erase(at) : std::next(at);
  }
}

}  // namespace pv::testing::influxdb
