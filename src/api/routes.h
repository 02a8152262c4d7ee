#pragma once
/// The routes of the API, one table: dispatch, metrics and the check against docs/openapi.yaml all read it.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pv::api {

enum class RouteId : std::uint8_t {
  tenants, campaigns, campaign, query, energy, events, gaps, files, conflicts, export_text, stream, healthz, readyz, metrics,
};

struct Route {
  RouteId id;
  std::string_view pattern;  // "{…}" stands for one path segment
};

inline constexpr std::array<Route, 14> kRoutes = {{
    {RouteId::tenants, "/api/v1/tenants"},
    {RouteId::campaigns, "/api/v1/tenants/{tenant}/campaigns"},
    {RouteId::campaign, "/api/v1/tenants/{tenant}/campaigns/{campaign}"},
    {RouteId::query, "/api/v1/tenants/{tenant}/campaigns/{campaign}/query"},
    {RouteId::energy, "/api/v1/tenants/{tenant}/campaigns/{campaign}/energy"},
    {RouteId::events, "/api/v1/tenants/{tenant}/campaigns/{campaign}/events"},
    {RouteId::gaps, "/api/v1/tenants/{tenant}/campaigns/{campaign}/gaps"},
    {RouteId::files, "/api/v1/tenants/{tenant}/campaigns/{campaign}/files"},
    {RouteId::conflicts, "/api/v1/tenants/{tenant}/campaigns/{campaign}/conflicts"},
    {RouteId::export_text, "/api/v1/tenants/{tenant}/campaigns/{campaign}/export"},
    {RouteId::stream, "/api/v1/stream"},
    {RouteId::healthz, "/healthz"},
    {RouteId::readyz, "/readyz"},
    {RouteId::metrics, "/metrics"},
}};

struct RouteMatch {
  const Route* route = nullptr;
  std::vector<std::string> segments;  // what stood for each "{…}", percent-decoded
};

/// Nothing when no route has this path. Errors: invalid_input for a broken percent escape.
[[nodiscard]] Result<std::optional<RouteMatch>> match_route(std::string_view path);

/// Paths that never give a page: /api…, /healthz, /readyz, /metrics.
[[nodiscard]] bool is_api_path(std::string_view path) noexcept;

}  // namespace pv::api
