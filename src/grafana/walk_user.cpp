#include <algorithm>

#include <fmt/format.h>

#include "grafana/departure.h"
#include "grafana/names.h"
#include "grafana/walk.h"
#include "tenancy/random_secret.h"

namespace pv::grafana {
namespace {

/// 256 random bits, with what Grafana's password policy asks for where it is on: upper, lower, digit and symbol.
Secret random_password() { return Secret(tenancy::random_secret() + "-aA1"); }

Result<void> check_wanted(const WantedUser& wanted) {
  const auto is_fine = [](std::string_view text) {
    return text.size() <= 190 && model::is_valid_utf8(text) && std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  };
  if (wanted.login.empty() || !is_fine(wanted.login)) return fail(Errc::invalid_input, "a login has 1 to 190 characters of UTF-8, none of them a control character");
  if (!is_fine(wanted.email) || (!wanted.email.empty() && wanted.email.find('@') == std::string::npos)) {
    return fail(Errc::invalid_input, fmt::format("user '{}': this is no e-mail address", wanted.login));
  }
  if (wanted.password && (!model::is_valid_utf8(wanted.password->reveal()) || wanted.password->empty())) {
    return fail(Errc::invalid_input, fmt::format("user '{}': the password is empty or no UTF-8", wanted.login));
  }
  return {};
}

/// The steps for one user; `id` is there once the account is.
class OneUser {
 public:
  OneUser(Walk& walk, const WantedUser& wanted) : walk_(walk), wanted_(wanted), called_(fmt::format("user '{}'", wanted.login)), login_(wanted.login) {
    record_.login = lower_case(wanted.login);
  }

  Result<void> ensure() {
    PV_TRY(const auto other, walk_.record->other_with_login(walk_.key, record_.login));
    if (other) return leave_to_person(fmt::format("it is of company '{}' already", *other));
    PV_TRY_VOID(find_record());
    PV_TRY_VOID(find_renamed());
    if (!walk_.own) {
      PV_TRY_VOID(find_as_organization_admin());
    } else {
      PV_TRY_VOID(ensure_account());
      if (id_) PV_TRY_VOID(give_what_was_given());
      if (id_) PV_TRY_VOID(ensure_membership());
      if (id_) PV_TRY_VOID(leave_others());
    }
    if (!id_) return {};
    return join_team();
  }

 private:
  [[nodiscard]] bool is_ours() const { return record_.state == UserState::making || record_.state == UserState::made; }

  Result<void> remember(UserState state) {
    record_.state = state;
    record_.id = id_.value_or(0);
    const bool is_saved = std::find(walk_.known_users.begin(), walk_.known_users.end(), record_) != walk_.known_users.end();
    return walk_.changes() && !is_saved ? walk_.record->save_user(walk_.key, record_) : Result<void>();
  }

  /// What is known of the user, also from before the isolation was changed.
  Result<void> find_record() {
    const Isolation other = walk_.key.isolation == Isolation::team ? Isolation::organization : Isolation::team;
    PV_TRY(const auto before, walk_.record->users({walk_.key.company, other}));
    for (const std::vector<UserRecord>& users : {before, walk_.known_users}) {
      for (const UserRecord& known : users) {
        if (lower_case(known.login) == record_.login) record_ = {record_.login, known.id, known.state};
      }
    }
    return {};
  }

  /// An account of ours that a person has given another login is not made a second time.
  Result<void> find_renamed() {
    if (record_.id == 0 || !walk_.team) return {};
    PV_TRY(const auto members, walk_.client->team_members(*walk_.organization, *walk_.team));
    for (const TeamMember& member : members) {
      if (member.user_id != record_.id || lower_case(member.login) == record_.login) continue;
      walk_.note(fmt::format("{} is called '{}' in Grafana now", called_, member.login));
      login_ = member.login;
    }
    return {};
  }

  Result<void> find_as_organization_admin() {
    PV_TRY(const auto member, walk_.client->member(*walk_.organization, login_));
    if (!member) {
      return fail(Errc::denied, walk_.server_administrator_needed(fmt::format("making {} in Grafana", called_)) + "; or make the user in Grafana first");
    }
    if (wanted_.password || !wanted_.email.empty()) {
      return fail(Errc::denied, walk_.server_administrator_needed(fmt::format("giving {}, whom Grafana has, a password or an e-mail address", called_)));
    }
    PV_TRY(const auto other, walk_.record->other_with_account(walk_.key, member->user_id));
    if (record_.id != member->user_id && other) return leave_to_person(of_other_company(*other));
    if (record_.id != member->user_id && walk_.attendance == Attendance::nobody) return leave_to_person("PowerView has not made it");
    id_ = member->user_id;
    if (record_.id == *id_) return {};
    walk_.act(ActionKind::adopt, called_);
    return remember(UserState::adopted);
  }

