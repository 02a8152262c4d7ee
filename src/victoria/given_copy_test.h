#pragma once
/// For the room's tests: a truth in memory and what a VictoriaMetrics holds of it.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "testing/given_samples.h"
#include "testing/memory_source.h"
#include "victoria/labels.h"
#include "victoria/server.h"

namespace pv::victoria {

/// (field, instant) -> every value found there.
using Held = std::map<std::pair<std::string, std::int64_t>, std::vector<double>>;

inline model::TenantName tenant_named(const std::string& name) { return *model::TenantName::parse(name); }
inline model::CampaignName camp() { return *model::CampaignName::parse("camp"); }

inline testing::MemoryLogger steady_logger(const std::string& sn, std::size_t channels, std::int64_t first_s, std::size_t rows,
                                           std::int64_t step_s = 600) {
  auto table = testing::steady_table(sn, channels, first_s, rows, step_s);
  return {sn, step_s, table.channels, table.rows, {}};
}

inline Held held_by(Server& server, const std::string& tenant) {
  Held held;
  Selector selector(tenant_named(tenant));
  selector.channels_and_events();
  if (!server.settle()) return held;
  const auto read = server.export_series(selector.text(), kAllTime, [&held](const ExportedRun& run) -> Result<void> {
    const auto channel = channel_of(run.labels);
    const std::string field = channel ? field_of(*channel) : std::string(kRestartMetric);
    for (std::size_t i = 0; i < run.time_s.size(); ++i) held[{field, run.time_s[i]}].push_back(run.values[i]);
    return {};
  });
  if (!read) held[{read.error().message(), 0}] = {};
  return held;
}

inline Held held_by_truth(const testing::MemorySource& truth) {
  Held held;
  for (const auto& campaign : truth.campaigns) {
    for (const auto& logger : campaign.loggers) {
      for (std::size_t c = 0; c < logger.channels.size(); ++c) {
        for (std::size_t row = 0; row < logger.rows.time_s.size(); ++row) {
          if (logger.rows.columns[c].is_missing(row)) continue;
          held[{field_of(logger.channels[c]), logger.rows.time_s[row]}].push_back(logger.rows.columns[c].value(row));
        }
      }
      for (const std::int64_t restart : logger.restarts_s) held[{std::string(kRestartMetric), restart}].push_back(1);
    }
  }
  return held;
}

}  // namespace pv::victoria
