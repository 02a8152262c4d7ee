#include "tenancy/registry_test.h"

namespace pv::tenancy {
namespace {

const std::string kEd25519 =
    "AAAAC3NzaC1lZDI1NTE5AAAAIGdg3L8ZffAGa2xuzQH8kS6GMR9f88HT7MeViFf+yAD3";
const std::string kRsa =
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQCaume/fldDA8f/ANeq709sLlMOc+6MPdVHECLi3QBHOcAIqGblY76KuUOodVSmvcZx38W7UgsU2KmuEP"
    "pToX8PUebhEyfeUQmQmBXW/Hszn2z0ULdJV9GbsyK6D3TBewPjIeA3yoj/cifvxh2Rao9yglvfvMpbb+tnznRw9BoJgr1qHUxRlA1KB1Tmd0K/"
    "mG/os+msXaN1InxT6lvSV1O5qm6g66wO7MNbO+Gp90XSg1nk35oxzZZW/VBTJJqSW6RCnhch5hIEbvJYYvZ3xXYAwZ7JHlGN4oeLrX93K0C9y3"
    "oECxSNbe8PILdQC91wBtSH2/S7ywko4TMxol7J/Vad";
const std::string kOtherKey =
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPHsg2k4wMB7XVmF8sic5Z2UCzdfuq4ywBtJIWX0mKwa/1F9a/kC+0e6wM"
    "2bAUJ62D1BypqLe0HGljt5q/hLOuw=";

class SftpAccountsTest : public RegistryTest {
 protected:
  SftpAccountsTest() : roof(registry->create_sftp_account("Roof-1", acme(), Secret(kPassword), kBoss).value()) {}

  auto password(std::string_view account, std::string_view text = kPassword, std::string_view address = "10.0.0.1") {
    return registry->check_sftp_password(account, Secret(std::string(text)), address);
  }
  SftpAccount roof;
};

TEST_F(SftpAccountsTest, APasswordOpensItsAccountOnly) {
  const auto opened = password("Roof-1");
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->name, "Roof-1");
  EXPECT_EQ(opened->tenant, acme());
  for (const char* name : {"roof-1", "nobody", ""}) EXPECT_EQ(password(name).error().why, Refusal::wrong) << name;
  EXPECT_EQ(password("Roof-1", "wrong password").error().why, Refusal::wrong);
  EXPECT_EQ(last_entry().action, "sftp.refused");
  EXPECT_EQ(last_entry().subject, "Roof-1");
}

TEST_F(SftpAccountsTest, WhoSignedInGoesOnAsLongAsTheAccountAndItsCompanyMay) {
  EXPECT_TRUE(registry->may_go_on(roof));
  EXPECT_TRUE(registry->set_standing(roof, Standing::disabled, kBoss));
  EXPECT_FALSE(registry->may_go_on(roof));
  EXPECT_TRUE(registry->set_standing(roof, Standing::active, kBoss));
  EXPECT_TRUE(registry->may_go_on(roof));
  EXPECT_TRUE(registry->set_standing(acme(), Standing::disabled, kBoss));
  EXPECT_FALSE(registry->may_go_on(roof));
  EXPECT_TRUE(registry->set_standing(acme(), Standing::active, kBoss));
  EXPECT_TRUE(registry->remove_sftp_account("Roof-1", kBoss));
  EXPECT_FALSE(registry->may_go_on(roof));
  now_s += 5;
  EXPECT_TRUE(registry->create_sftp_account("Roof-1", given_tenant("other"), {}, kBoss));
  EXPECT_FALSE(registry->may_go_on(roof)) << "another account has the name now";
}

TEST_F(SftpAccountsTest, NamesAreUniqueInTheInstallationAndChecked) {
  const auto other = given_tenant("other");
  EXPECT_EQ(registry->create_sftp_account("Roof-1", other, {}, kBoss).error().kind(), Errc::conflict);
  for (const char* name : {"", "a b", "a/b", "a@b", "..%2f"}) {
    EXPECT_EQ(registry->create_sftp_account(name, other, {}, kBoss).error().kind(), Errc::invalid_input) << name;
  }
  EXPECT_EQ(registry->create_sftp_account("x", tenant_named("none"), {}, kBoss).error().kind(), Errc::not_found);
  EXPECT_EQ(registry->create_sftp_account("x", other, Secret("short"), kBoss).error().kind(), Errc::invalid_input);
  ASSERT_TRUE(registry->create_sftp_account("x", other, {}, kBoss));
  EXPECT_EQ(registry->sftp_accounts(other).value().size(), 1U);
  EXPECT_EQ(registry->sftp_accounts({}).value().size(), 2U);
  EXPECT_EQ(registry->sftp_account("none").error().kind(), Errc::not_found);
}

TEST_F(SftpAccountsTest, TwoHundredWrongPasswordsDoNotTouchAnotherAccountAtThatAddress) {
  ASSERT_TRUE(registry->create_sftp_account("Roof-2", acme(), Secret(kPassword), kBoss));
  for (int i = 0; i < 200; ++i) password("Roof-1", "wrong password");
  EXPECT_EQ(password("Roof-1").error().why, Refusal::throttled);
  EXPECT_EQ(password("Roof-1").error().retry_after_s, 1);
  EXPECT_TRUE(password("Roof-2"));
  EXPECT_TRUE(password("Roof-1", kPassword, "10.0.0.2"));
  now_s += 1;
  EXPECT_TRUE(password("Roof-1"));
}

TEST_F(SftpAccountsTest, WithoutAPasswordOnlyKeysOpenIt) {
  ASSERT_TRUE(registry->set_sftp_password("Roof-1", {}, kBoss));
  EXPECT_FALSE(registry->sftp_account("Roof-1").value().has_password);
  for (const char* text : {kPassword, ""}) EXPECT_EQ(password("Roof-1", text).error().why, Refusal::wrong);
  ASSERT_TRUE(registry->set_sftp_password("Roof-1", Secret("another password"), kBoss));
  EXPECT_TRUE(password("Roof-1", "another password"));
  EXPECT_EQ(registry->set_sftp_password("none", {}, kBoss).error().kind(), Errc::not_found);
}

TEST_F(SftpAccountsTest, AKeyOpensItsAccountOnly) {
  ASSERT_TRUE(registry->create_sftp_account("Roof-2", acme(), {}, kBoss));
  ASSERT_TRUE(registry->add_sftp_key("Roof-1", "ssh-ed25519 " + kEd25519 + " roof", kBoss));
  EXPECT_TRUE(registry->check_sftp_key("Roof-1", "ssh-ed25519", kEd25519));
  EXPECT_FALSE(registry->check_sftp_key("Roof-2", "ssh-ed25519", kEd25519));
  EXPECT_FALSE(registry->check_sftp_key("none", "ssh-ed25519", kEd25519));
  EXPECT_FALSE(registry->check_sftp_key("Roof-1", "ecdsa-sha2-nistp256", kOtherKey));
  EXPECT_FALSE(registry->check_sftp_key("Roof-1", "ssh-rsa", kEd25519));
  for (const std::string& bytes : {std::string(), std::string("*"), kEd25519.substr(0, kEd25519.size() - 4), kEd25519 + "AAAA"}) {
    EXPECT_FALSE(registry->check_sftp_key("Roof-1", "ssh-ed25519", bytes));
  }
}

TEST_F(SftpAccountsTest, AnRsaKeyOpensUnderEachNameOfItsSignatures) {
  ASSERT_TRUE(registry->add_sftp_key("Roof-1", "ssh-rsa " + kRsa, kBoss));
  for (const char* type : {"ssh-rsa", "rsa-sha2-256", "rsa-sha2-512"}) EXPECT_TRUE(registry->check_sftp_key("Roof-1", type, kRsa)) << type;
}

TEST_F(SftpAccountsTest, KeysAreAddedOnceListedAndRemoved) {
  const auto key = registry->add_sftp_key("Roof-1", "ssh-ed25519 " + kEd25519 + " roof", kBoss).value();
  EXPECT_EQ(registry->add_sftp_key("Roof-1", "ssh-ed25519 " + kEd25519, kBoss).error().kind(), Errc::conflict);
  EXPECT_EQ(registry->add_sftp_key("Roof-1", "no key", kBoss).error().kind(), Errc::invalid_input);
  EXPECT_EQ(registry->add_sftp_key("none", "ssh-ed25519 " + kEd25519, kBoss).error().kind(), Errc::not_found);
  const auto listed = registry->sftp_account("Roof-1").value().keys;
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].fingerprint, key.fingerprint);
  EXPECT_EQ(listed[0].comment, "roof");
  ASSERT_TRUE(registry->remove_sftp_key("Roof-1", key.fingerprint, kBoss));
  EXPECT_FALSE(registry->check_sftp_key("Roof-1", "ssh-ed25519", kEd25519));
  EXPECT_EQ(registry->remove_sftp_key("Roof-1", key.fingerprint, kBoss).error().kind(), Errc::not_found);
  EXPECT_EQ(actions(), (std::vector<std::string>{"tenant.create", "sftp.create", "sftp.key.add", "sftp.key.remove"}));
}

