#pragma once
/// A power cut: what a program has written and not made durable is gone.
///   A program that runs with environment() keeps a copy of all it made durable below `root`. Once it has ended, after() builds the
///   tree as a disk would have it after the cut: of each folder the names it had when it was last synced, of each file the bytes.
///   Stricter than disks are: they lose some of what was not synced, this loses all of it.

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "testing/child.h"
#include "testing/temp_folder.h"

namespace pv::testing {

class PowerCut {
 public:
  /// `root` must be there, and so must all of its content that is to count as durable from before: nothing else does.
  explicit PowerCut(std::filesystem::path root) : root_(std::filesystem::canonical(root)) { remember_all(root_); }

  [[nodiscard]] Child::Environment environment() const {
    return {{"LD_PRELOAD", PV_REMEMBER_SYNCED}, {"PV_SYNCED_ROOT", root_.string()}, {"PV_SYNCED_COPY", copy_.path().string()}};
  }

  /// Makes `target`, which must not be there.
  void after(const std::filesystem::path& target) const { rebuild(identity_of(root_), target); }

 private:
  static std::string identity_of(const std::filesystem::path& path) {
    struct statx status {};
    if (statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &status) != 0) throw std::runtime_error("cannot look at " + path.string());
    return std::to_string(status.stx_ino) + "-" + std::to_string(status.stx_btime.tv_sec) + "." + std::to_string(status.stx_btime.tv_nsec);
  }

  void remember_all(const std::filesystem::path& folder) const {
    std::string names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string identity = identity_of(entry.path());
      names += (entry.is_directory() ? "d " : "f ") + identity + " " + entry.path().filename().string() + '\0';
      if (entry.is_directory()) remember_all(entry.path());
      else write_file(copy_.path() / (identity + ".data"), content_of(entry.path()));
    }
    write_file(copy_.path() / (identity_of(folder) + ".names"), names);
  }

  void rebuild(const std::string& folder, const std::filesystem::path& target) const {
    std::filesystem::create_directories(target);
    const std::string names = content_of(copy_.path() / (folder + ".names"));
    for (std::size_t at = 0; at < names.size();) {
      const std::size_t end = names.find('\0', at);
      const std::string entry = names.substr(at, end - at);
      at = end + 1;
      const std::size_t space = entry.find(' ', 2);
      const std::string identity = entry.substr(2, space - 2), name = entry.substr(space + 1);
      // Shared memory of SQLite lives in memory.
      if (name.ends_with("-shm")) continue;
      if (entry.front() == 'd') rebuild(identity, target / name);
      else write_file(target / name, content_of(copy_.path() / (identity + ".data")));
    }
  }

  std::filesystem::path root_;
  TempFolder copy_;
};

}  // namespace pv::testing
