#include "influx/authorization.h"

#include "influx/json_text.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pv::influx {
namespace {

using nlohmann::json;

std::optional<Permission> read_permission(const json& one) {
  if (!one.is_object() || !one.contains("resource") || !one["resource"].is_object()) return std::nullopt;
  const json& resource = one["resource"];
  const std::string action = text_at(one, "action");
  Permission permission{action == "write" ? Action::write : Action::read, text_at(resource, "id")};
  if (text_at(resource, "type") != "buckets" || permission.bucket_id.empty() || (action != "read" && action != "write")) return std::nullopt;
  return permission;
}

std::optional<Authorization> read_authorization(const json& one) {
  if (!one.is_object()) return std::nullopt;
  Authorization authorization;
  authorization.id = text_at(one, "id");
  if (!looks_like_id(authorization.id)) return std::nullopt;
  authorization.description = text_at(one, "description");
  authorization.active = text_at(one, "status") != "inactive";
  authorization.token = Secret(text_at(one, "token"));
  const auto permissions = one.find("permissions");
  if (permissions == one.end() || !permissions->is_array()) return authorization;
  for (const json& text : *permissions) {
    const auto permission = read_permission(text);
    if (permission) {
      authorization.permissions.insert(*permission);
    } else {
      authorization.has_others = true;
    }
  }
  return authorization;
}

}  // namespace

Result<std::vector<Authorization>> list_authorizations(Connection& connection) {
  const std::string what = "listing the tokens";
  PV_TRY(const std::string organization, connection.organization_id());
  PV_TRY(const HttpResponse answer, connection.send({.target = "/api/v2/authorizations?orgID=" + organization}, what));
  PV_TRY_VOID(connection.expect_json(answer, 200, what));
  const json body = json::parse(answer.body, nullptr, false);
  if (!body.is_object() || !body.contains("authorizations") || !body["authorizations"].is_array()) {
    return fail(Errc::corrupt, what + ": the answer has no list of tokens");
  }
  std::vector<Authorization> all;
  for (const json& one : body["authorizations"]) {
    if (auto authorization = read_authorization(one)) all.push_back(std::move(*authorization));
  }
  return all;
}

Result<std::optional<Authorization>> find_authorization(Connection& connection, std::string_view id) {
  const std::string what = "looking at a token";
  PV_TRY(const HttpResponse answer, connection.send({.target = "/api/v2/authorizations/" + percent_encoded(id)}, what));
  const bool is_json = answer.header("content-type").find("json") != std::string_view::npos;
  if (answer.status == 404 && is_json) return std::optional<Authorization>();
  PV_TRY_VOID(connection.expect_json(answer, 200, what));
  auto authorization = read_authorization(json::parse(answer.body, nullptr, false));
  if (!authorization || authorization->id != id) return fail(Errc::corrupt, what + ": the answer is no token");
  return authorization;
}

Result<Authorization> create_authorization(Connection& connection, std::string_view description, const Permissions& permissions) {
  const std::string what = fmt::format("making token {}", description);
  PV_TRY(const std::string organization, connection.organization_id());
  json wanted = {{"orgID", organization}, {"description", std::string(description)}, {"status", "active"}, {"permissions", json::array()}};
  for (const Permission& permission : permissions) {
    wanted["permissions"].push_back({{"action", permission.action == Action::read ? "read" : "write"},
                                     {"resource", {{"type", "buckets"}, {"id", permission.bucket_id}, {"orgID", organization}}}});
  }
  PV_TRY(const HttpResponse answer,
         connection.send({.method = "POST", .target = "/api/v2/authorizations", .body = wanted.dump(-1, ' ', false, json::error_handler_t::replace), .content_type = "application/json"}, what));
  PV_TRY_VOID(connection.expect_json(answer, 201, what));
  auto made = read_authorization(json::parse(answer.body, nullptr, false));
  if (!made || made->token.empty()) return fail(Errc::corrupt, what + ": the answer has no token");
  return std::move(*made);
}

Result<void> delete_authorization(Connection& connection, std::string_view id) {
  const std::string what = "deleting a token";
  PV_TRY(const HttpResponse answer, connection.send({.method = "DELETE", .target = "/api/v2/authorizations/" + percent_encoded(id)}, what));
  if (answer.status == 204 || answer.status == 404) return {};
  return fail(connection.error_of(answer, what));
}

}  // namespace pv::influx
