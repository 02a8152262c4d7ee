#include "tenancy/throttle.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace pv::tenancy {
namespace {

class ThrottleTest : public ::testing::Test {
 protected:
  std::int64_t now_s = 1000;
  Throttle throttle{[this] { return now_s; }};

  /// Fails once when it may; the seconds to wait otherwise.
  std::int64_t fail_once(std::string_view address, std::string_view account) { return fail_once(throttle, address, account); }
  static std::int64_t fail_once(Throttle& at, std::string_view address, std::string_view account) {
    auto attempt = at.begin(address, account);
    if (!attempt) return attempt.error();
    attempt->failed();
    return 0;
  }
  void fail(int times, std::string_view address, std::string_view account) {
    for (int i = 0; i < times; ++i) ASSERT_EQ(fail_once(address, account), 0) << i;
  }
};

TEST_F(ThrottleTest, FiveFailuresAreFreeAndTheSixthMakesOneWait) {
  fail(6, "10.0.0.1", "x");
  EXPECT_EQ(fail_once("10.0.0.1", "x"), 1);
}

TEST_F(ThrottleTest, TheWaitDoublesUpToFiveMinutes) {
  fail(6, "10.0.0.1", "x");
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 11; ++i) {
    waits.push_back(fail_once("10.0.0.1", "x"));
    now_s += waits.back();
    ASSERT_EQ(fail_once("10.0.0.1", "x"), 0);
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}));
}

TEST_F(ThrottleTest, TwoHundredFailuresForOneAccountDoNotTouchAnotherAtTheSameAddress) {
  for (int i = 0; i < 200; ++i) fail_once("10.0.0.1", "x");
  EXPECT_GT(fail_once("10.0.0.1", "x"), 0);
  EXPECT_TRUE(throttle.begin("10.0.0.1", "y"));
}

TEST_F(ThrottleTest, TheOwnerAtAnotherAddressIsNotTouched) {
  for (int i = 0; i < 200; ++i) fail_once("10.0.0.1", "x");
  EXPECT_TRUE(throttle.begin("10.0.0.2", "x"));
}

TEST_F(ThrottleTest, ASuccessClears) {
  fail(5, "10.0.0.1", "x");
  throttle.begin("10.0.0.1", "x").value().succeeded();
  EXPECT_EQ(throttle.pairs(), 0U);
  fail(6, "10.0.0.1", "x");
}

TEST_F(ThrottleTest, AnAttemptWithoutAWordCountsNeitherWay) {
  fail(5, "10.0.0.1", "x");
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(throttle.begin("10.0.0.1", "x"));
  fail(1, "10.0.0.1", "x");
  EXPECT_EQ(fail_once("10.0.0.1", "x"), 1);
}

TEST_F(ThrottleTest, AQuarterOfAnHourWithoutFailureForgets) {
  fail(6, "10.0.0.1", "x");
  now_s += 899;
  fail(1, "10.0.0.1", "x");
  EXPECT_EQ(fail_once("10.0.0.1", "x"), 2);
  now_s += 900;
  fail(6, "10.0.0.1", "x");
}

TEST_F(ThrottleTest, AddressesOfOneIpv6NetworkAreOneAndMappedOnesAreTheirIpv4) {
  fail(6, "2001:db8:1:2::1", "x");
  EXPECT_EQ(fail_once("2001:db8:1:2:ffff::7", "x"), 1);
  EXPECT_EQ(fail_once("2001:db8:1:3::1", "x"), 0);
  fail(6, "::ffff:10.0.0.1", "x");
  EXPECT_EQ(fail_once("10.0.0.1", "x"), 1);
  EXPECT_EQ(fail_once("10.0.0.2", "x"), 0);
}

TEST_F(ThrottleTest, MemoryIsBounded) {
  for (int i = 0; i < 12'000; ++i) fail_once("10.0.0.1", "name" + std::to_string(i));
  EXPECT_EQ(throttle.pairs(), 10'000U);
}

TEST_F(ThrottleTest, FillingTheMemoryDoesNotFreeWhoHasToWait) {
  fail(6, "10.0.0.1", "x");
  for (int i = 0; i < 12'000; ++i) fail_once("10.0.0.1", "name" + std::to_string(i));
  EXPECT_EQ(fail_once("10.0.0.1", "x"), 1);
}

TEST_F(ThrottleTest, WhereAllHaveToWaitTheOldestGivesWay) {
  Throttle small([this] { return now_s; }, {.pairs = 3});
  for (const char* name : {"a", "b", "c", "d"}) {
    for (int i = 0; i < 6; ++i) ASSERT_EQ(fail_once(small, "10.0.0.1", name), 0);
  }
  EXPECT_EQ(small.pairs(), 3U);
  EXPECT_EQ(fail_once(small, "10.0.0.1", "b"), 1);
  EXPECT_EQ(fail_once(small, "10.0.0.1", "a"), 0);
}

TEST_F(ThrottleTest, ManyAttemptsAtOnceGainNothing) {
  std::atomic<int> admitted = 0;
  std::atomic<int> waiting = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 40; ++i) {
      threads.emplace_back([&] {
        auto attempt = throttle.begin("10.0.0.1", "x");
        if (!attempt) {
          ++waiting;
          return;
        }
        ++admitted;
        std::this_thread::yield();
        attempt->failed();
      });
    }
  }
  EXPECT_EQ(admitted, 6);
  EXPECT_EQ(waiting, 34);
}

TEST_F(ThrottleTest, ManyRightPasswordsAtOnceAreAllAdmitted) {
  std::atomic<int> admitted = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 40; ++i) {
      threads.emplace_back([&] {
        auto attempt = throttle.begin("10.0.0.1", "x");
        if (!attempt) return;
        ++admitted;
        attempt->succeeded();
      });
    }
  }
  EXPECT_EQ(admitted, 40);
  EXPECT_EQ(throttle.pairs(), 0U);
}

}  // namespace
}  // namespace pv::tenancy
