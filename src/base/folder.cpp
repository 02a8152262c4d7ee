#include "base/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include <fmt/format.h>

namespace pv {
namespace {

FileDescriptor open_beneath(int folder, std::string_view relative, int flags, unsigned mode) {
  const std::string path = relative.empty() ? "." : std::string(relative);
  if (path.find('\0') != std::string::npos) {
    errno = EINVAL;
    return FileDescriptor();
  }
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC | O_NOFOLLOW);
  if ((flags & (O_CREAT | O_TMPFILE)) != 0) how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  while (true) {
    const long fd = syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
    // EAGAIN: a rename raced with the walk, and nothing is known of where it would have led.
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) return FileDescriptor(static_cast<int>(fd));
  }
}

Error error_of(std::string_view what, const std::filesystem::path& folder, std::string_view relative, int number) {
  const std::filesystem::path path = relative.empty() ? folder : folder / relative;
  if (number == EXDEV || number == ELOOP) return {Errc::denied, fmt::format("{}: {}: the path leads elsewhere", path.string(), what)};
  if (number == EEXIST || number == ENOTEMPTY) return {Errc::conflict, fmt::format("{}: {}: {}", path.string(), what, number == EEXIST ? "the name is taken" : "it is not empty")};
  if (number == ENOTDIR) return {Errc::not_found, fmt::format("{}: {}: there is no such folder", path.string(), what)};
  return system_error(what, path, number);
}

/// The folder a path's last name lies in, and that name.
struct Parent {
  std::string_view folder, name;
};

Parent parent_of(std::string_view relative) {
  const std::size_t slash = relative.rfind('/');
  if (slash == std::string_view::npos) return {"", relative};
  return {relative.substr(0, slash), relative.substr(slash + 1)};
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

}  // namespace

Result<Folder> Folder::open(const std::filesystem::path& path) {
  FileDescriptor descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.is_open()) return fail(system_error("cannot open the folder", path, errno));
  return Folder(std::move(descriptor), path);
}

Result<Folder> Folder::folder(std::string_view relative) const {
  FileDescriptor descriptor = open_beneath(descriptor_.get(), relative, O_RDONLY | O_DIRECTORY, 0);
  if (!descriptor.is_open()) return fail(error_of("cannot open the folder", path_, relative, errno));
  return Folder(std::move(descriptor), relative.empty() ? path_ : path_ / relative);
}

Result<FileDescriptor> Folder::file(std::string_view relative, int flags, unsigned mode) const {
  FileDescriptor descriptor = open_beneath(descriptor_.get(), relative, flags, mode);
  if (!descriptor.is_open()) return fail(error_of("cannot open it", path_, relative, errno));
  return descriptor;
}

Result<struct stat> Folder::status(std::string_view relative) const {
  const FileDescriptor descriptor = open_beneath(descriptor_.get(), relative, O_PATH, 0);
  struct stat status {};
  if (!descriptor.is_open() || fstat(descriptor.get(), &status) != 0) return fail(error_of("cannot look at it", path_, relative, errno));
  return status;
}

Result<std::vector<FolderEntry>> Folder::list(std::string_view relative, std::size_t most) const {
  FileDescriptor descriptor = open_beneath(descriptor_.get(), relative, O_RDONLY | O_DIRECTORY, 0);
  if (!descriptor.is_open()) return fail(error_of("cannot list it", path_, relative, errno));
  const std::unique_ptr<DIR, int (*)(DIR*)> open(fdopendir(descriptor.get()), closedir);
  if (!open) return fail(error_of("cannot list it", path_, relative, errno));
  const int fd = descriptor.release();  // the stream closes it
  std::vector<FolderEntry> entries;
  errno = 0;
  for (const dirent* entry = readdir(open.get()); entry != nullptr && entries.size() < most; entry = readdir(open.get())) {
    FolderEntry found{entry->d_name, {}};
    if (found.name == "." || found.name == "..") continue;
    if (fstatat(fd, entry->d_name, &found.status, AT_SYMLINK_NOFOLLOW) == 0) entries.push_back(std::move(found));
    errno = 0;
  }
  if (errno != 0) return fail(error_of("cannot list it", path_, relative, errno));
  return entries;
}

Result<void> Folder::make_folder(std::string_view relative) const {
  const Parent parent = parent_of(relative);
  PV_TRY(const Folder into, folder(parent.folder));
  const int number = !is_plain_name(parent.name)                                                        ? EINVAL
                     : mkdirat(into.descriptor(), std::string(parent.name).c_str(), 0750) == 0 ? 0
                                                                                              : errno;
  if (number != 0) return fail(error_of("cannot make the folder", path_, relative, number));
  return into.sync();
}

Result<void> Folder::make_folders(std::string_view relative) const {
  for (std::size_t end = relative.find('/'); ; end = relative.find('/', end + 1)) {
    const std::string_view part = relative.substr(0, end);
    if (!part.empty()) {
      if (auto made = make_folder(part); !made && made.error().kind() != Errc::conflict) return made;
    }
    if (end == std::string_view::npos) break;
  }
  PV_TRY([[maybe_unused]] const Folder made, folder(relative));
  return {};
}

Result<void> Folder::move(std::string_view from, std::string_view to) const {
  const Parent source = parent_of(from), target = parent_of(to);
  PV_TRY(const Folder source_folder, folder(source.folder));
  PV_TRY(const Folder target_folder, folder(target.folder));
  if (!is_plain_name(source.name) || !is_plain_name(target.name)) return fail(error_of("cannot move it", path_, from, EINVAL));
  if (renameat2(source_folder.descriptor(), std::string(source.name).c_str(), target_folder.descriptor(),
                std::string(target.name).c_str(), RENAME_NOREPLACE) != 0) {
    return fail(error_of(fmt::format("cannot move it to {}", to), path_, from, errno));
  }
  PV_TRY_VOID(target_folder.sync());
  return source.folder == target.folder ? Result<void>{} : source_folder.sync();
}

Result<void> Folder::remove_file(std::string_view relative) const {
  const Parent parent = parent_of(relative);
  PV_TRY(const Folder from, folder(parent.folder));
  if (!is_plain_name(parent.name) || unlinkat(from.descriptor(), std::string(parent.name).c_str(), 0) != 0) {
    return fail(error_of("cannot remove it", path_, relative, is_plain_name(parent.name) ? errno : EINVAL));
  }
  return from.sync();
}

Result<void> Folder::remove_folder(std::string_view relative) const {
  const Parent parent = parent_of(relative);
  PV_TRY(const Folder from, folder(parent.folder));
  if (!is_plain_name(parent.name) || unlinkat(from.descriptor(), std::string(parent.name).c_str(), AT_REMOVEDIR) != 0) {
    return fail(error_of("cannot remove the folder", path_, relative, is_plain_name(parent.name) ? errno : EINVAL));
  }
  return from.sync();
}

Result<void> Folder::sync(std::string_view relative) const {
  if (!relative.empty()) {
    PV_TRY(const Folder inner, folder(relative));
    return inner.sync();
  }
  if (fsync(descriptor_.get()) != 0) return fail(system_error("cannot make its names durable", path_, errno));
  return {};
}

}  // namespace pv
