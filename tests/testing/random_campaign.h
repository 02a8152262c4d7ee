#pragma once
/// Seeded campaigns with everything that makes curves hard: gaps, irregular stamps, missing cells, several loggers,
/// restarts, columns of different scales and kinds.

#include <random>
#include <string>

#include "testing/memory_source.h"

namespace pv::testing {

inline model::Channel make_channel(const std::string& master, std::size_t index, const std::string& unit) {
  model::Channel channel;
  channel.master_sn = master;
  channel.device_sn = index < 3 ? master : "0400" + std::to_string(1000 + index);
  channel.type = index < 3 ? model::DeviceType::master : model::DeviceType::slave;
  channel.subtype = index < 3 ? model::DeviceSubtype::tri : model::DeviceSubtype::none;
  channel.label = (unit == "V" ? "U" : "Ch") + std::to_string(index + 1);
  channel.name = "Voie" + std::to_string(index + 1);
  channel.unit = unit;
  return channel;
}

struct RandomShape {
  std::size_t loggers = 3;
  std::size_t rows = 2000;
  std::size_t channels = 5;
  std::int64_t from_s = 1'735'689'600;
  std::int64_t step_s = 600;
  bool tidy = false;  // no gaps, no missing cells, no restarts
};

inline MemoryCampaign random_campaign(const std::string& name, std::uint64_t seed, const RandomShape& shape = {}) {
  std::mt19937_64 random(seed);
  const auto chance = [&random](int percent) { return static_cast<int>(random() % 100) < percent; };
  MemoryCampaign campaign;
  campaign.name = name;
  for (std::size_t l = 0; l < shape.loggers; ++l) {
    MemoryLogger logger;
    logger.sn = "0200" + std::to_string(1000 + l);
    logger.step_s = shape.step_s;
    std::int64_t time = shape.from_s + (shape.tidy ? 0 : static_cast<std::int64_t>(random() % 5) * 60);
    for (std::size_t row = 0; row < shape.rows; ++row) {
      logger.rows.time_s.push_back(time);
      std::int64_t distance = shape.step_s;
      if (!shape.tidy && chance(3)) distance = 1 + static_cast<std::int64_t>(random() % 599);
      if (!shape.tidy && chance(1)) distance = static_cast<std::int64_t>(random() % 200'000) + 600;
      if (!shape.tidy && chance(2)) {
        logger.restarts_s.push_back(time + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(distance)));
      }
      time += distance;
    }
    for (std::size_t c = 0; c < shape.channels; ++c) {
      logger.channels.push_back(make_channel(logger.sn, c, c == 0 ? "V" : c == 1 ? "kW" : "W"));
      model::Column column;
      column.reserve(shape.rows);
      const bool holes = !shape.tidy && c % 2 == 1;
      std::int64_t value = 10'000;
      for (std::size_t row = 0; row < shape.rows; ++row) {
        value += static_cast<std::int64_t>(random() % 401) - 200;
        if (holes && chance(7)) {
          column.push_missing();
        } else if (!shape.tidy && c == 4) {
          column.push_real(static_cast<double>(value) / 7.0);
        } else {
          column.push_decimal(value, c == 0 ? 2 : 1);
        }
      }
      logger.rows.columns.push_back(std::move(column));
    }
    campaign.loggers.push_back(std::move(logger));
  }
  return campaign;
}

}  // namespace pv::testing
