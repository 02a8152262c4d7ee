#pragma once
/// Columns of a site made by dice: phases of one supply, and loads. Values as a logger writes them: volts with two decimals,
/// watts with one.

#include <cmath>
#include <string>
#include <vector>

#include "testing/given_samples.h"
#include "testing/memory_source.h"
#include "testing/seed.h"

namespace pv::testing {

inline constexpr std::int64_t kSiteBegin_s = 1'764'900'000;

/// A wandering supply around 247 V; row by row in volts.
inline std::vector<double> supply(Dice& dice, std::size_t rows) {
  std::vector<double> volts;
  double drift = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    drift += static_cast<double>(dice.between(-60, 60)) / 100 - drift / 20;
    volts.push_back(247 + drift);
  }
  return volts;
}

/// A phase of the supply: some volts beside it, with a flutter of its own.
inline std::vector<double> phase(Dice& dice, const std::vector<double>& supply_V, double beside_V, double flutter_V = 0.3) {
  std::vector<double> volts;
  for (const double volt : supply_V) volts.push_back(volt + beside_V + flutter_V * static_cast<double>(dice.between(-100, 100)) / 100);
  return volts;
}

inline std::vector<double> power(Dice& dice, std::size_t rows, int from_W, int to_W) {
  std::vector<double> watts;
  for (std::size_t row = 0; row < rows; ++row) watts.push_back(static_cast<double>(dice.between(from_W * 10, to_W * 10)) / 10);
  return watts;
}

struct SiteColumn {
  std::string title;  // "Ph 1 V"
  std::vector<double> values;
  unsigned places;
};

inline SiteColumn volts(const std::string& title, const std::vector<double>& values) { return {title, values, 2}; }
inline SiteColumn watts(const std::string& title, const std::vector<double>& values) { return {title, values, 1}; }

/// The table that the reader would make of a master's columns, labels as its titles have them.
inline model::LoggerTable site_table(const std::vector<SiteColumn>& columns, const std::string& sn = "02001283",
                                     std::int64_t first_s = kSiteBegin_s, std::int64_t step_s = 600) {
  model::LoggerTable table;
  const auto has = [&](const std::string& title) {
    return std::any_of(columns.begin(), columns.end(), [&](const SiteColumn& c) { return c.title == title; });
  };
  const bool is_tri = has("Ph 1 V") && has("Ph 2 V") && has("Ph 3 V");
  const std::size_t voltages = is_tri ? 3 : 1;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string& title = columns[i].title;
    const std::size_t space = title.rfind(' ');
    const std::string label = i < voltages ? "U" + std::to_string(i + 1) : "Ch" + std::to_string(i + 1 - voltages);
    model::Channel channel = channel_of(sn, sn, label, title.substr(space + 1), title.substr(0, space));
    channel.subtype = is_tri ? model::DeviceSubtype::tri : model::DeviceSubtype::mono;
    table.channels.push_back(channel);
    table.rows.columns.push_back(column_of(columns[i].values, columns[i].places));
  }
  const std::size_t rows = columns.empty() ? 0 : columns.front().values.size();
  for (std::size_t row = 0; row < rows; ++row) table.rows.time_s.push_back(first_s + static_cast<std::int64_t>(row) * step_s);
  return table;
}

/// A campaign "camp" that holds one table.
inline MemoryCampaign stored_table(const model::LoggerTable& table, std::int64_t step_s = 600) {
  MemoryLogger logger;
  logger.sn = table.channels.front().master_sn;
  logger.step_s = step_s;
  logger.channels = table.channels;
  logger.rows = table.rows;
  MemoryCampaign campaign;
  campaign.name = "camp";
  campaign.loggers.push_back(std::move(logger));
  return campaign;
}

}  // namespace pv::testing
