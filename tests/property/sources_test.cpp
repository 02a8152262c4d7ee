// Curves do not depend on where the samples are kept: the same questions to the embedded store, to InfluxDB through Flux and to VictoriaMetrics, against
// the samples in memory.

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include <gtest/gtest.h>

#include "fakes/influxdb/server.h"
#include "influx/mirror.h"
#include "influx/source.h"
#include "query/buckets.h"
#include "query/energy.h"
#include "query/export.h"
#include "query/gaps.h"
#include "query/resample.h"
#include "store/directory.h"
#include "store/writer.h"
#include "testing/campaign_content.h"
#include "testing/random_campaign.h"
#include "testing/seed.h"
#include "testing/temp_folder.h"
#include "testing/victoria_server.h"
#include "victoria/mirror.h"
#include "victoria/source.h"

namespace pv {
namespace {

using testing::must;

enum class Kept { store, influxdb, victoriametrics };

const model::TenantName kAcme = must(model::TenantName::parse("acme \"a\" ${b}"));

/// What a source answers, in words and numbers that can be compared.
struct Answers {
  std::vector<std::string> loggers, channels, events;
  std::string samples;
  query::Curves curves;
  std::vector<query::ChannelEnergy> energy;
  std::vector<std::string> gaps;
};

Answers ask(model::SampleSource& source, const std::string& campaign_name, const model::Zone& zone) {
  Answers answers;
  const auto snapshot = must(source.snapshot(1));
  const model::CampaignSummary campaign = must(snapshot->campaign(must(model::CampaignName::parse(campaign_name))));
  for (const model::LoggerSummary& logger : campaign.loggers) {
    answers.loggers.push_back(logger.sn + " " + std::to_string(logger.period->from_s) + " " + std::to_string(logger.period->to_s));
  }
  const std::vector<model::ChannelSummary> all = must(snapshot->channels(campaign.id));
  std::map<std::string, model::ChannelSummary> by_field;
  for (const model::ChannelSummary& channel : all) by_field.emplace(channel.field, channel);
  std::vector<model::ChannelSummary> channels;
  for (const auto& [field, channel] : by_field) {
    channels.push_back(channel);
    answers.channels.push_back(field + "|" + channel.channel.name + "|" + channel.channel.unit + "|" + channel.channel.label + "|" + model::to_string(channel.channel.type) + "|" +
                               model::to_string(channel.channel.subtype));
  }
  const model::Period whole = *query::whole_period(campaign);
  std::map<model::LoggerId, std::string> serials;
  for (const model::LoggerSummary& logger : campaign.loggers) serials[logger.id] = logger.sn;
  for (const model::LoggerEvent& event : must(snapshot->events(campaign.id, whole))) answers.events.push_back(serials[event.logger] + " " + std::to_string(event.event.time_s));
  std::sort(answers.events.begin(), answers.events.end());
  for (const query::Gap& gap : must(query::find_gaps(*snapshot, campaign, campaign.loggers, whole, {}, 10'000)).gaps) {
    answers.gaps.push_back(serials[gap.logger] + " " + std::to_string(gap.period.from_s) + " " + std::to_string(gap.period.to_s));
  }
  const query::Scope scope{.snapshot = *snapshot, .campaign = campaign, .channels = channels};
  must(query::export_text(scope, whole, {}, [&answers](std::string_view piece) {
    answers.samples += piece;
    return true;
  }));
  answers.curves = must(query::resample(scope, whole, zone, {.points = 100, .step_s = 0}));
  answers.energy = must(query::energy(scope, must(query::calendar_edges(whole, zone, query::Calendar::day))));
  return answers;
}

bool same(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) != std::isnan(b[i]) || (!std::isnan(a[i]) && a[i] != b[i])) return false;
  }
  return true;
}

class Sources : public ::testing::TestWithParam<Kept> {
 protected:
  /// A store with these campaigns.
  void given(const std::vector<testing::MemoryCampaign>& campaigns) {
    must(stores_.create());
    const auto writer = must(store::Writer::open(stores_.file_of(kAcme)));
    for (const testing::MemoryCampaign& campaign : campaigns) {
      const model::CampaignName name = must(model::CampaignName::parse(campaign.name));
      for (const testing::MemoryLogger& logger : campaign.loggers) {
        model::FileOrigin origin;
        origin.name = logger.sn + ".tsv";
        origin.digest[0] = static_cast<std::byte>(++files_);
        model::LoggerTable table;
        table.channels = logger.channels;
        table.rows = logger.rows;
        std::vector<model::Event> events;
        for (const std::int64_t time_s : logger.restarts_s) events.push_back({.time_s = time_s});
        const model::Delivery delivery{.campaign = &name, .origin = &origin, .tables = std::span(&table, 1), .events = events, .logger_sn = logger.sn};
        must(writer->write(std::span(&delivery, 1)));
        stretches_.push_back({.campaign = name, .logger_sn = logger.sn, .period = {0, std::int64_t{1} << 33}});
      }
    }
  }
  /// The same samples, where this test's parameter says.
  std::shared_ptr<model::SampleSource> kept() {
    const std::shared_ptr<model::SampleSource> store = must(stores_.open(kAcme));
    if (GetParam() == Kept::store) return store;
    const auto truth = must(store->snapshot(1));
    if (GetParam() == Kept::influxdb) {
      influx_.start();
      influx::Access access;
      access.url = influx_.url();
      access.organization = "powerview";
      access.token = Secret("operator-token");
      influx::Mirror mirror(must(influx::Connection::open(access)), kAcme);
      must(mirror.put(*truth, stretches_));
      directory_ = influx::open_directory(access);
    } else {
      victoria_ = std::make_unique<testing::VictoriaServer>();
      const victoria::Options options = victoria::Options::single(victoria_->url());
      must(must(victoria::Mirror::open({.server = options}, kAcme))->put(*truth, stretches_));
      directory_ = must(victoria::Directory::open(options));
    }
    EXPECT_EQ(must(directory_->tenants()), std::vector{kAcme});
    return must(directory_->open(kAcme));
  }

