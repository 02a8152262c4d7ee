#include "api/worker_pool.h"

#include <atomic>
#include <latch>

#include <gtest/gtest.h>

#include "api/change_feed.h"
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
    pool.submit([&] {
      together.arrive_and_wait();
      ++done;
    });
  }
  while (done < 4) std::this_thread::sleep_for(1ms);
  for (int i = 0; i < 1000 && pool.threads() > 0; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(pool.threads(), 0U);
  pool.submit([&] { ++done; });
  pool.close();
  EXPECT_EQ(done, 5);
}

TEST(WorkerPoolTest, JobsBeyondTheMostThreadsWaitAndAllAreRun) {
  WorkerPool pool({.most_threads = 2, .idle = 1s});
  std::atomic<int> done{0};
  for (int i = 0; i < 500; ++i) {
    pool.submit([&] {
      std::this_thread::yield();
      ++done;
    });
  }
  EXPECT_LE(pool.threads(), 2U);
  pool.close();
  EXPECT_EQ(done, 500);
}

TEST(ChangeFeedTest, ASlowListenerGetsTheNewestGenerationOnly) {
  testing::MemoryDirectory directory;
  directory.sources["acme"] = std::make_shared<testing::MemorySource>();
  ChangeFeed feed(directory, {.most_listeners = 1, .interval = 1ms});
  auto listener = *feed.listen();
  EXPECT_EQ(feed.listen().error().kind(), Errc::unavailable);
  EXPECT_TRUE(listener->wait(20ms).empty());
  for (std::uint64_t generation = 2; generation < 30; ++generation) {
    directory.sources["acme"]->set_generation(generation);
    std::this_thread::sleep_for(2ms);
  }
  ChangeFeed::Changes changes = listener->wait(5s);
  for (int i = 0; i < 1000 && changes["acme"] != 29; ++i) changes = listener->wait(5s);
  EXPECT_EQ(changes, (ChangeFeed::Changes{{"acme", 29}}));
  listener.reset();
  EXPECT_EQ(feed.listeners(), 0U);
}

TEST(ChangeFeedTest, WhatChangedBeforeListeningIsNotTold) {
  testing::MemoryDirectory directory;
  directory.sources["acme"] = std::make_shared<testing::MemorySource>();
  ChangeFeed feed(directory, {.interval = 1ms});
  {
    auto first = *feed.listen();
  }
  directory.sources["acme"]->set_generation(9);
  auto listener = *feed.listen();
  EXPECT_TRUE(listener->wait(30ms).empty());
  feed.close();
  EXPECT_TRUE(listener->closed());
  EXPECT_FALSE(feed.listen());
}

}  // namespace
}  // namespace pv::api
