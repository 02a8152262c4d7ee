#pragma once
/// Where nothing was measured: between two rows of a logger more than one and a half steps apart. The step is the one that the
/// logger is expected to have; where none is, the one that its rows show.

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/rhythm.h"
#include "query/scope.h"

namespace pv::query {

struct Gap {
  model::LoggerId logger;
  model::Period period;  // from the row before to the begin of the next row's interval (energy.h)
  bool operator==(const Gap&) const = default;
};

struct Gaps {
  std::vector<Gap> gaps;   // by begin, then in the order of the loggers
  bool truncated = false;  // there were more than the limit
};

/// Gaps of the loggers, cut to the period. Before a logger's first row and after its last there is no gap.
/// Errors: those of the snapshot. Cost: decodes the time columns of the period. Reads as worker 0.
[[nodiscard]] Result<Gaps> find_gaps(model::SampleSnapshot& snapshot, const model::CampaignSummary& campaign,
                                     std::span<const model::LoggerSummary> loggers, model::Period period,
                                     const model::ExpectedSteps& expected, std::size_t limit);

}  // namespace pv::query
