#pragma once
/// Edges: ascending instants that cut a period into buckets [edge i, edge i+1). The first edge is the period's begin, the
/// last its end, so that the outer buckets may be shorter than the others. Instants are Unix seconds, UTC.
///
/// Every edge between them is an instant at which the local clock of a zone shows a round time. Where the clock is set
/// forward over a round time, the change itself is the edge; where it is set back, a round time occurs twice and both
/// are edges. So days have 23, 24 or 25 hours and a six-hour bucket on such a day 5 or 7.
/// Errors: invalid_input when the period is empty, reaches outside the years 1900 to 2200, or there would be more than
/// kMaxBuckets. Threads: pure functions.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/source.h"
#include "model/zone.h"

namespace pv::query {

inline constexpr std::size_t kMaxBuckets = 100'000;

using Edges = std::vector<std::int64_t>;

enum class Calendar : std::uint8_t { hour, day, week, month };  // weeks begin on Monday

/// "hour", "day", "week", "month"; nothing for any other text.
[[nodiscard]] std::optional<Calendar> parse_calendar(std::string_view text) noexcept;

[[nodiscard]] Result<Edges> calendar_edges(model::Period period, const model::Zone& zone, Calendar unit);

/// Edges of the whole hours, days, weeks or months that hold the period: unlike above, the outer buckets are whole too.
[[nodiscard]] Result<Edges> whole_calendar_edges(model::Period period, const model::Zone& zone, Calendar unit);

/// Edges every step_s seconds of the local clock: a part of a day (counted from local midnight; a step that does not
/// divide a day starts anew at each midnight) or whole days (counted from a Monday).
[[nodiscard]] Result<Edges> step_edges(model::Period period, const model::Zone& zone, std::int64_t step_s);

struct NiceEdges {
  std::int64_t step_s = 0;  // nominal: 21'600 for six hours of the local clock
  Edges edges;
};

/// No more than `points` buckets of the shortest step among 1, 2, 5, 10, 15, 30 s, the same in minutes, 1, 2, 3, 4, 6, 8,
/// 12 h, 1 to 5, 7, 10, 14 days and multiples of four weeks. A year in 1,500 points gives 1,460 buckets of six hours.
/// points >= 1.
[[nodiscard]] Result<NiceEdges> nice_edges(model::Period period, const model::Zone& zone, std::size_t points);

}  // namespace pv::query
