#pragma once
/// Tells from the order of rows that stamps read as UTC are local time of a zone that changes its clock.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace pv::tsv {

struct ClockChange {
  enum class Kind : std::uint8_t { repeated_hour, missing_hour } kind;
  std::int64_t local_s;  // the row behind the change, as read
  std::string zone;      // a zone that changes its clock there; others may too
};

/// `times_s`: in file order. Looks at the first few places that could be a change.
[[nodiscard]] std::optional<ClockChange> find_clock_change(std::span<const std::int64_t> times_s);

}  // namespace pv::tsv
