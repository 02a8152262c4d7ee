#include "api/access.h"

#include <utility>

#include <fmt/format.h>

#include "api/credentials.h"
#include "api/problem.h"

namespace pv::api {
namespace {

using tenancy::Role;

Reply unauthorized(bool has_cookie, Transport transport) {
  Reply reply = problem(401, "sign in, or send a token: the session or token is missing, or has ended");
  reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (has_cookie) reply.headers.emplace_back("Set-Cookie", remove_cookie(transport));
  return reply;
}

bool works_without_new_password(RouteId id) {
  return id == RouteId::session_show || id == RouteId::session_end || id == RouteId::password_change;
}

/// Whether the caller's role is enough, the company being his.
bool is_enough(Access access, const Caller& caller) {
  const Role role = caller.identity.role;
  switch (access) {
    case Access::open:
    case Access::signed_in:
    case Access::viewer: return true;
    case Access::person: return !caller.token && caller.identity.user_id.has_value();
    case Access::hand_in:
      return caller.token ? *caller.token == tenancy::TokenScope::write : role != Role::viewer;
    case Access::editor: return !caller.token && role != Role::viewer;
    case Access::owner: return !caller.token && (role == Role::owner || role == Role::admin);
    case Access::admin: return !caller.token && role == Role::admin;
    case Access::metrics: return !caller.identity.tenant;
    case Access::hook: return false;
  }
  return false;
}

/// Who could do it.
std::string_view needed(Access access) {
  switch (access) {
    case Access::hand_in: return "handing files in needs an editor of the company, or a token of scope write";
    case Access::editor: return "this needs an editor or owner of the company, signed in; a token is not enough";
    case Access::owner: return "this needs an owner of the company, signed in; a token is not enough";
    case Access::admin: return "this needs an administrator, signed in; a token is not enough";
    case Access::metrics: return "this needs an administrator, or a token without a company";
    case Access::open:
    case Access::signed_in:
    case Access::viewer:
    case Access::person:
    case Access::hook: break;
  }
  return "this needs more rights than you have";
}

Reply too_small(Access access) {
  if (access == Access::person) return problem(403, "this is about a user's own account; a token has none");
  return problem(403, needed(access), "role");
}

}  // namespace

Reply no_such_company(const model::TenantName& name) { return problem(404, fmt::format("there is no company '{}'", name.str())); }

Reply no_such_route() { return problem(404, "there is no such route; docs/openapi.yaml lists them"); }

std::optional<Caller> Gate::identify(const Request& request) const {
  if (const auto token = bearer_token(request)) {
    if (token->empty()) return std::nullopt;
    auto known = options_.registry->identity_of_token(*token);
    if (!known) return std::nullopt;
    return Caller{std::move(known->identity), known->scope};
  }
  const std::string_view session = session_cookie(request, options_.transport);
  if (session.empty()) return std::nullopt;
  auto known = options_.registry->identity_of_session(session);
  if (!known) return std::nullopt;
  return Caller{std::move(*known), std::nullopt};
}

std::optional<Reply> Gate::judge_hook(const Request& request) const {
  if (!options_.take_hook || options_.hook_secret.empty()) return no_such_route();
  if (is_same_secret(header(request, "x-powerview-hook"), options_.hook_secret.reveal())) return std::nullopt;
  return problem(401, "the header X-PowerView-Hook does not have the hook's secret (setting hooks.secret)");
}

/// Browsers send the cookie whoever's page asks. A header of ours cannot be sent by another site's page without asking first, and
/// that question (OPTIONS) is never answered.
std::optional<Reply> Gate::judge_origin(const Request& request) const {
  if (request.method == Method::get) return std::nullopt;
  if (asked_by(request) == AskedBy::other_site) {
    return problem(403, "pages of other sites may not change anything here (Origin and Host differ; a proxy must hand Host on)");
  }
  const bool by_cookie = !request.headers.contains("authorization") && has_session_cookie(request, options_.transport);
  if (by_cookie && header(request, "x-powerview") != "1") {
    return problem(403, "with a session's cookie, a request that changes something needs the header X-PowerView: 1");
  }
  return std::nullopt;
}

bool Gate::is_known(const model::TenantName& tenant) const {
  // First where the answer is at hand: where the samples are may be far away, or silent.
  const auto registered = options_.registry->tenant(tenant);
  if (registered || registered.error().kind() != Errc::not_found) return true;
  const auto source = sources_.open(tenant);
  return source || source.error().kind() != Errc::not_found;
}

tl::expected<Admission, Reply> Gate::admit(const Route& route, const std::vector<std::string>& segments, const Request& request) const {
  Admission admission;
  if (route.access == Access::hook) {
    if (auto refused = judge_hook(request)) return tl::unexpected(std::move(*refused));
    return admission;
  }
  if (auto refused = judge_origin(request)) return tl::unexpected(std::move(*refused));
  if (route.access == Access::open) return admission;
  admission.caller = identify(request);
  if (!admission.caller) {
    if (route.access == Access::metrics && is_from_this_machine(request)) return admission;
    return tl::unexpected(unauthorized(has_session_cookie(request, options_.transport), options_.transport));
  }
  const tenancy::Identity& who = admission.caller->identity;
  if (who.must_change_password && !works_without_new_password(route.id)) {
    return tl::unexpected(problem(403, "choose a new password first (PUT /api/v1/account/password)", "password_change_needed"));
  }
  if (is_of_a_tenant(route)) {
    auto name = model::TenantName::parse(segments.at(0));
    if (!name) return tl::unexpected(problem(name.error()));
    const bool visible = who.tenant ? *who.tenant == *name : is_known(*name);
    if (!visible) return tl::unexpected(no_such_company(*name));
    admission.company = std::move(*name);
  }
  if (!is_enough(route.access, *admission.caller)) return tl::unexpected(too_small(route.access));
  return admission;
}

}  // namespace pv::api
