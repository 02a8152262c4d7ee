#include "grafana/merge.h"

#include <algorithm>
#include <cstddef>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pv::grafana {
namespace {

using Json = nlohmann::json;

Json panel(int id, const std::string& title, int y) {
  return {{"id", id},
          {"type", "timeseries"},
          {"title", title},
          {"gridPos", {{"x", 0}, {"y", y}, {"w", 24}, {"h", 8}}},
          {"fieldConfig", {{"defaults", {{"unit", "watt"}, {"decimals", 1}}}, {"overrides", Json::array()}}},
          {"targets", Json::array({{{"refId", "A"}, {"query", "from(bucket: \"a\")"}}})}};
}

Json dashboard() {
  return {{"id", nullptr},
          {"uid", "powerview_a_b"},
          {"title", "b"},
          {"schemaVersion", 39},
          {"tags", {"powerview"}},
          {"time", {{"from", "now-7d"}, {"to", "now"}}},
          {"annotations", {{"list", Json::array({{{"name", "Restarts"}, {"enable", true}}})}}},
          {"templating", {{"list", Json::array({{{"name", "device"}, {"multi", true}}, {{"name", "channel"}, {"multi", true}}})}}},
          {"panels", Json::array({panel(1, "Power", 0), panel(2, "Voltage", 8), panel(3, "Energy", 16)})}};
}

struct Outcome {
  Json json;
  std::vector<std::string> conflicts;
};

Outcome merged(const Json& base, const Json& theirs, const Json& ours) {
  const auto result = merge(base.is_null() ? "" : base.dump(), theirs.dump(), ours.dump());
  if (!result) {
    ADD_FAILURE() << result.error().message();
    return {};
  }
  return {Json::parse(result->json), result->conflicts};
}

bool same(const Json& a, const Json& b) { return same_dashboard(a.dump(), b.dump()); }

TEST(Merge, OurChangeAndTheUsersChangeOfOnePanelBothStay) {
  const Json base = dashboard();
  Json theirs = base, ours = base;
  theirs["panels"][0]["title"] = "Leistung";
  theirs["panels"][0]["fieldConfig"]["defaults"]["decimals"] = 2;
  ours["panels"][0]["fieldConfig"]["defaults"]["unit"] = "kwatt";
  const auto [json, conflicts] = merged(base, theirs, ours);
  EXPECT_EQ(json["panels"][0]["title"], "Leistung");
  EXPECT_EQ(json["panels"][0]["fieldConfig"]["defaults"], (Json{{"unit", "kwatt"}, {"decimals", 2}}));
  EXPECT_TRUE(conflicts.empty());
}

TEST(Merge, TheUsersValueStaysAndTheConflictNamesItsPlace) {
  const Json base = dashboard();
  Json theirs = base, ours = base;
  theirs["panels"][1]["fieldConfig"]["defaults"]["unit"] = "volt";
  ours["panels"][1]["fieldConfig"]["defaults"]["unit"] = "kvolt";
  const auto [json, conflicts] = merged(base, theirs, ours);
  EXPECT_EQ(json["panels"][1]["fieldConfig"]["defaults"]["unit"], "volt");
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0],
            "panel \"Voltage\" (id 2), fieldConfig.defaults.unit: changed in Grafana to \"volt\", which stays; PowerView has \"kvolt\" for it");
}

TEST(Merge, ADeletedPanelStaysDeletedThoughItsTemplateChanged) {
  const Json base = dashboard();
  Json theirs = base, ours = base;
  theirs["panels"].erase(1);
  ours["panels"][1]["title"] = "Voltages";
  const auto [json, conflicts] = merged(base, theirs, ours);
  ASSERT_EQ(json["panels"].size(), 2U);
  EXPECT_EQ(json["panels"][1]["title"], "Energy");
  EXPECT_TRUE(conflicts.empty());
}

TEST(Merge, APanelThatWeDropGoesUnlessTheUserChangedIt) {
  const Json base = dashboard();
  Json theirs = base, ours = base;
  ours["panels"] = Json::array({base["panels"][0]});
  theirs["panels"][2]["title"] = "My energy";
  const auto [json, conflicts] = merged(base, theirs, ours);
  ASSERT_EQ(json["panels"].size(), 2U);
  EXPECT_EQ(json["panels"][1]["title"], "My energy");
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_NE(conflicts[0].find("My energy"), std::string::npos);
}

