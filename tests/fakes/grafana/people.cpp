#include <algorithm>

#include <nlohmann/json.hpp>

#include "fakes/grafana/world.h"

namespace pv::testing::grafana {
namespace {

using nlohmann::json;
using Path = std::vector<std::string>;

std::int64_t number(const std::string& text) {
  try {
    return std::stoll(text);
  } catch (const std::exception&) {
    return 0;
  }
}

bool is_role(const std::string& role) { return role == "Viewer" || role == "Editor" || role == "Admin" || role == "None"; }

Reply done(const char* message) { return ok({{"message", message}}); }

json member_json(const World& world, std::int64_t org, std::int64_t user, const std::string& role) {
  const User& found = world.users.at(user);
  return {{"orgId", org}, {"userId", user}, {"login", found.login}, {"email", found.email}, {"role", role}};
}

std::int64_t admins_of(const Org& org) {
  return std::count_if(org.members.begin(), org.members.end(), [](const auto& member) { return member.second == "Admin"; });
}

/// Membership of one organization, reached by its number or as the caller's own.
Reply members(World& world, std::int64_t id, const Call& call, std::size_t at) {
  if (!world.orgs.contains(id)) return refusal(404, "Organization not found");
  Org& org = world.orgs[id];
  const bool is_own_form = call.path[0] == "org";
  if (call.path.size() == at) {
    if (call.method == "GET") {
      json list = json::array();
      for (const auto& [user, role] : org.members) list.push_back(member_json(world, id, user, role));
      return ok(list);
    }
    if (call.method != "POST") return refusal(405, "no such method");
    const json body = json::parse(call.body);
    const std::string role = body.value("role", "");
    if (!is_role(role)) return refusal(400, "Invalid role specified");
    const std::int64_t user = world.user_called(body.value("loginOrEmail", ""));
    if (user == 0) return refusal(404, "User not found");
    if (org.members.contains(user)) return {409, json{{"message", "User is already member of this organization"}, {"userId", user}}.dump()};
    org.members[user] = role;
    return ok({{"message", "User added to organization"}, {"userId", user}});
  }
  const std::int64_t user = number(call.path[at]);
  if (!org.members.contains(user)) return call.method == "DELETE" ? done("User removed from organization") : refusal(404, "User not found");
  const bool is_last_admin = org.members[user] == "Admin" && admins_of(org) == 1;
  if (call.method == "PATCH") {
    const std::string role = json::parse(call.body).value("role", "");
    if (!is_role(role) || (is_last_admin && role != "Admin")) return refusal(400, "Cannot change role so that there is no organization admin left");
    org.members[user] = role;
    return done("Organization user updated");
  }
  if (call.method != "DELETE") return refusal(405, "no such method");
  if (is_last_admin) return refusal(400, "Cannot remove last organization admin");
  org.members.erase(user);
  for (auto& [team_id, team] : world.teams) {
    if (team.org == id) team.members.erase(user);
  }
  const bool is_anywhere = std::any_of(world.orgs.begin(), world.orgs.end(), [&](const auto& entry) { return entry.second.members.contains(user); });
  if (is_own_form && !is_anywhere) {
    world.users.erase(user);
    return done("User deleted");
  }
  return done("User removed from organization");
}

Reply make_org(World& world, const Call& call) {
  const std::string name = json::parse(call.body).value("name", "");
  if (name.empty()) return refusal(400, "bad request data");
  for (const auto& [id, org] : world.orgs) {
    if (org.name == name) return refusal(409, "Organization name taken");
  }
  const std::int64_t id = world.next();
  world.orgs[id] = {name, {{call.caller.user, "Admin"}}};
  return ok({{"orgId", id}, {"message", "Organization created"}});
}

Reply delete_org(World& world, std::int64_t id, const Call& call) {
  if (id == call.caller.org || id == world.users.at(call.caller.user).active_org) return refusal(400, "Can not delete org for current user");
  world.orgs.erase(id);
  std::erase_if(world.teams, [&](const auto& entry) { return entry.second.org == id; });
  std::erase_if(world.folders, [&](const auto& entry) { return entry.first.first == id; });
  std::erase_if(world.dashboards, [&](const auto& entry) { return entry.first.first == id; });
  std::erase_if(world.datasources, [&](const auto& entry) { return entry.first.first == id; });
  return done("Organization deleted");
}

Reply orgs(World& world, const Call& call) {
  const Path& path = call.path;
  if (path.size() == 1 && call.method == "POST") return make_org(world, call);
  if (path.size() == 3 && path[1] == "name" && call.method == "GET") {
    for (const auto& [id, org] : world.orgs) {
      if (org.name == path[2]) return ok({{"id", id}, {"name", org.name}, {"address", json::object()}});
    }
    return refusal(404, "Organization not found");
  }
  if (path.size() < 2) return refusal(404, kUnknownRoute);
  const std::int64_t id = number(path[1]);
  if (path.size() >= 3 && path[2] == "users") return members(world, id, call, 3);
  if (!world.orgs.contains(id)) return refusal(404, "Organization not found");
  if (call.method == "GET") return ok({{"id", id}, {"name", world.orgs[id].name}});
  if (call.method == "DELETE") return delete_org(world, id, call);
  if (call.method == "PUT") {
    const std::string name = json::parse(call.body).value("name", "");
    for (const auto& [other, org] : world.orgs) {
      if (org.name == name && other != id) return refusal(400, "Organization name taken");
    }
    world.orgs[id].name = name;
    return done("Organization updated");
  }
  return refusal(404, kUnknownRoute);
}

bool is_long_enough(const std::string& password) { return password.size() >= 4; }

Reply make_account(World& world, const Call& call) {
  const json body = json::parse(call.body);
  std::string login = lower(body.value("login", ""));
  std::string email = lower(body.value("email", ""));
  if (login.empty() && email.empty()) return refusal(400, "Validation error, need to specify either username or email");
  if (!is_long_enough(body.value("password", ""))) return refusal(400, "Password is missing or too short");
  if (login.empty()) login = email;
  if (email.empty()) email = login;
  if (world.user_called(login) != 0 || world.user_called(email) != 0) return refusal(412, "User with email or username already exists");
  const std::int64_t wanted = body.value("OrgId", std::int64_t{0});
  if (wanted != 0 && !world.orgs.contains(wanted)) return refusal(400, "Organization not found");
  const std::int64_t id = world.next();
  User user{.login = login, .email = email, .name = body.value("name", ""), .password = body.value("password", ""), .is_server_admin = false, .active_org = 0, .failures = 0};
  if (world.options.assigns_organization) {
    user.active_org = wanted != 0 ? wanted : 1;
    world.orgs[user.active_org].members[id] = "Viewer";
  } else {
    user.active_org = world.next();
    world.orgs[user.active_org] = {email, {{id, "Admin"}}};
  }
  world.users[id] = user;
  return ok({{"id", id}, {"message", "User created"}});
}

Reply admin(World& world, const Call& call) {
  const Path& path = call.path;
  if (path.size() == 2 && path[1] == "users" && call.method == "POST") return make_account(world, call);
  if (path.size() < 3 || path[1] != "users") return refusal(404, kUnknownRoute);
  const std::int64_t id = number(path[2]);
  if (!world.users.contains(id)) return refusal(world.options.version >= 12 && path.size() == 4 ? 500 : 404, "user not found");
  if (path.size() == 3 && call.method == "DELETE") {
    world.users.erase(id);
    for (auto& [org_id, org] : world.orgs) org.members.erase(id);
    for (auto& [team_id, team] : world.teams) team.members.erase(id);
    return done("User deleted");
  }
  if (path.size() == 4 && path[3] == "password" && call.method == "PUT") {
    const std::string password = json::parse(call.body).value("password", "");
    if (!is_long_enough(password)) return refusal(world.options.version >= 12 ? 500 : 400, "New password too short");
    world.users[id].password = password;
    return done("User password updated");
  }
  return refusal(404, kUnknownRoute);
}

/// What an account is called, changed by an administrator or by itself.
Reply rename_account(World& world, std::int64_t id, const Call& call) {
  const json body = json::parse(call.body);
  const std::string login = lower(body.value("login", ""));
  const std::string email = lower(body.value("email", ""));
  if (login.empty() && email.empty()) return refusal(400, "Validation error, need to specify either username or email");
  for (const std::string& text : {login, email}) {
    const std::int64_t other = text.empty() ? 0 : world.user_called(text);
    if (other != 0 && other != id) return refusal(409, "User with the same login or email already exists");
  }
  User& user = world.users[id];
  user.login = login.empty() ? email : login;
  user.email = email.empty() ? login : email;
  user.name = body.value("name", "");
  return done("User updated");
}

Reply use_org(World& world, std::int64_t id, const std::string& org_text) {
  const std::int64_t org = number(org_text);
  if (!world.orgs.contains(org) || !world.orgs[org].members.contains(id)) return refusal(401, "Not a valid organization");
  world.users[id].active_org = org;
  return done("Active organization changed");
}

/// What everybody may do with their own account.
Reply own_user(World& world, const Call& call) {
  if (call.caller.user == 0) return refusal(403, "not a user");
  if (call.path.size() == 1 && call.method == "PUT") return rename_account(world, call.caller.user, call);
  if (call.path.size() == 3 && call.path[1] == "using" && call.method == "POST") return use_org(world, call.caller.user, call.path[2]);
  return refusal(404, kUnknownRoute);
}

Reply users(World& world, const Call& call) {
  const Path& path = call.path;
  if (path.size() == 2 && path[1] == "lookup" && call.method == "GET") {
    const auto wanted = call.query.find("loginOrEmail");
    const std::int64_t id = wanted == call.query.end() ? 0 : world.user_called(wanted->second);
    if (id == 0) return refusal(404, "user not found");
    const User& user = world.users.at(id);
    return ok({{"id", id}, {"login", user.login}, {"email", user.email}, {"name", user.name}, {"orgId", user.active_org}, {"isGrafanaAdmin", user.is_server_admin}});
  }
  if (path.size() < 2) return refusal(404, kUnknownRoute);
  const std::int64_t id = number(path[1]);
  if (!world.users.contains(id)) return refusal(404, "user not found");
  if (path.size() == 2 && call.method == "PUT") return rename_account(world, id, call);
  if (path.size() < 3) return refusal(404, kUnknownRoute);
  if (path[2] == "orgs" && call.method == "GET") {
    json list = json::array();
    for (const auto& [org_id, org] : world.orgs) {
      if (org.members.contains(id)) list.push_back({{"orgId", org_id}, {"name", org.name}, {"role", org.members.at(id)}});
    }
    return ok(list);
  }
  if (path.size() == 4 && path[2] == "using" && call.method == "POST") return use_org(world, id, path[3]);
  return refusal(404, kUnknownRoute);
}

json team_json(std::int64_t id, const Team& team) {
  return {{"id", id}, {"orgId", team.org}, {"name", team.name}, {"email", team.email}, {"memberCount", team.members.size()}};
}

Reply search_teams(const World& world, const Call& call) {
  json list = json::array();
  for (const auto& [id, team] : world.teams) {
    if (team.org != call.caller.org) continue;
    const auto name = call.query.find("name");
    if (name == call.query.end() || name->second.empty() || name->second == team.name) list.push_back(team_json(id, team));
  }
  return ok({{"totalCount", list.size()}, {"teams", list}, {"page", 1}, {"perPage", 1000}});
}

Reply team_members(World& world, Team& team, const Call& call) {
  if (call.path.size() == 3 && call.method == "GET") {
    json list = json::array();
    for (const auto& [user, permission] : team.members) {
      list.push_back({{"userId", user}, {"login", world.users.at(user).login}, {"email", world.users.at(user).email}, {"permission", permission}});
    }
    return ok(list);
  }
  if (call.path.size() == 3 && call.method == "POST") {
    const std::int64_t user = json::parse(call.body).value("userId", std::int64_t{0});
    if (!world.users.contains(user)) return refusal(500, "Failed to add Member to Team");
    if (team.members.contains(user)) return refusal(400, "User is already added to this team");
    // One who is not in the organization is accepted without effect.
    if (world.orgs[team.org].members.contains(user)) team.members[user] = 0;
    return done("Member added to Team");
  }
  if (call.path.size() == 4 && call.method == "DELETE") return team.members.erase(number(call.path[3])) > 0 ? done("Team Member removed") : refusal(404, "Team member not found");
  if (call.path.size() == 4 && call.method == "PUT") {
    if (!team.members.contains(number(call.path[3]))) return refusal(404, "Team member not found");
    team.members[number(call.path[3])] = json::parse(call.body).value("permission", 0);
    return done("Team member updated");
  }
  return refusal(404, kUnknownRoute);
}

Reply teams(World& world, const Call& call) {
  const Path& path = call.path;
  if (call.caller.role != "Admin") return refusal(403, "You'll need additional permissions to perform this action. Permissions needed: teams:read");
  if (path.size() == 2 && path[1] == "search") return search_teams(world, call);
  const auto is_taken = [&](const std::string& name, std::int64_t but) {
    return std::any_of(world.teams.begin(), world.teams.end(), [&](const auto& entry) { return entry.second.org == call.caller.org && entry.second.name == name && entry.first != but; });
  };
  if (path.size() == 1 && call.method == "POST") {
    const json body = json::parse(call.body);
    const std::string name = body.value("name", "");
    if (name.empty()) return refusal(400, "bad request data");
    if (is_taken(name, 0)) return refusal(409, "Team name taken");
    const std::int64_t id = world.next();
    world.teams[id] = {call.caller.org, name, body.value("email", ""), {}};
    if (call.caller.user != 0) world.teams[id].members[call.caller.user] = 4;
    return ok({{"teamId", id}, {"message", "Team created"}});
  }
  if (path.size() < 2) return refusal(404, kUnknownRoute);
  const std::int64_t id = number(path[1]);
  if (!world.teams.contains(id) || world.teams[id].org != call.caller.org) return refusal(404, "Team not found");
  Team& team = world.teams[id];
  if (path.size() >= 3 && path[2] == "members") return team_members(world, team, call);
  if (call.method == "GET") return ok(team_json(id, team));
  if (call.method == "PUT") {
    const json body = json::parse(call.body);
    if (is_taken(body.value("name", ""), id)) return refusal(400, "Team name taken");
    team.name = body.value("name", "");
    team.email = body.value("email", "");
    return done("Team updated");
  }
  if (call.method == "DELETE") {
    world.teams.erase(id);
    const auto drop = [&](std::vector<Item>& items) { std::erase_if(items, [&](const Item& item) { return item.team == id; }); };
    for (auto& [key, folder] : world.folders) drop(folder.items);
    for (auto& [key, dashboard] : world.dashboards) drop(dashboard.items);
    return done("Team deleted");
  }
  return refusal(404, kUnknownRoute);
}

}  // namespace

std::optional<Reply> people(World& world, const Call& call) {
  const std::string& first = call.path[0];
  if (first == "orgs" || first == "admin" || first == "users") {
    if (!call.caller.is_server_admin) return refusal(403, "You'll need additional permissions to perform this action. Permissions needed: orgs:read");
    return first == "orgs" ? orgs(world, call) : first == "admin" ? admin(world, call) : users(world, call);
  }
  if (first == "user") return own_user(world, call);
  if (first == "serviceaccounts" && call.path.size() == 2 && call.path[1] == "search") {
    const auto count = std::count_if(world.tokens.begin(), world.tokens.end(), [&](const auto& entry) { return entry.second.org == call.caller.org; });
    return ok({{"totalCount", count}, {"serviceAccounts", json::array()}, {"page", 1}, {"perPage", 10}});
  }
  if (first == "org" && call.path.size() >= 2 && call.path[1] == "users") {
    if (call.caller.role != "Admin") return refusal(403, "You'll need additional permissions to perform this action. Permissions needed: org.users:read");
    if (call.path.size() == 3 && call.path[2] == "lookup") {
      json list = json::array();
      for (const auto& [user, role] : world.orgs[call.caller.org].members) {
        const auto part = call.query.find("query");
        const std::string& login = world.users.at(user).login;
        if (part == call.query.end() || login.find(lower(part->second)) != std::string::npos) list.push_back({{"userId", user}, {"login", login}, {"avatarUrl", ""}});
      }
      return ok(list);
    }
    return members(world, call.caller.org, call, 2);
  }
  if (first == "teams") return teams(world, call);
  return std::nullopt;
}

}  // namespace pv::testing::grafana
