#include "influx/source.h"

#include <string>

#include <gtest/gtest.h>

#include "influx/csv.h"
#include "influx/fake_server_test.h"
#include "influx/flux.h"
#include "influx/mirror.h"
#include "testing/memory_source.h"
#include "testing/random_campaign.h"

namespace pv::influx {
namespace {

using Rows = std::vector<std::vector<std::string>>;

Result<Rows> read_csv(std::string_view text, std::size_t piece) {
  Rows rows;
  CsvReader reader([&](const CsvBlock& block, std::span<const std::string_view> cells) -> Result<void> {
    std::vector<std::string>& row = rows.emplace_back();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (!block.names[i].empty()) row.push_back(block.names[i] + "=" + std::string(cells[i]));
    }
    return {};
  });
  for (std::size_t at = 0; at < text.size(); at += piece) PV_TRY_VOID(reader.push(text.substr(at, piece)));
  PV_TRY_VOID(reader.finish());
  return rows;
}

constexpr std::string_view kAnswer =
    "#datatype,string,long,double,string\r\n#group,false,false,false,true\r\n#default,_result,,,\r\n,result,table,_value,_field\r\n"
    ",,0,1.5,\"a,\"\"b\"\"\r\nc\"\r\n,,0,,x\r\n\r\n"
    "#datatype,string,long,string,long\r\n#group,false,false,true,false\r\n#default,_result,,none,\r\n,result,table,_field,_value\r\n,,1,,7\r\n\r\n";

TEST(Csv, reads_blocks_with_their_own_columns_whatever_pieces_they_come_in) {
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 1'000U}) {
    const auto rows = read_csv(kAnswer, piece);
    ASSERT_TRUE(rows) << rows.error().message();
    EXPECT_EQ(*rows, (Rows{{"result=_result", "table=0", "_value=1.5", "_field=a,\"b\"\r\nc"},
                           {"result=_result", "table=0", "_value=", "_field=x"},
                           {"result=_result", "table=1", "_field=none", "_value=7"}}));
  }
  EXPECT_TRUE(read_csv("", 1)->empty());
  EXPECT_TRUE(read_csv("\r\n", 1)->empty());
}

