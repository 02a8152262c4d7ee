#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "grafana/merge.h"
#include "grafana/names.h"
#include "grafana/walk.h"

namespace pv::grafana {
namespace {

using nlohmann::json;

constexpr const char* kSaveMessage = "PowerView";
constexpr int kMostAttempts = 3;  // somebody may be saving at the same time
constexpr int kDeepestModel = 100;

/// A reference to the datasource stands as the uid in an object, as a plain text, or as a variable's value.
void point_at(json& value, const std::string& from, const std::string& to) {
  if (value.is_array()) {
    for (json& item : value) point_at(item, from, to);
  }
  if (!value.is_object()) return;
  for (auto& [name, member] : value.items()) {
    const bool may_refer = name == "uid" || name == "datasource" || name == "value";
    if (may_refer && member.is_string() && member.get_ref<const std::string&>() == from) {
      member = to;
    } else {
      point_at(member, from, to);
    }
  }
}

class Boards {
 public:
  Boards(Walk& walk, const FolderPlace& folder, const std::string& datasource) : walk_(walk), folder_(folder), datasource_(datasource) {}

  Result<void> look_into_folder() {
    // A folder that this walk would only make has nothing in it.
    if (!walk_.organization) return {};
    PV_TRY(in_folder_, walk_.client->dashboards_in(*walk_.organization, folder_.uid));
    return {};
  }

  Result<void> ensure(const WantedDashboard& wanted) {
    if (!is_uid(wanted.uid)) return fail(Errc::invalid_input, fmt::format("campaign '{}': '{}' is no uid for Grafana", wanted.campaign, wanted.uid));
    PV_TRY(const auto other, walk_.record->other_with_dashboard(walk_.key, wanted.uid));
    if (other) return fail(Errc::conflict, fmt::format("campaign '{}': its dashboard (uid {}) would be one of company '{}'", wanted.campaign, wanted.uid, *other));
    PV_TRY(const std::string ours, generated(wanted));
    std::optional<StoredDashboard> stored;
    if (walk_.organization) {
      PV_TRY(stored, walk_.client->dashboard(*walk_.organization, wanted.uid));
    }
    const std::string called = fmt::format("dashboard of campaign '{}' (uid {})", wanted.campaign, wanted.uid);
    if (!stored) {
      PV_TRY_VOID(make(wanted, ours, called));
      if (!walk_.changes()) return {};
    } else if (stored->json.empty()) {
      walk_.note(called + ": a person has saved it in Grafana's new format, which cannot be merged: it is left as it is");
    } else if (stored->is_from_file) {
      walk_.note(called + ": it comes from a provisioning file of Grafana's server and is left as it is");
      return {};
    } else {
      PV_TRY_VOID(bring_together(wanted, ours, std::move(*stored), called));
    }
    return set_rights(wanted, called, stored.has_value());
  }

  /// What was made for campaigns that are no more.
  Result<void> tidy(const std::vector<WantedDashboard>& wanted) {
    if (!walk_.organization) return {};
    PV_TRY(const auto remembered, walk_.record->dashboards(walk_.key));
    for (const std::string& uid : remembered) {
      if (std::any_of(wanted.begin(), wanted.end(), [&](const WantedDashboard& dashboard) { return dashboard.uid == uid; })) continue;
      PV_TRY(const auto stored, walk_.client->dashboard(*walk_.organization, uid));
      PV_TRY(const auto base, walk_.record->base(walk_.key, uid));
      if (stored && !(base && same_dashboard(stored->json, *base))) {
        walk_.note(fmt::format("dashboard '{}' (uid {}): its campaign is no more, but people have changed it: it stays", stored->title, uid));
        continue;
      }
      if (stored) walk_.act(ActionKind::remove, fmt::format("dashboard '{}' (uid {}), whose campaign is no more", stored->title, uid));
      if (!walk_.changes()) continue;
      if (stored) PV_TRY_VOID(walk_.client->delete_dashboard(*walk_.organization, uid));
      PV_TRY_VOID(walk_.record->forget_base(walk_.key, uid));
    }
    return {};
  }

 private:
  Result<std::string> generated(const WantedDashboard& wanted) {
    const auto shallow = [](int depth, json::parse_event_t, json&) { return depth <= kDeepestModel; };
    json content = json::parse(wanted.json, shallow, false);
    if (!content.is_object()) return fail(Errc::invalid_input, fmt::format("campaign '{}': its dashboard is no JSON object", wanted.campaign));
    if (datasource_ != datasource_uid(walk_.company)) point_at(content, datasource_uid(walk_.company), datasource_);
    content["id"] = nullptr;
    content["uid"] = wanted.uid;
    content["title"] = free_title(wanted);
    content.erase("version");
    return content.dump(-1, ' ', false, json::error_handler_t::replace);
  }

