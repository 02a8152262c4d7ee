#include "grafana/attack.h"

#include <array>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "grafana/authorization.h"
#include "grafana/names.h"
#include "tenancy/random_secret.h"

namespace pv::grafana {
namespace {

struct Attempt {
  std::string method, target, body, what;
  std::string must_not_hold;  // a good answer is no leak unless it holds this; "": any good answer is one, but one that tells an error
};

/// The ways there are, inside one organization.
std::vector<Attempt> attempts(const Attack& attack) {
  const std::string datasource = percent_encoded(datasource_uid(attack.victim));
  const std::string flux = fmt::format("from(bucket: {}) |> range(start: 1970-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z) |> first()", nlohmann::json(attack.victim_bucket).dump());
  const nlohmann::json query = {{"from", "0"},
                                {"to", "now"},
                                {"queries", {{{"refId", "A"}, {"datasource", {{"uid", datasource_uid(attack.victim)}, {"type", attack.datasource_type}}}, {"query", flux}}}}};
  const nlohmann::json raw = {{"query", flux}, {"type", "flux"}};
  std::vector<Attempt> all = {
      {"GET", "/api/datasources", "", "the list of datasources", datasource_uid(attack.victim)},
      {"GET", "/api/datasources/uid/" + datasource, "", "their datasource by uid", ""},
      {"GET", "/api/datasources/name/" + percent_encoded(datasource_name(attack.victim)), "", "their datasource by name", ""},
      {"GET", "/api/datasources/uid/" + datasource + "/health", "", "the health of their datasource", ""},
      {"POST", "/api/ds/query", query.dump(), "a query to their datasource", ""},
      {"POST", "/api/datasources/proxy/uid/" + datasource + "/api/v2/query", raw.dump(), "a raw query through their datasource", ""},
      {"POST", "/api/datasources/proxy/uid/" + datasource + "/api/v2/write?bucket=" + percent_encoded(attack.victim_bucket), "", "a raw write through their datasource", ""},
      {"POST", "/api/datasources/proxy/uid/" + datasource + "/api/v2/delete?bucket=" + percent_encoded(attack.victim_bucket),
       R"({"start":"1970-01-01T00:00:00Z","stop":"1970-01-01T00:00:01Z"})", "a raw delete through their datasource", ""},
      {"GET", "/api/folders/" + percent_encoded(folder_uid(attack.victim)), "", "their folder", ""},
      {"GET", "/api/search?limit=1000", "", "the search", folder_uid(attack.victim)},
  };
  // Their own datasource, whose token must not reach further.
  const std::string own = percent_encoded(datasource_uid(attack.viewer));
  nlohmann::json wider = query;
  wider["queries"][0]["datasource"]["uid"] = datasource_uid(attack.viewer);
  all.push_back({"POST", "/api/ds/query", wider.dump(), "their samples through the viewer's own datasource", ""});
  all.push_back({"POST", "/api/datasources/proxy/uid/" + own + "/api/v2/query", raw.dump(), "their samples through the viewer's own datasource, raw", ""});
  for (const std::string& uid : attack.victim_dashboards) all.push_back({"GET", "/api/dashboards/uid/" + percent_encoded(uid), "", "their dashboard " + uid, ""});
  return all;
}

Result<void> try_all(const Attack& attack, HttpClient& http, const std::string& credential, std::int64_t organization, std::string_view where, AttackOutcome& outcome) {
  for (const Attempt& attempt : attempts(attack)) {
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
      if (one.id != own) PV_TRY_VOID(client->drop_member(one.id, account));
    }
    PV_TRY_VOID(client->set_role(own, account, "Viewer"));
    PV_TRY(const auto http, HttpClient::open({.base_url = attack.access.url}));
    const std::string credential = basic_authorization(login, password);
    AttackOutcome tried;
    PV_TRY_VOID(try_all(attack, *http, credential, own, "from their own organization", tried));
    if (theirs == own) return tried;
    PV_TRY_VOID(try_all(attack, *http, credential, theirs, "naming the other organization", tried));
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
