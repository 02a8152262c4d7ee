#pragma once
/// Tells listeners which tenants' samples changed. One thread asks all generations every interval, and only while
/// somebody listens. A listener that is slow gets the newest generation of each tenant, never a backlog.
/// Threads: safe; a Listener is used by one thread.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/result.h"
#include "model/source.h"

namespace pv::api {

class ChangeFeed {
 public:
  struct Options {
    std::size_t most_listeners = 64;
    std::chrono::milliseconds interval{500};
  };
  using Changes = std::map<std::string, std::uint64_t>;  // tenant -> generation

  ChangeFeed(model::SourceDirectory& sources, Options options);
  ~ChangeFeed();  // closes; listeners must be gone
  ChangeFeed(const ChangeFeed&) = delete;
  ChangeFeed& operator=(const ChangeFeed&) = delete;

  class Listener {
   public:
    explicit Listener(ChangeFeed& feed) : feed_(feed) {}
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    /// Waits for changes, no longer than `most`; empty when there were none.
    Changes wait(std::chrono::milliseconds most);
    [[nodiscard]] bool closed() const;

   private:
    friend class ChangeFeed;
    ChangeFeed& feed_;
    Changes pending_;
  };

  /// What changes from this moment on. Errors: unavailable when there are too many listeners, or the feed is closed.
  [[nodiscard]] Result<std::shared_ptr<Listener>> listen();
  [[nodiscard]] std::size_t listeners() const;

  /// Wakes all listeners and ends the thread. Calling it again does nothing.
  void close();

 private:
  Changes read_generations();
  void watch();

  model::SourceDirectory& sources_;
  Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Listener*> listeners_;
  Changes known_;  // last generations told; renewed when the first listener comes
  bool closed_ = false;
  std::jthread watcher_;
};

}  // namespace pv::api
