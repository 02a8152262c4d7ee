#include "app/settings.h"

#include <gtest/gtest.h>

#include "app/zones.h"
#include "testing/temp_folder.h"

namespace pv::app {
namespace {

class SettingsTest : public ::testing::Test {
 protected:
  testing::TempFolder folder_;
  std::map<std::string, std::string> variables_;
  Environment environment_ = [this](const char* name) -> std::optional<std::string> {
    const auto found = variables_.find(name);
    return found == variables_.end() ? std::nullopt : std::optional(found->second);
  };

  std::filesystem::path given(std::string_view toml) const { return folder_.given_file("powerview.toml", toml); }
  Settings load(std::string_view toml = "") {
    auto settings = load_settings(given(toml), environment_);
    EXPECT_TRUE(settings) << settings.error().message();
    return settings ? *settings : Settings{};
  }
  /// The message that refuses a file; "" when it is taken.
  std::string refusal(std::string_view toml) {
    const auto settings = load_settings(given(toml), environment_);
    if (settings) return "";
    EXPECT_EQ(settings.error().kind(), Errc::invalid_input);
    return settings.error().message();
  }
  void expect_refused(std::string_view toml, std::string_view place, std::string_view what) {
    const std::string message = refusal(toml);
    EXPECT_TRUE(message.starts_with((folder_ / "powerview.toml").string() + ":" + std::string(place) + ": ")) << message;
    EXPECT_NE(message.find(what), std::string::npos) << message;
  }
};

TEST_F(SettingsTest, AnEmptyFileGivesTheDefaults) {
  const Settings settings = load();
  EXPECT_EQ(settings.data_folder, "/var/lib/powerview/data");
  EXPECT_EQ(settings.state_dir, "/var/lib/powerview/state");
  EXPECT_TRUE(settings.zone.is_utc());
  EXPECT_EQ(settings.log_level, LogLevel::info);
  EXPECT_EQ(settings.restart_rows, tsv::RestartRows::events);
  EXPECT_EQ(settings.host, "127.0.0.1");
  EXPECT_EQ(settings.reports(), "/var/lib/powerview/logs/reports");
  EXPECT_LE(settings.max_file_bytes, std::uint64_t{1} << 30) << "files are read whole into memory";
}

TEST_F(SettingsTest, TheFileSaysOtherwise) {
  const Settings settings = load(R"(
data_folder = "/srv/loggers/"
zone = "Europe/Paris"
log_level = "Warning"
[ingest]
extra_formats = ["MV_T302_V004", "MV_X"]
restart_rows = "zeros"
max_file_bytes = 1000
threads = 4
[server]
port = 8085
)");
  EXPECT_EQ(settings.data_folder, "/srv/loggers/");
  EXPECT_EQ(settings.zone.name(), "Europe/Paris");
  EXPECT_EQ(settings.log_level, LogLevel::warning);
  EXPECT_EQ(settings.extra_formats, (std::vector<std::string>{"MV_T302_V004", "MV_X"}));
  EXPECT_EQ(settings.restart_rows, tsv::RestartRows::zeros);
  EXPECT_EQ(settings.max_file_bytes, 1000U);
  EXPECT_EQ(settings.threads, 4U);
  EXPECT_EQ(settings.port, 8085);
  EXPECT_EQ(settings.reports(), "/srv/logs/reports") << "beside the data folder, however it is spelled";
}

TEST_F(SettingsTest, TheEnvironmentBeatsTheDotEnvAndThatBeatsTheFile) {
  folder_.given_file(".env", "# comment\n\nexport TSV_LOG_LEVEL=error\nINFLUXDB_ORG=\"from env file\"\r\nINFLUXDB_URL='http://a'\n");
  variables_ = {{"INFLUXDB_ORG", "from environment"}};
  const Settings settings = load("log_level = \"debug\"\n[influxdb]\norg = \"from file\"\n");
  EXPECT_EQ(settings.log_level, LogLevel::error);
  EXPECT_EQ(settings.influxdb_org, "from environment");
  EXPECT_EQ(settings.influxdb_url, "http://a");
}

TEST_F(SettingsTest, TheDocumentedVariablesAreRead) {
  variables_ = {{"INFLUXDB_HOST", "https://influx"}, {"INFLUXDB_ORG", "org"},     {"INFLUXDB_ADMIN_TOKEN", "t1"}, {"GRAFANA_URL", "https://grafana"},
                {"GRAFANA_USERNAME", "admin"},       {"GRAFANA_PASSWORD", "t2"}, {"GRAFANA_API_TOKEN", "t3"},    {"TSV_META_BUCKET", "meta"},
                {"TSV_LOG_LEVEL", "DEBUG"},          {"TSV_REPORT_DIR", "/reports"}};
  const Settings settings = load();
  EXPECT_EQ(settings.influxdb_url, "https://influx");
  EXPECT_EQ(settings.influxdb_org, "org");
  EXPECT_EQ(settings.influxdb_admin_token.reveal(), "t1");
  EXPECT_EQ(settings.grafana_url, "https://grafana");
  EXPECT_EQ(settings.grafana_username, "admin");
  EXPECT_EQ(settings.grafana_password.reveal(), "t2");
  EXPECT_EQ(settings.grafana_api_token.reveal(), "t3");
  EXPECT_EQ(settings.influxdb_meta_bucket, "meta");
  EXPECT_EQ(settings.log_level, LogLevel::debug);
  EXPECT_EQ(settings.reports(), "/reports");
  variables_ = {{"INFLUXDB_URL", "http://other"}};
  EXPECT_EQ(load().influxdb_url, "http://other");
}

TEST_F(SettingsTest, AMistakeNamesFileLineAndKey) {
  expect_refused("zone = \"Mars/Olympus\"", "1: zone", "'Mars/Olympus'");
  expect_refused("\nlog_level = \"loud\"", "2: log_level", "'loud'");
  expect_refused("zone = 1", "1: zone", "a text in quotes");
  expect_refused("[server]\nport = \"80\"", "2: server.port", "without quotes");
  expect_refused("[server]\nport = 70000", "2: server.port", "'70000'");
  expect_refused("[ingest]\nthreads = 0", "2: ingest.threads", "from 1 to 64");
  expect_refused("[ingest]\nextra_formats = \"A\"", "2: ingest.extra_formats", "a list of texts");
  expect_refused("[ingest]\nextra_formats = [1]", "2: ingest.extra_formats", "each entry of the list must be a text");
  expect_refused("[ingest]\nrestart_rows = \"maybe\"", "2: ingest.restart_rows", "events or zeros");
  expect_refused("[influxdb]\nurl = \"influx:8086\"", "2: influxdb.url", "http://");
  expect_refused("data_folder = \"\"", "1: data_folder", "name a folder");
}

TEST_F(SettingsTest, AKeyThatIsNotKnownIsAMistake) {
  expect_refused("zones = \"UTC\"", "1: zones", "not known");
  expect_refused("[ingest]\nthread = 1", "2: ingest.thread", "not known");
  expect_refused("[extra]\na = 1", "1: extra", "not known");
  expect_refused("[tenants.acme]\nzonne = \"UTC\"", "2: tenants.acme.zonne", "not known");
  expect_refused("[tenants.acme.campaigns.north.devices.d]\nzone = \"X\"", "2: tenants.acme.campaigns.north.devices.d.zone", "'X'");
  expect_refused("tenants = 3", "1: tenants", "not known");
}

TEST_F(SettingsTest, WhatIsNoTomlNamesTheLine) {
  EXPECT_TRUE(refusal("zone = \"UTC\"\n= 3\n").starts_with((folder_ / "powerview.toml").string() + ":2: "));
  EXPECT_NE(refusal(std::string("\0\0\0", 3)), "");
  EXPECT_NE(refusal(std::string(2 << 20, '#')), "");
}

TEST_F(SettingsTest, AWrongVariableIsNamedAndASecretIsNeverQuoted) {
  variables_ = {{"POWERVIEW_ZONE", "Nowhere"}};
  EXPECT_NE(refusal("").find("environment POWERVIEW_ZONE: 'Nowhere'"), std::string::npos);
  variables_.clear();
  folder_.given_file(".env", "A=1\nnonsense\n");
  EXPECT_NE(refusal("").find(".env:2: NAME=value"), std::string::npos);
  std::filesystem::remove(folder_ / ".env");
  const std::string message = refusal("[grafana]\npassword = 12345678\n");
  EXPECT_NE(message.find("2: grafana.password"), std::string::npos) << message;
  EXPECT_EQ(message.find("12345678"), std::string::npos) << message;
}

TEST_F(SettingsTest, AFileThatWasNamedMustBeThere) {
  const auto missing = load_settings(folder_ / "none.toml", environment_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), Errc::not_found);
  EXPECT_NE(missing.error().message().find("none.toml"), std::string::npos);
  variables_ = {{"POWERVIEW_CONFIG", (folder_ / "other.toml").string()}};
  EXPECT_EQ(load_settings(std::nullopt, environment_).error().kind(), Errc::not_found);
  folder_.given_file("other.toml", "zone = \"Europe/Rome\"");
  EXPECT_EQ(load_settings(std::nullopt, environment_)->zone.name(), "Europe/Rome");
}

TEST_F(SettingsTest, TheNarrowestZoneCounts) {
  const Settings settings = load(R"(
zone = "UTC"
[tenants.acme]
zone = "Europe/Paris"
[tenants.acme.campaigns."north west"]
zone = "Europe/Lisbon"
[tenants.acme.campaigns."north west".devices.02001084]
zone = "Asia/Tokyo"
[tenants.acme.campaigns.south.devices.d]
zone = "Asia/Seoul"
)");
  const auto zone = [&](const char* tenant, const char* campaign, const char* device) {
    return Zones(settings, nullptr).zone_of({*model::TenantName::parse(tenant), *model::CampaignName::parse(campaign), *model::DeviceName::parse(device)}).name();
  };
  EXPECT_EQ(zone("acme", "north west", "02001084"), "Asia/Tokyo");
  EXPECT_EQ(zone("acme", "north west", "other"), "Europe/Lisbon");
  EXPECT_EQ(zone("acme", "south", "d"), "Asia/Seoul");
  EXPECT_EQ(zone("acme", "south", "e"), "Europe/Paris");
  EXPECT_EQ(zone("beta", "south", "d"), "UTC");
  EXPECT_EQ(Zones(settings, nullptr).zone_of(*model::TenantName::parse("acme"), *model::CampaignName::parse("south")).name(), "Europe/Paris");
}

TEST_F(SettingsTest, WhatIsShownCanBeUsedAsItIsAndHidesSecrets) {
  variables_ = {{"INFLUXDB_ADMIN_TOKEN", "s3cret-token"}, {"TSV_LOG_LEVEL", "error"}};
  const std::filesystem::path file = given("zone = \"Europe/Paris\"\ndata_folder = \"/a \\\"b\\\"\"\n[ingest]\nextra_formats = [\"A\", \"B\"]\n[grafana]\npassword = \"pa55\"\n"
                                           "[tenants.acme.campaigns.\"north west\"]\nzone = \"Europe/Rome\"\n");
  const auto shown = describe_settings(file, environment_);
  ASSERT_TRUE(shown) << shown.error().message();
  EXPECT_EQ(shown->find("s3cret-token"), std::string::npos);
  EXPECT_EQ(shown->find("pa55"), std::string::npos);
  EXPECT_NE(shown->find("environment TSV_LOG_LEVEL"), std::string::npos);
  EXPECT_NE(shown->find("powerview.toml:1"), std::string::npos);
  EXPECT_EQ(shown->find(".; also"), std::string::npos) << *shown;

  variables_.clear();
  const auto again = load_settings(folder_.given_file("shown.toml", *shown), environment_);
  ASSERT_TRUE(again) << again.error().message() << "\n" << *shown;
  EXPECT_EQ(again->zone.name(), "Europe/Paris");
  EXPECT_EQ(again->data_folder, "/a \"b\"");
  EXPECT_EQ(again->log_level, LogLevel::error);
  EXPECT_EQ(again->extra_formats, (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(Zones(*again, nullptr).zone_of(*model::TenantName::parse("acme"), *model::CampaignName::parse("north west")).name(), "Europe/Rome");
}

}  // namespace
}  // namespace pv::app
