#pragma once
/// Bounds of a dashboard's JSON that are checked before it is parsed, for it comes from other servers and from operators' files.
///   Errors: invalid_input, naming `what`.

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace pv::grafana {

inline constexpr std::size_t kMostDashboardBytes = 4U << 20;
inline constexpr std::size_t kDeepestDashboard = 100;  // levels of brackets; Grafana's own stay below 20

[[nodiscard]] Result<void> check_dashboard_text(std::string_view json, std::string_view what);

}  // namespace pv::grafana
