#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "fleet/fleet.h"

namespace pv::fleet {
namespace {

namespace fs = std::filesystem;

std::string reason(int error) { return std::generic_category().message(error); }

/// A new file under a temporary name; removed again unless it got its own.
class NewFile {
 public:
  explicit NewFile(fs::path path) : path_(std::move(path)) {
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd_ < 0) error_ = errno;
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (fd_ < 0) return;
    close();
    if (!renamed_) ::unlink(path_.c_str());
  }

  [[nodiscard]] int error() const noexcept { return error_; }

  void write(std::string_view bytes) {
    while (error_ == 0 && !bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno != EINTR) {
        error_ = errno;
      }
    }
  }

  /// EEXIST when the name is taken.
  void rename_to(const fs::path& name) {
    close();
    if (error_ != 0) return;
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, name.c_str(), RENAME_NOREPLACE) == 0) {
      renamed_ = true;
    } else if (errno == EINVAL || errno == ENOSYS) {
      rename_where_the_file_system_cannot_refuse(name);
    } else {
      error_ = errno;
    }
  }

 private:
  void rename_where_the_file_system_cannot_refuse(const fs::path& name) {
    if (::access(name.c_str(), F_OK) == 0) {
      error_ = EEXIST;
    } else if (::rename(path_.c_str(), name.c_str()) == 0) {
      renamed_ = true;
    } else {
      error_ = errno;
    }
  }

  void close() {
    if (is_open_ && ::close(fd_) != 0 && error_ == 0) error_ = errno;
    is_open_ = false;
  }

  fs::path path_;
  int fd_ = -1;
  int error_ = 0;
  bool is_open_ = true;
  bool renamed_ = false;
};

Result<void> write_new(const fs::path& folder, std::string_view name, std::string_view bytes) {
  const fs::path path = folder / name;
  NewFile file(folder / fmt::format(".{}.part", name));
  file.write(bytes);
  file.rename_to(path);
  if (file.error() == EEXIST) {
    return fail(Errc::conflict,
                fmt::format("{}: a file of that name is already there; nothing is overwritten: give an empty folder",
                            path.string()));
  }
  if (file.error() != 0) return fail(Errc::io, fmt::format("{}: {}", path.string(), reason(file.error())));
  return {};
}

}  // namespace

Result<FleetSummary> generate(const FleetOptions& options, const fs::path& out, const ProgressCall& progress) {
  Progress state;
  state.loggers_total = std::uint64_t{options.companies} * options.loggers;
  fs::path folder;
  const auto write = [&](const FleetFile& file) -> Result<void> {
    fs::path wanted = out / file.company / file.campaign / file.device;
    if (wanted != folder) {
      std::error_code error;
      fs::create_directories(wanted, error);
      if (error) return fail(Errc::io, fmt::format("{}: {}", wanted.string(), error.message()));
      if (!folder.empty()) ++state.loggers_done;
      folder = std::move(wanted);
    }
    PV_TRY_VOID(write_new(folder, file.name, file.bytes));
    ++state.files;
    state.bytes += file.bytes.size();
    if (progress) progress(state);
    return {};
  };
  PV_TRY(FleetSummary summary, for_each_file(options, write));
  state.loggers_done = state.loggers_total;
  if (progress) progress(state);
  return summary;
}

}  // namespace pv::fleet
