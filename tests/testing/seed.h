#pragma once
/// The seed of a random test: fresh for each run unless $PV_SEED says which, and printed when the test fails.

#include <cstdint>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

namespace pv::testing {

class Seed {
 public:
  Seed() : value_(from_environment()), trace_(__FILE__, __LINE__, "PV_SEED=" + std::to_string(value_)) {}
  [[nodiscard]] std::uint64_t value() const noexcept { return value_; }

 private:
  static std::uint64_t from_environment() {
    const char* text = std::getenv("PV_SEED");
    return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
  }
  std::uint64_t value_;
  ::testing::ScopedTrace trace_;
};

/// Small random choices.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  /// From `low` to `high`, both included.
  std::int64_t between(std::int64_t low, std::int64_t high) { return std::uniform_int_distribution<std::int64_t>(low, high)(random_); }
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(between(0, static_cast<std::int64_t>(count) - 1)); }
  bool chance(int percent) { return between(1, 100) <= percent; }
  std::mt19937_64& engine() noexcept { return random_; }

 private:
  std::mt19937_64 random_;
};

}  // namespace pv::testing
