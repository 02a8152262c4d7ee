#pragma once
/// An answer of another system that many want at once and one fetches, outside every lock. Who wants it meanwhile waits for that one, not for long.
/// After a failure of kind unavailable everybody hears the same for a few seconds, without asking: a system that is away holds one thread at a time.
///   Errors: those of fetch; unavailable: the one who fetches takes too long.
///   Threads: safe; `serves` is called under a lock and must not block. `fetch` is never called twice at once.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

#include "base/result.h"

namespace pv {

/// As Limits::wait, for an answer that takes long where there is much.
inline constexpr std::chrono::seconds kLongWait{30};

/// What is done while somebody else fetches.
enum class Meanwhile : std::uint8_t {
  wait,       // for what he gets
  take_last,  // what was fetched last will do, when there is something
};

template <class T>
class SharedAnswer {
 public:
  struct Limits {
    std::chrono::milliseconds wait{5'000};  // for another's answer
    std::chrono::milliseconds rest{3'000};  // after a failure
  };
  SharedAnswer() = default;
  explicit SharedAnswer(Limits limits) : limits_(limits) {}

  /// The last answer if `serves(answer)`, else what `fetch()` returns, here or where it is called at the moment.
  template <class Serves, class Fetch>
  Result<T> get(Meanwhile meanwhile, const Serves& serves, const Fetch& fetch) {
    std::unique_lock lock(mutex_);
    const auto until = Clock::now() + limits_.wait;
    for (;;) {
      if (last_ && serves(*last_)) return *last_;
      if (failed_ && Clock::now() < rests_until_) return fail(*failed_);
      if (!is_fetching_) break;
      if (last_ && meanwhile == Meanwhile::take_last) return *last_;
      const std::uint64_t seen = fetches_;
      if (!fetched_.wait_until(lock, until, [&] { return fetches_ != seen; })) {
        return fail(Errc::unavailable, "another request waits for the same answer, and it does not come");
      }
    }
    is_fetching_ = true;
    lock.unlock();
    Fetching ends(*this);
    Result<T> got = fetch();
    lock.lock();
    failed_.reset();
    if (got) {
      last_ = *got;
    } else if (got.error().kind() == Errc::unavailable) {
      failed_ = got.error();
      rests_until_ = Clock::now() + limits_.rest;
    }
    lock.unlock();
    return got;
  }

 private:
  using Clock = std::chrono::steady_clock;
  /// However the fetching ends.
  class Fetching {
   public:
    explicit Fetching(SharedAnswer& shared) : shared_(shared) {}
    ~Fetching() {
      const std::lock_guard lock(shared_.mutex_);
      shared_.is_fetching_ = false;
      ++shared_.fetches_;
      shared_.fetched_.notify_all();
    }
    Fetching(const Fetching&) = delete;
    Fetching& operator=(const Fetching&) = delete;

   private:
    SharedAnswer& shared_;
  };

  Limits limits_;
  std::mutex mutex_;
  std::condition_variable fetched_;
  bool is_fetching_ = false;
  std::uint64_t fetches_ = 0;
  std::optional<T> last_;
  std::optional<Error> failed_;
  Clock::time_point rests_until_;
};

}  // namespace pv
