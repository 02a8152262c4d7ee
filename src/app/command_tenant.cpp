#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "app/access.h"
#include "app/command.h"
#include "app/file_periods.h"
#include "app/sent_series.h"
#include "base/file.h"
#include "base/http_client.h"
#include "influx/bucket.h"
#include "ingest/intake_lock.h"
#include "ingest/ledger.h"
#include "ingest/outbox.h"
#include "store/directory.h"

namespace pv::app {
namespace tenant_command {
namespace {

enum class Data : std::uint8_t { keep, erase };

struct Options {
  CommonOptions common;
  std::string name;
  std::optional<std::string> campaign, device, zone, step, quota;
  std::vector<std::string> clear;
  Consent consent = Consent::ask;
  Data data = Data::keep;
};

Result<tenancy::ScopeSettings> chosen_settings(const Options& options) {
  tenancy::ScopeSettings chosen;
  chosen.zone = options.zone;
  if (options.step) {
    PV_TRY(chosen.expected_step_s, parse_step(*options.step));
  }
  if (options.quota) {
    PV_TRY(chosen.quota_bytes, parse_bytes(*options.quota));
  }
  return chosen;
}

std::string settings_text(const tenancy::ScopeSettings& settings) {
  std::string text;
  const auto add = [&text](std::string_view name, const std::string& value) { text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value); };
  if (settings.zone) add("zone", *settings.zone);
  if (settings.expected_step_s) add("expected step", fmt::format("{} s", *settings.expected_step_s));
  if (settings.quota_bytes) add("quota", bytes_text(*settings.quota_bytes));
  return text.empty() ? "as the installation" : text;
}

Result<void> create(const Options& options) {
  PV_TRY(const model::TenantName name, model::TenantName::parse(options.name));
  PV_TRY(const tenancy::ScopeSettings settings, chosen_settings(options));
  PV_TRY(const auto registry, open_registry(options.common));
  PV_TRY(const tenancy::Tenant tenant, registry->create_tenant(name, settings, command_line()));
  fmt::print("company '{}' created: {}\n", tenant.name.str(), settings_text(tenant.settings));
  return {};
}

/// Companies that were created, and those that only have samples.
Result<void> list(const Options& options) {
  PV_TRY(const Settings settings, settings_for(options.common));
  PV_TRY(const auto registry, open_registry(options.common));
  PV_TRY(const std::vector<tenancy::Tenant> tenants, registry->tenants());
  std::set<std::string> known;
  for (const tenancy::Tenant& tenant : tenants) {
    known.insert(tenant.name.str());
    fmt::print("{:<24} {:<9} {}\n", tenant.name.str(), tenant.standing == tenancy::Standing::active ? "active" : "disabled",
               settings_text(tenant.settings));
  }
  PV_TRY(const std::vector<model::TenantName> stored, store::Directory(settings.state_dir).tenants());
  for (const model::TenantName& name : stored) {
    if (!known.contains(name.str())) fmt::print("{:<24} {:<9} has samples; 'powerview tenant create' gives it users and accounts\n", name.str(), "-");
  }
  return {};
}

Result<void> show(const Options& options) {
  PV_TRY(const model::TenantName name, model::TenantName::parse(options.name));
  PV_TRY(const auto registry, open_registry(options.common));
  PV_TRY(const tenancy::Tenant tenant, registry->tenant(name));
  PV_TRY(const std::vector<tenancy::User> users, registry->users(name));
  PV_TRY(const std::vector<tenancy::SftpAccount> accounts, registry->sftp_accounts(name));
  PV_TRY(const std::vector<tenancy::Token> tokens, registry->tokens(name));
  PV_TRY(const std::vector<tenancy::ScopedSettings> scopes, registry->settings(name));
  fmt::print("{}  {}, created {}\n", tenant.name.str(), tenant.standing == tenancy::Standing::active ? "active" : "disabled", moment_text(tenant.created_s));
  fmt::print("settings: {}\n", settings_text(tenant.settings));
  for (const tenancy::ScopedSettings& scope : scopes) {
    if (!scope.scope.campaign) continue;
    fmt::print("  {}{}{}: {}\n", scope.scope.campaign->str(), scope.scope.device ? "/" : "", scope.scope.device ? scope.scope.device->str() : "",
               settings_text(scope.settings));
  }
  for (const tenancy::User& user : users) fmt::print("user: {} ({})\n", user.name, to_string(user.role));
  for (const tenancy::SftpAccount& account : accounts) fmt::print("SFTP account: {} ({} keys{})\n", account.name, account.keys.size(), account.has_password ? ", password" : "");
  for (const tenancy::Token& token : tokens) fmt::print("token: {} ({})\n", token.name, token.scope == tenancy::TokenScope::read ? "read" : "write");
  return {};
}

Result<void> set(const Options& options) {
  PV_TRY(const model::TenantName name, model::TenantName::parse(options.name));
  tenancy::Scope scope{name, {}, {}};
  if (options.campaign) {
    PV_TRY(scope.campaign, model::CampaignName::parse(*options.campaign));
  }
  if (options.device) {
    if (!options.campaign) return fail(Errc::invalid_input, "--device needs --campaign");
    PV_TRY(scope.device, model::DeviceName::parse(*options.device));
  }
  PV_TRY(const tenancy::ScopeSettings settings, chosen_settings(options));
  PV_TRY(const auto registry, open_registry(options.common));
  PV_TRY_VOID(registry->set_settings(scope, settings, options.clear, command_line()));
  PV_TRY(const tenancy::ScopeSettings now, registry->settings_for(scope));
  fmt::print("in force there: {}\n", settings_text(now));
  return {};
}

Result<void> set_standing(const Options& options, tenancy::Standing standing) {
  PV_TRY(const model::TenantName name, model::TenantName::parse(options.name));
  PV_TRY(const auto registry, open_registry(options.common));
  PV_TRY_VOID(registry->set_standing(name, standing, command_line()));
  fmt::print("company '{}' is {}\n", name.str(), standing == tenancy::Standing::active ? "active" : "disabled: nobody of it can sign in or upload");
  return {};
}

/// What is kept for its copies: what they lack, what they got, points that were refused, its token, its user's password.
Result<void> forget_copies(const Settings& settings, const model::TenantName& name) {
  const auto there = ingest::Outbox::open(settings.state_dir, {}, ingest::Outbox::Access::read_only);
  if (!there && there.error().kind() != Errc::not_found) return fail(there.error());
  if (there) {
    PV_TRY(const auto outbox, ingest::Outbox::open(settings.state_dir, {}));
    PV_TRY_VOID(outbox->forget(name, std::nullopt));
  }
  PV_TRY_VOID(FilePeriods::forget(settings.state_dir, name));
  PV_TRY_VOID(SentSeries::forget(settings.state_dir, name));
  const std::string bucket = percent_encoded(influx::bucket_of(name));
  for (const std::filesystem::path& file : {settings.state_dir / "influx-tokens" / (bucket + ".read.json"), settings.state_dir / "influx-tokens" / (bucket + ".read-write.json"),
                                            settings.state_dir / "grafana-users" / name.str()}) {
    std::error_code code;
    std::filesystem::remove(file, code);
    if (code) return fail(system_error("cannot remove it", file, code.value()));
  }
  return {};
}

Result<void> erase_data(const Settings& settings, const model::TenantName& name) {
  const store::Directory directory(settings.state_dir);
  for (const char* ending : {"", "-wal", "-shm"}) {
    std::error_code code;
    std::filesystem::remove(directory.file_of(name).string() + ending, code);
    if (code) return fail(system_error("cannot remove it", directory.file_of(name).string() + ending, code.value()));
  }
  std::error_code code;
  const std::filesystem::path folder = settings.data_folder / name.str();
  std::filesystem::remove_all(folder, code);
  if (code) return fail(system_error("cannot remove it", folder, code.value()));
  PV_TRY_VOID(forget_copies(settings, name));
  // Last: as long as the files are there, so is what is said of them.
  const auto standing = ingest::Ledger::open(settings.state_dir, ingest::Ledger::Access::read_only);
  if (!standing && standing.error().kind() == Errc::not_found) return {};
  PV_TRY(const auto ledger, ingest::Ledger::open(settings.state_dir));
  return ledger->erase_tenant(name);
}

Result<void> remove(const Options& options) {
  PV_TRY(const Settings settings, settings_for(options.common));
  PV_TRY(const model::TenantName name, model::TenantName::parse(options.name));
  PV_TRY(const auto registry, open_registry(options.common));
  PV_TRY(const tenancy::Tenant tenant, registry->tenant(name));
  const bool erases = options.data == Data::erase;
  PV_TRY_VOID(ask(fmt::format("This removes company '{}' with its users, tokens and SFTP accounts; {}.", name.str(),
                              erases ? "its samples AND its logger files are deleted for good" : "its samples and files stay"),
                  options.consent));
  std::optional<ingest::IntakeLock> lock;
  if (erases) {
    // Nobody may be writing what is about to go.
    auto taken = ingest::IntakeLock::take(settings.state_dir);
    if (!taken && taken.error().kind() == Errc::conflict) {
      return fail(Errc::unavailable, "'powerview serve' or 'powerview ingest' is running on this installation: data cannot be erased under it; stop it first");
    }
    if (!taken) return fail(taken.error());
    lock = std::move(*taken);
  }
  PV_TRY_VOID(registry->remove_tenant(tenant.name, command_line()));
  if (erases) PV_TRY_VOID(erase_data(settings, name));
  fmt::print("company '{}' removed{}\n", name.str(), erases ? " with its data" : "; its data stays");
  return {};
}

void add_settings_options(const Command& command, const std::shared_ptr<Options>& options) {
  command.add_option("--zone", options->zone, "Time zone of its files that do not say their own, and of its days").type_name("ZONE");
  command.add_option("--expected-step", options->step, "Distance between rows that its loggers are set to: 600, 10min").type_name("STEP");
  command.add_option("--quota", options->quota, "Most bytes its files may take: 2GB").type_name("SIZE");
}

}  // namespace
}  // namespace tenant_command

