#pragma once
/// A cell's text as a number. The only caller of fast_float.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pv::tsv {

/// Longest text that is taken for a number.
inline constexpr std::size_t kMaxCellBytes = 64;

/// mantissa / 10^places; the double nearest to it is what the text reads as.
struct Decimal {
  std::int64_t mantissa = 0;
  unsigned places = 0;
};

/// Plain text with a few digits: "-35.5", "242.30", "7". At most 15 digits, 9 of them after the point; anything else
/// gives nothing, and parse_decimal() decides.
[[nodiscard]] std::optional<Decimal> parse_plain(std::string_view cell) noexcept;

/// Any decimal text, exponent included, to the nearest double. The whole cell must be the number and the number finite:
/// "1e400", "nan", "inf", "+5", " 5", "5V", "1,5" and "" give nothing. "-0.0" gives 0.
[[nodiscard]] std::optional<double> parse_decimal(std::string_view cell) noexcept;

/// Digits after the point of a plain text: "245.67" 2, "24." 0; nothing when there is no point, or anything but
/// digits, one point and a leading '-'.
[[nodiscard]] std::optional<unsigned> plain_places(std::string_view cell) noexcept;

}  // namespace pv::tsv
