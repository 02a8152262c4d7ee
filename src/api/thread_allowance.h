#pragma once
/// How many threads all requests together may have beyond their own. One that gets none works on its own thread.
/// Threads: safe; a Share is used by one thread.

#include <algorithm>
#include <atomic>
#include <utility>

namespace pv::api {

class ThreadAllowance {
 public:
  explicit ThreadAllowance(unsigned threads) noexcept : free_(threads) {}

  /// Gives back when it goes; the allowance must outlive it.
  class Share {
   public:
    Share() noexcept = default;
    Share(ThreadAllowance& from, unsigned threads) noexcept : from_(&from), threads_(threads) {}
    Share(Share&& other) noexcept : from_(std::exchange(other.from_, nullptr)), threads_(std::exchange(other.threads_, 0)) {}
    Share& operator=(Share&&) = delete;
    ~Share() {
      if (from_ != nullptr) from_->free_ += threads_;
    }
    [[nodiscard]] unsigned threads() const noexcept { return threads_; }

   private:
    ThreadAllowance* from_ = nullptr;
    unsigned threads_ = 0;
  };

  /// As many of `wanted` as are free, perhaps none.
  [[nodiscard]] Share take(unsigned wanted) noexcept {
    unsigned free = free_.load();
    unsigned taken = 0;
    do {
      taken = std::min(free, wanted);
    } while (!free_.compare_exchange_weak(free, free - taken));
    return {*this, taken};
  }

 private:
  std::atomic<unsigned> free_;
};

}  // namespace pv::api
