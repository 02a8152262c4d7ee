#include <algorithm>
#include <chrono>
#include <memory>

#include <fmt/format.h>

#include "app/access.h"
#include "app/command.h"
#include "base/clock.h"

namespace pv::app {
namespace token_command {
namespace {

struct Options {
  CommonOptions common;
  std::string name;
  std::optional<std::string> tenant;
  std::string scope = "read";
  int days = 0;
  Consent consent = Consent::ask;
};

Result<std::optional<model::TenantName>> chosen_tenant(const Options& options) {
  if (!options.tenant) return std::optional<model::TenantName>();
  PV_TRY(model::TenantName tenant, model::TenantName::parse(*options.tenant));
  return std::optional(std::move(tenant));
}

std::string describe(const tenancy::Token& token) {
  return fmt::format("{:<24} {:<6} {:<24} {:<9} last used {}, expires {}, made by {}", token.name, token.scope == tenancy::TokenScope::read ? "read" : "write",
                     token.tenant ? token.tenant->str() : "(all companies)", token.standing == tenancy::Standing::active ? "active" : "disabled",
                     moment_text(token.last_used_s), moment_text(token.expires_s), shown(token.created_by));
}

Result<void> create(const Options& options) {
  PV_TRY(const auto tenant, chosen_tenant(options));
  const auto scope = options.scope == "write" ? tenancy::TokenScope::write : tenancy::TokenScope::read;
  const std::int64_t now_s = unix_now_s();
  PV_TRY(const auto registry, open_registry(options.common));
  PV_TRY(const auto created, registry->create_token(options.name, tenant, scope, options.days == 0 ? 0 : now_s + std::int64_t{options.days} * 86'400, command_line()));
  // Alone on standard output, so that a script can keep it.
  fmt::print(stderr, "token '{}' created; it is shown this once:\n", created.token.name);
  fmt::print("{}\n", created.secret.reveal());
  return {};
}

Result<void> list(const Options& options) {
  PV_TRY(const auto tenant, chosen_tenant(options));
  PV_TRY(const auto registry, open_registry(options.common));
  PV_TRY(const std::vector<tenancy::Token> tokens, registry->tokens(tenant));
  for (const tenancy::Token& token : tokens) fmt::print("{}\n", describe(token));
  return {};
}

/// Runs something on the token that was named, in its company or in the installation.
Result<void> with_token(const Options& options, const std::function<Result<void>(tenancy::Registry&, const tenancy::Token&)>& action) {
  PV_TRY(const auto tenant, chosen_tenant(options));
  PV_TRY(const auto registry, open_registry(options.common));
  PV_TRY(const std::vector<tenancy::Token> tokens, registry->tokens(tenant));
  const auto found = std::find_if(tokens.begin(), tokens.end(), [&](const tenancy::Token& token) { return token.name == options.name && token.tenant == tenant; });
  if (found == tokens.end()) {
    return fail(Errc::not_found, fmt::format("there is no token '{}' {}; 'powerview token list' shows them", options.name,
                                             tenant ? "of company '" + tenant->str() + "'" : "of the installation (name its company with --tenant)"));
  }
  return action(*registry, *found);
}

Result<void> show(const Options& options) {
  return with_token(options, [](tenancy::Registry&, const tenancy::Token& token) -> Result<void> {
    fmt::print("{}\ncreated {}\n", describe(token), moment_text(token.created_s));
    return {};
  });
}

Result<void> set_standing(const Options& options, tenancy::Standing standing) {
  return with_token(options, [standing](tenancy::Registry& registry, const tenancy::Token& token) -> Result<void> {
    PV_TRY_VOID(registry.set_standing(token, standing, command_line()));
    fmt::print("token '{}' is {}\n", token.name, standing == tenancy::Standing::active ? "active" : "disabled");
    return {};
  });
}

Result<void> remove(const Options& options) {
  return with_token(options, [&options](tenancy::Registry& registry, const tenancy::Token& token) -> Result<void> {
    PV_TRY_VOID(ask(fmt::format("This removes token '{}'; programs that use it are shut out.", token.name), options.consent));
    PV_TRY_VOID(registry.remove_token(token, command_line()));
    fmt::print("token '{}' removed\n", token.name);
    return {};
  });
}

}  // namespace
}  // namespace token_command

void add_token(const Command& app, Chosen& chosen) {
  using namespace token_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("token", "Programs that read samples or hand in files over HTTP");
  command.require_subcommand();
  const auto action = [&](const char* name, const char* help, Result<void> (*run)(const Options&)) {
    Command sub = add_action(command, name, help, options->common, chosen, [options, run] { return run(*options); });
    sub.add_option("--tenant", options->tenant, "Company it belongs to; without it: all companies, read only");
    return sub;
  };
  const auto with_name = [&](const Command& sub) {
    sub.add_option("name", options->name, "Token's name").required();
    return sub;
  };
  Command sub = with_name(action("create", "Make a token and print it", create));
  sub.alias("add");
  sub.add_option("--scope", options->scope, "read, or write (read, and hand in files)").one_of({"read", "write"});
  sub.add_option("--days", options->days, "Days until it expires; 0: never").between(0, 36'500);
  action("list", "Tokens", list);
  with_name(action("show", "A token; not its secret, which is not kept", show));
  with_name(action("disable", "Keep a token's programs out", [](const Options& o) { return set_standing(o, tenancy::Standing::disabled); }));
  with_name(action("enable", "Let them in again", [](const Options& o) { return set_standing(o, tenancy::Standing::active); }));
  with_name(action("remove", "Remove a token", remove))
      .add_flag_callback("--yes", [options] { options->consent = Consent::given; }, "Do it without asking");
}

}  // namespace pv::app
