#include "model/column.h"

#include <algorithm>

#include "base/check.h"

namespace pv::model {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool fits(std::int64_t value) noexcept {
  return value > std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max();
}

}  // namespace

void Column::clear() noexcept {
  kind = Kind::decimal;
  decimals = 0;
  missing = 0;
  mantissa.clear();
  real.clear();
}

void Column::reserve(std::size_t rows) {
  if (kind == Kind::decimal) {
    mantissa.reserve(rows);
  } else {
    real.reserve(rows);
  }
}

void Column::push_missing() {
  ++missing;
  if (kind == Kind::decimal) {
    mantissa.push_back(kMissing);
  } else {
    real.push_back(kNaN);
  }
}

void Column::push_missing(std::size_t rows) {
  missing += static_cast<std::uint32_t>(rows);
  if (kind == Kind::decimal) {
    mantissa.resize(mantissa.size() + rows, kMissing);
  } else {
    real.resize(real.size() + rows, kNaN);
  }
}

void Column::push_decimal(std::int64_t value, unsigned places) {
  PV_CHECK(places <= kMaxDecimals);
  if (kind == Kind::decimal && places > decimals) {
    // A shorter spelling of the same number keeps the column's scale ("12.50" in a one-decimal column).
    while (places > decimals && value % 10 == 0) {
      value /= 10;
      --places;
    }
    if (places > decimals) rescale(places);
  }
  if (kind == Kind::real) {
    real.push_back(static_cast<double>(value) / kPowerOfTen[places] + 0.0);
    return;
  }
  const std::int64_t factor = kIntPowerOfTen[decimals - places];
  std::int64_t scaled = 0;
  if (!__builtin_mul_overflow(value, factor, &scaled) && fits(scaled)) {
    mantissa.push_back(static_cast<std::int32_t>(scaled));
    return;
  }
  make_real();
  real.push_back(static_cast<double>(value) / kPowerOfTen[places]);
}

void Column::push_real(double value) {
  PV_CHECK(std::isfinite(value));
  if (kind == Kind::real) {
    real.push_back(value + 0.0);
    return;
  }
  for (unsigned places = 0; places <= kMaxDecimals; ++places) {
    const double scaled = std::nearbyint(value * kPowerOfTen[places]);
    if (std::abs(scaled) > 2e9) break;
    if (scaled / kPowerOfTen[places] == value) {
      push_decimal(static_cast<std::int64_t>(scaled), places);
      return;
    }
  }
  make_real();
  real.push_back(value);
}

void Column::append(const Column& other, std::size_t from, std::size_t to) {
  if (from == to) return;
  if (other.kind == Kind::real || kind == Kind::real) {
    if (size() == 0 && other.kind == Kind::real) {
      kind = Kind::real;
      mantissa.clear();
    }
    make_real();
    for (std::size_t row = from; row < to; ++row) {
      real.push_back(other.value(row));
      missing += other.is_missing(row) ? 1U : 0U;
    }
    return;
  }
  if (size() == missing) decimals = std::max(decimals, other.decimals);
  if (other.decimals > decimals) rescale(other.decimals);
  if (kind == Kind::decimal && other.decimals == decimals) {
    mantissa.insert(mantissa.end(), other.mantissa.begin() + static_cast<std::ptrdiff_t>(from),
                    other.mantissa.begin() + static_cast<std::ptrdiff_t>(to));
    if (other.missing == 0) return;
    missing += static_cast<std::uint32_t>(std::count(other.mantissa.begin() + static_cast<std::ptrdiff_t>(from),
                                                     other.mantissa.begin() + static_cast<std::ptrdiff_t>(to), kMissing));
    return;
  }
  for (std::size_t row = from; row < to; ++row) {
    if (other.is_missing(row)) {
      push_missing();
    } else {
      push_decimal(other.mantissa[row], other.decimals);
    }
  }
}

void Column::make_real() {
  if (kind == Kind::real) return;
  real.resize(mantissa.size());
  for (std::size_t row = 0; row < mantissa.size(); ++row) real[row] = value(row);
  kind = Kind::real;
  mantissa.clear();
}

void Column::rescale(unsigned places) {
  PV_CHECK(places <= kMaxDecimals && places >= decimals);
  if (kind == Kind::real || places == decimals) return;
  const std::int64_t factor = kIntPowerOfTen[places - decimals];
  const bool all_fit = std::all_of(mantissa.begin(), mantissa.end(),
                                   [&](std::int32_t m) { return m == kMissing || fits(m * factor); });
  if (!all_fit) {
    make_real();
    return;
  }
  for (std::int32_t& m : mantissa) {
    if (m != kMissing) m = static_cast<std::int32_t>(m * factor);
  }
  decimals = static_cast<std::uint8_t>(places);
}

bool Column::same_values(const Column& other) const noexcept {
  if (size() != other.size()) return false;
  for (std::size_t row = 0; row < size(); ++row) {
    if (is_missing(row) != other.is_missing(row)) return false;
    if (!is_missing(row) && value(row) != other.value(row)) return false;
  }
  return true;
}

}  // namespace pv::model
