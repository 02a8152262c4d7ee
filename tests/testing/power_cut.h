#pragma once
/// A power cut: what a program has written and not made durable is gone.
///   A program that runs with environment() keeps a copy of all it made durable below `root`. Once it has ended, after() builds the
///   tree as a journaling file system (ext4, xfs, btrfs) has it after the cut at worst: the names as they were when anything was
///   last synced, of each file the bytes it had when it was last synced itself.

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "testing/child.h"
#include "testing/temp_folder.h"

namespace pv::testing {

class PowerCut {
 public:
  /// `root` must be there, and so must all of its content that is to count as durable from before: nothing else does.
  explicit PowerCut(std::filesystem::path root) : root_(std::filesystem::canonical(root)) {
    std::string names;
    remember_all(root_, names);
    write_file(copy_.path() / "names", names);
  }

  [[nodiscard]] Child::Environment environment() const {
    return {{"LD_PRELOAD", PV_REMEMBER_SYNCED}, {"PV_SYNCED_ROOT", root_.string()}, {"PV_SYNCED_COPY", copy_.path().string()}};
  }

  /// Makes `target`, which must not be there.
  void after(const std::filesystem::path& target) const { rebuild(names(), identity_of(root_), target); }

 private:
  static std::string identity_of(const std::filesystem::path& path) {
    struct statx status {};
    if (statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &status) != 0) throw std::runtime_error("cannot look at " + path.string());
    return std::to_string(status.stx_ino) + "-" + std::to_string(status.stx_btime.tv_sec) + "." + std::to_string(status.stx_btime.tv_nsec);
  }

  void remember_all(const std::filesystem::path& folder, std::string& names) const {
    names += "D " + identity_of(folder) + '\0';
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string identity = identity_of(entry.path());
      names += (entry.is_directory() ? "d " : "f ") + identity + " " + entry.path().filename().string() + '\0';
      if (!entry.is_directory()) write_file(copy_.path() / (identity + ".data"), content_of(entry.path()));
    }
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.is_directory()) remember_all(entry.path(), names);
    }
  }

  struct Name {
    bool is_folder;
    std::string identity, name;
  };
  /// What each folder held, by its identity.
  [[nodiscard]] std::map<std::string, std::vector<Name>> names() const {
    std::map<std::string, std::vector<Name>> folders;
    const std::string all = content_of(copy_.path() / "names");
    std::vector<Name>* open = nullptr;
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = all.find('\0', at);
      const std::string line = all.substr(at, end - at);
      at = end + 1;
      if (line.front() == 'D') {
        open = &folders[line.substr(2)];
        continue;
      }
      const std::size_t space = line.find(' ', 2);
      open->push_back({line.front() == 'd', line.substr(2, space - 2), line.substr(space + 1)});
    }
    return folders;
  }

  void rebuild(const std::map<std::string, std::vector<Name>>& folders, const std::string& folder, const std::filesystem::path& target) const {
    std::filesystem::create_directories(target);
    const auto found = folders.find(folder);
    if (found == folders.end()) return;
    for (const Name& entry : found->second) {
      // Shared memory of SQLite lives in memory.
      if (entry.name.ends_with("-shm")) continue;
      if (entry.is_folder) {
        rebuild(folders, entry.identity, target / entry.name);
        continue;
      }
      write_file(target / entry.name, content_of(copy_.path() / (entry.identity + ".data")));
      // Keys that others can read are refused.
      std::filesystem::permissions(target / entry.name, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    }
  }

  std::filesystem::path root_;
  TempFolder copy_;
};

}  // namespace pv::testing
