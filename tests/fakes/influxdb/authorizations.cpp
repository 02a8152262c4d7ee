#include "fakes/influxdb/state.h"

#include <algorithm>
#include <cstdlib>

namespace pv::testing::influxdb {

json State::shown(const Token& token, bool with_text) const {
  return {{"id", token.id}, {"token", with_text ? token.token : ""}, {"status", token.active ? "active" : "inactive"},
          {"description", token.description}, {"orgID", organization_id}, {"permissions", token.permissions}};
}

Answer State::authorizations(const Asked& request, const std::string& body, const Token& token) {
  constexpr std::string_view kPath = "/api/v2/authorizations";
  const std::string id = request.path.size() > kPath.size() ? request.path.substr(kPath.size() + 1) : "";
  const bool shows_text = options.tokens == Tokens::plain;
  const std::string action = request.method == "GET" ? "read" : "write";
  if (!may(token, action, "authorizations", "")) return unauthorized(action + ":authorizations is unauthorized");
  if (id.empty() && request.method == "GET") {
    json list = json::array();
    for (const auto& one : tokens) list.push_back(shown(*one, shows_text));
    return ok({{"authorizations", list}});
  }
  if (id.empty() && request.method == "POST") {
    const json wanted = json::parse(body, nullptr, false);
    if (!wanted.is_object() || wanted.value("orgID", "") != organization_id) return invalid("organization id is required");
    const json permissions = wanted.value("permissions", json::array());
    if (permissions.empty()) return invalid("at least one permission is required");
    for (const json& one : permissions) {
      const std::string type = one["resource"].value("type", ""), of = one["resource"].value("id", "");
      if (!may(token, one.value("action", ""), type, of)) return error(403, "forbidden", "permission " + one.dump() + " is not allowed");
    }
    Token& made = *tokens.emplace_back(std::make_unique<Token>());
    made.id = new_id();
    made.token = "token-" + made.id + "==";
    made.description = wanted.value("description", "");
    made.active = wanted.value("status", "active") == "active";
    made.permissions = permissions;
    return ok(shown(made, true), 201);
  }
  const auto found = std::find_if(tokens.begin(), tokens.end(), [&](const auto& one) { return one->id == id; });
  if (found == tokens.end()) return not_found("authorization not found");
  if (request.method == "GET") return ok(shown(**found, shows_text));
  if (request.method == "DELETE") {
    tokens.erase(found);
    return nothing();
  }
  if (request.method != "PATCH") return error(405, "method not allowed", "method not allowed");
  const json wanted = json::parse(body, nullptr, false);
  if (!wanted.is_object()) return invalid("failed to decode request body");
  (*found)->active = wanted.value("status", (*found)->active ? "active" : "inactive") == "active";
  (*found)->description = wanted.value("description", (*found)->description);
  return ok(shown(**found, shows_text));
}

Answer State::list_tasks(const Asked& request, const Token& token) {
  if (!may(token, "read", "tasks", "")) return unauthorized("read:orgs/" + organization_id + "/tasks is unauthorized");
  const int limit = request.has("limit") ? std::atoi(request.param("limit").c_str()) : 100;
  if (limit < 1 || limit > 500) return invalid("limit must be between 1 and 500");
  json list = json::array();
  for (const Task& task : tasks) {
    if (request.has("name") && task.name != request.param("name")) continue;
    if (request.has("after") && task.id <= request.param("after")) continue;
    if (static_cast<int>(list.size()) == limit) break;
    list.push_back({{"id", task.id}, {"name", task.name}, {"orgID", organization_id}, {"status", "active"}, {"lastRunStatus", "success"}});
  }
  return ok({{"tasks", list}});
}

}  // namespace pv::testing::influxdb
