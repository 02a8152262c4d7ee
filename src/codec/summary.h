#pragma once
/// What a block says of a column without decoding it.

#include <cstdint>

#include "model/column.h"

namespace pv::codec {

/// Over the cells that have a value. All but `count` are 0 when there is none.
struct ColumnSummary {
  std::uint32_t count = 0;
  double min = 0;
  double max = 0;
  double sum = 0;  // decimal: the exact sum of mantissas, scaled once; real: added in row order
  double first = 0;
  double last = 0;
  bool operator==(const ColumnSummary&) const = default;
};

[[nodiscard]] ColumnSummary summarize(const model::Column& column) noexcept;

}  // namespace pv::codec
