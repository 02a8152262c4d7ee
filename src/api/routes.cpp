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

std::string_view name_in_headers(Method method) {
  switch (method) {
    case Method::get: return "GET, HEAD";
    case Method::post: return "POST";
    case Method::put: return "PUT";
    case Method::patch: return "PATCH";
    case Method::remove: return "DELETE";
    case Method::other: return "";
  }
  return "";
}

}  // namespace

std::string_view to_string(Access access) noexcept {
  switch (access) {
    case Access::open: return "open";
    case Access::signed_in: return "signed_in";
    case Access::person: return "person";
    case Access::viewer: return "viewer";
    case Access::hand_in: return "hand_in";
    case Access::editor: return "editor";
    case Access::owner: return "owner";
    case Access::admin: return "admin";
    case Access::hook: return "hook";
    case Access::metrics: return "metrics";
  }
  return "";
}

std::string_view to_string(Method method) noexcept {
  switch (method) {
    case Method::get: return "get";
    case Method::post: return "post";
    case Method::put: return "put";
    case Method::patch: return "patch";
    case Method::remove: return "delete";
    case Method::other: return "";
  }
  return "";
}

Result<std::optional<RouteMatch>> match_route(Method method, std::string_view path) {
  std::optional<RouteMatch> found;
  for (const Route& route : kRoutes) {
    if (found && route.pattern != found->pattern) continue;  // several methods of one path
    if (!found) {
      const auto captured = match(route.pattern, path);
      if (!captured) continue;
      found.emplace();
      found->pattern = route.pattern;
      for (const std::string_view segment : *captured) {
        PV_TRY(std::string text, decode_segment(segment));
        found->segments.push_back(std::move(text));
      }
    }
    if (route.method == method) {
      found->route = &route;
      return found;
    }
    if (!found->allow.empty()) found->allow += ", ";
    found->allow += name_in_headers(route.method);
  }
  return found;
}

bool is_of_a_tenant(const Route& route) noexcept { return route.pattern.starts_with("/api/v1/tenants/{tenant}"); }

bool is_api_path(std::string_view path) noexcept {
  return path == "/api" || path.starts_with("/api/") || path == "/hooks" || path.starts_with("/hooks/") || path == "/healthz" ||
         path == "/readyz" || path == "/metrics";
}

}  // namespace pv::api
