#pragma once
/// Files, with the guarantees that the rest of the program speaks of.
///   Errors: io or not_found or denied; the message names the path and what the system said.
///   Threads: no state; safe.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pv {

/// An open file descriptor, closed with its owner.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) noexcept : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
  int release() noexcept;

 private:
  int fd_;
};

/// The error for a failed system call on `path`, from errno: not_found, denied or io.
[[nodiscard]] Error system_error(std::string_view what, const std::filesystem::path& path, int error_number);

/// Whether an error tells where this machine keeps something, as those of system_error() for an absolute path do: not a text for people
/// elsewhere.
[[nodiscard]] bool names_a_place(const Error& error) noexcept;

/// Whether some program has this file open for writing; `fd` is open for reading only. No where the system cannot tell (network
/// filesystems, files of other users): a changed size or time then tells.
[[nodiscard]] bool is_open_for_writing(int fd) noexcept;

/// Why a whole read gave no bytes.
enum class ReadRefusal : std::uint8_t {
  vanished,        // there is no such file (any more)
  symlink,         // the last component is a symbolic link
  not_regular,     // a folder, pipe or device
  too_large,       // longer than the limit
  being_written,   // another process has it open for writing
  changed,         // size or time of change moved while it was read
  unreadable,      // the system refused
};

struct ReadFailure {
  ReadRefusal why;
  std::string message;
};

/// The whole content of a regular file as it stood still for the time of reading; replaces `out`, reusing its memory.
tl::expected<void, ReadFailure> read_settled_file(const std::filesystem::path& path, std::uint64_t limit, std::vector<char>& out);

/// The content of a small text file (settings and the like). Follows links.
Result<std::string> read_text_file(const std::filesystem::path& path, std::uint64_t limit);

/// Replaces `path`: after a crash it holds the old bytes or the new ones, never part of them.
Result<void> replace_file(const std::filesystem::path& path, std::string_view bytes);

/// "a/name.tsv" for 1, then "a/name~2.tsv", "a/name~3.tsv", …: what a file is called where its name is taken.
[[nodiscard]] std::filesystem::path numbered_name(const std::filesystem::path& path, int number);

/// Moves a file to a name that nothing has. Errors: conflict when the name is taken; otherwise as below.
Result<void> move_to_free_name(const std::filesystem::path& from, const std::filesystem::path& to);

/// Moves a file without overwriting: when the name is taken, "name~2.ext", "name~3.ext", … is used.
/// Returns the path it has then. Source and target lie on one filesystem.
Result<std::filesystem::path> move_without_overwriting(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace pv
