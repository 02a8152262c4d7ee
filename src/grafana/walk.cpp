#include "grafana/walk.h"

#include <algorithm>

#include <fmt/format.h>

#include "grafana/names.h"

namespace pv::grafana {
namespace {

/// Where Grafana puts everybody at first: never a company's.
constexpr std::int64_t kMainOrganization = 1;

/// An organization with another name is ours only with proof: on a Grafana that was set up anew, the number may be anybody's.
Result<bool> has_our_datasource(Walk& walk, std::int64_t organization) {
  if (walk.known.datasource_uid.empty()) return false;
  PV_TRY(const auto members, walk.client->members(organization));
  const bool is_in = std::any_of(members.begin(), members.end(), [&](const Member& member) { return member.user_id == walk.own->id; });
  if (!is_in) return false;
  PV_TRY(const auto datasource, walk.client->datasource_by_uid(organization, walk.known.datasource_uid));
  return datasource.has_value();
}

}  // namespace

std::string_view to_string(ActionKind kind) noexcept {
  switch (kind) {
    case ActionKind::make: return "make";
    case ActionKind::change: return "change";
    case ActionKind::adopt: return "adopt";
    case ActionKind::remove: return "remove";
  }
  return "change";
}

Result<void> Walk::remember() {
  if (!changes() || known == saved) return {};
  PV_TRY_VOID(record->save(key, known));
  saved = known;
  return {};
}

std::string Walk::server_administrator_needed(std::string_view for_what) const {
  return fmt::format("{} needs a Grafana server administrator: set grafana.username and grafana.password to one's ({})", for_what,
                     client->has_password() ? fmt::format("'{}' is none", client->username()) : "a service account token (grafana.api_token) never is one");
}

Result<void> begin(Walk& walk) {
  PV_TRY(const auto known, walk.record->company(walk.key));
  walk.known = known.value_or(CompanyRecord{});
  walk.saved = walk.known;
  PV_TRY(walk.known_users, walk.record->users(walk.key));
  PV_TRY_VOID(walk.client->version());
  PV_TRY(walk.own, walk.client->own_account());
  if (walk.key.isolation == Isolation::organization) {
    if (!walk.own) {
      return fail(Errc::denied, walk.server_administrator_needed("grafana.isolation = \"organization\" (a Grafana organization for each company)") +
                                    "; or set grafana.isolation = \"team\", which does not keep companies from each other's samples");
    }
    return {};
  }
  walk.organization = walk.client->has_password() ? walk.team_organization : 0;
  if (walk.own) {
    // Grafana answers those who are not in it as if their password were wrong.
    PV_TRY(const auto organizations, walk.client->organizations_of(walk.own->id));
    const bool is_in = std::any_of(organizations.begin(), organizations.end(), [&](const Organization& found) { return found.id == walk.team_organization; });
    if (!is_in) {
      return fail(Errc::denied, fmt::format("'{}' (grafana.username) is not in Grafana's organization {}: make it an Admin of it", walk.client->username(), walk.team_organization));
    }
  }
  PV_TRY(const bool may_manage, walk.client->may_manage(*walk.organization));
  if (!may_manage) {
    return fail(Errc::denied, walk.client->has_password()
                                  ? fmt::format("'{}' (grafana.username) is no Admin of Grafana's organization {}: give it that role there", walk.client->username(), *walk.organization)
                                  : "the service account of grafana.api_token is no Admin: give it that role in Grafana (Administration, Service accounts)");
  }
  return {};
}

Result<std::optional<Organization>> find_organization(Walk& walk) {
  const std::string& title = company_title(walk.company);
  PV_TRY(const auto named, walk.client->organization(title));
  if (walk.known.organization != 0 && (!named || named->id != walk.known.organization)) {
    PV_TRY(const auto numbered, walk.client->organization(walk.known.organization));
    bool is_ours = false;
    if (numbered) {
      PV_TRY(is_ours, has_our_datasource(walk, numbered->id));
    }
    if (is_ours && named) {
      return fail(Errc::conflict, fmt::format("Grafana's organization {} was renamed '{}', and another one is called '{}': rename or delete one of them", numbered->id,
                                              numbered->name, title));
    }
    if (is_ours) return numbered;
  }
  if (named && named->id != walk.known.organization) {
    // An Admin of an organization may call it what they like.
    PV_TRY(const auto other, walk.record->other_with_organization(walk.key, named->id));
    if (other) {
      return fail(Errc::conflict, fmt::format("Grafana's organization '{}' (number {}) is the one of company '{}', renamed: give it that name again in Grafana; "
                                              "if Grafana was set up anew since, run 'powerview grafana apply' for '{}' first",
                                              title, named->id, *other, *other));
    }
  }
  return named;
}

Result<bool> ensure_organization(Walk& walk) {
  const std::string& title = company_title(walk.company);
  PV_TRY(const auto found, find_organization(walk));
  if (!found) {
    walk.act(ActionKind::make, fmt::format("organization '{}'", title));
    if (walk.changes()) {
      PV_TRY(walk.organization, walk.client->make_organization(title));
      PV_TRY_VOID(walk.record->take_organization(walk.key, *walk.organization));
      walk.known = {};  // what was inside an older one is gone with it
      walk.known.organization = *walk.organization;
    }
    PV_TRY_VOID(walk.remember());
    return true;
  }
  if (found->id == kMainOrganization) {
    return fail(Errc::conflict, fmt::format("'{}' is Grafana's main organization, where everybody may be: rename it in Grafana, or the company", title));
  }
  walk.organization = found->id;
  if (found->name != title) {
    walk.act(ActionKind::change, fmt::format("organization '{}': its name, from '{}'", title, found->name));
    if (walk.changes()) PV_TRY_VOID(walk.client->rename_organization(found->id, title));
  }
  PV_TRY(const auto members, walk.client->members(found->id));
  if (walk.known.organization != found->id) {
    const auto others = std::count_if(members.begin(), members.end(), [&](const Member& member) { return member.user_id != walk.own->id; });
    if (others > 0 && walk.attendance == Attendance::nobody) {
      return fail(Errc::conflict, fmt::format("Grafana has an organization '{}' (number {}) that PowerView has not made, with {} people in it: 'powerview grafana plan' shows what "
                                              "would be adopted, 'apply' does it",
                                              title, found->id, others));
    }
    walk.act(ActionKind::adopt, fmt::format("organization '{}' (number {}, {} members)", title, found->id, members.size()));
    walk.known = {};
    walk.known.organization = found->id;
  }
  const auto self = std::find_if(members.begin(), members.end(), [&](const Member& member) { return member.user_id == walk.own->id; });
  if (self == members.end()) {
    walk.act(ActionKind::change, fmt::format("organization '{}': '{}' joins it as Admin", title, walk.client->username()));
    if (!walk.changes()) {
      walk.note(fmt::format("what is inside organization '{}' can be seen once '{}' has joined it", title, walk.client->username()));
      return false;
    }
    PV_TRY_VOID(walk.client->add_member(found->id, walk.client->username(), "Admin"));
  } else if (self->role != "Admin") {
    walk.act(ActionKind::change, fmt::format("organization '{}': '{}' becomes Admin", title, walk.client->username()));
    if (!walk.changes()) {
      walk.note(fmt::format("what is inside organization '{}' can be seen once '{}' is Admin of it", title, walk.client->username()));
      return false;
    }
    PV_TRY_VOID(walk.client->set_role(found->id, walk.own->id, "Admin"));
  }
  PV_TRY_VOID(walk.remember());
  return true;
}

}  // namespace pv::grafana
