/// The users of a company; without one, the administrators.
#include <algorithm>

#include <fmt/format.h>

#include "api/json_body.h"
#include "api/json_text.h"
#include "api/noun_routes.h"
#include "api/parameters.h"
#include "api/standing.h"

namespace pv::api {
namespace {

using tenancy::Role;
using tenancy::User;

void write_user(const User& user, JsonText& json) {
  json.begin_object();
  json.member("name", std::string_view(user.name));
  json.member("role", tenancy::to_string(user.role));
  json.member("tenant", user.tenant ? std::optional(std::string_view(user.tenant->str())) : std::nullopt);
  json.member("standing", tenancy::to_string(user.standing));
  json.member("second_factor", user.has_second_factor);
  json.member("must_change_password", user.must_change_password);
  json.member("created", user.created_s);
  json.member_or_null("last_sign_in", user.last_sign_in_s);
  json.end_object();
}

/// With the password that was made, the only time it is shown.
Reply user_reply(const User& user, const std::optional<Secret>& password, int status) {
  JsonText json;
  json.begin_object();
  json.key("user");
  write_user(user, json);
  if (password) json.member("password", std::string_view(password->reveal()));
  json.end_object();
  Reply reply = json_reply(std::move(json).take(), status);
  reply.compressible = false;
  return reply;
}

/// The user named in the path. One of another company is as one that is not there.
Result<User> named_user(Call& call) {
  const std::string& name = call.segments.back();
  auto user = call.registry.user(name);
  const bool other = user && user->tenant != call.company;
  if (!user && user.error().kind() != Errc::not_found) return fail(std::move(user).error());
  if (!user || other) {
    return fail(Errc::not_found, call.company ? "there is no such user in this company" : "there is no such administrator");
  }
  return std::move(*user);
}

Result<std::optional<Role>> role_member(Call& call, const JsonBody& body) {
  PV_TRY(const auto text, body.optional_text("role"));
  if (!text) return std::optional<Role>();
  const auto role = tenancy::role_of(*text);
  if (!role || (*role == Role::admin) == call.company.has_value()) {
    return fail(Errc::invalid_input, call.company ? "member \"role\": it must be owner, editor or viewer" : "member \"role\": it must be admin");
  }
  return role;
}

}  // namespace

Result<Reply> list_users(Call& call) {
  PV_TRY_VOID(check_known(call.request, {}));
  PV_TRY(const std::vector<User> users, call.registry.users(call.company));
  JsonText json;
  json.begin_object();
  json.key("users");
  json.begin_array();
  for (const User& user : users) {
    if (user.tenant == call.company) write_user(user, json);
  }
  json.end_array();
  json.end_object();
  return json_reply(std::move(json).take());
}

Result<Reply> create_user(Call& call) {
  PV_TRY(const JsonBody body, JsonBody::parse(call.body, {"name", "role", "password"}));
  tenancy::Registry::NewUser wanted;
  PV_TRY(wanted.name, body.text("name"));
  PV_TRY(const auto role, role_member(call, body));
  if (!role && call.company) return fail(Errc::invalid_input, "member \"role\": it must be owner, editor or viewer");
  wanted.role = role.value_or(Role::admin);
  wanted.tenant = call.company;
  PV_TRY(auto password, body.optional_text("password"));
  if (password) wanted.password = Secret(std::move(*password));
  PV_TRY(const auto created, call.registry.create_user(wanted, call.actor()));
  return user_reply(created.user, created.password, 201);
}

Result<Reply> change_user(Call& call) {
  PV_TRY(const JsonBody body, JsonBody::parse(call.body, {"role", "standing", "reset_password"}));
  PV_TRY(const auto role, role_member(call, body));
  PV_TRY(const auto standing, standing_of(body));
  PV_TRY(const bool reset, body.flag("reset_password"));
  PV_TRY(User user, named_user(call));
  std::optional<Secret> password;
  if (role) PV_TRY_VOID(call.registry.set_role(user, *role, call.actor()));
  if (standing) PV_TRY_VOID(call.registry.set_standing(user, *standing, call.actor()));
  if (reset) {
    PV_TRY(password, call.registry.reset_password(user, call.actor()));
  }
  PV_TRY(user, call.registry.user(user.id));
  return user_reply(user, password, 200);
}

Result<Reply> remove_user(Call& call) {
  PV_TRY(const User user, named_user(call));
  PV_TRY_VOID(call.registry.remove_user(user, call.actor()));
  return no_content();
}

}  // namespace pv::api
