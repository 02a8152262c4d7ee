#pragma once
/// Slows down whoever tries passwords: by the pair (address, account), so that neither a site behind one address nor the owner of an
/// account elsewhere is locked out.
///
///   Six failures start a wait of 1 s, which doubles with each further one up to 5 min. A success clears the pair; 15 min without
///   a failure forget it. IPv6 addresses count by their /64, of which anybody has all addresses.
///   Memory: 10,000 pairs. The pair that gives way is one that need not wait yet, so that whoever fills the memory to be forgotten has to
///   fail six times with each of 10,000 other names.
///   Threads: safe. State is lost with the process.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include <tl/expected.hpp>

namespace pv::tenancy {

struct ThrottleLimits {
  std::int64_t free_failures = 5;
  std::int64_t first_wait_s = 1;
  std::int64_t longest_wait_s = 300;
  std::int64_t forget_after_s = 900;
  std::size_t pairs = 10'000;
};

class Throttle {
 public:
  explicit Throttle(std::function<std::int64_t()> steady_s, ThrottleLimits limits = {});

  /// One attempt under way; neither success nor failure when it ends without a word.
  class Attempt {
   public:
    Attempt(Attempt&& other) noexcept;
    Attempt& operator=(Attempt&&) = delete;
    ~Attempt();
    void succeeded();
    void failed();

   private:
    friend class Throttle;
    Attempt(Throttle& throttle, std::string key) : throttle_(&throttle), key_(std::move(key)) {}
    Throttle* throttle_;
    std::string key_;
  };

  /// Lets an attempt begin, or answers for how many seconds it may not. As many attempts of a pair run at a time as it has free
  /// failures left (one when none is left); further ones wait here for those to end, so that many at once gain nothing.
  tl::expected<Attempt, std::int64_t> begin(std::string_view address, std::string_view account);

  [[nodiscard]] std::size_t pairs() const;  // remembered

 private:
  enum class Outcome : std::uint8_t { none, success, failure };
  struct Pair {
    std::string key;
    std::int64_t failures = 0, last_failure_s = 0, until_s = 0;
    std::int64_t running = 0;
    std::list<Pair>* home = nullptr;
  };
  using Pairs = std::list<Pair>;

  void end(const std::string& key, Outcome outcome);
  Pairs::iterator find_or_add(const std::string& key);
  void make_room();
  bool drop_oldest(Pairs& pairs, std::int64_t failed_before_s);

  std::function<std::int64_t()> steady_s_;
  ThrottleLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  Pairs free_, waiting_;  // by their wait; most recently touched first
  std::unordered_map<std::string_view, Pairs::iterator> by_key_;
};

}  // namespace pv::tenancy
