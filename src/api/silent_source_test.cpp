/// What answers, and what ends, while the place where the samples are is silent.

#include <atomic>
#include <condition_variable>
#include <thread>

#include <nlohmann/json.hpp>

#include "api/change_feed.h"
#include "api/server_fixture_test.h"

namespace pv::api {
namespace {

/// Companies "a", "b", "c"; who opens one waits until it is let go.
class SilentDirectory final : public model::SourceDirectory {
 public:
  std::atomic<bool> silent{true};
  bool lists = true;
  std::atomic<bool> holds_somebody{false};
  std::atomic<int> asked{0};

  Result<std::vector<model::TenantName>> tenants() override {
    if (!lists) return fail(Errc::unavailable, "it does not answer");
    std::vector<model::TenantName> names;
    for (const char* name : {"a", "b", "c"}) names.push_back(*model::TenantName::parse(name));
    return names;
  }
  Result<std::shared_ptr<model::SampleSource>> open(const model::TenantName&) override {
    ++asked;
    if (silent) {
      holds_somebody = true;
      holds_somebody.notify_all();
      silent.wait(true);
    }
    return fail(Errc::unavailable, "it does not answer");
  }
  void let_go() {
    silent = false;
    silent.notify_all();
  }
};

TEST(SilentSource, ARegisteredCompanysUsersAndSettingsDoNotNeedIt) {
  SilentDirectory directory;
  People people;
  ServerOptions options;
  options.registry = people.registry.get();
  auto server = Server::start(directory, options);
  ASSERT_TRUE(server);
  httplib::Client one = admin_client(people, (*server)->port());
  for (const char* path : {"/api/v1/tenants/acme/users", "/api/v1/tenants/acme/settings"}) {
    const auto answer = one.Get(path);
    ASSERT_TRUE(answer) << path;
    EXPECT_EQ(answer->status, 200) << path << answer->body;
  }
  EXPECT_EQ(directory.asked, 0);
  directory.let_go();
}

TEST(SilentSource, WhenItIsAwayCompaniesAndOtherFiguresAreToldAllTheSame) {
  SilentDirectory directory;
  directory.lists = false;
  directory.let_go();
  People people;
  ServerOptions options;
  options.registry = people.registry.get();
  options.version = "1.2.3";
  auto server = Server::start(directory, options);
  ASSERT_TRUE(server);
  httplib::Client one = admin_client(people, (*server)->port());
  const auto listed = one.Get("/api/v1/tenants");
  ASSERT_EQ(listed->status, 200) << listed->body;
  const nlohmann::json tenants = nlohmann::json::parse(listed->body)["tenants"];
  ASSERT_EQ(tenants.size(), 2U);
  for (const auto& tenant : tenants) EXPECT_TRUE(tenant.contains("error")) << tenant;
  const auto metrics = one.Get("/metrics");
  ASSERT_EQ(metrics->status, 200) << metrics->body;
  EXPECT_NE(metrics->body.find("powerview_build_info{version=\"1.2.3\"} 1"), std::string::npos);
  EXPECT_EQ(metrics->body.find("powerview_samples "), std::string::npos) << "absent, not zero";
}

TEST(SilentSource, AFeedThatClosesAsksNoFurtherCompany) {
  SilentDirectory directory;
  directory.let_go();
  ChangeFeed feed(directory, nullptr, {.most_listeners = 4, .interval = std::chrono::milliseconds(1)});
  auto listener = feed.listen(std::nullopt);
  ASSERT_TRUE(listener);
  directory.silent = true;
  directory.holds_somebody.wait(false);  // the watcher, at one of the companies
  const int asked = directory.asked;
  std::jthread closing([&feed] { feed.close(); });
  while (!(*listener)->closed()) std::this_thread::yield();
  directory.let_go();
  closing.join();
  EXPECT_EQ(directory.asked, asked);
  listener->reset();
}

}  // namespace
}  // namespace pv::api
