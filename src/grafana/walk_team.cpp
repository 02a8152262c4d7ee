#include <algorithm>

#include <fmt/format.h>

#include "grafana/names.h"
#include "grafana/walk.h"

namespace pv::grafana {
namespace {

constexpr std::int64_t kView = 1;

/// Grafana makes whoever makes a team a member of it.
Result<void> leave_team(Walk& walk, std::int64_t team) {
  if (!walk.client->has_password()) return {};
  PV_TRY(const auto members, walk.client->team_members(*walk.organization, team));
  for (const TeamMember& member : members) {
    const bool is_own = walk.own ? member.user_id == walk.own->id : lower_case(member.login) == lower_case(walk.client->username());
    if (!is_own || !member.is_team_admin) continue;
    walk.act(ActionKind::change, fmt::format("team '{}': '{}', whom Grafana puts into the teams that PowerView makes, leaves it", company_title(walk.company), member.login));
    if (walk.changes()) PV_TRY_VOID(walk.client->drop_team_member(*walk.organization, team, member.user_id));
  }
  return {};
}

}  // namespace

bool is_for_team_alone(const std::vector<Grant>& grants, std::int64_t team) {
  const Grant wanted = for_team_alone(team).front();
  return !grants.empty() && std::all_of(grants.begin(), grants.end(), [&](const Grant& grant) { return grant == wanted; });
}

std::vector<Grant> for_team_alone(std::int64_t team) { return {Grant{.team_id = team, .user_id = 0, .role = {}, .permission = kView}}; }

Result<std::optional<Team>> find_team(Walk& walk) {
  PV_TRY(auto named, walk.client->team(*walk.organization, company_title(walk.company)));
  if (named || walk.known.team == 0 || walk.known.folder_uid.empty()) return named;
  PV_TRY(auto numbered, walk.client->team(*walk.organization, walk.known.team));
  if (!numbered) return numbered;
  PV_TRY(const auto folder, walk.client->folder(*walk.organization, walk.known.folder_uid));
  if (!folder) return std::optional<Team>();
  PV_TRY(const auto grants, walk.client->folder_grants(*walk.organization, walk.known.folder_uid));
  const bool is_ours = std::any_of(grants.begin(), grants.end(), [&](const Grant& grant) { return grant.team_id == numbered->id; });
  return is_ours ? numbered : std::nullopt;
}

Result<void> ensure_team(Walk& walk) {
  const std::string& title = company_title(walk.company);
  std::optional<Team> found;
  if (walk.organization) {
    PV_TRY(found, find_team(walk));
  }
  if (!found) {
    walk.act(ActionKind::make, fmt::format("team '{}'", title));
    if (!walk.changes()) return {};
    PV_TRY(walk.team, walk.client->make_team(*walk.organization, title));
  } else {
    walk.team = found->id;
    if (found->name != title) {
      walk.act(ActionKind::change, fmt::format("team '{}': its name, from '{}'", title, found->name));
      if (walk.changes()) PV_TRY_VOID(walk.client->rename_team(*walk.organization, *found, title));
    } else if (walk.known.team != found->id) {
      walk.act(ActionKind::adopt, fmt::format("team '{}'", title));
    }
  }
  walk.known.team = *walk.team;
  PV_TRY_VOID(walk.remember());
  return leave_team(walk, *walk.team);
}

Result<std::optional<Folder>> find_folder(Walk& walk, const std::vector<Folder>& all) {
  for (const std::string& uid : {walk.known.folder_uid, folder_uid(walk.company)}) {
    if (uid.empty()) continue;
    PV_TRY(auto found, walk.client->folder(*walk.organization, uid));
    if (found) return found;
  }
  std::optional<Folder> titled;
  for (const Folder& folder : all) {
    if (folder.title != company_title(walk.company)) continue;
    if (titled) {
      return fail(Errc::conflict, fmt::format("Grafana has several folders called '{}': PowerView does not guess which is the company's; rename the others", folder.title));
    }
    PV_TRY(titled, walk.client->folder(*walk.organization, folder.uid));
  }
  return titled;
}

Result<FolderPlace> ensure_folder(Walk& walk) {
  const std::string& title = company_title(walk.company);
  FolderPlace place{folder_uid(walk.company), {title}};
  std::optional<Folder> found;
  if (walk.organization) {
    PV_TRY(const auto all, walk.client->folders(*walk.organization));
    for (const Folder& folder : all) place.titles.push_back(folder.title);
    PV_TRY(found, find_folder(walk, all));
  }
  if (!found) {
    walk.act(ActionKind::make, fmt::format("folder '{}', which only its team may view", title));
    if (!walk.changes()) return place;
    PV_TRY_VOID(walk.client->make_folder(*walk.organization, place.uid, title));
  } else {
    place.uid = found->uid;
    if (found->title != title) {
      walk.act(ActionKind::change, fmt::format("folder '{}': its name, from '{}'", title, found->title));
      if (walk.changes()) PV_TRY_VOID(walk.client->rename_folder(*walk.organization, *found, title));
    } else if (walk.known.folder_uid != found->uid) {
      walk.act(ActionKind::adopt, fmt::format("folder '{}' (uid {})", title, found->uid));
    }
  }
  walk.known.folder_uid = place.uid;
  PV_TRY_VOID(walk.remember());
  PV_TRY(const auto grants, walk.client->folder_grants(*walk.organization, place.uid));
  if (walk.team && is_for_team_alone(grants, *walk.team)) return place;
  // A folder that was made a moment ago has Grafana's own list: for everybody.
  if (found) walk.act(ActionKind::change, fmt::format("folder '{}': only its team may view it ({} entries of rights now)", title, grants.size()));
  if (walk.changes()) PV_TRY_VOID(walk.client->set_folder_grants(*walk.organization, place.uid, for_team_alone(*walk.team)));
  return place;
}

}  // namespace pv::grafana
