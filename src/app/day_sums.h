#pragma once
/// What a logger's channels have in each local day: how many samples, and their sum. For comparing copies.
///   Threads: no state. Cost: decodes the blocks of the period once. Errors: those of the snapshot.

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/result.h"
#include "model/channel.h"
#include "model/source.h"
#include "model/zone.h"

namespace pv::app {

struct DaySum {
  std::uint64_t samples = 0;
  double sum = 0;
};
/// By the first instant of the day and the field.
using DaySums = std::map<std::pair<std::int64_t, std::string>, DaySum>;

[[nodiscard]] Result<DaySums> day_sums(model::SampleSnapshot& snapshot, const model::CampaignSummary& campaign, const model::LoggerSummary& logger, model::Period period,
                                       const model::Zone& zone, model::ChannelIdStyle style);

}  // namespace pv::app
