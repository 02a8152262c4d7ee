#include "quality/stored_logger.h"

#include <algorithm>

namespace pv::quality {

Result<std::optional<StoredLogger>> find_logger(model::SampleSnapshot& stored, const model::CampaignName& campaign,
                                                std::string_view logger_sn) {
  auto summary = stored.campaign(campaign);
  if (!summary) {
    if (summary.error().kind() == Errc::not_found) return std::optional<StoredLogger>();
    return fail(std::move(summary).error());
  }
  for (model::LoggerSummary& logger : summary->loggers) {
    if (logger.sn == logger_sn) return std::optional<StoredLogger>(StoredLogger{summary->id, std::move(logger)});
  }
  return std::optional<StoredLogger>();
}

Result<std::vector<std::int64_t>> stored_stamps(model::SampleSnapshot& stored, model::LoggerId logger, model::Period period) {
  std::vector<std::int64_t> stamps;
  PV_TRY(const std::vector<model::BlockRef> blocks, stored.blocks(logger, period));
  model::SampleBlock rows;
  for (const model::BlockRef& block : blocks) {
    PV_TRY_VOID(stored.read(0, block, {}, rows));
    const auto from = std::lower_bound(rows.time_s.begin(), rows.time_s.end(), period.from_s);
    stamps.insert(stamps.end(), from, std::lower_bound(from, rows.time_s.end(), period.to_s));
  }
  return stamps;
}

}  // namespace pv::quality
