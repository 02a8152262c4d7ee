#include "grafana/merge_panels.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace pv::grafana {
namespace {

template <class Agree>
void pair_up(const std::vector<PanelMark>& from, const std::vector<PanelMark>& to, Counterparts& found, std::vector<char>& taken, Agree agree) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (found[i]) continue;
    for (std::size_t j = 0; j < to.size(); ++j) {
      if (taken[j] || !agree(from[i], to[j])) continue;
      found[i] = j;
      taken[j] = 1;
      break;
    }
  }
}

}  // namespace

Counterparts same_panels(const std::vector<PanelMark>& from, const std::vector<PanelMark>& to) {
  Counterparts found(from.size());
  std::vector<char> taken(to.size(), 0);
  pair_up(from, to, found, taken, [](const PanelMark& a, const PanelMark& b) { return a.id == b.id && a.title == b.title; });
  pair_up(from, to, found, taken,
          [](const PanelMark& a, const PanelMark& b) { return !a.title.empty() && a.title == b.title && a.type == b.type; });
  pair_up(from, to, found, taken, [](const PanelMark& a, const PanelMark& b) { return a.id == b.id && a.type == b.type; });
  pair_up(from, to, found, taken, [](const PanelMark& a, const PanelMark& b) { return a.id == b.id && a.id != "null"; });
  return found;
}

Counterparts twice_added_panels(const std::vector<PanelMark>& from, const std::vector<PanelMark>& to) {
  Counterparts found(from.size());
  std::vector<char> taken(to.size(), 0);
  pair_up(from, to, found, taken,
          [](const PanelMark& a, const PanelMark& b) { return a.id == b.id && a.type == b.type && a.title == b.title; });
  std::multimap<std::string_view, std::size_t> by_content;
  for (std::size_t j = 0; j < to.size(); ++j) {
    if (!taken[j]) by_content.emplace(to[j].content, j);
  }
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (found[i]) continue;
    const auto same = by_content.find(from[i].content);
    if (same == by_content.end()) continue;
    found[i] = same->second;
    by_content.erase(same);
  }
  return found;
}

bool overlaps_any(const PanelPlace& place, const std::vector<PanelPlace>& others) noexcept {
  return std::any_of(others.begin(), others.end(), [&](const PanelPlace& other) {
    return place.x < other.x + other.w && other.x < place.x + place.w && place.y < other.y + other.h && other.y < place.y + place.h;
  });
}

std::int64_t bottom_of(const std::vector<PanelPlace>& places) noexcept {
  std::int64_t bottom = 0;
  for (const PanelPlace& place : places) bottom = std::max(bottom, place.y + place.h);
  return bottom;
}

}  // namespace pv::grafana
