#include "tenancy/registry_test.h"

namespace pv::tenancy {
namespace {

class TenantsTest : public RegistryTest {
 protected:
  Scope scope(std::string_view campaign = "", std::string_view device = "") {
    Scope made{.tenant = acme(), .campaign = {}, .device = {}};
    if (!campaign.empty()) made.campaign = model::CampaignName::parse(campaign).value();
    if (!device.empty()) made.device = model::DeviceName::parse(device).value();
    return made;
  }
  static ScopeSettings zone(const char* name) { return {.zone = name, .expected_step_s = {}, .quota_bytes = {}}; }
};

TEST_F(TenantsTest, ATenantIsCreatedOnceWithItsSettings) {
  ASSERT_TRUE(registry->create_tenant(tenant_named("acme"), {.zone = "Europe/Paris", .expected_step_s = 60, .quota_bytes = 5}, kBoss));
  const auto known = registry->tenant(tenant_named("acme")).value();
  EXPECT_EQ(known.settings.zone, "Europe/Paris");
  EXPECT_EQ(known.settings.expected_step_s, 60);
  EXPECT_EQ(known.settings.quota_bytes, 5U);
  EXPECT_EQ(known.created_s, now_s);
  EXPECT_EQ(last_entry().action, "tenant.create");
  EXPECT_EQ(last_entry().who, "boss");
  EXPECT_EQ(registry->create_tenant(tenant_named("acme"), {}, kBoss).error().kind(), Errc::conflict);
  EXPECT_EQ(registry->tenant(tenant_named("other")).error().kind(), Errc::not_found);
  EXPECT_EQ(registry->tenants().value().size(), 1U);
}

TEST_F(TenantsTest, SettingsAreChecked) {
  const auto kind = [&](const Scope& where, const ScopeSettings& settings) { return registry->set_settings(where, settings, {}, kBoss).error().kind(); };
  EXPECT_EQ(kind(scope(), zone("Mars/Olympus")), Errc::invalid_input);
  EXPECT_EQ(kind(scope(), {.zone = {}, .expected_step_s = 0, .quota_bytes = {}}), Errc::invalid_input);
  EXPECT_EQ(kind(scope(), {.zone = {}, .expected_step_s = 86'401, .quota_bytes = {}}), Errc::invalid_input);
  EXPECT_EQ(kind(scope(), {.zone = {}, .expected_step_s = {}, .quota_bytes = 1ULL << 63}), Errc::invalid_input);
  EXPECT_EQ(kind(scope("c", "d"), {.zone = {}, .expected_step_s = {}, .quota_bytes = 5}), Errc::invalid_input);
  EXPECT_EQ(kind(scope("", "d"), zone("UTC")), Errc::invalid_input);
  EXPECT_EQ(registry->set_settings(scope(), {}, {"colour"}, kBoss).error().kind(), Errc::invalid_input);
  EXPECT_EQ(registry->set_settings(scope(), zone("UTC"), {"zone"}, kBoss).error().kind(), Errc::invalid_input);
  EXPECT_EQ(kind({.tenant = tenant_named("other"), .campaign = {}, .device = {}}, zone("UTC")), Errc::not_found);
  EXPECT_TRUE(registry->settings(acme()).value().empty());
}

TEST_F(TenantsTest, TheNarrowestSettingCounts) {
  ASSERT_TRUE(registry->set_settings(scope(), {.zone = "Europe/Paris", .expected_step_s = 60, .quota_bytes = 100}, {}, kBoss));
  ASSERT_TRUE(registry->set_settings(scope("c"), {.zone = {}, .expected_step_s = 10, .quota_bytes = 50}, {}, kBoss));
  ASSERT_TRUE(registry->set_settings(scope("c", "d"), zone("UTC"), {}, kBoss));
  ASSERT_TRUE(registry->set_settings(scope("z", "d"), zone("Asia/Tokyo"), {}, kBoss));
  const auto at = registry->settings_for(scope("c", "d")).value();
  EXPECT_EQ(at.zone, "UTC");
  EXPECT_EQ(at.expected_step_s, 10);
  EXPECT_EQ(at.quota_bytes, 50U);
  EXPECT_EQ(registry->settings_for(scope("c", "e")).value().zone, "Europe/Paris");
  EXPECT_EQ(registry->settings_for(scope("x", "d")).value().expected_step_s, 60);
  EXPECT_EQ(registry->settings_for(scope()).value().quota_bytes, 100U);
  EXPECT_FALSE(registry->settings_for({.tenant = tenant_named("other"), .campaign = {}, .device = {}}).value().zone);
  EXPECT_EQ(registry->settings(acme()).value().size(), 4U);
}

TEST_F(TenantsTest, SettingsReplaceAndAreUnset) {
  ASSERT_TRUE(registry->set_settings(scope("c"), {.zone = "UTC", .expected_step_s = 10, .quota_bytes = {}}, {}, kBoss));
  ASSERT_TRUE(registry->set_settings(scope("c"), {.zone = {}, .expected_step_s = 20, .quota_bytes = {}}, {"zone"}, kBoss));
  EXPECT_EQ(last_entry().detail, "expected_step 20 s, zone unset");
  EXPECT_EQ(last_entry().subject, "acme/c");
  const auto all = registry->settings(acme()).value();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_FALSE(all[0].settings.zone);
  EXPECT_EQ(all[0].settings.expected_step_s, 20);
  ASSERT_TRUE(registry->set_settings(scope("c"), {}, {"expected_step"}, kBoss));
  EXPECT_TRUE(registry->settings(acme()).value().empty());
}

class WholeTenantTest : public TenantsTest {
 protected:
  WholeTenantTest() {
    given_user("alice", Role::owner);
    session = session_of("alice");
    token = registry->create_token("nightly", acme(), TokenScope::write, 0, kBoss).value().secret.reveal();
    EXPECT_TRUE(registry->create_sftp_account("roof", acme(), Secret(kPassword), kBoss));
    EXPECT_TRUE(registry->set_settings(scope("c"), zone("UTC"), {}, kBoss));
  }
  bool lets_in_anybody() {
    return registry->identity_of_session(session) || sign_in("alice") || registry->identity_of_token(token) ||
           registry->check_sftp_password("roof", Secret(kPassword), "10.0.0.1");
  }
  std::string session, token;
};

TEST_F(WholeTenantTest, DisablingATenantEndsEverythingAndEnablingGivesBackAllButTheSessions) {
  ASSERT_TRUE(registry->identity_of_session(session));
  ASSERT_TRUE(registry->set_standing(acme(), Standing::disabled, kBoss));
  EXPECT_EQ(last_entry().action, "tenant.disable");
  EXPECT_FALSE(lets_in_anybody());
  ASSERT_TRUE(registry->set_standing(acme(), Standing::active, kBoss));
  EXPECT_FALSE(registry->identity_of_session(session));
  EXPECT_TRUE(sign_in("alice"));
  EXPECT_TRUE(registry->identity_of_token(token));
  EXPECT_TRUE(registry->check_sftp_password("roof", Secret(kPassword), "10.0.0.1"));
}

TEST_F(WholeTenantTest, RemovingATenantRemovesAllThatIsItsAndKeepsTheAuditTrail) {
  ASSERT_TRUE(registry->remove_tenant(acme(), kBoss));
  EXPECT_FALSE(lets_in_anybody());
  EXPECT_TRUE(registry->users({}).value().empty());
  EXPECT_TRUE(registry->tokens({}).value().empty());
  EXPECT_TRUE(registry->sftp_accounts({}).value().empty());
  EXPECT_GT(registry->audit(tenant_named("acme"), 100).value().size(), 4U);
  EXPECT_EQ(registry->remove_tenant(tenant_named("acme"), kBoss).error().kind(), Errc::not_found);
  given_tenant("acme");
  EXPECT_TRUE(registry->settings(acme()).value().empty());
  EXPECT_FALSE(registry->identity_of_token(token));
}

}  // namespace
}  // namespace pv::tenancy
