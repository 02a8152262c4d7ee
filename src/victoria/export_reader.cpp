#include "victoria/export_reader.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pv::victoria {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kLastMs = 253'402'300'800'000;  // the year 10000

tl::unexpected<Error> nonsense(std::string_view what) {
  return fail(Errc::unavailable, fmt::format("the export of VictoriaMetrics makes no sense: {}", what));
}

bool skip(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

/// Length of the JSON object that `text` starts with; 0 when it does not end.
std::size_t object_length(std::string_view text) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{') {
      if (++depth > 1) return 0;
    } else if (c == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return 0;
}

double rounded(double value, std::string_view digits) {
  std::size_t significant = 0;
  for (const char c : digits) {
    if (c == 'e' || c == 'E') break;
    if (c >= '1' && c <= '9') ++significant;
    if (c == '0' && significant > 0) ++significant;
  }
  if (significant <= 15) return value;
  const std::string text = fmt::format("{:.15g}", value);
  double nearest = value;
  std::from_chars(text.data(), text.data() + text.size(), nearest);
  return nearest;
}

/// Takes one value off the front; NaN for what is no finite number. False: neither.
bool take_value(std::string_view& text, double& value) {
  value = kNoNumber;
  if (skip(text, "null")) return true;
  if (text.starts_with('"')) {
    const std::size_t end = text.find('"', 1);
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
    return true;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end == text.data()) return false;
  const std::string_view digits(text.data(), static_cast<std::size_t>(end - text.data()));
  text.remove_prefix(digits.size());
  if (error != std::errc() || !std::isfinite(value)) {
    value = kNoNumber;
    return true;
  }
  value = rounded(value, digits) + 0.0;
  return true;
}

bool take_instant(std::string_view& text, std::int64_t& time_ms) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time_ms);
  if (error != std::errc() || time_ms < 0 || time_ms >= kLastMs) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

Result<void> ExportReader::feed(std::string_view piece) {
  for (;;) {
    const std::size_t end = piece.find('\n');
    const std::string_view part = piece.substr(0, end);
    if (rest_.size() + part.size() > kMostLineBytes) return nonsense("a line is longer than was asked for");
    if (end == std::string_view::npos) {
      rest_ += part;
      return {};
    }
    if (rest_.empty()) {
      PV_TRY_VOID(line(part));
    } else {
      rest_ += part;
      PV_TRY_VOID(line(rest_));
      rest_.clear();
    }
    piece.remove_prefix(end + 1);
  }
}

Result<void> ExportReader::finish() {
  if (rest_.empty()) return {};
  return nonsense("it ends within a line");
}

Result<void> ExportReader::line(std::string_view text) {
  if (text.empty()) return {};
  run_.labels.clear();
  run_.time_s.clear();
  run_.values.clear();
  if (!skip(text, R"({"metric":)")) return nonsense("a line without its metric");
  const std::size_t length = object_length(text);
  const nlohmann::json metric = nlohmann::json::parse(text.substr(0, length), nullptr, false);
  if (length == 0 || !metric.is_object()) return nonsense("a metric that is no object");
  for (const auto& [name, value] : metric.items()) {
    if (!value.is_string()) return nonsense("a label that is no text");
    run_.labels.emplace_back(name, value.get<std::string>());
  }
  text.remove_prefix(length);
  if (!skip(text, R"(,"values":[)")) return nonsense("a series without values");
  double value = 0;
  while (!text.starts_with(']')) {
    if (!run_.values.empty() && !skip(text, ",")) return nonsense("values that are no list");
    if (!take_value(text, value)) return nonsense("a value that is no number");
    run_.values.push_back(value);
  }
  if (!skip(text, R"(],"timestamps":[)")) return nonsense("a series without timestamps");
  std::int64_t time_ms = 0;
  while (!text.starts_with(']')) {
    if (!run_.time_s.empty() && !skip(text, ",")) return nonsense("timestamps that are no list");
    if (!take_instant(text, time_ms)) return nonsense("a timestamp that is none");
    run_.time_s.push_back(time_ms / 1000);
  }
  if (text != "]}") return nonsense("bytes behind a series");
  if (run_.time_s.size() != run_.values.size()) return nonsense("values and timestamps that do not pair up");
  std::size_t kept = 0;
  for (std::size_t i = 0; i < run_.values.size(); ++i) {
    if (std::isnan(run_.values[i])) continue;
    run_.values[kept] = run_.values[i];
    run_.time_s[kept++] = run_.time_s[i];
  }
  run_.values.resize(kept);
  run_.time_s.resize(kept);
  return consume_(run_);
}

}  // namespace pv::victoria
