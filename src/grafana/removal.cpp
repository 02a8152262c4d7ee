#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "grafana/names.h"
#include "grafana/walk.h"

namespace pv::grafana {
namespace {

class TakingAway {
 public:
  TakingAway(Walk& walk, const Removal& removal) : walk_(walk), removal_(removal) {}

  Result<void> run() {
    PV_TRY(const bool is_reachable, reach_organization());
    if (!is_reachable) return {};
    if (walk_.organization) {
      PV_TRY_VOID(folder_and_dashboards());
      PV_TRY_VOID(datasource());
      PV_TRY_VOID(team());
    }
    if (removal_.user == Removal::User::remove) PV_TRY_VOID(users());
    if (walk_.organization && walk_.key.isolation == Isolation::organization) PV_TRY_VOID(organization());
    return walk_.changes() ? forget() : Result<void>();
  }

 private:
  Result<void> forget() {
    if (removal_.user == Removal::User::remove) {
      for (const UserRecord& user : walk_.known_users) PV_TRY_VOID(walk_.record->forget_user(walk_.key, user.login));
      PV_TRY_VOID(walk_.record->save_own_login(walk_.key, ""));
    }
    return walk_.record->forget(walk_.key);
  }

  Result<bool> reach_organization() {
    if (walk_.key.isolation == Isolation::team) return true;
    PV_TRY(const auto found, find_organization(walk_));
    if (!found || found->id == 1) return true;
    walk_.organization = found->id;
    PV_TRY(const auto members, walk_.client->members(found->id));
    const auto self = std::find_if(members.begin(), members.end(), [&](const Member& member) { return member.user_id == walk_.own->id; });
    if (self != members.end() && self->role == "Admin") return true;
    walk_.act(ActionKind::change, fmt::format("organization '{}': '{}' joins it as Admin", found->name, walk_.client->username()));
    if (!walk_.changes()) {
      walk_.note(fmt::format("what is inside organization '{}' can be seen once '{}' has joined it", found->name, walk_.client->username()));
      return false;
    }
    if (self == members.end()) PV_TRY_VOID(walk_.client->add_member(found->id, walk_.client->username(), "Admin"));
    else PV_TRY_VOID(walk_.client->set_role(found->id, walk_.own->id, "Admin"));
    return true;
  }

  Result<void> folder_and_dashboards() {
    PV_TRY(const auto all, walk_.client->folders(*walk_.organization));
    PV_TRY(const auto folder, find_folder(walk_, all));
    PV_TRY(const auto remembered, walk_.record->dashboards(walk_.key));
    std::set<std::string> uids(remembered.begin(), remembered.end());
    uids.insert(removal_.dashboard_uids.begin(), removal_.dashboard_uids.end());
    std::int64_t ours_in_folder = 0;
    for (const std::string& uid : uids) {
      PV_TRY(const auto other, walk_.record->other_with_dashboard(walk_.key, uid));
      if (other) continue;
      PV_TRY(const auto stored, walk_.client->dashboard(*walk_.organization, uid));
      if (!stored) continue;
      if (stored->is_from_file) {
        walk_.note(fmt::format("dashboard '{}' (uid {}) comes from a provisioning file of Grafana's server and stays", stored->title, uid));
        continue;
      }
      if (folder && (stored->folder_uid == folder->uid || stored->json.empty())) ++ours_in_folder;
      walk_.act(ActionKind::remove, fmt::format("dashboard '{}' (uid {})", stored->title, uid));
      if (walk_.changes()) PV_TRY_VOID(walk_.client->delete_dashboard(*walk_.organization, uid));
    }
    if (!folder) return {};
    PV_TRY(const std::int64_t count, walk_.client->count_in_folder(*walk_.organization, folder->uid));
    const std::int64_t of_others = walk_.changes() ? count : count - ours_in_folder;
    if (of_others > 0) {
      walk_.note(fmt::format("folder '{}' stays: {} things that people have made are in it", folder->title, of_others));
      return {};
    }
    walk_.act(ActionKind::remove, fmt::format("folder '{}'", folder->title));
    return walk_.changes() ? walk_.client->delete_folder(*walk_.organization, folder->uid) : Result<void>();
  }

  Result<void> datasource() {
    PV_TRY(const auto found, find_datasource(walk_));
    if (!found) return {};
    if (found->is_read_only) {
      walk_.note(fmt::format("datasource '{}' comes from a provisioning file of Grafana's server and stays", found->name));
      return {};
    }
    walk_.act(ActionKind::remove, fmt::format("datasource '{}'", found->name));
    return walk_.changes() ? walk_.client->delete_datasource(*walk_.organization, found->uid) : Result<void>();
  }

  Result<void> team() {
    PV_TRY(const auto found, find_team(walk_));
    if (!found) return {};
    walk_.act(ActionKind::remove, fmt::format("team '{}'", found->name));
    return walk_.changes() ? walk_.client->delete_team(*walk_.organization, found->id) : Result<void>();
  }

