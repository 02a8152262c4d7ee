#include <nlohmann/json.hpp>

#include "e2e/program.h"
#include "e2e/serving.h"
#include "testing/logger_text.h"
#include "testing/seed.h"

namespace pv {
namespace {

using nlohmann::json;
using testing::Child;
using testing::contains;
using testing::Ended;
using testing::Installation;
using testing::LoggerText;
using testing::run_program;


TEST(Serve, ListensOnAnyAddressOfTheMachine) {
  const Installation at;
  testing::Serving serving(at, {.settings = "[server]\nhost = \"0.0.0.0\"\n[sftp]\nhost = \"0.0.0.0\"\n"});
  const std::string port = serving.http().substr(serving.http().rfind(':'));
  EXPECT_EQ(serving.http(), "http://0.0.0.0" + port) << serving.out();
  const Ended page = testing::Serving::curl({"-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1" + port + "api/v1/tenants"});
  EXPECT_EQ(page.out, "401") << "nobody sees anything before signing in: " << page.err;
  EXPECT_EQ(serving.stop().code, 0);
}

TEST(Serve, AnAddressThatIsNotOfThisMachineIsNamed) {
  const Installation at;
  for (const char* host : {"192.0.2.1", "no-such-host.invalid"}) {
    const Ended ended = run_program({"serve", "--host", host, "--port", "0", "--sftp-port", "0", "--state-dir", at.state(), "--data-folder", at.data()});
    EXPECT_EQ(ended.code, 3) << host << ": " << ended.err;
    EXPECT_TRUE(contains(ended.err, host)) << ended.err;
  }
}

TEST(Serve, EndsWellOnATermAndTellsTheFirstPasswordOnce) {
  const Installation at;
  testing::Serving serving(at);
  EXPECT_TRUE(serving.http().starts_with("http://127.0.0.1:")) << serving.out();
  EXPECT_TRUE(contains(serving.out(), "administrator \"admin\", password ")) << serving.out();
  EXPECT_EQ(serving.stop().code, 0);
  serving.start();
  EXPECT_FALSE(contains(serving.out(), "password")) << serving.out();
  EXPECT_EQ(serving.stop().code, 0);
}

TEST(Serve, APortThatIsTakenIsNamed) {
  const Installation at, other;
  testing::Serving serving(at);
  const std::string http = serving.http();
  const std::string port = http.substr(17, http.find('/', 17) - 17);
  const Ended second = run_program({"serve", "--port", port, "--sftp-port", "0", "--state-dir", other.state(), "--data-folder", other.data()});
  EXPECT_EQ(second.code, 3) << second.err;
  EXPECT_TRUE(contains(second.err, port)) << second.err;
  const Ended third = run_program({"serve", "--port", "0", "--sftp-port", serving.sftp_port(), "--state-dir", other.state(), "--data-folder", other.data()});
  EXPECT_EQ(third.code, 3) << third.err;
  EXPECT_TRUE(contains(third.err, serving.sftp_port())) << third.err;
}

TEST(Config, ShowsWhereValuesComeFromAndNoSecret) {
  const testing::TempFolder folder;
  folder.given_file(".env", "GRAFANA_PASSWORD='hunter2'\nINFLUXDB_ORG=acme\n");
  const auto config = folder.given_file("powerview.toml", "zone = \"Europe/Paris\"\n[grafana]\napi_token = \"glsa_secret\"\n");
  const Ended ended = run_program({"config", "show", "--config", config}, {{"INFLUXDB_ADMIN_TOKEN", "top-secret-token"}, {"INFLUXDB_HOST", "http://influx:8086"}});
  ASSERT_EQ(ended.code, 0) << ended.err;
  for (const char* secret : {"hunter2", "glsa_secret", "top-secret-token"}) {
    EXPECT_FALSE(contains(ended.out, secret)) << secret;
    EXPECT_FALSE(contains(ended.err, secret)) << secret;
  }
  for (const char* shown : {"(set, not shown)", "Europe/Paris", "http://influx:8086", "environment INFLUXDB_ADMIN_TOKEN", "GRAFANA_PASSWORD", "powerview.toml:1"}) {
    EXPECT_TRUE(contains(ended.out, shown)) << shown << " in\n" << ended.out;
  }
}

TEST(Config, AWrongSettingNamesFileLineAndKey) {
  const testing::TempFolder folder;
  const auto config = folder.given_file("powerview.toml", "zone = \"UTC\"\n\n[server]\nport = 99999\n");
  const Ended ended = run_program({"config", "show", "--config", config});
  EXPECT_EQ(ended.code, 2);
  EXPECT_TRUE(contains(ended.err, config.string() + ":4: server.port")) << ended.err;
  EXPECT_EQ(run_program({"config", "show", "--config", folder / "none.toml"}).code, 2);
  const Ended variable = run_program({"config", "show"}, {{"TSV_LOG_LEVEL", "loud"}});
  EXPECT_EQ(variable.code, 2);
  EXPECT_TRUE(contains(variable.err, "TSV_LOG_LEVEL")) << variable.err;
}

TEST(Inspect, PrintsJsonForAnyFile) {
  const testing::Seed seed;
  testing::Dice dice(seed.value());
  const testing::TempFolder folder;
  std::vector<std::string> contents = {"", "\n", std::string(1000, '\0'), "\xff\xfe\xfd", "START_HEADER\n{}\nEND_HEADER\nSTART_DATA\n", LoggerText{}.text(), LoggerText{}.header(),
                                       "02001084\t02001084\nMV_T302_V002\t\x80\xc3 W\n03/08/25 01:20:00\t1.0\n", "\"\\\b\t\"\n\"\\\"\n"};
  for (int i = 0; i < 25; ++i) {
    std::string text = LoggerText{.is_wrapped = dice.chance(50)}.text();
    for (int change = 0; change < 8; ++change) text[dice.below(text.size())] = static_cast<char>(dice.between(0, 255));
    contents.push_back(text);
  }
  for (const std::string& content : contents) {
    const Ended ended = run_program({"inspect", "--json", folder.given_file("north/02001084/\xc3\xa9 \"x\".tsv", content)});
    EXPECT_TRUE(ended.code == 0 || ended.code == 1) << ended.err;
    ASSERT_TRUE(json::accept(ended.out)) << ended.out;
    const json found = json::parse(ended.out);
    EXPECT_EQ(found["accepted"].get<bool>(), ended.code == 0);
    EXPECT_EQ(found["reason"].is_null(), ended.code == 0);
    EXPECT_NE(run_program({"inspect", folder / "north/02001084/\xc3\xa9 \"x\".tsv"}).out, "");
  }
  EXPECT_EQ(run_program({"inspect", folder / "none.tsv"}).code, 2);
}

TEST(Export, WhatIsNotThereIsNamed) {
  const Installation at;
  at.given("acme/north/02001084/T302_250803_031500.tsv", LoggerText{}.text());
  ASSERT_EQ(at.ingest().code, 0);
  const auto with = [&](const std::string& command, const std::string& tenant, const std::string& campaign, const std::string& channels) {
    std::vector<std::string> line = {command, "--state-dir", at.state(), "--tenant", tenant, "--campaign", campaign, "--channels", channels};
    if (command == "export") line.insert(line.end(), {"--to", "csv"});
    return run_program(line);
  };
  for (const char* command : {"export", "query"}) {
    SCOPED_TRACE(command);
    EXPECT_EQ(with(command, "acme", "north", "*_V").code, 0);
    const Ended tenant = with(command, "nobody", "north", "*");
    EXPECT_EQ(tenant.code, 2);
    EXPECT_TRUE(contains(tenant.err, "'nobody'")) << tenant.err;
    const Ended campaign = with(command, "acme", "south", "*");
    EXPECT_EQ(campaign.code, 2);
    EXPECT_TRUE(contains(campaign.err, "'south'")) << campaign.err;
    const Ended channel = with(command, "acme", "north", "M02001084_U9");
    EXPECT_EQ(channel.code, 2);
    EXPECT_TRUE(contains(channel.err, "M02001084_U9")) << channel.err;
    EXPECT_TRUE(contains(channel.err, "M02001084_U1_M02001084_V")) << "and says what there is: " << channel.err;
    EXPECT_EQ(with(command, "../acme", "north", "*").code, 2);
    for (const Ended& ended : {tenant, campaign, channel}) EXPECT_EQ(ended.out, "");
  }
}

TEST(Export, APeriodIsHalfOpen) {
  const Installation at;
  at.given("acme/north/02001084/T302_250803_031500.tsv", LoggerText{.channels = 1, .rows = 5}.text());
  ASSERT_EQ(run_program({"ingest", "-d", at.data(), "--state-dir", at.state()}).code, 0);
  const Ended ended = run_program({"export", "--state-dir", at.state(), "--tenant", "acme", "--campaign", "north", "--to", "samples",
                                   "--from", "2025-08-03T01:30:00Z", "--to-time", "1754185800"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(std::count(ended.out.begin(), ended.out.end(), '\n'), 2) << ended.out;
}

TEST(Campaign, IsErasedOnlyWithConsent) {
  const Installation at;
  at.given("acme/north/02001084/T302_250803_031500.tsv", LoggerText{}.text());
  at.given("acme/south/02001084/T302_250803_031500.tsv", LoggerText{}.text());
  ASSERT_EQ(at.ingest().code, 0);
  const auto before = testing::tree_of(at.data());
  std::vector<std::string> erase = {"campaign", "erase", "--state-dir", at.state(), "--tenant", "acme", "--campaign", "north"};
  EXPECT_EQ(run_program(erase).code, 2);
  EXPECT_EQ(at.export_samples("acme", "north").code, 0);
  erase.emplace_back("--yes");
  EXPECT_EQ(run_program(erase).code, 0);
  EXPECT_EQ(at.export_samples("acme", "north").code, 2);
  EXPECT_NE(at.export_samples("acme", "south").out, "");
  EXPECT_EQ(testing::tree_of(at.data()), before) << "the logger files stay";
  EXPECT_EQ(run_program(erase).code, 2) << "it is gone already";
}

TEST(Generate, TheSameSeedGivesTheSameBytes) {
  const auto tree = [](const std::string& seed) {
    const Installation at;
    at.given_fleet({"--companies", "1", "--loggers", "2", "--channels", "6", "--days", "5", "--seed", seed});
    return testing::tree_of(at.data());
  };
  const auto first = tree("11");
  EXPECT_GT(first.size(), 10U);
  EXPECT_EQ(first, tree("11"));
  EXPECT_NE(first, tree("12"));
}

TEST(Generate, OverwritesNothing) {
  const Installation at;
  at.given_fleet({"--companies", "1", "--loggers", "1", "--channels", "6", "--days", "5"});
  const auto before = testing::tree_of(at.data());
  const Ended again = run_program({"generate", "--out", at.data(), "--companies", "1", "--loggers", "1", "--channels", "6", "--days", "5"});
  EXPECT_NE(again.code, 0);
  EXPECT_TRUE(contains(again.err, "nothing is overwritten")) << again.err;
  EXPECT_EQ(testing::tree_of(at.data()), before);
}

TEST(Verify, FindsADamagedStore) {
  const Installation at;
  at.given("acme/north/02001084/T302_250803_031500.tsv", LoggerText{}.text());
  ASSERT_EQ(at.ingest().code, 0);
  EXPECT_EQ(at.verify().code, 0);
  testing::write_file(at.state() / "stores/acme.sqlite", "damaged beyond repair");
  const Ended ended = at.verify();
  EXPECT_EQ(ended.code, 1);
  EXPECT_TRUE(contains(ended.out, "acme.sqlite")) << ended.out;
  at.given("acme/north/02001084/T302_250804_031500.tsv", LoggerText{}.text());
  const Ended ingest = at.ingest();
  EXPECT_EQ(ingest.code, 1);
  EXPECT_TRUE(std::filesystem::exists(at.data() / "acme/north/02001084/T302_250804_031500.tsv")) << "the file waits for a sound store";
}

}  // namespace
}  // namespace pv
