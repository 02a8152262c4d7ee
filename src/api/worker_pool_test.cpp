#include "api/worker_pool.h"

#include <atomic>
#include <latch>

#include <gtest/gtest.h>

#include "api/change_feed.h"
#include "api/thread_allowance.h"
#include "testing/memory_source.h"

namespace pv::api {
namespace {

using namespace std::chrono_literals;

TEST(WorkerPoolTest, ThreadsAreMadeWhenNeededAndGoWhenIdle) {
  WorkerPool pool({.most_threads = 8, .idle = 20ms});
  EXPECT_EQ(pool.threads(), 0U);
  std::latch together(4);  // passes only when four jobs run at once
  std::atomic<int> done{0};
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(pool.submit([&] {
      together.arrive_and_wait();
      ++done;
    }));
  }
  while (done < 4) std::this_thread::sleep_for(1ms);
  for (int i = 0; i < 1000 && pool.threads() > 0; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(pool.threads(), 0U);
  EXPECT_TRUE(pool.submit([&] { ++done; }));
  pool.close();
  EXPECT_EQ(done, 5);
}

TEST(WorkerPoolTest, JobsBeyondTheMostThreadsWaitAndAllAreRun) {
  WorkerPool pool({.most_threads = 2, .most_waiting = 500, .idle = 1s});
  std::atomic<int> done{0};
  for (int i = 0; i < 500; ++i) {
    EXPECT_TRUE(pool.submit([&] {
      std::this_thread::yield();
      ++done;
    }));
  }
  EXPECT_LE(pool.threads(), 2U);
  pool.close();
  EXPECT_EQ(done, 500);
}

TEST(WorkerPoolTest, JobsBeyondTheMostWaitingAreRefused) {
  WorkerPool pool({.most_threads = 1, .most_waiting = 2});
  std::latch begun(1);
  std::latch go(1);
  std::atomic<int> done{0};
  const auto job = [&] { ++done; };
  EXPECT_TRUE(pool.submit([&] {
    begun.count_down();
    go.wait();
  }));
  begun.wait();
  EXPECT_TRUE(pool.submit(job));
  EXPECT_TRUE(pool.submit(job));
  EXPECT_FALSE(pool.submit(job));
  go.count_down();
  pool.close();
  EXPECT_EQ(done, 2);
}

TEST(ThreadAllowanceTest, GivesWhatIsThereAndGetsItBack) {
  ThreadAllowance allowance(3);
  {
    const auto first = allowance.take(2);
    const auto second = allowance.take(2);
    const auto third = allowance.take(2);
    EXPECT_EQ(first.threads(), 2U);
    EXPECT_EQ(second.threads(), 1U);
    EXPECT_EQ(third.threads(), 0U);
  }
  EXPECT_EQ(allowance.take(9).threads(), 3U);
}

TEST(ChangeFeedTest, ASlowListenerGetsTheNewestGenerationOnly) {
  testing::MemoryDirectory directory;
  directory.sources["acme"] = std::make_shared<testing::MemorySource>();
  ChangeFeed feed(directory, nullptr, {.most_listeners = 1, .interval = 1ms});
  auto listener = *feed.listen(std::nullopt);
  EXPECT_EQ(feed.listen(std::nullopt).error().kind(), Errc::unavailable);
  EXPECT_TRUE(listener->wait(20ms).empty());
  for (std::uint64_t generation = 2; generation < 30; ++generation) {
    directory.sources["acme"]->set_generation(generation);
    std::this_thread::sleep_for(2ms);
  }
  ChangeFeed::Changes changes = listener->wait(5s);
  for (int i = 0; i < 1000 && changes.generations["acme"] != 29; ++i) changes = listener->wait(5s);
  EXPECT_EQ(changes.generations, (std::map<std::string, std::uint64_t>{{"acme", 29}}));
  listener.reset();
  EXPECT_EQ(feed.listeners(), 0U);
}

TEST(ChangeFeedTest, WhatChangedBeforeListeningIsNotTold) {
  testing::MemoryDirectory directory;
  directory.sources["acme"] = std::make_shared<testing::MemorySource>();
  ChangeFeed feed(directory, nullptr, {.interval = 1ms});
  {
    auto first = *feed.listen(std::nullopt);
  }
  directory.sources["acme"]->set_generation(9);
  auto listener = *feed.listen(std::nullopt);
  EXPECT_TRUE(listener->wait(30ms).empty());
  feed.close();
  EXPECT_TRUE(listener->closed());
  EXPECT_FALSE(feed.listen(std::nullopt));
}

}  // namespace
}  // namespace pv::api