  testing::TempFolder folder_;
  store::Directory stores_{folder_.path()};
  int files_ = 0;
  std::vector<model::Stretch> stretches_;
  testing::influxdb::Server influx_;
  std::unique_ptr<testing::VictoriaServer> victoria_;
  std::unique_ptr<model::SourceDirectory> directory_;
};

TEST_P(Sources, GiveTheSameAnswers) {
  if (GetParam() == Kept::victoriametrics) PV_NEEDS_VICTORIA_METRICS();
  const testing::Seed drawn;
  const std::uint64_t seed = drawn.value();
  const std::vector<testing::MemoryCampaign> campaigns = {testing::random_campaign("north, \"1\" ${x}", seed, {.loggers = 2, .rows = 1500, .channels = 4}),
                                                          testing::random_campaign("é", seed + 1, {.loggers = 1, .rows = 400, .channels = 3})};
  given(campaigns);
  testing::MemorySource memory;
  memory.campaigns = campaigns;
  const std::shared_ptr<model::SampleSource> source = kept();
  const model::Zone paris = must(model::Zone::from_name("Europe/Paris"));
  for (const testing::MemoryCampaign& campaign : campaigns) {
    SCOPED_TRACE(campaign.name);
    const Answers wanted = ask(memory, campaign.name, paris);
    const Answers got = ask(*source, campaign.name, paris);
    EXPECT_EQ(got.loggers, wanted.loggers);
    EXPECT_EQ(got.channels, wanted.channels);
    EXPECT_EQ(got.events, wanted.events);
    EXPECT_EQ(got.gaps, wanted.gaps);
    EXPECT_TRUE(got.samples == wanted.samples) << got.samples.size() << " and " << wanted.samples.size() << " bytes";
    EXPECT_EQ(got.curves.times_s, wanted.curves.times_s);
    ASSERT_EQ(got.curves.curves.size(), wanted.curves.curves.size());
    for (std::size_t c = 0; c < got.curves.curves.size(); ++c) {
      EXPECT_TRUE(same(got.curves.curves[c].min, wanted.curves.curves[c].min)) << c;
      EXPECT_TRUE(same(got.curves.curves[c].max, wanted.curves.curves[c].max)) << c;
      EXPECT_TRUE(same(got.curves.curves[c].mean, wanted.curves.curves[c].mean)) << c;
    }
    ASSERT_EQ(got.energy.size(), wanted.energy.size());
    for (std::size_t c = 0; c < got.energy.size(); ++c) {
      EXPECT_TRUE(same(got.energy[c].energy_wh, wanted.energy[c].energy_wh)) << c;
      EXPECT_TRUE(same(got.energy[c].coverage, wanted.energy[c].coverage)) << c;
    }
  }
}

constexpr std::int64_t kDay_s = 86'400;
constexpr std::int64_t kFirst_s = 1'735'689'600;  // 2025-01-01

/// A run of one channel that measures 100 W.
testing::MemoryLogger steady(const std::string& sn, std::int64_t first_s, std::int64_t step_s, std::size_t rows, const std::string& name, const std::string& unit = "W") {
  testing::MemoryLogger logger{sn, step_s, {testing::make_channel(sn, 1, unit)}, {}, {}};
  logger.channels[0].name = name;
  logger.rows.columns.resize(1);
  for (std::size_t row = 0; row < rows; ++row) {
    logger.rows.time_s.push_back(first_s + static_cast<std::int64_t>(row) * step_s);
    logger.rows.columns[0].push_decimal(1000, unit == "kW" ? 4 : 1);
  }
  return logger;
}

TEST_P(Sources, ALoggerThatWasSetAnewKeepsItsPast) {
  if (GetParam() == Kept::victoriametrics) PV_NEEDS_VICTORIA_METRICS();
  constexpr std::int64_t kChange_s = kFirst_s + 120 * kDay_s;
  const auto campaign_of = [](std::vector<testing::MemoryLogger> loggers) { return testing::MemoryCampaign{"site", std::move(loggers), {}, {}}; };
  constexpr std::size_t kLong = 120 * 144, kShort = 5 * 1440;
  given({campaign_of({steady("02000001", kFirst_s, 600, kLong, "step"), steady("02000002", kFirst_s, 60, 20 * 1440, "unit", "W"), steady("02000003", kFirst_s, 600, 1000, "the old name"),
                      steady("02000004", kFirst_s, 600, 1000, "silence")}),
         campaign_of({steady("02000001", kChange_s, 60, kShort, "step"), steady("02000002", kFirst_s + 20 * kDay_s, 600, 105 * 144, "unit", "kW"),
                      steady("02000003", kFirst_s + 600'000, 600, 10, "a name that sorts first"), steady("02000004", kChange_s, 600, 1, "silence")})});
  const std::shared_ptr<model::SampleSource> source = kept();
  const auto snapshot = must(source->snapshot(1));
  const model::CampaignSummary campaign = must(snapshot->campaign(must(model::CampaignName::parse("site"))));
  const std::vector<model::ChannelSummary> channels = must(snapshot->channels(campaign.id));
  std::map<std::string, const model::ChannelSummary*> by_name;
  for (const model::ChannelSummary& channel : channels) by_name[channel.channel.name + " " + channel.channel.unit] = &channel;
  ASSERT_EQ(by_name.size(), 5U);
  ASSERT_TRUE(by_name.contains("a name that sorts first W"));

  /// Of whole UTC days from the first row's.
  const auto days_of = [&](const std::string& name) {
    const query::Scope scope{.snapshot = *snapshot, .campaign = campaign, .channels = std::span(by_name.at(name), 1)};
    std::vector<std::int64_t> edges;
    for (std::int64_t day = 0; day <= 125; ++day) edges.push_back(kFirst_s + day * kDay_s);
    return must(query::energy(scope, edges)).at(0);
  };
  const auto expect_whole = [](const query::ChannelEnergy& got, std::size_t from_day, std::size_t to_day) {
    for (std::size_t day = from_day; day < to_day; ++day) {
      EXPECT_NEAR(got.energy_wh.at(day), 2'400, 1e-6) << day;
      EXPECT_NEAR(got.coverage.at(day), 1, 1e-9) << day;
    }
  };
  // Days around the change share a block, and with it a step.
  {
    SCOPED_TRACE("another step");
    const query::ChannelEnergy got = days_of("step W");
    expect_whole(got, 0, 60);
    expect_whole(got, 123, 124);
  }
  {
    SCOPED_TRACE("another unit");
    expect_whole(days_of("unit W"), 0, 10);
    expect_whole(days_of("unit kW"), 85, 124);
  }
  {
    SCOPED_TRACE("one row after a silence");
    const query::ChannelEnergy got = days_of("silence W");
    expect_whole(got, 0, 6);
    EXPECT_NEAR(got.energy_wh.at(119), 100 / 6.0, 1e-6);
    EXPECT_TRUE(std::isnan(got.energy_wh.at(60)));
  }
  for (const model::LoggerSummary& logger : campaign.loggers) {
    if (logger.sn == "02000003" || logger.sn == "02000004") {
      EXPECT_EQ(logger.step_s, 600) << logger.sn;
    }
  }
}

std::string kept_name(const ::testing::TestParamInfo<Kept>& info) {
  return info.param == Kept::store ? "Store" : info.param == Kept::influxdb ? "Influxdb" : "Victoriametrics";
}
INSTANTIATE_TEST_SUITE_P(All, Sources, ::testing::Values(Kept::store, Kept::influxdb, Kept::victoriametrics), kept_name);

}  // namespace
}  // namespace pv
