#include <cstddef>

#include "tenancy/registry_test.h"
#include "tenancy/totp.h"

namespace pv::tenancy {
namespace {

class PasswordsTest : public RegistryTest {
 protected:
  PasswordsTest() : alice(given_user("alice", Role::owner)) {}

  Result<void> change(const char* current, const char* next, std::optional<std::int64_t> keep = {}) {
    return registry->change_password(alice, Secret(current), Secret(next), keep, {.name = "alice", .address = "10.0.0.1"});
  }
  User alice;
};

TEST_F(PasswordsTest, ChangingEndsAllSessionsButTheOneInUse) {
  const std::string here = session_of("alice");
  const std::string there = session_of("alice");
  ASSERT_TRUE(change(kPassword, "another password", registry->identity_of_session(here)->session_id));
  EXPECT_TRUE(registry->identity_of_session(here));
  EXPECT_FALSE(registry->identity_of_session(there));
  EXPECT_FALSE(sign_in("alice"));
  EXPECT_TRUE(sign_in("alice", "another password"));
}

TEST_F(PasswordsTest, TheCurrentOneMustBeRightAndTheNextFollowTheRule) {
  EXPECT_EQ(change("not the password", "another password").error().kind(), Errc::denied);
  EXPECT_EQ(last_entry().action, "password.refused");
  EXPECT_EQ(change(kPassword, "short").error().kind(), Errc::invalid_input);
  EXPECT_EQ(change(kPassword, kPassword).error().kind(), Errc::invalid_input);
  EXPECT_TRUE(sign_in("alice"));
}

TEST_F(PasswordsTest, WrongCurrentPasswordsAreThrottledWithTheSignIns) {
  for (int i = 0; i < 6; ++i) ASSERT_EQ(change("not the password", "another password").error().kind(), Errc::denied);
  EXPECT_EQ(change(kPassword, "another password").error().kind(), Errc::unavailable);
  EXPECT_EQ(sign_in("alice").error().why, Refusal::throttled);
  EXPECT_TRUE(sign_in("alice", kPassword, "", "10.0.0.2"));
}

TEST_F(PasswordsTest, AResetShowsARandomOneThatMustBeChanged) {
  const std::string session = session_of("alice");
  const std::string random = registry->reset_password(alice, kBoss).value().reveal();
  EXPECT_FALSE(registry->identity_of_session(session));
  EXPECT_FALSE(sign_in("alice"));
  EXPECT_TRUE(sign_in("alice", random)->identity.must_change_password);
  ASSERT_TRUE(change(random.c_str(), "another password"));
  EXPECT_FALSE(sign_in("alice", "another password")->identity.must_change_password);
  for (const AuditEntry& entry : entries()) EXPECT_EQ(entry.detail.find(random), std::string::npos);
}

class SecondFactorTest : public PasswordsTest {
 protected:
  /// The secret of an "otpauth://" text.
  static std::vector<std::byte> secret_of(const std::string& uri) {
    std::vector<std::byte> bytes;
    unsigned held = 0;
    unsigned bits = 0;
    for (std::size_t i = uri.find("secret=") + 7; i < uri.size() && uri[i] != '&'; ++i) {
      const char c = uri[i];
      held = held << 5 | static_cast<unsigned>(c >= 'A' ? c - 'A' : c - '2' + 26);
      bits += 5;
      if (bits >= 8) {
        bits -= 8;
        bytes.push_back(static_cast<std::byte>(held >> bits & 255));
      }
    }
    return bytes;
  }
  std::string code(std::int64_t steps_from_now = 0) const { return totp_code(secret, totp_step(now_s) + steps_from_now); }
  void given_second_factor() {
    secret = secret_of(registry->begin_second_factor(alice).value());
    ASSERT_EQ(secret.size(), kTotpSecretBytes);
    ASSERT_TRUE(registry->confirm_second_factor(alice, code(), kBoss));
    now_s += 300;
  }
  std::vector<std::byte> secret;
};

TEST_F(SecondFactorTest, CountsOnlyOnceItIsConfirmed) {
  secret = secret_of(registry->begin_second_factor(alice).value());
  EXPECT_TRUE(sign_in("alice"));
  EXPECT_EQ(registry->confirm_second_factor(alice, code(5), kBoss).error().kind(), Errc::invalid_input);
  EXPECT_FALSE(registry->user("alice").value().has_second_factor);
  ASSERT_TRUE(registry->confirm_second_factor(alice, code(), kBoss));
  EXPECT_EQ(last_entry().action, "second_factor.add");
  EXPECT_TRUE(registry->user("alice").value().has_second_factor);
  EXPECT_EQ(sign_in("alice").error().why, Refusal::code_needed);
  EXPECT_EQ(sign_in("alice", kPassword, code()).error().why, Refusal::wrong);
}

TEST_F(SecondFactorTest, IsAskedForOnlyAfterTheRightPassword) {
  given_second_factor();
  EXPECT_EQ(sign_in("alice", "wrong password").error().why, Refusal::wrong);
  EXPECT_EQ(sign_in("alice", "wrong password", code()).error().why, Refusal::wrong);
  EXPECT_EQ(sign_in("alice").error().why, Refusal::code_needed);
  EXPECT_TRUE(sign_in("alice", kPassword, code()));
}

TEST_F(SecondFactorTest, ACodeCountsOnceAlsoForAnotherProcess) {
  given_second_factor();
  auto other = reopened();
  const std::string now = code();
  ASSERT_TRUE(sign_in("alice", kPassword, now));
  EXPECT_EQ(sign_in("alice", kPassword, now).error().why, Refusal::wrong);
  std::swap(registry, other);
  EXPECT_EQ(sign_in("alice", kPassword, now).error().why, Refusal::wrong);
}

TEST_F(SecondFactorTest, TheStepBeforeAndTheStepBehindAreTaken) {
  given_second_factor();
  EXPECT_TRUE(sign_in("alice", kPassword, code(-1)));
  EXPECT_TRUE(sign_in("alice", kPassword, code()));
  EXPECT_TRUE(sign_in("alice", kPassword, code(1)));
  now_s += 300;
  EXPECT_EQ(sign_in("alice", kPassword, code(-2)).error().why, Refusal::wrong);
  EXPECT_EQ(sign_in("alice", kPassword, code(2)).error().why, Refusal::wrong);
}

TEST_F(SecondFactorTest, WrongCodesAreThrottledAndAskingForTheCodeClearsNothing) {
  given_second_factor();
  for (int i = 0; i < 6; ++i) {
    ASSERT_EQ(sign_in("alice").error().why, Refusal::code_needed);
    ASSERT_EQ(sign_in("alice", kPassword, "abcdef").error().why, Refusal::wrong);
  }
  EXPECT_EQ(sign_in("alice", kPassword, code()).error().why, Refusal::throttled);
}

TEST_F(SecondFactorTest, IsNotReplacedUnlessItIsRemovedFirst) {
  given_second_factor();
  EXPECT_EQ(registry->begin_second_factor(alice).error().kind(), Errc::conflict);
  ASSERT_TRUE(registry->remove_second_factor(alice, kBoss));
  EXPECT_EQ(last_entry().action, "second_factor.remove");
  EXPECT_TRUE(sign_in("alice"));
  EXPECT_EQ(registry->remove_second_factor(alice, kBoss).error().kind(), Errc::not_found);
  EXPECT_EQ(registry->confirm_second_factor(alice, "123456", kBoss).error().kind(), Errc::conflict);
}

}  // namespace
}  // namespace pv::tenancy