  [[nodiscard]] static std::string of_other_company(const std::string& company) {
    return fmt::format("it is the account of company '{0}', with another login (if Grafana was set up anew since, apply '{0}' first)", company);
  }

  /// An account that is not taken: a person may do something about it; without one everything else of the company goes on.
  Result<void> leave_to_person(const std::string& why) {
    if (walk_.attendance == Attendance::person) return fail(Errc::conflict, fmt::format("{}: {}: give another login", called_, why));
    walk_.note(fmt::format("{} is in Grafana and is left alone: {}; 'powerview grafana plan' shows what an apply by hand does, --login names another", called_, why));
    return {};
  }

  Result<void> ensure_account() {
    PV_TRY(account_, walk_.client->account(login_));
    if (!account_) return make_account();
    const bool is_known = record_.id == account_->id;
    // Grafana looks e-mail addresses up before logins.
    if (!is_known && lower_case(account_->login) != record_.login && lower_case(account_->email) == record_.login) {
      return leave_to_person(fmt::format("Grafana knows this as the e-mail address of '{}'", account_->login));
    }
    if (account_->is_server_admin) return leave_to_person("a Grafana server administrator, whom nothing keeps from anything");
    PV_TRY(const auto other, walk_.record->other_with_account(walk_.key, account_->id));
    if (!is_known && other) return leave_to_person(of_other_company(*other));
    if (record_.state == UserState::making && (is_known || record_.id == 0)) {
      id_ = account_->id;
      walk_.act(ActionKind::change, called_ + ": a password, since the one it was made with reached nobody");
      if (!walk_.changes()) return {};
      PV_TRY_VOID(walk_.client->set_password(*id_, new_password()));
      return remember(UserState::making);
    }
    if (!is_known) return adopt();
    id_ = account_->id;
    return remember(record_.state);
  }

  /// Somebody may have given their account this login to get in here.
  Result<void> adopt() {
    PV_TRY(const auto organizations, walk_.client->organizations_of(account_->id));
    bool is_elsewhere = walk_.key.isolation == Isolation::team;
    for (const Organization& found : organizations) {
      if (walk_.organization && found.id == *walk_.organization) continue;
      is_elsewhere = true;
      PV_TRY(const auto owner, walk_.record->other_with_organization(walk_.key, found.id));
      if (owner) return leave_to_person(fmt::format("it is in the organization of company '{}'", *owner));
    }
    if (is_elsewhere && walk_.attendance == Attendance::nobody) return leave_to_person("PowerView has not made it, and it may be anybody's");
    id_ = account_->id;
    walk_.act(ActionKind::adopt, called_ + (wanted_.password ? "" : ": its password stays"));
    if (!wanted_.password) {
      walk_.note(fmt::format("{} was in Grafana before: its old password stays valid, be it one that many know; 'powerview grafana apply {} --login {} --password-file FILE' gives "
                             "it another",
                             called_, walk_.company.str(), wanted_.login));
    }
    return remember(UserState::adopted);
  }

  /// To an account that is there as well: whoever names a password means it.
  Result<void> give_what_was_given() {
    if (is_new()) return {};
    if (wanted_.password && record_.state != UserState::making) {
      walk_.act(ActionKind::change, called_ + ": the password that was given");
      if (walk_.changes()) PV_TRY_VOID(walk_.client->set_password(*id_, *wanted_.password));
    }
    if (wanted_.email.empty() || lower_case(account_->email) == lower_case(wanted_.email)) return {};
    walk_.act(ActionKind::change, fmt::format("{}: its e-mail address, from '{}'", called_, account_->email));
    return walk_.changes() ? walk_.client->set_email(*account_, wanted_.email) : Result<void>();
  }

  /// Made by this walk, or given its first password that reaches somebody.
  [[nodiscard]] bool is_new() const { return !walk_.new_users.empty() && walk_.new_users.back().login == wanted_.login; }

  /// The one that was given, else one that the walk remembers.
  Secret new_password() {
    if (!wanted_.password) {
      const Secret drawn = random_password();
      walk_.new_users.push_back({wanted_.login, drawn});
      return drawn;
    }
    walk_.new_users.push_back({wanted_.login, Secret()});
    return *wanted_.password;
  }

