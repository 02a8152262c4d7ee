#include "quality/column_profile.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "quality/header_check.h"

namespace pv::quality {
namespace {

constexpr double kNearlyAll = 0.95;
constexpr double kAQuarter = 0.25;
constexpr double kMostZeros = 0.3;  // of a column that is a voltage: restart rows that are kept as zeros
constexpr double kMostFine = 0.4;   // voltages have 0.8 and more
constexpr double kSmallestSpread_V = 0.1;

bool is_share(std::size_t part, std::size_t whole, double share) noexcept {
  return static_cast<double>(part) >= share * static_cast<double>(whole);
}

bool has_hundredths(const model::Column& column, std::size_t row, double value) noexcept {
  if (column.kind == model::Column::Kind::decimal) {
    return column.decimals >= 2 && column.mantissa[row] % model::kIntPowerOfTen[column.decimals - 1U] != 0;
  }
  const double tenths = value * 10;
  return std::abs(tenths - std::round(tenths)) > 1e-6 * std::max(1.0, std::abs(value));
}

bool is_mains(double value) noexcept { return value >= kMainsLow_V && value <= kMainsHigh_V; }

void count(CellCounts& cells, double value) noexcept {
  ++cells.all;
  if (is_mains(value)) ++cells.mains;
  if (value >= kFloatingLow_V && value <= kFloatingHigh_V) ++cells.floating;
  cells.range.add(value);
}

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Median deviation from the median.
double spread(std::vector<double> values) {
  const double centre = median(values);
  for (double& value : values) value = std::abs(value - centre);
  return median(values);
}

}  // namespace

Sampling sampling_of(std::size_t rows) noexcept { return {rows, (rows + kMostRowsLookedAt - 1) / kMostRowsLookedAt + (rows == 0 ? 1 : 0)}; }

bool CellCounts::lie_like_volts() const noexcept {
  return all >= kFewestCells && is_share(mains + floating, all, kNearlyAll) && is_share(mains, all, kAQuarter);
}

bool ColumnProfile::lies_like_volts() const noexcept {
  return cells.lie_like_volts() && !is_share(zeros, zeros + cells.all, kMostZeros);
}

bool ColumnProfile::has_written_volts() const noexcept {
  return fine.lie_like_volts() && is_share(fine.all, cells.all, kSomeShare);
}

bool ColumnProfile::is_fine() const noexcept { return cells.all > 0 && is_share(fine.all, cells.all, kMostFine); }

bool ColumnProfile::is_coarse() const noexcept { return !is_share(fine.all, cells.all, kSomeShare); }

ColumnProfile profile_of(const model::Column& column, Sampling sampling) {
  ColumnProfile profile;
  for (std::size_t row = 0; row < sampling.rows; row += sampling.stride) {
    if (column.is_missing(row)) continue;
    const double value = column.value(row);
    if (value == 0) {
      ++profile.zeros;
      continue;
    }
    const bool fine = has_hundredths(column, row, value);
    count(fine ? profile.fine : profile.coarse, value);
    count(profile.cells, value);
    if (!fine && std::abs(value) >= 1) ++profile.coarse_volts;
    if (value > kHighestVoltage_V || value < kLowestVoltage_V) ++profile.no_voltage;
  }
  profile.changes = profile.cells.range.low < profile.cells.range.high;
  return profile;
}

Beside beside(const model::Column& column, Cells cells, const model::Column& voltage, Sampling sampling) {
  std::vector<double> own;
  std::vector<double> volts;
  for (std::size_t row = 0; row < sampling.rows; row += sampling.stride) {
    const double value = column.value(row);
    const double volt = voltage.value(row);
    if (!is_mains(value) || !is_mains(volt)) continue;
    if (cells == Cells::fine && !has_hundredths(column, row, value)) continue;
    own.push_back(value);
    volts.push_back(volt);
  }
  Beside answer;
  answer.rows = own.size();
  if (own.empty()) return answer;

  std::vector<double> difference;
  std::vector<double> conductance;
  for (std::size_t i = 0; i < own.size(); ++i) {
    difference.push_back(own[i] - volts[i]);
    conductance.push_back(own[i] / (volts[i] * volts[i]));
  }
  std::vector<double> distance;
  for (const double value : difference) distance.push_back(std::abs(value));
  answer.distance = median(distance);
  if (own.size() < kFewestRowsThatMove) return answer;

  const double siemens = median(conductance);
  std::vector<double> beside_load;
  for (std::size_t i = 0; i < own.size(); ++i) beside_load.push_back(own[i] - siemens * volts[i] * volts[i]);
  const double own_spread = spread(own);
  const double left = spread(std::move(difference));
  answer.moves_with = own_spread >= kSmallestSpread_V && left <= kMovesWith * own_spread && left <= kMovesWith * spread(std::move(beside_load));
  return answer;
}

}  // namespace pv::quality
