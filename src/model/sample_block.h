#pragma once
/// Decoded samples of one logger: one time column, one value column a channel.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/channel.h"
#include "model/column.h"

namespace pv::model {

/// Rows of one logger. Every column has time_s.size() cells.
struct SampleBlock {
  std::vector<std::int64_t> time_s;  // Unix seconds, UTC, strictly ascending
  std::vector<Column> columns;
};

enum class EventKind : std::uint8_t { restart = 1 };  // on disk: append only

/// Something a logger said that is no measurement.
struct Event {
  std::int64_t time_s = 0;  // Unix seconds, UTC
  EventKind kind = EventKind::restart;
  auto operator<=>(const Event&) const = default;
};

/// What one header of a logger file governs: its channels and the rows under it.
struct LoggerTable {
  std::vector<Channel> channels;  // as many as rows.columns
  SampleBlock rows;
  /// The row of `rows` that came without its line end: taken, but any whole row of the same instant beats it.
  std::optional<std::uint32_t> provisional_row;
};

}  // namespace pv::model
