#include "api/routes.h"

#include "api/parameters.h"

namespace pv::api {
namespace {

/// Takes "/segment" off the front.
std::optional<std::string_view> next_segment(std::string_view& path) {
  if (path.empty() || path.front() != '/') return std::nullopt;
  const std::size_t end = path.find('/', 1);
  const std::string_view segment = path.substr(1, end == std::string_view::npos ? end : end - 1);
  path.remove_prefix(end == std::string_view::npos ? path.size() : end);
  return segment;
}

/// The raw segments that stand for the pattern's braces; nothing when path and pattern differ.
std::optional<std::vector<std::string_view>> match(std::string_view pattern, std::string_view path) {
  std::vector<std::string_view> captured;
  while (!pattern.empty()) {
    const auto wanted = next_segment(pattern);
    const auto segment = next_segment(path);
    if (!wanted || !segment) return std::nullopt;
    if (wanted->starts_with('{')) {
      if (segment->empty()) return std::nullopt;
      captured.push_back(*segment);
    } else if (*wanted != *segment) {
      return std::nullopt;
    }
  }
  if (!path.empty()) return std::nullopt;
  return captured;
}

}  // namespace

Result<std::optional<RouteMatch>> match_route(std::string_view path) {
  for (const Route& route : kRoutes) {
    const auto captured = match(route.pattern, path);
    if (!captured) continue;
    RouteMatch found{&route, {}};
    for (const std::string_view segment : *captured) {
      PV_TRY(std::string text, decode_segment(segment));
      found.segments.push_back(std::move(text));
    }
    return std::optional<RouteMatch>(std::move(found));
  }
  return std::optional<RouteMatch>();
}

bool is_api_path(std::string_view path) noexcept {
  return path == "/api" || path.starts_with("/api/") || path == "/healthz" || path == "/readyz" || path == "/metrics";
}

}  // namespace pv::api
