#pragma once
/// The keys by which clients know this server again: ed25519, and RSA of 3072 bits for old firmware.
///   Threads: no state; one process at a time for a folder.

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace pv::sftp {

struct HostKeys {
  std::vector<std::filesystem::path> files;
  std::vector<std::string> fingerprints;  // "ssh-ed25519 SHA256:…", as `ssh-keygen -l` has them
};

/// The keys in a folder; those that are missing are made, readable by their owner only, durable when it returns. The folder is
/// made too (0700) when its parent is there.
/// Errors: denied: others can read a key; corrupt: one cannot be read as a key; io.
Result<HostKeys> load_or_make_host_keys(const std::filesystem::path& folder);

}  // namespace pv::sftp
