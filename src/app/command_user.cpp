#include <memory>

#include <fmt/format.h>

#include "app/access.h"
#include "app/command.h"

namespace pv::app {
namespace user_command {
namespace {

enum class Password : std::uint8_t { random, from_input };

struct Options {
  CommonOptions common;
  std::string name;
  std::optional<std::string> tenant;
  std::string role;
  Password password = Password::random;
  Consent consent = Consent::ask;
};

Result<std::optional<model::TenantName>> chosen_tenant(const Options& options) {
  if (!options.tenant) return std::optional<model::TenantName>();
  PV_TRY(model::TenantName tenant, model::TenantName::parse(*options.tenant));
  return std::optional(std::move(tenant));
}

std::string describe(const tenancy::User& user) {
  return fmt::format("{:<24} {:<7} {:<24} {:<9} last sign-in {}{}", user.name, to_string(user.role), user.tenant ? user.tenant->str() : "(all companies)",
                     user.standing == tenancy::Standing::active ? "active" : "disabled", moment_text(user.last_sign_in_s),
                     user.has_second_factor ? ", second factor" : "");
}

Result<void> add(const Options& options) {
  tenancy::Registry::NewUser wanted;
  wanted.name = options.name;
  PV_TRY(wanted.tenant, chosen_tenant(options));
  const std::string role = options.role.empty() ? wanted.tenant ? "viewer" : "admin" : options.role;
  const auto known = tenancy::role_of(role);
  if (!known) return fail(Errc::invalid_input, fmt::format("--role: '{}' is not known; viewer, editor, owner or admin is", role));
  wanted.role = *known;
  if (options.password == Password::from_input) {
    PV_TRY(wanted.password, read_password("Password of " + options.name));
  }
  PV_TRY(const auto registry, open_registry(options.common));
  PV_TRY(const auto created, registry->create_user(wanted, command_line()));
  fmt::print("user '{}' created: {} of {}\n", created.user.name, to_string(created.user.role),
             created.user.tenant ? created.user.tenant->str() : "all companies");
  if (created.password) fmt::print("password (shown this once, to be changed at the first sign-in): {}\n", created.password->reveal());
  return {};
}

Result<void> list(const Options& options) {
  PV_TRY(const auto tenant, chosen_tenant(options));
  PV_TRY(const auto registry, open_registry(options.common));
  PV_TRY(const std::vector<tenancy::User> users, registry->users(tenant));
  for (const tenancy::User& user : users) fmt::print("{}\n", describe(user));
  return {};
}

/// Runs something on the user that was named.
Result<void> with_user(const Options& options, const std::function<Result<void>(tenancy::Registry&, const tenancy::User&)>& action) {
  PV_TRY(const auto registry, open_registry(options.common));
  PV_TRY(const tenancy::User user, registry->user(options.name));
  return action(*registry, user);
}

Result<void> show(const Options& options) {
  return with_user(options, [](tenancy::Registry& registry, const tenancy::User& user) -> Result<void> {
    fmt::print("{}\ncreated {}\n", describe(user), moment_text(user.created_s));
    PV_TRY(const std::vector<tenancy::Session> sessions, registry.sessions(user.id));
    for (const tenancy::Session& session : sessions) {
      fmt::print("session {}: since {}, last seen {}, from {} {}\n", session.id, moment_text(session.created_s), moment_text(session.last_seen_s),
                 session.address, shown(session.agent));
    }
    return {};
  });
}

Result<void> set_standing(const Options& options, tenancy::Standing standing) {
  return with_user(options, [standing](tenancy::Registry& registry, const tenancy::User& user) -> Result<void> {
    PV_TRY_VOID(registry.set_standing(user, standing, command_line()));
    fmt::print("user '{}' is {}\n", user.name, standing == tenancy::Standing::active ? "active" : "disabled and signed out");
    return {};
  });
}

Result<void> set_role(const Options& options) {
  const auto role = tenancy::role_of(options.role);
  if (!role) return fail(Errc::invalid_input, fmt::format("'{}' is no role; viewer, editor, owner or admin is", options.role));
  return with_user(options, [role](tenancy::Registry& registry, const tenancy::User& user) -> Result<void> {
    PV_TRY_VOID(registry.set_role(user, *role, command_line()));
    fmt::print("user '{}' is {} now\n", user.name, to_string(*role));
    return {};
  });
}

Result<void> password(const Options& options) {
  return with_user(options, [&options](tenancy::Registry& registry, const tenancy::User& user) -> Result<void> {
    if (options.password == Password::from_input) {
      PV_TRY(const Secret next, read_password("New password of " + user.name));
      PV_TRY_VOID(registry.change_password(user, {}, next, {}, command_line()));
      fmt::print("password of '{}' changed; signed out everywhere\n", user.name);
      return {};
    }
    PV_TRY(const Secret next, registry.reset_password(user, command_line()));
    fmt::print("password of '{}' (shown this once, to be changed at the next sign-in): {}\n", user.name, next.reveal());
    return {};
  });
}

Result<void> drop_second_factor(const Options& options) {
  return with_user(options, [](tenancy::Registry& registry, const tenancy::User& user) -> Result<void> {
    PV_TRY_VOID(registry.remove_second_factor(user, command_line()));
    fmt::print("user '{}' signs in without a second factor now\n", user.name);
    return {};
  });
}

Result<void> remove(const Options& options) {
  return with_user(options, [&options](tenancy::Registry& registry, const tenancy::User& user) -> Result<void> {
    PV_TRY_VOID(ask(fmt::format("This removes user '{}'.", user.name), options.consent));
    PV_TRY_VOID(registry.remove_user(user, command_line()));
    fmt::print("user '{}' removed\n", user.name);
    return {};
  });
}

}  // namespace
}  // namespace user_command

void add_user(const Command& app, Chosen& chosen) {
  using namespace user_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("user", "People who sign in on the pages");
  command.require_subcommand();
  const auto with_name = [&](const Command& sub) {
    sub.add_option("name", options->name, "User").required();
    return sub;
  };
  const auto with_password = [&](const Command& sub) {
    sub.add_flag_callback("--password-stdin", [options] { options->password = Password::from_input; },
                           "Read the password from standard input instead of making a random one");
    return sub;
  };
  const auto action = [&](const char* name, const char* help, Result<void> (*run)(const Options&)) {
    return add_action(command, name, help, options->common, chosen, [options, run] { return run(*options); });
  };
  Command sub = with_password(with_name(action("add", "Add a user; without --tenant an administrator of all companies", add)));
  sub.alias("create");
  sub.add_option("--tenant", options->tenant, "Company the user belongs to");
  sub.add_option("--role", options->role, "viewer, editor, owner; admin without a company");
  action("list", "Users with their roles", list).add_option("--tenant", options->tenant, "Of this company only");
  with_name(action("show", "A user with the sessions that are open", show));
  with_name(action("role", "Give a user another role", set_role)).add_option("role", options->role, "viewer, editor, owner or admin").required();
  with_password(with_name(action("password", "Give a user a new password", password)));
  with_name(action("disable", "Keep a user out", [](const Options& o) { return set_standing(o, tenancy::Standing::disabled); }));
  with_name(action("enable", "Let a user in again", [](const Options& o) { return set_standing(o, tenancy::Standing::active); }));
  with_name(action("drop-second-factor", "For a user whose telephone is lost", drop_second_factor));
  with_name(action("remove", "Remove a user", remove))
      .add_flag_callback("--yes", [options] { options->consent = Consent::given; }, "Do it without asking");
}

}  // namespace pv::app
