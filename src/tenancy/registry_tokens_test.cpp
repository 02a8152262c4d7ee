#include "tenancy/registry_test.h"

namespace pv::tenancy {
namespace {

class TokensTest : public RegistryTest {
 protected:
  Registry::CreatedToken given_token(std::string_view name, TokenScope scope, std::int64_t expires_s = 0) {
    return registry->create_token(name, acme(), scope, expires_s, kBoss).value();
  }
};

TEST_F(TokensTest, AWriteTokenActsAsAnEditorAndAReadTokenAsAViewer) {
  const auto write = registry->identity_of_token(given_token("up", TokenScope::write).secret.reveal());
  ASSERT_TRUE(write);
  EXPECT_EQ(write->identity.role, Role::editor);
  EXPECT_EQ(write->scope, TokenScope::write);
  EXPECT_EQ(write->identity.name, "token up");
  EXPECT_EQ(write->identity.tenant, acme());
  EXPECT_FALSE(write->identity.user_id);
  const auto read = registry->identity_of_token(given_token("down", TokenScope::read).secret.reveal());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->identity.role, Role::viewer);
  EXPECT_EQ(read->scope, TokenScope::read);
}

TEST_F(TokensTest, ATokenOfTheInstallationReadsAndIsNoAdministrator) {
  EXPECT_EQ(registry->create_token("metrics", {}, TokenScope::write, 0, kBoss).error().kind(), Errc::invalid_input);
  const auto made = registry->create_token("metrics", {}, TokenScope::read, 0, kBoss).value();
  const auto identity = registry->identity_of_token(made.secret.reveal());
  ASSERT_TRUE(identity);
  EXPECT_FALSE(identity->identity.tenant);
  EXPECT_EQ(identity->identity.role, Role::viewer);
}

TEST_F(TokensTest, NamesAreUniqueInTheirTenantAndChecked) {
  given_token("nightly", TokenScope::read);
  const auto other = given_tenant("other");
  EXPECT_EQ(registry->create_token("nightly", acme(), TokenScope::read, 0, kBoss).error().kind(), Errc::conflict);
  EXPECT_TRUE(registry->create_token("nightly", other, TokenScope::read, 0, kBoss));
  EXPECT_TRUE(registry->create_token("nightly", {}, TokenScope::read, 0, kBoss));
  EXPECT_EQ(registry->create_token("nightly", {}, TokenScope::read, 0, kBoss).error().kind(), Errc::conflict);
  EXPECT_EQ(registry->create_token("a/b", acme(), TokenScope::read, 0, kBoss).error().kind(), Errc::invalid_input);
  EXPECT_EQ(registry->create_token("x", tenant_named("none"), TokenScope::read, 0, kBoss).error().kind(), Errc::not_found);
  EXPECT_EQ(registry->tokens(other).value().size(), 1U);
  EXPECT_EQ(registry->tokens({}).value().size(), 3U);
}

TEST_F(TokensTest, ATokenExpires) {
  EXPECT_EQ(registry->create_token("late", acme(), TokenScope::read, now_s, kBoss).error().kind(), Errc::invalid_input);
  const auto made = given_token("soon", TokenScope::read, now_s + 10);
  now_s += 9;
  EXPECT_TRUE(registry->identity_of_token(made.secret.reveal()));
  now_s += 1;
  EXPECT_FALSE(registry->identity_of_token(made.secret.reveal()));
}

TEST_F(TokensTest, DisabledAndRemovedTokensAreRefused) {
  const auto made = given_token("nightly", TokenScope::read);
  ASSERT_TRUE(registry->set_standing(made.token, Standing::disabled, kBoss));
  EXPECT_FALSE(registry->identity_of_token(made.secret.reveal()));
  ASSERT_TRUE(registry->set_standing(made.token, Standing::active, kBoss));
  EXPECT_TRUE(registry->identity_of_token(made.secret.reveal()));
  ASSERT_TRUE(registry->remove_token(made.token, kBoss));
  EXPECT_FALSE(registry->identity_of_token(made.secret.reveal()));
  EXPECT_EQ(registry->remove_token(made.token, kBoss).error().kind(), Errc::not_found);
  EXPECT_EQ(actions(), (std::vector<std::string>{"tenant.create", "token.create", "token.disable", "token.enable", "token.remove"}));
}

TEST_F(TokensTest, WhatIsNoTokenIsNobody) {
  const std::string secret = given_token("nightly", TokenScope::read).secret.reveal();
  EXPECT_TRUE(secret.starts_with("pv_"));
  for (const std::string& text : {std::string(), std::string("pv_"), secret.substr(3), secret + "A", "PV_" + secret.substr(3)}) {
    EXPECT_FALSE(registry->identity_of_token(text)) << text;
  }
}

TEST_F(TokensTest, TheLastUseIsKeptToTheMinuteAndTheSecretNowhere) {
  const auto made = given_token("nightly", TokenScope::read);
  EXPECT_EQ(registry->tokens({}).value().at(0).last_used_s, 0);
  EXPECT_EQ(made.token.created_by, "boss");
  const std::int64_t begin_s = now_s;
  ASSERT_TRUE(registry->identity_of_token(made.secret.reveal()));
  now_s += 59;
  ASSERT_TRUE(registry->identity_of_token(made.secret.reveal()));
  EXPECT_EQ(registry->tokens({}).value().at(0).last_used_s, begin_s);
  now_s += 1;
  ASSERT_TRUE(registry->identity_of_token(made.secret.reveal()));
  EXPECT_EQ(registry->tokens({}).value().at(0).last_used_s, now_s);
  registry.reset();
  EXPECT_EQ(testing::content_of(folder / "registry.sqlite").find(made.secret.reveal()), std::string::npos);
}

}  // namespace
}  // namespace pv::tenancy