  /// Grafana 10 refuses the title of a folder, and 10 and 11 that of another dashboard in the folder.
  [[nodiscard]] std::string free_title(const WantedDashboard& wanted) const {
    std::string title = wanted.title;
    const auto is_taken = [&] {
      return std::find(folder_.titles.begin(), folder_.titles.end(), title) != folder_.titles.end() ||
             std::any_of(in_folder_.begin(), in_folder_.end(), [&](const FoundDashboard& found) { return found.title == title && found.uid != wanted.uid; });
    };
    if (is_taken()) title += " dashboard";
    if (is_taken()) title += " " + wanted.uid;
    return title;
  }

  Result<void> make(const WantedDashboard& wanted, const std::string& ours, const std::string& called) {
    walk_.act(ActionKind::make, called);
    if (!walk_.changes()) return {};
    // Before it is sent: if the answer is lost, what is there then is known to be this.
    PV_TRY_VOID(walk_.record->save_base(walk_.key, wanted.uid, ours));
    return walk_.client->save_dashboard(*walk_.organization, {.folder_uid = folder_.uid, .json = ours, .message = kSaveMessage, .version = 0});
  }

  Result<void> bring_together(const WantedDashboard& wanted, const std::string& ours, StoredDashboard stored, const std::string& called) {
    PV_TRY(const auto base, walk_.record->base(walk_.key, wanted.uid));
    for (int attempt = 1;; ++attempt) {
      PV_TRY(Merged merged, merge(base.value_or(""), stored.json, ours));
      const bool has_new = !same_dashboard(merged.json, stored.json);
      const bool is_elsewhere = stored.folder_uid != folder_.uid;
      if (attempt == 1) {
        for (const std::string& conflict : merged.conflicts) walk_.note(fmt::format("{}: {}", called, conflict));
        if (!base) walk_.act(ActionKind::adopt, called + ": what is in it stays");
        if (has_new) walk_.act(ActionKind::change, called + ": brought up to date");
        if (is_elsewhere) walk_.act(ActionKind::change, called + ": back into its folder");
      }
      if (!walk_.changes()) return {};
      if (has_new || is_elsewhere) {
        const auto saved = walk_.client->save_dashboard(*walk_.organization, {folder_.uid, merged.json, kSaveMessage, stored.version});
        if (!saved && saved.error().kind() == Errc::conflict && attempt < kMostAttempts) {
          PV_TRY(auto again, walk_.client->dashboard(*walk_.organization, wanted.uid));
          if (!again || again->json.empty()) return fail(Errc::conflict, called + ": somebody is changing it; apply again");
          stored = std::move(*again);
          continue;
        }
        if (!saved) return fail(saved.error());
      }
      return base == ours ? Result<void>() : walk_.record->save_base(walk_.key, wanted.uid, ours);
    }
  }

  Result<void> set_rights(const WantedDashboard& wanted, const std::string& called, bool was_there) {
    PV_TRY(const auto grants, walk_.client->dashboard_grants(*walk_.organization, wanted.uid));
    if (walk_.team && is_for_team_alone(grants, *walk_.team)) return {};
    if (was_there) walk_.act(ActionKind::change, fmt::format("{}: only the team may view it ({} entries of rights now)", called, grants.size()));
    if (!walk_.changes()) return {};
    return walk_.client->set_dashboard_grants(*walk_.organization, wanted.uid, for_team_alone(*walk_.team));
  }

  Walk& walk_;
  const FolderPlace& folder_;
  const std::string& datasource_;
  std::vector<FoundDashboard> in_folder_;
};

}  // namespace

Result<void> ensure_dashboards(Walk& walk, const std::vector<WantedDashboard>& wanted, const FolderPlace& folder, const std::string& datasource) {
  Boards boards(walk, folder, datasource);
  PV_TRY_VOID(boards.look_into_folder());
  std::set<std::string> uids;
  for (const WantedDashboard& dashboard : wanted) {
    if (!uids.insert(dashboard.uid).second) return fail(Errc::invalid_input, fmt::format("two campaigns have the dashboard uid {}", dashboard.uid));
    PV_TRY_VOID(boards.ensure(dashboard));
  }
  return boards.tidy(wanted);
}

}  // namespace pv::grafana
