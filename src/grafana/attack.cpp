#include "grafana/attack.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "grafana/authorization.h"
#include "grafana/departure.h"
#include "grafana/names.h"
#include "tenancy/random_secret.h"

namespace pv::grafana {
namespace {

struct Attempt {
  std::string method, target, body, what;
  std::string must_not_hold;  // a good answer is no leak unless it holds this; "": any good answer is one, but one that tells an error
};

/// What there is of a company, as an administrator sees it: things that were adopted have other names than ours.
struct Target {
  std::vector<Datasource> datasources;
  std::vector<std::string> folders;
};

Result<Target> target_of(Client& client, const Attack& attack, const model::TenantName& company, std::int64_t organization) {
  Target target;
  PV_TRY(const auto own, client.own_account());
  PV_TRY(const auto members, client.members(organization));
  const bool sees_inside = own && std::any_of(members.begin(), members.end(), [&](const Member& member) { return member.user_id == own->id; });
  if (sees_inside) {
    PV_TRY(const auto datasources, client.datasources(organization));
    for (const Datasource& found : datasources) {
      const bool is_named = found.uid == datasource_uid(company) || found.name == datasource_name(company);
      if (is_named || attack.isolation == Isolation::organization) target.datasources.push_back(found);
    }
    PV_TRY(const auto folders, client.folders(organization));
    for (const Folder& found : folders) {
      if (found.uid == folder_uid(company) || found.title == company_title(company)) target.folders.push_back(found.uid);
    }
  }
  if (target.datasources.empty()) target.datasources.push_back({.uid = datasource_uid(company), .name = datasource_name(company), .type = attack.datasource_type, .all = {}});
  if (target.folders.empty()) target.folders.push_back(folder_uid(company));
  return target;
}

/// The ways through one datasource to a bucket, in words that say whose both are.
void add_ways_through(const Datasource& source, const std::string& bucket, const std::string& whose, std::vector<Attempt>& all) {
  const std::string flux = fmt::format("from(bucket: {}) |> range(start: 1970-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z) |> first()", nlohmann::json(bucket).dump());
  const nlohmann::json query = {
      {"from", "0"}, {"to", "now"}, {"queries", {{{"refId", "A"}, {"datasource", {{"uid", source.uid}, {"type", source.type}}}, {"query", flux}}}}};
  const nlohmann::json raw = {{"query", flux}, {"type", "flux"}};
  const std::string deletion = R"({"start":"1970-01-01T00:00:00Z","stop":"1970-01-01T00:00:01Z"})";
  all.push_back({"POST", "/api/ds/query", query.dump(), "a query to " + whose, ""});
  std::vector<std::string> ways = {"/api/datasources/proxy/uid/" + percent_encoded(source.uid)};
  // The old form, by number, is there up to 12.
  if (const std::int64_t id = source.all.integer("id"); id > 0) ways.push_back(fmt::format("/api/datasources/proxy/{}", id));
  for (const std::string& way : ways) {
    all.push_back({"POST", way + "/api/v2/query", raw.dump(), "a raw query through " + whose, ""});
    all.push_back({"POST", way + "/api/v2/write?bucket=" + percent_encoded(bucket), "", "a raw write through " + whose, ""});
    all.push_back({"POST", way + "/api/v2/delete?bucket=" + percent_encoded(bucket), deletion, "a raw delete through " + whose, ""});
  }
}

/// The ways there are, inside one organization.
std::vector<Attempt> attempts(const Attack& attack, const Target& victim, const Target& own) {
  std::vector<Attempt> all;
  for (const Datasource& source : victim.datasources) {
    const std::string uid = percent_encoded(source.uid);
    all.push_back({"GET", "/api/datasources", "", "the list of datasources", "\"" + source.uid + "\""});
    all.push_back({"GET", "/api/datasources/uid/" + uid, "", "their datasource by uid", ""});
    all.push_back({"GET", "/api/datasources/name/" + percent_encoded(source.name), "", "their datasource by name", ""});
    all.push_back({"GET", "/api/datasources/uid/" + uid + "/health", "", "the health of their datasource", ""});
    if (const std::int64_t id = source.all.integer("id"); id > 0) all.push_back({"GET", fmt::format("/api/datasources/{}", id), "", "their datasource by number", ""});
    add_ways_through(source, attack.victim_bucket, "their datasource", all);
  }
  for (const std::string& folder : victim.folders) {
    all.push_back({"GET", "/api/folders/" + percent_encoded(folder), "", "their folder", ""});
    all.push_back({"GET", "/api/search?limit=1000", "", "the search", "\"" + folder + "\""});
  }
  // Their own datasource, whose token must not reach further.
  for (const Datasource& source : own.datasources) add_ways_through(source, attack.victim_bucket, "the viewer's own datasource to their bucket", all);
  for (const std::string& uid : attack.victim_dashboards) all.push_back({"GET", "/api/dashboards/uid/" + percent_encoded(uid), "", "their dashboard " + uid, ""});
  return all;
}

Result<void> try_all(const std::vector<Attempt>& attempts, HttpClient& http, const std::string& credential, std::int64_t organization, std::string_view where, AttackOutcome& outcome) {
  for (const Attempt& attempt : attempts) {
    HttpRequest request{.method = attempt.method, .target = attempt.target};
    request.headers = {{"Authorization", credential}, {"X-Grafana-Org-Id", std::to_string(organization)}};
    request.body = attempt.body;
    if (!attempt.body.empty()) request.content_type = "application/json";
    PV_TRY(const HttpResponse answer, http.send(request));
    ++outcome.tried;
    if (answer.status / 100 != 2 || answer.body.find("\"error\"") != std::string::npos) continue;
    if (!attempt.must_not_hold.empty() && answer.body.find(attempt.must_not_hold) == std::string::npos) continue;
    outcome.leaks.push_back(fmt::format("{} ({}): {} {} answered {}", attempt.what, where, attempt.method, attempt.target.substr(0, attempt.target.find('?')), answer.status));
  }
  return {};
}

Result<std::int64_t> organization_of(Client& client, const Attack& attack, const model::TenantName& company) {
  if (attack.isolation == Isolation::team) return attack.team_organization;
  PV_TRY(const auto found, client.organization(company_title(company)));
  if (!found) return fail(Errc::not_found, fmt::format("Grafana has no organization '{}'; run 'powerview grafana apply'", company.str()));
  return found->id;
}

}  // namespace

Result<AttackOutcome> attack(const Attack& attack) {
  PV_TRY(const auto client, Client::open(attack.access));
  if (!client->has_password()) return fail(Errc::denied, "an attack needs a viewer, and only a server administrator can make one: set grafana.username and grafana.password");
  PV_TRY(const std::int64_t own, organization_of(*client, attack, attack.viewer));
  PV_TRY(const std::int64_t theirs, organization_of(*client, attack, attack.victim));
  tenancy::prepare_sodium();
  const std::string login = "powerview_doctor_" + lower_case(tenancy::random_secret().substr(0, 12));
  // Grafana's strictest password policy wants all kinds of characters.
  const Secret password(tenancy::random_secret() + "aA1!");
  PV_TRY(const std::int64_t account, client->make_account({.login = login, .email = login + "@localhost", .password = password, .organization = own}));

  const auto outcome = [&]() -> Result<AttackOutcome> {
    if (auto added = client->add_member(own, login, "Viewer"); !added && added.error().kind() != Errc::conflict) return fail(std::move(added).error());
    // Where accounts go by themselves is Grafana's setting; this one is a viewer of one company alone.
    PV_TRY(const std::vector<Organization> memberships, client->organizations_of(account));
    for (const Organization& one : memberships) {
      if (one.id == own) continue;
      PV_TRY(const auto now, client->account(login));
      if (now) PV_TRY_VOID(leave_organization(*client, *now, one, own));
    }
    PV_TRY_VOID(client->set_role(own, account, "Viewer"));
    PV_TRY(const Target victims, target_of(*client, attack, attack.victim, theirs));
    PV_TRY(const Target viewers, target_of(*client, attack, attack.viewer, own));
    const std::vector<Attempt> ways = attempts(attack, victims, viewers);
    PV_TRY(const auto http, HttpClient::open({.base_url = attack.access.url}));
    const std::string credential = basic_authorization(login, password);
    AttackOutcome tried;
    PV_TRY_VOID(try_all(ways, *http, credential, own, "from their own organization", tried));
    if (theirs == own) return tried;
    PV_TRY_VOID(try_all(ways, *http, credential, theirs, "naming the other organization", tried));
    for (const char* name : {"orgId", "targetOrgId"}) {
      const std::string target = fmt::format("/api/datasources?{}={}", name, theirs);
      PV_TRY(const HttpResponse switched, http->send({.target = target, .headers = {{"Authorization", credential}}}));
      ++tried.tried;
      for (const Datasource& source : victims.datasources) {
        if (switched.body.find("\"" + source.uid + "\"") != std::string::npos) tried.leaks.push_back(fmt::format("their datasources by {} in the address: GET {} answered {}", name, target, switched.status));
      }
    }
    PV_TRY(const HttpResponse moved, http->send({.method = "POST", .target = fmt::format("/api/user/using/{}", theirs), .headers = {{"Authorization", credential}}}));
    ++tried.tried;
    if (moved.status / 100 == 2) tried.leaks.push_back(fmt::format("going over to their organization: POST /api/user/using/{} answered {}", theirs, moved.status));
    return tried;
  }();
  auto deleted = client->delete_account(account);
  if (!deleted) return fail(std::move(deleted).error().with(fmt::format("the viewer '{}' that was made for the test could not be deleted; delete it by hand", login)));
  return outcome;
}

}  // namespace pv::grafana