TEST(Merge, OurNewPanelGetsAnotherNumberAndAFreePlaceWhenAUsersPanelHasThem) {
  const Json base = dashboard();
  Json theirs = base, ours = base;
  theirs["panels"].push_back(panel(4, "Mine", 24));
  ours["panels"].push_back(panel(4, "Share", 24));
  const auto first = merged(base, theirs, ours);
  ASSERT_EQ(first.json["panels"].size(), 5U);
  EXPECT_EQ(first.json["panels"][3], theirs["panels"][3]);
  EXPECT_EQ(first.json["panels"][4]["title"], "Share");
  EXPECT_EQ(first.json["panels"][4]["id"], 5);
  EXPECT_EQ(first.json["panels"][4]["gridPos"]["y"], 32);
  EXPECT_TRUE(first.conflicts.empty());

  // Saved; the answer was lost, so the same base again.
  EXPECT_TRUE(same(merged(base, first.json, ours).json, first.json));

  // Later changes of that panel reach the one with the other number.
  Json newer = ours;
  newer["panels"][3]["fieldConfig"]["defaults"]["unit"] = "kwatth";
  const auto second = merged(ours, first.json, newer);
  EXPECT_EQ(second.json["panels"][4]["fieldConfig"]["defaults"]["unit"], "kwatth");
  EXPECT_EQ(second.json["panels"][3], theirs["panels"][3]);
  EXPECT_TRUE(second.conflicts.empty());
}

TEST(Merge, PanelsInARowThatTheUserMadeStillGetOurChanges) {
  const Json base = dashboard();
  Json theirs = base, ours = base;
  Json row = {{"id", 9}, {"type", "row"}, {"title", "Folded"}, {"collapsed", true}, {"panels", Json::array({base["panels"][1], base["panels"][2]})}};
  theirs["panels"] = Json::array({base["panels"][0], row});
  ours["panels"][2]["fieldConfig"]["defaults"]["unit"] = "kwatth";
  const auto [json, conflicts] = merged(base, theirs, ours);
  ASSERT_EQ(json["panels"].size(), 2U);
  ASSERT_EQ(json["panels"][1]["panels"].size(), 2U);
  EXPECT_EQ(json["panels"][1]["panels"][0], base["panels"][1]);
  EXPECT_EQ(json["panels"][1]["panels"][1]["fieldConfig"]["defaults"]["unit"], "kwatth");
  EXPECT_TRUE(conflicts.empty());
}

TEST(Merge, ARowThatWeDropStaysForThePanelsThatTheUserPutInside) {
  Json base = dashboard();
  base["panels"].push_back({{"id", 7}, {"type", "row"}, {"title", "Row"}, {"panels", Json::array()}});
  Json theirs = base, ours = dashboard();
  theirs["panels"][3]["panels"].push_back(panel(8, "Mine", 30));
  const auto [json, conflicts] = merged(base, theirs, ours);
  ASSERT_EQ(json["panels"].size(), 4U);
  EXPECT_EQ(json["panels"][3]["panels"][0]["title"], "Mine");
}

TEST(Merge, VariablesAndQueriesAreMergedByTheirNames) {
  const Json base = dashboard();
  Json theirs = base, ours = base;
  theirs["templating"]["list"].insert(theirs["templating"]["list"].begin(), Json{{"name", "mine"}});
  theirs["templating"]["list"][1]["hide"] = 2;
  theirs["panels"][0]["targets"].push_back({{"refId", "B"}, {"query", "mine"}});
  ours["templating"]["list"][0]["label"] = "Device";
  ours["templating"]["list"].push_back({{"name", "phase"}});
  ours["panels"][0]["targets"][0]["query"] = "from(bucket: \"b\")";
  const auto [json, conflicts] = merged(base, theirs, ours);
  const Json& variables = json["templating"]["list"];
  ASSERT_EQ(variables.size(), 4U);
  EXPECT_EQ(variables[0]["name"], "mine");
  EXPECT_EQ(variables[1], (Json{{"name", "device"}, {"multi", true}, {"hide", 2}, {"label", "Device"}}));
  EXPECT_EQ(variables[3]["name"], "phase");
  const Json targets = Json::array({{{"refId", "A"}, {"query", "from(bucket: \"b\")"}}, {{"refId", "B"}, {"query", "mine"}}});
  EXPECT_EQ(json["panels"][0]["targets"], targets);
  EXPECT_TRUE(conflicts.empty());
}

TEST(Merge, ADeletedVariableStaysDeletedAndOtherListsAreOneValue) {
  const Json base = dashboard();
  Json theirs = base, ours = base;
  theirs["templating"]["list"].erase(1);
  theirs["tags"] = {"powerview", "mine"};
  ours["templating"]["list"][1]["label"] = "Channel";
  ours["tags"] = {"powerview", "energy"};
  const auto [json, conflicts] = merged(base, theirs, ours);
  EXPECT_EQ(json["templating"]["list"].size(), 1U);
  EXPECT_EQ(json["tags"], theirs["tags"]);
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0].substr(0, 5), "tags:");
}

