#include "influx/mirror.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

#include <gtest/gtest.h>

#include "fakes/influxdb/server.h"
#include "influx/fake_server_test.h"
#include "influx/flux.h"
#include "testing/memory_source.h"
#include "testing/random_campaign.h"

namespace pv::influx {
namespace {

using Cells = std::map<std::tuple<std::string, std::string, std::int64_t>, double>;  // by campaign, field and instant

Cells cells_of(const testing::MemorySource& source) {
  Cells cells;
  for (const auto& campaign : source.campaigns) {
    for (const auto& logger : campaign.loggers) {
      for (std::size_t c = 0; c < logger.channels.size(); ++c) {
        for (std::size_t row = 0; row < logger.rows.time_s.size(); ++row) {
          if (logger.rows.columns[c].is_missing(row)) continue;
          cells[{campaign.name, model::field_name(logger.channels[c], model::ChannelIdStyle::device_first), logger.rows.time_s[row]}] =
              logger.rows.columns[c].value(row);
        }
      }
    }
  }
  return cells;
}

Cells cells_of(const testing::influxdb::Server& server, const std::string& bucket) {
  Cells cells;
  for (const auto& stored : server.points(bucket)) {
    if (stored.measurement != "electrical") continue;
    EXPECT_TRUE(cells.emplace(std::tuple(stored.tags.at("campaign"), stored.field, stored.time_s), std::get<double>(stored.value)).second) << "one value an instant";
  }
  return cells;
}

class MirrorTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    source_.campaigns.push_back(testing::random_campaign("c 1", 11, {.loggers = 2, .rows = 400, .channels = 5}));
    source_.campaigns.push_back(testing::random_campaign("c=2", 12, {.loggers = 1, .rows = 100, .channels = 2}));
    source_.block_rows = 64;
    for (const auto& campaign : source_.campaigns) {
      for (const auto& logger : campaign.loggers) {
        stretches_.push_back({*model::CampaignName::parse(campaign.name), logger.sn, {logger.rows.time_s.front(), logger.rows.time_s.back() + 1}});
        restarts_ += logger.restarts_s.size();
      }
    }
  }
  std::unique_ptr<Mirror> mirror(const std::string& tenant = "acme") {
    return std::make_unique<Mirror>(connect(), *model::TenantName::parse(tenant), MirrorOptions{.writer = {.batch = {.lines = 300}}});
  }
  Result<model::MirrorOutcome> put(Mirror& mirror) {
    auto snapshot = source_.snapshot(1);
    return mirror.put(**snapshot, stretches_);
  }
  testing::MemorySource source_;
  std::vector<model::Stretch> stretches_;
  std::size_t restarts_ = 0;
};

TEST_F(MirrorTest, the_bucket_is_made_and_has_every_cell_of_the_stretches_as_it_is) {
  auto to = mirror();
  const auto outcome = put(*to);
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(cells_of(server(), "acme"), cells_of(source_));
  EXPECT_EQ(outcome->refused_total, 0U);
  EXPECT_GE(outcome->points, cells_of(source_).size());
}

TEST_F(MirrorTest, the_tags_of_a_channel_are_those_that_its_samples_are_stored_with) {
  auto to = mirror();
  ASSERT_TRUE(put(*to));
  std::map<std::string, Tags> tags;
  for (const auto& stored : server().points("acme")) {
    if (stored.measurement == "electrical" && stored.tags.at("campaign") == "c=2") tags[stored.field] = stored.tags;
  }
  const auto& channels = source_.campaigns[1].loggers[0].channels;
  ASSERT_EQ(tags.size(), channels.size());
  for (const model::Channel& channel : channels) {
    EXPECT_EQ(tags[model::field_name(channel, model::ChannelIdStyle::device_first)], channel_tags(*model::CampaignName::parse("c=2"), channel, model::ChannelIdStyle::device_first));
  }
}

TEST_F(MirrorTest, the_spans_of_loggers_are_from_their_first_to_their_last_sample) {
  auto to = mirror();
  ASSERT_TRUE(put(*to));
  const auto spans = logger_spans(to->connection(), "acme");
  ASSERT_TRUE(spans) << spans.error().message();
  std::map<std::pair<std::string, std::string>, model::Period> wanted;
  for (const auto& [key, value] : cells_of(source_)) {
    for (const auto& campaign : source_.campaigns) {
      for (const auto& logger : campaign.loggers) {
        const bool has_it = std::any_of(logger.channels.begin(), logger.channels.end(), [&](const model::Channel& one) {
          return campaign.name == std::get<0>(key) && model::field_name(one, model::ChannelIdStyle::device_first) == std::get<1>(key);
        });
        if (!has_it) continue;
        const std::int64_t at = std::get<2>(key);
        auto& span = wanted.try_emplace({campaign.name, logger.sn}, model::Period{at, at + 1}).first->second;
        span = {std::min(span.from_s, at), std::max(span.to_s, at + 1)};
      }
    }
  }
  ASSERT_EQ(spans->size(), wanted.size());
  for (const LoggerSpan& span : *spans) EXPECT_EQ(span.period, (wanted[{span.campaign, span.logger_sn}])) << span.campaign << " " << span.logger_sn;
}

