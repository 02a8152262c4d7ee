#pragma once
/// Energy by integration over what was measured, and how much of the time that is.
///
/// A logger averages over an interval and stamps the row at the interval's end. So row i, at t(i), stands for the
/// d(i) seconds before its stamp:
///   d(i) = min( t(i) - t(i-1),   the logger's previous row, whatever channels it has: intervals never overlap
///               step,            the logger's usual distance: a gap adds nothing
///               t(i) - r )       r, the last restart with t(i-1) <= r < t(i): it did not measure before it started
/// For the first row ever the other two bound it. `step` is that of the row's block, else (0) the logger's, else nothing is added; it
/// counts as no more than kMaxStep.
///
/// Energy of a bucket: sum over the intervals of value x watts per unit x the seconds that interval and bucket share. An
/// interval across an edge is shared in proportion, so the parts of a period add up to the whole period: the row
/// after the end may give its share, and the row before the begin bounds the first interval.
/// Covered seconds of a bucket: the same sum without the value, over rows in which the channel has one.
/// Mantissas are added as integers, so energies of decimal columns are exact until the last division.
///
/// The energy of a sum of channels is the sum of their energies, for both are the same sum of products.
/// Errors: those of the snapshot; invalid_input for edges that do not ascend. The answer does not depend on `workers`.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "query/scope.h"

namespace pv::query {

inline constexpr std::int64_t kMaxStep = 86'400;  // seconds

struct ChannelEnergy {
  std::vector<double> energy_wh;  // one a bucket, NaN where nothing was measured; empty when the unit is no power
  std::vector<double> coverage;   // one a bucket, 0..1
};

/// One entry a channel of the scope. Edges: at least two, strictly ascending Unix seconds.
[[nodiscard]] Result<std::vector<ChannelEnergy>> energy(const Scope& scope, std::span<const std::int64_t> edges);

/// Bucket by bucket over the power channels; NaN where none of them has anything.
[[nodiscard]] std::vector<double> sum_of_energies_wh(std::span<const ChannelEnergy> channels);

}  // namespace pv::query
