#pragma once
/// Which file stands at a path, and in which state: so that only what was read is moved.
///   Threads: no state; safe.

#include <cstdint>
#include <filesystem>
#include <optional>

namespace pv::ingest {

struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t changed_s = 0;  // time of the last change of its content
  std::int64_t changed_ns = 0;
  bool operator==(const FileIdentity&) const = default;
};

/// Of the path itself, links not followed. Nothing when there is no file (any more).
[[nodiscard]] std::optional<FileIdentity> identity_of(const std::filesystem::path& path) noexcept;

}  // namespace pv::ingest
