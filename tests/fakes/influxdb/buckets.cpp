#include "fakes/influxdb/state.h"

#include <algorithm>
#include <cstdlib>

namespace pv::testing::influxdb {

json State::shown(const Bucket& bucket) const {
  return {{"id", bucket.id}, {"orgID", organization_id}, {"type", bucket.is_system ? "system" : "user"}, {"name", bucket.name},
          {"retentionRules", bucket.rules}, {"createdAt", "2026-01-01T00:00:00Z"}};
}

Answer State::list_buckets(const Asked& request, const Token& token) {
  if (request.has("name")) {
    if (!is_organization(request)) return ok({{"buckets", json::array()}});
    for (const auto& bucket : buckets) {
      if (bucket->name == request.param("name") && may(token, "read", "buckets", bucket->id)) return ok({{"buckets", {shown(*bucket)}}, {"links", json::object()}});
    }
    return not_found("bucket \"" + request.param("name") + "\" not found");
  }
  const std::string limit_text = request.has("limit") ? request.param("limit") : "20";
  const int limit = std::atoi(limit_text.c_str());
  if (limit < 1 || limit > 100) return invalid("limit must be between 1 and 100");
  // The permission filter comes after paging: a short page is not the last one.
  json list = json::array();
  int seen = 0;
  bool more = false;
  std::string last;
  for (const auto& bucket : buckets) {
    if (request.has("after") && bucket->id <= request.param("after")) continue;
    if (seen == limit) {
      more = true;
      break;
    }
    ++seen;
    last = bucket->id;
    if (may(token, "read", "buckets", bucket->id)) list.push_back(shown(*bucket));
  }
  json links = json::object();
  if (more) links["next"] = "/api/v2/buckets?after=" + last;
  return ok({{"buckets", list}, {"links", links}});
}

Answer State::make_bucket(const std::string& body, const Token& token) {
  const json wanted = json::parse(body, nullptr, false);
  if (!wanted.is_object() || !wanted.contains("orgID") || wanted["orgID"] != organization_id) return invalid("organization id is required");
  const std::string name = wanted.value("name", "");
  if (name.empty() || name.starts_with("_") || name.find('"') != std::string::npos) return invalid("bucket name \"" + name + "\" is invalid");
  if (!may(token, "write", "buckets", "")) return unauthorized("write:orgs/" + organization_id + "/buckets is unauthorized");
  const json rules = wanted.value("retentionRules", json::array());
  if (rules.size() > 1) return error(422, "unprocessable entity", "expected one retention rule");
  if (!rules.empty() && rules[0].value("everySeconds", 0) > 0 && rules[0].value("everySeconds", 0) < 3'600) return error(500, "internal error", "retention policy duration must be at least 1h0m0s");
  for (const auto& bucket : buckets) {
    if (bucket->name == name) return error(422, "conflict", "bucket with name " + name + " already exists");
  }
  Bucket& bucket = add_bucket(name);
  bucket.rules = rules;
  return ok(shown(bucket), 201);
}

Answer State::one_bucket(const Asked& request, const Token& token) {
  const std::string id = request.path.substr(std::string_view("/api/v2/buckets/").size());
  const auto found = std::find_if(buckets.begin(), buckets.end(), [&](const auto& one) { return one->id == id; });
  if (found == buckets.end()) return not_found("bucket not found");
  if (request.method == "GET") return may(token, "read", "buckets", id) ? ok(shown(**found)) : unauthorized("read:orgs/buckets is unauthorized");
  if (request.method != "DELETE") return error(405, "method not allowed", "method not allowed");
  if (!may(token, "write", "buckets", "")) return unauthorized("write:orgs/" + organization_id + "/buckets/" + id + " is unauthorized");
  if ((*found)->is_system) return invalid("system buckets cannot be deleted");
  buckets.erase(found);
  return nothing();
}

}  // namespace pv::testing::influxdb
