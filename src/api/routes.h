#pragma once
/// The routes of the API, one table: dispatch, access, metrics and the check against docs/openapi.yaml all read it.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/message.h"
#include "base/result.h"

namespace pv::api {

/// Who may use a route. Where the pattern has {tenant}, everybody but administrators and installation tokens reaches their own
/// company only; for all others it does not exist (404).
enum class Access : std::uint8_t {
  open,       // everybody
  signed_in,  // any user or token
  person,     // a user; tokens have no account
  viewer,     // of the company, or more; read tokens
  hand_in,    // editors of the company, or more; write tokens
  editor,     // of the company, or more; no tokens
  owner,      // of the company; administrators
  admin,      // administrators
  hook,       // who knows the hook's secret
  metrics,    // this machine; administrators, installation tokens
};
[[nodiscard]] std::string_view to_string(Access access) noexcept;

enum class BodyKind : std::uint8_t { none, json, stream };

enum class RouteId : std::uint8_t {
  session_begin, session_show, session_end, password_change, sessions, session_remove,
  second_factor_begin, second_factor_confirm, second_factor_remove,
  tenants, tenant_create, tenant, tenant_change, tenant_remove, settings, settings_change,
  users, user_create, user_change, user_remove, admins, admin_create, admin_change, admin_remove,
  tokens, token_create, token_change, token_remove,
  sftp_accounts, sftp_create, sftp_change, sftp_remove, sftp_key_add, sftp_key_remove,
  audit, audit_all,
  arrivals, arrivals_all, arrival, retry, accept, reject, upload,
  campaigns, campaign, query, energy, events, gaps, files, conflicts, export_text,
  stream, hook, healthz, readyz, metrics,
};

struct Route {
  RouteId id;
  Method method;
  std::string_view pattern;  // "{…}" stands for one path segment
  Access access;
  BodyKind body = BodyKind::none;
};

inline constexpr std::array kRoutes = {
    Route{RouteId::session_begin, Method::post, "/api/v1/session", Access::open, BodyKind::json},
    Route{RouteId::session_show, Method::get, "/api/v1/session", Access::signed_in},
    Route{RouteId::session_end, Method::remove, "/api/v1/session", Access::person},
    Route{RouteId::password_change, Method::put, "/api/v1/account/password", Access::person, BodyKind::json},
    Route{RouteId::sessions, Method::get, "/api/v1/account/sessions", Access::person},
    Route{RouteId::session_remove, Method::remove, "/api/v1/account/sessions/{session}", Access::person},
    Route{RouteId::second_factor_begin, Method::post, "/api/v1/account/second-factor", Access::person, BodyKind::json},
    Route{RouteId::second_factor_confirm, Method::put, "/api/v1/account/second-factor", Access::person, BodyKind::json},
    Route{RouteId::second_factor_remove, Method::remove, "/api/v1/account/second-factor", Access::person, BodyKind::json},

    Route{RouteId::tenants, Method::get, "/api/v1/tenants", Access::signed_in},
    Route{RouteId::tenant_create, Method::post, "/api/v1/tenants", Access::admin, BodyKind::json},
    Route{RouteId::tenant, Method::get, "/api/v1/tenants/{tenant}", Access::viewer},
    Route{RouteId::tenant_change, Method::patch, "/api/v1/tenants/{tenant}", Access::admin, BodyKind::json},
    Route{RouteId::tenant_remove, Method::remove, "/api/v1/tenants/{tenant}", Access::admin},
    Route{RouteId::settings, Method::get, "/api/v1/tenants/{tenant}/settings", Access::viewer},
    Route{RouteId::settings_change, Method::put, "/api/v1/tenants/{tenant}/settings", Access::owner, BodyKind::json},
    Route{RouteId::users, Method::get, "/api/v1/tenants/{tenant}/users", Access::owner},
    Route{RouteId::user_create, Method::post, "/api/v1/tenants/{tenant}/users", Access::owner, BodyKind::json},
    Route{RouteId::user_change, Method::patch, "/api/v1/tenants/{tenant}/users/{user}", Access::owner, BodyKind::json},
    Route{RouteId::user_remove, Method::remove, "/api/v1/tenants/{tenant}/users/{user}", Access::owner},
    Route{RouteId::admins, Method::get, "/api/v1/users", Access::admin},
    Route{RouteId::admin_create, Method::post, "/api/v1/users", Access::admin, BodyKind::json},
    Route{RouteId::admin_change, Method::patch, "/api/v1/users/{user}", Access::admin, BodyKind::json},
    Route{RouteId::admin_remove, Method::remove, "/api/v1/users/{user}", Access::admin},
    Route{RouteId::tokens, Method::get, "/api/v1/tenants/{tenant}/tokens", Access::owner},
    Route{RouteId::token_create, Method::post, "/api/v1/tenants/{tenant}/tokens", Access::owner, BodyKind::json},
    Route{RouteId::token_change, Method::patch, "/api/v1/tenants/{tenant}/tokens/{token}", Access::owner, BodyKind::json},
    Route{RouteId::token_remove, Method::remove, "/api/v1/tenants/{tenant}/tokens/{token}", Access::owner},
    Route{RouteId::sftp_accounts, Method::get, "/api/v1/tenants/{tenant}/sftp-accounts", Access::owner},
    Route{RouteId::sftp_create, Method::post, "/api/v1/tenants/{tenant}/sftp-accounts", Access::owner, BodyKind::json},
    Route{RouteId::sftp_change, Method::patch, "/api/v1/tenants/{tenant}/sftp-accounts/{account}", Access::owner, BodyKind::json},
    Route{RouteId::sftp_remove, Method::remove, "/api/v1/tenants/{tenant}/sftp-accounts/{account}", Access::owner},
    Route{RouteId::sftp_key_add, Method::post, "/api/v1/tenants/{tenant}/sftp-accounts/{account}/keys", Access::owner, BodyKind::json},
    Route{RouteId::sftp_key_remove, Method::remove, "/api/v1/tenants/{tenant}/sftp-accounts/{account}/keys/{fingerprint}", Access::owner},
    Route{RouteId::audit, Method::get, "/api/v1/tenants/{tenant}/audit", Access::owner},
    Route{RouteId::audit_all, Method::get, "/api/v1/audit", Access::admin},

    Route{RouteId::arrivals, Method::get, "/api/v1/tenants/{tenant}/arrivals", Access::viewer},
    Route{RouteId::arrivals_all, Method::get, "/api/v1/arrivals", Access::admin},
    Route{RouteId::arrival, Method::get, "/api/v1/tenants/{tenant}/arrivals/{file}", Access::viewer},
    Route{RouteId::retry, Method::post, "/api/v1/tenants/{tenant}/arrivals/{file}/retry", Access::editor, BodyKind::json},
    Route{RouteId::accept, Method::post, "/api/v1/tenants/{tenant}/arrivals/{file}/accept", Access::editor, BodyKind::json},
    Route{RouteId::reject, Method::post, "/api/v1/tenants/{tenant}/arrivals/{file}/reject", Access::editor, BodyKind::json},
    Route{RouteId::upload, Method::put, "/api/v1/tenants/{tenant}/campaigns/{campaign}/devices/{device}/files/{name}", Access::hand_in, BodyKind::stream},

    Route{RouteId::campaigns, Method::get, "/api/v1/tenants/{tenant}/campaigns", Access::viewer},
    Route{RouteId::campaign, Method::get, "/api/v1/tenants/{tenant}/campaigns/{campaign}", Access::viewer},
    Route{RouteId::query, Method::get, "/api/v1/tenants/{tenant}/campaigns/{campaign}/query", Access::viewer},
    Route{RouteId::energy, Method::get, "/api/v1/tenants/{tenant}/campaigns/{campaign}/energy", Access::viewer},
    Route{RouteId::events, Method::get, "/api/v1/tenants/{tenant}/campaigns/{campaign}/events", Access::viewer},
    Route{RouteId::gaps, Method::get, "/api/v1/tenants/{tenant}/campaigns/{campaign}/gaps", Access::viewer},
    Route{RouteId::files, Method::get, "/api/v1/tenants/{tenant}/campaigns/{campaign}/files", Access::viewer},
    Route{RouteId::conflicts, Method::get, "/api/v1/tenants/{tenant}/campaigns/{campaign}/conflicts", Access::viewer},
    Route{RouteId::export_text, Method::get, "/api/v1/tenants/{tenant}/campaigns/{campaign}/export", Access::viewer},
    Route{RouteId::stream, Method::get, "/api/v1/stream", Access::signed_in},
    Route{RouteId::hook, Method::post, "/hooks/sftpgo", Access::hook, BodyKind::json},
    Route{RouteId::healthz, Method::get, "/healthz", Access::open},
    Route{RouteId::readyz, Method::get, "/readyz", Access::open},
    Route{RouteId::metrics, Method::get, "/metrics", Access::metrics},
};

/// "get", "post", …: as docs/openapi.yaml writes them; "" for Method::other.
[[nodiscard]] std::string_view to_string(Method method) noexcept;

struct RouteMatch {
  const Route* route = nullptr;       // none when the path has other methods only
  std::string_view pattern;
  std::string allow;                  // "GET, HEAD, POST"; only without a route
  std::vector<std::string> segments;  // what stood for each "{…}", percent-decoded
};

/// Nothing when no route has this path. Errors: invalid_input for a broken percent escape.
[[nodiscard]] Result<std::optional<RouteMatch>> match_route(Method method, std::string_view path);

/// Whether the pattern's first variable segment is {tenant}.
[[nodiscard]] bool is_of_a_tenant(const Route& route) noexcept;

/// Paths that never give a page: /api…, /hooks…, /healthz, /readyz, /metrics.
[[nodiscard]] bool is_api_path(std::string_view path) noexcept;

}  // namespace pv::api
