// Loaded before a program's own libraries (LD_PRELOAD): keeps a copy of what the program made durable, and of nothing else.
// testing/power_cut.h builds from it the tree that a power cut would leave.
//
// As a journaling file system does it: whatever is synced, all changes of names before it are durable with it, in their order; the
// bytes of a file are durable only where that file was synced. For each fsync or fdatasync below $PV_SYNCED_ROOT, $PV_SYNCED_COPY gets
//   names                  all folders and what is in them: "D <inode>-<birth>\0", then "f <inode>-<birth> <name>\0" or "d …" of each
//   <inode>-<birth>.data   the bytes of the file
// An inode number is used again once its file is gone; the moment of birth tells the two apart.

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Identity {
  bool known = false, is_folder = false;
  std::string text;
};

Identity identity_of(int folder, const char* path, int flags) {
  struct statx status {};
  Identity identity;
  if (syscall(SYS_statx, folder, path, flags, STATX_TYPE | STATX_INO | STATX_BTIME, &status) != 0) return identity;
  identity.known = S_ISREG(status.stx_mode) || S_ISDIR(status.stx_mode);
  identity.is_folder = S_ISDIR(status.stx_mode);
  identity.text = std::to_string(status.stx_ino) + "-" + std::to_string(status.stx_btime.tv_sec) + "." + std::to_string(status.stx_btime.tv_nsec);
  return identity;
}

/// Appends a folder and all below it. Takes the descriptor.
void names_below(int fd, std::string& names) {
  DIR* const folder = fd < 0 ? nullptr : fdopendir(fd);
  if (folder == nullptr) return;
  names += "D " + identity_of(fd, "", AT_EMPTY_PATH).text + '\0';
  std::vector<std::string> folders;
  while (const dirent* entry = readdir(folder)) {
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    const Identity identity = identity_of(fd, entry->d_name, AT_SYMLINK_NOFOLLOW);
    if (!identity.known) continue;
    names += (identity.is_folder ? "d " : "f ") + identity.text + " " + entry->d_name + '\0';
    if (identity.is_folder) folders.emplace_back(entry->d_name);
  }
  for (const std::string& name : folders) names_below(openat(fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), names);
  closedir(folder);
}

std::string bytes_of(int fd) {
  // A descriptor of its own: the program's may be open for writing only.
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const int again = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::string bytes;
  char buffer[65536];
  for (off_t at = 0; again >= 0;) {
    const ssize_t got = pread(again, buffer, sizeof buffer, at);
    if (got <= 0) break;
    bytes.append(buffer, static_cast<std::size_t>(got));
    at += got;
  }
  if (again >= 0) close(again);
  return bytes;
}

void keep(const std::string& file, const std::string& bytes) {
  const std::string temporary = file + ".new";
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::size_t at = 0;
  while (fd >= 0 && at < bytes.size()) {
    const ssize_t put = write(fd, bytes.data() + at, bytes.size() - at);
    if (put <= 0) std::abort();
    at += static_cast<std::size_t>(put);
  }
  if (fd < 0 || close(fd) != 0 || std::rename(temporary.c_str(), file.c_str()) != 0) std::abort();
}

/// Whether the file lies below the root.
bool is_ours(int fd, const char* root) {
  char path[4096];
  const ssize_t length = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  return length > 0 && std::string_view(path, static_cast<std::size_t>(length)).substr(0, std::strlen(root)) == root;
}

/// Names do not change while they are copied: what moves from one folder to another would be in neither.
std::recursive_mutex& names_hold_still() {
  static std::recursive_mutex mutex;
  return mutex;
}

template <class Sync>
int remembered(int fd, Sync sync) {
  static const char* const root = std::getenv("PV_SYNCED_ROOT");
  static const char* const copy = std::getenv("PV_SYNCED_COPY");
  if (root == nullptr || copy == nullptr || !is_ours(fd, root)) return sync(fd);
  const std::lock_guard lock(names_hold_still());
  std::string names;
  names_below(open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), names);
  const int result = sync(fd);
  if (result != 0) return result;
  const Identity identity = identity_of(fd, "", AT_EMPTY_PATH);
  // Bytes first: a name whose file has none would be a file that the cut has emptied.
  if (identity.known && !identity.is_folder) keep(std::string(copy) + "/" + identity.text + ".data", bytes_of(fd));
  keep(std::string(copy) + "/names", names);
  return result;
}

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" int fsync(int fd) {
  static const auto next = real<int (*)(int)>("fsync");
  return remembered(fd, next);
}

extern "C" int fdatasync(int fd) {
  static const auto next = real<int (*)(int)>("fdatasync");
  return remembered(fd, next);
}

extern "C" int rename(const char* from, const char* to) noexcept {
  static const auto next = real<int (*)(const char*, const char*)>("rename");
  const std::lock_guard lock(names_hold_still());
  return next(from, to);
}

extern "C" int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  static const auto next = real<int (*)(int, const char*, int, const char*)>("renameat");
  const std::lock_guard lock(names_hold_still());
  return next(from_folder, from, to_folder, to);
}

extern "C" int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
  static const auto next = real<int (*)(int, const char*, int, const char*, unsigned)>("renameat2");
  const std::lock_guard lock(names_hold_still());
  return next(from_folder, from, to_folder, to, flags);
}
