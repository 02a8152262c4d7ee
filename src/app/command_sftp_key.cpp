#include <memory>

#include <fmt/format.h>

#include "app/access.h"
#include "app/command.h"
#include "base/file.h"

namespace pv::app {
namespace sftp_key_command {
namespace {

struct Options {
  CommonOptions common;
  std::string account;
  std::optional<std::string> tenant;
  std::optional<std::filesystem::path> key_file;
  std::optional<std::string> key;
  std::string fingerprint;
  bool reads_password = false;
  Consent consent = Consent::ask;
};

/// The key given as text, or the only line of a file that is one.
Result<std::optional<std::string>> chosen_key(const Options& options) {
  if (options.key) return options.key;
  if (!options.key_file) return std::optional<std::string>();
  constexpr std::uint64_t kMost = 65'536;
  PV_TRY(const std::string text, read_text_file(*options.key_file, kMost));
  std::optional<std::string> key;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    if (line.find("PRIVATE KEY") != std::string::npos) {
      return fail(Errc::invalid_input, fmt::format("{}: this is a private key; give the public one (the file that ends in .pub)", options.key_file->string()));
    }
    if (key) return fail(Errc::invalid_input, fmt::format("{}: it holds several lines; give one key a file", options.key_file->string()));
    key = std::move(line);
  }
  if (!key) return fail(Errc::invalid_input, fmt::format("{}: it holds no key", options.key_file->string()));
  return key;
}

std::string describe(const tenancy::SftpAccount& account) {
  return fmt::format("{:<24} {:<24} {:<9} {} key{}{}, last seen {}", account.name, account.tenant.str(),
                     account.standing == tenancy::Standing::active ? "active" : "disabled", account.keys.size(), account.keys.size() == 1 ? "" : "s",
                     account.has_password ? ", password" : "", moment_text(account.last_seen_s));
}

Result<void> add(const Options& options) {
  PV_TRY(const std::optional<std::string> key, chosen_key(options));
  std::optional<Secret> password;
  if (options.reads_password) {
    PV_TRY(password, read_password("Password of SFTP account " + options.account));
  }
  if (!key && !password) return fail(Errc::invalid_input, "give the account a way to sign in: --key-file FILE, --key TEXT or --password-stdin");
  PV_TRY(const auto registry, open_registry(options.common));
  const auto known = registry->sftp_account(options.account);
  if (!known && known.error().kind() != Errc::not_found) return fail(known.error());
  if (known) {
    if (options.tenant && *options.tenant != known->tenant.str()) {
      return fail(Errc::conflict, fmt::format("SFTP account '{}' belongs to company '{}'", known->name, known->tenant.str()));
    }
    if (password) PV_TRY_VOID(registry->set_sftp_password(known->name, password, command_line()));
  } else {
    if (!options.tenant) return fail(Errc::invalid_input, fmt::format("there is no SFTP account '{}' yet: name its company with --tenant", options.account));
    PV_TRY(const model::TenantName tenant, model::TenantName::parse(*options.tenant));
    PV_TRY([[maybe_unused]] const auto created, registry->create_sftp_account(options.account, tenant, password, command_line()));
    fmt::print("SFTP account '{}' of company '{}' created\n", options.account, tenant.str());
  }
  if (password) fmt::print("password set\n");
  if (key) {
    PV_TRY(const tenancy::SftpKey added, registry->add_sftp_key(options.account, *key, command_line()));
    fmt::print("key added: {} {} {}\n", added.type, added.fingerprint, shown(added.comment));
  }
  return {};
}

Result<void> list(const Options& options) {
  std::optional<model::TenantName> tenant;
  if (options.tenant) {
    PV_TRY(tenant, model::TenantName::parse(*options.tenant));
  }
  PV_TRY(const auto registry, open_registry(options.common));
  PV_TRY(const std::vector<tenancy::SftpAccount> accounts, registry->sftp_accounts(tenant));
  for (const tenancy::SftpAccount& account : accounts) fmt::print("{}\n", describe(account));
  return {};
}

Result<void> show(const Options& options) {
  PV_TRY(const auto registry, open_registry(options.common));
  PV_TRY(const tenancy::SftpAccount account, registry->sftp_account(options.account));
  fmt::print("{}\n", describe(account));
  for (const tenancy::SftpKey& key : account.keys) fmt::print("  {} {} {}\n", key.type, key.fingerprint, shown(key.comment));
  return {};
}

Result<void> set_standing(const Options& options, tenancy::Standing standing) {
  PV_TRY(const auto registry, open_registry(options.common));
  PV_TRY(const tenancy::SftpAccount account, registry->sftp_account(options.account));
  PV_TRY_VOID(registry->set_standing(account, standing, command_line()));
  fmt::print("SFTP account '{}' is {}\n", account.name, standing == tenancy::Standing::active ? "active" : "disabled");
  return {};
}

Result<void> remove(const Options& options) {
  PV_TRY(const auto registry, open_registry(options.common));
  PV_TRY(const tenancy::SftpAccount account, registry->sftp_account(options.account));
  if (!options.fingerprint.empty()) {
    PV_TRY_VOID(registry->remove_sftp_key(account.name, options.fingerprint, command_line()));
    fmt::print("key {} of '{}' removed\n", options.fingerprint, account.name);
    return {};
  }
  PV_TRY_VOID(ask(fmt::format("This removes SFTP account '{}' with all its keys; its files stay.", account.name), options.consent));
  PV_TRY_VOID(registry->remove_sftp_account(account.name, command_line()));
  fmt::print("SFTP account '{}' removed\n", account.name);
  return {};
}

}  // namespace
}  // namespace sftp_key_command

void add_sftp_key(const Command& app, Chosen& chosen) {
  using namespace sftp_key_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("sftp-key", "SFTP accounts of loggers and people, their keys and passwords");
  command.require_subcommand();
  const auto action = [&](const char* name, const char* help, Result<void> (*run)(const Options&)) {
    return add_action(command, name, help, options->common, chosen, [options, run] { return run(*options); });
  };
  const auto with_account = [&](const Command& sub) {
    sub.add_option("account", options->account, "SFTP account").required();
    return sub;
  };
  Command sub = with_account(action("add", "Give an account a key or a password; makes the account when it is new", add));
  sub.alias("create");
  sub.add_option("--tenant", options->tenant, "Company whose folder the account sees");
  const CommandOption file = sub.add_option("--key-file", options->key_file, "Public key, such as id_ed25519.pub").type_name("FILE");
  sub.add_option("--key", options->key, "Public key as text: \"ssh-ed25519 AAAA… comment\"").excludes(file);
  sub.add_flag("--password-stdin", options->reads_password, "Set a password, read from standard input");
  action("list", "SFTP accounts", list).add_option("--tenant", options->tenant, "Of this company only");
  with_account(action("show", "An account with its keys", show));
  with_account(action("disable", "Keep an account out", [](const Options& o) { return set_standing(o, tenancy::Standing::disabled); }));
  with_account(action("enable", "Let an account in again", [](const Options& o) { return set_standing(o, tenancy::Standing::active); }));
  sub = with_account(action("remove", "Remove one key of an account, or the account", remove));
  sub.add_option("--fingerprint", options->fingerprint, "This key only: SHA256:…");
  sub.add_flag_callback("--yes", [options] { options->consent = Consent::given; }, "Do it without asking");
}

}  // namespace pv::app