TEST(Merge, WhatGrafanaWritesByItselfIsNoConflict) {
  const Json base = dashboard();
  Json theirs = base, ours = base;
  theirs["id"] = 17;
  theirs["version"] = 5;
  theirs["schemaVersion"] = 41;
  theirs["panels"][0]["pluginVersion"] = "12.2.1";
  theirs["templating"]["list"][0]["current"] = {{"value", "02001171"}};
  ours["schemaVersion"] = 40;
  ours["panels"][0]["pluginVersion"] = "11.0.0";
  ours["panels"][0]["title"] = "Powers";
  ours["templating"]["list"][0]["current"] = {{"value", "$__all"}};
  const auto [json, conflicts] = merged(base, theirs, ours);
  EXPECT_EQ(json["id"], 17);
  EXPECT_EQ(json["version"], 5);
  EXPECT_EQ(json["schemaVersion"], 41);
  EXPECT_EQ(json["panels"][0]["title"], "Powers");
  EXPECT_EQ(json["templating"]["list"][0]["current"]["value"], "02001171");
  EXPECT_TRUE(conflicts.empty()) << conflicts[0];
}

TEST(Merge, APlaceIsOneValue) {
  const Json base = dashboard();
  Json theirs = base, ours = base;
  theirs["panels"][0]["gridPos"]["x"] = 12;
  ours["panels"][0]["gridPos"]["w"] = 12;
  const auto [json, conflicts] = merged(base, theirs, ours);
  EXPECT_EQ(json["panels"][0]["gridPos"], theirs["panels"][0]["gridPos"]);
  EXPECT_EQ(conflicts.size(), 1U);
}

TEST(Merge, WithoutABaseTheUsersValuesStayAndWhatIsMissingComes) {
  Json theirs = dashboard();
  const Json ours = dashboard();
  theirs["panels"][0]["title"] = "Mine";
  theirs["panels"].erase(2);
  const auto [json, conflicts] = merged(nullptr, theirs, ours);
  ASSERT_EQ(json["panels"].size(), 3U);
  EXPECT_EQ(json["panels"][0]["title"], "Mine");
  EXPECT_EQ(json["panels"][2], ours["panels"][2]);
  EXPECT_EQ(conflicts.size(), 1U);
}

