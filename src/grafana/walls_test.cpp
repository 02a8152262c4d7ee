// What goes wrong on the way, and who may reach what.

#include <tuple>

#include <fmt/format.h>

#include "grafana/provisioning_test.h"

namespace pv::grafana {
namespace {

using testing::Fault;
using testing::FakeGrafana;
using testing::Person;
using Case = std::tuple<int, Isolation>;

class FaultTest : public ::testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] testing::FakeGrafanaOptions options() const { return {.version = std::get<0>(GetParam()), .silence_ms = 200}; }
  [[nodiscard]] Desired desired() const { return desired_for("acme", std::get<1>(GetParam()), {"north"}); }

  /// The nth request goes wrong; what is there after the next apply that nothing disturbs.
  std::string after(std::size_t nth, Fault fault) {
    const Installation installation(options());
    Access access = installation.access();
    if (fault == Fault::silent_after) access.answer_time = std::chrono::milliseconds(options().silence_ms / 2);
    const auto provisioner = installation.provisioner(access);
    installation.grafana().go_wrong(nth, fault);
    const auto disturbed = provisioner->apply(desired());
    const auto next = installation.apply(desired());
    EXPECT_TRUE(next) << next.error().message();
    if (!next) return {};
    const auto& user = disturbed && disturbed->user ? disturbed->user : next->user;
    EXPECT_TRUE(user && installation.grafana().accepts("admin_acme", user->password.reveal())) << "nobody knows the password of the user";
    installation.grafana().forget_requests();
    EXPECT_TRUE(installation.apply(desired()));
    EXPECT_EQ(installation.grafana().changes(), 0U);
    return installation.grafana().state();
  }
};

INSTANTIATE_TEST_SUITE_P(All, FaultTest, ::testing::Combine(::testing::Values(10, 11, 12), ::testing::Values(Isolation::organization, Isolation::team)),
                         [](const auto& chosen) { return std::string(to_string(std::get<1>(chosen.param))) + std::to_string(std::get<0>(chosen.param)); });

TEST_P(FaultTest, WhicheverRequestGoesWrongTheNextApplyEndsAsIfNothingHad) {
  std::string wanted;
  std::vector<FakeGrafana::Request> requests;
  {
    const Installation installation(options());
    ASSERT_TRUE(installation.apply(desired()));
    requests = installation.grafana().requests();
    wanted = installation.grafana().state();
  }
  ASSERT_GT(requests.size(), 20U);
  for (std::size_t nth = 1; nth <= requests.size(); ++nth) {
    const std::string where = fmt::format("request {}: {} {}", nth, requests[nth - 1].method, requests[nth - 1].target);
    ASSERT_EQ(after(nth, Fault::refuse), wanted) << where << " refused";
    if (!requests[nth - 1].is_change) continue;
    ASSERT_EQ(after(nth, Fault::cut_after), wanted) << where << " cut";
    ASSERT_EQ(after(nth, Fault::broken_after), wanted) << where << " broken";
    ASSERT_EQ(after(nth, Fault::silent_after), wanted) << where << " silent";
  }
}

/// One version is enough here.
class RemovalFaultTest : public FaultTest {};
INSTANTIATE_TEST_SUITE_P(All, RemovalFaultTest, ::testing::Combine(::testing::Values(12), ::testing::Values(Isolation::organization, Isolation::team)),
                         [](const auto& chosen) { return std::string(to_string(std::get<1>(chosen.param))); });

TEST_P(RemovalFaultTest, WhicheverRequestOfARemovalGoesWrongTheNextOneTakesAllAway) {
  const Removal removal{.company = desired().company, .isolation = desired().isolation, .user = Removal::User::remove};
  std::string empty;
  std::size_t count = 0;
  for (std::size_t nth = 0; nth <= count; ++nth) {
    const Installation installation(options());
    if (nth == 0) empty = installation.grafana().state();
    ASSERT_TRUE(installation.apply(desired()));
    installation.grafana().forget_requests();
    if (nth > 0) installation.grafana().go_wrong(nth, nth % 2 == 0 ? Fault::refuse : Fault::cut_after);
    const auto disturbed = installation.provisioner()->remove(removal);
    if (nth == 0) count = installation.grafana().requests().size();
    const auto next = installation.provisioner()->remove(removal);
    ASSERT_TRUE(next) << "request " << nth << ": " << next.error().message();
    ASSERT_EQ(installation.grafana().state(), empty) << "request " << nth;
  }
}

/// Every way that is known from a login to another company's samples; what reached InfluxDB.
struct Attack {
  std::vector<std::pair<int, std::string>> answers;
  std::vector<FakeGrafana::Forwarded> reached;
  std::string seen;
};

