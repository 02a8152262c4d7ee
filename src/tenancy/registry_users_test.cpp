#include "tenancy/registry_test.h"

namespace pv::tenancy {
namespace {

using UsersTest = RegistryTest;

Registry::NewUser new_user(std::string name, std::optional<model::TenantName> tenant, Role role) {
  return {.name = std::move(name), .tenant = std::move(tenant), .role = role, .password = Secret(kPassword)};
}

TEST_F(UsersTest, AFirstStartMakesOneAdministratorWhoMustChangeHisPassword) {
  const auto password = registry->make_first_administrator().value();
  ASSERT_TRUE(password);
  EXPECT_FALSE(registry->make_first_administrator().value());
  const auto signed_in = sign_in("admin", password->reveal());
  ASSERT_TRUE(signed_in);
  EXPECT_EQ(signed_in->identity.role, Role::admin);
  EXPECT_FALSE(signed_in->identity.tenant);
  EXPECT_TRUE(signed_in->identity.must_change_password);
}

TEST_F(UsersTest, AnAdministratorIsMadeWhereThereAreOnlyACompanysUsers) {
  EXPECT_EQ(registry->create_user(new_user("admin", acme(), Role::owner), kBoss).error().kind(), Errc::invalid_input) << "the name is kept for him";
  given_user("alice");
  EXPECT_TRUE(registry->make_first_administrator().value());
}

TEST_F(UsersTest, NoAdministratorIsMadeWhereThereIsOne) {
  ASSERT_TRUE(registry->create_user(new_user("root", {}, Role::admin), kBoss));
  EXPECT_FALSE(registry->make_first_administrator().value());
}

TEST_F(UsersTest, RolesAndTenantsMustFit) {
  EXPECT_EQ(registry->create_user(new_user("a", acme(), Role::admin), kBoss).error().kind(), Errc::invalid_input);
  EXPECT_EQ(registry->create_user(new_user("a", {}, Role::owner), kBoss).error().kind(), Errc::invalid_input);
  EXPECT_EQ(registry->create_user(new_user("a", tenant_named("other"), Role::owner), kBoss).error().kind(), Errc::not_found);
  for (const Role role : {Role::owner, Role::editor, Role::viewer}) {
    const auto made = registry->create_user(new_user(std::string(to_string(role)), acme(), role), kBoss);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->user.role, role);
    EXPECT_EQ(made->user.tenant, acme());
    EXPECT_EQ(role_of(to_string(role)), role);
  }
  EXPECT_FALSE(role_of("root"));
}

TEST_F(UsersTest, NamesAreUniqueInTheInstallationAndChecked) {
  given_user("alice");
  const auto other = given_tenant("other");
  EXPECT_EQ(registry->create_user(new_user("alice", other, Role::viewer), kBoss).error().kind(), Errc::conflict);
  for (const std::string& name : {std::string(), std::string("Alice"), std::string("a b"), std::string("a/b"), std::string(65, 'a')}) {
    EXPECT_EQ(registry->create_user(new_user(name, other, Role::viewer), kBoss).error().kind(), Errc::invalid_input) << name;
  }
  EXPECT_TRUE(registry->create_user(new_user("bob@other.org", other, Role::viewer), kBoss));
  EXPECT_EQ(registry->users(other).value().size(), 1U);
  EXPECT_EQ(registry->users({}).value().size(), 2U);
  EXPECT_EQ(registry->user("nobody").error().kind(), Errc::not_found);
}

TEST_F(UsersTest, WithoutAPasswordARandomOneIsShownOnceAndMustBeChanged) {
  const auto made = registry->create_user({.name = "alice", .tenant = acme(), .role = Role::viewer, .password = {}}, kBoss).value();
  ASSERT_TRUE(made.password);
  EXPECT_TRUE(made.user.must_change_password);
  EXPECT_TRUE(sign_in("alice", made.password->reveal()));
  EXPECT_FALSE(given_user("bob").must_change_password);
  EXPECT_EQ(registry->create_user({.name = "carl", .tenant = acme(), .role = Role::viewer, .password = Secret("short")}, kBoss).error().kind(),
            Errc::invalid_input);
}

TEST_F(UsersTest, TheLastActiveAdministratorStays) {
  const User first = given_user("first", Role::admin);
  EXPECT_EQ(registry->set_standing(first, Standing::disabled, kBoss).error().kind(), Errc::conflict);
  EXPECT_EQ(registry->remove_user(first, kBoss).error().kind(), Errc::conflict);
  EXPECT_EQ(registry->set_role(first, Role::viewer, kBoss).error().kind(), Errc::invalid_input);
  const User second = given_user("second", Role::admin);
  ASSERT_TRUE(registry->set_standing(second, Standing::disabled, kBoss));
  EXPECT_EQ(registry->remove_user(first, kBoss).error().kind(), Errc::conflict);
  ASSERT_TRUE(registry->set_standing(second, Standing::active, kBoss));
  EXPECT_TRUE(registry->remove_user(first, kBoss));
  EXPECT_EQ(registry->remove_user(second, kBoss).error().kind(), Errc::conflict);
}

TEST_F(UsersTest, ARoleCountsFromTheNextRequestOn) {
  const User user = given_user("alice", Role::viewer);
  const std::string session = session_of("alice");
  ASSERT_TRUE(registry->set_role(user, Role::owner, kBoss));
  EXPECT_EQ(last_entry().detail, "viewer to owner");
  EXPECT_EQ(registry->identity_of_session(session)->role, Role::owner);
  EXPECT_EQ(registry->set_role(user, Role::admin, kBoss).error().kind(), Errc::invalid_input);
}

TEST_F(UsersTest, DisablingAndRemovingEndHisSessions) {
  const User user = given_user("alice");
  std::string session = session_of("alice");
  ASSERT_TRUE(registry->set_standing(user, Standing::disabled, kBoss));
  EXPECT_FALSE(registry->identity_of_session(session));
  EXPECT_EQ(sign_in("alice").error().why, Refusal::wrong);
  ASSERT_TRUE(registry->set_standing(user, Standing::active, kBoss));
  EXPECT_FALSE(registry->identity_of_session(session));
  session = session_of("alice");
  ASSERT_TRUE(registry->remove_user(user, kBoss));
  EXPECT_FALSE(registry->identity_of_session(session));
  EXPECT_EQ(registry->remove_user(user, kBoss).error().kind(), Errc::not_found);
}

TEST_F(UsersTest, EachChangeIsInTheAuditTrailAndAFailedOneIsNot) {
  const User user = given_user("alice", Role::viewer);
  ASSERT_TRUE(registry->set_role(user, Role::editor, kBoss));
  ASSERT_TRUE(registry->set_standing(user, Standing::disabled, kBoss));
  ASSERT_TRUE(registry->set_standing(user, Standing::disabled, kBoss));
  ASSERT_TRUE(registry->set_standing(user, Standing::active, kBoss));
  EXPECT_FALSE(registry->set_role(user, Role::admin, kBoss));
  EXPECT_FALSE(registry->create_user(new_user("alice", acme(), Role::viewer), kBoss));
  ASSERT_TRUE(registry->remove_user(user, kBoss));
  EXPECT_EQ(actions(), (std::vector<std::string>{"tenant.create", "user.create", "user.role", "user.disable", "user.enable", "user.remove"}));
  EXPECT_EQ(last_entry().subject, "alice");
  EXPECT_EQ(last_entry().who, "boss");
  EXPECT_EQ(last_entry().address, "10.0.0.9");
  EXPECT_EQ(last_entry().tenant, "acme");
}

}  // namespace
}  // namespace pv::tenancy
