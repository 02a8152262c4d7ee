#pragma once
/// PV_CHECK guards what only a bug can break; it never judges input. It is always on and aborts before
/// wrong bytes can reach the disk.

namespace pv {
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;
}

#define PV_CHECK(condition)                                         \
  do {                                                              \
    if (!(condition)) [[unlikely]] {                                \
      ::pv::check_failed(#condition, __FILE__, __LINE__);           \
    }                                                               \
  } while (false)