TEST(Merge, HostileTextIsAnErrorThatNamesTheSide) {
  const std::string good = dashboard().dump();
  std::string deep = "{\"a\":";
  for (int i = 0; i < 100'000; ++i) deep += '[';
  std::string crowded = "{\"panels\":[{}";
  for (int i = 0; i < 5'000; ++i) crowded += ",{}";
  crowded += "]}";
  const std::vector<std::string> bad_ones = {"[]", "{", "{\"a\":\"\xff\"}", deep, crowded, std::string((4U << 20) + 1, ' ')};
  for (const std::string& bad : bad_ones) {
    const auto as_theirs = merge(good, bad, good);
    ASSERT_FALSE(as_theirs);
    EXPECT_EQ(as_theirs.error().kind(), Errc::invalid_input);
    EXPECT_NE(as_theirs.error().message().find("in Grafana"), std::string::npos);
    EXPECT_FALSE(merge(good, good, bad));
    EXPECT_FALSE(merge(bad, good, good));
    EXPECT_FALSE(same_dashboard(bad, bad));
  }
}

TEST(Merge, ListsThatAreNotWhatTheyShouldBeAreMergedAsAWhole) {
  for (const char* odd : {"7", "\"x\"", "[1,2]", "[{\"name\":1}]", "[null]", "{\"list\":3}", "[{\"panels\":7}]", "[{\"id\":[]},{\"id\":[]}]"}) {
    const Json base = dashboard();
    Json theirs = base, ours = base;
    theirs["panels"] = Json::parse(odd);
    theirs["templating"]["list"] = Json::parse(odd);
    theirs["annotations"] = Json::parse(odd);
    ours["panels"][0]["title"] = "Powers";
    ours["templating"]["list"][0]["label"] = "Device";
    ours["annotations"]["list"][0]["enable"] = false;
    const auto result = merged(base, theirs, ours);
    EXPECT_TRUE(result.json.is_object()) << odd;
    EXPECT_EQ(result.json["templating"]["list"], theirs["templating"]["list"]) << odd;
  }
}

TEST(SameDashboard, LooksPastOrderAndGrafanasCounters) {
  EXPECT_TRUE(same_dashboard(R"({"id":1,"version":3,"iteration":9,"title":"a","uid":"u"})", R"({"uid":"u","title":"a","id":null})"));
  EXPECT_FALSE(same_dashboard(R"({"title":"a"})", R"({"title":"b"})"));
  EXPECT_FALSE(same_dashboard(R"({"panels":[{"id":1}]})", R"({"panels":[{"id":2}]})"));
}

/// Edits as people and templates make them; marks of the form "<side>-<n>" are found again in the result.
class Editor {
 public:
  Editor(std::string side, unsigned seed) : side_(std::move(side)), random_(seed) {}

  void edit(Json& json, int edits, bool only_adds) {
    for (int i = 0; i < edits; ++i) {
      const std::string mark = side_ + "-" + std::to_string(i);
      Json& panels = json["panels"];
      switch (below(only_adds ? 3 : 8)) {
        case 0: panels.push_back(panel(next_id(panels), mark, static_cast<int>(below(60)))); break;
        case 1: json["templating"]["list"].push_back({{"name", mark}}); break;
        case 2: json[mark] = mark; break;
        case 3: if (!panels.empty()) any(panels)["title"] = mark; break;
        case 4: if (!panels.empty()) any(panels)["fieldConfig"]["defaults"][below(2) == 0 ? "unit" : "decimals"] = mark; break;
        case 5: if (!panels.empty()) any(panels)["targets"][0]["query"] = mark; break;
        case 6: if (!panels.empty()) panels.erase(below(panels.size())); break;
        default: {
          Json& variables = json["templating"]["list"];
          std::shuffle(variables.begin(), variables.end(), random_);
        }
      }
    }
  }

 private:
  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }
  /// As Grafana numbers.
  static int next_id(const Json& panels) {
    int highest = 0;
    for (const Json& one : panels) highest = std::max(highest, one["id"].get<int>());
    return highest + 1;
  }
  Json& any(Json& list) { return list[below(list.size())]; }
  std::string side_;
  std::mt19937 random_;
};

void marks_in(const Json& json, const std::string& side, std::set<std::string>& marks) {
  if (json.is_string() && json.get_ref<const std::string&>().starts_with(side)) marks.insert(json.get<std::string>());
  if (json.is_structured()) {
    for (const Json& inside : json) marks_in(inside, side, marks);
  }
}

TEST(MergeProperties, HoldForRandomEdits) {
  for (unsigned seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Json base = dashboard();
    Json theirs = base, ours = base;
    const bool user_only_adds = seed % 4 == 0;
    Editor("user", seed).edit(theirs, 1 + static_cast<int>(seed % 7), user_only_adds);
    Editor("ours", seed * 7919).edit(ours, 1 + static_cast<int>(seed % 5), false);

    EXPECT_TRUE(same(merged(base, base, ours).json, ours));
    EXPECT_TRUE(same(merged(base, theirs, base).json, theirs));
    EXPECT_TRUE(same(merged(base, theirs, theirs).json, theirs));
    const auto [both, conflicts] = merged(base, theirs, ours);
    EXPECT_TRUE(same(merged(base, both, ours).json, both));
    EXPECT_TRUE(same(merged(ours, both, ours).json, both));

    std::set<std::string> wanted, found;
    marks_in(theirs, "user", wanted);
    marks_in(both, "user", found);
    EXPECT_EQ(wanted, found);
    if (user_only_adds) {
      wanted.clear();
      found.clear();
      marks_in(ours, "ours", wanted);
      marks_in(both, "ours", found);
      EXPECT_EQ(wanted, found);
      EXPECT_TRUE(conflicts.empty());
    }
    std::set<Json> ids;
    for (const Json& one : both["panels"]) ids.insert(one["id"]);
    EXPECT_EQ(ids.size(), both["panels"].size());
    if (HasFailure()) {
      ADD_FAILURE() << "theirs " << theirs.dump() << "\nours " << ours.dump() << "\nboth " << both.dump();
      break;
    }
  }
}

TEST(MergeProperties, AnyBytesGiveAnAnswer) {
  const std::string good = dashboard().dump();
  std::mt19937 random(7);
  for (int round = 0; round < 3'000; ++round) {
    std::string bent = good;
    for (int i = 0; i < 3; ++i) {
      const std::size_t at = random() % bent.size();
      switch (random() % 3) {
        case 0: bent[at] = static_cast<char>(random() % 256); break;
        case 1: bent.erase(at, random() % 20); break;
        default: bent.insert(at, bent.substr(random() % bent.size(), random() % 30));
      }
    }
    const auto result = merge(good, bent, dashboard().dump());
    if (result) {
      EXPECT_TRUE(Json::accept(result->json));
    }
    const auto other = merge(good, good, bent);
    if (other) {
      EXPECT_TRUE(Json::accept(other->json));
    }
  }
}

}  // namespace
}  // namespace pv::grafana
