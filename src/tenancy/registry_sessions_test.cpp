#include <thread>

#include "tenancy/registry_test.h"

namespace pv::tenancy {
namespace {

constexpr std::int64_t kDay_s = 86'400;

class SessionsTest : public RegistryTest {
 protected:
  SessionsTest() : alice(given_user("alice", Role::owner)) {}
  User alice;
};

TEST_F(SessionsTest, SigningInSaysWhoItIs) {
  const auto signed_in = sign_in("alice").value();
  const auto identity = registry->identity_of_session(signed_in.session.reveal());
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->name, "alice");
  EXPECT_EQ(identity->tenant, acme());
  EXPECT_EQ(identity->role, Role::owner);
  EXPECT_EQ(identity->user_id, alice.id);
  EXPECT_EQ(identity->session_id, signed_in.identity.session_id);
  EXPECT_EQ(registry->user("alice").value().last_sign_in_s, now_s);
  EXPECT_TRUE(sign_in("Alice"));
}

TEST_F(SessionsTest, EachSignInMakesANewSecret) {
  const std::string first = session_of("alice");
  const std::string second = session_of("alice");
  EXPECT_NE(first, second);
  EXPECT_TRUE(registry->identity_of_session(first));
  EXPECT_TRUE(registry->identity_of_session(second));
}

TEST_F(SessionsTest, SecretsAreKeptAsHashesOnly) {
  const std::string session = session_of("alice");
  registry.reset();
  const std::string bytes = testing::content_of(folder / "registry.sqlite") + testing::content_of(folder / "registry.sqlite-wal");
  EXPECT_NE(bytes.find("alice"), std::string::npos);
  EXPECT_EQ(bytes.find(session), std::string::npos);
  EXPECT_EQ(bytes.find(kPassword), std::string::npos);
}

TEST_F(SessionsTest, WhatIsNoSessionIsNobody) {
  const std::string session = session_of("alice");
  std::string other = session;
  other[0] = other[0] == 'A' ? 'B' : 'A';
  for (const std::string& text : {std::string(), other, session + "A", session.substr(1), std::string(43, '\0'), std::string(100'000, 'A')}) {
    EXPECT_FALSE(registry->identity_of_session(text));
  }
}

TEST_F(SessionsTest, WrongUserPasswordAndADisabledAccountAreRefusedAlike) {
  ASSERT_TRUE(registry->set_standing(given_user("bob"), Standing::disabled, kBoss));
  for (const auto& refused : {sign_in("alice", "wrong password"), sign_in("nobody"), sign_in("bob")}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().why, Refusal::wrong);
    EXPECT_EQ(refused.error().retry_after_s, 0);
  }
}

TEST_F(SessionsTest, ASessionEndsThirtyDaysAfterTheSignIn) {
  const std::string session = session_of("alice");
  const std::int64_t begin_s = now_s;
  for (int day = 5; day < 30; day += 5) {
    now_s = begin_s + day * kDay_s;
    ASSERT_TRUE(registry->identity_of_session(session)) << day;
  }
  now_s = begin_s + 30 * kDay_s - 1;
  EXPECT_TRUE(registry->identity_of_session(session));
  now_s = begin_s + 30 * kDay_s;
  EXPECT_FALSE(registry->identity_of_session(session));
  EXPECT_TRUE(registry->sessions(alice.id).value().empty());
}

TEST_F(SessionsTest, ASessionEndsWhenItIsNotUsedForSevenDays) {
  const std::string session = session_of("alice");
  now_s += 7 * kDay_s - 1;
  ASSERT_TRUE(registry->identity_of_session(session));
  now_s += 7 * kDay_s - 1;
  ASSERT_TRUE(registry->identity_of_session(session));
  now_s += 7 * kDay_s;
  EXPECT_FALSE(registry->identity_of_session(session));
}

TEST_F(SessionsTest, LastSeenIsWrittenAtMostOnceAMinute) {
  const std::string session = session_of("alice");
  const std::int64_t begin_s = now_s;
  now_s = begin_s + 59;
  ASSERT_TRUE(registry->identity_of_session(session));
  EXPECT_EQ(registry->sessions(alice.id).value().at(0).last_seen_s, begin_s);
  now_s = begin_s + 60;
  ASSERT_TRUE(registry->identity_of_session(session));
  EXPECT_EQ(registry->sessions(alice.id).value().at(0).last_seen_s, begin_s + 60);
}

TEST_F(SessionsTest, SessionsAreListedAndEndedByTheirOwnerOnly) {
  const std::string session = session_of("alice");
  const auto listed = registry->sessions(alice.id).value();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].address, "10.0.0.1");
  EXPECT_EQ(listed[0].agent, "a browser");
  EXPECT_EQ(listed[0].expires_s, now_s + 30 * kDay_s);
  const User bob = given_user("bob");
  EXPECT_EQ(registry->end_session(bob.id, listed[0].id, kBoss).error().kind(), Errc::not_found);
  EXPECT_TRUE(registry->identity_of_session(session));
  ASSERT_TRUE(registry->end_session(alice.id, listed[0].id, kBoss));
  EXPECT_FALSE(registry->identity_of_session(session));
  EXPECT_EQ(last_entry().action, "session.end");
}

