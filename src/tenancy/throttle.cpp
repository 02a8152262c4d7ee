#include "tenancy/throttle.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/digest.h"

namespace pv::tenancy {
namespace {

constexpr std::size_t kLongestKey = 64;

/// What stands for an address: an IPv4 address itself, also when written as an IPv6 one; the /64 of an IPv6 address.
std::string network_of(std::string_view address) {
  const std::string text(address.substr(0, kLongestKey));
  in6_addr six{};
  if (inet_pton(AF_INET6, text.c_str(), &six) != 1) return text;
  const auto bytes = std::as_bytes(std::span(six.s6_addr));
  if (IN6_IS_ADDR_V4MAPPED(&six)) {
    return fmt::format("{}.{}.{}.{}", six.s6_addr[12], six.s6_addr[13], six.s6_addr[14], six.s6_addr[15]);
  }
  return to_hex(bytes.first(8));
}

}  // namespace

Throttle::Throttle(std::function<std::int64_t()> steady_s, ThrottleLimits limits) : steady_s_(std::move(steady_s)), limits_(limits) {}

Throttle::Attempt::Attempt(Attempt&& other) noexcept
    : throttle_(std::exchange(other.throttle_, nullptr)), key_(std::move(other.key_)) {}

Throttle::Attempt::~Attempt() {
  if (throttle_ != nullptr) throttle_->end(key_, Outcome::none);
}

void Throttle::Attempt::succeeded() { std::exchange(throttle_, nullptr)->end(key_, Outcome::success); }
void Throttle::Attempt::failed() { std::exchange(throttle_, nullptr)->end(key_, Outcome::failure); }

tl::expected<Throttle::Attempt, std::int64_t> Throttle::begin(std::string_view address, std::string_view account) {
  // No address holds a newline, so that no two pairs give one key.
  std::string key = network_of(address) + "\n" + std::string(account.substr(0, kLongestKey));
  std::unique_lock lock(mutex_);
  while (true) {
    const auto pair = find_or_add(key);
    const std::int64_t now_s = steady_s_();
    if (pair->failures > 0 && pair->running == 0 && now_s - pair->last_failure_s >= limits_.forget_after_s) {
      pair->failures = 0;
      pair->until_s = 0;
    }
    if (now_s < pair->until_s) return tl::unexpected<std::int64_t>(pair->until_s - now_s);
    if (pair->running < std::max<std::int64_t>(1, limits_.free_failures - pair->failures)) {
      ++pair->running;
      return Attempt(*this, std::move(key));
    }
    ended_.wait(lock);
  }
}

void Throttle::end(const std::string& key, Outcome outcome) {
  {
    const std::lock_guard lock(mutex_);
    const auto pair = find_or_add(key);
    pair->running = std::max<std::int64_t>(0, pair->running - 1);
    switch (outcome) {
      case Outcome::none: break;
      case Outcome::success:
        pair->failures = 0;
        pair->until_s = 0;
        break;
      case Outcome::failure: {
        pair->last_failure_s = steady_s_();
        ++pair->failures;
        const std::int64_t beyond = pair->failures - limits_.free_failures;
        if (beyond > 0) {
          const std::int64_t wait_s = beyond > 30 ? limits_.longest_wait_s : std::min(limits_.longest_wait_s, limits_.first_wait_s << (beyond - 1));
          pair->until_s = pair->last_failure_s + wait_s;
        }
        break;
      }
    }
    Pairs& home = pair->until_s > 0 ? waiting_ : free_;
    home.splice(home.begin(), *pair->home, pair);
    pair->home = &home;
    if (pair->failures == 0 && pair->running == 0) {
      by_key_.erase(pair->key);
      home.erase(pair);
    }
  }
  ended_.notify_all();
}

std::size_t Throttle::pairs() const {
  const std::lock_guard lock(mutex_);
  return by_key_.size();
}

Throttle::Pairs::iterator Throttle::find_or_add(const std::string& key) {
  if (const auto known = by_key_.find(key); known != by_key_.end()) return known->second;
  make_room();
  free_.push_front(Pair{.key = key, .home = &free_});
  by_key_.emplace(free_.front().key, free_.begin());
  return free_.begin();
}

void Throttle::make_room() {
  if (by_key_.size() < limits_.pairs) return;
  constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max();
  if (drop_oldest(waiting_, steady_s_() - limits_.forget_after_s) || drop_oldest(free_, kAny)) return;
  drop_oldest(waiting_, kAny);
}

bool Throttle::drop_oldest(Pairs& pairs, std::int64_t failed_before_s) {
  // Pairs with an attempt under way stay: there are no more of them than threads.
  for (auto pair = pairs.end(); pair != pairs.begin();) {
    --pair;
    if (pair->running > 0) continue;
    if (pair->last_failure_s > failed_before_s) return false;
    by_key_.erase(pair->key);
    pairs.erase(pair);
    return true;
  }
  return false;
}

}  // namespace pv::tenancy
