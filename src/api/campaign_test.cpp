/// What the routes about campaigns answer, over a real connection.
#include <cstring>

#include <gtest/gtest.h>
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "api/running_server_test.h"

namespace pv::api {
namespace {

using nlohmann::json;

class CampaignRoutesTest : public ::testing::Test {
 protected:
  CampaignRoutesTest() {
    running.start();
    client = std::make_unique<httplib::Client>("127.0.0.1", running.server->port());
    client->set_keep_alive(true);
    client->set_tcp_nodelay(true);
    const auto admin = running.as("root");
    client->set_default_headers({admin.begin(), admin.end()});
  }
  httplib::Response get(const std::string& path, const httplib::Headers& headers = {}) {
    const auto result = client->Get(path, headers);
    if (!result) {
      ADD_FAILURE() << path << ": " << httplib::to_string(result.error());
      return {};
    }
    return *result;
  }
  json get_json(const std::string& path) {
    const auto response = get(path);
    EXPECT_EQ(response.status, 200) << path << ' ' << response.body;
    return json::parse(response.body);
  }
  /// The detail of a refusal.
  std::string refusal(const std::string& path, int status) {
    const auto response = get(path);
    EXPECT_EQ(response.status, status) << path << ' ' << response.body;
    EXPECT_EQ(response.get_header_value("Content-Type"), "application/problem+json");
    const json problem = json::parse(response.body);
    EXPECT_EQ(problem["type"], "about:blank");
    EXPECT_EQ(problem["status"], status);
    EXPECT_FALSE(problem["title"].get<std::string>().empty());
    return problem["detail"];
  }

