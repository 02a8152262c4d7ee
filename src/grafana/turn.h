#pragma once
/// Who changes Grafana for this installation: one at a time. A lock on <state>/grafana.lock; it ends with its holder, however that ends.
///   Errors: conflict: somebody else had it all the time that was waited; io, denied.
///   Threads: a value; confined to one thread.

#include <chrono>
#include <filesystem>

#include "base/file.h"
#include "base/result.h"

namespace pv::grafana {

class Turn {
 public:
  static Result<Turn> take(const std::filesystem::path& state_dir, std::chrono::milliseconds patience);

 private:
  explicit Turn(FileDescriptor file) : file_(std::move(file)) {}
  FileDescriptor file_;
};

}  // namespace pv::grafana
