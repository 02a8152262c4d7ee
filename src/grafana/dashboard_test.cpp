#include "grafana/dashboard.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "grafana/template.h"

namespace pv::grafana {
namespace {

using Json = nlohmann::json;

DashboardRequest request_for(const std::string& name) {
  return {.company = name, .campaign = name, .datasource_uid = "ds1", .bucket = name, .zone = "Europe/Paris", .uid = "powerview_x", .title = name};
}

std::vector<Json> both_for(const DashboardRequest& request) {
  std::vector<Json> dashboards;
  for (const auto& made : {campaign_dashboard(request, ""), operators_dashboard(request, "")}) {
    if (!made) {
      ADD_FAILURE() << made.error().message();
      continue;
    }
    dashboards.push_back(Json::parse(*made));
  }
  return dashboards;
}

/// Every Flux text: those of panels, annotations and variables.
void queries_in(const Json& json, std::vector<std::string>& queries) {
  if (!json.is_structured()) return;
  for (const auto& [name, member] : json.items()) {
    if ((name == "query" || name == "definition") && member.is_string()) queries.push_back(member.get<std::string>());
    queries_in(member, queries);
  }
}

std::vector<std::string> queries_of(const Json& json) {
  std::vector<std::string> queries;
  queries_in(json, queries);
  return queries;
}

/// String literals of a Flux text read as Flux reads them, and the text without them. No literal where one does not end.
struct FluxText {
  std::vector<std::string> literals;
  std::string rest;
  bool is_whole = true;
};

FluxText read_flux(const std::string& flux) {
  FluxText text;
  for (std::size_t i = 0; i < flux.size(); ++i) {
    if (flux[i] != '"') {
      text.rest += flux[i];
      continue;
    }
    std::string literal;
    for (++i; i < flux.size() && flux[i] != '"'; ++i) {
      if (flux[i] == '$' && flux.substr(i, 2) == "${") text.is_whole = false;
      if (flux[i] == '\\' && flux.substr(i, 2) == "\\x") {
        literal += static_cast<char>(std::stoi(flux.substr(i + 2, 2), nullptr, 16));
        i += 3;
      } else {
        literal += flux[i];
      }
    }
    if (i >= flux.size()) text.is_whole = false;
    text.rest += "\"\"";
    text.literals.push_back(std::move(literal));
  }
  return text;
}

TEST(Dashboards, AreForTheDatasourceAndIdentityAskedFor) {
  DashboardRequest request = request_for("acme");
  request.datasource_type = "influxdb-adecwatts-datasource";
  for (const Json& dashboard : both_for(request)) {
    EXPECT_EQ(dashboard["id"], nullptr);
    EXPECT_EQ(dashboard["uid"], "powerview_x");
    EXPECT_EQ(dashboard["title"], "acme");
    EXPECT_EQ(dashboard["timezone"], "Europe/Paris");
    EXPECT_FALSE(dashboard.contains("version"));
    EXPECT_EQ(dashboard.dump().find("${powerview"), std::string::npos);
    const Json datasource = {{"type", "influxdb-adecwatts-datasource"}, {"uid", "ds1"}};
    for (const Json& panel : dashboard["panels"]) {
      EXPECT_EQ(panel["datasource"], datasource);
      ASSERT_FALSE(panel["targets"].empty());
      for (const Json& target : panel["targets"]) EXPECT_EQ(target["datasource"], datasource);
    }
    for (const Json& variable : dashboard["templating"]["list"]) EXPECT_EQ(variable["datasource"], datasource);
    for (const Json& annotation : dashboard["annotations"]["list"]) {
      if (annotation.contains("target")) {
        EXPECT_EQ(annotation["datasource"], datasource);
        EXPECT_EQ(annotation["target"]["datasource"], datasource);
      }
    }
    // The plugin is Grafana's own for InfluxDB under another name: the same Flux, and nothing that refers to the stock one.
    EXPECT_EQ(dashboard.dump().find("\"influxdb\""), std::string::npos);
  }
}

TEST(Dashboards, HavePanelsWithTheirOwnNumbersThatDoNotOverlap) {
  for (const Json& dashboard : both_for(request_for("acme"))) {
    std::set<std::int64_t> ids;
    std::set<std::pair<int, int>> cells;
    std::size_t area = 0;
    for (const Json& panel : dashboard["panels"]) {
      EXPECT_TRUE(ids.insert(panel["id"].get<std::int64_t>()).second);
      const Json& at = panel["gridPos"];
      EXPECT_LE(at["x"].get<int>() + at["w"].get<int>(), 24);
      for (int x = at["x"]; x < at["x"].get<int>() + at["w"].get<int>(); ++x) {
        for (int y = at["y"]; y < at["y"].get<int>() + at["h"].get<int>(); ++y) {
          cells.emplace(x, y);
          ++area;
        }
      }
      std::set<std::string> refs;
      for (const Json& target : panel["targets"]) EXPECT_TRUE(refs.insert(target["refId"].get<std::string>()).second);
    }
    EXPECT_EQ(cells.size(), area);
    EXPECT_GE(ids.size(), 4U);
  }
}

TEST(Dashboards, KeepEachQueryWholeWhateverACompanyIsCalled) {
  const std::vector<Json> plain = both_for(request_for("acme"));
  for (const std::string name : {"a\"b", "${x}", "${device}", "$device", "[[device]]", "v.bucket", "x.organization", "\\",
                                 "a\\\"b", "\") |> drop()", "é 𝄞", "a/b{}"}) {
    SCOPED_TRACE(name);
    const std::vector<Json> nasty = both_for(request_for(name));
    ASSERT_EQ(nasty.size(), plain.size());
    for (std::size_t i = 0; i < plain.size(); ++i) {
      EXPECT_EQ(nasty[i]["title"], name);
      const auto usual = queries_of(plain[i]), queries = queries_of(nasty[i]);
      ASSERT_EQ(queries.size(), usual.size());
      for (std::size_t q = 0; q < usual.size(); ++q) {
        const FluxText before = read_flux(usual[q]), after = read_flux(queries[q]);
        EXPECT_TRUE(after.is_whole) << queries[q];
        EXPECT_EQ(after.rest, before.rest);
        ASSERT_EQ(after.literals.size(), before.literals.size());
        for (std::size_t l = 0; l < before.literals.size(); ++l) {
          EXPECT_EQ(after.literals[l], before.literals[l] == "acme" ? name : before.literals[l]);
        }
        // What Grafana's server replaces by the datasource's own texts, wherever it stands.
        EXPECT_FALSE(std::regex_search(queries[q], std::regex("[a-zA-Z]\\.(bucket|defaultBucket|organization)"))) << queries[q];
      }
    }
  }
}

TEST(Dashboards, AskForTheCampaignsSamplesInWindows) {
  const Json dashboard = both_for(request_for("acme")).at(0);
  for (const std::string& query : queries_of(dashboard)) {
    EXPECT_NE(query.find("r.campaign == \"acme\""), std::string::npos) << query;
    EXPECT_NE(query.find("v.timeRangeStart"), std::string::npos) << query;
    EXPECT_EQ(std::count(query.begin(), query.end(), '('), std::count(query.begin(), query.end(), ')')) << query;
  }
  EXPECT_NE(dashboard["annotations"]["list"][1]["target"]["query"].get<std::string>().find("logger_event"), std::string::npos);
  for (const Json& variable : dashboard["templating"]["list"]) {
    EXPECT_EQ(variable["includeAll"], true);
    EXPECT_EQ(variable["multi"], true);
    EXPECT_EQ(variable["definition"], variable["query"]);
  }
  EXPECT_NE(queries_of(dashboard["panels"][1]).at(0).find(R"(timezone.location(name: "Europe\x2fParis"))"), std::string::npos);
}

TEST(Dashboards, DrawNoCurveOverAGapThatNoEnergyIsCountedIn) {
  constexpr std::int64_t kGap_s = 3600;
  const Json dashboard = both_for(request_for("acme")).at(0);
  std::size_t curves = 0, sums = 0;
  for (const Json& panel : dashboard["panels"]) {
    for (const std::string& query : queries_of(panel["targets"])) {
      if (query.find("elapsed(") == std::string::npos) continue;
      ++sums;
      EXPECT_NE(query.find("r.elapsed <= " + std::to_string(kGap_s) + ")"), std::string::npos) << query;
    }
    const Json style = panel["fieldConfig"]["defaults"].value("custom", Json::object());
    if (style.value("drawStyle", "") != "line") continue;
    ++curves;
    // Empty windows come as nulls, which are bridged up to the gap: windows are wider than that over a long period, and neighbours stay joined.
    EXPECT_EQ(style["spanNulls"], kGap_s * 1000) << panel["title"];
    EXPECT_EQ(style["insertNulls"], false) << panel["title"];
    for (const std::string& query : queries_of(panel["targets"])) EXPECT_NE(query.find("every: v.windowPeriod, fn: mean, createEmpty: true"), std::string::npos) << query;
  }
  EXPECT_EQ(curves, 2U);
  EXPECT_EQ(sums, 2U);
}

class OwnTemplates : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "pv_templates_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& text) { std::ofstream(folder_ / "campaign.json") << text; }
  std::filesystem::path folder_;
};

TEST_F(OwnTemplates, ReplaceTheShippedOneUnderTheIdentityAskedFor) {
  write(R"({"id":7,"uid":"old","version":3,"title":"Old","panels":[{"id":1,"title":"${powerview:text campaign}"}]})");
  const auto made = campaign_dashboard(request_for("acme"), folder_);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(Json::parse(*made), Json::parse(R"({"id":null,"uid":"powerview_x","title":"acme","panels":[{"id":1,"title":"acme"}]})"));
}

TEST_F(OwnTemplates, ThatAreNotThereLeaveTheShippedOne) {
  const auto made = campaign_dashboard(request_for("acme"), folder_);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(*made, *campaign_dashboard(request_for("acme"), ""));
}

TEST_F(OwnTemplates, ThatAreWrongAreNamed) {
  for (const char* wrong : {"{", R"({"title":"${powerview:text compnay}"})", R"({"__inputs":[],"panels":[]})", R"({"elements":{},"layout":{}})"}) {
    write(wrong);
    const auto made = campaign_dashboard(request_for("acme"), folder_);
    ASSERT_FALSE(made) << wrong;
    EXPECT_NE(made.error().message().find((folder_ / "campaign.json").string()), std::string::npos) << made.error().message();
  }
}

}  // namespace
}  // namespace pv::grafana
