#include "base/shared_answer.h"

#include <atomic>
#include <future>
#include <latch>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace pv {
namespace {

using namespace std::chrono_literals;

const auto kAlways = [](int) { return true; };
const auto kNever = [](int) { return false; };

TEST(SharedAnswer, ManyWantItAndOneFetches) {
  SharedAnswer<int> shared({.wait = 60s, .rest = 0s});
  std::atomic<int> fetches{0};
  std::promise<void> go;
  std::latch fetching(1);
  const auto gate = go.get_future().share();
  std::jthread first([&] {
    EXPECT_EQ(shared.get(Meanwhile::wait, kAlways, [&]() -> Result<int> {
      ++fetches;
      fetching.count_down();
      gate.wait();
      return 7;
    }), 7);
  });
  fetching.wait();
  std::vector<std::jthread> others;
  for (int i = 0; i < 5; ++i) {
    others.emplace_back([&] { EXPECT_EQ(shared.get(Meanwhile::wait, kAlways, [&]() -> Result<int> { return ++fetches; }), 7); });
  }
  go.set_value();
  others.clear();
  EXPECT_EQ(fetches, 1);
}

TEST(SharedAnswer, WhoWillTakeTheLastOneDoesNotWaitAndWhoWaitsDoesNotWaitForEver) {
  SharedAnswer<int> shared({.wait = 1ms, .rest = 0s});
  ASSERT_EQ(shared.get(Meanwhile::wait, kNever, [] { return Result<int>(1); }), 1);
  std::promise<void> go;
  std::latch fetching(1);
  const auto gate = go.get_future().share();
  std::jthread slow([&] {
    EXPECT_TRUE(shared.get(Meanwhile::wait, kNever, [&]() -> Result<int> {
      fetching.count_down();
      gate.wait();
      return 2;
    }));
  });
  fetching.wait();
  const auto none = []() -> Result<int> { return fail(Errc::io, "fetched twice at once"); };
  EXPECT_EQ(shared.get(Meanwhile::take_last, kNever, none), 1);
  const auto waited = shared.get(Meanwhile::wait, kNever, none);
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().kind(), Errc::unavailable);
  go.set_value();
}

TEST(SharedAnswer, AfterAFailureNobodyAsksForAWhile) {
  SharedAnswer<int> away({.wait = 1s, .rest = 1h});
  int fetches = 0;
  const auto fetch = [&]() -> Result<int> {
    ++fetches;
    return fail(Errc::unavailable, "away");
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(away.get(Meanwhile::wait, kAlways, fetch).error().message(), "away");
  EXPECT_EQ(fetches, 1);

  SharedAnswer<int> denied({.wait = 1s, .rest = 1h});
  EXPECT_EQ(denied.get(Meanwhile::wait, kAlways, []() -> Result<int> { return fail(Errc::denied, "no"); }).error().kind(), Errc::denied);
  EXPECT_EQ(denied.get(Meanwhile::wait, kAlways, [] { return Result<int>(3); }), 3) << "what a person can mend is asked for again";
}

}  // namespace
}  // namespace pv
