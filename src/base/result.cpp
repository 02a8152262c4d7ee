#include "base/result.h"

namespace pv {

std::string_view to_string(Errc kind) noexcept {
  switch (kind) {
    case Errc::not_found: return "not_found";
    case Errc::invalid_input: return "invalid_input";
    case Errc::corrupt: return "corrupt";
    case Errc::io: return "io";
    case Errc::conflict: return "conflict";
    case Errc::unavailable: return "unavailable";
    case Errc::denied: return "denied";
  }
  return "unknown";
}

}  // namespace pv
