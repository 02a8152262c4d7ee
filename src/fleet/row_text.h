#pragma once
/// The text of logger files: headers, stamps, rows. Hand-made, because a fleet is millions of cells.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fleet/plan.h"

namespace pv::fleet {

/// Everything above the first row.
[[nodiscard]] std::string header_text(const LoggerPlan& plan);
/// Everything below the last row.
[[nodiscard]] std::string_view footer_text(Dialect dialect) noexcept;
/// "T302_251026_031500.tsv", with "_UTC" for wrapped files. `local_s`: seconds since 1970-01-01 00:00:00 on the local clock.
[[nodiscard]] std::string file_name(Dialect dialect, std::int64_t local_s);

/// Writes rows of one logger. Stamps are seconds since 1970-01-01 00:00:00 on whatever clock the file shows.
class RowText {
 public:
  RowText(std::size_t columns, unsigned voltages) : columns_(columns), voltages_(voltages) {}

  /// Appends one line. `cells`: one reading a column, as Curve::read gives them.
  void append_measured(std::string& text, std::int64_t stamp_s, std::span<const std::int32_t> cells);
  /// Appends the line of a logger that starts again: every field "0".
  void append_restart(std::string& text, std::int64_t stamp_s);

 private:
  char* put_stamp(char* at, std::int64_t stamp_s);

  std::size_t columns_;
  std::size_t voltages_;
  std::int64_t day_ = -1;
  char date_[9] = {};  // "DD/MM/YY " of day_
};

}  // namespace pv::fleet
