#pragma once
/// Places where a test may end the program as a power cut or `kill -9` would: right after a change of state. Each call has
/// a name of its own, "room.what_is_done"; tests find them all in the sources.
///   $POWERVIEW_FAULT=<name>[:<n>] ends the process by SIGKILL at the n-th pass (1) of that place. Read once. Without it a call
///   costs a comparison.
///   Threads: safe.

#include <string_view>

namespace pv {

void fault_point(std::string_view name) noexcept;

}  // namespace pv
