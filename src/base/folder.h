#pragma once
/// A folder held open, and what lies below it. Paths are relative to it and are opened with openat2: they cannot leave the
/// folder ("..", absolute paths) and no symbolic link on the way is followed, whatever happens to the tree meanwhile.
///   Paths: parts parted by '/'; "" is the folder itself. Names are bytes.
///   Errors: not_found, conflict (the name is taken), denied (rights, a link on the way, a path that leads out), io (disk
///   full, …); the message names the path.
///   Threads: safe; it keeps one descriptor and no state.

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace pv {

struct FolderEntry {
  std::string name;  // neither "." nor ".."
  struct stat status {};
};

class Folder {
 public:
  static Result<Folder> open(const std::filesystem::path& path);

  [[nodiscard]] Result<Folder> folder(std::string_view relative) const;
  /// `flags` and `mode` as open(2) takes them; O_CLOEXEC and O_NOFOLLOW are added.
  [[nodiscard]] Result<FileDescriptor> file(std::string_view relative, int flags, unsigned mode = 0640) const;
  /// Of the entry itself: a symbolic link shows as one.
  [[nodiscard]] Result<struct stat> status(std::string_view relative) const;
  /// In no order; at most `most` of them. Entries that vanish meanwhile are left out.
  [[nodiscard]] Result<std::vector<FolderEntry>> list(std::string_view relative, std::size_t most) const;

  /// Makes one folder below folders that are there, durable when it returns. Errors: conflict when the name is taken.
  [[nodiscard]] Result<void> make_folder(std::string_view relative) const;
  /// Makes the folders of a path that are missing.
  [[nodiscard]] Result<void> make_folders(std::string_view relative) const;
  /// Gives a file or folder another name, which nothing has; durable when it returns. Errors: conflict when it is taken.
  [[nodiscard]] Result<void> move(std::string_view from, std::string_view to) const;
  [[nodiscard]] Result<void> remove_file(std::string_view relative) const;
  [[nodiscard]] Result<void> remove_folder(std::string_view relative) const;  // an empty one
  /// Makes the names in it durable.
  [[nodiscard]] Result<void> sync(std::string_view relative = "") const;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }  // for messages, and for nothing else
  [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }

 private:
  Folder(FileDescriptor descriptor, std::filesystem::path path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {}
  FileDescriptor descriptor_;
  std::filesystem::path path_;
};

}  // namespace pv
