#include "grafana/merge.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "grafana/dashboard_text.h"
#include "grafana/merge_order.h"
#include "grafana/merge_panels.h"

namespace pv::grafana {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostElements = 2000;  // panels of a dashboard; variables, annotations or queries of a list
constexpr std::size_t kMostConflicts = 100;

/// What an object is; decides how its members are merged.
enum class Kind : std::uint8_t { dashboard, panel, variables, annotations, variable, other };

bool same(const Json* a, const Json* b) { return a == nullptr || b == nullptr ? a == b : *a == *b; }

const Json* member(const Json* object, const std::string& name) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto found = object->find(name);
  return found == object->end() ? nullptr : &*found;
}

std::string text_member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// A copy without these members; what they hold is not copied.
Json without(const Json& object, std::initializer_list<std::string_view> names) {
  Json rest = Json::object();
  for (const auto& item : object.items()) {
    if (std::find(names.begin(), names.end(), item.key()) == names.end()) rest[item.key()] = item.value();
  }
  return rest;
}

/// Without what Grafana counts itself.
Json uncounted(const Json& dashboard) { return without(dashboard, {"id", "version", "iteration"}); }

std::string shown(const Json* value) {
  if (value == nullptr) return "nothing";
  constexpr std::size_t kMost = 60;
  std::string text = value->dump();
  if (text.size() <= kMost) return text;
  std::size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

/// Elements of a list by what names them; nothing when the list is not one of differently named objects.
std::optional<std::vector<std::string>> names_in(const Json& list, const char* named_by) {
  if (!list.is_array() || list.size() > kMostElements) return std::nullopt;
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const Json& element : list) {
    if (!element.is_object()) return std::nullopt;
    names.push_back(text_member(element, named_by));
    if (names.back().empty() || !seen.insert(names.back()).second) return std::nullopt;
  }
  return names;
}

/// The panels of a dashboard in one row, those inside rows after their row.
struct PanelList {
  std::vector<const Json*> panels;
  std::vector<std::optional<std::size_t>> parents;
  std::vector<PanelMark> marks;

  /// False when the list is not one of panels.
  bool read(const Json* list, std::optional<std::size_t> parent) {
    if (list == nullptr) return true;
    if (!list->is_array()) return false;
    for (const Json& panel : *list) {
      if (!panel.is_object() || panels.size() >= kMostElements) return false;
      const std::size_t place = panels.size();
      panels.push_back(&panel);
      parents.push_back(parent);
      const Json* id = member(&panel, "id");
      marks.push_back({id == nullptr ? "null" : id->dump(), text_member(panel, "type"), text_member(panel, "title"),
                       without(panel, {"id", "gridPos", "panels"}).dump()});
      if (!read(member(&panel, "panels"), place)) return false;
    }
    return true;
  }
};

std::optional<PanelPlace> place_of(const Json& panel) {
  PanelPlace place;
  const Json* grid = member(&panel, "gridPos");
  for (const auto& [name, number] : {std::pair{"x", &place.x}, {"y", &place.y}, {"w", &place.w}, {"h", &place.h}}) {
    const Json* value = member(grid, name);
    if (value == nullptr || !value->is_number_integer()) return std::nullopt;
    *number = value->get<std::int64_t>();
    if (*number < 0 || *number > 1'000'000) return std::nullopt;
  }
  return place;
}

class Merging {
 public:
  /// Both `theirs` and `ours` are objects; `base` is one or null.
  Json run(const Json* base, const Json& theirs, const Json& ours) {
    const Json t = uncounted(theirs), o = uncounted(ours);
    const std::optional<Json> b = base == nullptr ? std::nullopt : std::optional<Json>(uncounted(*base));
    Json merged = *value(b ? &*b : nullptr, &t, &o, Kind::dashboard, "");
    for (const char* name : {"id", "version", "iteration"}) {
      if (const Json* counted = member(&theirs, name)) merged[name] = *counted;
    }
    return merged;
  }

  std::vector<std::string> conflicts() && {
    if (more_conflicts_ > 0) conflicts_.push_back(fmt::format("and {} more", more_conflicts_));
    return std::move(conflicts_);
  }

 private:
  void conflict(std::string_view path, const Json* theirs, const Json* ours) {
    if (conflicts_.size() >= kMostConflicts) return void(++more_conflicts_);
    const std::string in_grafana =
        theirs == nullptr ? "removed in Grafana, which stays so" : fmt::format("changed in Grafana to {}, which stays", shown(theirs));
    const std::string in_powerview = ours == nullptr ? "PowerView has it no more" : fmt::format("PowerView has {} for it", shown(ours));
    conflicts_.push_back(fmt::format("{}: {}; {}", path.empty() ? "the dashboard" : path, in_grafana, in_powerview));
  }

