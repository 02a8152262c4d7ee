#include "fakes/grafana/world.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace pv::testing::grafana {
namespace {

using nlohmann::json;

/// Rights as a person reads them: "team acme 1".
json rights(const World& world, const std::vector<Item>& items) {
  std::vector<std::string> lines;
  for (const Item& item : items) {
    const std::string who = item.team != 0 ? "team " + world.teams.at(item.team).name : item.user != 0 ? "user " + world.users.at(item.user).login : "role " + item.role;
    lines.push_back(who + " " + std::to_string(item.permission));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

json without_numbers(const std::string& text) {
  json content = json::parse(text);
  for (const char* name : {"id", "version", "orgId"}) content.erase(name);
  return content;
}

}  // namespace

World::World(FakeGrafanaOptions given) : options(given) {
  orgs[1] = {"Main Org.", {{1, "Admin"}}};
  users[1] = {.login = "admin", .email = "admin@localhost", .name = "", .password = "admin-secret", .is_server_admin = true, .active_org = 1, .failures = 0};
}

std::int64_t World::user_called(const std::string& login_or_email) const {
  const std::string wanted = lower(login_or_email);
  for (const auto& [id, user] : users) {
    if (user.login == wanted || user.email == wanted) return id;
  }
  return 0;
}

bool World::may(const Caller& caller, const std::vector<Item>& items, int permission) const {
  if (caller.role == "Admin") return true;
  return std::any_of(items.begin(), items.end(), [&](const Item& item) {
    if (item.permission < permission) return false;
    if (item.team != 0) return teams.contains(item.team) && teams.at(item.team).members.contains(caller.user);
    return item.user != 0 ? item.user == caller.user : item.role == caller.role || (item.role == "Viewer" && caller.role == "Editor");
  });
}

bool World::may_see(const Caller& caller, const Dashboard& dashboard, int permission) const {
  if (may(caller, dashboard.items, permission)) return true;
  const auto folder = folders.find({caller.org, dashboard.folder});
  return folder != folders.end() && may(caller, folder->second.items, permission);
}

std::string World::state() const {
  json all;
  for (const auto& [id, org] : orgs) {
    json& here = all["organizations"][org.name];
    for (const auto& [user, role] : org.members) here["members"][users.at(user).login] = role;
    for (const auto& [team_id, team] : teams) {
      if (team.org != id) continue;
      json& found = here["teams"][team.name];
      found = json::array();
      for (const auto& [user, permission] : team.members) found.push_back(users.at(user).login + " " + std::to_string(permission));
    }
    for (const auto& [key, folder] : folders) {
      if (key.first == id) here["folders"][key.second] = {{"title", folder.title}, {"parent", folder.parent}, {"rights", rights(*this, folder.items)}};
    }
    for (const auto& [key, source] : datasources) {
      if (key.first == id) here["datasources"][key.second] = {{"content", without_numbers(source.json)}, {"secrets", source.secrets}};
    }
    for (const auto& [key, dashboard] : dashboards) {
      if (key.first != id) continue;
      here["dashboards"][key.second] = {{"content", without_numbers(dashboard.json)}, {"folder", dashboard.folder}, {"rights", rights(*this, dashboard.items)}};
    }
  }
  for (const auto& [id, user] : users) {
    const auto active = orgs.find(user.active_org);
    all["users"][user.login] = {{"email", user.email}, {"admin", user.is_server_admin}, {"active", active == orgs.end() ? "" : active->second.name}};
  }
  return all.dump(1);
}

Reply refusal(int status, const std::string& message, const std::string& kind) {
  json body = {{"message", message}};
  if (!kind.empty()) body["status"] = kind;
  return {status, body.dump()};
}

std::string lower(const std::string& text) {
  std::string out = text;
  for (std::size_t at = 0; at < out.size(); ++at) {
    const auto c = static_cast<unsigned char>(out[at]);
    if (c >= 'A' && c <= 'Z') out[at] = static_cast<char>(c | 0x20);
    if ((c & 0xe0) != 0xc0 || at + 1 >= out.size()) continue;
    auto next = static_cast<unsigned char>(out[at + 1]);
    const unsigned code = (c & 0x1fU) << 6 | (next & 0x3fU);
    // U+00C0 to U+00DE lie 32 below their small ones; from U+0100 on capitals and small letters take turns.
    if (code >= 0xc0 && code <= 0xde && code != 0xd7) next = static_cast<unsigned char>(next + 0x20);
    if (code == 0x178) {
      out[at] = '\xc3';
      next = 0xbf;
    }
    const bool capitals_are_even = (code >= 0x100 && code <= 0x12f) || (code >= 0x132 && code <= 0x137) || (code >= 0x14a && code <= 0x177);
    const bool capitals_are_odd = (code >= 0x139 && code <= 0x148) || (code >= 0x179 && code <= 0x17e);
    if ((capitals_are_even && code % 2 == 0) || (capitals_are_odd && code % 2 == 1)) {
      out[at] = static_cast<char>(0xc0U | (code + 1) >> 6);
      next = static_cast<unsigned char>(0x80U | ((code + 1) & 0x3fU));
    }
    out[++at] = static_cast<char>(next);
  }
  return out;
}

bool is_uid(const std::string& text) {
  return !text.empty() && text.size() <= 40 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
  });
}

}  // namespace pv::testing::grafana
