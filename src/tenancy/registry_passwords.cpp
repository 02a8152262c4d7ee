#include <span>
#include <utility>

#include <fmt/format.h>

#include "tenancy/random_secret.h"
#include "tenancy/registry_parts.h"
#include "tenancy/totp.h"

namespace pv::tenancy {
namespace {

Result<std::string> password_of(Turn& turn, std::int64_t user_id) {
  PV_TRY(Query query, turn.query("SELECT password FROM user WHERE id=?"));
  PV_TRY(const bool row, query.number(user_id).next());
  if (!row) return fail(Errc::not_found, "there is no such user any more");
  return query.string(0);
}

Result<void> note_user(Turn& turn, const Actor& by, std::string action, const User& user) {
  return turn.note(by, {.action = std::move(action), .subject = user.name, .detail = "", .tenant = text_of(user.tenant)});
}

struct NewPassword {
  const std::string& hash;
  bool must_change;
  std::string action;
};

Result<void> set_password(Turn& turn, const User& user, const NewPassword& password, const Actor& by) {
  {
    PV_TRY(Query update, turn.query("UPDATE user SET password=?, must_change_password=? WHERE id=?"));
    PV_TRY_VOID(update.text(password.hash).number(password.must_change ? 1 : 0).number(user.id).run());
  }
  return note_user(turn, by, password.action, user);
}

}  // namespace

Result<void> Registry::change_password(const User& user, const std::optional<Secret>& current, const Secret& next,
                                       std::optional<std::int64_t> keep_session, const Actor& by) {
  std::string before;
  User known;
  {
    PV_TRY(auto look, parts_->book->read());
    PV_TRY(known, require_user(look, user.id));
    PV_TRY(before, password_of(look, user.id));
  }
  if (current) {
    auto admitted = parts_->user_attempts.begin(by.address, known.name);
    if (!admitted) {
      return fail(Errc::unavailable, fmt::format("too many wrong passwords; try again in {} s", admitted.error()));
    }
    if (!parts_->hasher.matches(before, *current)) {
      admitted->failed();
      PV_TRY(auto turn, parts_->book->write());
      PV_TRY_VOID(note_user(turn, by, "password.refused", known));
      PV_TRY_VOID(turn.commit());
      return fail(Errc::denied, "the current password is wrong");
    }
    admitted->succeeded();
    if (current->reveal() == next.reveal()) return fail(Errc::invalid_input, "the new password is the old one; choose another");
  }
  PV_TRY_VOID(check_password_rule(next, known.name));
  PV_TRY(const std::string hash, parts_->hasher.hash(next));
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY(const std::string at_last, password_of(turn, user.id));
  if (current && at_last != before) return fail(Errc::conflict, "somebody has changed this password meanwhile; try again");
  PV_TRY_VOID(end_sessions(turn, known.id, keep_session));
  PV_TRY_VOID(set_password(turn, known, {.hash = hash, .must_change = false, .action = "password.change"}, by));
  return turn.commit();
}

Result<Secret> Registry::reset_password(const User& user, const Actor& by) {
  Secret password = random_password();
  PV_TRY(const std::string hash, parts_->hasher.hash(password));
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY(const User known, require_user(turn, user.id));
  PV_TRY_VOID(end_sessions(turn, known.id, {}));
  PV_TRY_VOID(set_password(turn, known, {.hash = hash, .must_change = true, .action = "password.reset"}, by));
  PV_TRY_VOID(turn.commit());
  return password;
}

Result<std::string> Registry::begin_second_factor(const User& user) {
  const std::vector<std::byte> secret = random_bytes(kTotpSecretBytes);
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY(const User known, require_user(turn, user.id));
  if (known.has_second_factor) {
    return fail(Errc::conflict, fmt::format("user {}: there is a second factor already; remove it first", known.name));
  }
  {
    PV_TRY(Query update, turn.query("UPDATE user SET totp_offered=? WHERE id=?"));
    PV_TRY_VOID(update.bytes(secret).number(known.id).run());
  }
  PV_TRY_VOID(turn.commit());
  return totp_uri(secret, known.name);
}

Result<void> Registry::confirm_second_factor(const User& user, std::string_view code, const Actor& by) {
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY(const User known, require_user(turn, user.id));
  std::optional<std::int64_t> step;
  {
    PV_TRY(Query query, turn.query("SELECT totp_offered FROM user WHERE id=? AND totp_offered IS NOT NULL"));
    PV_TRY(const bool row, query.number(known.id).next());
    if (!row) return fail(Errc::conflict, fmt::format("user {}: no second factor was begun; begin one", known.name));
    step = totp_match(query.row().blob(0), code, turn.now_s(), 0);
  }
  if (!step) return fail(Errc::invalid_input, "this is not the code that the device shows; check the device's clock and try again");
  {
    PV_TRY(Query update, turn.query("UPDATE user SET totp_secret=totp_offered, totp_offered=NULL, totp_last_step=? WHERE id=?"));
    PV_TRY_VOID(update.number(*step).number(known.id).run());
  }
  PV_TRY_VOID(note_user(turn, by, "second_factor.add", known));
  return turn.commit();
}

Result<void> Registry::remove_second_factor(const User& user, const Actor& by) {
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY(const User known, require_user(turn, user.id));
  if (!known.has_second_factor) return fail(Errc::not_found, fmt::format("user {}: there is no second factor", known.name));
  {
    PV_TRY(Query update, turn.query("UPDATE user SET totp_secret=NULL, totp_offered=NULL, totp_last_step=0 WHERE id=?"));
    PV_TRY_VOID(update.number(known.id).run());
  }
  PV_TRY_VOID(note_user(turn, by, "second_factor.remove", known));
  return turn.commit();
}

}  // namespace pv::tenancy