Attack attack(const Installation& installation, const Desired& mine, const Desired& theirs) {
  const auto made = installation.apply(mine);
  EXPECT_TRUE(made && installation.apply(theirs));
  Attack result;
  installation.grafana().forward_to([&](const FakeGrafana::Forwarded& forwarded) {
    result.reached.push_back(forwarded);
    return std::string("samples");
  });
  const std::string uid = datasource_uid(theirs.company);
  const std::string query = R"({"queries":[{"refId":"A","datasource":{"uid":")" + uid + R"json("},"query":"from(bucket:\"b\")"}],"from":"now-1h","to":"now"})json";
  for (const std::int64_t organization : {std::int64_t{0}, std::int64_t{1}, installation.place_of(theirs)}) {
    Person viewer = installation.person(made->user->login, made->user->password, organization);
    const auto ask = [&](const std::string& method, const std::string& target, const std::string& body = {}) {
      const HttpResponse answer = viewer.ask(method, target, body);
      result.answers.emplace_back(answer.status, fmt::format("{} {}: {}", method, target, answer.body));
      result.seen += answer.body;
    };
    ask("GET", "/api/datasources/uid/" + uid);
    ask("POST", "/api/ds/query", query);
    for (const char* method : {"GET", "POST", "DELETE"}) ask(method, "/api/datasources/proxy/uid/" + uid + "/api/v2/query?org=plant", std::string_view(method) == "GET" ? "" : "{}");
    ask("GET", "/api/folders/" + folder_uid(theirs.company));
    ask("GET", "/api/dashboards/uid/" + theirs.dashboards[0].uid);
    ask("POST", "/api/datasources", R"({"name":"x","type":"influxdb","access":"proxy","url":"http://x"})");
    for (const HttpResponse& list : {viewer.ask("GET", "/api/search?limit=1000"), viewer.ask("GET", "/api/datasources"), viewer.ask("GET", "/api/folders")}) result.seen += list.body;
  }
  return result;
}

class WallTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (installation_.is_real() && !RealServer().is_given()) GTEST_SKIP() << kNoRealServer;
  }
  [[nodiscard]] Desired desired(std::string_view name, Isolation isolation) const { return desired_for(installation_.named(name), isolation); }
  Installation installation_{{.version = GetParam()}};
};

INSTANTIATE_TEST_SUITE_P(All, WallTest, ::testing::Values(10, 11, 12, kRealServer), [](const auto& version) { return version.param == kRealServer ? std::string("Real") : std::to_string(version.param); });

TEST_P(WallTest, AViewerOfOneOrganizationReachesNothingOfAnother) {
  const Desired beta = desired("beta", Isolation::organization);
  const Attack result = attack(installation_, desired("acme", Isolation::organization), beta);
  for (const auto& [status, told] : result.answers) EXPECT_TRUE(status >= 400 && status < 500) << status << ": " << told;
  EXPECT_TRUE(result.reached.empty()) << "InfluxDB was asked with " << result.reached.front().authorization;
  EXPECT_EQ(result.seen.find("\"" + folder_uid(beta.company) + "\""), std::string::npos) << result.seen;
  EXPECT_EQ(result.seen.find("\"" + datasource_name(beta.company) + "\""), std::string::npos) << result.seen;
}

TEST_P(WallTest, ATeamHidesFoldersButNotSamplesAndThePlanSaysSo) {
  const Desired acme = desired("acme", Isolation::team), beta = desired("beta", Isolation::team);
  const Attack result = attack(installation_, acme, beta);
  EXPECT_EQ(result.seen.find("\"title\":\"" + beta.company.str()), std::string::npos) << "folders and dashboards are hidden";
  EXPECT_NE(result.seen.find("\"" + datasource_name(beta.company) + "\""), std::string::npos) << "if Grafana isolates after all, the plan says too much";
  if (!installation_.is_real()) {
    ASSERT_FALSE(result.reached.empty());
    EXPECT_EQ(result.reached.front().authorization, "Token token of beta");
  }
  const auto plan = installation_.provisioner()->plan(acme);
  ASSERT_TRUE(plan);
  EXPECT_NE(words(*plan).find("/api/ds/query"), std::string::npos) << words(*plan);
  EXPECT_NE(words(*plan).find("/api/datasources/proxy"), std::string::npos) << words(*plan);
}

TEST(TeamTest, TakingOneTeamAwayLeavesTheRightsOfOthers) {
  const Installation installation;
  const Desired acme = desired_for("acme", Isolation::team);
  ASSERT_TRUE(installation.apply(acme));
  ASSERT_TRUE(installation.apply(desired_for("beta", Isolation::team)));
  Person admin(installation.grafana().url(), "admin", "admin-secret", 1);
  const auto team = [&](const char* name) {
    return JsonValue::parse(admin.ask("GET", std::string("/api/teams/search?name=") + name).body)->at("teams").items().front().integer("id");
  };
  admin.ask("POST", "/api/folders", R"({"uid":"common","title":"Common"})");
  const std::string both = fmt::format(R"({{"items":[{{"teamId":{},"permission":1}},{{"teamId":{},"permission":1}},{{"role":"Editor","permission":2}}]}})", team("acme"), team("beta"));
  ASSERT_EQ(admin.ask("POST", "/api/folders/common/permissions", both).status, 200);
  const std::int64_t gone = team("acme");
  ASSERT_TRUE(installation.provisioner()->remove({.company = acme.company, .isolation = acme.isolation}));
  const std::string left = admin.ask("GET", "/api/folders/common/permissions").body;
  EXPECT_NE(left.find(fmt::format("\"teamId\":{}", team("beta"))), std::string::npos) << left;
  EXPECT_NE(left.find("Editor"), std::string::npos) << left;
  EXPECT_EQ(left.find(fmt::format("\"teamId\":{}", gone)), std::string::npos) << left;
}

}  // namespace
}  // namespace pv::grafana
