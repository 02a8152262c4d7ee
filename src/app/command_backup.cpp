#include <memory>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "app/access.h"
#include "app/backup.h"
#include "app/backup_manifest.h"
#include "app/command.h"

namespace pv::app {
namespace backup_command {
namespace {

struct Options {
  CommonOptions common;
  std::filesystem::path folder;
  bool check_only = false;
  std::optional<std::filesystem::path> settings_folder;
};

Result<void> run_backup(const Options& options) {
  PV_TRY(const Settings settings, settings_for(options.common));
  BackupOf of{settings.state_dir, settings.data_folder, {}};
  if (!settings.file.empty()) of.settings = {settings.file, settings.file.parent_path() / ".env"};
  PV_TRY(const Manifest manifest, back_up(of, options.folder));
  fmt::print("{}: {} files, {}, all read back\n", options.folder.string(), manifest.files.size(), bytes_text(manifest.bytes()));
  if (settings.file.empty()) fmt::print("no settings file is in it: there is none\n");
  fmt::print("It holds secrets: keys, hashes of passwords, tokens. Keep it as you keep those.\n"
             "The loggers' files in {} are not in it. Copy them after it, for example\n"
             "  rsync -a {}/ BACKUP-HOST:powerview-data/\n", settings.data_folder.string(), settings.data_folder.string());
  return {};
}

Result<Manifest> restore_over_nothing(const std::filesystem::path& backup, const std::filesystem::path& state_dir) {
  auto restored = restore(backup, state_dir);
  if (restored || restored.error().kind() != Errc::conflict) return restored;
  return fail(Errc::conflict, fmt::format("{}. A restore goes over nothing: stop 'powerview serve', move that folder away, and run this again", restored.error().message()));
}

void tell_of_files(const std::filesystem::path& data_folder) {
  fmt::print("Logger files belong into {}. When they are there, 'powerview verify' tells what came after the backup.\n", data_folder.string());
}

/// Where the state belongs, the backup says: the settings that would are in it.
Result<void> restore_with_settings(const Options& options, const std::filesystem::path& folder) {
  PV_TRY(const Manifest listed, read_manifest(options.folder));
  PV_TRY_VOID(check_settings_are_free(listed, folder));
  const std::filesystem::path state_dir = options.common.state_dir.value_or(listed.state_dir);
  PV_TRY(const Manifest manifest, restore_over_nothing(options.folder, state_dir));
  fmt::print("{}: as it was at {}\n", state_dir.string(), manifest.made_at);
  PV_TRY(const std::vector<std::filesystem::path> places, restore_settings(options.folder, manifest, folder, state_dir));
  for (const std::filesystem::path& place : places) fmt::print("settings of then: {}\n", place.string());
  tell_of_files(manifest.data_folder);
  return {};
}

Result<void> run_restore(const Options& options) {
  if (options.check_only) {
    PV_TRY(const Manifest manifest, check_backup(options.folder));
    fmt::print("{}: whole; made {} by powerview {}, {} files, {}\n", options.folder.string(), manifest.made_at, manifest.version, manifest.files.size(),
               bytes_text(manifest.bytes()));
    return {};
  }
  if (options.settings_folder) return restore_with_settings(options, *options.settings_folder);
  PV_TRY(const Settings settings, settings_for(options.common));
  PV_TRY(const Manifest manifest, restore_over_nothing(options.folder, settings.state_dir));
  fmt::print("{}: as it was at {}\n", settings.state_dir.string(), manifest.made_at);
  for (const BackupFile& file : manifest.files) {
    if (file.path.starts_with("settings/")) fmt::print("settings of then: {}\n", (options.folder / file.path).string());
  }
  tell_of_files(settings.data_folder);
  return {};
}

void add(const Command& app, Chosen& chosen, const char* name, const char* help, const char* folder_help, Result<void> (*run)(const Options&)) {
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand(name, help);
  add_common_options(command, options->common);
  command.add_option("DIR", options->folder, folder_help).required();
  if (run == run_restore) {
    command.add_flag("--check", options->check_only, "Only read the backup and compare its checksums");
    command.add_option("--settings", options->settings_folder, "Put its settings and secrets into this folder too, and the state where they say").type_name("DIR");
  }
  command.callback([options, &chosen, run] {
    chosen = [options, run] {
      const Result<void> done = run(*options);
      return done ? ExitCode::done : report(done.error());
    };
  });
}

}  // namespace
}  // namespace backup_command

void add_backup(const Command& app, Chosen& chosen) {
  using namespace backup_command;
  add(app, chosen, "backup", "Copy settings, registry, ledger, stores and keys into a folder, while the program runs", "Folder to make; not there yet, or empty", run_backup);
}

void add_restore(const Command& app, Chosen& chosen) {
  using namespace backup_command;
  add(app, chosen, "restore", "Put a backup back where there is no installation", "Folder that 'powerview backup' has made", run_restore);
}

}  // namespace pv::app
