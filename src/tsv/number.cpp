#include "tsv/number.h"

#include <cmath>

#include <fast_float/fast_float.h>

namespace pv::tsv {
namespace {

constexpr unsigned kMaxPlainDigits = 15;  // below 2^53, so that the division by a power of ten rounds once
constexpr unsigned kMaxPlainPlaces = 9;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<Decimal> parse_plain(std::string_view cell) noexcept {
  const bool negative = !cell.empty() && cell.front() == '-';
  if (negative) cell.remove_prefix(1);
  if (cell.size() > kMaxPlainDigits + 1) return std::nullopt;
  std::int64_t mantissa = 0;
  unsigned digits = 0;
  unsigned places = 0;
  bool point = false;
  for (const char c : cell) {
    if (is_digit(c)) {
      mantissa = mantissa * 10 + (c - '0');
      ++digits;
      places += point ? 1U : 0U;
    } else if (c == '.' && !point) {
      point = true;
    } else {
      return std::nullopt;
    }
  }
  if (digits == 0 || digits > kMaxPlainDigits || places > kMaxPlainPlaces) return std::nullopt;
  return Decimal{negative ? -mantissa : mantissa, places};
}

std::optional<double> parse_decimal(std::string_view cell) noexcept {
  if (cell.empty() || cell.size() > kMaxCellBytes) return std::nullopt;
  for (const char c : cell) {
    // fast_float takes "nan" and "infinity" too.
    if (!is_digit(c) && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E') return std::nullopt;
  }
  double value = 0;
  const auto result = fast_float::from_chars(cell.data(), cell.data() + cell.size(), value);
  // Version 3.9 reports an overflow as infinity without an error.
  if (result.ec != std::errc() || result.ptr != cell.data() + cell.size() || !std::isfinite(value)) return std::nullopt;
  return value + 0.0;
}

std::optional<unsigned> plain_places(std::string_view cell) noexcept {
  if (!cell.empty() && cell.front() == '-') cell.remove_prefix(1);
  const std::size_t point = cell.find('.');
  if (point == std::string_view::npos) return std::nullopt;
  for (std::size_t i = 0; i < cell.size(); ++i) {
    if (i != point && !is_digit(cell[i])) return std::nullopt;
  }
  return static_cast<unsigned>(cell.size() - point - 1);
}

}  // namespace pv::tsv
