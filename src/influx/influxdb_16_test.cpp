// Debian's InfluxDB 1.6 has the same line protocol: what is written to it reads back point for point.

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/http_client.h"
#include "influx/line_protocol.h"
#include "testing/child.h"
#include "testing/random_campaign.h"
#include "testing/temp_folder.h"

namespace pv::influx {
namespace {

constexpr const char* kInfluxd = "/usr/bin/influxd";

class Influxdb16 : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kInfluxd)) GTEST_SKIP() << kInfluxd << " is not installed (Debian package influxdb)";
    // Two ports of this process's own; another is tried when somebody has them.
    for (int attempt = 0; attempt < 5 && !client_; ++attempt) start(20'000 + (static_cast<int>(getpid()) * 7 + attempt * 1'009) % 20'000);
    ASSERT_TRUE(client_) << "influxd does not start: " << (child_ ? child_->err_so_far() : "");
    ASSERT_EQ(client_->send({.method = "POST", .target = "/query?q=CREATE%20DATABASE%20pv"})->status, 200);
  }

  void start(int port) {
    const std::string data = folder_ / std::to_string(port);
    folder_.given_file("influxd.conf", "reporting-disabled = true\nbind-address = \"127.0.0.1:" + std::to_string(port + 1) + "\"\n[meta]\n  dir = \"" + data +
                                           "/meta\"\n[data]\n  dir = \"" + data + "/data\"\n  wal-dir = \"" + data +
                                           "/wal\"\n[http]\n  bind-address = \"127.0.0.1:" + std::to_string(port) + "\"\n  log-enabled = false\n[monitor]\n  store-enabled = false\n");
    child_ = std::make_unique<testing::Child>(std::vector<std::string>{kInfluxd, "-config", folder_ / "influxd.conf"}, testing::Child::Environment{{"HOME", folder_.path()}});
    HttpClientOptions options;
    options.base_url = "http://127.0.0.1:" + std::to_string(port);
    auto client = *HttpClient::open(std::move(options));
    for (int wait = 0; wait < 300 && !child_->has_ended(); ++wait) {
      const auto answer = client->send({.target = "/ping"});
      if (answer && answer->status == 204 && !child_->has_ended()) {
        client_ = std::move(client);
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  testing::TempFolder folder_;
  std::unique_ptr<testing::Child> child_;
  std::unique_ptr<HttpClient> client_;
};

TEST_F(Influxdb16, takes_every_line_and_gives_every_point_back) {
  const model::CampaignName campaign = *model::CampaignName::parse("camp, \"1\"=x\xC3\xA9");
  testing::MemoryCampaign given = testing::random_campaign(campaign.str(), 41, {.loggers = 1, .rows = 700, .channels = 5});
  testing::MemoryLogger& logger = given.loggers[0];
  logger.channels[1].name = "a,b=c d\\e \"q\"";
  logger.channels[2].name = "ends in \\";
  logger.channels[3].unit = "k,W=h \xC3\xA9\"";
  LineBatch batch;
  const ChannelHeads heads(campaign, logger.channels, model::ChannelIdStyle::device_first);
  BlockLines all(heads, logger.rows, {0, 2'000'000'000});
  while (all.fill(batch, {})) {
    ASSERT_EQ(client_->send({.method = "POST", .target = "/write?db=pv&precision=s", .body = std::string(batch.text()), .content_type = "text/plain"})->status, 204);
    batch.clear();
  }
  batch.append(event_line(campaign, logger.sn, {1'750'000'000, model::EventKind::restart}));
  const auto written = client_->send({.method = "POST", .target = "/write?db=pv&precision=s", .body = std::string(batch.text()), .content_type = "text/plain"});
  ASSERT_EQ(written->status, 204) << written->body;

  for (std::size_t c = 0; c < logger.channels.size(); ++c) {
    const std::string field = model::field_name(logger.channels[c], model::ChannelIdStyle::device_first);
    std::string quoted = "\"";
    for (const char letter : field) quoted += letter == '"' ? "\\\"" : std::string(1, letter);
    const auto answer = client_->send({.target = "/query?db=pv&epoch=s&q=" + percent_encoded("SELECT " + quoted + "\" FROM electrical GROUP BY *")});
    ASSERT_EQ(answer->status, 200);
    const auto body = nlohmann::json::parse(answer->body);
    ASSERT_TRUE(body["results"][0].contains("series")) << answer->body;
    std::map<std::int64_t, double> got, wanted;
    for (const auto& series : body["results"][0]["series"]) {
      EXPECT_EQ(series["tags"]["campaign"], campaign.str());
      EXPECT_EQ(series["tags"]["channel_label"], logger.channels[c].label);
      EXPECT_EQ(series["tags"]["channel_name"], c == 2 ? "ends in /" : logger.channels[c].name);
      EXPECT_EQ(series["tags"]["channel_unit"], logger.channels[c].unit);
      for (const auto& row : series["values"]) got[row[0].get<std::int64_t>()] = row[1].get<double>();
    }
    const model::Column& column = logger.rows.columns[c];
    for (std::size_t row = 0; row < column.size(); ++row) {
      if (!column.is_missing(row)) wanted[logger.rows.time_s[row]] = column.value(row);
    }
    EXPECT_EQ(got, wanted) << field;
  }
  const auto events = client_->send({.target = "/query?db=pv&epoch=s&q=" + percent_encoded("SELECT restart FROM logger_event WHERE device_master_sn='" + logger.sn + "'")});
  EXPECT_NE(events->body.find("[1750000000,1]"), std::string::npos) << events->body;
}

}  // namespace
}  // namespace pv::influx
