#include "base/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/file.h"

namespace pv {

Result<void> keep_private(const std::filesystem::path& file) {
  const FileDescriptor made(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!made.is_open()) return fail(system_error("cannot open it", file, errno));
  for (const char* ending : {"", "-wal", "-shm"}) {
    const std::string name = file.string() + ending;
    struct stat status {};
    if (lstat(name.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || (status.st_mode & 0777) == 0600) continue;
    if (chmod(name.c_str(), 0600) != 0) return fail(system_error("cannot take others' rights from it", name, errno));
  }
  return {};
}

Result<void> make_private_folder(const std::filesystem::path& folder, GroupMay group) {
  std::error_code code;
  std::filesystem::path path = folder.lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), code);
  if (code) return fail(system_error("cannot make the folder", path.parent_path(), code.value()));
  if (mkdir(path.c_str(), 0700) != 0) {
    const int number = errno;
    if (number == EEXIST && std::filesystem::is_directory(path, code)) return {};
    return fail(system_error("cannot make the folder", path, number));
  }
  const mode_t mode = group == GroupMay::write ? 02770 : group == GroupMay::pass ? 0710 : 0700;
  if (chmod(path.c_str(), mode) != 0) return fail(system_error("cannot set the rights of the folder", path, errno));
  return {};
}

}  // namespace pv
