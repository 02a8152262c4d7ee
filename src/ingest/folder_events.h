#pragma once
/// Tells what comes into folders, as the kernel reports it (inotify). A hint, never a promise: events get lost when there are
/// too many, and network mounts have none.
///   Folders go by a label of the caller's; a folder that is watched again under another label has moved there.
///   Threads: one, but for interrupt().

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/folder.h"
#include "base/result.h"

namespace pv::ingest {

struct FolderEvent {
  enum class Kind : std::uint8_t {
    file,      // a file was closed after writing, or moved in
    folder,    // a folder was made or moved in
    overflow,  // some events are lost; label and name say nothing
  };
  Kind kind;
  std::string label;  // of the folder
  std::string name;   // in it
};

class FolderEvents {
 public:
  /// Where the system gives no events, watch() says why, and wait() still waits.
  FolderEvents();
  /// Errors: io: the system's limits, in words for a person.
  [[nodiscard]] Result<void> watch(const Folder& folder, std::string_view label);
  /// A folder that went elsewhere, with what lies below it (labels that begin with its own and '/').
  void forget(std::string_view label);

  /// What came, once something did, or the time is over, or interrupt() was called. Returns soon; call it again.
  [[nodiscard]] std::vector<FolderEvent> wait(std::chrono::milliseconds most);
  void interrupt() noexcept;

 private:
  void read_events(std::vector<FolderEvent>& events);

  FileDescriptor events_, alarm_;
  int why_not_ = 0;  // errno, when there are no events at all
  std::map<int, std::string> labels_;
};

}  // namespace pv::ingest
