#pragma once
/// A Grafana, the state folder of an installation, and companies that are to have something in it.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fakes/grafana/fake_grafana.h"
#include "fakes/grafana/person.h"
#include "grafana/names.h"
#include "grafana/provisioner.h"
#include "testing/temp_folder.h"

namespace pv::grafana {

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

/// One server for all tests of a program, made new for each.
class Installation {
 public:
  explicit Installation(testing::FakeGrafanaOptions options = {}) { grafana().reset(options); }
  [[nodiscard]] static testing::FakeGrafana& grafana() { return shared_grafana(); }
  [[nodiscard]] Access access() const {
    return {.url = grafana().url(), .username = "admin", .password = Secret("admin-secret"), .api_token = Secret()};
  }
  [[nodiscard]] std::unique_ptr<Provisioner> provisioner(const Access& access, std::chrono::milliseconds patience = std::chrono::milliseconds(50)) const {
    auto opened = Provisioner::open(access, state_ / "state", patience);
    if (!opened) throw std::runtime_error(opened.error().message());
    return std::move(*opened);
  }
  [[nodiscard]] std::unique_ptr<Provisioner> provisioner() const { return provisioner(access()); }
  Result<Outcome> apply(const Desired& desired) const { return provisioner()->apply(desired); }
  [[nodiscard]] std::filesystem::path state() const { return state_ / "state"; }
  /// The administrator at work in the organization that the company is in.
  [[nodiscard]] testing::Person administrator(const Desired& desired) const {
    return {grafana().url(), "admin", "admin-secret", place_of(desired)};
  }
  [[nodiscard]] static std::int64_t place_of(const Desired& desired) {
    return desired.isolation == Isolation::team ? 1 : grafana().organization(desired.company.str());
  }

 private:
  testing::TempFolder state_;
};

/// What somebody reads in a test's failure.
inline std::string words(const Plan& plan) {
  std::string text;
  for (const Action& action : plan.actions) text += std::string(to_string(action.kind)) + " " + action.what + "\n";
  for (const std::string& note : plan.notes) text += "note " + note + "\n";
  return text;
}

}  // namespace pv::grafana
