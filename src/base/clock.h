#pragma once
/// The machine's clock as a number: Unix time, no time zone. It may jump; what must not jump is measured with std::chrono::steady_clock.
///   Threads: no state; safe.

#include <chrono>
#include <cstdint>

namespace pv {

inline constexpr std::int64_t kDay_s = 86'400;  // of Unix time; a local day may be longer or shorter

[[nodiscard]] inline std::int64_t unix_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}
[[nodiscard]] inline std::int64_t unix_now_s() { return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

}  // namespace pv
