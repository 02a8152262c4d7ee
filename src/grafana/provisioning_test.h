#pragma once
/// A Grafana, the state folder of an installation, and companies that are to have something in it.
///
/// Tests that take their server from an Installation and their names from named() run against the fake in a version of it, and against a real Grafana when
/// POWERVIEW_TEST_GRAFANA_URL, POWERVIEW_TEST_GRAFANA_USER and POWERVIEW_TEST_GRAFANA_PASSWORD (a server administrator's) are set: kRealServer.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fakes/grafana/fake_grafana.h"
#include "fakes/grafana/person.h"
#include "grafana/names.h"
#include "grafana/provisioner.h"
#include "tenancy/random_secret.h"
#include "testing/temp_folder.h"

namespace pv::grafana {

/// In the place of a version.
inline constexpr int kRealServer = 0;

struct RealServer {
  const char* url = std::getenv("POWERVIEW_TEST_GRAFANA_URL");
  const char* login = std::getenv("POWERVIEW_TEST_GRAFANA_USER");
  const char* password = std::getenv("POWERVIEW_TEST_GRAFANA_PASSWORD");
  [[nodiscard]] bool is_given() const { return url != nullptr && login != nullptr && password != nullptr; }
};
inline constexpr const char* kNoRealServer =
    "set POWERVIEW_TEST_GRAFANA_URL, POWERVIEW_TEST_GRAFANA_USER and POWERVIEW_TEST_GRAFANA_PASSWORD (a server administrator) to run this against a real Grafana";

inline model::TenantName company_called(std::string_view name) { return *model::TenantName::parse(name); }

inline std::string generated_dashboard(const model::TenantName& company, std::string_view unit) {
  return R"({"id":null,"schemaVersion":39,"panels":[{"id":1,"type":"timeseries","title":"Power","gridPos":{"h":8,"w":12,"x":0,"y":0},"datasource":{"type":"influxdb","uid":")" +
         datasource_uid(company) + R"("},"fieldConfig":{"defaults":{"unit":")" + std::string(unit) + R"("}}}]})";
}

inline Desired desired_for(std::string_view name, Isolation isolation, const std::vector<std::string>& campaigns = {"north", "south"}) {
  const model::TenantName company = company_called(name);
  Desired desired{.company = company, .isolation = isolation, .datasource = {.url = "http://influxdb:8086", .organization = "plant", .bucket = company.str(), .token = Secret("token of " + company.str())}};
  desired.user = WantedUser{.login = user_login(company)};
  for (const std::string& campaign : campaigns) {
    const auto parsed = *model::CampaignName::parse(campaign);
    desired.dashboards.push_back({campaign, dashboard_uid(company, parsed), dashboard_title(company, parsed), generated_dashboard(company, "watt")});
  }
  return desired;
}

inline testing::FakeGrafana& shared_grafana() {
  static testing::FakeGrafana grafana;
  return grafana;
}

/// One fake for all tests of a program, made new for each; or the real server, from which it takes its companies away at the end.
class Installation {
 public:
  explicit Installation(testing::FakeGrafanaOptions options = {}) : is_real_(options.version == kRealServer) {
    tenancy::prepare_sodium();
    if (is_real_) suffix_ = "-pvtest-" + lower_case(tenancy::random_secret().substr(0, 6));
    else grafana().reset(options);
  }
  ~Installation() {
    if (!is_real_) return;
    for (const Desired& desired : applied_) {
      if (const auto opened = Provisioner::open(access(), state())) (void)(*opened)->remove({.company = desired.company, .isolation = desired.isolation, .user = Removal::User::remove});
    }
  }
  Installation(const Installation&) = delete;
  Installation& operator=(const Installation&) = delete;

  [[nodiscard]] bool is_real() const { return is_real_; }
  /// The name for a company: on a real server one that nobody has.
  [[nodiscard]] std::string named(std::string_view name) const { return std::string(name) + suffix_; }
  [[nodiscard]] static testing::FakeGrafana& grafana() { return shared_grafana(); }
  [[nodiscard]] Access access() const {
    if (!is_real_) return {.url = grafana().url(), .username = "admin", .password = Secret("admin-secret"), .api_token = Secret()};
    const RealServer real;
    return {.url = real.url, .username = real.login, .password = Secret(real.password), .api_token = Secret()};
  }
  [[nodiscard]] std::unique_ptr<Provisioner> provisioner(const Access& access, std::chrono::milliseconds patience = std::chrono::milliseconds(50)) const {
    auto opened = Provisioner::open(access, state_ / "state", patience);
    if (!opened) throw std::runtime_error(opened.error().message());
    return std::move(*opened);
  }
  [[nodiscard]] std::unique_ptr<Provisioner> provisioner() const { return provisioner(access()); }
  Result<Outcome> apply(const Desired& desired) const {
    if (is_real_) applied_.push_back(desired);
    return provisioner()->apply(desired);
  }
  [[nodiscard]] std::filesystem::path state() const { return state_ / "state"; }
  /// The administrator at work in the organization that the company is in.
  [[nodiscard]] testing::Person administrator(const Desired& desired) const {
    return person(access().username, access().password, place_of(desired));
  }
  [[nodiscard]] testing::Person person(const std::string& login, const Secret& password, std::int64_t organization = 0) const {
    return {access().url, login, password.reveal(), organization};
  }
  /// The number of the organization that the company is in; 0: there is none.
  [[nodiscard]] std::int64_t place_of(const Desired& desired) const {
    if (desired.isolation == Isolation::team) return 1;
    const auto found = JsonValue::parse(person(access().username, access().password).ask("GET", "/api/orgs/name/" + percent_encoded(desired.company.str())).body);
    return found ? found->integer("id") : 0;
  }
  [[nodiscard]] bool accepts(const NewUser& user) const { return person(user.login, user.password).ask("GET", "/api/folders").status == 200; }

 private:
  testing::TempFolder state_;
  bool is_real_;
  std::string suffix_;
  mutable std::vector<Desired> applied_;
};

/// What somebody reads in a test's failure.
inline std::string words(const Plan& plan) {
  std::string text;
  for (const Action& action : plan.actions) text += std::string(to_string(action.kind)) + " " + action.what + "\n";
  for (const std::string& note : plan.notes) text += "note " + note + "\n";
  return text;
}

}  // namespace pv::grafana
