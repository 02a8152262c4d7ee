#include <utility>

#include <fmt/format.h>

#include "tenancy/registry_parts.h"
#include "tenancy/shown_text.h"

namespace pv::tenancy {
namespace {

constexpr const char* kFirstAdministrator = "admin";

Result<void> check_role(Role role, const std::optional<model::TenantName>& tenant) {
  if (role == Role::admin && tenant) {
    return fail(Errc::invalid_input, "an administrator belongs to no company; name no company, or another role");
  }
  if (role != Role::admin && !tenant) {
    return fail(Errc::invalid_input, fmt::format("the role {} is one in a company; name the company", to_string(role)));
  }
  return {};
}

struct Entry {
  const Registry::NewUser& user;
  const std::string& password;  // its hash
  bool must_change;
};

Result<std::int64_t> insert_user(Turn& turn, const Entry& entry) {
  PV_TRY(Query insert,
         turn.query("INSERT INTO user(name, tenant, role, standing, password, must_change_password, created_s, last_sign_in_s, totp_last_step) "
                    "VALUES(?,?,?,'active',?,?,?,0,0)"));
  insert.text(entry.user.name).text_or_null(text_or_none(entry.user.tenant)).text(to_string(entry.user.role)).text(entry.password);
  PV_TRY_VOID(insert.number(entry.must_change ? 1 : 0).number(turn.now_s()).run());
  return turn.last_id();
}

Result<void> require_other_administrator(Turn& turn, const User& user) {
  if (user.role != Role::admin) return {};
  PV_TRY(Query query, turn.query("SELECT count(*) FROM user WHERE role='admin' AND standing='active' AND id<>?"));
  PV_TRY_VOID(query.number(user.id).next());
  if (query.row().integer(0) > 0) return {};
  return fail(Errc::conflict, fmt::format("user {}: the last active administrator stays; make another one first", user.name));
}

Result<void> note_user(Turn& turn, const Actor& by, std::string action, const User& user, std::string detail) {
  return turn.note(by, {.action = std::move(action), .subject = user.name, .detail = std::move(detail), .tenant = text_of(user.tenant)});
}

}  // namespace

Result<User> user_in(const Query& query) {
  PV_TRY(auto tenant, tenant_or_none_in(query, 2));
  const Statement& row = query.row();
  return User{.id = row.integer(0),
              .name = query.string(1),
              .tenant = std::move(tenant),
              .role = role_of(row.text(3)).value_or(Role::viewer),
              .standing = standing_in(query, 4),
              .has_second_factor = row.integer(5) != 0,
              .must_change_password = row.integer(6) != 0,
              .created_s = row.integer(7),
              .last_sign_in_s = row.integer(8)};
}

Result<User> require_user(Turn& turn, std::int64_t id) {
  PV_TRY(Query query, turn.query(fmt::format("SELECT {} FROM user WHERE id=?", kUserColumns)));
  PV_TRY(const bool row, query.number(id).next());
  if (!row) return fail(Errc::not_found, "there is no such user any more");
  return user_in(query);
}

Result<std::optional<Secret>> Registry::make_first_administrator() {
  const auto administrator = [](Turn& turn) -> Result<bool> {
    PV_TRY(Query query, turn.query("SELECT EXISTS(SELECT 1 FROM user WHERE role='admin')"));
    PV_TRY_VOID(query.next());
    return query.row().integer(0) != 0;
  };
  {
    PV_TRY(auto look, parts_->book->read());
    PV_TRY(const bool known, administrator(look));
    if (known) return std::optional<Secret>();
  }
  Secret password = random_password();
  PV_TRY(const std::string hash, parts_->hasher.hash(password));
  PV_TRY(auto turn, parts_->book->write());
  // Another process may have been first since the look.
  PV_TRY(const bool known, administrator(turn));
  if (known) return std::optional<Secret>();
  const NewUser admin{.name = kFirstAdministrator, .tenant = {}, .role = Role::admin, .password = {}};
  PV_TRY_VOID(insert_user(turn, {.user = admin, .password = hash, .must_change = true}));
  PV_TRY_VOID(turn.note({.name = "first start", .address = ""}, {.action = "user.create", .subject = admin.name, .detail = "admin"}));
  PV_TRY_VOID(turn.commit());
  return std::optional<Secret>(std::move(password));
}

Result<Registry::CreatedUser> Registry::create_user(const NewUser& user, const Actor& by) {
  PV_TRY_VOID(check_account_name("user", user.name, "@"));
  PV_TRY_VOID(check_role(user.role, user.tenant));
  if (user.name == kFirstAdministrator && user.role != Role::admin) {
    return fail(Errc::invalid_input, fmt::format("user {}: this name is kept for an administrator; choose another", user.name));
  }
  if (user.password) PV_TRY_VOID(check_password_rule(*user.password, user.name));
  std::optional<Secret> made;
  if (!user.password) made = random_password();
  PV_TRY(const std::string hash, parts_->hasher.hash(made ? *made : *user.password));
  PV_TRY(auto turn, parts_->book->write());
  if (user.tenant) PV_TRY_VOID(require_tenant(turn, *user.tenant));
  {
    PV_TRY(Query taken, turn.query("SELECT 1 FROM user WHERE name=?"));
    PV_TRY(const bool row, taken.text(user.name).next());
    if (row) return fail(Errc::conflict, fmt::format("user {}: this name is taken; names are unique in the installation", user.name));
  }
  PV_TRY(const std::int64_t id, insert_user(turn, {.user = user, .password = hash, .must_change = made.has_value()}));
  PV_TRY(User created, require_user(turn, id));
  PV_TRY_VOID(note_user(turn, by, "user.create", created, std::string(to_string(user.role))));
  PV_TRY_VOID(turn.commit());
  return CreatedUser{.user = std::move(created), .password = std::move(made)};
}

Result<std::vector<User>> Registry::users(const std::optional<model::TenantName>& tenant) {
  PV_TRY(auto turn, parts_->book->read());
  PV_TRY(Query query, turn.query(fmt::format("SELECT {} FROM user{} ORDER BY name", kUserColumns, tenant ? " WHERE tenant=?" : "")));
  if (tenant) query.text(tenant->str());
  std::vector<User> users;
  while (true) {
    PV_TRY(const bool row, query.next());
    if (!row) return users;
    PV_TRY(User user, user_in(query));
    users.push_back(std::move(user));
  }
}

Result<User> Registry::user(std::string_view name) {
  PV_TRY(auto turn, parts_->book->read());
  PV_TRY(Query query, turn.query(fmt::format("SELECT {} FROM user WHERE name=?", kUserColumns)));
  PV_TRY(const bool row, query.text(name).next());
  if (!row) return fail(Errc::not_found, fmt::format("user {}: there is none of this name", shown_text(name, 64)));
  return user_in(query);
}

Result<User> Registry::user(std::int64_t id) {
  PV_TRY(auto turn, parts_->book->read());
  return require_user(turn, id);
}

Result<void> Registry::set_standing(const User& user, Standing standing, const Actor& by) {
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY(const User known, require_user(turn, user.id));
  if (known.standing == standing) return {};
  if (standing == Standing::disabled) {
    PV_TRY_VOID(require_other_administrator(turn, known));
    PV_TRY_VOID(end_sessions(turn, known.id, {}));
  }
  {
    PV_TRY(Query update, turn.query("UPDATE user SET standing=? WHERE id=?"));
    PV_TRY_VOID(update.text(to_string(standing)).number(known.id).run());
  }
  PV_TRY_VOID(note_user(turn, by, standing_action("user", standing), known, ""));
  return turn.commit();
}

Result<void> Registry::set_role(const User& user, Role role, const Actor& by) {
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY(const User known, require_user(turn, user.id));
  if (known.role == role) return {};
  PV_TRY_VOID(check_role(role, known.tenant));
  {
    PV_TRY(Query update, turn.query("UPDATE user SET role=? WHERE id=?"));
    PV_TRY_VOID(update.text(to_string(role)).number(known.id).run());
  }
  PV_TRY_VOID(note_user(turn, by, "user.role", known, fmt::format("{} to {}", to_string(known.role), to_string(role))));
  return turn.commit();
}

Result<void> Registry::remove_user(const User& user, const Actor& by) {
  PV_TRY(auto turn, parts_->book->write());
  PV_TRY(const User known, require_user(turn, user.id));
  PV_TRY_VOID(require_other_administrator(turn, known));
  {
    PV_TRY(Query remove, turn.query("DELETE FROM user WHERE id=?"));
    PV_TRY_VOID(remove.number(known.id).run());
  }
  PV_TRY_VOID(note_user(turn, by, "user.remove", known, std::string(to_string(known.role))));
  return turn.commit();
}

}  // namespace pv::tenancy
