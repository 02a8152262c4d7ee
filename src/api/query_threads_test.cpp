/// Queries at once: how they share the threads.

#include <atomic>
#include <latch>
#include <thread>

#include "api/server_fixture_test.h"

namespace pv::api {
namespace {

using namespace std::chrono_literals;

/// Whichever company is asked for.
class OneSource final : public model::SourceDirectory {
 public:
  explicit OneSource(std::shared_ptr<model::SampleSource> source) : source_(std::move(source)) {}
  Result<std::vector<model::TenantName>> tenants() override { return std::vector<model::TenantName>{}; }
  Result<std::shared_ptr<model::SampleSource>> open(const model::TenantName&) override { return source_; }

 private:
  std::shared_ptr<model::SampleSource> source_;
};

/// Notes how many threads each query asks for, and lets none begin before all have asked.
class CountingSource final : public model::SampleSource {
 public:
  explicit CountingSource(std::ptrdiff_t queries) : all_asked(queries) {}
  Result<std::uint64_t> generation() override { return 1; }
  Result<std::unique_ptr<model::SampleSnapshot>> snapshot(unsigned workers) override {
    threads += workers;
    all_asked.arrive_and_wait();
    return fail(Errc::not_found, "nothing here");
  }
  std::atomic<unsigned> threads{0};
  std::latch all_asked;
};

TEST(QueryThreadsTest, QueriesAtOnceShareTheExtraThreads) {
  const auto source = std::make_shared<CountingSource>(8);
  OneSource directory(source);
  People people;
  const std::string session = people.session("root");
  ServerOptions options;
  options.registry = people.registry.get();
  options.query_workers = 4;
  auto server = Server::start(directory, options);
  ASSERT_TRUE(server);
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      EXPECT_TRUE(httplib::Client("127.0.0.1", (*server)->port()).Get("/api/v1/tenants/a/campaigns/b/query", {{"Cookie", "powerview=" + session}}));
    });
  }
  for (auto& each : clients) each.join();
  EXPECT_EQ(source->threads, 8U + 3U);
}

/// Knows how many of its snapshots there were at once, at most.
class CrowdedSource final : public model::SampleSource {
 public:
  Result<std::uint64_t> generation() override { return 1; }
  Result<std::unique_ptr<model::SampleSnapshot>> snapshot(unsigned) override {
    const int now = ++inside;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    std::this_thread::sleep_for(5ms);
    --inside;
    return fail(Errc::not_found, "nothing here");
  }
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
};

TEST(QueryThreadsTest, QueriesBeyondThoseThatMayRunWaitAndAreAnswered) {
  const auto source = std::make_shared<CrowdedSource>();
  OneSource directory(source);
  People people;
  const std::string session = people.session("root");
  ServerOptions options;
  options.registry = people.registry.get();
  options.query_workers = 1;
  auto server = Server::start(directory, options);
  ASSERT_TRUE(server);
  std::vector<std::thread> clients;
  for (int i = 0; i < 40; ++i) {
    clients.emplace_back([&] {
      const auto response = httplib::Client("127.0.0.1", (*server)->port()).Get("/api/v1/tenants/a/campaigns/b/energy", {{"Cookie", "powerview=" + session}});
      EXPECT_TRUE(response && response->status == 404);
    });
  }
  for (auto& each : clients) each.join();
  EXPECT_LE(source->most, 4);
}

}  // namespace
}  // namespace pv::api
