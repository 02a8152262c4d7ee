#include "api/service.h"

#include <array>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "api/credentials.h"
#include "api/noun_routes.h"
#include "api/pages.h"
#include "api/problem.h"

namespace pv::api {
namespace {

constexpr std::size_t kLargestJson = 65'536;
constexpr std::chrono::seconds kJsonTime{10};

Reply other_method(std::string_view allow) {
  Reply reply = problem(405, fmt::format("this is there for {} only", allow));
  reply.headers.emplace_back("Allow", std::string(allow));
  return reply;
}

/// The whole body, or why not.
tl::expected<std::string, Reply> read_json_text(RequestBody& body) {
  using std::chrono::steady_clock;
  const auto too_large = [] { return tl::unexpected(problem(413, fmt::format("the body is larger than {} bytes", kLargestJson))); };
  if (body.length().value_or(0) > kLargestJson) return too_large();
  const auto deadline = steady_clock::now() + kJsonTime;
  std::string text;
  std::array<char, 4096> piece;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now());
    const auto count = body.read(piece, std::max(left, std::chrono::milliseconds(0)));
    if (!count) {
      const bool late = count.error() == RequestBody::Trouble::late;
      return tl::unexpected(late ? problem(408, "the body did not come in time") : problem(400, "the body cannot be read to its end"));
    }
    if (*count == 0) return text;
    if (text.size() + *count > kLargestJson) return too_large();
    text.append(piece.data(), *count);
  }
}

bool is_about_samples(RouteId id) {
  switch (id) {
    case RouteId::campaigns:
    case RouteId::campaign:
    case RouteId::query:
    case RouteId::energy:
    case RouteId::events:
    case RouteId::gaps:
    case RouteId::files:
    case RouteId::conflicts:
    case RouteId::export_text:
    case RouteId::stream:
    case RouteId::readyz:
    case RouteId::metrics: return true;
    default: return false;
  }
}

}  // namespace

Service::Service(model::SourceDirectory& sources, const ServerOptions& options, ChangeFeed& feed, RequestMetrics& metrics)
    : sources_(sources), options_(options), feed_(feed), metrics_(metrics), gate_(sources, options), samples_(sources, options),
      uploads_(kMaxUploads, kMaxUploadsOfATenant) {}

Service::Answer Service::answer(const Request& request) {
  if (!is_api_path(request.path)) {
    return {request.method == Method::get ? page(options_.pages, request) : other_method("GET, HEAD"), "pages"};
  }
  if (header(request, "sec-fetch-site") == "cross-site") return {problem(403, "pages of other sites may not ask this server"), "refused"};
  const auto match = match_route(request.method, request.path);
  if (!match) return {problem(match.error()), "unknown"};
  if (!*match) return {no_such_route(), "unknown"};
  return {answer_route(**match, request), (*match)->pattern};
}

Reply Service::answer_route(const RouteMatch& match, const Request& request) {
  // Without its secret the hook is no route, whatever the method.
  const bool hook_is_off = match.pattern == "/hooks/sftpgo" && (!options_.take_hook || options_.hook_secret.empty());
  if (hook_is_off) return no_such_route();
  if (match.route == nullptr) return other_method(match.allow);
  auto admission = gate_.admit(*match.route, match.segments, request);
  if (!admission) return std::move(admission).error();
  Call call{request,   match.segments, options_, sources_, *options_.registry, stopping_, std::move(admission->caller),
            std::move(admission->company), client_address(request, options_.transport), {}};
  if (match.route->body == BodyKind::json) {
    auto text = read_json_text(*request.body);
    if (!text) return std::move(text).error();
    call.body = std::move(*text);
  }
  auto reply = dispatch(match.route->id, call);
  if (reply) return std::move(*reply);
  const bool told = !is_about_samples(match.route->id);
  if (!told || reply.error().kind() != Errc::conflict) log_error(request.path, reply.error());
  return told ? problem_told(reply.error()) : problem(reply.error());
}

void Service::log_error(std::string_view where, const Error& error) const {
  if (options_.log && is_internal(error)) options_.log(fmt::format("{}: {}", where, error.message()));
}

Result<Reply> Service::dispatch(RouteId id, Call& call) {
  switch (id) {
    case RouteId::session_begin: return begin_session(call);
    case RouteId::session_show: return show_session(call);
    case RouteId::session_end: return end_session(call);
    case RouteId::password_change: return change_password(call);
    case RouteId::sessions: return list_sessions(call);
    case RouteId::session_remove: return remove_session(call);
    case RouteId::second_factor_begin: return begin_second_factor(call);
    case RouteId::second_factor_confirm: return confirm_second_factor(call);
    case RouteId::second_factor_remove: return remove_second_factor(call);
    case RouteId::tenants: return tenants(call);
    case RouteId::tenant_create: return create_company(call);
    case RouteId::tenant: return show_company(call);
    case RouteId::tenant_change: return change_company(call);
    case RouteId::tenant_remove: return remove_company(call);
    case RouteId::settings: return list_settings(call);
    case RouteId::settings_change: return change_settings(call);
    case RouteId::users:
    case RouteId::admins: return list_users(call);
    case RouteId::user_create:
    case RouteId::admin_create: return create_user(call);
    case RouteId::user_change:
    case RouteId::admin_change: return change_user(call);
    case RouteId::user_remove:
    case RouteId::admin_remove: return remove_user(call);
    case RouteId::tokens: return list_tokens(call);
    case RouteId::token_create: return create_token(call);
    case RouteId::token_change: return change_token(call);
    case RouteId::token_remove: return remove_token(call);
    case RouteId::sftp_accounts: return list_sftp_accounts(call);
    case RouteId::sftp_create: return create_sftp_account(call);
    case RouteId::sftp_change: return change_sftp_account(call);
    case RouteId::sftp_remove: return remove_sftp_account(call);
    case RouteId::sftp_key_add: return add_sftp_key(call);
    case RouteId::sftp_key_remove: return remove_sftp_key(call);
    case RouteId::audit:
    case RouteId::audit_all: return list_audit(call);
    case RouteId::arrivals:
    case RouteId::arrivals_all: return list_arrivals(call);
    case RouteId::arrival: return show_arrival(call);
    case RouteId::retry: return retry_arrival(call);
    case RouteId::accept: return accept_arrival(call);
    case RouteId::reject: return reject_arrival(call);
    case RouteId::upload: return upload_file(call, uploads_);
    case RouteId::campaigns:
    case RouteId::campaign:
    case RouteId::query:
    case RouteId::energy:
    case RouteId::events:
    case RouteId::gaps:
    case RouteId::files:
    case RouteId::conflicts:
    case RouteId::export_text:
      return samples_.answer(id, call, [this, where = call.request.path](const Error& error) { log_error(where, error); });
    case RouteId::stream: return stream(call);
    case RouteId::hook: return pv::api::take_hook(call);
    case RouteId::healthz: return json_reply(R"({"status":"ok"})");
    case RouteId::readyz: return ready(call);
    case RouteId::metrics: return metrics_text();
  }
  return fail(Errc::not_found, "there is no such route");
}

}  // namespace pv::api