  const std::string site = "/api/v1/tenants/acme/campaigns/site%201";
  RunningServer running;
  std::unique_ptr<httplib::Client> client;
};

TEST_F(CampaignRoutesTest, TenantsAndCampaignsAreListed) {
  EXPECT_EQ(get_json("/api/v1/tenants"),
            json::parse(R"({"tenants":[
      {"name":"acme","campaigns":2,"standing":"active","registered":true},
      {"name":"empty","campaigns":1,"standing":"active","registered":false},
      {"name":"rival","campaigns":0,"standing":"active","registered":true}]})"));
  const json campaigns = get_json("/api/v1/tenants/acme/campaigns")["campaigns"];
  ASSERT_EQ(campaigns.size(), 2U);
  const json& one = campaigns[0];
  EXPECT_EQ(one["name"], "site 1");
  EXPECT_EQ(one["zone"], "Europe/Paris");
  EXPECT_EQ(one["from"], kTestFrom - 600) << "the first row stands for the ten minutes before it";
  EXPECT_EQ(one["to"], kTestFrom + 299 * 600 + 1);
  EXPECT_EQ(one["samples"], 2 * 5 * 300);
  EXPECT_EQ(one["rows"], 600);
  EXPECT_EQ(one["files"], 1);
  EXPECT_EQ(one["conflicts"], 1);
  EXPECT_EQ(one["channels"], 10);
  EXPECT_EQ(one["loggers"][0], json::parse(R"({"sn":"02001000","from":1735689600,"to":1735869001,"step_s":600,"rows":300,
            "samples":1500,"channels":5,"last_file":{"name":"T302_250101_000000.tsv","stored_at":1735700000}})"));
  const json empty = get_json("/api/v1/tenants/empty/campaigns")["campaigns"][0];
  EXPECT_TRUE(empty["from"].is_null());
}

TEST_F(CampaignRoutesTest, ACampaignHasItsChannels) {
  const json campaign = get_json(site);
  EXPECT_EQ(campaign["generation"], 1);
  ASSERT_EQ(campaign["channel_list"].size(), 10U);
  EXPECT_EQ(campaign["channel_list"][0], json::parse(R"({"field":"M02001000_U1_M02001000_V","channel_id":"M02001000_U1_M02001000",
            "logger":"02001000","device_sn":"02001000","label":"U1","name":"Voie1","unit":"V","device_type":"master",
            "device_subtype":"tri"})"));
}

TEST_F(CampaignRoutesTest, NamesWithQuotesAndAccentsAreFound) {
  EXPECT_EQ(get_json("/api/v1/tenants/acme/campaigns/l%27%C3%A9t%C3%A9%20%22a%22")["name"], "l'été \"a\"");
}

TEST_F(CampaignRoutesTest, NamesThatCouldLeaveAFolderAreRefused) {
  for (const char* name : {"%2e%2e", "..%2f..%2fetc", "a%2fb", "%2ehidden", "a%5cb", "a%00b", "%ff", "%20a"}) {
    EXPECT_FALSE(refusal(std::string("/api/v1/tenants/") + name + "/campaigns", 400).empty()) << name;
    EXPECT_FALSE(refusal(std::string("/api/v1/tenants/acme/campaigns/") + name, 400).empty()) << name;
  }
  EXPECT_TRUE(get_json("/api/v1/tenants/rival/campaigns")["campaigns"].empty());  // created, and nothing sent yet
  EXPECT_NE(refusal("/api/v1/tenants/nobody/campaigns", 404).find("nobody"), std::string::npos);
  EXPECT_NE(refusal("/api/v1/tenants/acme/campaigns/none/query", 404).find("none"), std::string::npos);
  refusal("/api/v1/nothing", 404);
}

TEST_F(CampaignRoutesTest, RawCurvesHaveAllStampsAndNoMin) {
  const json curves = get_json(site + "/query?points=300");
  EXPECT_EQ(curves["mode"], "raw");
  EXPECT_EQ(curves["step_s"], 0);
  EXPECT_EQ(curves["zone"], "Europe/Paris");
  EXPECT_EQ(curves["times"].size(), 300U);
  ASSERT_EQ(curves["channels"].size(), 10U);
  EXPECT_FALSE(curves["channels"][0].contains("min"));
  const model::Column& column = running.source->campaigns[0].loggers[0].rows.columns[0];
  for (std::size_t row = 0; row < 300; ++row) EXPECT_EQ(curves["channels"][0]["mean"][row], column.value(row));
  EXPECT_EQ(curves["events"], json::parse(R"([{"t":1735695600,"logger":"02001000","kind":"restart"}])"));
  EXPECT_EQ(curves["gaps"].size(), 0U);
  EXPECT_EQ(curves["gaps_truncated"], false);
  EXPECT_EQ(curves["events_truncated"], false);
}

TEST_F(CampaignRoutesTest, BucketsHaveMinMaxMeanAndASummary) {
  const json curves = get_json(site + "/query?points=110&channels=M02001001_Ch2_M02001001_kW,M02001000_U1_M02001000_V");
  EXPECT_EQ(curves["mode"], "buckets");
  EXPECT_EQ(curves["step_s"], 1800);
  ASSERT_EQ(curves["channels"].size(), 2U);
  EXPECT_EQ(curves["channels"][0]["field"], "M02001001_Ch2_M02001001_kW");
  EXPECT_EQ(curves["channels"][0]["min"].size(), curves["times"].size());
  EXPECT_EQ(curves["summary"][0]["count"], 300);
  EXPECT_GT(curves["summary"][0]["energy_wh"], 0);
  EXPECT_TRUE(curves["summary"][1]["energy_wh"].is_null());
  EXPECT_NEAR(curves["coverage"].get<double>(), 1.0, 0.01);
}

TEST_F(CampaignRoutesTest, APeriodMayBeGivenAsIso8601) {
  const json curves = get_json(site + "/query?from=2025-01-01T01:00:00%2B01:00&to=2025-01-01T01:00:00Z&step=600");
  EXPECT_EQ(curves["from"], kTestFrom);
  EXPECT_EQ(curves["to"], kTestFrom + 3600);
  EXPECT_EQ(curves["times"].size(), 6U);
}

TEST_F(CampaignRoutesTest, ACampaignWithoutRowsGivesEmptyCurves) {
  const json curves = get_json("/api/v1/tenants/empty/campaigns/nothing/query");
  EXPECT_TRUE(curves["channels"].empty());
  EXPECT_TRUE(get_json("/api/v1/tenants/empty/campaigns/nothing/energy")["channels"].empty());
}

TEST_F(CampaignRoutesTest, WrongParametersAreNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"/query?points=0", "points"},          {"/query?points=20001", "points"},   {"/query?points=x", "points"},
      {"/query?step=0", "step"},              {"/query?from=10&to=10", "from"},    {"/query?from=10&to=5", "from"},
      {"/query?from=yesterday", "from"},      {"/query?channels=", "channels"},    {"/query?channels=a,b", "channels"},
      {"/query?chanels=a", "chanels"},        {"/query?points=1&points=2", "points"}, {"/query?format=xml", "format"},
      {"/query?step=1", "step"},              {"/energy?bucket=year", "bucket"},   {"/files?limit=0", "limit"},
      {"/files?limit=2001", "limit"},         {"/export", "to"},                   {"/export?to=pdf", "to"},
      {"/query?to=99999999999", "1900"},      {"/gaps?points=4", "points"},        {"?x=1", "x"}};
  for (const auto& [query, word] : cases) {
    EXPECT_NE(refusal(site + query, 400).find(word), std::string::npos) << query;
  }
}

