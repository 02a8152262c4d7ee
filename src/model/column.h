#pragma once
/// The values of one channel beside a shared time column.
///
/// A column is `decimal` (value = mantissa / 10^decimals, the normal case: loggers write one or two decimals) or
/// `real` (doubles, when a value does not fit a 32-bit mantissa exactly). Both name the same numbers: the double
/// nearest to mantissa / 10^decimals is the double that the logger's text reads as.
///   Missing cells: kMissing (decimal) or NaN (real); `missing` counts them.
///   -0.0 never occurs: it is stored as 0.
/// Threads: a value type, confined to one thread at a time.

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace pv::model {

inline constexpr unsigned kMaxDecimals = 9;
inline constexpr std::array<double, kMaxDecimals + 1> kPowerOfTen = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
inline constexpr std::array<std::int32_t, kMaxDecimals + 1> kIntPowerOfTen = {
    1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};

struct Column {
  enum class Kind : std::uint8_t { decimal, real };

  static constexpr std::int32_t kMissing = std::numeric_limits<std::int32_t>::min();

  Kind kind = Kind::decimal;
  std::uint8_t decimals = 0;           // 0..kMaxDecimals; meaningless for real
  std::uint32_t missing = 0;           // number of missing cells
  std::vector<std::int32_t> mantissa;  // used when decimal, else empty
  std::vector<double> real;            // used when real, else empty

  [[nodiscard]] std::size_t size() const noexcept { return kind == Kind::decimal ? mantissa.size() : real.size(); }
  [[nodiscard]] bool is_missing(std::size_t row) const noexcept {
    return kind == Kind::decimal ? mantissa[row] == kMissing : std::isnan(real[row]);
  }
  /// NaN when missing.
  [[nodiscard]] double value(std::size_t row) const noexcept {
    if (kind == Kind::real) return real[row];
    const std::int32_t m = mantissa[row];
    return m == kMissing ? std::numeric_limits<double>::quiet_NaN() : m / kPowerOfTen[decimals];
  }

  void clear() noexcept;  // to an empty decimal column with no decimals; keeps the memory
  void reserve(std::size_t rows);
  void push_missing();
  void push_missing(std::size_t rows);
  /// Appends mantissa / 10^places exactly, widening the scale or turning the column real where needed.
  void push_decimal(std::int64_t value, unsigned places);
  /// Appends a double exactly; finite values only. A value that is a short decimal stays decimal.
  void push_real(double value);
  /// Appends rows [from, to) of another column exactly.
  void append(const Column& other, std::size_t from, std::size_t to);

  /// Turns the column to reals without changing any value.
  void make_real();
  /// Multiplies all mantissas so that `decimals` becomes `places`; turns real where they would not fit.
  void rescale(unsigned places);
  /// Same numbers, cell by cell, however they are represented.
  [[nodiscard]] bool same_values(const Column& other) const noexcept;
};

}  // namespace pv::model
