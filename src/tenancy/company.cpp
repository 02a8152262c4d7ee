#include "tenancy/company.h"

namespace pv::tenancy {

std::string_view to_string(Standing standing) noexcept {
  switch (standing) {
    case Standing::active: return "active";
    case Standing::disabled: return "disabled";
  }
  return "unknown";
}

}  // namespace pv::tenancy
