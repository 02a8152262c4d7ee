#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "model/rhythm.h"
#include "quality/column_profile.h"
#include "quality/header_check.h"

namespace pv::quality {
namespace {

/// How a file writes its powers, by the cells under a W title that lie where no voltage does.
enum class PowersAre : std::uint8_t { unknown, coarse, fine };

/// One table, looked at as a whole.
class TableCheck {
 public:
  explicit TableCheck(const model::LoggerTable& table) : table_(table), sampling_(sampling_of(table.rows.time_s.size())) {
    for (const model::Column& column : table.rows.columns) profiles_.push_back(profile_of(column, sampling_));
    learn_powers();
    choose_voltage();
  }

  void watts(std::vector<Finding>& findings) const;
  void volts(std::vector<Finding>& findings) const;

 private:
  [[nodiscard]] bool is_titled(std::size_t column, std::string_view unit) const { return table_.channels[column].unit == unit; }
  [[nodiscard]] std::size_t columns() const noexcept { return profiles_.size(); }

  void learn_powers();
  void choose_voltage();
  [[nodiscard]] std::optional<Finding> watts_finding(std::size_t column, bool has_company) const;
  [[nodiscard]] std::optional<Finding> volts_finding(std::size_t column) const;
  [[nodiscard]] bool has_voltage_besides(std::size_t column) const;
  /// Energy that the column would be if it were watts.
  [[nodiscard]] double energy_kWh(std::size_t column) const;