TEST_F(SessionsTest, SigningOutEndsThisSessionOnly) {
  const std::string here = session_of("alice");
  const std::string there = session_of("alice");
  ASSERT_TRUE(registry->sign_out(*registry->identity_of_session(here)->session_id));
  EXPECT_FALSE(registry->identity_of_session(here));
  EXPECT_TRUE(registry->identity_of_session(there));
  EXPECT_EQ(last_entry().action, "sign_out");
  EXPECT_EQ(last_entry().who, "alice");
}

TEST_F(SessionsTest, AUserHasAtMostAHundredSessions) {
  const std::string first = session_of("alice");
  for (int i = 0; i < 100; ++i) {
    ++now_s;
    ASSERT_TRUE(sign_in("alice"));
  }
  EXPECT_EQ(registry->sessions(alice.id).value().size(), 100U);
  EXPECT_FALSE(registry->identity_of_session(first));
}

TEST_F(SessionsTest, TwoHundredWrongPasswordsDoNotTouchAnotherAccountAtThatAddress) {
  given_user("bob");
  int throttled = 0;
  for (int i = 0; i < 200; ++i) throttled += sign_in("alice", "wrong password").error().why == Refusal::throttled ? 1 : 0;
  EXPECT_EQ(throttled, 194);
  const auto still = sign_in("alice");
  ASSERT_FALSE(still);
  EXPECT_EQ(still.error().why, Refusal::throttled);
  EXPECT_EQ(still.error().retry_after_s, 1);
  EXPECT_TRUE(sign_in("bob"));
  EXPECT_TRUE(sign_in("alice", kPassword, "", "10.0.0.2"));
  now_s += 1;
  EXPECT_TRUE(sign_in("alice"));
}

TEST_F(SessionsTest, ANameThatNobodyHasIsThrottledLikeAnyOther) {
  for (int i = 0; i < 6; ++i) ASSERT_EQ(sign_in("nobody").error().why, Refusal::wrong);
  EXPECT_EQ(sign_in("nobody").error().why, Refusal::throttled);
}

TEST_F(SessionsTest, SignInsAndRefusalsAreInTheAuditTrailWithoutSecretsOrStrangeNames) {
  ASSERT_FALSE(sign_in("alice", "a wrong password"));
  EXPECT_EQ(last_entry().action, "sign_in.refused");
  EXPECT_EQ(last_entry().subject, "alice");
  EXPECT_EQ(last_entry().tenant, "acme");
  ASSERT_FALSE(sign_in("my-secret-typed-here", "a wrong password"));
  EXPECT_EQ(last_entry().subject, "an unknown name");
  const std::string session = session_of("alice");
  EXPECT_EQ(last_entry().action, "sign_in");
  for (const AuditEntry& e : entries()) {
    const std::string line = e.who + e.address + e.action + e.subject + e.detail + e.tenant;
    for (const std::string& secret : {session, std::string("a wrong password"), std::string("my-secret-typed-here"), std::string(kPassword)}) {
      EXPECT_EQ(line.find(secret), std::string::npos) << e.action;
    }
  }
}

TEST_F(SessionsTest, WhatABrowserSaysOfItselfIsCutAndMadeShowable) {
  const auto made = registry->sign_in(
      {.user = "alice", .code = "", .password = Secret(kPassword), .address = "10.0.0.1", .agent = "x\r\n\xff" + std::string(5000, 'y')});
  ASSERT_TRUE(made);
  const std::string agent = registry->sessions(alice.id).value().at(0).agent;
  EXPECT_EQ(agent.size(), 200U);
  EXPECT_TRUE(agent.starts_with("x???y"));
}

TEST_F(SessionsTest, ManyThreadsSignInAtOnce) {
  std::vector<std::string> sessions(12);
  {
    std::vector<std::jthread> threads;
    for (std::string& session : sessions) threads.emplace_back([&] { session = session_of("alice"); });
  }
  for (const std::string& session : sessions) EXPECT_TRUE(registry->identity_of_session(session));
}

}  // namespace
}  // namespace pv::tenancy
