// The same tests against the fake and, where the environment names one, a real InfluxDB 2: POWERVIEW_TEST_INFLUXDB_URL, POWERVIEW_TEST_INFLUXDB_TOKEN (an
// all-access token) and POWERVIEW_TEST_INFLUXDB_ORG. Buckets have names of their own there and are removed again.

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "fakes/influxdb/server.h"
#include "influx/authorization.h"
#include "influx/bucket.h"
#include "influx/flux.h"
#include "influx/mirror.h"
#include "influx/source.h"
#include "influx/token_book.h"
#include "testing/memory_source.h"
#include "testing/random_campaign.h"
#include "testing/temp_folder.h"

namespace pv::influx {
namespace {

enum class Which { fake, real };

class EitherServer : public ::testing::TestWithParam<Which> {
 protected:
  void SetUp() override {
    access_.organization = "powerview";
    access_.token = Secret("operator-token");
    if (GetParam() == Which::fake) {
      fake_.start();
      access_.url = fake_.url();
    } else {
      const char* const url = std::getenv("POWERVIEW_TEST_INFLUXDB_URL");
      const char* const token = std::getenv("POWERVIEW_TEST_INFLUXDB_TOKEN");
      const char* const organization = std::getenv("POWERVIEW_TEST_INFLUXDB_ORG");
      if (url == nullptr || token == nullptr || organization == nullptr) {
        GTEST_SKIP() << "set POWERVIEW_TEST_INFLUXDB_URL, _TOKEN and _ORG to test against a real InfluxDB 2";
      }
      access_.url = url;
      access_.token = Secret(token);
      access_.organization = organization;
    }
    tenant_ = "pv test " + std::filesystem::path(folder_.path()).filename().string();
    connection_ = *Connection::open(access_);
    truth_.campaigns.push_back(testing::random_campaign("camp, \"1\"=${x}", 31, {.loggers = 2, .rows = 500, .channels = 4}));
  }
  void TearDown() override {
    if (!connection_) return;
    for (const std::string ending : {"", "_1h"}) {
      const auto bucket = find_bucket(*connection_, tenant_ + ending);
      if (bucket && *bucket) {
        EXPECT_TRUE(delete_bucket(*connection_, **bucket));
      }
    }
    const auto tokens = list_authorizations(*connection_);
    if (!tokens) return;
    for (const Authorization& one : *tokens) {
      if (one.description == "powerview_token_for_bucket_" + tenant_) {
        EXPECT_TRUE(delete_authorization(*connection_, one.id));
      }
    }
  }
  void put() {
    Mirror mirror(*Connection::open(access_), *model::TenantName::parse(tenant_));
    auto snapshot = truth_.snapshot(1);
    for (const auto& logger : truth_.campaigns[0].loggers) {
      const model::Stretch stretch{*model::CampaignName::parse(truth_.campaigns[0].name), logger.sn, {0, 2'000'000'000}};
      const auto outcome = mirror.put(**snapshot, {&stretch, 1});
      ASSERT_TRUE(outcome) << outcome.error().message();
      EXPECT_EQ(outcome->refused_total, 0U);
    }
  }

  testing::TempFolder folder_;
  testing::influxdb::Server fake_;
  Access access_;
  std::string tenant_;
  std::unique_ptr<Connection> connection_;
  testing::MemorySource truth_;
};

TEST_P(EitherServer, what_is_mirrored_reads_back_point_for_point) {
  put();
  put();  // again, which changes nothing
  const auto directory = open_directory(access_);
  const auto tenants = directory->tenants();
  ASSERT_TRUE(tenants);
  EXPECT_NE(std::find(tenants->begin(), tenants->end(), *model::TenantName::parse(tenant_)), tenants->end());
  auto snapshot = (*directory->open(*model::TenantName::parse(tenant_)))->snapshot(1);
  ASSERT_TRUE(snapshot) << snapshot.error().message();
  const auto& truth = truth_.campaigns[0];
  for (const auto& logger : truth.loggers) {
    const auto found = (*snapshot)->logger(*model::CampaignName::parse(truth.name), logger.sn);
    ASSERT_TRUE(found && *found);
    std::vector<model::ChannelId> ids;
    const auto channels = (*snapshot)->channels((*found)->campaign);
    ASSERT_TRUE(channels);
    std::vector<std::size_t> columns;  // of the truth
    for (const auto& channel : *channels) {
      for (std::size_t c = 0; c < logger.channels.size(); ++c) {
        if (channel.logger != (*found)->logger.id || channel.channel != logger.channels[c]) continue;
        ids.push_back(channel.id);
        columns.push_back(c);
      }
    }
    ASSERT_EQ(ids.size(), logger.channels.size());
    model::SampleBlock all, block;
    all.columns.resize(ids.size());
    const auto blocks = (*snapshot)->blocks((*found)->logger.id, {0, 2'000'000'000});
    ASSERT_TRUE(blocks) << blocks.error().message();
    for (const auto& ref : *blocks) {
      const auto read = (*snapshot)->read(0, ref, ids, block);
      ASSERT_TRUE(read) << read.error().message();
      all.time_s.insert(all.time_s.end(), block.time_s.begin(), block.time_s.end());
      for (std::size_t c = 0; c < ids.size(); ++c) all.columns[c].append(block.columns[c], 0, block.time_s.size());
    }
    EXPECT_EQ(all.time_s, logger.rows.time_s);
    for (std::size_t c = 0; c < ids.size(); ++c) EXPECT_TRUE(all.columns[c].same_values(logger.rows.columns[columns[c]]));
  }
}

TEST_P(EitherServer, days_are_counted_and_bad_lines_come_back_alone) {
  put();
  const auto& logger = truth_.campaigns[0].loggers[0];
  const auto days = day_counts(*connection_, tenant_, *model::CampaignName::parse(truth_.campaigns[0].name), logger.sn,
                               {logger.rows.time_s.front(), logger.rows.time_s.back() + 1}, *model::Zone::from_name("Europe/Paris"));
  ASSERT_TRUE(days) << days.error().message();
  std::uint64_t counted = 0, wanted = 0;
  for (const DayCount& day : *days) counted += day.samples;
  for (const auto& column : logger.rows.columns) wanted += column.size() - column.missing;
  EXPECT_EQ(counted, wanted);

  Writer writer(*connection_);
  model::MirrorOutcome outcome;
  const auto written = writer.write(tenant_, "electrical,campaign=x,device_master_sn=1 a=1 1750000000\nelectrical,campaign=x,device_master_sn=1 a=NaN 1750000001\n"
                                             "electrical,campaign=x,device_master_sn=1 a=3 1750000002\n", outcome);
  ASSERT_TRUE(written) << written.error().message();
  EXPECT_EQ(outcome.points, 2U);
  ASSERT_EQ(outcome.refused_total, 1U);
  EXPECT_EQ(outcome.refused[0].time_s, 1'750'000'001);
}

TEST_P(EitherServer, the_companys_token_reads_its_buckets_and_nothing_else) {
  TokenBook book(*connection_, folder_ / "tokens");
  const auto token = book.token_for(tenant_, TokenRights::read);
  ASSERT_TRUE(token) << token.error().message();
  EXPECT_EQ(book.token_for(tenant_, TokenRights::read)->reveal(), token->reveal());
  ASSERT_TRUE(ensure_bucket(*connection_, tenant_ + "_1h"));
  const auto wider = book.token_for(tenant_, TokenRights::read);
  ASSERT_TRUE(wider);
  EXPECT_NE(wider->reveal(), token->reveal());
  Access own = access_;
  own.token = *wider;
  const auto reader = *Connection::open(own);
  model::MirrorOutcome outcome;
  const auto written = Writer(*reader).write(tenant_, "electrical a=1 1750000000\n", outcome);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind(), Errc::denied);
  const auto nothing = [](const CsvBlock&, std::span<const std::string_view>) { return Result<void>(); };
  EXPECT_TRUE(run_query(*reader, flux_from({tenant_ + "_1h", "electrical", kAllTime}) + "\n  |> count()", "reading", nothing));
  own.token = *token;
  EXPECT_FALSE(run_query(**Connection::open(own), flux_from({tenant_, "electrical", kAllTime}) + "\n  |> count()", "reading", nothing)) << "superseded";
}

INSTANTIATE_TEST_SUITE_P(Influxdb, EitherServer, ::testing::Values(Which::fake, Which::real),
                         [](const auto& one) { return one.param == Which::fake ? "fake" : "real"; });

}  // namespace
}  // namespace pv::influx