  /// Nothing when it is in none of what results.
  std::optional<Json> value(const Json* base, const Json* theirs, const Json* ours, Kind kind, const std::string& path) {
    const auto copy = [](const Json* one) { return one == nullptr ? std::nullopt : std::optional<Json>(*one); };
    if (same(theirs, ours) || same(base, ours)) return copy(theirs);
    if (same(base, theirs)) return copy(ours);
    if (theirs != nullptr && ours != nullptr && theirs->is_object() && ours->is_object()) return object(base, *theirs, *ours, kind, path);
    conflict(path, theirs, ours);
    return copy(theirs);
  }

  Json object(const Json* base, const Json& theirs, const Json& ours, Kind kind, const std::string& path) {
    std::set<std::string> names;
    for (const Json* side : {&theirs, &ours}) {
      for (const auto& item : side->items()) names.insert(item.key());
    }
    Json merged = Json::object();
    for (const std::string& name : names) {
      if (kind == Kind::panel && (name == "id" || name == "panels")) continue;
      auto result = object_member(base, theirs, ours, kind, name, path);
      if (result) merged[name] = std::move(*result);
    }
    return merged;
  }

  std::optional<Json> object_member(const Json* base, const Json& theirs, const Json& ours, Kind kind, const std::string& name,
                                    const std::string& path) {
    const Json* b = member(base, name);
    const Json* t = member(&theirs, name);
    const Json* o = member(&ours, name);
    const std::string below = path.empty() ? name : path + (kind == Kind::panel || kind == Kind::variable ? ", " : ".") + name;

    // What Grafana writes by itself when somebody saves or only looks is nobody's decision.
    const bool is_silent = (kind == Kind::dashboard && name == "schemaVersion") || (kind == Kind::panel && name == "pluginVersion") ||
                           (kind == Kind::variable && (name == "current" || name == "options")) ||
                           (kind == Kind::panel && name == "gridPos" && base == nullptr);
    const bool is_whole = name == "gridPos" || name == "datasource";
    if (is_silent || is_whole) {
      if (!same(b, t) && !same(b, o) && !same(t, o) && !is_silent) conflict(below, t, o);
      const Json* taken = same(b, t) ? o : t;
      return taken == nullptr ? std::nullopt : std::optional<Json>(*taken);
    }
    if (kind == Kind::dashboard && name == "panels") {
      if (auto merged = panels(b, t, o)) return merged;
    }
    if (kind == Kind::panel && name == "targets") return elements(b, t, o, "refId", "query", Kind::other, below);
    if (kind == Kind::variables && name == "list") return elements(b, t, o, "name", "variable", Kind::variable, below);
    if (kind == Kind::annotations && name == "list") return elements(b, t, o, "name", "annotation", Kind::other, below);
    const Kind kind_below = kind != Kind::dashboard      ? Kind::other
                            : name == "templating"  ? Kind::variables
                            : name == "annotations" ? Kind::annotations
                                                    : Kind::other;
    return value(b, t, o, kind_below, below);
  }

  /// A list whose elements have names; one that has not is merged as a whole.
  std::optional<Json> elements(const Json* base, const Json* theirs, const Json* ours, const char* named_by, std::string_view noun, Kind kind,
                               const std::string& path) {
    if (theirs == nullptr || ours == nullptr || same(base, theirs) || same(base, ours)) return value(base, theirs, ours, Kind::other, path);
    const auto t_names = names_in(*theirs, named_by), o_names = names_in(*ours, named_by);
    const auto b_names = base == nullptr ? std::vector<std::string>() : names_in(*base, named_by);
    if (!t_names || !o_names || !b_names) return value(base, theirs, ours, Kind::other, path);
    const auto element = [](const Json* list, const std::vector<std::string>& names, const std::string& name) -> const Json* {
      const auto found = std::find(names.begin(), names.end(), name);
      return found == names.end() ? nullptr : &(*list)[static_cast<std::size_t>(found - names.begin())];
    };
    const std::string inside = path.ends_with("targets") ? path.substr(0, path.size() - std::string_view("targets").size()) : std::string();
    Json merged = Json::array();
    for (const std::string& name : woven(*b_names, *t_names, *o_names)) {
      const Json* b = element(base, *b_names, name);
      const Json* t = element(theirs, *t_names, name);
      if (b != nullptr && t == nullptr) continue;  // the user deleted it
      auto result = value(b, t, element(ours, *o_names, name), kind, fmt::format("{}{} {}", inside, noun, Json(name).dump()));
      if (result) merged.push_back(std::move(*result));
    }
    return merged;
  }