TEST_F(MirrorTest, only_rows_of_the_period_are_sent) {
  auto to = mirror();
  stretches_.erase(stretches_.begin() + 1, stretches_.end());
  const auto& times = source_.campaigns[0].loggers[0].rows.time_s;
  stretches_[0].period = {times[100], times[103]};
  ASSERT_TRUE(put(*to));
  for (const auto& [key, value] : cells_of(server(), "acme")) {
    EXPECT_GE(std::get<2>(key), times[100]);
    EXPECT_LT(std::get<2>(key), times[103]);
  }
  EXPECT_FALSE(cells_of(server(), "acme").empty());
}

TEST_F(MirrorTest, corrections_replace_and_loggers_that_are_gone_are_passed_over) {
  auto to = mirror();
  ASSERT_TRUE(put(*to));
  model::Column& column = source_.campaigns[0].loggers[0].rows.columns[0];
  std::size_t row = 0;
  while (column.is_missing(row)) ++row;
  column.make_real();
  column.real[row] = 12'345.5;
  stretches_.push_back({*model::CampaignName::parse("gone"), "0200", {0, 1}});
  stretches_[0].change = model::Change::changed;
  ASSERT_TRUE(put(*to));
  EXPECT_EQ(cells_of(server(), "acme"), cells_of(source_));
}

TEST_F(MirrorTest, whichever_request_fails_in_whichever_way_the_next_put_completes_the_copy) {
  using Kind = testing::influxdb::Fault::Kind;
  const Cells wanted = cells_of(source_);
  for (const Kind kind : {Kind::status, Kind::cut_before, Kind::cut_after, Kind::broken_chunk, Kind::page}) {
    for (int nth = 0; nth < 9; ++nth) {
      const std::string tenant = "t" + std::to_string(static_cast<int>(kind)) + "-" + std::to_string(nth);
      auto to = mirror(tenant);
      server().fail_next(nth, {.kind = Kind::slow});
      server().fail_next(1, {.kind = kind});
      const auto first = put(*to);
      EXPECT_FALSE(first) << tenant;
      server().clear_faults();
      const auto second = put(*to);
      ASSERT_TRUE(second) << second.error().message();
      EXPECT_EQ(cells_of(server(), tenant), wanted) << tenant;
    }
  }
}

TEST_F(MirrorTest, after_a_restart_of_the_server_it_goes_on) {
  auto to = mirror();
  ASSERT_TRUE(put(*to));
  server().stop();
  const auto away = put(*to);
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().kind(), Errc::unavailable);
  server().start();
  ASSERT_TRUE(put(*to));
  EXPECT_EQ(cells_of(server(), "acme"), cells_of(source_));
}

TEST_F(MirrorTest, down_sampled_and_meta_buckets_are_made_when_written_to) {
  auto to = mirror();
  const auto& logger = source_.campaigns[0].loggers[0];
  ASSERT_TRUE(to->write_block("acme_1h", *model::CampaignName::parse("c 1"), logger.channels, logger.rows));
  ASSERT_TRUE(to->write_lines("powerview_meta", "tsv_parser_run,status=success nb_files_total=1i 1750000000\n"));
  EXPECT_GT(server().count("acme_1h"), 0U);
  EXPECT_EQ(server().count("powerview_meta"), 1U);
}

TEST_F(MirrorTest, samples_are_counted_by_local_day) {
  auto to = mirror();
  ASSERT_TRUE(put(*to));
  const auto& logger = source_.campaigns[0].loggers[0];
  const model::Zone paris = *model::Zone::from_name("Europe/Paris");
  for (const model::Zone& zone : {paris, model::Zone::utc()}) {
    const auto days = day_counts(to->connection(), "acme", *model::CampaignName::parse("c 1"), logger.sn, stretches_[0].period, zone);
    ASSERT_TRUE(days) << days.error().message();
    std::map<std::pair<std::int64_t, std::string>, std::pair<std::uint64_t, double>> wanted;
    for (std::size_t c = 0; c < logger.channels.size(); ++c) {
      for (std::size_t row = 0; row < logger.rows.time_s.size(); ++row) {
        if (logger.rows.columns[c].is_missing(row)) continue;
        const std::int64_t local_s = logger.rows.time_s[row] + zone.offset_at(logger.rows.time_s[row]).offset_s;
        const std::int64_t day_s = zone.to_utc(local_s - ((local_s % 86'400) + 86'400) % 86'400).earlier_s;
        auto& day = wanted[{day_s, model::field_name(logger.channels[c], model::ChannelIdStyle::device_first)}];
        ++day.first;
        day.second += logger.rows.columns[c].value(row);
      }
    }
    ASSERT_EQ(days->size(), wanted.size());
    for (const DayCount& day : *days) {
      const auto found = wanted.find({day.day_s, day.field});
      ASSERT_NE(found, wanted.end()) << day.day_s << day.field;
      EXPECT_EQ(day.samples, found->second.first);
      EXPECT_NEAR(day.sum, found->second.second, 1e-6 * std::abs(day.sum) + 1e-6);
    }
  }
  const auto posix = day_counts(to->connection(), "acme", *model::CampaignName::parse("c 1"), logger.sn, stretches_[0].period,
                                *model::Zone::from_posix("CET-1CEST,M3.5.0,M10.5.0/3"));
  ASSERT_FALSE(posix);
  EXPECT_EQ(posix.error().kind(), Errc::invalid_input);
}

}  // namespace
}  // namespace pv::influx