TEST(Csv, an_error_in_the_answer_and_a_cut_answer_are_failures) {
  const auto failed = read_csv(std::string(kAnswer) + "#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n,out of memory,897\r\n", 5);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), Errc::unavailable);
  EXPECT_NE(failed.error().message().find("out of memory"), std::string::npos);
  EXPECT_EQ(read_csv(kAnswer.substr(0, kAnswer.size() - 7), 5).error().kind(), Errc::unavailable);
  EXPECT_EQ(read_csv(",result,table,_value\r\n,,0\r\n", 5).error().kind(), Errc::unavailable) << "too few cells";
  EXPECT_EQ(read_csv("<!doctype html>\n<p>a, b</p>\n", 5).error().kind(), Errc::unavailable) << "a proxy's page";
  EXPECT_FALSE(read_csv(",a\r\n," + std::string((1U << 20) + 1, 'x'), 1U << 16));
  EXPECT_FALSE(read_csv(std::string(2'000, ','), 100));
}

TEST(Csv, times_and_numbers_are_read_strictly) {
  EXPECT_EQ(read_time("2025-08-03T03:20:00Z"), 1'754'191'200);
  EXPECT_EQ(read_time("2025-08-03T03:20:00.999Z"), 1'754'191'200);
  EXPECT_EQ(read_time("2025-08-03T05:20:00+02:00"), 1'754'191'200);
  EXPECT_EQ(read_time("1677-09-21T00:12:44Z"), -9'223'372'036);
  for (const char* bad : {"", "2025", "2025-13-03T03:20:00Z", "2025-02-30T03:20:00Z", "2025-08-03T03:20:00", "2025-08-03 03:20:00Z", "2025-08-03T03:20:00Zx"}) {
    EXPECT_FALSE(read_time(bad)) << bad;
  }
  EXPECT_EQ(read_number("-1.5e3"), -1'500.0);
  for (const char* bad : {"", "nan", "inf", "+1", "1x", " 1"}) EXPECT_FALSE(read_number(bad)) << bad;
}

TEST(Flux, no_text_leaves_its_string) {
  EXPECT_EQ(flux_string("a\"b\\c${d}$e\n"), R"("a\"b\\c\${d}$e\n")");
  EXPECT_EQ(flux_time(1'754'191'200), "2025-08-03T03:20:00Z");
  EXPECT_EQ(flux_time(-1), "1969-12-31T23:59:59Z");
  EXPECT_EQ(flux_time(std::numeric_limits<std::int64_t>::min()), "1677-09-21T00:12:44Z");
}

class SourceTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    truth_.campaigns.push_back(testing::random_campaign("camp 1", 21, {.loggers = 2, .rows = 3'000, .channels = 5}));
    truth_.campaigns.push_back(testing::random_campaign("ca\"mp${2}", 22, {.loggers = 1, .rows = 300, .channels = 2, .tidy = true}));
    copy("acme");
    Access access;
    access.url = server().url();
    access.organization = "powerview";
    access.token = Secret("operator-token");
    access.now_s = [this] { return now_s_; };
    directory_ = open_directory(std::move(access));
  }
  void copy(const std::string& tenant) {
    Mirror mirror(connect(), *model::TenantName::parse(tenant));
    auto snapshot = truth_.snapshot(1);
    for (const auto& campaign : truth_.campaigns) {
      for (const auto& logger : campaign.loggers) {
        const model::Stretch stretch{*model::CampaignName::parse(campaign.name), logger.sn, {0, 2'000'000'000}};
        const auto put = mirror.put(**snapshot, {&stretch, 1});
        ASSERT_TRUE(put) << put.error().message();
      }
    }
  }
  std::shared_ptr<model::SampleSource> open(const std::string& tenant) { return *directory_->open(*model::TenantName::parse(tenant)); }

  std::int64_t now_s_ = kNow_s;
  testing::MemorySource truth_;
  std::unique_ptr<model::SourceDirectory> directory_;
};

TEST_F(SourceTest, companies_are_the_buckets_of_companies) {
  copy("0123456789abcdef");
  for (const char* other : {"acme_1h", "acme_1d", "powerview_meta"}) server().given(other, "m v=1 1\n");
  const auto tenants = directory_->tenants();
  ASSERT_TRUE(tenants) << tenants.error().message();
  ASSERT_EQ(tenants->size(), 2U);
  EXPECT_EQ((*tenants)[0].str(), "0123456789abcdef");
  EXPECT_EQ((*tenants)[1].str(), "acme");
  const auto absent = directory_->open(*model::TenantName::parse("nobody"));
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().kind(), Errc::not_found);
}

TEST_F(SourceTest, gives_the_same_rows_channels_and_events_as_where_they_came_from) {
  auto wanted = *truth_.snapshot(1);
  const auto source = open("acme");
  auto found = source->snapshot(2);
  ASSERT_TRUE(found) << found.error().message();
  const auto campaigns = *(*found)->campaigns();
  ASSERT_EQ(campaigns.size(), truth_.campaigns.size());
  for (const testing::MemoryCampaign& truth : truth_.campaigns) {
    const model::CampaignName name = *model::CampaignName::parse(truth.name);
    const auto summary = (*found)->campaign(name);
    ASSERT_TRUE(summary);
    const auto channels = *(*found)->channels(summary->id);
    const auto wanted_summary = *wanted->campaign(name);
    const auto wanted_channels = *wanted->channels(wanted_summary.id);
    ASSERT_EQ(summary->loggers.size(), truth.loggers.size());
    ASSERT_EQ(channels.size(), wanted_channels.size());
    for (std::size_t l = 0; l < truth.loggers.size(); ++l) {
      const testing::MemoryLogger& logger = truth.loggers[l];
      const model::LoggerSummary& got = summary->loggers[l];
      EXPECT_EQ(got.sn, logger.sn);
      EXPECT_EQ(got.period, wanted_summary.loggers[l].period);
      EXPECT_EQ(got.samples, wanted_summary.loggers[l].samples);
      EXPECT_EQ(got.step_s, 600);
      EXPECT_EQ(got.channels, logger.channels.size());
      EXPECT_EQ((*(*found)->logger(name, logger.sn))->logger.id, got.id);

      std::vector<model::ChannelId> ids;
      for (const model::Channel& channel : logger.channels) {
        for (const model::ChannelSummary& one : channels) {
          if (one.logger == got.id && one.channel == channel) ids.push_back(one.id);
        }
      }
      ASSERT_EQ(ids.size(), logger.channels.size());
      model::SampleBlock all, block;
      all.columns.resize(ids.size());
      std::int64_t last_s = 0;
      const auto blocks = (*found)->blocks(got.id, {0, 2'000'000'000});
      ASSERT_TRUE(blocks);
      for (const model::BlockRef& ref : *blocks) {
        ASSERT_TRUE((*found)->read(1, ref, ids, block));
        EXPECT_GT(ref.first_s, last_s);
        ASSERT_FALSE(block.time_s.empty());
        EXPECT_EQ(block.time_s.front(), ref.first_s);
        EXPECT_EQ(block.time_s.back(), ref.last_s);
        last_s = ref.last_s;
        all.time_s.insert(all.time_s.end(), block.time_s.begin(), block.time_s.end());
        for (std::size_t c = 0; c < ids.size(); ++c) all.columns[c].append(block.columns[c], 0, block.time_s.size());
        model::SampleBlock one;
        ASSERT_TRUE((*found)->read(0, ref, {&ids[1], 1}, one));
        EXPECT_EQ(one.time_s, block.time_s) << "rows are there whichever channels are asked for";
        EXPECT_TRUE(one.columns[0].same_values(block.columns[1]));
      }
      EXPECT_EQ(all.time_s, logger.rows.time_s);
      for (std::size_t c = 0; c < ids.size(); ++c) EXPECT_TRUE(all.columns[c].same_values(logger.rows.columns[c])) << c;

      const auto& times = logger.rows.time_s;
      EXPECT_EQ(*(*found)->row_before(got.id, times[250]), times[249]);
      EXPECT_EQ(*(*found)->row_before(got.id, times.back() + 1'000'000), times.back());
      EXPECT_EQ(*(*found)->row_before(got.id, times.front()), std::nullopt);
      const auto few = *(*found)->blocks(got.id, {times[250], times[251]});
      ASSERT_EQ(few.size(), 1U);
    }
    const auto events = (*found)->events(summary->id, {1'736'000'000, 1'737'000'000});
    const auto wanted_events = *wanted->events(wanted_summary.id, {1'736'000'000, 1'737'000'000});
    ASSERT_TRUE(events);
    ASSERT_EQ(events->size(), wanted_events.size());
    for (std::size_t i = 0; i < events->size(); ++i) EXPECT_EQ((*events)[i].event, wanted_events[i].event);
  }
  EXPECT_FALSE((*found)->campaign(*model::CampaignName::parse("gone")));
}

TEST_F(SourceTest, dense_times_are_parted_into_blocks_of_bounded_size) {
  testing::MemorySource dense;
  dense.campaigns.push_back(testing::random_campaign("dense", 5, {.loggers = 1, .rows = 40'000, .channels = 1, .step_s = 1, .tidy = true}));
  auto& rows = dense.campaigns[0].loggers[0].rows;
  rows.time_s.back() += 86'400LL * 3'000;  // one row years later makes the usual density small
  std::swap(truth_.campaigns, dense.campaigns);
  copy("acme");
  auto snapshot = *open("acme")->snapshot(1);
  const auto logger = **snapshot->logger(*model::CampaignName::parse("dense"), truth_.campaigns[0].loggers[0].sn);
  const auto blocks = *snapshot->blocks(logger.logger.id, {0, 2'000'000'000});
  std::uint64_t total = 0;
  for (const model::BlockRef& block : blocks) {
    EXPECT_LE(block.rows, 16'384U);
    total += block.rows;
  }
  EXPECT_EQ(total, 40'000U);
}

TEST_F(SourceTest, the_counter_grows_when_files_are_reported_and_stands_still_otherwise) {
  const auto source = open("acme");
  const std::uint64_t before = *source->generation();
  now_s_ += 60;
  EXPECT_EQ(*source->generation(), before);
  server().given("powerview_meta", "tsv_parser_file,bucket=other nb_points=1i 1749800000\n");
  now_s_ += 60;
  EXPECT_EQ(*source->generation(), before);
  server().given("powerview_meta", "tsv_parser_file,bucket=acme nb_points=1i 1749800000\n");
  EXPECT_EQ(*source->generation(), before) << "not asked again so soon";
  now_s_ += 60;
  EXPECT_EQ(*source->generation(), before + 1);
  now_s_ += 601;
  EXPECT_EQ(*source->generation(), before + 2);
}

TEST_F(SourceTest, a_row_that_grows_older_is_no_change) {
  server().given("acme", "electrical,campaign=c,device_master_sn=1,device_sn=1,channel_label=Ch1 f=1 " + std::to_string(kNow_s - 2 * 86'400 + 30) + "\n");
  const auto source = open("acme");
  const std::uint64_t before = *source->generation();
  now_s_ += 60;
  EXPECT_EQ(*source->generation(), before);
}

TEST_F(SourceTest, one_thread_asks_for_all_and_a_server_that_is_away_is_left_alone) {
  const auto source = open("acme");
  ASSERT_TRUE(source->snapshot(1));
  server().forget_requests();
  now_s_ += 60;
  server().fail_next(1, {.kind = testing::influxdb::Fault::Kind::status, .status = 503});
  for (int i = 0; i < 5; ++i) {
    const auto away = source->snapshot(1);
    ASSERT_FALSE(away);
    EXPECT_EQ(away.error().kind(), Errc::unavailable);
  }
  EXPECT_EQ(server().requests().size(), 1U);
}

TEST_F(SourceTest, answers_that_break_are_failures_and_never_curves) {
  using Kind = testing::influxdb::Fault::Kind;
  const auto source = open("acme");
  auto snapshot = *source->snapshot(1);
  const auto logger = **snapshot->logger(*model::CampaignName::parse("camp 1"), truth_.campaigns[0].loggers[0].sn);
  const auto blocks = *snapshot->blocks(logger.logger.id, {0, 2'000'000'000});
  model::SampleBlock block;
  for (const Kind kind : {Kind::status, Kind::cut_before, Kind::broken_chunk, Kind::page}) {
    server().fail_next(1, {.kind = kind});
    const auto read = snapshot->read(0, blocks[0], {}, block);
    ASSERT_FALSE(read) << static_cast<int>(kind);
    EXPECT_NE(read.error().kind(), Errc::corrupt) << "what is stored is not damaged: " << read.error().message();
  }
  EXPECT_TRUE(snapshot->read(0, blocks[0], {}, block));
}

}  // namespace
}  // namespace pv::influx