  /// Nothing when one of the three is no list of panels: it is then merged as a whole.
  std::optional<Json> panels(const Json* base, const Json* theirs, const Json* ours) {
    PanelList b, t, o;
    if (!b.read(base, {}) || !t.read(theirs, {}) || !o.read(ours, {})) return std::nullopt;
    const auto b_in_t = same_panels(b.marks, t.marks), b_in_o = same_panels(b.marks, o.marks);
    Counterparts base_of_t(t.panels.size()), base_of_o(o.panels.size()), ours_of_t(t.panels.size());
    for (std::size_t i = 0; i < b.panels.size(); ++i) {
      if (b_in_t[i]) base_of_t[*b_in_t[i]] = i;
      if (b_in_o[i]) base_of_o[*b_in_o[i]] = i;
      if (b_in_t[i] && b_in_o[i]) ours_of_t[*b_in_t[i]] = b_in_o[i];
    }
    const auto is_added = match_additions(base != nullptr, t, base_of_t, o, base_of_o, ours_of_t);

    // The result: the user's panels in the user's rows, then what PowerView added.
    std::vector<std::optional<Json>> kept(t.panels.size());
    for (std::size_t i = 0; i < t.panels.size(); ++i) {
      kept[i] = panel(base_of_t[i] ? b.panels[*base_of_t[i]] : nullptr, *t.panels[i], ours_of_t[i] ? o.panels[*ours_of_t[i]] : nullptr);
    }
    for (std::size_t i = t.panels.size(); i-- > 0;) {
      // A row that goes leaves the panels that the user put into it.
      if (kept[i] && t.parents[i] && !kept[*t.parents[i]]) kept[*t.parents[i]] = without_panels(*t.panels[*t.parents[i]]);
    }
    std::set<std::string> taken_ids;
    std::int64_t highest_id = 0;
    for (const PanelList* side : {&b, &t, &o}) {
      for (const Json* p : side->panels) {
        const Json* id = member(p, "id");
        if (id != nullptr && id->is_number_integer()) highest_id = std::max(highest_id, std::min<std::int64_t>(id->get<std::int64_t>(), 1LL << 50));
      }
    }
    for (const Json* p : t.panels) {
      if (const Json* id = member(p, "id")) taken_ids.insert(id->dump());
    }
    std::vector<std::optional<Json>> added(o.panels.size());
    for (std::size_t i = 0; i < o.panels.size(); ++i) {
      if (!is_added[i]) continue;
      added[i] = without_panels(*o.panels[i]);
      const Json* id = member(o.panels[i], "id");
      if (id != nullptr && !taken_ids.insert(id->dump()).second) {
        (*added[i])["id"] = ++highest_id;
        taken_ids.insert(std::to_string(highest_id));
      }
    }
    return assembled(t, std::move(kept), o, std::move(added), ours_of_t);
  }

  /// Whether each of our panels is one that only we added. Without a base all are, on both sides, and what is alike is the same.
  static std::vector<char> match_additions(bool has_base, const PanelList& t, const Counterparts& base_of_t, const PanelList& o,
                                           const Counterparts& base_of_o, Counterparts& ours_of_t) {
    const auto additions = [](const PanelList& side, const Counterparts& base_of, std::vector<PanelMark>& marks) {
      std::vector<std::size_t> places;
      for (std::size_t i = 0; i < side.panels.size(); ++i) {
        if (base_of[i]) continue;
        places.push_back(i);
        marks.push_back(side.marks[i]);
      }
      return places;
    };
    std::vector<PanelMark> t_marks, o_marks;
    const auto new_t = additions(t, base_of_t, t_marks), new_o = additions(o, base_of_o, o_marks);
    const auto pairs = has_base ? twice_added_panels(o_marks, t_marks) : same_panels(o_marks, t_marks);
    std::vector<char> is_added(o.panels.size(), 0);
    for (std::size_t i = 0; i < new_o.size(); ++i) {
      is_added[new_o[i]] = pairs[i] ? 0 : 1;
      if (pairs[i]) ours_of_t[new_t[*pairs[i]]] = new_o[i];
    }
    return is_added;
  }

  static Json without_panels(const Json& panel) {
    Json alone = without(panel, {"panels"});
    if (panel.contains("panels")) alone["panels"] = Json::array();
    return alone;
  }

