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

std::string kept_name(const ::testing::TestParamInfo<Kept>& info) {
  return info.param == Kept::store ? "Store" : info.param == Kept::influxdb ? "Influxdb" : "Victoriametrics";
}
INSTANTIATE_TEST_SUITE_P(All, Sources, ::testing::Values(Kept::store, Kept::influxdb, Kept::victoriametrics), kept_name);

}  // namespace
}  // namespace pv
