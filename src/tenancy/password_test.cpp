#include "tenancy/password.h"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tenancy/random_secret.h"
#include "tenancy/shown_text.h"

namespace pv::tenancy {
namespace {

TEST(PasswordRule, TakesTenToTwoHundredAndFiftySixBytes) {
  EXPECT_FALSE(check_password_rule(Secret(std::string(9, 'a')), "x"));
  EXPECT_TRUE(check_password_rule(Secret(std::string(10, 'a')), "x"));
  EXPECT_TRUE(check_password_rule(Secret(std::string(256, 'a')), "x"));
  const auto longer = check_password_rule(Secret(std::string(257, 'a')), "x");
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().kind(), Errc::invalid_input);
  EXPECT_NE(longer.error().message().find("10 to 256"), std::string::npos);
}

TEST(PasswordRule, RefusesTheNameOfItsOwnerInAnyCase) {
  const auto refused = check_password_rule(Secret("Alice.Martin"), "alice.martin");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("name"), std::string::npos);
}

TEST(RandomPassword, HasTwentyUnambiguousCharactersAndNeverComesTwice) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const Secret password = random_password();
    EXPECT_EQ(password.reveal().size(), 20U);
    EXPECT_EQ(password.reveal().find_first_of("0Oo1lIi"), std::string::npos);
    seen.insert(password.reveal());
  }
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(PasswordHasher, KnowsThePasswordAgainAndNoOther) {
  PasswordHasher hasher(HashCost::usual);
  const std::string hash = hasher.hash(Secret("correct horse")).value();
  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=24576,t=4,p=1$"));
  EXPECT_TRUE(hasher.matches(hash, Secret("correct horse")));
  EXPECT_FALSE(hasher.matches(hash, Secret("correct horsf")));
  EXPECT_FALSE(hasher.matches("", Secret("correct horse")));
}

TEST(PasswordHasher, OneSaltIsNotUsedTwice) {
  PasswordHasher hasher(HashCost::least);
  EXPECT_NE(hasher.hash(Secret("correct horse")).value(), hasher.hash(Secret("correct horse")).value());
}

TEST(PasswordHasher, ServesMoreCallersThanItHasPlaces) {
  PasswordHasher hasher(HashCost::least);
  const std::string hash = hasher.hash(Secret("correct horse")).value();
  std::vector<int> right(16);
  {
    std::vector<std::jthread> threads;
    for (int& one : right) threads.emplace_back([&] { one = hasher.matches(hash, Secret("correct horse")) ? 1 : 0; });
  }
  EXPECT_EQ(right, std::vector<int>(16, 1));
}

TEST(RandomSecret, LooksLikeOneAndHashesToThirtyTwoBytesOfItsOwn) {
  const std::string a = random_secret();
  const std::string b = random_secret();
  EXPECT_TRUE(looks_like_random_secret(a));
  EXPECT_FALSE(looks_like_random_secret(a.substr(1)));
  EXPECT_FALSE(looks_like_random_secret("=" + a.substr(1)));
  EXPECT_NE(a, b);
  EXPECT_NE(hash_of_secret(a), hash_of_secret(b));
  EXPECT_EQ(hash_of_secret(a), hash_of_secret(a));
}

TEST(ShownText, CutsAtWholeCharactersAndReplacesWhatCannotBeShown) {
  EXPECT_EQ(shown_text("a\tb\x7f", 10), "a?b?");
  EXPECT_EQ(shown_text("caf\xc3\xa9", 4), "caf");
  EXPECT_EQ(shown_text("caf\xc3\xa9", 5), "caf\xc3\xa9");
  EXPECT_EQ(shown_text("\xff\xfe!", 10), "?" "?!");
}

}  // namespace
}  // namespace pv::tenancy
