/// A company's tokens.
#include <algorithm>
#include <limits>

#include "api/json_body.h"
#include "api/json_text.h"
#include "api/noun_routes.h"
#include "api/parameters.h"
#include "api/standing.h"

namespace pv::api {
namespace {

using tenancy::Token;
using tenancy::TokenScope;

void write_token(const Token& token, JsonText& json) {
  json.begin_object();
  json.member("name", std::string_view(token.name));
  json.member("scope", tenancy::to_string(token.scope));
  json.member("standing", tenancy::to_string(token.standing));
  json.member("created", token.created_s);
  json.member_or_null("last_used", token.last_used_s);
  json.member_or_null("expires", token.expires_s);
  json.member("created_by", std::string_view(token.created_by));
  json.end_object();
}

Result<Token> named_token(Call& call) {
  PV_TRY(const std::vector<Token> tokens, call.registry.tokens(call.company));
  for (const Token& token : tokens) {
    if (token.name == call.segments.back() && token.tenant == call.company) return token;
  }
  return fail(Errc::not_found, "there is no such token in this company");
}

}  // namespace

Result<Reply> list_tokens(Call& call) {
  PV_TRY_VOID(check_known(call.request, {}));
  PV_TRY(const std::vector<Token> tokens, call.registry.tokens(call.company));
  JsonText json;
  json.begin_object();
  json.key("tokens");
  json.begin_array();
  for (const Token& token : tokens) write_token(token, json);
  json.end_array();
  json.end_object();
  return json_reply(std::move(json).take());
}

Result<Reply> create_token(Call& call) {
  PV_TRY(const JsonBody body, JsonBody::parse(call.body, {"name", "scope", "expires"}));
  PV_TRY(const std::string name, body.text("name"));
  PV_TRY(const std::string scope, body.text("scope"));
  if (scope != "read" && scope != "write") return fail(Errc::invalid_input, "member \"scope\": it must be read or write");
  PV_TRY(const auto expires, body.optional_integer("expires", 1, 32'503'680'000));
  PV_TRY(const auto created, call.registry.create_token(name, call.company, scope == "write" ? TokenScope::write : TokenScope::read,
                                                        expires.value_or(0), call.actor()));
  JsonText json;
  json.begin_object();
  json.key("token");
  write_token(created.token, json);
  json.member("secret", std::string_view(created.secret.reveal()));
  json.end_object();
  Reply reply = json_reply(std::move(json).take(), 201);
  reply.compressible = false;
  return reply;
}

Result<Reply> change_token(Call& call) {
  PV_TRY(const JsonBody body, JsonBody::parse(call.body, {"standing"}));
  PV_TRY(const auto standing, standing_of(body));
  PV_TRY(const Token token, named_token(call));
  if (standing) PV_TRY_VOID(call.registry.set_standing(token, *standing, call.actor()));
  PV_TRY(const Token changed, named_token(call));
  JsonText json;
  json.begin_object();
  json.key("token");
  write_token(changed, json);
  json.end_object();
  return json_reply(std::move(json).take());
}

Result<Reply> remove_token(Call& call) {
  PV_TRY(const Token token, named_token(call));
  PV_TRY_VOID(call.registry.remove_token(token, call.actor()));
  return no_content();
}

}  // namespace pv::api
