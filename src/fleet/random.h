#pragma once
/// Random numbers that are the same everywhere: splitmix64, integers only.

#include <cstdint>

namespace pv::fleet {

/// Mixes all bits of a number (the finalizer of splitmix64).
[[nodiscard]] constexpr std::uint64_t scramble(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

/// A seed for the part `part` of what `seed` stands for.
[[nodiscard]] constexpr std::uint64_t seed_of(std::uint64_t seed, std::uint64_t part) noexcept {
  return scramble(scramble(seed + 0x9E3779B97F4A7C15U) + (part + 1) * 0xD1B54A32D192ED03U);
}

class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) noexcept : state_(seed) {}

  [[nodiscard]] constexpr std::uint64_t bits() noexcept { return scramble(state_ += 0x9E3779B97F4A7C15U); }
  /// 0 <= x < count; count > 0.
  [[nodiscard]] constexpr std::int32_t below(std::int32_t count) noexcept {
    return static_cast<std::int32_t>(((bits() >> 32) * static_cast<std::uint64_t>(count)) >> 32);
  }
  /// True once in `count` calls on average.
  [[nodiscard]] constexpr bool one_in(std::int32_t count) noexcept { return below(count) == 0; }
  /// -width..width, small ones more often (triangular).
  [[nodiscard]] constexpr std::int32_t noise(std::int32_t width) noexcept {
    const std::uint64_t drawn = bits();
    const std::uint64_t count = static_cast<std::uint64_t>(width) + 1;
    const std::uint64_t sum = (((drawn >> 32) * count) >> 32) + (((drawn & 0xFFFFFFFFU) * count) >> 32);
    return static_cast<std::int32_t>(sum) - width;
  }

 private:
  std::uint64_t state_;
};

}  // namespace pv::fleet
