#include "query/cells.h"

#include <algorithm>
#include <cmath>

#include "query/kernels.h"

namespace pv::query {
namespace {

constexpr double kNano = 1e9;

std::int64_t nano_scale(const model::Column& column) noexcept {
  return model::kIntPowerOfTen[model::kMaxDecimals - column.decimals];
}

EnergyCell energy_of_decimal(const model::Column& column, std::span<const std::int32_t> lengths_s,
                             const BucketShare& share) noexcept {
  const std::int32_t* cells = column.mantissa.data();
  Int128 sum = 0;
  EnergyCell cell;
  if (column.missing == 0 && share.uniform_s >= 0) {
    sum = static_cast<Int128>(sum_dense(cells + share.full_begin, share.full_end - share.full_begin)) * share.uniform_s;
    cell.covered_s = share.full_seconds;
  } else {
    for (std::size_t at = share.full_begin; at < share.full_end; at += kWeightedCells) {
      const std::size_t count = std::min<std::size_t>(kWeightedCells, share.full_end - at);
      if (column.missing == 0) {
        sum += weigh_dense(cells + at, lengths_s.data() + at, count);
      } else {
        const IntWeighted weighted = weigh_sparse(cells + at, lengths_s.data() + at, count);
        sum += weighted.sum;
        cell.covered_s += weighted.weights;
      }
    }
    if (column.missing == 0) cell.covered_s = share.full_seconds;
  }
  for (const BucketShare::Part& part : share.parts) {
    if (part.seconds == 0 || cells[part.row] == model::Column::kMissing) continue;
    sum += static_cast<Int128>(cells[part.row]) * part.seconds;
    cell.covered_s += part.seconds;
  }
  cell.nano_seconds = sum * nano_scale(column);
  return cell;
}

EnergyCell energy_of_real(const model::Column& column, std::span<const std::int32_t> lengths_s,
                          const BucketShare& share) noexcept {
  const double* cells = column.real.data();
  EnergyCell cell;
  const auto add_part = [&](const BucketShare::Part& part) {
    if (part.seconds == 0 || std::isnan(cells[part.row])) return;
    cell.real_seconds += cells[part.row] * part.seconds;
    cell.covered_s += part.seconds;
  };
  add_part(share.parts[0]);
  const RealWeighted weighted =
      weigh_real(cells + share.full_begin, lengths_s.data() + share.full_begin, share.full_end - share.full_begin);
  cell.real_seconds += weighted.sum;
  cell.covered_s += weighted.weights;
  add_part(share.parts[1]);
  return cell;
}

}  // namespace

void FigureCell::add(const FigureCell& other) noexcept {
  nano_sum += other.nano_sum;
  real_sum += other.real_sum;
  min = std::min(min, other.min);
  max = std::max(max, other.max);
  count += other.count;
}

double FigureCell::mean() const noexcept {
  if (count == 0) return std::numeric_limits<double>::quiet_NaN();
  const auto samples = static_cast<double>(count);
  const double decimal = static_cast<double>(nano_sum) / (kNano * samples);
  return real_sum == 0 ? decimal : decimal + real_sum / samples;
}

void EnergyCell::add(const EnergyCell& other) noexcept {
  nano_seconds += other.nano_seconds;
  real_seconds += other.real_seconds;
  covered_s += other.covered_s;
}

double EnergyCell::watt_hours(double watts_per_unit) const noexcept {
  if (covered_s == 0) return std::numeric_limits<double>::quiet_NaN();
  return (static_cast<double>(nano_seconds) / (kNano * 3600.0) + real_seconds / 3600.0) * watts_per_unit;
}

void figures_of(const model::Column& column, std::span<const std::uint32_t> starts, std::vector<FigureCell>& out) {
  const std::size_t runs = starts.size() - 1;
  out.resize(runs);
  if (column.kind == model::Column::Kind::real) {
    std::vector<RealFigures> figures(runs);
    reduce_real(column.real.data(), starts.data(), runs, figures.data());
    for (std::size_t k = 0; k < runs; ++k) {
      out[k] = {0, figures[k].sum, figures[k].min, figures[k].max, figures[k].count};
    }
    return;
  }
  std::vector<IntFigures> figures(runs);
  if (column.missing == 0) {
    reduce_dense(column.mantissa.data(), starts.data(), runs, figures.data());
  } else {
    reduce_sparse(column.mantissa.data(), starts.data(), runs, figures.data());
  }
  const std::int64_t scale = nano_scale(column);
  const double power = model::kPowerOfTen[column.decimals];
  for (std::size_t k = 0; k < runs; ++k) {
    if (figures[k].count == 0) {
      out[k] = FigureCell{};
      continue;
    }
    out[k] = {static_cast<Int128>(figures[k].sum) * scale, 0, figures[k].min / power, figures[k].max / power,
              figures[k].count};
  }
}

EnergyCell energy_of(const model::Column& column, std::span<const std::int32_t> lengths_s,
                     const BucketShare& share) noexcept {
  return column.kind == model::Column::Kind::real ? energy_of_real(column, lengths_s, share)
                                                  : energy_of_decimal(column, lengths_s, share);
}

}  // namespace pv::query
