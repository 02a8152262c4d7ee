#include "base/decimal.h"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "base/check.h"

namespace pv {

void append_shortest(std::string& out, double value) {
  PV_CHECK(std::isfinite(value));
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, end);
}

void append_decimal(std::string& out, int mantissa, unsigned decimals) {
  // to_chars picks scientific notation where it is shorter ("1e+05", "1e-04"): leave the rare long runs of zeros to it.
  std::uint32_t digits = mantissa < 0 ? 0U - static_cast<std::uint32_t>(mantissa) : static_cast<std::uint32_t>(mantissa);
  while (decimals > 0 && digits % 10 == 0) {
    digits /= 10;
    --decimals;
  }
  if (decimals > 2 || digits >= 10'000'000 || (decimals == 0 && digits >= 10'000)) {
    constexpr double kPower[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    const double magnitude = static_cast<double>(digits) / kPower[decimals];
    append_shortest(out, mantissa < 0 ? -magnitude : magnitude);
    return;
  }
  char text[16];
  char* const end = text + sizeof text;
  char* at = end;
  for (unsigned place = 0; place < decimals; ++place, digits /= 10) *--at = static_cast<char>('0' + digits % 10);
  if (decimals > 0) *--at = '.';
  do {
    *--at = static_cast<char>('0' + digits % 10);
    digits /= 10;
  } while (digits > 0);
  if (mantissa < 0) *--at = '-';
  out.append(at, end);
}

}  // namespace pv
