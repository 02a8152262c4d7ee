#pragma once
/// Files and folders that are their owner's only.
///   Errors: io, denied, not_found: name the path. Threads: no state; safe.

#include <cstdint>
#include <filesystem>

#include "base/result.h"

namespace pv {

/// Makes the file when there is none, and takes all rights of others from it and from what SQLite keeps beside it ("-wal", "-shm"): SQLite
/// gives those the rights that the file has when it sees it first.
[[nodiscard]] Result<void> keep_private(const std::filesystem::path& file);

enum class GroupMay : std::uint8_t {
  nothing,  // 0700
  pass,     // 0710: reach what it knows the name of
  write,    // 2770: the group of the folder counts for what is put there, whoever puts it
};

/// Makes the folder with these rights, and the ones above it with the usual ones. One that is there stays as it is: what somebody has set
/// on purpose counts.
[[nodiscard]] Result<void> make_private_folder(const std::filesystem::path& folder, GroupMay group);

}  // namespace pv
