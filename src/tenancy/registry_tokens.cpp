#include <utility>

#include <fmt/format.h>

#include "tenancy/random_secret.h"
#include "tenancy/registry_parts.h"

namespace pv::tenancy {
namespace {

constexpr std::string_view kPrefix = "pv_";
constexpr std::string_view kTokenLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ@";
constexpr std::string_view kTokenColumns = "id, name, tenant, scope, standing, created_s, last_used_s, expires_s, created_by";

Result<Token> token_in(const Query& query) {
  PV_TRY(auto tenant, tenant_or_none_in(query, 2));
  const Statement& row = query.row();
  return Token{.id = row.integer(0),
               .name = query.string(1),
               .tenant = std::move(tenant),
               .scope = row.text(3) == "write" ? TokenScope::write : TokenScope::read,
               .standing = standing_in(query, 4),
               .created_s = row.integer(5),
               .last_used_s = row.integer(6),
               .expires_s = row.integer(7),
               .created_by = query.string(8)};
}

Result<Token> require_token(Turn& turn, std::int64_t id) {
  PV_TRY(Query query, turn.query(fmt::format("SELECT {} FROM token WHERE id=?", kTokenColumns)));
  PV_TRY(const bool row, query.number(id).next());
  if (!row) return fail(Errc::not_found, "there is no such token any more");
  return token_in(query);
}

Result<void> note_token(Turn& turn, const Actor& by, std::string action, const Token& token) {
  return turn.note(by, {.action = std::move(action),
                        .subject = token.name,
                        .detail = std::string(to_string(token.scope)),
                        .tenant = text_of(token.tenant)});
}

Result<void> require_free_name(Turn& turn, std::string_view name, const std::optional<model::TenantName>& tenant) {
  PV_TRY(Query query, turn.query("SELECT 1 FROM token WHERE ifnull(tenant, '')=? AND name=?"));
  PV_TRY(const bool taken, query.text(text_of(tenant)).text(name).next());
  if (taken) return fail(Errc::conflict, fmt::format("token {}: this name is taken", name));
  return {};
}

}  // namespace

Result<Registry::CreatedToken> Registry::create_token(std::string_view name, const std::optional<model::TenantName>& tenant, TokenScope scope,
                                                      std::int64_t expires_s, const Actor& by) {
  PV_TRY_VOID(check_account_name("token", name, kTokenLetters));
  if (!tenant && scope == TokenScope::write) {
    return fail(Errc::invalid_input, fmt::format("token {}: a token that writes belongs to a company; name it", name));
  }
  Secret secret(std::string(kPrefix) + random_secret());
  const SecretHash hash = hash_of_secret(secret.reveal());
  PV_TRY(auto turn, parts_->book->write());
  if (expires_s != 0 && expires_s <= turn.now_s()) {
    return fail(Errc::invalid_input, fmt::format("token {}: it would have expired already; give an instant to come, or none", name));
  }
  if (tenant) PV_TRY_VOID(require_tenant(turn, *tenant));
  PV_TRY_VOID(require_free_name(turn, name, tenant));
  {
    PV_TRY(Query insert, turn.query("INSERT INTO token(hash, name, tenant, scope, standing, created_s, last_used_s, expires_s, created_by) "
                                    "VALUES(?,?,?,?,'active',?,0,?,?)"));
    insert.bytes(hash).text(name).text_or_null(text_or_none(tenant)).text(to_string(scope));
    PV_TRY_VOID(insert.number(turn.now_s()).number(expires_s).text(by.name).run());
  }
  PV_TRY(Token token, require_token(turn, turn.last_id()));
  PV_TRY_VOID(note_token(turn, by, "token.create", token));
  PV_TRY_VOID(turn.commit());
  return CreatedToken{.token = std::move(token), .secret = std::move(secret)};
}

Result<std::vector<Token>> Registry::tokens(const std::optional<model::TenantName>& tenant) {
  PV_TRY(auto turn, parts_->book->read());
  PV_TRY(Query query, turn.query(fmt::format("SELECT {} FROM token{} ORDER BY name, id", kTokenColumns, tenant ? " WHERE tenant=?" : "")));
  if (tenant) query.text(tenant->str());
  std::vector<Token> tokens;
  while (true) {
    PV_TRY(const bool row, query.next());
    if (!row) return tokens;
    PV_TRY(Token token, token_in(query));
    tokens.push_back(std::move(token));
  }
}

Result<void> Registry::set_standing(const Token& token, Standing standing, const Actor& by) {
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY(const Token known, require_token(turn, token.id));
  if (known.standing == standing) return {};
  {
    PV_TRY(Query update, turn.query("UPDATE token SET standing=? WHERE id=?"));
    PV_TRY_VOID(update.text(to_string(standing)).number(known.id).run());
  }
  PV_TRY_VOID(note_token(turn, by, standing_action("token", standing), known));
  return turn.commit();
}

Result<void> Registry::remove_token(const Token& token, const Actor& by) {
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY(const Token known, require_token(turn, token.id));
  {
    PV_TRY(Query remove, turn.query("DELETE FROM token WHERE id=?"));
    PV_TRY_VOID(remove.number(known.id).run());
  }
  PV_TRY_VOID(note_token(turn, by, "token.remove", known));
  return turn.commit();
}

std::optional<TokenIdentity> Registry::identity_of_token(std::string_view secret) {
  if (!secret.starts_with(kPrefix) || !looks_like_random_secret(secret.substr(kPrefix.size()))) return std::nullopt;
  const SecretHash hash = hash_of_secret(secret);
  std::int64_t now_s = 0;
  const auto look = [&]() -> Result<std::optional<Token>> {
    PV_TRY(auto turn, parts_->book->read());
    now_s = turn.now_s();
    PV_TRY(Query query, turn.query(fmt::format("SELECT {} FROM token WHERE hash=? AND standing='active' AND (expires_s=0 OR expires_s>?) "
                                               "AND (tenant IS NULL OR tenant IN (SELECT name FROM tenant WHERE standing='active'))",
                                               kTokenColumns)));
    PV_TRY(const bool row, query.bytes(hash).number(now_s).next());
    if (!row) return std::optional<Token>();
    PV_TRY(Token token, token_in(query));
    return std::optional<Token>(std::move(token));
  };
  const auto token = look();
  if (!token || !*token) return std::nullopt;
  const Token& known = **token;
  if (now_s - known.last_used_s >= kSeenEvery_s) {
    const auto use = [&]() -> Result<void> {
      PV_TRY(auto turn, parts_->book->write());
      PV_TRY(Query update, turn.query("UPDATE token SET last_used_s=? WHERE id=?"));
      PV_TRY_VOID(update.number(now_s).number(known.id).run());
      return turn.commit();
    };
    // What the token may do does not hang on it; the next request writes it.
    static_cast<void>(use());
  }
  return TokenIdentity{.identity = {.name = "token " + known.name,
                                    .tenant = known.tenant,
                                    .role = known.scope == TokenScope::write ? Role::editor : Role::viewer,
                                    .user_id = {},
                                    .session_id = {},
                                    .must_change_password = false},
                       .scope = known.scope};
}

}  // namespace pv::tenancy