  Result<void> users() {
    std::vector<UserRecord> users = walk_.known_users;
    const std::string login = removal_.login.empty() ? "" : lower_case(removal_.login);
    if (!login.empty() && std::none_of(users.begin(), users.end(), [&](const UserRecord& user) { return user.login == login; })) users.push_back({.login = login});
    if (users.empty()) users.push_back({.login = user_login(walk_.company)});
    if (!walk_.own) return fail(Errc::denied, walk_.server_administrator_needed("removing users of Grafana"));
    for (const UserRecord& one : users) PV_TRY_VOID(user(one));
    return {};
  }

  Result<void> user(const UserRecord& known) {
    const std::string& login = known.login;
    PV_TRY(const auto other, walk_.record->other_with_login(walk_.key, login));
    PV_TRY(const auto account, walk_.client->account(login));
    if (other || !account || (known.id != account->id && lower_case(account->login) != login)) return {};
    const bool is_made = known.state == UserState::making ? known.id == 0 || known.id == account->id : known.state == UserState::made && known.id == account->id;
    if (account->is_server_admin) {
      walk_.note(fmt::format("user '{}' is a Grafana server administrator and stays", login));
      return {};
    }
    PV_TRY(const auto organizations, walk_.client->organizations_of(account->id));
    const auto is_here = [&](const Organization& organization) { return walk_.organization && organization.id == *walk_.organization; };
    if (is_made && std::all_of(organizations.begin(), organizations.end(), is_here)) {
      walk_.act(ActionKind::remove, fmt::format("user '{}'", login));
      return walk_.changes() ? walk_.client->delete_account(account->id) : Result<void>();
    }
    walk_.note(is_made ? fmt::format("user '{}' is in other organizations too and stays there", login)
                       : fmt::format("user '{}' was not made by PowerView: the account stays, and can be deleted in Grafana", login));
    // The one organization of all may be where an account was before.
    if (!is_made && walk_.key.isolation == Isolation::team) return {};
    if (std::none_of(organizations.begin(), organizations.end(), is_here)) return {};
    walk_.act(ActionKind::change, fmt::format("user '{}': out of the organization", login));
    return walk_.changes() ? walk_.client->drop_member(*walk_.organization, account->id) : Result<void>();
  }

  Result<void> organization() {
    const std::int64_t id = *walk_.organization;
    // What this removal takes away is still there while it only looks.
    const auto removed = [this](std::string_view what) {
      if (walk_.changes()) return std::int64_t{0};
      return static_cast<std::int64_t>(std::count_if(walk_.plan.actions.begin(), walk_.plan.actions.end(), [&](const Action& action) {
        return (action.kind == ActionKind::remove || action.what.ends_with("out of the organization")) && action.what.starts_with(what);
      }));
    };
    PV_TRY(const auto members, walk_.client->members(id));
    PV_TRY(const auto datasources, walk_.client->datasources(id));
    PV_TRY(const auto teams, walk_.client->teams(id));
    PV_TRY(const std::int64_t content, walk_.client->count_in_organization(id));
    const auto people = std::count_if(members.begin(), members.end(), [&](const Member& member) { return member.user_id != walk_.own->id; }) - removed("user");
    const auto things = static_cast<std::int64_t>(datasources.size() + teams.size()) + content - removed("datasource") - removed("team") - removed("dashboard") - removed("folder");
    if (people > 0 || things > 0) {
      walk_.note(fmt::format("organization '{}' stays: {} people and {} things of theirs are in it", company_title(walk_.company), std::max<std::int64_t>(people, 0),
                             std::max<std::int64_t>(things, 0)));
      return {};
    }
    PV_TRY(const auto homes, walk_.client->organizations_of(walk_.own->id));
    const auto home = std::find_if(homes.begin(), homes.end(), [&](const Organization& organization) { return organization.id != id; });
    if (home == homes.end()) {
      walk_.note(fmt::format("organization '{}' stays: '{}' is in no other, and Grafana deletes none that is in use", company_title(walk_.company), walk_.client->username()));
      return {};
    }
    walk_.act(ActionKind::remove, fmt::format("organization '{}'", company_title(walk_.company)));
    walk_.note(fmt::format("with organization '{}' go its preferences, annotations, and contact points of alerts", company_title(walk_.company)));
    if (!walk_.changes()) return {};
    if (walk_.own->active_organization == id) PV_TRY_VOID(walk_.client->use_organization(walk_.own->id, home->id));
    return walk_.client->delete_organization(id, home->id);
  }

  Walk& walk_;
  const Removal& removal_;
};

}  // namespace

Result<void> take_away(Walk& walk, const Removal& removal) { return TakingAway(walk, removal).run(); }

}  // namespace pv::grafana
