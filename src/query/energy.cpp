#include "query/energy.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "query/cells.h"
#include "query/intervals.h"
#include "query/scan.h"

namespace pv::query {

Result<std::vector<ChannelEnergy>> energy(const Scope& scope, std::span<const std::int64_t> edges) {
  PV_TRY_VOID(check_edges(edges));
  const std::size_t buckets = edges.size() - 1;
  PV_TRY(const ScanPlan plan, plan_scan(scope, {edges.front(), edges.back()}));

  std::vector<EnergyCell> cells(scope.channels.size() * buckets);
  std::vector<BlockCells<EnergyCell>> outer(plan.blocks.size());
  PV_TRY_VOID(run_scan(scope, plan, [&](std::size_t index, const model::SampleBlock& rows) {
    const ScanBlock& block = plan.blocks[index];
    const ScanLogger& logger = plan.loggers[block.logger];
    PV_CHECK(rows.columns.size() == logger.wanted.size());
    const std::vector<std::int32_t> lengths = block_intervals(block, logger.restarts_s, rows.time_s);
    const std::vector<BucketShare> shares = share_out(rows.time_s, lengths, edges);
    if (shares.empty()) return;
    BlockCells<EnergyCell> own(shares.front().bucket, shares.back().bucket, logger.wanted.size());
    for (std::size_t i = 0; i < logger.wanted.size(); ++i) {
      EnergyCell* answer = cells.data() + logger.channel[i] * buckets;
      for (const BucketShare& share : shares) {
        own.at(i, share.bucket, answer).add(energy_of(rows.columns[i], lengths, share));
      }
    }
    outer[index] = std::move(own);
  }));
  for (std::size_t index = 0; index < plan.blocks.size(); ++index) {
    const ScanLogger& logger = plan.loggers[plan.blocks[index].logger];
    for (std::size_t i = 0; i < logger.wanted.size(); ++i) {
      outer[index].finish(i, cells.data() + logger.channel[i] * buckets);
    }
  }

  std::vector<ChannelEnergy> answer(scope.channels.size());
  for (std::size_t c = 0; c < answer.size(); ++c) {
    const double watts = model::watts_per_unit(scope.channels[c].channel.unit);
    answer[c].coverage.resize(buckets);
    if (watts != 0) answer[c].energy_wh.resize(buckets);
    for (std::size_t b = 0; b < buckets; ++b) {
      const EnergyCell& cell = cells[c * buckets + b];
      answer[c].coverage[b] = static_cast<double>(cell.covered_s) / static_cast<double>(edges[b + 1] - edges[b]);
      if (watts != 0) answer[c].energy_wh[b] = cell.watt_hours(watts);
    }
  }
  return answer;
}

std::vector<double> sum_of_energies_wh(std::span<const ChannelEnergy> channels) {
  std::vector<double> sum;
  for (const ChannelEnergy& channel : channels) {
    if (sum.empty()) sum.assign(channel.energy_wh.size(), std::numeric_limits<double>::quiet_NaN());
    for (std::size_t b = 0; b < channel.energy_wh.size(); ++b) {
      if (std::isnan(channel.energy_wh[b])) continue;
      sum[b] = std::isnan(sum[b]) ? channel.energy_wh[b] : sum[b] + channel.energy_wh[b];
    }
  }
  return sum;
}

}  // namespace pv::query
