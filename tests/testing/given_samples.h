#pragma once
/// Files' samples made by hand or by dice, as the reader would hand them over.

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "model/delivery.h"
#include "testing/seed.h"

namespace pv::testing {

inline constexpr std::int64_t kStart = 1'735'689'600;  // 2025-01-01

/// A master's channel when `device_sn` is the logger's own, a slave's otherwise.
inline model::Channel channel_of(const std::string& logger, const std::string& device_sn, const std::string& label,
                                 const std::string& unit = "W", const std::string& name = "Voie") {
  const bool is_master = logger == device_sn;
  return {logger, device_sn, label, name, unit, is_master ? model::DeviceType::master : model::DeviceType::slave,
          is_master ? model::DeviceSubtype::tri : model::DeviceSubtype::none};
}

inline std::vector<model::Channel> channels_of(const std::string& logger, std::size_t count) {
  std::vector<model::Channel> channels;
  for (std::size_t i = 0; i < count; ++i) channels.push_back(channel_of(logger, logger, "Ch" + std::to_string(i + 1)));
  return channels;
}

/// A column of numbers with `places` decimals; NaN is a missing cell.
inline model::Column column_of(std::span<const double> values, unsigned places = 1) {
  model::Column column;
  for (const double value : values) {
    if (std::isnan(value)) {
      column.push_missing();
    } else {
      column.push_decimal(std::llround(value * model::kPowerOfTen[places]), places);
    }
  }
  return column;
}

/// Everything a Delivery borrows.
struct GivenFile {
  model::CampaignName campaign;
  model::FileOrigin origin;
  std::vector<model::LoggerTable> tables;
  std::vector<model::Event> events;

  [[nodiscard]] model::Delivery delivery() const {
    return {&campaign, &origin, tables, events, tables.empty() ? std::string("02000001") : tables.front().channels.front().master_sn};
  }
};

inline std::vector<model::Delivery> deliveries_of(const std::vector<GivenFile>& files) {
  std::vector<model::Delivery> deliveries;
  for (const GivenFile& file : files) deliveries.push_back(file.delivery());
  return deliveries;
}

/// A file without rows yet. The digest is that of `content`, or of the name.
inline GivenFile given_file(const std::string& name, const std::string& campaign = "camp", const std::string& content = "") {
  GivenFile file{*model::CampaignName::parse(campaign), {}, {}, {}};
  file.origin.name = name;
  file.origin.device_folder = "device";
  const std::string& bytes = content.empty() ? name : content;
  file.origin.digest = sha256(std::as_bytes(std::span(bytes.data(), bytes.size())));
  file.origin.size = bytes.size();
  file.origin.stamp = model::stamp_of_name(name);
  return file;
}

/// A table of one logger: `rows` rows from `first_s`, each channel counting from its own number on.
inline model::LoggerTable steady_table(const std::string& logger, std::size_t channels, std::int64_t first_s, std::size_t rows,
                                       std::int64_t step_s = 600) {
  model::LoggerTable table;
  table.channels = channels_of(logger, channels);
  table.rows.columns.resize(channels);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::int64_t time_s = first_s + static_cast<std::int64_t>(row) * step_s;
    table.rows.time_s.push_back(time_s);
    for (std::size_t c = 0; c < channels; ++c) {
      table.rows.columns[c].push_decimal((time_s / step_s * 7 + static_cast<std::int64_t>(c) * 13) % 5000, 1);
    }
  }
  return table;
}

inline GivenFile steady_file(const std::string& name, const std::string& logger, std::size_t channels, std::int64_t first_s,
                             std::size_t rows, std::int64_t step_s = 600) {
  GivenFile file = given_file(name);
  file.tables.push_back(steady_table(logger, channels, first_s, rows, step_s));
  return file;
}

/// Overlapping pieces of a few loggers' rows that often disagree: other values, other channels, missing cells, a last row
/// without its line end, several tables in one file, the same bytes under several names.
inline std::vector<GivenFile> quarrelling_files(Dice& dice, std::size_t count, std::int64_t span_s = 40'000) {
  std::vector<GivenFile> files;
  for (std::size_t f = 0; f < count; ++f) {
    const std::string campaign = dice.chance(80) ? "camp" : "other";
    // Few different stamps: often the digest has to decide.
    const std::string stamp = "25010" + std::to_string(dice.between(1, 9)) + "_000000";
    if (f > 0 && dice.chance(10)) {
      files.push_back(files[dice.below(f)]);
      files.back().origin.name = "T302_" + stamp + ".tsv";
      files.back().origin.stamp = model::stamp_of_name(files.back().origin.name);
      continue;
    }
    GivenFile file = given_file("T302_" + stamp + ".tsv", campaign, "file " + std::to_string(f));
    const std::string logger = dice.chance(70) ? "02000001" : "02000002";
    std::int64_t from_s = 1'700'000'000 + dice.between(0, span_s);
    const std::size_t tables = dice.chance(85) ? 1 : 2;
    const std::int64_t names = dice.between(0, 2);  // a file calls a channel by one name
    for (std::size_t t = 0; t < tables; ++t) {
      model::LoggerTable table;
      for (std::size_t c = 0; c < 6; ++c) {
        const bool wanted = dice.chance(60) || (c == 5 && table.channels.empty());
        const std::string name = "name " + std::to_string((names + static_cast<std::int64_t>(c)) % 3);
        if (wanted) table.channels.push_back(channel_of(logger, c < 3 ? logger : "04000009", "Ch" + std::to_string(c), "W", name));
      }
      table.rows.columns.resize(table.channels.size());
      const std::size_t rows = dice.below(60);
      std::int64_t time_s = from_s / 300 * 300;
      for (std::size_t row = 0; row < rows; ++row) {
        table.rows.time_s.push_back(time_s);
        time_s += dice.chance(90) ? 300 : dice.between(1, 900);
        for (model::Column& column : table.rows.columns) {
          if (dice.chance(15)) {
            column.push_missing();
          } else if (dice.chance(3)) {
            column.push_real(static_cast<double>(dice.between(1, 4)) / 3.0);
          } else {
            column.push_decimal(dice.between(0, 3) * 10, dice.chance(50) ? 1 : 2);
          }
        }
      }
      from_s = time_s + dice.between(0, 600);  // a further table says nothing about the same instants
      if (t + 1 == tables && rows > 0 && dice.chance(30)) table.provisional_row = static_cast<std::uint32_t>(rows - 1);
      if (rows > 0 && dice.chance(30)) file.events.push_back({table.rows.time_s[dice.below(rows)] + 7, model::EventKind::restart});
      file.tables.push_back(std::move(table));
    }
    std::sort(file.events.begin(), file.events.end());
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace pv::testing
