#pragma once
/// A thread with a stack of its own size, joined with its owner: hundreds of sessions wait most of the time.

#include <pthread.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <system_error>
#include <utility>

namespace pv::sftp {

class SmallThread {
 public:
  SmallThread() = default;
  /// `work` must not throw. Throws std::system_error when the system gives no thread.
  SmallThread(std::size_t stack_bytes, std::function<void()> work) {
    auto owned = std::make_unique<std::function<void()>>(std::move(work));
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    const int error = pthread_create(&thread_, &attributes, &SmallThread::run, owned.get());
    pthread_attr_destroy(&attributes);
    if (error != 0) throw std::system_error(error, std::generic_category(), "pthread_create");
    (void)owned.release();  // run() has it
    runs_ = true;
  }
  SmallThread(SmallThread&& other) noexcept : thread_(other.thread_), runs_(std::exchange(other.runs_, false)) {}
  SmallThread& operator=(SmallThread&& other) noexcept {
    if (this != &other) {
      join();
      thread_ = other.thread_;
      runs_ = std::exchange(other.runs_, false);
    }
    return *this;
  }
  ~SmallThread() { join(); }

  void join() {
    if (std::exchange(runs_, false)) pthread_join(thread_, nullptr);
  }

 private:
  static void* run(void* work) {
    const std::unique_ptr<std::function<void()>> owned(static_cast<std::function<void()>*>(work));
    (*owned)();
    return nullptr;
  }

  pthread_t thread_{};
  bool runs_ = false;
};

}  // namespace pv::sftp
