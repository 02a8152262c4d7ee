#include "ingest/file_identity.h"

#include <sys/stat.h>

namespace pv::ingest {

std::optional<FileIdentity> identity_of(const std::filesystem::path& path) noexcept {
  struct stat status{};
  if (lstat(path.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity{status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

}  // namespace pv::ingest
