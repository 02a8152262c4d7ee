#pragma once
/// Who takes files from the data folder: one program at a time, `serve` for its life or `powerview ingest` for a run.
/// A lock on <state>/intake.lock; it ends with its holder, however that ends.
///   Threads: a value; confined to one thread.

#include <filesystem>

#include "base/file.h"
#include "base/result.h"

namespace pv::ingest {

class IntakeLock {
 public:
  /// Makes the folder when there is none. Errors: conflict: another program has it; io, denied.
  static Result<IntakeLock> take(const std::filesystem::path& state_dir);

 private:
  explicit IntakeLock(FileDescriptor file) : file_(std::move(file)) {}
  FileDescriptor file_;
};

}  // namespace pv::ingest
