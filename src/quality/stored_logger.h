#pragma once
/// A logger in a snapshot, found by its serial number.

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/names.h"
#include "model/source.h"

namespace pv::quality {

struct StoredLogger {
  model::CampaignId campaign;
  model::LoggerSummary logger;
};

/// Nothing when the campaign or the logger is not there. Errors: those of the snapshot.
[[nodiscard]] Result<std::optional<StoredLogger>> find_logger(model::SampleSnapshot& stored, const model::CampaignName& campaign,
                                                              std::string_view logger_sn);

/// Stamps of the logger's rows with from <= t < to, ascending. Reads as worker 0.
[[nodiscard]] Result<std::vector<std::int64_t>> stored_stamps(model::SampleSnapshot& stored, model::LoggerId logger, model::Period period);

}  // namespace pv::quality
