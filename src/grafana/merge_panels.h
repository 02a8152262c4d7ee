#pragma once
/// Which panel of one version of a dashboard is which panel of another. Grafana numbers a user's new panel with the next free number, so a
/// number alone does not tell: a generated panel may have the same one.
///   Threads: no state; safe. Cost: panels times panels, comparisons of numbers and titles.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pv::grafana {

/// What a panel is known by.
struct PanelMark {
  std::string id;       // its JSON; "null" when it has none
  std::string type, title;
  std::string content;  // all of it but number, place and nested panels
};

/// For each panel of one version the place of its counterpart in another.
using Counterparts = std::vector<std::optional<std::size_t>>;

/// For each of `from` the place of its counterpart in `to`. By number and title, then by type and title, then by number and type, then by number.
[[nodiscard]] Counterparts same_panels(const std::vector<PanelMark>& from, const std::vector<PanelMark>& to);

/// The same for panels that both sides added: only by number, type and title together, or by the whole content.
[[nodiscard]] Counterparts twice_added_panels(const std::vector<PanelMark>& from, const std::vector<PanelMark>& to);

/// A panel's rectangle in Grafana's grid of 24 columns.
struct PanelPlace {
  std::int64_t x = 0, y = 0, w = 0, h = 0;
};
[[nodiscard]] bool overlaps_any(const PanelPlace& place, const std::vector<PanelPlace>& others) noexcept;
[[nodiscard]] std::int64_t bottom_of(const std::vector<PanelPlace>& places) noexcept;

}  // namespace pv::grafana
