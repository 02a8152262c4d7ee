#pragma once
/// One walk through what a company has in Grafana. Looking and changing are the same walk, so that a plan cannot say anything else than what apply
/// does: every step reads what is there, says what it would do, and in Mode::change does it.
///   Threads: one at a time.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "grafana/client.h"
#include "grafana/desired.h"
#include "grafana/provisioner.h"
#include "grafana/record.h"

namespace pv::grafana {

enum class Mode : std::uint8_t { look, change };

struct Walk {
  Client* client;
  Record* record;
  Mode mode;
  RecordKey key;
  model::TenantName company;
  std::int64_t team_organization;
  Attendance attendance = Attendance::person;

  Plan plan = {};
  CompanyRecord known = {}, saved = {};  // as this walk has it, and as the record does
  std::vector<UserRecord> known_users = {};
  std::optional<Account> own = {};            // when the credentials are a server administrator's
  std::optional<std::int64_t> organization = {};  // that everything is in; none: it is not there yet
  std::optional<std::int64_t> team = {};
  std::vector<NewUser> new_users = {};  // one whose password was given has none here

  [[nodiscard]] bool changes() const noexcept { return mode == Mode::change; }
  void act(ActionKind kind, std::string what) { plan.actions.push_back({kind, std::move(what)}); }
  void note(std::string what) { plan.notes.push_back(std::move(what)); }
  /// After every step: what is stopped half-way goes on from there.
  Result<void> remember();
  [[nodiscard]] std::string server_administrator_needed(std::string_view for_what) const;
};

/// Reads the record; finds out whether the credentials reach what the isolation needs. Errors: denied, naming what to set.
Result<void> begin(Walk& walk);

/// The company's organization as it is there: by its number if that is still ours, else by name. None there: nothing. Errors: conflict: it is
/// another company's, renamed.
Result<std::optional<Organization>> find_organization(Walk& walk);
/// False: it is there, but nobody of ours is in it yet, so that what is inside cannot be seen by this look.
Result<bool> ensure_organization(Walk& walk);

/// None there: nothing. One that was renamed is recognised by its right on our folder.
Result<std::optional<Team>> find_team(Walk& walk);
Result<void> ensure_team(Walk& walk);

struct FolderPlace {
  std::string uid;
  std::vector<std::string> titles;  // of all folders: what a dashboard may not be called
};
/// Errors: conflict: several folders have the company's name.
Result<std::optional<Folder>> find_folder(Walk& walk, const std::vector<Folder>& all);
Result<FolderPlace> ensure_folder(Walk& walk);
/// The team may view, nobody else may anything.
[[nodiscard]] bool is_for_team_alone(const std::vector<Grant>& grants, std::int64_t team);
[[nodiscard]] std::vector<Grant> for_team_alone(std::int64_t team);

Result<std::optional<Datasource>> find_datasource(Walk& walk);
/// Gives its uid.
Result<std::string> ensure_datasource(Walk& walk, const WantedDatasource& wanted);

Result<void> ensure_dashboards(Walk& walk, const std::vector<WantedDashboard>& wanted, const FolderPlace& folder, const std::string& datasource);

/// Password of a new user: in walk.new_users; it counts as handed on once hand_on_users() is called.
Result<void> ensure_user(Walk& walk, const WantedUser& wanted);
Result<void> hand_on_users(Walk& walk);

Result<void> take_away(Walk& walk, const Removal& removal);

}  // namespace pv::grafana