  Result<void> make_account() {
    walk_.act(ActionKind::make, fmt::format("{} ({} of the organization, in the team){}", called_, to_string(wanted_.role), wanted_.password ? "" : ", with a random password"));
    if (!walk_.changes()) return {};
    // Before it is sent: if the answer is lost, the account that is there then is known to be this one.
    PV_TRY_VOID(remember(UserState::making));
    const auto made = walk_.client->make_account({wanted_.login, wanted_.email, new_password(), *walk_.organization});
    if (!made) {
      // Refused for certain: an account of that login that comes later is somebody else's.
      if (made.error().kind() != Errc::unavailable) PV_TRY_VOID(walk_.record->forget_user(walk_.key, record_.login));
      return fail(made.error());
    }
    id_ = *made;
    PV_TRY_VOID(walk_.record->take_account(walk_.key, *id_));
    PV_TRY_VOID(remember(UserState::making));
    PV_TRY(account_, walk_.client->account(wanted_.login));
    return account_ ? Result<void>() : fail(Errc::unavailable, fmt::format("Grafana: {} was made and is not there", called_));
  }

  Result<void> ensure_membership() {
    if (!walk_.organization) {
      walk_.act(ActionKind::change, called_ + ": into the organization");
      return {};
    }
    PV_TRY(const auto members, walk_.client->members(*walk_.organization));
    const auto found = std::find_if(members.begin(), members.end(), [&](const Member& member) { return member.user_id == *id_; });
    if (found == members.end()) {
      if (!is_new()) walk_.act(ActionKind::change, fmt::format("{}: into the organization, as {}", called_, to_string(wanted_.role)));
      return walk_.changes() ? walk_.client->add_member(*walk_.organization, account_->login, to_string(wanted_.role)) : Result<void>();
    }
    if (found->role == to_string(wanted_.role)) return {};
    if (!is_ours()) {
      walk_.note(fmt::format("{} is {} of the organization; PowerView leaves that to whoever has set it", called_, found->role));
      return {};
    }
    if (!is_new()) walk_.act(ActionKind::change, fmt::format("{}: {} of the organization, from {}", called_, to_string(wanted_.role), found->role));
    return walk_.changes() ? walk_.client->set_role(*walk_.organization, *id_, to_string(wanted_.role)) : Result<void>();
  }

  /// Grafana puts a new account into an organization of its own choice, or makes one for it.
  Result<void> leave_others() {
    PV_TRY(const auto organizations, walk_.client->organizations_of(*id_));
    for (const Organization& other : organizations) {
      if (walk_.organization && other.id == *walk_.organization) continue;
      if (record_.state != UserState::making) {
        if (walk_.key.isolation == Isolation::organization) {
          walk_.note(fmt::format("{} is also in organization '{}' and may query what is there: PowerView has not put it there and leaves that", called_, other.name));
        }
        continue;
      }
      walk_.act(ActionKind::change, fmt::format("{}: out of organization '{}'", called_, other.name));
      if (walk_.changes()) PV_TRY_VOID(leave_organization(*walk_.client, *account_, other, *walk_.organization));
    }
    return {};
  }

  Result<void> join_team() {
    if (walk_.team) {
      PV_TRY(const auto members, walk_.client->team_members(*walk_.organization, *walk_.team));
      if (std::any_of(members.begin(), members.end(), [&](const TeamMember& member) { return member.user_id == *id_; })) return {};
    }
    if (!is_new()) walk_.act(ActionKind::change, called_ + ": into the team");
    return walk_.changes() ? walk_.client->add_team_member(*walk_.organization, *walk_.team, *id_) : Result<void>();
  }

  Walk& walk_;
  const WantedUser& wanted_;
  std::string called_;
  std::string login_;  // in Grafana now
  UserRecord record_;
  std::optional<Account> account_;
  std::optional<std::int64_t> id_;
};

}  // namespace

Result<void> ensure_user(Walk& walk, const WantedUser& wanted) {
  PV_TRY_VOID(check_wanted(wanted));
  if (wanted.role != Role::viewer && walk.key.isolation == Isolation::team) {
    walk.note(fmt::format("user '{}' as {}: may explore and change what every company has in the organization", wanted.login, to_string(wanted.role)));
  }
  return OneUser(walk, wanted).ensure();
}

Result<void> hand_on_users(Walk& walk) {
  PV_TRY(walk.known_users, walk.record->users(walk.key));
  for (UserRecord& user : walk.known_users) {
    const bool is_handed_on = std::any_of(walk.new_users.begin(), walk.new_users.end(), [&](const NewUser& fresh) { return lower_case(fresh.login) == user.login; });
    if (!is_handed_on || user.state != UserState::making) continue;
    user.state = UserState::made;
    PV_TRY_VOID(walk.record->save_user(walk.key, user));
  }
  return {};
}

}  // namespace pv::grafana
