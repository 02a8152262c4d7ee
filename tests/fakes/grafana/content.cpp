#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "fakes/grafana/world.h"

namespace pv::testing::grafana {
namespace {

using nlohmann::json;


json folder_json(const World& world, const Key& key, const Folder& folder, const Caller& caller) {
  json body = {{"id", folder.id}, {"uid", key.second}, {"title", folder.title}, {"version", folder.version}, {"hasAcl", true}, {"canEdit", world.may(caller, folder.items, 2)}};
  if (!folder.parent.empty()) body["parentUid"] = folder.parent;
  if (world.options.version >= 12) body["orgId"] = key.first;
  return body;
}

json items_json(const std::vector<Item>& items, bool is_inherited) {
  json list = json::array();
  for (const Item& item : items) {
    json found = {{"permission", item.permission}, {"inherited", is_inherited}, {"teamId", item.team}, {"userId", item.user}};
    if (!item.role.empty()) found["role"] = item.role;
    list.push_back(std::move(found));
  }
  return list;
}

/// The list that is sent becomes the whole list.
Reply replace_items(const World& world, std::vector<Item>& items, const Call& call) {
  const json body = json::parse(call.body);
  if (!body.contains("items") || !body["items"].is_array()) return refusal(400, "bad request data");
  std::vector<Item> fresh;
  for (const json& sent : body["items"]) {
    Item item{sent.value("teamId", std::int64_t{0}), sent.value("userId", std::int64_t{0}), sent.value("role", ""), sent.value("permission", 0)};
    if ((item.team != 0) + (item.user != 0) + !item.role.empty() != 1 || (item.permission != 1 && item.permission != 2 && item.permission != 4)) {
      return refusal(400, "Invalid permission item");
    }
    if (item.team != 0 && (!world.teams.contains(item.team) || world.teams.at(item.team).org != call.caller.org)) return refusal(500, "Failed to create permission");
    if (item.user != 0 && !world.users.contains(item.user)) return refusal(500, "Failed to create permission");
    fresh.push_back(std::move(item));
  }
  items = std::move(fresh);
  return ok({{"message", "Permissions updated"}});
}

Reply make_folder(World& world, const Call& call) {
  if (call.caller.role != "Admin" && call.caller.role != "Editor") return refusal(403, "You'll need additional permissions to perform this action. Permissions needed: folders:create");
  const json body = json::parse(call.body);
  const std::string uid = body.value("uid", "f" + std::to_string(world.next()));
  const std::string title = body.value("title", "");
  const std::string parent = world.options.version >= 11 ? body.value("parentUid", "") : "";
  if (title.empty() || !is_uid(uid) || uid == "general") return refusal(400, "uid contains illegal characters or title is empty");
  const Key key{call.caller.org, uid};
  if (world.folders.contains(key)) return refusal(412, "the folder has been changed by someone else", "version-mismatch");
  if (world.options.version < 12 && world.dashboards.contains(key)) return refusal(412, "the folder has been changed by someone else", "version-mismatch");
  for (const auto& [other, folder] : world.folders) {
    const bool is_near = world.options.version == 10 || (world.options.version == 11 && folder.parent == parent);
    if (other.first == call.caller.org && folder.title == title && is_near) return refusal(409, "a folder with the same name already exists in the current location");
  }
  Folder folder{.id = world.next(), .title = title, .parent = parent, .version = 1, .items = {}};
  if (call.caller.user != 0) folder.items.push_back({0, call.caller.user, "", 4});
  if (parent.empty()) {
    folder.items.push_back({0, 0, "Editor", 2});
    folder.items.push_back({0, 0, "Viewer", 1});
  }
  world.folders[key] = folder;
  return ok(folder_json(world, key, folder, call.caller));
}

Reply one_folder(World& world, const Key& key, const Call& call) {
  Folder& folder = world.folders[key];
  if (!world.may(call.caller, folder.items, 1)) return refusal(403, "You'll need additional permissions to perform this action");
  if (call.path.size() == 2 && call.method == "GET") return ok(folder_json(world, key, folder, call.caller));
  if (call.path.size() == 3 && call.path[2] == "counts") {
    const auto inside = std::count_if(world.dashboards.begin(), world.dashboards.end(), [&](const auto& entry) { return entry.first.first == key.first && entry.second.folder == key.second; });
    const auto below = std::count_if(world.folders.begin(), world.folders.end(), [&](const auto& entry) { return entry.first.first == key.first && entry.second.parent == key.second; });
    return ok({{"dashboard", inside}, {"folder", below}, {"alertrule", 0}, {"librarypanel", 0}});
  }
  if (!world.may(call.caller, folder.items, 4)) return refusal(403, "You'll need additional permissions to perform this action");
  if (call.path.size() == 3 && call.path[2] == "permissions") {
    return call.method == "GET" ? Reply{200, items_json(folder.items, false).dump()} : replace_items(world, folder.items, call);
  }
  if (call.path.size() == 2 && call.method == "PUT") {
    const json body = json::parse(call.body);
    if (!body.value("overwrite", false) && body.value("version", 0) != folder.version) return refusal(412, "the folder has been changed by someone else", "version-mismatch");
    folder.title = body.value("title", folder.title);
    ++folder.version;
    return ok(folder_json(world, key, folder, call.caller));
  }
  if (call.path.size() == 2 && call.method == "DELETE") {
    std::erase_if(world.dashboards, [&](const auto& entry) { return entry.first.first == key.first && entry.second.folder == key.second; });
    world.folders.erase(key);
    return world.options.version == 10 ? Reply{200, "\"\""} : ok({{"message", "Folder deleted"}});
  }
  return refusal(404, kUnknownRoute);
}

Reply folders(World& world, const Call& call) {
  if (call.path.size() == 1 && call.method == "POST") return make_folder(world, call);
  if (call.path.size() == 1) {
    json list = json::array();
    if (call.caller.role != "Admin" && world.options.version >= 11) list.push_back({{"id", 0}, {"uid", "sharedwithme"}, {"title", "Shared with me"}});
    for (const auto& [key, folder] : world.folders) {
      if (key.first != call.caller.org || !world.may(call.caller, folder.items, 1) || (world.options.version >= 11 && !folder.parent.empty())) continue;
      list.push_back({{"id", folder.id}, {"uid", key.second}, {"title", folder.title}});
    }
    const auto page = call.query.find("page");
    return ok(page == call.query.end() || page->second == "1" ? list : json::array());
  }
  const Key key{call.caller.org, call.path[1]};
  return world.folders.contains(key) ? one_folder(world, key, call) : refusal(404, "folder not found", "not-found");
}

Reply check_titles(const World& world, const Call& call, const std::string& title, const std::string& uid, const std::string& folder) {
  if (world.options.version == 10) {
    for (const auto& [key, found] : world.folders) {
      if (key.first == call.caller.org && found.title == title) return refusal(400, "Dashboard name cannot be the same as folder", "name-match");
    }
  }
  if (world.options.version <= 11) {
    for (const auto& [key, found] : world.dashboards) {
      if (key.first == call.caller.org && found.title == title && found.folder == folder && key.second != uid) {
        return refusal(412, "A dashboard with the same name in the folder already exists", "name-exists");
      }
    }
  }
  return {};
}

Reply save(World& world, const Call& call) {
  const json body = json::parse(call.body);
  if (!body.contains("dashboard") || !body["dashboard"].is_object()) return refusal(400, "bad request data");
  json content = body["dashboard"];
  const std::string uid = content.contains("uid") && content["uid"].is_string() ? content["uid"].get<std::string>() : "d" + std::to_string(world.next());
  const std::string title = content.value("title", "");
  const std::string folder = body.value("folderUid", "");
  if (!is_uid(uid)) return refusal(400, "uid contains illegal characters", "invalid-uid");
  if (title.empty()) return refusal(400, "Dashboard title cannot be empty", "empty-name");
  if (content.contains("id") && !content["id"].is_null()) return refusal(404, "Dashboard not found", "not-found");
  const Key key{call.caller.org, uid};
  const auto place = world.folders.find({call.caller.org, folder});
  if (!folder.empty() && place == world.folders.end()) return refusal(world.options.version == 10 ? 400 : 404, "folder not found");
  if (!world.may(call.caller, folder.empty() ? std::vector<Item>{{0, 0, "Editor", 2}} : place->second.items, 2)) return refusal(403, "access denied");
  if (world.options.version < 12 && world.folders.contains(key)) return refusal(400, "A dashboard cannot be a folder");
  const auto known = world.dashboards.find(key);
  if (known != world.dashboards.end() && !body.value("overwrite", false)) {
    const json version = content.value("version", json());
    if (version != known->second.version) return refusal(412, "The dashboard has been changed by someone else", "version-mismatch");
  }
  if (const Reply clash = check_titles(world, call, title, uid, folder); clash.status != 200) return clash;
  if (content.value("refresh", json()) == "1s") {
    if (world.options.version <= 11) return refusal(400, "Dashboard refresh interval is too low");
    content["refresh"] = "5s";
  }
  Dashboard& dashboard = world.dashboards[key];
  if (known == world.dashboards.end()) {
    dashboard.id = world.next();
    dashboard.version = 0;
    if (call.caller.user != 0) dashboard.items.push_back({0, call.caller.user, "", 4});
    if (folder.empty()) {
      dashboard.items.push_back({0, 0, "Editor", 2});
      dashboard.items.push_back({0, 0, "Viewer", 1});
    }
  }
  ++dashboard.version;
  ++world.dashboard_versions;
  dashboard.title = title;
  dashboard.folder = folder;
  dashboard.is_new_format = false;
  content["id"] = dashboard.id;
  content["uid"] = uid;
  content["version"] = dashboard.version;
  dashboard.json = content.dump();
  return ok({{"id", dashboard.id}, {"uid", uid}, {"version", dashboard.version}, {"status", "success"}, {"url", "/d/" + uid}});
}

Reply one_dashboard(World& world, const Key& key, const Call& call) {
  const auto found = world.dashboards.find(key);
  if (found == world.dashboards.end()) return refusal(404, "Dashboard not found");
  Dashboard& dashboard = found->second;
  const auto folder = world.folders.find({key.first, dashboard.folder});
  if (!world.may_see(call.caller, dashboard, 1)) return refusal(403, "You'll need additional permissions to perform this action");
  if (call.path.size() == 3 && call.method == "GET") {
    if (dashboard.is_new_format) return refusal(406, "dashboard api version not supported, use /apis/dashboard.grafana.app/v2alpha1 instead");
    return ok({{"dashboard", json::parse(dashboard.json)},
               {"meta", {{"folderUid", dashboard.folder}, {"folderTitle", folder == world.folders.end() ? "General" : folder->second.title}, {"version", dashboard.version}, {"provisioned", false}}}});
  }
  if (call.path.size() == 4 && call.path[3] == "versions" && call.method == "GET") {
    json list = json::array();
    for (int version = dashboard.version; version >= 1; --version) list.push_back({{"version", version}});
    return world.options.version == 10 ? ok(list) : ok({{"versions", list}, {"continueToken", ""}});
  }
  if (!world.may_see(call.caller, dashboard, call.path.size() == 4 ? 4 : 2)) return refusal(403, "You'll need additional permissions to perform this action");
  if (call.path.size() == 4 && call.path[3] == "permissions") {
    if (call.method == "POST") return replace_items(world, dashboard.items, call);
    json list = items_json(dashboard.items, false);
    if (folder != world.folders.end()) {
      for (const json& item : items_json(folder->second.items, true)) list.push_back(item);
    }
    return ok(list);
  }
  if (call.path.size() == 3 && call.method == "DELETE") {
    const std::string title = dashboard.title;
    world.dashboards.erase(found);
    return ok({{"title", title}, {"message", "Dashboard " + title + " deleted"}});
  }
  return refusal(404, kUnknownRoute);
}

Reply search(const World& world, const Call& call) {
  const auto value = [&](const char* name) {
    const auto found = call.query.find(name);
    return found == call.query.end() ? std::optional<std::string>() : std::optional(found->second);
  };
  if (value("limit") && std::stol(*value("limit")) > 5000) return refusal(422, "limit is above maximum allowed (5000), use page parameter to access hits beyond limit");
  json list = json::array();
  for (const auto& [key, folder] : world.folders) {
    if (key.first != call.caller.org || value("type") == "dash-db" || value("folderUIDs") || !world.may(call.caller, folder.items, 1)) continue;
    list.push_back({{"id", folder.id}, {"uid", key.second}, {"title", folder.title}, {"type", "dash-folder"}});
  }
  for (const auto& [key, dashboard] : world.dashboards) {
    if (key.first != call.caller.org || value("type") == "dash-folder" || !world.may_see(call.caller, dashboard, 1)) continue;
    if (value("folderUIDs") && *value("folderUIDs") != dashboard.folder) continue;
    list.push_back({{"id", dashboard.id}, {"uid", key.second}, {"title", dashboard.title}, {"type", "dash-db"}, {"folderUid", dashboard.folder}});
  }
  return ok(list);
}

}  // namespace

std::optional<Reply> content(World& world, const Call& call) {
  const std::string& first = call.path[0];
  if (first == "folders") return folders(world, call);
  if (first == "search") return search(world, call);
  if (first == "playlists" && call.path.size() == 1) {
    std::vector<std::string>& playlists = world.playlists[call.caller.org];
    if (call.method == "POST") playlists.push_back(json::parse(call.body).value("name", ""));
    json list = json::array();
    for (const std::string& name : playlists) list.push_back({{"name", name}});
    return ok(list);
  }
  if (first == "dashboard" && call.path.size() == 2 && call.path[1] == "snapshots") return ok(json::array());
  if (first != "dashboards") return std::nullopt;
  if (call.path.size() == 2 && call.path[1] == "db" && call.method == "POST") return save(world, call);
  if (call.path.size() >= 3 && call.path[1] == "uid") return one_dashboard(world, {call.caller.org, call.path[2]}, call);
  return std::nullopt;
}

}  // namespace pv::testing::grafana
