#include "app/provisioning_thread.h"

#include <atomic>
#include <future>

#include <gtest/gtest.h>

#include "fakes/grafana/fake_grafana.h"
#include "fakes/grafana/person.h"
#include "grafana/provisioner.h"
#include "testing/temp_folder.h"

namespace pv::app {
namespace {

using namespace std::chrono_literals;

model::TenantName company(const std::string& name) { return *model::TenantName::parse(name); }

/// What the thread asked for and said; threads: safe.
class Recorder {
 public:
  void add(const std::string& line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(line);
    changed_.notify_all();
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  bool wait_for(std::size_t count, std::chrono::milliseconds most = 60s) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, most, [&] { return lines_.size() >= count; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

/// Options that waste no time where nothing is denied.
ProvisioningOptions quick(Recorder& said) {
  ProvisioningOptions options;
  options.log = [&said](std::string_view line) { said.add(std::string(line)); };
  options.first_wait = options.longest_wait = 1ms;
  return options;
}

TEST(ProvisioningThreadTest, AWrongPasswordIsSentOnceForAllCompanies) {
  testing::FakeGrafana grafana;
  const testing::TempFolder folder;
  Recorder said;
  ProvisioningOptions options = quick(said);
  options.apply = [&](const model::TenantName& name, const std::stop_token&) -> Result<std::string> {
    grafana::Access access;
    access.url = grafana.url();
    access.username = "admin";
    access.password = Secret("guess");
    PV_TRY(const auto provisioner, grafana::Provisioner::open(access, folder / "state"));
    grafana::Desired desired{.company = name};
    desired.datasource = {.url = "http://influxdb:8086", .organization = "plant", .bucket = name.str(), .token = Secret("token")};
    PV_TRY_VOID(provisioner->apply(desired));
    return std::string();
  };
  options.companies = [] { return std::vector{company("a"), company("b"), company("c"), company("d"), company("e"), company("f")}; };
  const auto thread = ProvisioningThread::start(std::move(options));
  ASSERT_TRUE(said.wait_for(1));
  thread->announce(company("g"));
  EXPECT_FALSE(thread->wait_done(300ms)) << "it is not tried again at once";
  std::size_t refused = 0;
  for (const auto& request : grafana.requests()) refused += request.status == 401 ? 1 : 0;
  EXPECT_EQ(refused, 1U);
  testing::Person admin(grafana.url(), "admin", "admin-secret");
  EXPECT_EQ(admin.ask("GET", "/api/folders").status, 200) << "the administrator is locked out";
  EXPECT_NE(said.lines().front().find("left alone for 600 s"), std::string::npos) << said.lines().front();
}

TEST(ProvisioningThreadTest, WhatWasDeniedIsTriedAgainAfterThePauseWithTheOthersFirst) {
  Recorder said, asked;
  ProvisioningOptions options = quick(said);
  options.wait_when_denied = 5ms;
  std::atomic<int> denials{3};
  options.apply = [&](const model::TenantName& name, const std::stop_token&) -> Result<std::string> {
    asked.add(name.str());
    if (name.str() == "a" && denials.fetch_sub(1) > 0) return fail(Errc::denied, "no");
    return "made " + name.str();
  };
  options.companies = [] { return std::vector{company("a"), company("b")}; };
  const auto thread = ProvisioningThread::start(std::move(options));
  ASSERT_TRUE(thread->wait_done(60s));
  EXPECT_EQ(asked.lines(), (std::vector<std::string>{"a", "b", "a", "a", "a"}));
  EXPECT_EQ(said.lines().size(), 3U) << "the same trouble is said once";
}

TEST(ProvisioningThreadTest, CompaniesThatCannotBeListedAtTheStartAreListedLater) {
  Recorder said, asked;
  ProvisioningOptions options = quick(said);
  std::atomic<int> failures{3};
  options.companies = [&]() -> Result<std::vector<model::TenantName>> {
    if (failures.fetch_sub(1) > 0) return fail(Errc::unavailable, "InfluxDB is away");
    return std::vector{company("a")};
  };
  options.apply = [&](const model::TenantName& name, const std::stop_token&) -> Result<std::string> {
    asked.add(name.str());
    return std::string();
  };
  const auto thread = ProvisioningThread::start(std::move(options));
  ASSERT_TRUE(thread->wait_done(60s));
  EXPECT_EQ(asked.lines(), std::vector<std::string>{"a"});
  EXPECT_EQ(said.lines(), std::vector<std::string>{"grafana.setback why=InfluxDB is away"});
}

TEST(ProvisioningThreadTest, AStartAndAnAnnouncementWaitForNobody) {
  Recorder said, asked;
  ProvisioningOptions options = quick(said);
  std::promise<void> answer;
  options.companies = [&, held = answer.get_future().share()]() -> Result<std::vector<model::TenantName>> {
    held.wait();
    return std::vector<model::TenantName>{};
  };
  options.apply = [&](const model::TenantName& name, const std::stop_token&) -> Result<std::string> {
    asked.add(name.str());
    return std::string();
  };
  const auto thread = ProvisioningThread::start(std::move(options));
  thread->announce(company("a"));
  EXPECT_TRUE(asked.lines().empty());
  answer.set_value();
  EXPECT_TRUE(thread->wait_done(60s));
  EXPECT_EQ(asked.lines(), std::vector<std::string>{"a"});
}

TEST(ProvisioningThreadTest, OneThatIsToStopTellsTheApplyThatIsUnderWay) {
  Recorder said, asked;
  ProvisioningOptions options = quick(said);
  std::promise<void> stopping;
  options.apply = [&](const model::TenantName& name, const std::stop_token& stop) -> Result<std::string> {
    asked.add(name.str());
    stopping.get_future().wait();
    return stop.stop_requested() ? Result<std::string>(fail(Errc::unavailable, "stopping")) : std::string("done");
  };
  const auto thread = ProvisioningThread::start(std::move(options));
  thread->announce(company("a"));
  ASSERT_TRUE(asked.wait_for(1));
  thread->announce(company("b"));
  thread->request_stop();
  stopping.set_value();
  EXPECT_FALSE(thread->wait_done(0ms));
  EXPECT_EQ(asked.lines(), std::vector<std::string>{"a"});
  EXPECT_TRUE(said.lines().empty()) << "a stop is no trouble";
}

TEST(ProvisioningThreadTest, WhatAPersonShouldKnowIsSaidOnce) {
  Recorder said, asked;
  ProvisioningOptions options = quick(said);
  options.apply = [&](const model::TenantName& name, const std::stop_token&) -> Result<std::string> {
    asked.add(name.str());
    return std::string("note: a panel's title stays");
  };
  const auto thread = ProvisioningThread::start(std::move(options));
  for (std::size_t i = 1; i <= 3; ++i) {
    thread->announce(company("a"));
    ASSERT_TRUE(asked.wait_for(i));
    ASSERT_TRUE(thread->wait_done(60s));
  }
  EXPECT_EQ(said.lines(), std::vector<std::string>{"grafana tenant=a note: a panel's title stays"});
}

}  // namespace
}  // namespace pv::app
