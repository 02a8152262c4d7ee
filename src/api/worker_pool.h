#pragma once
/// Threads that answer connections: made when a connection finds none free, gone after some idle time.
/// Threads: submit() and close() from any, never at the same time.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace pv::api {

class WorkerPool {
 public:
  struct Options {
    std::size_t most_threads = 64;
    std::size_t most_waiting = 256;  // jobs that no thread has begun
    std::chrono::milliseconds idle{10'000};
  };

  explicit WorkerPool(Options options) : options_(options) {}
  ~WorkerPool() { close(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Jobs beyond the most threads wait their turn. False when too many wait already, or the system gives no thread at
  /// all; the job is dropped then. A job must not throw.
  [[nodiscard]] bool submit(std::function<void()> job);

  /// Runs what was submitted, then joins all threads. Calling it again does nothing.
  void close();

  [[nodiscard]] std::size_t threads() const;

 private:
  void work(std::list<std::thread>::iterator self);
  void join_gone(std::unique_lock<std::mutex>& lock);

  Options options_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable left_;
  std::deque<std::function<void()>> jobs_;
  std::list<std::thread> threads_;
  std::list<std::thread> gone_;  // ended, to be joined
  std::size_t idle_ = 0;
  bool closed_ = false;
};

}  // namespace pv::api
