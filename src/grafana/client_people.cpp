#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "grafana/client.h"
#include "grafana/json_text.h"
#include "grafana/names.h"

namespace pv::grafana {
namespace {

using nlohmann::json;

Organization read_organization(const JsonValue& value) { return {value.integer("id") != 0 ? value.integer("id") : value.integer("orgId"), value.text("name")}; }

Member member_of(const JsonValue& value) { return {value.integer("userId"), value.text("login"), value.text("role")}; }

Team team_of(const JsonValue& value) { return {value.integer("id"), value.text("name")}; }

Account account_of(const JsonValue& value) {
  return {value.integer("id"), value.text("login"), value.text("email"), value.text("name"), value.integer("orgId"), value.truth("isGrafanaAdmin")};
}

template <class T, class Read>
std::vector<T> each(const std::vector<JsonValue>& items, Read read) {
  std::vector<T> found;
  found.reserve(items.size());
  for (const JsonValue& item : items) found.push_back(read(item));
  return found;
}

/// Grafana's numbers are positive; what has none is no answer to build on.
Result<std::int64_t> id_in(const JsonValue& answer, std::string_view member) {
  const std::int64_t id = answer.integer(member);
  if (id <= 0) return fail(Errc::unavailable, fmt::format("Grafana: the answer has no {}", member));
  return id;
}

}  // namespace

Result<std::optional<Organization>> Client::organization(std::int64_t id) {
  PV_TRY(const auto found, find({.target = fmt::format("/api/orgs/{}", id)}));
  return found ? std::optional(read_organization(*found)) : std::nullopt;
}

Result<std::optional<Organization>> Client::organization(std::string_view name) {
  PV_TRY(const auto found, find({.target = "/api/orgs/name/" + percent_encoded(name)}));
  // A database may compare without regard to case.
  if (!found || found->text("name") != name) return std::optional<Organization>();
  PV_TRY_VOID(id_in(*found, "id"));
  return std::optional(read_organization(*found));
}

Result<std::int64_t> Client::make_organization(std::string_view name) {
  PV_TRY(const JsonValue made, change({.method = "POST", .target = "/api/orgs", .body = text_of({{"name", name}})}));
  return id_in(made, "orgId");
}

Result<void> Client::rename_organization(std::int64_t id, std::string_view name) {
  PV_TRY_VOID(change({.method = "PUT", .target = fmt::format("/api/orgs/{}", id), .body = text_of({{"name", name}})}));
  return {};
}

Result<void> Client::delete_organization(std::int64_t id, std::int64_t from) { return erase(from, fmt::format("/api/orgs/{}", id)); }

Result<std::vector<Member>> Client::members(std::int64_t organization) {
  PV_TRY(const auto items, list({.target = fmt::format("/api/orgs/{}/users", organization)}, ""));
  return each<Member>(items, member_of);
}

Result<void> Client::add_member(std::int64_t organization, std::string_view login, std::string_view role) {
  PV_TRY_VOID(change({.method = "POST", .target = fmt::format("/api/orgs/{}/users", organization), .body = text_of({{"loginOrEmail", login}, {"role", role}})}));
  return {};
}

Result<void> Client::set_role(std::int64_t organization, std::int64_t user, std::string_view role) {
  PV_TRY_VOID(change({.method = "PATCH", .target = fmt::format("/api/orgs/{}/users/{}", organization, user), .body = text_of({{"role", role}})}));
  return {};
}

Result<void> Client::drop_member(std::int64_t organization, std::int64_t user) {
  return erase(0, fmt::format("/api/orgs/{}/users/{}", organization, user));
}

Result<std::optional<Account>> Client::account(std::string_view login) {
  PV_TRY(const auto found, find({.target = "/api/users/lookup?loginOrEmail=" + percent_encoded(login)}));
  if (!found) return std::optional<Account>();
  PV_TRY_VOID(id_in(*found, "id"));
  return std::optional(account_of(*found));
}

Result<std::optional<Account>> Client::own_account() {
  if (!has_password()) return std::optional<Account>();
  const Call call{.target = "/api/users/lookup?loginOrEmail=" + percent_encoded(access_.username)};
  PV_TRY(const Answer answer, send(call));
  if (answer.status == 403) return std::optional<Account>();
  if (!answer.is_good()) return fail(refusal(call, answer));
  const Account account = account_of(answer.json);
  return account.is_server_admin ? std::optional(account) : std::nullopt;
}

Result<std::int64_t> Client::make_account(const NewAccount& account) {
  json body = {{"name", account.login}, {"login", account.login}, {"password", account.password.reveal()}, {"OrgId", account.organization}};
  if (!account.email.empty()) body["email"] = account.email;
  PV_TRY(const JsonValue made, change({.method = "POST", .target = "/api/admin/users", .body = text_of(body)}));
  return id_in(made, "id");
}

Result<void> Client::set_password(std::int64_t user, const Secret& password) {
  PV_TRY_VOID(change({.method = "PUT", .target = fmt::format("/api/admin/users/{}/password", user), .body = text_of({{"password", password.reveal()}})}));
  return {};
}

Result<void> Client::set_email(const Account& account, std::string_view email) {
  // All three are replaced.
  const std::string body = text_of({{"login", account.login}, {"name", account.name}, {"email", email}});
  PV_TRY_VOID(change({.method = "PUT", .target = fmt::format("/api/users/{}", account.id), .body = body}));
  return {};
}

Result<void> Client::delete_account(std::int64_t user) { return erase(0, fmt::format("/api/admin/users/{}", user)); }

Result<std::vector<Organization>> Client::organizations_of(std::int64_t user) {
  PV_TRY(const auto items, list({.target = fmt::format("/api/users/{}/orgs", user)}, ""));
  return each<Organization>(items, read_organization);
}

Result<void> Client::use_organization(std::int64_t user, std::int64_t organization) {
  PV_TRY_VOID(change({.method = "POST", .target = fmt::format("/api/users/{}/using/{}", user, organization)}));
  return {};
}

Result<std::optional<Member>> Client::member(std::int64_t organization, std::string_view login) {
  // The query finds parts of names; a page of a hundred holds the right one unless logins are very alike.
  PV_TRY(const auto items, list({.target = "/api/org/users/lookup?limit=100&query=" + percent_encoded(login), .organization = organization}, ""));
  for (const Member& found : each<Member>(items, member_of)) {
    if (lower_case(found.login) == lower_case(login)) return std::optional(found);
  }
  return std::optional<Member>();
}

Result<void> Client::add_own_member(std::int64_t organization, std::string_view login, std::string_view role) {
  PV_TRY_VOID(change({.method = "POST", .target = "/api/org/users", .organization = organization, .body = text_of({{"loginOrEmail", login}, {"role", role}})}));
  return {};
}

Result<std::vector<Team>> Client::teams(std::int64_t organization) {
  PV_TRY(const auto items, list({.target = "/api/teams/search?perpage=10&page=1", .organization = organization}, "teams"));
  return each<Team>(items, team_of);
}

Result<std::optional<Team>> Client::team(std::int64_t organization, std::string_view name) {
  PV_TRY(const auto items, list({.target = "/api/teams/search?name=" + percent_encoded(name), .organization = organization}, "teams"));
  for (const JsonValue& item : items) {
    if (item.text("name") != name) continue;
    PV_TRY_VOID(id_in(item, "id"));
    return std::optional(team_of(item));
  }
  return std::optional<Team>();
}

Result<std::optional<Team>> Client::team(std::int64_t organization, std::int64_t id) {
  PV_TRY(const auto found, find({.target = fmt::format("/api/teams/{}", id), .organization = organization}));
  return found ? std::optional(team_of(*found)) : std::nullopt;
}

Result<std::int64_t> Client::make_team(std::int64_t organization, std::string_view name) {
  PV_TRY(const JsonValue made, change({.method = "POST", .target = "/api/teams", .organization = organization, .body = text_of({{"name", name}})}));
  return id_in(made, "teamId");
}

Result<void> Client::rename_team(std::int64_t organization, const Team& team, std::string_view name) {
  // Both fields are replaced: the e-mail that somebody gave the team has to go along.
  const std::string target = fmt::format("/api/teams/{}", team.id);
  PV_TRY(const auto now, find({.target = target, .organization = organization}));
  PV_TRY_VOID(change({.method = "PUT", .target = target, .organization = organization, .body = text_of({{"name", name}, {"email", now ? now->text("email") : ""}})}));
  return {};
}

Result<void> Client::delete_team(std::int64_t organization, std::int64_t id) { return erase(organization, fmt::format("/api/teams/{}", id)); }

Result<std::vector<TeamMember>> Client::team_members(std::int64_t organization, std::int64_t team) {
  PV_TRY(const auto items, list({.target = fmt::format("/api/teams/{}/members", team), .organization = organization}, ""));
  return each<TeamMember>(items, [](const JsonValue& item) { return TeamMember{item.integer("userId"), item.text("login"), item.integer("permission") == 4}; });
}

Result<void> Client::add_team_member(std::int64_t organization, std::int64_t team, std::int64_t user) {
  const Call call{.method = "POST", .target = fmt::format("/api/teams/{}/members", team), .organization = organization, .body = text_of({{"userId", user}})};
  PV_TRY(const Answer answer, send(call));
  // 400: is one already, which the list may hide ("hidden_users").
  if (!answer.is_good() && answer.status != 400) return fail(refusal(call, answer));
  return {};
}

Result<void> Client::drop_team_member(std::int64_t organization, std::int64_t team, std::int64_t user) {
  return erase(organization, fmt::format("/api/teams/{}/members/{}", team, user));
}

}  // namespace pv::grafana
