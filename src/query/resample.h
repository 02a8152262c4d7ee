#pragma once
/// Curves for a screen: count, min, max and mean of each channel in each bucket, and the figures of the whole period.
///
/// A sample belongs to the bucket that its stamp lies in. Mean is the arithmetic mean of a bucket's samples. No extreme is
/// ever lost: the greatest max of the buckets is the greatest sample of the period. Where the rows of all loggers
/// together are no more than the points asked for, the rows themselves are the answer (`raw`).
/// Energy and coverage of the summary are defined in energy.h; they come out of the same pass.
///
/// The answer does not depend on the number of workers, bit for bit.
/// Errors: those of the snapshot; invalid_input for edges that do not ascend.
/// Cost: beyond decoding about 0.3 ns a sample; 56 bytes a channel and bucket while it runs.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/zone.h"
#include "query/scope.h"

namespace pv::query {

enum class CurveMode : std::uint8_t { raw, buckets };

/// As many entries as Curves::times_s; NaN where there is nothing.
struct Curve {
  std::vector<double> min;   // empty in raw mode
  std::vector<double> max;   // empty in raw mode
  std::vector<double> mean;  // raw mode: the values
};

/// One channel over the whole period.
struct Figures {
  std::uint64_t count = 0;
  double min = 0;  // NaN when count is 0, as max and mean
  double max = 0;
  double mean = 0;
  std::optional<double> energy_wh;  // only for channels whose unit is a power
  double coverage = 0;              // 0..1
};

struct Curves {
  CurveMode mode = CurveMode::buckets;
  model::Period period;
  std::int64_t step_s = 0;            // nominal bucket length; 0 in raw mode and for given edges
  std::vector<std::int64_t> times_s;  // raw: stamps of all loggers; buckets: their begins
  std::vector<Curve> curves;          // one a channel of the scope
  std::vector<Figures> summary;       // one a channel of the scope
  double coverage = 0;                // seconds covered by rows of seconds asked for, mean over the scope's loggers
};

struct ResampleOptions {
  std::size_t points = 1500;  // most buckets or rows wanted
  std::int64_t step_s = 0;    // > 0: buckets of this length instead, and never raw
};

[[nodiscard]] Result<Curves> resample(const Scope& scope, model::Period period, const model::Zone& zone,
                                      const ResampleOptions& options);

/// Buckets between given edges (at least two, strictly ascending); never raw.
[[nodiscard]] Result<Curves> resample_edges(const Scope& scope, std::span<const std::int64_t> edges);

/// The curve of the channels taken together: in each bucket the sum of the means, in watts, of the power channels that
/// have a value there; NaN where none has. It is the mean of the summed power as long as all channels were measured
/// throughout the bucket; compare the coverages where that matters, or add energies (energy.h), which always holds.
[[nodiscard]] std::vector<double> sum_of_means_w(const Curves& curves, std::span<const model::ChannelSummary> channels);

}  // namespace pv::query