  /// One panel without those inside it; nothing when it goes.
  std::optional<Json> panel(const Json* base, const Json& theirs, const Json* ours) {
    const Json title = text_member(theirs, "title");
    const std::string path = fmt::format("panel {} (id {})", shown(&title), shown(member(&theirs, "id")));
    if (ours == nullptr) {
      if (base == nullptr) return without_panels(theirs);
      if (without(*base, {"panels", "pluginVersion"}) == without(theirs, {"panels", "pluginVersion"})) return std::nullopt;
      conflict(path, &theirs, nullptr);
      return without_panels(theirs);
    }
    Json merged = object(base, theirs, *ours, Kind::panel, path);
    if (const Json* id = member(&theirs, "id")) merged["id"] = *id;
    if (theirs.contains("panels") || ours->contains("panels")) merged["panels"] = Json::array();
    return merged;
  }

  static Json assembled(const PanelList& t, std::vector<std::optional<Json>> kept, const PanelList& o, std::vector<std::optional<Json>> added,
                        const Counterparts& ours_of_t) {
    Counterparts kept_of_o(o.panels.size());
    for (std::size_t i = 0; i < t.panels.size(); ++i) {
      if (kept[i] && ours_of_t[i]) kept_of_o[*ours_of_t[i]] = i;
    }
    std::vector<Json> kept_top, added_top;
    std::vector<std::vector<Json>> in_kept(kept.size());
    // Backwards, so that what lies inside a row is there before the row goes to its place.
    const auto hand_in = [](Json panel, std::vector<Json> inside) {
      std::reverse(inside.begin(), inside.end());
      if (!inside.empty()) panel["panels"] = std::move(inside);
      return panel;
    };
    std::vector<std::vector<Json>> in_added(added.size());
    for (std::size_t i = added.size(); i-- > 0;) {
      if (!added[i]) continue;
      Json whole = hand_in(std::move(*added[i]), std::move(in_added[i]));
      const auto parent = o.parents[i];
      if (parent && added[*parent]) {
        in_added[*parent].push_back(std::move(whole));
      } else if (parent && kept_of_o[*parent]) {
        in_kept[*kept_of_o[*parent]].push_back(std::move(whole));
      } else {
        added_top.push_back(std::move(whole));
      }
    }
    for (std::size_t i = kept.size(); i-- > 0;) {
      if (!kept[i]) continue;
      Json whole = hand_in(std::move(*kept[i]), std::move(in_kept[i]));
      (t.parents[i] ? in_kept[*t.parents[i]] : kept_top).push_back(std::move(whole));
    }
    std::reverse(kept_top.begin(), kept_top.end());
    std::reverse(added_top.begin(), added_top.end());
    return with_room(std::move(kept_top), std::move(added_top));
  }

  /// Puts added panels below all others where their place is taken.
  static Json with_room(std::vector<Json> panels, std::vector<Json> added) {
    std::vector<PanelPlace> places;
    for (const Json& panel : panels) {
      if (const auto place = place_of(panel)) places.push_back(*place);
    }
    for (Json& panel : added) {
      if (auto place = place_of(panel)) {
        if (overlaps_any(*place, places)) panel["gridPos"]["y"] = place->y = bottom_of(places);
        places.push_back(*place);
      }
      panels.push_back(std::move(panel));
    }
    return panels;
  }

  std::vector<std::string> conflicts_;
  std::size_t more_conflicts_ = 0;
};

std::size_t count_of_panels(const Json* list) {
  if (list == nullptr || !list->is_array()) return 0;
  std::size_t count = 0;
  for (const Json& panel : *list) count += 1 + count_of_panels(member(&panel, "panels"));
  return count;
}

Result<Json> parsed(std::string_view text, std::string_view what) {
  PV_TRY_VOID(check_dashboard_text(text, what));
  Json dashboard = Json::parse(text, nullptr, false);
  if (dashboard.is_discarded() || !dashboard.is_object()) return fail(Errc::invalid_input, fmt::format("{} is no JSON object", what));
  const std::size_t panels = count_of_panels(member(&dashboard, "panels"));
  if (panels > kMostElements) return fail(Errc::invalid_input, fmt::format("{} has {} panels; {} can be merged", what, panels, kMostElements));
  return dashboard;
}

}  // namespace

Result<Merged> merge(std::string_view base, std::string_view theirs, std::string_view ours) {
  std::optional<Json> before;
  if (!base.empty()) {
    PV_TRY(before, parsed(base, "the dashboard generated last"));
  }
  PV_TRY(const Json in_grafana, parsed(theirs, "the dashboard in Grafana"));
  PV_TRY(const Json generated, parsed(ours, "the generated dashboard"));
  Merging merging;
  const Json merged = merging.run(before ? &*before : nullptr, in_grafana, generated);
  return Merged{merged.dump(), std::move(merging).conflicts()};
}

bool same_dashboard(std::string_view a, std::string_view b) {
  const auto first = parsed(a, ""), second = parsed(b, "");
  return first && second && uncounted(*first) == uncounted(*second);
}

}  // namespace pv::grafana