TEST_F(CampaignRoutesTest, EnergyFollowsTheLocalCalendar) {
  const json energy = get_json(site + "/energy?bucket=day");
  EXPECT_EQ(energy["zone"], "Europe/Paris");
  EXPECT_EQ(energy["buckets"][0], json::parse(R"({"from":1735689000,"to":1735772400})"));  // 00:50 to 24:00
  EXPECT_EQ(energy["buckets"][1], json::parse(R"({"from":1735772400,"to":1735858800})"));
  EXPECT_TRUE(energy["channels"][0]["energy_wh"][0].is_null());
  EXPECT_GT(energy["channels"][1]["energy_wh"][0], 0);
  EXPECT_EQ(energy["channels"][1]["coverage"][1], 1.0);
}

TEST_F(CampaignRoutesTest, GapsGoByTheStepThatALoggerIsExpectedToHave) {
  const auto before = get(site + "/gaps");
  EXPECT_TRUE(json::parse(before.body)["gaps"].empty());
  running.expected_steps.of_device["02001001"] = 60;
  const httplib::Headers same = {{"If-None-Match", before.get_header_value("ETag")}};
  const auto after = get(site + "/gaps", same);
  ASSERT_EQ(after.status, 200) << "the setting has changed the answer";
  const json gaps = json::parse(after.body)["gaps"];
  ASSERT_EQ(gaps.size(), 299U) << "nine minutes of every ten";
  EXPECT_EQ(gaps[0]["logger"], "02001001");
  EXPECT_EQ(gaps[0]["to"].get<std::int64_t>() - gaps[0]["from"].get<std::int64_t>(), 540);
  EXPECT_EQ(get_json(site + "/query?points=300")["gaps"].size(), 299U);
  running.expected_steps = {3600, {}};
  EXPECT_TRUE(get_json(site + "/gaps")["gaps"].empty());
}

TEST_F(CampaignRoutesTest, EventsGapsFilesAndConflicts) {
  EXPECT_EQ(get_json(site + "/events")["events"].size(), 1U);
  EXPECT_TRUE(get_json(site + "/events?from=0&to=10")["events"].empty());
  EXPECT_TRUE(get_json(site + "/gaps")["gaps"].empty());
  EXPECT_FALSE(get_json("/api/v1/tenants/acme/campaigns/l%27%C3%A9t%C3%A9%20%22a%22/gaps")["gaps"].empty());
  EXPECT_EQ(get_json(site + "/files"), json::parse(R"({"files":[{"name":"T302_250101_000000.tsv","device_folder":"02001000",
            "size":7000,"digest":"ab12","zone":"Europe/Paris","stored_at":1735700000}]})"));
  const json conflict = get_json(site + "/conflicts")["conflicts"][0];
  EXPECT_EQ(conflict["field"], "M02001000_Ch2_M02001000_kW");
  EXPECT_EQ(conflict["value"], 1.25);
  EXPECT_EQ(conflict["kept"], running.source->campaigns[0].loggers[0].rows.columns[1].value(1));
  EXPECT_EQ(conflict["file"], "T302_250101_000000.tsv");
}

