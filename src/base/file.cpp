#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <utility>

#include <fmt/format.h>

namespace pv {
namespace {

bool same_moment(const struct stat& a, const struct stat& b) noexcept {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

int FileDescriptor::release() noexcept { return std::exchange(fd_, -1); }

bool names_a_place(const Error& error) noexcept { return error.message().starts_with('/'); }

Error system_error(std::string_view what, const std::filesystem::path& path, int error_number) {
  std::string message = fmt::format("{}: {}: {}", path.string(), what, std::strerror(error_number));
  switch (error_number) {
    case ENOENT: return {Errc::not_found, std::move(message)};
    case EACCES:
    case EPERM:
    case EROFS: return {Errc::denied, std::move(message)};
    default: return {Errc::io, std::move(message)};
  }
}

bool is_open_for_writing(int fd) noexcept {
  // A writer that comes while the lease is held makes the kernel send a signal, and SIGIO would end the program; SIGURG is
  // ignored unless somebody asks for it.
  fcntl(fd, F_SETSIG, SIGURG);
  // A read lease is granted only while nobody has the file open for writing.
  if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
    fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
  }
  return errno == EAGAIN;
}

tl::expected<void, ReadFailure> read_settled_file(const std::filesystem::path& path, std::uint64_t limit, std::vector<char>& out) {
  const auto refuse = [&](ReadRefusal why, std::string_view text) {
    return tl::unexpected<ReadFailure>(ReadFailure{why, fmt::format("{}: {}", path.string(), text)});
  };
  // Non-blocking: a pipe of that name must not stop the run. No access time: reading is not using.
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOATIME));
  if (!file.is_open() && errno == EPERM) file = FileDescriptor(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) {
    if (errno == ENOENT) return refuse(ReadRefusal::vanished, "the file is not there any more");
    if (errno == ELOOP) return refuse(ReadRefusal::symlink, "it is a symbolic link; put the file itself there");
    return refuse(ReadRefusal::unreadable, std::strerror(errno));
  }
  struct stat before{};
  if (fstat(file.get(), &before) != 0) return refuse(ReadRefusal::unreadable, std::strerror(errno));
  if (!S_ISREG(before.st_mode)) return refuse(ReadRefusal::not_regular, "it is not a regular file");
  const auto size = static_cast<std::uint64_t>(before.st_size);
  if (size > limit) return refuse(ReadRefusal::too_large, fmt::format("it has {} bytes, more than the limit of {}", size, limit));
  if (is_open_for_writing(file.get())) return refuse(ReadRefusal::being_written, "a program is still writing it");

  out.resize(size);
  std::size_t at = 0;
  while (at < size) {
    const ssize_t got = read(file.get(), out.data() + at, size - at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refuse(ReadRefusal::unreadable, std::strerror(errno));
    if (got == 0) break;
    at += static_cast<std::size_t>(got);
  }
  struct stat after{};
  if (fstat(file.get(), &after) != 0) return refuse(ReadRefusal::unreadable, std::strerror(errno));
  if (at != size || !same_moment(before, after)) return refuse(ReadRefusal::changed, "it changed while it was read");
  return {};
}

Result<std::string> read_text_file(const std::filesystem::path& path, std::uint64_t limit) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return fail(system_error("cannot open it", path, errno));
  std::string text;
  char buffer[8192];
  while (true) {
    const ssize_t got = read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(system_error("cannot read it", path, errno));
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > limit) return fail(Errc::invalid_input, fmt::format("{}: it is longer than {} bytes", path.string(), limit));
  }
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view bytes) {
  // A short name of its own: the target's may be as long as a name can be.
  const std::filesystem::path temporary =
      path.parent_path() / fmt::format(".pv-{}-{:016x}.tmp", getpid(), std::hash<std::string>{}(path.filename().string()));
  {
    const FileDescriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
    if (!file.is_open()) return fail(system_error("cannot write it", path, errno));
    std::size_t at = 0;
    while (at < bytes.size()) {
      const ssize_t put = write(file.get(), bytes.data() + at, bytes.size() - at);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) {
        const int error_number = errno;
        unlink(temporary.c_str());
        return fail(system_error("cannot write it", path, error_number));
      }
      at += static_cast<std::size_t>(put);
    }
    if (fsync(file.get()) != 0) {
      const int error_number = errno;
      unlink(temporary.c_str());
      return fail(system_error("cannot write it", path, error_number));
    }
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    const int error_number = errno;
    unlink(temporary.c_str());
    return fail(system_error("cannot replace it", path, error_number));
  }
  const FileDescriptor folder(open(path.parent_path().empty() ? "." : path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.is_open()) fsync(folder.get());
  return {};
}

std::filesystem::path numbered_name(const std::filesystem::path& path, int number) {
  if (number <= 1) return path;
  return path.parent_path() / fmt::format("{}~{}{}", path.stem().string(), number, path.extension().string());
}

Result<void> move_to_free_name(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno == EEXIST) return fail(Errc::conflict, fmt::format("{}: this name is taken", to.string()));
  return fail(system_error(fmt::format("cannot move it to {}", to.string()), from, errno));
}

Result<std::filesystem::path> move_without_overwriting(const std::filesystem::path& from, const std::filesystem::path& to) {
  constexpr int kMaxNames = 10'000;
  for (int number = 1; number < kMaxNames; ++number) {
    std::filesystem::path target = numbered_name(to, number);
    auto moved = move_to_free_name(from, target);
    if (moved) return target;
    if (moved.error().kind() != Errc::conflict) return fail(std::move(moved).error());
  }
  return fail(Errc::io, fmt::format("{}: cannot move it: {} and thousands of numbered names are taken", from.string(), to.string()));
}

}  // namespace pv
