// Loaded before a program's own libraries (LD_PRELOAD): keeps a copy of what the program made durable, and of nothing else.
// testing/power_cut.h builds from it the tree that a power cut would leave.
//
// For each fsync or fdatasync below $PV_SYNCED_ROOT, $PV_SYNCED_COPY gets
//   <inode>-<birth>.data   the bytes of the file, or
//   <inode>-<birth>.names  the names in the folder: "f <inode>-<birth> <name>\0" or "d …"
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

std::string names_in(int fd) {
  std::string names;
  const int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* folder = again < 0 ? nullptr : fdopendir(again);
  if (folder == nullptr) return names;
  while (const dirent* entry = readdir(folder)) {
    if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    const Identity identity = identity_of(fd, entry->d_name, AT_SYMLINK_NOFOLLOW);
    if (identity.known) names += (identity.is_folder ? "d " : "f ") + identity.text + " " + entry->d_name + '\0';
  }
  closedir(folder);
  return names;
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

void remember(int fd) {
  static const char* const root = std::getenv("PV_SYNCED_ROOT");
  static const char* const copy = std::getenv("PV_SYNCED_COPY");
  if (root == nullptr || copy == nullptr) return;
  char path[4096];
  const ssize_t length = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  if (length <= 0 || std::string_view(path, static_cast<std::size_t>(length)).substr(0, std::strlen(root)) != root) return;
  const Identity identity = identity_of(fd, "", AT_EMPTY_PATH);
  if (!identity.known) return;
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  keep(std::string(copy) + "/" + identity.text + (identity.is_folder ? ".names" : ".data"), identity.is_folder ? names_in(fd) : bytes_of(fd));
}

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" int fsync(int fd) {
  static const auto next = real<int (*)(int)>("fsync");
  const int result = next(fd);
  if (result == 0) remember(fd);
  return result;
}

extern "C" int fdatasync(int fd) {
  static const auto next = real<int (*)(int)>("fdatasync");
  const int result = next(fd);
  if (result == 0) remember(fd);
  return result;
}
