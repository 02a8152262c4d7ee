#include "ingest/spool.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>

#include <fmt/format.h>

#include "base/private_file.h"

namespace pv::ingest {
namespace {

constexpr std::string_view kEnding = ".json";
constexpr std::size_t kMostNoteBytes = 64U << 10U;

/// Names sort by the moment they were given.
std::string new_name() {
  static std::atomic<unsigned> count{0};
  const auto now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  return fmt::format("{:020}-{}-{}", now_ns, getpid(), count++);
}

/// Who runs a hook is often another user than the one of `serve`.
Error with_advice(Error error, const std::filesystem::path& spool) {
  if (error.kind() != Errc::denied) return error;
  struct stat status {};
  std::string owner = "the user of 'powerview serve'", group = "of the group of that folder";
  if (stat(spool.c_str(), &status) == 0 || stat(spool.parent_path().c_str(), &status) == 0) {
    if (const passwd* const user = getpwuid(status.st_uid); user != nullptr) owner += fmt::format(" ({})", user->pw_name);
    if (const ::group* const of = getgrgid(status.st_gid); of != nullptr) group = fmt::format("of the group {}", of->gr_name);
  }
  return {error.kind(), fmt::format("{}. What runs 'powerview hook' must be {} or a member {}, and {} must let its group write (mode 2770, and 710 of the folder above it)",
                                    error.message(), owner, group, spool.string())};
}

Result<void> write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t put = write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail(system_error("cannot write it", path, errno));
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  if (fsync(fd) != 0) return fail(system_error("cannot make it durable", path, errno));
  return {};
}

}  // namespace

Result<Spool> Spool::open(const std::filesystem::path& state_dir) {
  const std::filesystem::path path = state_dir / "spool";
  auto made = make_private_folder(state_dir, GroupMay::pass);
  if (made) made = make_private_folder(path, GroupMay::write);
  if (!made) return fail(with_advice(std::move(made).error(), path));
  auto folder = Folder::open(path);
  if (!folder) return fail(with_advice(std::move(folder).error(), path));
  return Spool(std::move(*folder));
}

Result<std::string> Spool::put(const HookEvent& event) const {
  auto kept = keep(event);
  if (!kept) return fail(with_advice(std::move(kept).error(), folder_.path()));
  return kept;
}

Result<std::string> Spool::keep(const HookEvent& event) const {
  PV_TRY(const std::vector<FolderEntry> there, folder_.list("", kMostEvents));
  if (there.size() >= kMostEvents) return std::string("full: the scan finds the file");
  const std::string name = new_name();
  const std::string temporary = "." + name;
  {
    PV_TRY(const FileDescriptor file, folder_.file(temporary, O_WRONLY | O_CREAT | O_EXCL));
    // Its reader may be another user of the folder's group, whatever the writer's mask says.
    if (fchmod(file.get(), 0640) != 0) return fail(system_error("cannot set its rights", folder_.path() / temporary, errno));
    if (auto written = write_all(file.get(), to_json(event), folder_.path() / temporary); !written) {
      if (auto removed = folder_.remove_file(temporary); !removed) return fail(removed.error());
      return fail(written.error());
    }
  }
  PV_TRY_VOID(folder_.move(temporary, name + std::string(kEnding)));
  return std::string("kept");
}

Result<std::vector<Spool::Kept>> Spool::waiting(std::size_t most) const {
  PV_TRY(std::vector<FolderEntry> entries, folder_.list("", 2 * kMostEvents));
  std::sort(entries.begin(), entries.end(), [](const FolderEntry& a, const FolderEntry& b) { return a.name < b.name; });
  std::vector<Kept> kept;
  for (const FolderEntry& entry : entries) {
    if (kept.size() == most) break;
    if (entry.name.starts_with('.') || !entry.name.ends_with(kEnding)) continue;
    std::string text;
    if (S_ISREG(entry.status.st_mode) && static_cast<std::size_t>(entry.status.st_size) <= kMostNoteBytes) {
      const auto file = folder_.file(entry.name, O_RDONLY);
      if (!file) continue;
      text.resize(static_cast<std::size_t>(entry.status.st_size));
      const ssize_t got = pread(file->get(), text.data(), text.size(), 0);
      text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    }
    if (auto event = event_of_json(text)) {
      kept.push_back({entry.name, std::move(*event)});
    } else if (auto aside = folder_.move(entry.name, entry.name + ".bad"); !aside && aside.error().kind() != Errc::conflict) {
      return fail(aside.error());
    }
  }
  return kept;
}

Result<void> Spool::remove(const std::vector<Kept>& events) const {
  for (const Kept& event : events) {
    if (auto removed = folder_.remove_file(event.name); !removed && removed.error().kind() != Errc::not_found) return removed;
  }
  return {};
}

}  // namespace pv::ingest
