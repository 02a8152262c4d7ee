#pragma once
/// Where hooks leave word while `serve` is busy or down: one small file an event in <state>/spool. Durable when put() returns;
/// read and removed by `serve`.
///   Bounded: beyond kMostEvents nothing is added, for the scan finds the files anyway.
///   Errors: io, denied: the folder. Threads and processes: safe.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/folder.h"
#include "base/result.h"
#include "ingest/hook_event.h"

namespace pv::ingest {

class Spool {
 public:
  static constexpr std::size_t kMostEvents = 100'000;

  /// Makes the folder when there is none, for its group to write into: whoever runs `powerview hook` may be another user of it.
  /// Errors: denied: says who may write there.
  static Result<Spool> open(const std::filesystem::path& state_dir);

  /// What was done: "kept", or "full: the scan finds the file".
  [[nodiscard]] Result<std::string> put(const HookEvent& event) const;

  struct Kept {
    std::string name;  // of its file
    HookEvent event;
  };
  /// Some of what waits, oldest first. Files that are no events are set aside (".bad").
  [[nodiscard]] Result<std::vector<Kept>> waiting(std::size_t most) const;
  /// Those that were dealt with.
  [[nodiscard]] Result<void> remove(const std::vector<Kept>& events) const;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return folder_.path(); }

 private:
  [[nodiscard]] Result<std::string> keep(const HookEvent& event) const;
  explicit Spool(Folder folder) : folder_(std::move(folder)) {}
  Folder folder_;
};

}  // namespace pv::ingest