void add_tenant(const Command& app, Chosen& chosen) {
  using namespace tenant_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("tenant", "Companies");
  command.require_subcommand();
  const auto with_name = [&](const Command& sub) { sub.add_option("name", options->name, "Company").required(); };
  Command sub = add_action(command, "create", "Create a company", options->common, chosen, [options] { return create(*options); });
  with_name(sub);
  add_settings_options(sub, options);
  add_action(command, "list", "Companies with their settings", options->common, chosen, [options] { return list(*options); });
  with_name(add_action(command, "show", "A company with its users, accounts and tokens", options->common, chosen, [options] { return show(*options); }));
  sub = add_action(command, "set", "Settings of a company, a campaign or a device there", options->common, chosen, [options] { return set(*options); });
  with_name(sub);
  add_settings_options(sub, options);
  sub.add_option("--campaign", options->campaign, "Of this campaign only");
  sub.add_option("--device", options->device, "Of this device folder only (with --campaign)");
  sub.add_option("--clear", options->clear, "Unset: zone, expected_step, quota").one_of({"zone", "expected_step", "quota"});
  with_name(add_action(command, "disable", "Lock a company out; its data stays", options->common, chosen,
                       [options] { return set_standing(*options, tenancy::Standing::disabled); }));
  with_name(add_action(command, "enable", "Let a company in again", options->common, chosen,
                       [options] { return set_standing(*options, tenancy::Standing::active); }));
  sub = add_action(command, "remove", "Remove a company; its data stays unless told otherwise", options->common, chosen, [options] { return remove(*options); });
  with_name(sub);
  sub.add_flag_callback("--yes", [options] { options->consent = Consent::given; }, "Do it without asking");
  sub.add_flag_callback("--erase-data", [options] { options->data = Data::erase; }, "Delete its samples, its logger files and what is said of them too");
}

}  // namespace pv::app