TEST_F(SftpAccountsTest, DisabledAndRemovedAccountsAreRefused) {
  ASSERT_TRUE(registry->add_sftp_key("Roof-1", "ssh-ed25519 " + kEd25519, kBoss));
  ASSERT_TRUE(registry->set_standing(roof, Standing::disabled, kBoss));
  EXPECT_EQ(password("Roof-1").error().why, Refusal::wrong);
  EXPECT_FALSE(registry->check_sftp_key("Roof-1", "ssh-ed25519", kEd25519));
  ASSERT_TRUE(registry->set_standing(roof, Standing::active, kBoss));
  EXPECT_TRUE(password("Roof-1"));
  ASSERT_TRUE(registry->set_standing(acme(), Standing::disabled, kBoss));
  EXPECT_FALSE(registry->check_sftp_key("Roof-1", "ssh-ed25519", kEd25519));
  ASSERT_TRUE(registry->set_standing(acme(), Standing::active, kBoss));
  ASSERT_TRUE(registry->remove_sftp_account("Roof-1", kBoss));
  EXPECT_FALSE(password("Roof-1"));
  EXPECT_FALSE(registry->check_sftp_key("Roof-1", "ssh-ed25519", kEd25519));
  ASSERT_TRUE(registry->create_sftp_account("Roof-1", acme(), {}, kBoss));
  EXPECT_TRUE(registry->sftp_account("Roof-1").value().keys.empty());
}

TEST_F(SftpAccountsTest, LastSeenIsKeptToTheMinute) {
  EXPECT_EQ(roof.last_seen_s, 0);
  const std::int64_t begin_s = now_s;
  ASSERT_TRUE(password("Roof-1"));
  now_s += 59;
  ASSERT_TRUE(password("Roof-1"));
  EXPECT_EQ(registry->sftp_account("Roof-1").value().last_seen_s, begin_s);
  now_s += 1;
  ASSERT_TRUE(password("Roof-1"));
  EXPECT_EQ(registry->sftp_account("Roof-1").value().last_seen_s, now_s);
}

}  // namespace
}  // namespace pv::tenancy
