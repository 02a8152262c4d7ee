#pragma once
/// What a column's cells look like, whatever its title says. The words are those of header_check.h.

#include <cstddef>
#include <cstdint>
#include <limits>

#include "model/column.h"

namespace pv::quality {

/// Rows that are looked at: 0, stride, 2 * stride, …
struct Sampling {
  std::size_t rows = 0;
  std::size_t stride = 1;
};
[[nodiscard]] Sampling sampling_of(std::size_t rows) noexcept;

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double value) noexcept {
    low = value < low ? value : low;
    high = value > high ? value : high;
  }
};

/// Cells of one manner of writing.
struct CellCounts {
  std::size_t all = 0;
  std::size_t mains = 0;     // where a mains voltage lies
  std::size_t floating = 0;  // where an unconnected phase floats
  Range range;

  [[nodiscard]] std::size_t elsewhere() const noexcept { return all - mains - floating; }
  /// A voltage: hardly a cell elsewhere, and a quarter at least at mains voltage.
  [[nodiscard]] bool lie_like_volts() const noexcept;
};

/// Zeros are only counted: an input without a clamp, a phase without a supply and a restart row look alike.
struct ColumnProfile {
  std::size_t zeros = 0;
  CellCounts fine;    // with hundredths
  CellCounts coarse;  // without
  CellCounts cells;   // both
  std::size_t no_voltage = 0;      // above kHighestVoltage_V or below kLowestVoltage_V
  std::size_t coarse_volts = 0;    // coarse, of one volt and more
  bool changes = false;            // not all cells are the same number

  /// The column as a whole is a voltage by where its cells lie.
  [[nodiscard]] bool lies_like_volts() const noexcept;
  /// Some of its cells are a voltage by where they lie and how they are written.
  [[nodiscard]] bool has_written_volts() const noexcept;
  [[nodiscard]] bool is_fine() const noexcept;  // as voltages are: most cells carry hundredths
  [[nodiscard]] bool is_coarse() const noexcept;  // as powers are
};

[[nodiscard]] ColumnProfile profile_of(const model::Column& column, Sampling sampling);

/// A column beside a voltage, over the rows where both lie at mains voltage.
struct Beside {
  std::size_t rows = 0;
  double distance = 0;     // median of the absolute difference
  bool moves_with = false;  // row by row, as a voltage does and a resistive load does not
};
/// Cells of the column that count.
enum class Cells : std::uint8_t { all, fine };
[[nodiscard]] Beside beside(const model::Column& column, Cells cells, const model::Column& voltage, Sampling sampling);

}  // namespace pv::quality
