#include <algorithm>

#include <nlohmann/json.hpp>

#include "fakes/grafana/world.h"

namespace pv::testing::grafana {
namespace {

using nlohmann::json;


json source_json(const Key& key, const Datasource& source) {
  json body = json::parse(source.json);
  body["id"] = source.id;
  body["uid"] = key.second;
  body["orgId"] = key.first;
  body["version"] = source.version;
  body["readOnly"] = source.is_read_only;
  body["secureJsonFields"] = json::object();
  for (const auto& [name, value] : source.secrets) {
    if (!value.empty()) body["secureJsonFields"][name] = true;
  }
  return body;
}

/// What is kept of a datasource that is sent: its secrets apart, and no number that is Grafana's.
json plain_part(json body) {
  for (const char* name : {"id", "uid", "orgId", "version", "readOnly", "secureJsonData", "secureJsonFields"}) body.erase(name);
  return body;
}

bool is_name_taken(const World& world, const Key& but, const std::string& name) {
  return std::any_of(world.datasources.begin(), world.datasources.end(), [&](const auto& entry) { return entry.first.first == but.first && entry.first != but && entry.second.name == name; });
}

Reply check_sent(const json& body) {
  if (body.value("name", "").empty() || body.value("name", "").size() > 190) return refusal(400, "invalid data source name");
  if (body.value("type", "").empty() || body.value("access", "").empty()) return refusal(400, "bad request data");
  if (body.value("url", "").empty() && body.value("type", "").starts_with("influxdb")) return refusal(400, "validation error, url is required");
  if (body.contains("jsonData") && body["jsonData"].contains("teamHttpHeaders")) return refusal(403, "Cannot create datasource with team HTTP headers, missing permissions");
  return {};
}

Reply make_source(World& world, const Call& call) {
  const json body = json::parse(call.body);
  if (const Reply wrong = check_sent(body); wrong.status != 200) return wrong;
  const Key key{call.caller.org, body.value("uid", "p" + std::to_string(world.next()))};
  if (world.options.version >= 12 && !is_uid(key.second)) return refusal(400, "invalid format of UID");
  if (world.datasources.contains(key) || is_name_taken(world, key, body.value("name", ""))) return refusal(409, "data source with the same name or uid already exists");
  const bool is_first = std::none_of(world.datasources.begin(), world.datasources.end(), [&](const auto& entry) { return entry.first.first == key.first; });
  json kept = plain_part(body);
  if (is_first && world.options.version >= 12) kept["isDefault"] = true;
  Datasource source{.id = world.next(), .name = body.value("name", ""), .json = kept.dump(), .secrets = {}, .version = 1, .is_read_only = false};
  if (body.contains("secureJsonData")) source.secrets = body["secureJsonData"].get<std::map<std::string, std::string>>();
  world.datasources[key] = source;
  return ok({{"id", source.id}, {"name", source.name}, {"message", "Datasource added"}, {"datasource", source_json(key, source)}});
}

Reply change_source(World& world, const Key& key, const Call& call) {
  Datasource& source = world.datasources[key];
  if (source.is_read_only) return refusal(403, "Cannot update read-only data source");
  const json body = json::parse(call.body);
  if (const Reply wrong = check_sent(body); wrong.status != 200) return wrong;
  if (body.value("uid", key.second) != key.second) return refusal(400, "this fake does not let a uid be changed");
  if (is_name_taken(world, key, body.value("name", ""))) return refusal(409, "data source with the same name already exists");
  const int version = body.value("version", 0);
  if (version != 0 && version < source.version) return refusal(409, "Datasource has already been updated by someone else. Please reload and try again");
  source.name = body.value("name", "");
  source.json = plain_part(body).dump();
  // What is absent stays; "" blanks.
  if (body.contains("secureJsonData")) {
    for (const auto& [name, value] : body["secureJsonData"].items()) source.secrets[name] = value.get<std::string>();
  }
  ++source.version;
  return ok({{"id", source.id}, {"name", source.name}, {"message", "Datasource updated"}, {"datasource", source_json(key, source)}});
}

Reply forward(const World& world, const Datasource& source, const Call& call, const std::string& path) {
  const json options = json::parse(source.json).value("jsonData", json::object());
  std::string authorization;
  if (const auto token = source.secrets.find("token"); token != source.secrets.end()) authorization = "Token " + token->second;
  for (const auto& [name, value] : options.items()) {
    const std::string number = name.starts_with("httpHeaderName") ? name.substr(14) : "";
    const auto secret = source.secrets.find("httpHeaderValue" + number);
    if (!number.empty() && value == "Authorization" && secret != source.secrets.end()) authorization = secret->second;
  }
  if (!world.upstream) return refusal(502, "Bad Gateway");
  return {200, world.upstream({call.method, path, authorization, call.body})};
}

/// Any viewer of the organization may query any of its datasources: the free edition has no right that prevents it.
Reply query(const World& world, const Call& call) {
  if (call.caller.role == "None") return refusal(403, "You'll need additional permissions to perform this action. Permissions needed: datasources:query");
  const json body = json::parse(call.body);
  for (const json& asked : body.value("queries", json::array())) {
    const auto found = world.datasources.find({call.caller.org, asked.value("datasource", json::object()).value("uid", "")});
    if (found == world.datasources.end()) return refusal(404, "Data source not found");
    return forward(world, found->second, call, "/api/v2/query");
  }
  return refusal(400, "no queries found");
}

/// By uid, or in the old form by number: what comes after it goes to InfluxDB.
Reply proxy(const World& world, const Call& call) {
  const bool is_by_uid = call.path[2] == "uid";
  const std::string& name = call.path[is_by_uid ? 3 : 2];
  const auto found = std::find_if(world.datasources.begin(), world.datasources.end(), [&](const auto& entry) {
    return entry.first.first == call.caller.org && (is_by_uid ? entry.first.second == name : std::to_string(entry.second.id) == name);
  });
  if (call.caller.role == "None") return refusal(403, "You'll need additional permissions to perform this action");
  if (found == world.datasources.end()) return refusal(404, "Unable to find datasource");
  std::string path;
  for (std::size_t i = is_by_uid ? 4 : 3; i < call.path.size(); ++i) path += "/" + call.path[i];
  return forward(world, found->second, call, path);
}

/// The plugin asks InfluxDB; whoever may query may do that.
Reply health(const World& world, const Call& call) {
  if (call.caller.role == "None") return refusal(403, "You'll need additional permissions to perform this action. Permissions needed: datasources:query");
  if (!world.datasources.contains({call.caller.org, call.path[2]})) return refusal(404, "Data source not found");
  if (!world.upstream) return {400, json{{"status", "ERROR"}, {"message", "no answer"}}.dump()};
  return ok({{"status", "OK"}, {"message", "datasource is working"}});
}

Reply by_uid(World& world, const Call& call) {
  const Key key{call.caller.org, call.path[2]};
  if (!world.datasources.contains(key)) return refusal(404, "Data source not found");
  if (call.method == "GET") return ok(source_json(key, world.datasources[key]));
  if (call.caller.role != "Admin") return refusal(403, "You'll need additional permissions to perform this action. Permissions needed: datasources:write");
  if (call.method == "PUT") return change_source(world, key, call);
  if (call.method != "DELETE") return refusal(405, "no such method");
  if (world.datasources[key].is_read_only) return refusal(403, "Cannot delete read-only data source");
  world.datasources.erase(key);
  return ok({{"message", "Data source deleted"}});
}

}  // namespace

std::optional<Reply> sources(World& world, const Call& call) {
  const auto& path = call.path;
  if (path[0] == "ds" && path.size() == 2 && path[1] == "query" && call.method == "POST") return query(world, call);
  if (path[0] == "plugins" && path.size() == 3) return path[1] == "influxdb" || path[1] == "influxdb-adecwatts-datasource" ? ok({{"id", path[1]}}) : refusal(404, "Plugin not found, no installed plugin with that id");
  if (path[0] != "datasources") return std::nullopt;
  if (path.size() >= 4 && path[1] == "proxy") return proxy(world, call);
  if (path.size() == 4 && path[1] == "uid" && path[3] == "health" && call.method == "GET") return health(world, call);
  if (path.size() == 3 && path[1] == "uid") return by_uid(world, call);
  if (path.size() == 1 && call.method == "GET") {
    json list = json::array();
    for (const auto& [key, source] : world.datasources) {
      if (key.first == call.caller.org) list.push_back(source_json(key, source));
    }
    return ok(list);
  }
  if (path.size() == 1 && call.method == "POST") {
    if (call.caller.role != "Admin") return refusal(403, "You'll need additional permissions to perform this action. Permissions needed: datasources:create");
    return make_source(world, call);
  }
  if (path.size() == 2 && call.method == "GET") {
    for (const auto& [key, source] : world.datasources) {
      if (key.first == call.caller.org && std::to_string(source.id) == path[1]) return ok(source_json(key, source));
    }
    return refusal(404, "Data source not found");
  }
  if (path.size() == 3 && path[1] == "name" && call.method == "GET") {
    for (const auto& [key, source] : world.datasources) {
      if (key.first == call.caller.org && source.name == path[2]) return ok(source_json(key, source));
    }
    return refusal(404, "Data source not found");
  }
  return std::nullopt;
}

}  // namespace pv::testing::grafana
