#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "tenancy/random_secret.h"
#include "tenancy/registry_parts.h"
#include "tenancy/shown_text.h"
#include "tenancy/totp.h"

namespace pv::tenancy {
namespace {

constexpr std::int64_t kSessionLife_s = 30 * 86'400;
constexpr std::int64_t kUnusedLife_s = 7 * 86'400;
constexpr std::int64_t kMostSessions = 100;  // of a user; the one that was seen longest ago gives way
constexpr std::size_t kLongestAddress = 64;
constexpr std::size_t kLongestAgent = 200;

/// Somebody who may be the one who signs in.
struct Candidate {
  User user;
  std::string password;  // its hash
  Standing standing;     // his own and his tenant's
  std::vector<std::byte> totp_secret;
  std::int64_t totp_last_step;
};

const std::string& candidate_sql() {
  static const std::string sql =
      "SELECT u.id, u.name, u.tenant, u.role, u.standing, u.totp_secret IS NOT NULL, u.must_change_password, u.created_s, u.last_sign_in_s, "
      "u.password, u.totp_secret, u.totp_last_step, ifnull(t.standing, 'active') "
      "FROM user u LEFT JOIN tenant t ON t.name=u.tenant WHERE u.name=?";
  return sql;
}

Result<std::optional<Candidate>> find_candidate(Turn& turn, const std::string& name) {
  PV_TRY(Query query, turn.query(candidate_sql()));
  PV_TRY(const bool row, query.text(name).next());
  if (!row) return std::optional<Candidate>();
  PV_TRY(User user, user_in(query));
  const auto secret = query.row().blob(10);
  const bool active = user.standing == Standing::active && standing_in(query, 12) == Standing::active;
  return std::optional<Candidate>(Candidate{.user = std::move(user),
                                            .password = query.string(9),
                                            .standing = active ? Standing::active : Standing::disabled,
                                            .totp_secret = {secret.begin(), secret.end()},
                                            .totp_last_step = query.row().integer(11)});
}

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

/// A name that nobody has is left out: it may be a password in the wrong field.
Result<void> note_refused(Turn& turn, const SignIn& attempt, const std::optional<Candidate>& candidate, std::string detail) {
  return turn.note({.name = candidate ? candidate->user.name : "", .address = shown_text(attempt.address, kLongestAddress)},
                   {.action = "sign_in.refused",
                    .subject = candidate ? candidate->user.name : "an unknown name",
                    .detail = std::move(detail),
                    .tenant = candidate ? text_of(candidate->user.tenant) : ""});
}

Result<void> drop_old_sessions(Turn& turn, std::int64_t user_id) {
  {
    PV_TRY(Query expired, turn.query("DELETE FROM session WHERE expires_s<=? OR last_seen_s<=?"));
    PV_TRY_VOID(expired.number(turn.now_s()).number(turn.now_s() - kUnusedLife_s).run());
  }
  PV_TRY(Query surplus, turn.query("DELETE FROM session WHERE id IN "
                                   "(SELECT id FROM session WHERE user=? ORDER BY last_seen_s DESC, id DESC LIMIT -1 OFFSET ?)"));
  return surplus.number(user_id).number(kMostSessions - 1).run();
}

Result<SignedIn> make_session(Turn& turn, const User& user, const SignIn& attempt) {
  PV_TRY_VOID(drop_old_sessions(turn, user.id));
  Secret secret(random_secret());
  const SecretHash hash = hash_of_secret(secret.reveal());
  const std::string address = shown_text(attempt.address, kLongestAddress);
  {
    PV_TRY(Query insert, turn.query("INSERT INTO session(hash, user, address, agent, created_s, last_seen_s, expires_s) VALUES(?,?,?,?,?,?,?)"));
    insert.bytes(hash).number(user.id).text(address).text(shown_text(attempt.agent, kLongestAgent));
    PV_TRY_VOID(insert.number(turn.now_s()).number(turn.now_s()).number(turn.now_s() + kSessionLife_s).run());
  }
  const std::int64_t session_id = turn.last_id();
  {
    PV_TRY(Query update, turn.query("UPDATE user SET last_sign_in_s=? WHERE id=?"));
    PV_TRY_VOID(update.number(turn.now_s()).number(user.id).run());
  }
  PV_TRY_VOID(turn.note({.name = user.name, .address = address},
                        {.action = "sign_in", .subject = user.name, .detail = "", .tenant = text_of(user.tenant)}));
  return SignedIn{.session = std::move(secret),
                  .identity = {.name = user.name,
                               .tenant = user.tenant,
                               .role = user.role,
                               .user_id = user.id,
                               .session_id = session_id,
                               .must_change_password = user.must_change_password}};
}

using Outcome = tl::expected<SignedIn, Refused>;
Outcome refused(Refusal why) { return tl::unexpected<Refused>(Refused{.why = why}); }

/// The second half of a sign-in: the password of `seen` was right a moment ago.
Result<Outcome> finish_sign_in(Turn& turn, const Candidate& seen, const SignIn& attempt) {
  PV_TRY(const auto now, find_candidate(turn, seen.user.name));
  const bool same = now && now->user.id == seen.user.id && now->password == seen.password && now->standing == Standing::active;
  if (!same) return refused(Refusal::wrong);
  if (now->user.has_second_factor) {
    if (attempt.code.empty()) return refused(Refusal::code_needed);
    const auto step = totp_match(now->totp_secret, attempt.code, turn.now_s(), now->totp_last_step);
    if (!step) {
      PV_TRY_VOID(note_refused(turn, attempt, now, "wrong or used code"));
      PV_TRY_VOID(turn.commit());
      return refused(Refusal::wrong);
    }
    PV_TRY(Query update, turn.query("UPDATE user SET totp_last_step=? WHERE id=?"));
    PV_TRY_VOID(update.number(*step).number(now->user.id).run());
  }
  PV_TRY(SignedIn signed_in, make_session(turn, now->user, attempt));
  PV_TRY_VOID(turn.commit());
  return Outcome(std::move(signed_in));
}

Result<Outcome> try_sign_in(Book& book, PasswordHasher& hasher, const SignIn& attempt) {
  std::optional<Candidate> candidate;
  {
    PV_TRY(auto turn, book.read());
    PV_TRY(candidate, find_candidate(turn, lower(attempt.user)));
  }
  bool right = false;
  if (candidate && candidate->standing == Standing::active) {
    right = hasher.matches(candidate->password, attempt.password);
  } else {
    hasher.spend(attempt.password);
  }
  PV_TRY(auto turn, book.write());
  if (right) return finish_sign_in(turn, *candidate, attempt);
  PV_TRY_VOID(note_refused(turn, attempt, candidate, "wrong password, or the account is unknown or disabled"));
  PV_TRY_VOID(turn.commit());
  return refused(Refusal::wrong);
}

}  // namespace

Result<void> end_sessions(Turn& turn, std::int64_t user_id, std::optional<std::int64_t> but) {
  PV_TRY(Query end, turn.query("DELETE FROM session WHERE user=? AND id<>?"));
  return end.number(user_id).number(but.value_or(0)).run();
}

tl::expected<SignedIn, Refused> Registry::sign_in(const SignIn& attempt) {
  auto admitted = parts_->user_attempts.begin(attempt.address, lower(attempt.user));
  if (!admitted) return tl::unexpected<Refused>(Refused{.why = Refusal::throttled, .retry_after_s = admitted.error()});
  auto outcome = try_sign_in(*parts_->book, parts_->hasher, attempt);
  if (!outcome) return tl::unexpected<Refused>(Refused{.why = Refusal::throttled, .retry_after_s = kBusyRetry_s});
  if (*outcome) {
    admitted->succeeded();
  } else if (outcome->error().why == Refusal::wrong) {
    admitted->failed();
  }
  return std::move(*outcome);
}

std::optional<Identity> Registry::identity_of_session(std::string_view session) {
  if (!looks_like_random_secret(session)) return std::nullopt;
  const SecretHash hash = hash_of_secret(session);
  std::int64_t last_seen_s = 0;
  std::int64_t now_s = 0;
  const auto look = [&]() -> Result<std::optional<Identity>> {
    PV_TRY(auto turn, parts_->book->read());
    now_s = turn.now_s();
    PV_TRY(Query query, turn.query("SELECT s.id, s.user, s.last_seen_s, u.name, u.tenant, u.role, u.must_change_password "
                                   "FROM session s JOIN user u ON u.id=s.user LEFT JOIN tenant t ON t.name=u.tenant "
                                   "WHERE s.hash=? AND s.expires_s>? AND s.last_seen_s>? AND u.standing='active' "
                                   "AND ifnull(t.standing, 'active')='active'"));
    PV_TRY(const bool row, query.bytes(hash).number(now_s).number(now_s - kUnusedLife_s).next());
    if (!row) return std::optional<Identity>();
    last_seen_s = query.row().integer(2);
    PV_TRY(auto tenant, tenant_or_none_in(query, 4));
    return std::optional<Identity>(Identity{.name = query.string(3),
                                            .tenant = std::move(tenant),
                                            .role = role_of(query.row().text(5)).value_or(Role::viewer),
                                            .user_id = query.row().integer(1),
                                            .session_id = query.row().integer(0),
                                            .must_change_password = query.row().integer(6) != 0});
  };
  auto identity = look();
  if (!identity || !*identity) return std::nullopt;
  if (now_s - last_seen_s >= kSeenEvery_s) {
    const auto see = [&]() -> Result<void> {
      PV_TRY(auto turn, parts_->book->write());
      PV_TRY(Query update, turn.query("UPDATE session SET last_seen_s=? WHERE id=?"));
      PV_TRY_VOID(update.number(now_s).number(*(*identity)->session_id).run());
      return turn.commit();
    };
    // Who he is does not hang on it; the next request writes it.
    static_cast<void>(see());
  }
  return std::move(*identity);
}

Result<void> Registry::sign_out(std::int64_t session_id) {
  PV_TRY(auto turn, parts_->book->write());
  Change change{.action = "sign_out"};
  Actor by;
  {
    PV_TRY(Query query, turn.query("SELECT u.name, ifnull(u.tenant, ''), s.address FROM session s JOIN user u ON u.id=s.user WHERE s.id=?"));
    PV_TRY(const bool row, query.number(session_id).next());
    if (!row) return {};
    by = {.name = query.string(0), .address = query.string(2)};
    change.subject = by.name;
    change.tenant = query.string(1);
  }
  {
    PV_TRY(Query end, turn.query("DELETE FROM session WHERE id=?"));
    PV_TRY_VOID(end.number(session_id).run());
  }
  PV_TRY_VOID(turn.note(by, change));
  return turn.commit();
}

Result<std::vector<Session>> Registry::sessions(std::int64_t user_id) {
  PV_TRY(auto turn, parts_->book->read());
  PV_TRY(Query query, turn.query("SELECT id, address, agent, created_s, last_seen_s, expires_s FROM session "
                                 "WHERE user=? AND expires_s>? AND last_seen_s>? ORDER BY last_seen_s DESC, id DESC"));
  query.number(user_id).number(turn.now_s()).number(turn.now_s() - kUnusedLife_s);
  std::vector<Session> sessions;
  while (true) {
    PV_TRY(const bool row, query.next());
    if (!row) return sessions;
    const Statement& r = query.row();
    sessions.push_back({.id = r.integer(0),
                        .address = query.string(1),
                        .agent = query.string(2),
                        .created_s = r.integer(3),
                        .last_seen_s = r.integer(4),
                        .expires_s = r.integer(5)});
  }
}

Result<void> Registry::end_session(std::int64_t user_id, std::int64_t session_id, const Actor& by) {
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY(const User user, require_user(turn, user_id));
  {
    PV_TRY(Query end, turn.query("DELETE FROM session WHERE id=? AND user=?"));
    PV_TRY_VOID(end.number(session_id).number(user_id).run());
  }
  PV_TRY(const std::int64_t ended, turn.changed());
  if (ended == 0) return fail(Errc::not_found, fmt::format("user {}: there is no such session", user.name));
  PV_TRY_VOID(turn.note(by, {.action = "session.end", .subject = user.name, .detail = "", .tenant = text_of(user.tenant)}));
  return turn.commit();
}

}  // namespace pv::tenancy
