#include "query/scope.h"

#include <algorithm>

namespace pv::query {

std::optional<model::Period> whole_period(const model::CampaignSummary& campaign) {
  std::optional<model::Period> whole;
  for (const model::LoggerSummary& logger : campaign.loggers) {
    if (!logger.period) continue;
    const model::Period period{logger.period->from_s - logger.step_s, logger.period->to_s};
    if (!whole) whole = period;
    whole->from_s = std::min(whole->from_s, period.from_s);
    whole->to_s = std::max(whole->to_s, period.to_s);
  }
  return whole;
}

}  // namespace pv::query
