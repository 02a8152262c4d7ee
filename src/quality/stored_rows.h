#pragma once
/// Stamps of what is stored of a logger.

#include <vector>

#include "base/result.h"
#include "model/source.h"

namespace pv::quality {

/// Stamps of the logger's rows with from <= t < to, ascending. Reads as worker 0.
[[nodiscard]] Result<std::vector<std::int64_t>> stored_stamps(model::SampleSnapshot& stored, model::LoggerId logger, model::Period period);

}  // namespace pv::quality
