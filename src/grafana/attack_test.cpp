#include "grafana/attack.h"

#include <fmt/format.h>

#include "grafana/provisioning_test.h"

namespace pv::grafana {
namespace {

using testing::Person;
using Case = std::tuple<int, Isolation>;

class AttackTest : public ::testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] static Isolation isolation() { return std::get<1>(GetParam()); }
  [[nodiscard]] Attack attack_of(const Desired& viewer, const Desired& victim) const {
    Attack made{.access = installation_.access(), .isolation = isolation(), .viewer = viewer.company, .victim = victim.company, .victim_bucket = victim.datasource.bucket};
    for (const WantedDashboard& dashboard : victim.dashboards) made.victim_dashboards.push_back(dashboard.uid);
    return made;
  }
  [[nodiscard]] static std::string all_of(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
  }
  Desired acme_ = desired_for("acme", isolation());
  Desired beta_ = desired_for("beta", isolation());
  Installation installation_{{.version = std::get<0>(GetParam())}};
};

INSTANTIATE_TEST_SUITE_P(All, AttackTest, ::testing::Combine(::testing::Values(10, 11, 12), ::testing::Values(Isolation::organization, Isolation::team)),
                         [](const auto& chosen) { return std::string(to_string(std::get<1>(chosen.param))) + std::to_string(std::get<0>(chosen.param)); });

TEST_P(AttackTest, TriesEveryWayThereIsAndLeavesNothingBehind) {
  installation_.grafana().reset({.version = std::get<0>(GetParam()), .assigns_organization = false});
  ASSERT_TRUE(installation_.apply(acme_));
  ASSERT_TRUE(installation_.apply(beta_));
  installation_.grafana().forward_to([](const testing::FakeGrafana::Forwarded&) { return std::string("samples"); });
  const std::string before = installation_.grafana().state();
  installation_.grafana().forget_requests();
  const auto outcome = attack(attack_of(acme_, beta_));
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(installation_.grafana().state(), before) << "the viewer, or the organization that Grafana made for it";
  for (const auto& request : installation_.grafana().requests()) EXPECT_TRUE(request.is_known) << request.method << " " << request.target << " is no way at all";
  // The own datasource answers here whatever is asked, since nobody stands behind this proxy; what a token may reach is InfluxDB's to refuse.
  std::vector<std::string> leaks;
  for (const std::string& leak : outcome->leaks) {
    if (leak.find("the viewer's own datasource") == std::string::npos) leaks.push_back(leak);
  }
  if (isolation() == Isolation::organization) {
    EXPECT_TRUE(leaks.empty()) << all_of(leaks);
  } else {
    for (const char* way : {"list of datasources", "by uid", "by name", "by number", "health", "a query to", "raw query", "raw write", "raw delete"}) {
      EXPECT_NE(all_of(leaks).find(way), std::string::npos) << way << " is not seen to be open:\n" << all_of(leaks);
    }
  }
}

TEST_P(AttackTest, AimsAtWhatWasAdoptedUnderItsOwnName) {
  Person admin(installation_.grafana().url(), "admin", "admin-secret", 1);
  std::int64_t place = 1;
  if (isolation() == Isolation::organization) {
    admin.ask("POST", "/api/orgs", R"({"name":"beta"})");
    place = installation_.grafana().organization("beta");
  }
  Person inside(installation_.grafana().url(), "admin", "admin-secret", place);
  ASSERT_EQ(inside.ask("POST", "/api/datasources", R"({"uid":"oldsource","name":"influxdb_beta","type":"influxdb","access":"proxy","url":"http://old"})").status, 200);
  ASSERT_TRUE(installation_.apply(acme_));
  ASSERT_TRUE(installation_.apply(beta_));
  installation_.grafana().forget_requests();
  ASSERT_TRUE(attack(attack_of(acme_, beta_)));
  std::size_t aimed = 0;
  for (const auto& request : installation_.grafana().requests()) aimed += request.target.starts_with("/api/datasources/proxy/uid/oldsource/") ? 1 : 0;
  EXPECT_GE(aimed, 3U);
}

}  // namespace
}  // namespace pv::grafana
