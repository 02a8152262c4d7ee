#include "fakes/influxdb/state.h"

#include <algorithm>
#include <cctype>
#include <cstdio>

namespace pv::testing::influxdb {
namespace {

bool is_id(const std::string& text) {
  return text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

Answer ok(const json& body, int status) { return {status, body.dump()}; }

Answer error(int status, const std::string& code, const std::string& message) {
  return {status, json{{"code", code}, {"message", message}}.dump(), "application/json; charset=utf-8", code};
}

Answer invalid(const std::string& message) { return error(400, "invalid", message); }
Answer unauthorized(const std::string& message) { return error(401, "unauthorized", message); }
Answer not_found(const std::string& message) { return error(404, "not found", message); }
Answer nothing() { return {204, "", ""}; }

std::string State::new_id() {
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(next_id++));
  return text;
}

Bucket* State::bucket_of(const std::string& name_or_id) {
  for (const auto& bucket : buckets) {
    if (is_id(name_or_id) && bucket->id == name_or_id) return bucket.get();
  }
  for (const auto& bucket : buckets) {
    if (bucket->name == name_or_id) return bucket.get();
  }
  return nullptr;
}

Bucket& State::add_bucket(std::string_view name) {
  Bucket& bucket = *buckets.emplace_back(std::make_unique<Bucket>());
  bucket.id = new_id();
  bucket.name = name;
  return bucket;
}

const Token* State::token_of(const Asked& request) const {
  const std::string header = request.authorization;
  const std::size_t space = header.find(' ');
  std::string scheme = header.substr(0, space);
  for (char& c : scheme) c = static_cast<char>(std::tolower(c));
  if (space == std::string::npos || (scheme != "token" && scheme != "bearer")) return nullptr;
  for (const auto& token : tokens) {
    if (token->token == header.substr(space + 1)) return token.get();
  }
  return nullptr;
}

bool State::may(const Token& token, std::string_view action, std::string_view type, std::string_view id) const {
  if (token.may_all) return true;
  return std::any_of(token.permissions.begin(), token.permissions.end(), [&](const json& one) {
    const json& resource = one["resource"];
    const bool for_id = !resource.contains("id") || (!id.empty() && resource["id"] == id);
    return one["action"] == action && resource["type"] == type && for_id;
  });
}

bool State::is_organization(const Asked& request) const {
  if (request.has("orgID")) return request.param("orgID") == organization_id;
  return request.has("org") && (request.param("org") == options.organization || request.param("org") == organization_id);
}

Answer State::answer(const Asked& request, const std::string& body) {
  const std::string& path = request.path;
  const auto id_after = [&](std::string_view prefix) { return path.substr(prefix.size()); };
  if (path == "/ping") return nothing();
  if (path == "/health") return ok({{"name", "influxdb"}, {"message", "ready for queries and writes"}, {"status", "pass"}, {"checks", json::array()}, {"version", "v2.9.1"}});
  if (path == "/ready") return ok({{"status", "ready"}});
  if (!path.starts_with("/api/v2/")) return {200, kPage, "text/html; charset=utf-8"};
  if (path == "/api/v2/write" && request.method == "POST") return write(request, body);
  const Token* const token = token_of(request);
  if (token == nullptr || !token->active) return unauthorized();
  if (path == "/api/v2/query" && request.method == "POST") return query(request, body, *token);
  if (path == "/api/v2/delete" && request.method == "POST") return erase(request, body, *token);
  if (path == "/api/v2/me") return token->may_all ? ok({{"name", "operator"}}) : not_found("user not found");
  if (path == "/api/v2/orgs" && request.method == "GET") {
    if (request.has("org") && request.param("org") != options.organization) return not_found("organization name \"" + request.param("org") + "\" not found");
    if (!may(*token, "read", "orgs", organization_id)) return unauthorized("read:orgs/" + organization_id + " is unauthorized");
    return ok({{"orgs", {{{"id", organization_id}, {"name", options.organization}}}}});
  }
  if (path == "/api/v2/buckets" && request.method == "GET") return list_buckets(request, *token);
  if (path == "/api/v2/buckets" && request.method == "POST") return make_bucket(body, *token);
  if (path.starts_with("/api/v2/buckets/")) return one_bucket(request, *token);
  if (path.starts_with("/api/v2/authorizations")) return authorizations(request, body, *token);
  if (path == "/api/v2/tasks" && request.method == "GET") return list_tasks(request, *token);
  if (path.starts_with("/api/v2/tasks/") && request.method == "DELETE") {
    if (!may(*token, "write", "tasks", "")) return unauthorized("write:orgs/" + organization_id + "/tasks is unauthorized");
    return std::erase_if(tasks, [&](const Task& task) { return task.id == id_after("/api/v2/tasks/"); }) > 0 ? nothing() : not_found("task not found");
  }
  return error(404, "not found", "path not found");
}

}  // namespace pv::testing::influxdb
