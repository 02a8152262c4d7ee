#pragma once
/// Who sends to a copy: one at a time, `serve`, `ingest` or a command of an operator. What is sent is read from the truth within a turn, so that nobody
/// writes older values over newer ones. A lock on <state>/.sink-<name>.lock, and on .next for who waits; both end with their holder, however that ends.
///   Threads: a value; confined to one thread. Two threads of a program exclude one another too.

#include <filesystem>
#include <functional>
#include <string>

#include "base/file.h"
#include "base/result.h"

namespace pv::ingest {

class SinkTurn {
 public:
  /// Waits for the turn of another to end. Makes the folder when there is none. `is_stopped` (may be empty) is asked while it waits: true ends that.
  /// Errors: unavailable: stopped; io, denied.
  static Result<SinkTurn> take(const std::filesystem::path& state_dir, const std::string& sink, const std::function<bool()>& is_stopped = {});

 private:
  explicit SinkTurn(FileDescriptor file) : file_(std::move(file)) {}
  FileDescriptor file_;
};

}  // namespace pv::ingest