  const model::LoggerTable& table_;
  Sampling sampling_;
  std::vector<ColumnProfile> profiles_;
  PowersAre powers_ = PowersAre::unknown;
  std::optional<std::size_t> voltage_;  // titled V, and is one
  bool lacks_voltage_ = false;          // columns are titled V, and none is one
};

void TableCheck::learn_powers() {
  std::size_t all = 0;
  std::size_t fine = 0;
  for (std::size_t i = 0; i < columns(); ++i) {
    if (!is_titled(i, "W")) continue;
    all += profiles_[i].cells.elsewhere();
    fine += profiles_[i].fine.elsewhere();
  }
  if (all < kFewestCells) return;
  powers_ = static_cast<double>(fine) <= kSomeShare * static_cast<double>(all) ? PowersAre::coarse : PowersAre::fine;
}

void TableCheck::choose_voltage() {
  // A load that lies where a voltage lies is no measure for one that is written as a voltage.
  const bool must_be_fine = std::any_of(profiles_.begin(), profiles_.end(), [](const ColumnProfile& p) { return p.has_written_volts(); });
  for (std::size_t i = 0; i < columns(); ++i) {
    if (!is_titled(i, "V")) continue;
    lacks_voltage_ = true;
    if (!profiles_[i].lies_like_volts() || (must_be_fine && !profiles_[i].is_fine())) continue;
    // The one that was there most of the time: other phases may have been connected later.
    if (!voltage_ || profiles_[i].cells.mains > profiles_[*voltage_].cells.mains) voltage_ = i;
  }
  if (voltage_) lacks_voltage_ = false;
}

double TableCheck::energy_kWh(std::size_t column) const {
  double sum = 0;
  const model::Column& cells = table_.rows.columns[column];
  for (std::size_t row = 0; row < cells.size(); ++row) sum += cells.is_missing(row) ? 0 : cells.value(row);
  return sum * static_cast<double>(model::usual_step(table_.rows.time_s)) / 3600 / 1000;
}

std::optional<Finding> TableCheck::watts_finding(std::size_t column, bool has_company) const {
  const ColumnProfile& profile = profiles_[column];
  const bool is_written = profile.has_written_volts();
  Beside nearby;
  if (voltage_) {
    nearby = beside(table_.rows.columns[column], is_written ? Cells::fine : Cells::all, table_.rows.columns[*voltage_], sampling_);
    if (nearby.rows >= kFewestCells && nearby.distance > kFarthestPhases_V) return std::nullopt;
  }

  std::string reason;
  if (is_written && powers_ == PowersAre::coarse) {
    reason = "written with hundredths, as voltages are and the powers of this file are not";
  } else if (is_written && powers_ == PowersAre::unknown && (has_company || lacks_voltage_)) {
    reason = "written with hundredths, as voltages are";
  } else if (profile.lies_like_volts() && nearby.moves_with && (profile.is_fine() || profiles_[*voltage_].is_coarse())) {
    reason = "moving with the voltage row by row";
  } else {
    return std::nullopt;
  }
  const CellCounts& cells = is_written ? profile.fine : profile.cells;
  if (nearby.rows >= kFewestCells) {
    reason += fmt::format(", {:.1f} V from {} in the middle", nearby.distance, shown(table_.channels[*voltage_]));
  } else if (lacks_voltage_) {
    reason += ", while no column titled V reads like a voltage";
  }
  return Finding{fmt::format("{} reads like volts: {:.2f} to {:.2f} in {} rows, {}; as watts it would count for {:.1f} kWh",
                             shown(table_.channels[column]), cells.range.low, cells.range.high, table_.rows.time_s.size(), reason,
                             energy_kWh(column)),
                 model::field_name(table_.channels[column], model::ChannelIdStyle::device_first), FindingKind::watts_read_like_volts};
}

void TableCheck::watts(std::vector<Finding>& findings) const {
  std::vector<std::size_t> candidates;
  std::size_t written = 0;
  for (std::size_t i = 0; i < columns(); ++i) {
    if (!is_titled(i, "W") || !(profiles_[i].has_written_volts() || profiles_[i].lies_like_volts())) continue;
    candidates.push_back(i);
    if (profiles_[i].has_written_volts()) ++written;
  }
  for (const std::size_t column : candidates) {
    if (findings.size() >= kMostFindings) return;
    if (auto finding = watts_finding(column, written >= 2)) findings.push_back(std::move(*finding));
  }
}

bool TableCheck::has_voltage_besides(std::size_t column) const {
  for (std::size_t i = 0; i < columns(); ++i) {
    if (i != column && profiles_[i].lies_like_volts() && profiles_[i].is_fine()) return true;
  }
  return false;
}

std::optional<Finding> TableCheck::volts_finding(std::size_t column) const {
  const ColumnProfile& profile = profiles_[column];
  const double all = static_cast<double>(profile.cells.all);
  std::string reason;
  if (profile.no_voltage >= kFewestCells && static_cast<double>(profile.no_voltage) >= kSomeShare * all) {
    reason = fmt::format("{} of {} cells are below {:.0f} or above {:.0f} V, which no voltage is", profile.no_voltage, profile.cells.all,
                         kLowestVoltage_V, kHighestVoltage_V);
  } else if (profile.coarse_volts >= kFewestCells && profile.is_coarse() && profile.changes && !profile.cells.lie_like_volts() &&
             has_voltage_besides(column)) {
    reason = "written without hundredths, as powers are and the voltage of this file is not";
  } else {
    return std::nullopt;
  }
  return Finding{fmt::format("{} reads like no voltage: {:.2f} to {:.2f} in {} rows; {}", shown(table_.channels[column]),
                             profile.cells.range.low, profile.cells.range.high, table_.rows.time_s.size(), reason),
                 model::field_name(table_.channels[column], model::ChannelIdStyle::device_first), FindingKind::volts_read_like_watts};
}

void TableCheck::volts(std::vector<Finding>& findings) const {
  for (std::size_t i = 0; i < columns() && findings.size() < kMostFindings; ++i) {
    if (!is_titled(i, "V")) continue;
    if (auto finding = volts_finding(i)) findings.push_back(std::move(*finding));
  }
}

}  // namespace

std::vector<Finding> check_values(std::span<const model::LoggerTable> tables) {
  std::vector<Finding> findings;
  for (const model::LoggerTable& table : tables) {
    const TableCheck check(table);
    std::vector<Finding> of_table;
    check.watts(of_table);
    check.volts(of_table);
    for (Finding& finding : of_table) {
      const bool known = std::any_of(findings.begin(), findings.end(), [&](const Finding& other) {
        return other.kind == finding.kind && other.column == finding.column;
      });
      if (!known && findings.size() < kMostFindings) findings.push_back(std::move(finding));
    }
  }
  return findings;
}

}  // namespace pv::quality
