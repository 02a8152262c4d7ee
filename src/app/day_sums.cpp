#include "app/day_sums.h"

#include <algorithm>
#include <vector>

#include "query/buckets.h"

namespace pv::app {

Result<DaySums> day_sums(model::SampleSnapshot& snapshot, const model::CampaignSummary& campaign, const model::LoggerSummary& logger, model::Period period,
                         const model::Zone& zone, model::ChannelIdStyle style) {
  DaySums sums;
  if (period.empty()) return sums;
  PV_TRY(const std::vector<model::ChannelSummary> all, snapshot.channels(campaign.id));
  std::vector<model::ChannelId> wanted;
  std::vector<std::string> fields;
  for (const model::ChannelSummary& channel : all) {
    if (channel.logger != logger.id) continue;
    wanted.push_back(channel.id);
    fields.push_back(model::field_name(channel.channel, style));
  }
  PV_TRY(const query::Edges edges, query::calendar_edges(period, zone, query::Calendar::day));
  PV_TRY(const std::vector<model::BlockRef> blocks, snapshot.blocks(logger.id, period));
  model::SampleBlock block;
  for (const model::BlockRef& ref : blocks) {
    PV_TRY_VOID(snapshot.read(0, ref, wanted, block));
    for (std::size_t row = 0; row < block.time_s.size(); ++row) {
      const std::int64_t time_s = block.time_s[row];
      if (time_s < period.from_s || time_s >= period.to_s) continue;
      const std::int64_t day_s = *std::prev(std::upper_bound(edges.begin(), edges.end(), time_s));
      for (std::size_t c = 0; c < wanted.size(); ++c) {
        if (block.columns[c].is_missing(row)) continue;
        DaySum& sum = sums[{day_s, fields[c]}];
        ++sum.samples;
        sum.sum += block.columns[c].value(row);
      }
    }
  }
  return sums;
}

}  // namespace pv::app
