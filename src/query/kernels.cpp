#include "query/kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/arch.h"
#include "model/column.h"

namespace pv::query {
namespace {

constexpr std::int32_t kMissing = model::Column::kMissing;
constexpr std::int32_t kTop = std::numeric_limits<std::int32_t>::max();

}  // namespace

PV_KERNEL void reduce_dense(const std::int32_t* cells, const std::uint32_t* starts, std::size_t runs,
                            IntFigures* out) noexcept {
  for (std::size_t k = 0; k < runs; ++k) {
    const std::int32_t* run = cells + starts[k];
    const std::uint32_t count = starts[k + 1] - starts[k];
    std::int64_t sum = 0;
    std::int32_t low = kTop;
    std::int32_t high = kMissing;
    for (std::uint32_t i = 0; i < count; ++i) {
      sum += run[i];
      low = std::min(low, run[i]);
      high = std::max(high, run[i]);
    }
    out[k] = {sum, low, high, count};
  }
}

PV_KERNEL void reduce_sparse(const std::int32_t* cells, const std::uint32_t* starts, std::size_t runs,
                             IntFigures* out) noexcept {
  for (std::size_t k = 0; k < runs; ++k) {
    const std::int32_t* run = cells + starts[k];
    const std::uint32_t count = starts[k + 1] - starts[k];
    std::int64_t sum = 0;
    std::int32_t low = kTop;
    std::int32_t high = kMissing;
    std::uint32_t present = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const bool there = run[i] != kMissing;
      sum += there ? run[i] : 0;
      low = std::min(low, there ? run[i] : kTop);
      high = std::max(high, run[i]);  // a missing cell is the least number there is
      present += there ? 1U : 0U;
    }
    out[k] = {sum, low, high, present};
  }
}

void reduce_real(const double* cells, const std::uint32_t* starts, std::size_t runs, RealFigures* out) noexcept {
  for (std::size_t k = 0; k < runs; ++k) {
    RealFigures figures{0, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), 0};
    for (std::uint32_t i = starts[k]; i < starts[k + 1]; ++i) {
      if (std::isnan(cells[i])) continue;
      figures.sum += cells[i];
      figures.min = std::min(figures.min, cells[i]);
      figures.max = std::max(figures.max, cells[i]);
      ++figures.count;
    }
    out[k] = figures;
  }
}

PV_KERNEL std::int64_t sum_dense(const std::int32_t* cells, std::size_t count) noexcept {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += cells[i];
  return sum;
}

PV_KERNEL std::int64_t weigh_dense(const std::int32_t* cells, const std::int32_t* weights, std::size_t count) noexcept {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += static_cast<std::int64_t>(cells[i]) * weights[i];
  return sum;
}

PV_KERNEL IntWeighted weigh_sparse(const std::int32_t* cells, const std::int32_t* weights, std::size_t count) noexcept {
  std::int64_t sum = 0;
  std::int64_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t weight = cells[i] != kMissing ? weights[i] : 0;
    sum += static_cast<std::int64_t>(cells[i]) * weight;
    total += weight;
  }
  return {sum, total};
}

RealWeighted weigh_real(const double* cells, const std::int32_t* weights, std::size_t count) noexcept {
  RealWeighted result{0, 0};
  for (std::size_t i = 0; i < count; ++i) {
    if (std::isnan(cells[i])) continue;
    result.sum += cells[i] * weights[i];
    result.weights += weights[i];
  }
  return result;
}

PV_KERNEL void interval_lengths(const std::int64_t* times, std::size_t count, std::int64_t step,
                                std::int32_t* lengths) noexcept {
  for (std::size_t i = 1; i < count; ++i) {
    lengths[i] = static_cast<std::int32_t>(std::min(times[i] - times[i - 1], step));
  }
}

PV_KERNEL WeightRange weight_range(const std::int32_t* weights, std::size_t count) noexcept {
  std::int64_t sum = 0;
  std::int32_t low = weights[0];
  std::int32_t high = weights[0];
  for (std::size_t i = 0; i < count; ++i) {
    sum += weights[i];
    low = std::min(low, weights[i]);
    high = std::max(high, weights[i]);
  }
  return {sum, low, high};
}

}  // namespace pv::query
