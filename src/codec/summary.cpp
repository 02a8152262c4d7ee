#include "codec/summary.h"

#include <algorithm>

#include "base/arch.h"

namespace pv::codec {
namespace {

struct MantissaTotals {
  std::int32_t min = std::numeric_limits<std::int32_t>::max();
  std::int32_t max = std::numeric_limits<std::int32_t>::min();
  std::int64_t sum = 0;  // of at most 2^32 values of 32 bits: fits
};

PV_KERNEL MantissaTotals totals_of(const std::int32_t* mantissas, std::size_t count) noexcept {
  MantissaTotals totals;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t mantissa = mantissas[i];
    const bool missing = mantissa == model::Column::kMissing;
    totals.min = std::min(totals.min, missing ? std::numeric_limits<std::int32_t>::max() : mantissa);
    totals.max = std::max(totals.max, mantissa);  // kMissing is the smallest of all
    totals.sum += missing ? 0 : mantissa;
  }
  return totals;
}

}  // namespace

ColumnSummary summarize(const model::Column& column) noexcept {
  ColumnSummary summary;
  const std::size_t rows = column.size();
  summary.count = static_cast<std::uint32_t>(rows - column.missing);
  if (summary.count == 0) return summary;
  std::size_t first = 0;
  while (column.is_missing(first)) ++first;
  std::size_t last = rows - 1;
  while (column.is_missing(last)) --last;
  summary.first = column.value(first);
  summary.last = column.value(last);

  if (column.kind == model::Column::Kind::decimal) {
    const MantissaTotals totals = totals_of(column.mantissa.data(), rows);
    const double scale = model::kPowerOfTen[column.decimals];
    summary.min = totals.min / scale;
    summary.max = totals.max / scale;
    summary.sum = static_cast<double>(totals.sum) / scale;
    return summary;
  }
  summary.min = summary.max = summary.first;
  for (const double value : column.real) {
    if (std::isnan(value)) continue;
    summary.min = std::min(summary.min, value);
    summary.max = std::max(summary.max, value);
    summary.sum += value;
  }
  return summary;
}

}  // namespace pv::codec
