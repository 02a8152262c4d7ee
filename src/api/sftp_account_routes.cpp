/// A company's SFTP accounts and their keys.
#include "api/json_body.h"
#include "api/json_text.h"
#include "api/noun_routes.h"
#include "api/parameters.h"
#include "api/standing.h"

namespace pv::api {
namespace {

using tenancy::SftpAccount;
using tenancy::SftpKey;

void write_key(const SftpKey& key, JsonText& json) {
  json.begin_object();
  json.member("type", std::string_view(key.type));
  json.member("fingerprint", std::string_view(key.fingerprint));
  json.member("comment", std::string_view(key.comment));
  json.end_object();
}

void write_account(const SftpAccount& account, JsonText& json) {
  json.begin_object();
  json.member("name", std::string_view(account.name));
  json.member("standing", tenancy::to_string(account.standing));
  json.member("has_password", account.has_password);
  json.key("keys");
  json.begin_array();
  for (const SftpKey& key : account.keys) write_key(key, json);
  json.end_array();
  json.member("created", account.created_s);
  json.member_or_null("last_seen", account.last_seen_s);
  json.end_object();
}

Reply account_reply(const SftpAccount& account, int status) {
  JsonText json;
  json.begin_object();
  json.key("account");
  write_account(account, json);
  json.end_object();
  return json_reply(std::move(json).take(), status);
}

/// The account named in the path. One of another company is as one that is not there.
Result<SftpAccount> named_account(Call& call) {
  auto account = call.registry.sftp_account(call.segments.at(1));
  if (!account && account.error().kind() != Errc::not_found) return fail(std::move(account).error());
  if (!account || account->tenant != call.tenant()) return fail(Errc::not_found, "there is no such SFTP account in this company");
  return std::move(*account);
}

}  // namespace

Result<Reply> list_sftp_accounts(Call& call) {
  PV_TRY_VOID(check_known(call.request, {}));
  PV_TRY(const std::vector<SftpAccount> accounts, call.registry.sftp_accounts(call.company));
  JsonText json;
  json.begin_object();
  json.key("accounts");
  json.begin_array();
  for (const SftpAccount& account : accounts) write_account(account, json);
  json.end_array();
  json.key("server");
  json.begin_object();
  const SftpServerFacts& server = call.options.sftp;
  json.member("port", server.port ? std::optional(std::int64_t{*server.port}) : std::nullopt);
  json.key("fingerprints");
  json.begin_array();
  for (const std::string& fingerprint : server.fingerprints) json.value(std::string_view(fingerprint));
  json.end_array();
  json.end_object();
  json.end_object();
  return json_reply(std::move(json).take());
}

Result<Reply> create_sftp_account(Call& call) {
  PV_TRY(const JsonBody body, JsonBody::parse(call.body, {"name", "password", "key"}));
  PV_TRY(const std::string name, body.text("name"));
  PV_TRY(auto password, body.optional_text("password"));
  PV_TRY(const auto key, body.optional_text("key"));
  std::optional<Secret> secret;
  if (password) secret = Secret(std::move(*password));
  PV_TRY_VOID(call.registry.create_sftp_account(name, call.tenant(), secret, call.actor()));
  if (key) {
    if (auto added = call.registry.add_sftp_key(name, *key, call.actor()); !added) {
      PV_TRY_VOID(call.registry.remove_sftp_account(name, call.actor()));
      return fail(std::move(added).error());
    }
  }
  PV_TRY(const SftpAccount account, call.registry.sftp_account(name));
  return account_reply(account, 201);
}

Result<Reply> change_sftp_account(Call& call) {
  PV_TRY(const JsonBody body, JsonBody::parse(call.body, {"standing", "password"}));
  PV_TRY(const auto standing, standing_of(body));
  PV_TRY(auto password, body.optional_text("password"));
  PV_TRY(const SftpAccount account, named_account(call));
  if (body.has("password")) {
    std::optional<Secret> secret;
    if (password) secret = Secret(std::move(*password));
    PV_TRY_VOID(call.registry.set_sftp_password(account.name, secret, call.actor()));
  }
  if (standing) PV_TRY_VOID(call.registry.set_standing(account, *standing, call.actor()));
  PV_TRY(const SftpAccount changed, named_account(call));
  return account_reply(changed, 200);
}

Result<Reply> remove_sftp_account(Call& call) {
  PV_TRY(const SftpAccount account, named_account(call));
  PV_TRY_VOID(call.registry.remove_sftp_account(account.name, call.actor()));
  return no_content();
}

Result<Reply> add_sftp_key(Call& call) {
  PV_TRY(const JsonBody body, JsonBody::parse(call.body, {"key"}));
  PV_TRY(const std::string line, body.text("key"));
  PV_TRY(const SftpAccount account, named_account(call));
  PV_TRY(const SftpKey key, call.registry.add_sftp_key(account.name, line, call.actor()));
  JsonText json;
  json.begin_object();
  json.key("key");
  write_key(key, json);
  json.end_object();
  return json_reply(std::move(json).take(), 201);
}

Result<Reply> remove_sftp_key(Call& call) {
  PV_TRY(const SftpAccount account, named_account(call));
  PV_TRY_VOID(call.registry.remove_sftp_key(account.name, call.segments.at(2), call.actor()));
  return no_content();
}

}  // namespace pv::api
