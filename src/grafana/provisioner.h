#pragma once
/// Brings Grafana to what a company is to have, and back.
///
///   plan    says what apply would do; only reads.
///   apply   looks first, so that missing rights and things it must not touch stop it before anything is changed; then does it. Done twice, the
///           second sends nothing but GETs. Whatever it is stopped by - a lost answer, a cut, a person who renames or deletes - the next apply
///           ends right. Things are found by what is natural to them (organization, team and folder by name or uid, datasource by name or uid,
///           dashboard by uid, user by login) and adopted when PowerView has not made them. What the record has as another company's is never adopted,
///           however it is called now; with Attendance::nobody neither are an organization with people in it and an account that is elsewhere too.
///   remove  takes dashboards, folder, datasource and team away, on request the users (accounts that PowerView has not made lose only their
///           membership), and the organization when nothing else is in it. Samples are not Grafana's and stay.
/// People's edits of dashboards are kept (merge.h); what cannot be merged is in the notes.
///   Errors: those of client.h and record.h; conflict also: another apply is running on this installation, or something that is not PowerView's is
///   in the way; denied: a right is missing, with what to set.
///   Threads: one at a time; several processes take turns by a lock on <state>/grafana.lock. Cost: about 20 requests and 2 a dashboard for a plan, twice
///   that for an apply, which looks first.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "grafana/client.h"
#include "grafana/desired.h"

namespace pv::grafana {

class Record;
struct Walk;

enum class ActionKind : std::uint8_t { make, change, adopt, remove };
[[nodiscard]] std::string_view to_string(ActionKind kind) noexcept;

struct Action {
  ActionKind kind = ActionKind::make;
  std::string what;  // for a person: datasource 'influxdb_acme': url, new token
};

struct Plan {
  std::vector<Action> actions;  // in their order
  std::vector<std::string> notes;  // what a person should know: kept edits, what a team does not isolate, what was left alone
  [[nodiscard]] bool is_empty() const noexcept { return actions.empty(); }
};

/// To be handed on at once: it is kept nowhere.
struct NewUser {
  std::string login;
  Secret password;  // that was drawn
};

struct Outcome {
  Plan done;
  std::optional<NewUser> user;  // none: no password was drawn
};

struct Applying {
  /// Gets a user whose password was drawn before it counts as made: where this fails, or the program ends, the next apply gives the user a new
  /// password. Empty: the outcome is all there is.
  std::function<Result<void>(const NewUser&)> hand_on = {};
  /// Asked once it is this apply's turn: whether it is still to be done. Empty: it is.
  std::function<bool()> is_wanted = {};
};

struct Removal {
  model::TenantName company;
  Isolation isolation = Isolation::organization;
  std::int64_t team_organization = 1;
  std::vector<std::string> dashboard_uids = {};  // besides those that PowerView remembers
  enum class User : std::uint8_t { keep, remove } user = User::keep;
  std::string login = {};  // "": the remembered one, else admin_<company>
};

/// A further user of a company that has been applied. One that exists is put into the company's organization and team; its password stays unless one is
/// given.
struct UserAddition {
  model::TenantName company;
  Isolation isolation = Isolation::organization;
  std::int64_t team_organization = 1;
  WantedUser user;
};

class Provisioner {
 public:
  /// Sends nothing yet. `patience`: how long another apply is waited for.
  static Result<std::unique_ptr<Provisioner>> open(const Access& access, const std::filesystem::path& state_dir,
                                                   std::chrono::milliseconds patience = std::chrono::seconds(10));
  ~Provisioner();
  Provisioner(const Provisioner&) = delete;
  Provisioner& operator=(const Provisioner&) = delete;

  Result<Plan> plan(const Desired& desired);
  Result<Outcome> apply(const Desired& desired, const Applying& applying = {});
  Result<Plan> plan_removal(const Removal& removal);
  Result<Plan> remove(const Removal& removal);
  Result<Outcome> add_user(const UserAddition& addition, const Applying& applying = {});

 private:
  Provisioner(std::unique_ptr<Client> client, std::unique_ptr<Record> record, std::filesystem::path state_dir, std::chrono::milliseconds patience);
  Result<Outcome> hand_on(Walk& walk, const Applying& applying);
  std::unique_ptr<Client> client_;
  std::unique_ptr<Record> record_;
  std::filesystem::path state_dir_;
  std::chrono::milliseconds patience_;
};

}  // namespace pv::grafana
