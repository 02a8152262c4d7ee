#pragma once
/// Tells listeners which tenants' samples changed, and which tenants' files came or met a fate. One thread looks every interval,
/// and only while somebody listens. A listener that is slow gets the newest generation of each tenant, never a backlog.
/// Threads: safe; a Listener is used by one thread.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "api/arrival_watch.h"
#include "base/result.h"
#include "ingest/ledger.h"
#include "model/source.h"

namespace pv::api {

class ChangeFeed {
 public:
  struct Options {
    std::size_t most_listeners = 64;
    std::chrono::milliseconds interval{500};
  };
  struct Changes {
    std::map<std::string, std::uint64_t> generations;  // of the tenants whose samples changed
    std::set<std::string> arrivals;                    // tenants whose files changed
    [[nodiscard]] bool empty() const { return generations.empty() && arrivals.empty(); }
  };

  /// Without a ledger nothing is told of files.
  ChangeFeed(model::SourceDirectory& sources, ingest::Ledger* ledger, Options options);
  ~ChangeFeed();  // closes; listeners must be gone
  ChangeFeed(const ChangeFeed&) = delete;
  ChangeFeed& operator=(const ChangeFeed&) = delete;

  class Listener {
   public:
    Listener(ChangeFeed& feed, std::optional<std::string> tenant) : feed_(feed), tenant_(std::move(tenant)) {}
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    /// Waits for changes, no longer than `most`; empty when there were none.
    Changes wait(std::chrono::milliseconds most);
    [[nodiscard]] bool closed() const;

   private:
    friend class ChangeFeed;
    [[nodiscard]] bool may_know_of(const std::string& tenant) const { return !tenant_ || *tenant_ == tenant; }
    ChangeFeed& feed_;
    std::optional<std::string> tenant_;
    Changes pending_;
  };

  /// What changes from this moment on, of one tenant or of all. Errors: unavailable when there are too many listeners, or the feed
  /// is closed.
  [[nodiscard]] Result<std::shared_ptr<Listener>> listen(std::optional<std::string> tenant);
  [[nodiscard]] std::size_t listeners() const;

  /// Wakes all listeners and ends the thread. Calling it again does nothing.
  void close();

 private:
  using Generations = std::map<std::string, std::uint64_t>;
  Generations read_generations();
  [[nodiscard]] bool is_closed() const;
  void watch();
  bool tell(const Generations& now, const std::set<std::string>& arrivals);

  model::SourceDirectory& sources_;
  Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Listener*> listeners_;
  Generations known_;         // last generations told; renewed when the first listener comes
  std::mutex arrivals_mutex_;  // never held with the other
  ArrivalWatch arrivals_;
  bool closed_ = false;
  std::jthread watcher_;
};

}  // namespace pv::api
