#pragma once
/// A copy of what an installation keeps for itself, made while it runs, and putting it back: settings, registry, ledger, stores, host keys, tokens;
/// whatever lies in the state folder but locks and hooks' words. Not the logger files in the data folder.
///
/// One cut: the ledger is looked at first, then everything else within moments, and each database is copied as it was then, however long the copying
/// takes. So a restored store has at least what the restored ledger calls stored; a file that the ledger still calls waiting is read again and
/// found known.
///   Layout: manifest.json (paths, sizes, SHA-256), state/…, settings/…; owner-only. A folder has its name only when it is whole and durable.
///   Errors: conflict: the target is taken; corrupt: a database or a copy does not read back, a checksum is wrong; invalid_input: no backup, or one of
///   a later kind; io, denied. Threads: no state; one call at a time for a target.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace pv::app {

struct BackupFile {
  std::string path;  // below the backup: "state/stores/acme.sqlite"
  std::uint64_t bytes = 0;
  std::string sha256;
};

struct Manifest {
  std::string version;  // of the program that made it
  std::string made_at;  // ISO 8601, UTC
  std::string state_dir, data_folder;
  std::vector<BackupFile> files;

  [[nodiscard]] std::uint64_t bytes() const;
};

struct BackupOf {
  std::filesystem::path state_dir;
  std::filesystem::path data_folder;             // noted, not copied
  std::vector<std::filesystem::path> settings;  // files; those that are not there are passed over
};

/// Makes `target`, which is not there or an empty folder.
[[nodiscard]] Result<Manifest> back_up(const BackupOf& of, const std::filesystem::path& target);

/// Reads every byte of a backup and compares.
[[nodiscard]] Result<Manifest> check_backup(const std::filesystem::path& backup);

/// Checks the backup, then makes the state folder `state_dir`, which is not there or empty, out of it. As root, everything gets the owner of the folder
/// above; where that is root too, the user powerview, if there is one.
[[nodiscard]] Result<Manifest> restore(const std::filesystem::path& backup, const std::filesystem::path& state_dir);

/// Errors: conflict: a settings file of the backup is there already in `folder`.
[[nodiscard]] Result<void> check_settings_are_free(const Manifest& manifest, const std::filesystem::path& folder);
/// Puts the settings of a backup into `folder`, over nothing, each its owner's alone; as root that is the owner of `state_dir`. Returns their paths.
[[nodiscard]] Result<std::vector<std::filesystem::path>> restore_settings(const std::filesystem::path& backup, const Manifest& manifest, const std::filesystem::path& folder,
                                                                          const std::filesystem::path& state_dir);

}  // namespace pv::app
