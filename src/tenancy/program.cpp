#include "tenancy/program.h"

namespace pv::tenancy {

std::string_view to_string(TokenScope scope) noexcept {
  switch (scope) {
    case TokenScope::read: return "read";
    case TokenScope::write: return "write";
  }
  return "unknown";
}

}  // namespace pv::tenancy