TEST_F(CampaignRoutesTest, TheBinaryFormHasTheLayoutDocumented) {
  for (const char* query : {"/query?points=50&format=binary", "/query?points=300&format=binary"}) {
    const std::string body = get(site + query).body;
    ASSERT_EQ(body.substr(0, 4), "PVQ1");
    std::uint32_t length = 0;
    std::memcpy(&length, body.data() + 4, 4);
    const json header = json::parse(body.substr(8, length));
    EXPECT_FALSE(header.contains("times"));
    const std::size_t n = header["points"];
    std::size_t at = (8 + length + 7) / 8 * 8;
    for (std::size_t i = 8 + length; i < at; ++i) EXPECT_EQ(body[i], '\0');

    std::string as_json = query;
    as_json.replace(as_json.find("binary"), 6, "json");
    const json twin = get_json(site + as_json);
    ASSERT_EQ(twin["times"].size(), n);
    for (std::size_t i = 0; i < n; ++i, at += 8) {
      double time = 0;
      std::memcpy(&time, body.data() + at, 8);
      EXPECT_EQ(time, twin["times"][i]);
    }
    for (std::size_t c = 0; c < header["channels"].size(); ++c) {
      for (const std::string name : header["channels"][c]["arrays"]) {
        for (std::size_t i = 0; i < n; ++i, at += 4) {
          float value = 0;
          std::memcpy(&value, body.data() + at, 4);
          const json& expected = twin["channels"][c][name][i];
          if (expected.is_null()) {
            EXPECT_TRUE(std::isnan(value));
          } else {
            EXPECT_EQ(value, static_cast<float>(expected.get<double>()));
          }
        }
      }
    }
    EXPECT_EQ(at, body.size());
  }
  EXPECT_EQ(get(site + "/query", {{"Accept", "application/vnd.powerview.columns"}}).get_header_value("Content-Type"),
            "application/vnd.powerview.columns");
}

TEST_F(CampaignRoutesTest, ExportsAreStreamedAttachments) {
  const auto samples = get(site + "/export?to=samples&channels=M02001000_U1_M02001000_V");
  EXPECT_EQ(samples.get_header_value("Content-Disposition"), "attachment; filename=\"powerview-site_1.samples\"");
  EXPECT_EQ(samples.get_header_value("Transfer-Encoding"), "chunked");
  EXPECT_EQ(std::count(samples.body.begin(), samples.body.end(), '\n'), 300);
  const auto csv = get(site + "/export?to=csv&from=1735689600&to_time=1735690300");
  EXPECT_EQ(csv.get_header_value("Content-Type"), "text/csv; charset=utf-8");
  EXPECT_EQ(std::count(csv.body.begin(), csv.body.end(), '\n'), 3);
  EXPECT_NE(csv.body.find("\n2025-01-01T01:00:00+01:00,"), std::string::npos);
  const auto lines = get(site + "/export?to=line-protocol");
  EXPECT_EQ(lines.body.find("electrical,campaign=site\\ 1,"), 0U);
  EXPECT_EQ(std::count(lines.body.begin(), lines.body.end(), '\n'), 3000);
}

TEST_F(CampaignRoutesTest, AnExportThatFailsIsBrokenOff) {
  running.source->damaged = true;
  const auto result = client->Get(site + "/export?to=samples");
  EXPECT_FALSE(result);
  EXPECT_NE(running.logged().find("checksum"), std::string::npos);
}

TEST_F(CampaignRoutesTest, WhatTheClientHasIsNotReadAgain) {
  const auto first = get(site + "/query?points=50");
  const std::string etag = first.get_header_value("ETag");
  ASSERT_EQ(etag.substr(0, 3), "W/\"");
  const std::uint64_t reads = running.source->reads;
  const auto second = get(site + "/query?points=50", {{"If-None-Match", etag}});
  EXPECT_EQ(second.status, 304);
  EXPECT_TRUE(second.body.empty());
  EXPECT_EQ(running.source->reads, reads);
  EXPECT_EQ(get(site + "/query?points=51", {{"If-None-Match", etag}}).status, 200);
  running.source->set_generation(2);
  EXPECT_EQ(get(site + "/query?points=50", {{"If-None-Match", etag}}).status, 200);
}

TEST_F(CampaignRoutesTest, DamageIsAnErrorAndNeverACurve) {
  running.source->damaged = true;
  EXPECT_NE(refusal(site + "/query", 500).find("damaged"), std::string::npos);
  EXPECT_NE(running.logged().find(site + "/query: block 1 of logger: checksum"), std::string::npos);
}

}  // namespace
}  // namespace pv::api
