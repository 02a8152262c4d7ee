#include "grafana/provisioner.h"

#include <fmt/format.h>

#include "grafana/names.h"
#include "grafana/record.h"
#include "grafana/turn.h"
#include "grafana/walk.h"

namespace pv::grafana {
namespace {

constexpr const char* kNotIsolated[] = {
    "grafana.isolation = \"team\" hides folders and dashboards of other companies; it does NOT isolate samples:",
    "  every viewer can list the datasources of all companies, with their InfluxDB organization and bucket (GET /api/datasources)",
    "  every viewer can query every company's samples through any datasource (POST /api/ds/query; no right of Grafana's free edition prevents it)",
    "  every viewer reaches InfluxDB through /api/datasources/proxy with the company's token: never give a datasource a token that may write",
    "  annotations, snapshots and the organization's name are common to all",
    "  grafana.isolation = \"organization\" keeps companies apart",
};

Walk walk_for(Client& client, Record& record, Mode mode, const model::TenantName& company, Isolation isolation, std::int64_t team_organization) {
  return {.client = &client, .record = &record, .mode = mode, .key = {company.str(), isolation}, .company = company, .team_organization = team_organization};
}

Result<Walk> provision(Client& client, Record& record, Mode mode, const Desired& desired) {
  Walk walk = walk_for(client, record, mode, desired.company, desired.isolation, desired.team_organization);
  walk.attendance = desired.attendance;
  PV_TRY_VOID(begin(walk));
  if (desired.isolation == Isolation::organization) {
    PV_TRY(const bool sees_inside, ensure_organization(walk));
    if (!sees_inside) return walk;
  }
  PV_TRY_VOID(ensure_team(walk));
  PV_TRY(const FolderPlace folder, ensure_folder(walk));
  PV_TRY(const std::string datasource, ensure_datasource(walk, desired.datasource));
  PV_TRY_VOID(ensure_dashboards(walk, desired.dashboards, folder, datasource));
  if (desired.user) {
    PV_TRY_VOID(ensure_user(walk, *desired.user));
    PV_TRY(const std::string own_login, record.own_login(walk.key));
    if (walk.changes() && own_login != lower_case(desired.user->login)) PV_TRY_VOID(record.save_own_login(walk.key, desired.user->login));
  }

  // A log has no use for what 'plan' and 'doctor' tell a person.
  if (desired.isolation == Isolation::team && desired.attendance == Attendance::person) walk.plan.notes.insert(walk.plan.notes.end(), std::begin(kNotIsolated), std::end(kNotIsolated));
  const Isolation other = desired.isolation == Isolation::team ? Isolation::organization : Isolation::team;
  PV_TRY(const auto left, record.company({desired.company.str(), other}));
  if (left) {
    walk.note(fmt::format("what grafana.isolation = \"{}\" has made for '{}' is still there: 'powerview grafana remove' with that setting takes it away", to_string(other),
                          desired.company.str()));
  }
  return walk;
}

Result<Walk> removal_walk(Client& client, Record& record, Mode mode, const Removal& removal) {
  Walk walk = walk_for(client, record, mode, removal.company, removal.isolation, removal.team_organization);
  PV_TRY_VOID(begin(walk));
  PV_TRY_VOID(take_away(walk, removal));
  return walk;
}

Result<Walk> addition_walk(Client& client, Record& record, Mode mode, const UserAddition& addition) {
  Walk walk = walk_for(client, record, mode, addition.company, addition.isolation, addition.team_organization);
  PV_TRY_VOID(begin(walk));
  if (addition.isolation == Isolation::organization) {
    PV_TRY(const auto organization, find_organization(walk));
    if (organization && organization->id != 1) walk.organization = organization->id;
  }
  std::optional<Team> team;
  if (walk.organization) {
    PV_TRY(team, find_team(walk));
  }
  if (!team) {
    return fail(Errc::not_found, fmt::format("Grafana has no team '{}' yet: run 'powerview grafana apply' for the company first", company_title(addition.company)));
  }
  walk.team = team->id;
  PV_TRY(const std::string own_login, record.own_login(walk.key));
  if (own_login == lower_case(addition.user.login) && addition.user.role != Role::viewer) {
    return fail(Errc::invalid_input, fmt::format("'{}' is the company's own user, whom every apply makes a viewer: give another login", addition.user.login));
  }
  PV_TRY_VOID(ensure_user(walk, addition.user));
  return walk;
}

}  // namespace

Provisioner::Provisioner(std::unique_ptr<Client> client, std::unique_ptr<Record> record, std::filesystem::path state_dir, std::chrono::milliseconds patience)
    : client_(std::move(client)), record_(std::move(record)), state_dir_(std::move(state_dir)), patience_(patience) {}
Provisioner::~Provisioner() = default;

Result<std::unique_ptr<Provisioner>> Provisioner::open(const Access& access, const std::filesystem::path& state_dir, std::chrono::milliseconds patience) {
  PV_TRY(auto client, Client::open(access));
  PV_TRY(auto record, Record::open(state_dir));
  return std::unique_ptr<Provisioner>(new Provisioner(std::move(client), std::move(record), state_dir, patience));
}

Result<Plan> Provisioner::plan(const Desired& desired) {
  PV_TRY(Walk walk, provision(*client_, *record_, Mode::look, desired));
  return std::move(walk.plan);
}

Result<Outcome> Provisioner::apply(const Desired& desired, const Applying& applying) {
  if (desired.datasource.token.empty()) {
    return fail(Errc::invalid_input, fmt::format("company '{}': Grafana's datasource needs the company's InfluxDB token, and there is none", desired.company.str()));
  }
  PV_TRY(const Turn turn, Turn::take(state_dir_, patience_));
  if (applying.is_wanted && !applying.is_wanted()) return Outcome{};
  PV_TRY_VOID(provision(*client_, *record_, Mode::look, desired));
  // Also when there is nothing to do in Grafana: what was adopted or generated anew is remembered.
  PV_TRY(Walk walk, provision(*client_, *record_, Mode::change, desired));
  return hand_on(walk, applying);
}

Result<Outcome> Provisioner::hand_on(Walk& walk, const Applying& applying) {
  Outcome outcome;
  for (const NewUser& user : walk.new_users) {
    if (user.password.empty()) continue;
    if (applying.hand_on) PV_TRY_VOID(applying.hand_on(user));
    outcome.user = user;
  }
  PV_TRY_VOID(hand_on_users(walk));
  outcome.done = std::move(walk.plan);
  return outcome;
}

Result<Plan> Provisioner::plan_removal(const Removal& removal) {
  PV_TRY(Walk walk, removal_walk(*client_, *record_, Mode::look, removal));
  return std::move(walk.plan);
}

Result<Plan> Provisioner::remove(const Removal& removal) {
  PV_TRY(const Turn turn, Turn::take(state_dir_, patience_));
  PV_TRY_VOID(removal_walk(*client_, *record_, Mode::look, removal));
  PV_TRY(Walk walk, removal_walk(*client_, *record_, Mode::change, removal));
  return std::move(walk.plan);
}

Result<Outcome> Provisioner::add_user(const UserAddition& addition, const Applying& applying) {
  PV_TRY(const Turn turn, Turn::take(state_dir_, patience_));
  PV_TRY_VOID(addition_walk(*client_, *record_, Mode::look, addition));
  PV_TRY(Walk walk, addition_walk(*client_, *record_, Mode::change, addition));
  return hand_on(walk, applying);
}

}  // namespace pv::grafana
