#include <set>

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "grafana/client.h"
#include "grafana/json_text.h"
#include "grafana/names.h"

namespace pv::grafana {
namespace {

using nlohmann::json;

constexpr int kFolderPage = 1000;
constexpr int kMostFolderPages = 50;

/// What stands in a path. Grafana 10 keeps older things under uids with other characters; encoded, they do no harm.
Result<std::string> segment(std::string_view uid) {
  if (uid.empty() || uid == "." || uid == "..") return fail(Errc::invalid_input, "Grafana: this thing has no uid that can be used");
  return percent_encoded(uid);
}

Folder folder_of(const JsonValue& value) { return {value.text("uid"), value.text("title"), value.integer("version")}; }

Datasource datasource_of(const JsonValue& value) {
  return {value.text("uid"), value.text("name"), value.text("type"), value.truth("readOnly"), value};
}

}  // namespace

Result<std::vector<Folder>> Client::folders(std::int64_t organization) {
  std::vector<Folder> folders;
  std::set<std::string> seen;
  for (int page = 1; page <= kMostFolderPages; ++page) {
    PV_TRY(const auto items, list({.target = fmt::format("/api/folders?limit={}&page={}", kFolderPage, page), .organization = organization}, ""));
    for (const JsonValue& item : items) {
      Folder folder = folder_of(item);
      // A made-up folder for those who are no administrators.
      if (folder.uid != "sharedwithme" && folder.uid != "general" && seen.insert(folder.uid).second) folders.push_back(std::move(folder));
    }
    if (items.size() < kFolderPage) break;
  }
  return folders;
}

Result<std::optional<Folder>> Client::folder(std::int64_t organization, std::string_view uid) {
  PV_TRY(const std::string place, segment(uid));
  PV_TRY(const auto found, find({.target = "/api/folders/" + place, .organization = organization}));
  return found ? std::optional(folder_of(*found)) : std::nullopt;
}

Result<void> Client::make_folder(std::int64_t organization, std::string_view uid, std::string_view title) {
  if (!is_uid(uid)) return fail(Errc::invalid_input, fmt::format("'{}' is no uid for Grafana", uid));
  PV_TRY_VOID(change({.method = "POST", .target = "/api/folders", .organization = organization, .body = text_of({{"uid", uid}, {"title", title}})}));
  return {};
}

Result<void> Client::rename_folder(std::int64_t organization, const Folder& folder, std::string_view title) {
  PV_TRY(const std::string place, segment(folder.uid));
  PV_TRY_VOID(change({.method = "PUT", .target = "/api/folders/" + place, .organization = organization, .body = text_of({{"title", title}, {"version", folder.version}})}));
  return {};
}

Result<std::int64_t> Client::count_in_folder(std::int64_t organization, std::string_view uid) {
  PV_TRY(const std::string place, segment(uid));
  PV_TRY(const auto counts, find({.target = "/api/folders/" + place + "/counts", .organization = organization}));
  if (!counts) return 0;
  std::int64_t total = 0;
  const json kinds = json::parse(counts->dump());
  for (const auto& [kind, count] : kinds.items()) total += count.is_number_integer() ? count.get<std::int64_t>() : 0;
  return total;
}

Result<void> Client::delete_folder(std::int64_t organization, std::string_view uid) {
  PV_TRY(const std::string place, segment(uid));
  return erase(organization, "/api/folders/" + place);
}

Result<std::vector<Grant>> Client::grants(const Call& call) {
  PV_TRY(const auto items, list(call, ""));
  std::vector<Grant> own;
  for (const JsonValue& item : items) {
    Grant grant{item.integer("teamId"), item.integer("userId"), item.text("role"), item.integer("permission")};
    if (!item.truth("inherited") && grant.role != "Admin") own.push_back(std::move(grant));
  }
  return own;
}

Result<void> Client::set_grants(const Call& call, const std::vector<Grant>& grants) {
  json items = json::array();
  for (const Grant& grant : grants) {
    json item = {{"permission", grant.permission}};
    if (grant.team_id != 0) item["teamId"] = grant.team_id;
    else if (grant.user_id != 0) item["userId"] = grant.user_id;
    else item["role"] = grant.role;
    items.push_back(std::move(item));
  }
  PV_TRY_VOID(change({.method = "POST", .target = call.target, .organization = call.organization, .body = text_of({{"items", items}})}));
  return {};
}

Result<std::vector<Grant>> Client::folder_grants(std::int64_t organization, std::string_view uid) {
  PV_TRY(const std::string place, segment(uid));
  return grants({.target = "/api/folders/" + place + "/permissions", .organization = organization});
}

Result<void> Client::set_folder_grants(std::int64_t organization, std::string_view uid, const std::vector<Grant>& grants) {
  PV_TRY(const std::string place, segment(uid));
  return set_grants({.target = "/api/folders/" + place + "/permissions", .organization = organization}, grants);
}

Result<std::vector<Datasource>> Client::datasources(std::int64_t organization) {
  PV_TRY(const auto items, list({.target = "/api/datasources", .organization = organization}, ""));
  std::vector<Datasource> found;
  for (const JsonValue& item : items) found.push_back(datasource_of(item));
  return found;
}

Result<std::optional<Datasource>> Client::datasource_by_uid(std::int64_t organization, std::string_view uid) {
  PV_TRY(const std::string place, segment(uid));
  PV_TRY(const auto found, find({.target = "/api/datasources/uid/" + place, .organization = organization}));
  return found ? std::optional(datasource_of(*found)) : std::nullopt;
}

Result<std::optional<Datasource>> Client::datasource_by_name(std::int64_t organization, std::string_view name) {
  PV_TRY(const auto found, find({.target = "/api/datasources/name/" + percent_encoded(name), .organization = organization}));
  if (!found || found->text("name") != name) return std::optional<Datasource>();
  return std::optional(datasource_of(*found));
}

Result<void> Client::make_datasource(std::int64_t organization, const Secret& body) {
  PV_TRY_VOID(change({.method = "POST", .target = "/api/datasources", .organization = organization, .body = body.reveal()}));
  return {};
}

Result<void> Client::change_datasource(std::int64_t organization, std::string_view uid, const Secret& body) {
  PV_TRY(const std::string place, segment(uid));
  PV_TRY_VOID(change({.method = "PUT", .target = "/api/datasources/uid/" + place, .organization = organization, .body = body.reveal()}));
  return {};
}

Result<void> Client::delete_datasource(std::int64_t organization, std::string_view uid) {
  PV_TRY(const std::string place, segment(uid));
  return erase(organization, "/api/datasources/uid/" + place);
}

Result<bool> Client::has_plugin(std::int64_t organization, std::string_view type) {
  const Call call{.target = "/api/plugins/" + percent_encoded(type) + "/settings", .organization = organization};
  PV_TRY(const Answer answer, send(call));
  return answer.status != 404;
}

Result<std::optional<StoredDashboard>> Client::dashboard(std::int64_t organization, std::string_view uid) {
  PV_TRY(const std::string place, segment(uid));
  const Call call{.target = "/api/dashboards/uid/" + place, .organization = organization};
  PV_TRY(const Answer answer, send(call));
  if (answer.status == 404) return std::optional<StoredDashboard>();
  if (answer.status == 406) return std::optional(StoredDashboard{});
  if (!answer.is_good()) return fail(refusal(call, answer));
  const JsonValue content = answer.json.at("dashboard");
  const JsonValue about = answer.json.at("meta");
  if (!content.is_object() || !about.is_object()) return fail(Errc::unavailable, fmt::format("Grafana: GET {}: the answer is broken", call.target));
  const std::int64_t version = content.integer("version") != 0 ? content.integer("version") : about.integer("version");
  return std::optional(StoredDashboard{content.text("title"), about.text("folderUid"), version, about.truth("provisioned"), content.dump()});
}

Result<void> Client::save_dashboard(std::int64_t organization, const Save& save) {
  json content = json::parse(save.json, nullptr, false);
  if (!content.is_object()) return fail(Errc::invalid_input, "a dashboard that is no JSON object");
  // The uid says which one is meant; a number from elsewhere could mean another.
  content["id"] = nullptr;
  if (save.version != 0) content["version"] = save.version;
  else content.erase("version");
  const json body = {{"dashboard", std::move(content)}, {"folderUid", save.folder_uid}, {"message", save.message}, {"overwrite", false}};
  PV_TRY_VOID(change({.method = "POST", .target = "/api/dashboards/db", .organization = organization, .body = text_of(body)}));
  return {};
}

Result<void> Client::delete_dashboard(std::int64_t organization, std::string_view uid) {
  PV_TRY(const std::string place, segment(uid));
  return erase(organization, "/api/dashboards/uid/" + place);
}

Result<std::vector<FoundDashboard>> Client::dashboards_in(std::int64_t organization, std::string_view folder_uid) {
  PV_TRY(const auto items,
         list({.target = "/api/search?type=dash-db&limit=5000&folderUIDs=" + percent_encoded(folder_uid), .organization = organization}, ""));
  std::vector<FoundDashboard> found;
  for (const JsonValue& item : items) {
    if (item.text("folderUid") == folder_uid) found.push_back({item.text("uid"), item.text("title")});
  }
  return found;
}

Result<std::int64_t> Client::count_in_organization(std::int64_t organization) {
  PV_TRY(const auto items, list({.target = "/api/search?limit=10", .organization = organization}, ""));
  auto count = static_cast<std::int64_t>(items.size());
  for (const char* what : {"/api/serviceaccounts/search?perpage=10&page=1", "/api/playlists", "/api/dashboard/snapshots"}) {
    const Call call{.target = what, .organization = organization};
    PV_TRY(const Answer answer, send(call));
    // Each of them can be switched off.
    if (answer.status == 403 || answer.status == 404) continue;
    if (!answer.is_good()) return fail(refusal(call, answer));
    count += answer.json.is_list() ? static_cast<std::int64_t>(answer.json.items().size()) : answer.json.integer("totalCount");
  }
  return count;
}

Result<std::vector<Grant>> Client::dashboard_grants(std::int64_t organization, std::string_view uid) {
  PV_TRY(const std::string place, segment(uid));
  return grants({.target = "/api/dashboards/uid/" + place + "/permissions", .organization = organization});
}

Result<void> Client::set_dashboard_grants(std::int64_t organization, std::string_view uid, const std::vector<Grant>& grants) {
  PV_TRY(const std::string place, segment(uid));
  return set_grants({.target = "/api/dashboards/uid/" + place + "/permissions", .organization = organization}, grants);
}

}  // namespace pv::grafana
