#include <utility>

#include <fmt/format.h>

#include "tenancy/registry_parts.h"
#include "tenancy/shown_text.h"
#include "tenancy/ssh_key.h"

namespace pv::tenancy {
namespace {

constexpr std::string_view kAccountLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::int64_t kMostKeys = 100;  // of an account
constexpr std::string_view kAccountColumns = "name, tenant, standing, password IS NOT NULL, created_s, last_seen_s";

Result<void> read_keys(Turn& turn, SftpAccount& account) {
  PV_TRY(Query query, turn.query("SELECT type, base64, fingerprint, comment FROM sftp_key WHERE account=? ORDER BY added_s, fingerprint"));
  query.text(account.name);
  while (true) {
    PV_TRY(const bool row, query.next());
    if (!row) return {};
    account.keys.push_back(
        {.type = query.string(0), .base64 = query.string(1), .fingerprint = query.string(2), .comment = query.string(3)});
  }
}

Result<SftpAccount> account_in(const Query& query) {
  PV_TRY(auto tenant, tenant_in(query, 1));
  const Statement& row = query.row();
  return SftpAccount{.name = query.string(0),
                     .tenant = std::move(tenant),
                     .standing = standing_in(query, 2),
                     .has_password = row.integer(3) != 0,
                     .keys = {},
                     .created_s = row.integer(4),
                     .last_seen_s = row.integer(5)};
}

Result<SftpAccount> require_account(Turn& turn, std::string_view name) {
  PV_TRY(Query query, turn.query(fmt::format("SELECT {} FROM sftp_account WHERE name=?", kAccountColumns)));
  PV_TRY(const bool row, query.text(name).next());
  if (!row) return fail(Errc::not_found, fmt::format("SFTP account {}: there is none of this name", shown_text(name, 64)));
  PV_TRY(SftpAccount account, account_in(query));
  PV_TRY_VOID(read_keys(turn, account));
  return account;
}

Result<void> note_account(Turn& turn, const Actor& by, std::string action, const SftpAccount& account, std::string detail) {
  return turn.note(by,
                   {.action = std::move(action), .subject = account.name, .detail = std::move(detail), .tenant = account.tenant.str()});
}

/// An account that may sign in: it and its tenant are active.
struct KnownAccount {
  SftpAccount account;
  std::optional<std::string> password;  // its hash
};

Result<std::optional<KnownAccount>> find_candidate(Book& book, std::string_view name) {
  PV_TRY(auto turn, book.read());
  std::optional<std::string> password;
  {
    PV_TRY(Query query, turn.query("SELECT a.password FROM sftp_account a JOIN tenant t ON t.name=a.tenant "
                                   "WHERE a.name=? AND a.standing='active' AND t.standing='active'"));
    PV_TRY(const bool row, query.text(name).next());
    if (!row) return std::optional<KnownAccount>();
    if (!query.row().is_null(0)) password = query.string(0);
  }
  PV_TRY(SftpAccount account, require_account(turn, name));
  return std::optional<KnownAccount>(KnownAccount{.account = std::move(account), .password = std::move(password)});
}

/// Whether it works out changes nothing for the one who signs in.
void see(Book& book, const SftpAccount& account) {
  const auto write = [&]() -> Result<void> {
    {
      PV_TRY(auto look, book.read());
      if (look.now_s() - account.last_seen_s < kSeenEvery_s) return {};
    }
    PV_TRY(auto turn, book.write());
    PV_TRY(Query update, turn.query("UPDATE sftp_account SET last_seen_s=? WHERE name=?"));
    PV_TRY_VOID(update.number(turn.now_s()).text(account.name).run());
    return turn.commit();
  };
  static_cast<void>(write());
}

/// A name that nobody has is left out: all the world's robots knock at an SFTP port.
Result<void> note_refused(Book& book, const SftpAccount& account, std::string_view address) {
  PV_TRY(auto turn, book.write());
  PV_TRY_VOID(note_account(turn, {.name = account.name, .address = std::string(address)}, "sftp.refused", account, "wrong password"));
  return turn.commit();
}

Result<std::optional<std::string>> hash_of(PasswordHasher& hasher, std::string_view name, const std::optional<Secret>& password) {
  if (!password) return std::optional<std::string>();
  PV_TRY_VOID(check_password_rule(*password, name));
  PV_TRY(std::string hash, hasher.hash(*password));
  return std::optional<std::string>(std::move(hash));
}

}  // namespace

Result<SftpAccount> Registry::create_sftp_account(std::string_view name, const model::TenantName& tenant, const std::optional<Secret>& password,
                                                  const Actor& by) {
  PV_TRY_VOID(check_account_name("SFTP account", name, kAccountLetters));
  PV_TRY(const auto hash, hash_of(parts_->hasher, name, password));
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY_VOID(require_tenant(turn, tenant));
  if (require_account(turn, name)) {
    return fail(Errc::conflict, fmt::format("SFTP account {}: this name is taken; names are unique in the installation", name));
  }
  {
    PV_TRY(Query insert,
           turn.query("INSERT INTO sftp_account(name, tenant, standing, password, created_s, last_seen_s) VALUES(?,?,'active',?,?,0)"));
    PV_TRY_VOID(insert.text(name).text(tenant.str()).text_or_null(hash).number(turn.now_s()).run());
  }
  PV_TRY(SftpAccount account, require_account(turn, name));
  PV_TRY_VOID(note_account(turn, by, "sftp.create", account, hash ? "with a password" : "keys only"));
  PV_TRY_VOID(turn.commit());
  return account;
}

Result<void> Registry::set_sftp_password(std::string_view account, const std::optional<Secret>& password, const Actor& by) {
  PV_TRY(const auto hash, hash_of(parts_->hasher, account, password));
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY(const SftpAccount known, require_account(turn, account));
  {
    PV_TRY(Query update, turn.query("UPDATE sftp_account SET password=? WHERE name=?"));
    PV_TRY_VOID(update.text_or_null(hash).text(known.name).run());
  }
  PV_TRY_VOID(note_account(turn, by, "sftp.password", known, hash ? "changed" : "removed"));
  return turn.commit();
}

Result<SftpKey> Registry::add_sftp_key(std::string_view account, std::string_view authorized_keys_line, const Actor& by) {
  PV_TRY(SftpKey key, parse_authorized_key(authorized_keys_line));
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY(const SftpAccount known, require_account(turn, account));
  for (const SftpKey& other : known.keys) {
    if (other.fingerprint == key.fingerprint) {
      return fail(Errc::conflict, fmt::format("SFTP account {}: it has this key already ({})", known.name, key.fingerprint));
    }
  }
  if (static_cast<std::int64_t>(known.keys.size()) >= kMostKeys) {
    return fail(Errc::invalid_input, fmt::format("SFTP account {}: it has {} keys, more are not taken; remove one", known.name, kMostKeys));
  }
  {
    PV_TRY(Query insert, turn.query("INSERT INTO sftp_key(account, fingerprint, type, base64, comment, added_s) VALUES(?,?,?,?,?,?)"));
    insert.text(known.name).text(key.fingerprint).text(key.type).text(key.base64).text(key.comment);
    PV_TRY_VOID(insert.number(turn.now_s()).run());
  }
  PV_TRY_VOID(note_account(turn, by, "sftp.key.add", known, fmt::format("{} {}", key.type, key.fingerprint)));
  PV_TRY_VOID(turn.commit());
  return key;
}

Result<void> Registry::remove_sftp_key(std::string_view account, std::string_view fingerprint, const Actor& by) {
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY(const SftpAccount known, require_account(turn, account));
  {
    PV_TRY(Query remove, turn.query("DELETE FROM sftp_key WHERE account=? AND fingerprint=?"));
    PV_TRY_VOID(remove.text(known.name).text(fingerprint).run());
  }
  PV_TRY(const std::int64_t removed, turn.changed());
  if (removed == 0) {
    return fail(Errc::not_found, fmt::format("SFTP account {}: it has no key {}", known.name, shown_text(fingerprint, 64)));
  }
  PV_TRY_VOID(note_account(turn, by, "sftp.key.remove", known, std::string(fingerprint)));
  return turn.commit();
}

Result<std::vector<SftpAccount>> Registry::sftp_accounts(const std::optional<model::TenantName>& tenant) {
  PV_TRY(auto turn, parts_->book->read());
  PV_TRY(Query query, turn.query(fmt::format("SELECT {} FROM sftp_account{} ORDER BY name", kAccountColumns, tenant ? " WHERE tenant=?" : "")));
  if (tenant) query.text(tenant->str());
  std::vector<SftpAccount> accounts;
  while (true) {
    PV_TRY(const bool row, query.next());
    if (!row) return accounts;
    PV_TRY(SftpAccount account, account_in(query));
    PV_TRY_VOID(read_keys(turn, account));
    accounts.push_back(std::move(account));
  }
}

Result<SftpAccount> Registry::sftp_account(std::string_view name) {
  PV_TRY(auto turn, parts_->book->read());
  return require_account(turn, name);
}

Result<void> Registry::set_standing(const SftpAccount& account, Standing standing, const Actor& by) {
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY(const SftpAccount known, require_account(turn, account.name));
  if (known.standing == standing) return {};
  {
    PV_TRY(Query update, turn.query("UPDATE sftp_account SET standing=? WHERE name=?"));
    PV_TRY_VOID(update.text(to_string(standing)).text(known.name).run());
  }
  PV_TRY_VOID(note_account(turn, by, standing_action("sftp", standing), known, ""));
  return turn.commit();
}

Result<void> Registry::remove_sftp_account(std::string_view name, const Actor& by) {
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY(const SftpAccount known, require_account(turn, name));
  {
    PV_TRY(Query remove, turn.query("DELETE FROM sftp_account WHERE name=?"));
    PV_TRY_VOID(remove.text(known.name).run());
  }
  PV_TRY_VOID(note_account(turn, by, "sftp.remove", known, ""));
  return turn.commit();
}

tl::expected<SftpAccount, Refused> Registry::check_sftp_password(std::string_view account, const Secret& password, std::string_view address) {
  const auto refused = [](Refusal why, std::int64_t retry_after_s) {
    return tl::unexpected<Refused>(Refused{.why = why, .retry_after_s = retry_after_s});
  };
  auto admitted = parts_->sftp_attempts.begin(address, account);
  if (!admitted) return refused(Refusal::throttled, admitted.error());
  auto candidate = find_candidate(*parts_->book, account);
  if (!candidate) return refused(Refusal::throttled, kBusyRetry_s);
  bool right = false;
  if (*candidate && (*candidate)->password) {
    right = parts_->hasher.matches(*(*candidate)->password, password);
  } else {
    parts_->hasher.spend(password);
  }
  if (!right) {
    admitted->failed();
    // A refusal stands whether or not it could be noted.
    if (*candidate) static_cast<void>(note_refused(*parts_->book, (*candidate)->account, address));
    return refused(Refusal::wrong, 0);
  }
  admitted->succeeded();
  see(*parts_->book, (*candidate)->account);
  return std::move((*candidate)->account);
}

bool Registry::may_go_on(const SftpAccount& account) {
  const auto look = [&]() -> Result<bool> {
    PV_TRY(auto turn, parts_->book->read());
    PV_TRY(Query query, turn.query("SELECT 1 FROM sftp_account a JOIN tenant t ON t.name=a.tenant "
                                   "WHERE a.name=? AND a.tenant=? AND a.created_s=? AND a.standing='active' AND t.standing='active'"));
    return query.text(account.name).text(account.tenant.str()).number(account.created_s).next();
  };
  return look().value_or(true);
}

std::optional<SftpAccount> Registry::check_sftp_key(std::string_view account, std::string_view type, std::string_view base64) {
  const std::string blob = key_blob(base64);
  if (blob.empty()) return std::nullopt;
  auto candidate = find_candidate(*parts_->book, account);
  if (!candidate || !*candidate) return std::nullopt;
  for (const SftpKey& key : (*candidate)->account.keys) {
    if (is_key_type(key.type, type) && key_blob(key.base64) == blob) {
      see(*parts_->book, (*candidate)->account);
      return std::move((*candidate)->account);
    }
  }
  return std::nullopt;
}

}  // namespace pv::tenancy
