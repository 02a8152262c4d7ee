#include "influx/bucket.h"

#include "influx/json_text.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pv::influx {
namespace {

using nlohmann::json;

constexpr std::string_view kEscaped = "pv~";
constexpr std::size_t kMostPages = 1'000;

bool has_downsampled_ending(std::string_view name) {
  return std::any_of(kDownsampled.begin(), kDownsampled.end(), [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_ordinary(std::string_view name) {
  return !name.starts_with('_') && name.find('"') == std::string_view::npos && !looks_like_id(name) && !has_downsampled_ending(name) &&
         name != kMetaBucket && !name.starts_with(kEscaped);
}

struct Page {
  std::vector<Bucket> buckets;
  bool is_last = true;
  std::string last_id;
};

std::optional<Bucket> read_bucket(const json& one) {
  if (!one.is_object() || text_at(one, "type") == "system") return std::nullopt;
  Bucket bucket{text_at(one, "id"), text_at(one, "name"), 0};
  if (!looks_like_id(bucket.id) || bucket.name.empty()) return std::nullopt;
  const auto rules = one.find("retentionRules");
  if (rules != one.end() && rules->is_array() && !rules->empty() && rules->front().is_object()) {
    const auto seconds = rules->front().find("everySeconds");
    if (seconds != rules->front().end() && seconds->is_number_integer()) bucket.kept_for_s = seconds->get<std::int64_t>();
  }
  return bucket;
}

Result<Page> read_page(const std::string& text, std::string_view what) {
  const json body = json::parse(text, nullptr, false);
  if (!body.is_object() || !body.contains("buckets") || !body["buckets"].is_array()) {
    return fail(Errc::corrupt, fmt::format("{}: the answer has no list of buckets", what));
  }
  Page page;
  for (const json& one : body["buckets"]) {
    if (auto bucket = read_bucket(one)) page.buckets.push_back(std::move(*bucket));
    if (one.is_object()) page.last_id = text_at(one, "id");
  }
  const auto links = body.find("links");
  page.is_last = links == body.end() || !links->is_object() || text_at(*links, "next").empty();
  return page;
}

}  // namespace

std::string bucket_of(const model::TenantName& tenant) {
  const std::string& name = tenant.str();
  if (is_ordinary(name)) return name;
  std::string out(kEscaped);
  const std::size_t ending = has_downsampled_ending(name) ? name.size() - 3 : std::string::npos;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '"') out += "%22";
    else if (name[i] == '%') out += "%25";
    else if (i == ending) out += "%5F";
    else out += name[i];
  }
  return out;
}

std::optional<model::TenantName> tenant_of(std::string_view bucket) {
  std::string name(bucket);
  if (bucket.starts_with(kEscaped)) {
    name.clear();
    for (std::string_view rest = bucket.substr(kEscaped.size()); !rest.empty();) {
      const bool is_code = rest.front() == '%';
      const std::string_view code = rest.substr(0, is_code ? 3 : 1);
      name += !is_code ? rest.front() : code == "%22" ? '"' : code == "%25" ? '%' : code == "%5F" ? '_' : '/';
      rest.remove_prefix(code.size());
    }
  }
  auto tenant = model::TenantName::parse(name);
  if (!tenant || bucket_of(*tenant) != bucket) return std::nullopt;
  return std::move(*tenant);
}

Result<std::optional<Bucket>> find_bucket(Connection& connection, std::string_view name) {
  const std::string what = fmt::format("looking for bucket {}", name);
  PV_TRY(const std::string organization, connection.organization_id());
  PV_TRY(const HttpResponse answer,
         connection.send({.target = fmt::format("/api/v2/buckets?orgID={}&name={}", organization, percent_encoded(name))}, what));
  const bool is_json = answer.header("content-type").find("json") != std::string_view::npos;
  if (answer.status == 404 && is_json) return std::optional<Bucket>();
  PV_TRY_VOID(connection.expect_json(answer, 200, what));
  PV_TRY(Page page, read_page(answer.body, what));
  for (Bucket& bucket : page.buckets) {
    if (bucket.name == name) return std::optional<Bucket>(std::move(bucket));
  }
  return std::optional<Bucket>();
}

Result<Bucket> ensure_bucket(Connection& connection, std::string_view name) {
  if (name.empty() || name.starts_with('_') || name.find('"') != std::string_view::npos || looks_like_id(name)) {
    return fail(Errc::invalid_input, fmt::format("InfluxDB takes no bucket '{}': a name may not begin with '_', have a '\"' or be 16 hex digits; companies "
                                                 "with such names have buckets that begin with {}", name, kEscaped));
  }
  PV_TRY(auto found, find_bucket(connection, name));
  if (found) return std::move(*found);
  const std::string what = fmt::format("making bucket {}", name);
  PV_TRY(const std::string organization, connection.organization_id());
  const json wanted = {{"orgID", organization}, {"name", std::string(name)}, {"retentionRules", json::array()}};
  PV_TRY(const HttpResponse answer, connection.send({.method = "POST", .target = "/api/v2/buckets", .body = wanted.dump(-1, ' ', false, json::error_handler_t::replace), .content_type = "application/json"}, what));
  if (answer.status == 201) {
    PV_TRY_VOID(connection.expect_json(answer, 201, what));
    const json body = json::parse(answer.body, nullptr, false);
    if (auto bucket = read_bucket(body); bucket && bucket->name == name) return std::move(*bucket);
  }
  // Somebody else made it meanwhile, or an answer was lost: what is there counts.
  PV_TRY(found, find_bucket(connection, name));
  if (found) return std::move(*found);
  return fail(connection.error_of(answer, what));
}

Result<std::vector<Bucket>> list_buckets(Connection& connection) {
  const std::string what = "listing the buckets";
  PV_TRY(const std::string organization, connection.organization_id());
  std::vector<Bucket> all;
  std::string after;
  for (std::size_t number = 0; number < kMostPages; ++number) {
    std::string target = fmt::format("/api/v2/buckets?orgID={}&limit=100", organization);
    if (!after.empty()) target += "&after=" + after;
    PV_TRY(const HttpResponse answer, connection.send({.target = std::move(target)}, what));
    PV_TRY_VOID(connection.expect_json(answer, 200, what));
    PV_TRY(Page page, read_page(answer.body, what));
    std::move(page.buckets.begin(), page.buckets.end(), std::back_inserter(all));
    if (page.is_last || !looks_like_id(page.last_id) || page.last_id == after) break;
    after = page.last_id;
  }
  std::sort(all.begin(), all.end(), [](const Bucket& a, const Bucket& b) { return a.name < b.name; });
  return all;
}

Result<void> delete_bucket(Connection& connection, const Bucket& bucket) {
  const std::string what = fmt::format("deleting bucket {}", bucket.name);
  PV_TRY(const HttpResponse answer, connection.send({.method = "DELETE", .target = "/api/v2/buckets/" + percent_encoded(bucket.id)}, what));
  if (answer.status == 204 || answer.status == 404) return {};
  return fail(connection.error_of(answer, what));
}

}  // namespace pv::influx
