#include <algorithm>

#include <fmt/format.h>

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
  OneUser(Walk& walk, const WantedUser& wanted) : walk_(walk), wanted_(wanted), called_(fmt::format("user '{}'", wanted.login)) {
    record_.login = lower_case(wanted.login);
    for (const UserRecord& known : walk.known_users) {
      if (known.login == record_.login) record_ = known;
    }
  }

  Result<void> ensure() {
    PV_TRY(const auto other, walk_.record->other_with_login(walk_.key, record_.login));
    if (other) return fail(Errc::conflict, fmt::format("{} is of company '{}' already: give this company's another login", called_, *other));
    PV_TRY(const bool was_renamed, find_renamed());
    if (was_renamed) return {};
    if (!walk_.own) {
      PV_TRY_VOID(find_as_organization_admin());
    } else {
      PV_TRY_VOID(ensure_account());
      if (account_) {
        PV_TRY_VOID(ensure_membership());
        PV_TRY_VOID(leave_others());
      }
    }
    if (!id_) return {};
    return join_team();
  }

 private:
  [[nodiscard]] bool is_ours() const { return record_.state == UserState::making || record_.state == UserState::made; }

  Result<void> remember(UserState state) {
    record_.state = state;
    record_.id = id_.value_or(0);
    return walk_.changes() ? walk_.record->save_user(walk_.key, record_) : Result<void>();
  }

  /// An account of ours that a person has given another login is not made a second time.
  Result<bool> find_renamed() {
    if (record_.id == 0 || !walk_.team) return false;
    PV_TRY(const auto members, walk_.client->team_members(*walk_.organization, *walk_.team));
    for (const TeamMember& member : members) {
      if (member.user_id != record_.id || lower_case(member.login) == record_.login) continue;
      walk_.note(fmt::format("{} is called '{}' in Grafana now", called_, member.login));
      return true;
    }
    return false;
  }

  Result<void> find_as_organization_admin() {
    PV_TRY(const auto member, walk_.client->member(*walk_.organization, wanted_.login));
    if (!member) {
      return fail(Errc::denied, walk_.server_administrator_needed(fmt::format("making {} in Grafana", called_)) + "; or make the user in Grafana first");
    }
    id_ = member->user_id;
    if (record_.id != *id_) {
      walk_.act(ActionKind::adopt, called_);
      PV_TRY_VOID(remember(UserState::adopted));
    }
    return {};
  }

  Result<void> ensure_account() {
    PV_TRY(account_, walk_.client->account(wanted_.login));
    if (!account_) return make_account();
    if (lower_case(account_->login) != record_.login) {
      return fail(Errc::conflict, fmt::format("{}: Grafana knows this as the e-mail address of '{}': give another login", called_, account_->login));
    }
    if (account_->is_server_admin) return fail(Errc::conflict, called_ + " is a Grafana server administrator, whom nothing keeps from anything: give another login");
    id_ = account_->id;
    if (record_.state == UserState::making) {
      walk_.act(ActionKind::change, called_ + ": a password, since the one it was made with reached nobody");
      if (!walk_.changes()) return {};
      const Secret password = wanted_.password ? *wanted_.password : random_password();
      PV_TRY_VOID(walk_.client->set_password(*id_, password));
      walk_.new_users.push_back({wanted_.login, password});
      return remember(UserState::making);
    }
    if (record_.id == *id_) return {};
    walk_.act(ActionKind::adopt, called_ + ": its password stays");
    return remember(UserState::adopted);
  }

  Result<void> make_account() {
    walk_.act(ActionKind::make, fmt::format("{} ({} of the organization, in the team){}", called_, to_string(wanted_.role), wanted_.password ? "" : ", with a random password"));
    if (!walk_.changes()) return {};
    const Secret password = wanted_.password ? *wanted_.password : random_password();
    // Before it is sent: if the answer is lost, the account that is there then is known to be this one.
    PV_TRY_VOID(remember(UserState::making));
    PV_TRY(id_, walk_.client->make_account({wanted_.login, wanted_.email, password, *walk_.organization}));
    walk_.new_users.push_back({wanted_.login, password});
    PV_TRY_VOID(remember(UserState::making));
    PV_TRY(account_, walk_.client->account(wanted_.login));
    return {};
  }

  Result<void> ensure_membership() {
    if (!walk_.organization) {
      walk_.act(ActionKind::change, called_ + ": into the organization");
      return {};
    }
    PV_TRY(const auto members, walk_.client->members(*walk_.organization));
    const auto found = std::find_if(members.begin(), members.end(), [&](const Member& member) { return member.user_id == *id_; });
    const bool was_just_made = !walk_.new_users.empty() && walk_.new_users.back().login == wanted_.login;
    if (found == members.end()) {
      if (!was_just_made) walk_.act(ActionKind::change, fmt::format("{}: into the organization, as {}", called_, to_string(wanted_.role)));
      return walk_.changes() ? walk_.client->add_member(*walk_.organization, account_->login, to_string(wanted_.role)) : Result<void>();
    }
    if (found->role == to_string(wanted_.role)) return {};
    if (!is_ours()) {
      walk_.note(fmt::format("{} is {} of the organization; PowerView leaves that to whoever has set it", called_, found->role));
      return {};
    }
    if (!was_just_made) walk_.act(ActionKind::change, fmt::format("{}: {} of the organization, from {}", called_, to_string(wanted_.role), found->role));
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
      if (!walk_.changes()) continue;
      if (account_->active_organization == other.id) {
        PV_TRY_VOID(walk_.client->use_organization(*id_, *walk_.organization));
        account_->active_organization = *walk_.organization;
      }
      PV_TRY_VOID(leave(other));
    }
    return {};
  }

  Result<void> leave(const Organization& other) {
    PV_TRY(const auto members, walk_.client->members(other.id));
    const bool is_its_own = members.size() == 1 && members.front().user_id == *id_ && other.id != 1 &&
                            (lower_case(other.name) == record_.login || (!wanted_.email.empty() && lower_case(other.name) == lower_case(wanted_.email)));
    // Its only Admin cannot leave it, and nobody else has any use for it.
    if (is_its_own) return walk_.client->delete_organization(other.id, *walk_.organization);
    return walk_.client->drop_member(other.id, *id_);
  }

  Result<void> join_team() {
    if (walk_.team) {
      PV_TRY(const auto members, walk_.client->team_members(*walk_.organization, *walk_.team));
      if (std::any_of(members.begin(), members.end(), [&](const TeamMember& member) { return member.user_id == *id_; })) return {};
    }
    const bool was_just_made = !walk_.new_users.empty() && walk_.new_users.back().login == wanted_.login;
    if (!was_just_made) walk_.act(ActionKind::change, called_ + ": into the team");
    return walk_.changes() ? walk_.client->add_team_member(*walk_.organization, *walk_.team, *id_) : Result<void>();
  }

  Walk& walk_;
  const WantedUser& wanted_;
  std::string called_;
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
