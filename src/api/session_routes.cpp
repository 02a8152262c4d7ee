/// Signing in and out, and what a user does with his own account.
#include <charconv>

#include <fmt/format.h>

#include "api/credentials.h"
#include "api/json_body.h"
#include "api/json_text.h"
#include "api/noun_routes.h"
#include "api/parameters.h"
#include "api/problem.h"

namespace pv::api {
namespace {

using tenancy::Refusal;

Reply throttled(std::int64_t seconds) {
  Reply reply = problem(429, "too many attempts; try again later", "throttled");
  reply.headers.emplace_back("Retry-After", fmt::format("{}", std::max<std::int64_t>(seconds, 1)));
  return reply;
}

Reply refused(const tenancy::Refused& refused) {
  switch (refused.why) {
    case Refusal::wrong: return problem(401, "this name and password do not belong together, or the code is wrong", "wrong");
    case Refusal::code_needed: return problem(401, "the code of the second factor is needed", "code_needed");
    case Refusal::throttled: break;
  }
  return throttled(refused.retry_after_s);
}

/// The member "user".
Result<void> write_me(tenancy::Registry& registry, const tenancy::Identity& who, JsonText& json) {
  bool second_factor = false;
  if (who.user_id) {
    PV_TRY(const tenancy::User user, registry.user(*who.user_id));
    second_factor = user.has_second_factor;
  }
  json.key("user");
  json.begin_object();
  json.member("name", std::string_view(who.name));
  json.member("role", tenancy::to_string(who.role));
  json.member("tenant", who.tenant ? std::optional(std::string_view(who.tenant->str())) : std::nullopt);
  json.member("second_factor", second_factor);
  json.member("must_change_password", who.must_change_password);
  json.end_object();
  return {};
}

Result<tenancy::User> own_user(Call& call) { return call.registry.user(call.caller->identity.user_id.value_or(0)); }

std::optional<std::int64_t> id_of(std::string_view text) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return id;
}

}  // namespace

Result<Reply> begin_session(Call& call) {
  PV_TRY_VOID(check_known(call.request, {}));
  PV_TRY(const JsonBody body, JsonBody::parse(call.body, {"user", "password", "code"}));
  tenancy::SignIn attempt;
  PV_TRY(attempt.user, body.text("user"));
  PV_TRY(attempt.password, body.secret("password"));
  PV_TRY(auto code, body.optional_text("code"));
  attempt.code = std::move(code).value_or("");
  attempt.address = call.address;
  attempt.agent = user_agent(call.request);
  const auto signed_in = call.registry.sign_in(attempt);
  if (!signed_in) return refused(signed_in.error());
  // The session that the browser had is over: nobody shall find it in use by somebody else.
  if (const std::string_view before = session_cookie(call.request, call.options.transport); !before.empty()) {
    if (const auto known = call.registry.identity_of_session(before); known && known->session_id) {
      static_cast<void>(call.registry.sign_out(*known->session_id));
    }
  }
  JsonText json;
  json.begin_object();
  PV_TRY_VOID(write_me(call.registry, signed_in->identity, json));
  json.end_object();
  Reply reply = json_reply(std::move(json).take());
  reply.compressible = false;
  reply.headers.emplace_back("Set-Cookie", set_cookie(signed_in->session.reveal(), call.options.transport));
  return reply;
}

Result<Reply> show_session(Call& call) {
  PV_TRY_VOID(check_known(call.request, {}));
  JsonText json;
  json.begin_object();
  PV_TRY_VOID(write_me(call.registry, call.caller->identity, json));
  json.member("version", std::string_view(call.options.version));
  json.end_object();
  return json_reply(std::move(json).take());
}

Result<Reply> end_session(Call& call) {
  PV_TRY_VOID(call.registry.sign_out(call.caller->identity.session_id.value_or(0)));
  Reply reply = no_content();
  reply.headers.emplace_back("Set-Cookie", remove_cookie(call.options.transport));
  return reply;
}

Result<Reply> change_password(Call& call) {
  PV_TRY(const JsonBody body, JsonBody::parse(call.body, {"current", "next"}));
  PV_TRY(const Secret current, body.secret("current"));
  PV_TRY(const Secret next, body.secret("next"));
  PV_TRY(const tenancy::User user, own_user(call));
  const auto changed = call.registry.change_password(user, current, next, call.caller->identity.session_id, call.actor());
  if (!changed && changed.error().kind() == Errc::unavailable) return throttled(30);
  if (!changed) return fail(changed.error());
  return no_content();
}

Result<Reply> list_sessions(Call& call) {
  PV_TRY_VOID(check_known(call.request, {}));
  PV_TRY(const std::vector<tenancy::Session> sessions, call.registry.sessions(call.caller->identity.user_id.value_or(0)));
  JsonText json;
  json.begin_object();
  json.key("sessions");
  json.begin_array();
  for (const tenancy::Session& session : sessions) {
    json.begin_object();
    json.member("id", session.id);
    json.member("address", std::string_view(session.address));
    json.member("agent", std::string_view(session.agent));
    json.member("created", session.created_s);
    json.member("last_seen", session.last_seen_s);
    json.member("expires", session.expires_s);
    json.member("current", session.id == call.caller->identity.session_id);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json_reply(std::move(json).take());
}

Result<Reply> remove_session(Call& call) {
  const auto id = id_of(call.segments.at(0));
  if (!id) return fail(Errc::not_found, "there is no such session");
  PV_TRY_VOID(call.registry.end_session(call.caller->identity.user_id.value_or(0), *id, call.actor()));
  return no_content();
}

Result<Reply> begin_second_factor(Call& call) {
  PV_TRY_VOID(JsonBody::parse(call.body, {}));
  PV_TRY(const tenancy::User user, own_user(call));
  PV_TRY(const std::string uri, call.registry.begin_second_factor(user));
  JsonText json;
  json.begin_object();
  json.member("secret_uri", std::string_view(uri));
  json.end_object();
  Reply reply = json_reply(std::move(json).take());
  reply.compressible = false;
  return reply;
}

Result<Reply> confirm_second_factor(Call& call) {
  PV_TRY(const JsonBody body, JsonBody::parse(call.body, {"code"}));
  PV_TRY(const std::string code, body.text("code"));
  PV_TRY(const tenancy::User user, own_user(call));
  PV_TRY_VOID(call.registry.confirm_second_factor(user, code, call.actor()));
  return no_content();
}

Result<Reply> remove_second_factor(Call& call) {
  PV_TRY(const JsonBody body, JsonBody::parse(call.body, {"password"}));
  PV_TRY(const Secret password, body.secret("password"));
  PV_TRY(const tenancy::User user, own_user(call));
  if (!user.has_second_factor) return fail(Errc::not_found, "there is no second factor to take away");
  // A sign-in without the code: that the code is asked for shows that the password is right, and wrong ones are throttled.
  const auto attempt = call.registry.sign_in({.user = user.name, .code = "", .password = password, .address = call.address,
                                              .agent = user_agent(call.request)});
  if (attempt) {
    PV_TRY_VOID(call.registry.sign_out(attempt->identity.session_id.value_or(0)));
  } else if (attempt.error().why == Refusal::throttled) {
    return throttled(attempt.error().retry_after_s);
  } else if (attempt.error().why == Refusal::wrong) {
    return problem(403, "the password is wrong", "wrong");
  }
  PV_TRY_VOID(call.registry.remove_second_factor(user, call.actor()));
  return no_content();
}

}  // namespace pv::api
