#pragma once
/// How a logger's time line is cut into leaves: intervals [start, start + 2^level) aligned to their own length. A leaf
/// that would hold more rows than a block may is halved, and halved again. Which leaves there are depends only on which
/// rows there are, never on the order in which they came.

#include <compare>
#include <cstdint>

namespace pv::store {

/// 2^22 s, 48.5 days: 6,991 rows at ten minutes, so that the usual logger never makes a file wait for a split.
inline constexpr unsigned kTopLevel = 22;

struct LeafKey {
  std::int64_t start_s = 0;
  unsigned level = kTopLevel;

  [[nodiscard]] constexpr std::int64_t end_s() const noexcept { return start_s + (std::int64_t{1} << level); }
  [[nodiscard]] constexpr bool contains(std::int64_t time_s) const noexcept { return time_s >= start_s && time_s < end_s(); }
  [[nodiscard]] constexpr std::int64_t middle_s() const noexcept { return start_s + (std::int64_t{1} << (level - 1)); }
  auto operator<=>(const LeafKey&) const = default;
};

/// The leaf of a level in which an instant lies. Instants before 1970 work too.
[[nodiscard]] constexpr LeafKey leaf_at(std::int64_t time_s, unsigned level) noexcept {
  return {(time_s >> level) << level, level};
}

}  // namespace pv::store
