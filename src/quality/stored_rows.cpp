#include "quality/stored_rows.h"

#include <algorithm>

namespace pv::quality {

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
