#include "grafana/dashboard_text.h"

#include <fmt/format.h>

namespace pv::grafana {

Result<void> check_dashboard_text(std::string_view json, std::string_view what) {
  if (json.size() > kMostDashboardBytes) {
    return fail(Errc::invalid_input, fmt::format("{} has {} bytes; a dashboard may have {}", what, json.size(), kMostDashboardBytes));
  }
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kDeepestDashboard) return fail(Errc::invalid_input, fmt::format("{} is nested deeper than {} levels", what, kDeepestDashboard));
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return {};
}

}  // namespace pv::grafana
