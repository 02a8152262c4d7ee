#include "victoria/source.h"

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

#include "testing/victoria_server.h"
#include "victoria/given_copy_test.h"
#include "victoria/mirror.h"

namespace pv::victoria {
namespace {

constexpr std::int64_t kNewYear2025 = 1'735'689'600;  // 2025-01-01

class VictoriaSource : public ::testing::Test {
 protected:
  void SetUp() override {
    PV_NEEDS_VICTORIA_METRICS();
    victoria_ = std::make_unique<testing::VictoriaServer>();
  }
  void put(testing::MemorySource& truth, const std::string& tenant) {
    auto mirror = *Mirror::open({Options::single(victoria_->url())}, tenant_named(tenant));
    std::vector<model::Stretch> stretches;
    for (const auto& campaign : truth.campaigns) {
      for (const auto& logger : campaign.loggers) {
        const model::CampaignName name = model::CampaignName::parse(campaign.name).value();
        stretches.push_back(model::Stretch{name, logger.sn, kAllTime, model::Change::added});
      }
    }
    const auto snapshot = truth.snapshot(1);
    const auto outcome = mirror->put(**snapshot, stretches);
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_EQ(outcome->refused_total, 0U);
  }
  std::shared_ptr<model::SampleSource> source_of(const std::string& tenant) {
    auto directory = *Directory::open(Options::single(victoria_->url()));
    auto source = directory->open(tenant_named(tenant));
    EXPECT_TRUE(source) << source.error().message();
    return source ? *source : nullptr;
  }
  std::unique_ptr<testing::VictoriaServer> victoria_;
};

/// All rows of a logger through its blocks, one column a channel in the order of `fields`.
model::SampleBlock rows_of(model::SampleSnapshot& snapshot, const model::LoggerOfCampaign& logger, const std::vector<std::string>& fields,
                           model::Period period = kAllTime) {
  const auto channels = *snapshot.channels(logger.campaign);
  std::vector<model::ChannelId> wanted;
  for (const std::string& field : fields) {
    for (const auto& channel : channels) {
      if (channel.logger == logger.logger.id && channel.field == field) wanted.push_back(channel.id);
    }
  }
  EXPECT_EQ(wanted.size(), fields.size());
  model::SampleBlock all, block;
  all.columns.resize(wanted.size());
  const std::vector<model::BlockRef> refs = *snapshot.blocks(logger.logger.id, period);
  for (const model::BlockRef& ref : refs) {
    const auto read = snapshot.read(0, ref, wanted, block);
    EXPECT_TRUE(read) << read.error().message();
    EXPECT_EQ(block.time_s.front(), ref.first_s);
    EXPECT_EQ(block.time_s.back(), ref.last_s);
    all.time_s.insert(all.time_s.end(), block.time_s.begin(), block.time_s.end());
    for (std::size_t c = 0; c < wanted.size(); ++c) all.columns[c].append(block.columns[c], 0, block.time_s.size());
  }
  return all;
}

TEST_F(VictoriaSource, GivesWhatTheTruthGives) {
  testing::MemorySource truth;
  truth.campaigns.push_back({"camp", {steady_logger("02000001", 12, kNewYear2025, 10'000), steady_logger("02000002", 2, kNewYear2025 + 86'400, 50, 60)}, {}, {}});
  truth.campaigns.push_back({"été, \"2\" = x", {steady_logger("02000001", 1, kNewYear2025, 3)}, {}, {}});
  testing::MemoryLogger& first = truth.campaigns[0].loggers[0];
  first.restarts_s = {kNewYear2025 + 5, kNewYear2025 + 3'000'000};
  first.channels.push_back(testing::channel_of("02000001", "04000009", "Ch1", "kW", "Voie \"é\", 1=2 \\"));
  model::Column sparse;
  for (std::size_t row = 0; row < first.rows.time_s.size(); ++row) {
    if (row % 7 == 3) {
      sparse.push_real(row % 2 == 0 ? -0.1 : 123456789.12);
    } else {
      sparse.push_missing();
    }
  }
  first.rows.columns.push_back(sparse);
  // A row that only the sparse channel has.
  for (std::size_t c = 0; c < 12; ++c) {
    first.rows.columns[c].mantissa[3] = model::Column::kMissing;
    first.rows.columns[c].missing = 1;
  }
  put(truth, "acme");

  const auto source = source_of("acme");
  ASSERT_TRUE(source);
  auto snapshot = *source->snapshot(2);
  const auto expected = *truth.snapshot(1);
  const auto campaigns = *snapshot->campaigns();
  const auto expected_campaigns = *expected->campaigns();
  ASSERT_EQ(campaigns.size(), expected_campaigns.size());
  for (std::size_t c = 0; c < campaigns.size(); ++c) {
    EXPECT_EQ(campaigns[c].name, expected_campaigns[c].name);
    ASSERT_EQ(campaigns[c].loggers.size(), expected_campaigns[c].loggers.size());
    const auto name = *model::CampaignName::parse(campaigns[c].name);
    for (std::size_t l = 0; l < campaigns[c].loggers.size(); ++l) {
      const testing::MemoryLogger& given = truth.campaigns[c].loggers[l];
      const auto logger = *snapshot->logger(name, given.sn);
      ASSERT_TRUE(logger);
      EXPECT_EQ(logger->logger.samples, expected_campaigns[c].loggers[l].samples);
      EXPECT_EQ(logger->logger.period, expected_campaigns[c].loggers[l].period);
      EXPECT_EQ(logger->logger.channels, given.channels.size());
      EXPECT_EQ(logger->logger.step_s, given.step_s);
      EXPECT_EQ(logger->logger.rows, given.rows.time_s.size() - (c == 0 && l == 0 ? 1 : 0)) << "rows of the fullest channel";
      std::vector<std::string> fields;
      for (const auto& channel : given.channels) fields.push_back(field_of(channel));
      const model::SampleBlock rows = rows_of(*snapshot, *logger, fields);
      EXPECT_EQ(rows.time_s, given.rows.time_s);
      for (std::size_t i = 0; i < fields.size(); ++i) EXPECT_TRUE(rows.columns[i].same_values(given.rows.columns[i])) << fields[i];
      const auto channels = *snapshot->channels(logger->campaign);
      for (const auto& channel : given.channels) {
        EXPECT_TRUE(std::any_of(channels.begin(), channels.end(), [&](const auto& one) { return one.channel == channel; })) << channel.name;
      }
    }
  }
  const auto logger = *snapshot->logger(camp(), "02000001");
  EXPECT_GT(snapshot->blocks(logger->logger.id, kAllTime)->size(), 2U);
  const model::SampleBlock one = rows_of(*snapshot, *logger, {field_of(first.channels[0])});
  EXPECT_EQ(one.time_s, first.rows.time_s) << "rows are those of all channels, whichever are wanted";
  for (const std::int64_t at : {kNewYear2025 - 1, kNewYear2025, kNewYear2025 + 1, kNewYear2025 + 1801, kNewYear2025 + 3'000'000, kNewYear2025 + 3'000'001, kNewYear2025 + 99'000'000}) {
    const auto row = std::lower_bound(first.rows.time_s.begin(), first.rows.time_s.end(), at);
    const auto before = *snapshot->row_before(logger->logger.id, at);
    ASSERT_EQ(before.has_value(), row != first.rows.time_s.begin()) << at;
    if (before) {
      EXPECT_EQ(*before, *(row - 1)) << at;
    }
  }
  const auto events = *snapshot->events(logger->campaign, kAllTime);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].event.time_s, kNewYear2025 + 3'000'000);
  EXPECT_EQ(events[1].logger, logger->logger.id);
  EXPECT_EQ(snapshot->events(logger->campaign, {kNewYear2025 + 5, kNewYear2025 + 6})->size(), 1U);
  EXPECT_EQ(snapshot->campaign(*model::CampaignName::parse("none")).error().kind(), Errc::not_found);
  EXPECT_FALSE(*snapshot->logger(camp(), "none"));
  model::SampleBlock block;
  EXPECT_FALSE(snapshot->read(2, snapshot->blocks(logger->logger.id, kAllTime)->front(), {}, block)) << "a worker beyond the count";
}

TEST_F(VictoriaSource, NumbersOfTwelveDigitsComeBackBitForBit) {
  const std::vector<double> values = {242.25, 31.5, -0.1, 1e-9, 123456789.12, 0.3, -2147483.647, 1234567890.12, 0, 99999.9999999, 1e-5, 450359962737};
  testing::MemorySource truth;
  truth.campaigns.push_back({"camp", {steady_logger("02000001", values.size(), kNewYear2025, 100)}, {}, {}});
  auto& columns = truth.campaigns[0].loggers[0].rows.columns;
  for (std::size_t c = 0; c < values.size(); ++c) {
    columns[c].clear();
    for (std::size_t row = 0; row < 100; ++row) columns[c].push_real(row == 50 ? 0.1 : values[c]);
  }
  put(truth, "acme");
  auto snapshot = *source_of("acme")->snapshot(1);
  const auto logger = *snapshot->logger(camp(), "02000001");
  for (std::size_t c = 0; c < values.size(); ++c) {
    const auto rows = rows_of(*snapshot, *logger, {field_of(truth.campaigns[0].loggers[0].channels[c])});
    ASSERT_EQ(rows.time_s.size(), 100U);
    EXPECT_TRUE(rows.columns[0].same_values(columns[c])) << values[c] << " came back as " << rows.columns[0].value(0);
  }
}

TEST_F(VictoriaSource, CompaniesOnOneServerDoNotSeeEachOther) {
  testing::MemorySource a, b;
  a.campaigns.push_back({"camp", {steady_logger("02000001", 2, kNewYear2025, 10)}, {}, {}});
  b.campaigns.push_back({"camp", {steady_logger("02000002", 3, kNewYear2025, 20)}, {}, {}});
  const std::string hostile = "a\"} or {db=\"b";
  put(a, "a"), put(b, "b"), put(a, hostile);
  auto directory = *Directory::open(Options::single(victoria_->url()));
  EXPECT_EQ(*directory->tenants(), (std::vector<model::TenantName>{tenant_named("a"), tenant_named(hostile), tenant_named("b")}));
  EXPECT_EQ(directory->open(tenant_named("c")).error().kind(), Errc::not_found);
  for (const std::string& name : {std::string("a"), hostile}) {
    auto snapshot = *source_of(name)->snapshot(1);
    EXPECT_TRUE(*snapshot->logger(camp(), "02000001"));
    EXPECT_FALSE(*snapshot->logger(camp(), "02000002")) << name;
  }
}

TEST_F(VictoriaSource, TheGenerationGrowsWithEachChange) {
  testing::MemorySource truth;
  truth.campaigns.push_back({"camp", {steady_logger("02000001", 1, kNewYear2025, 10)}, {}, {}});
  put(truth, "acme");
  const auto directory = *Directory::open(Options::single(victoria_->url()), {.look = std::chrono::milliseconds(0)});
  const auto source = *directory->open(tenant_named("acme"));
  const std::uint64_t before = *source->generation();
  EXPECT_EQ(*source->generation(), before);
  EXPECT_EQ((*source->snapshot(1))->generation(), before);
  truth.campaigns[0].loggers[0] = steady_logger("02000001", 1, kNewYear2025, 20);
  put(truth, "acme");
  EXPECT_GT(*source->generation(), before);
  auto snapshot = *source->snapshot(1);
  EXPECT_EQ((*snapshot->campaigns())[0].loggers[0].rows, 20U) << "the catalogue is read anew";
}

TEST_F(VictoriaSource, WhatIsKnownIsNotAskedForAgain) {
  testing::MemorySource truth;
  truth.campaigns.push_back({"camp", {steady_logger("02000001", 2, kNewYear2025, 500)}, {}, {}});
  put(truth, "acme");
  Between between(victoria_->url());
  const auto ask = [](model::SourceDirectory& directory) {
    ASSERT_TRUE(directory.tenants());
    const auto source = directory.open(tenant_named("acme"));
    ASSERT_TRUE(source);
    const auto snapshot = (*source)->snapshot(1);
    ASSERT_TRUE(snapshot);
    const auto campaign = (*snapshot)->campaign(camp());
    ASSERT_TRUE(campaign);
    EXPECT_EQ(campaign->loggers.at(0).step_s, 600);
  };
  const auto rarely = *Directory::open(Options::single(between.url()), {.look = std::chrono::hours(1)});
  ask(*rarely);
  const std::uint64_t first = between.requests();
  for (int i = 0; i < 5; ++i) ask(*rarely);
  EXPECT_EQ(between.requests(), first);

  const auto always = *Directory::open(Options::single(between.url()), {.look = std::chrono::milliseconds(0)});
  ask(*always);
  const auto before = between.counts();
  for (int i = 0; i < 5; ++i) ask(*always);
  auto after = between.counts();
  EXPECT_EQ(after["/api/v1/export"], before.at("/api/v1/export") + 5) << "the generation";
  EXPECT_EQ(after["/api/v1/label/db/values"], before.at("/api/v1/label/db/values") + 5);
  for (const char* of_catalogue : {"/api/v1/series", "/api/v1/query_range", "/api/v1/query"}) EXPECT_EQ(after[of_catalogue], before.at(of_catalogue)) << of_catalogue;
}

TEST_F(VictoriaSource, OnlyTheTimeThatChangedIsCountedAnew) {
  constexpr std::int64_t kLater = kNewYear2025 + 300 * 86'400;
  testing::MemorySource truth;
  truth.campaigns.push_back({"camp", {steady_logger("02000001", 2, kNewYear2025, 500), steady_logger("02000002", 1, kNewYear2025, 10)}, {}, {}});
  put(truth, "acme");
  Between between(victoria_->url());
  const auto directory = *Directory::open(Options::single(between.url()), {.look = std::chrono::milliseconds(0)});
  const auto source = *directory->open(tenant_named("acme"));
  const auto rows_now = [&] {
    const auto snapshot = *source->snapshot(1);
    std::vector<std::uint64_t> rows;
    for (const auto& logger : snapshot->campaign(camp())->loggers) rows.push_back(logger.rows);
    return rows;
  };
  EXPECT_EQ(rows_now(), (std::vector<std::uint64_t>{500, 10}));
  const auto put_rows = [&](std::int64_t first_s, std::size_t rows) {
    truth.campaigns[0].loggers[0] = steady_logger("02000001", 2, first_s, rows);
    auto mirror = *Mirror::open({Options::single(victoria_->url())}, tenant_named("acme"));
    const auto snapshot = truth.snapshot(1);
    const auto nothing = mirror->put(**snapshot, {});  // takes over: says that anything may have changed
    ASSERT_TRUE(nothing) << nothing.error().message();
    EXPECT_FALSE(rows_now().empty());
    const model::Stretch stretch{camp(), "02000001", {first_s, first_s + static_cast<std::int64_t>(rows) * 600}, model::Change::added};
    ASSERT_TRUE(mirror->put(**snapshot, {&stretch, 1}));
  };
  put_rows(kLater, 7);
  const std::uint64_t before = between.counts().at("/api/v1/query_range");
  EXPECT_EQ(rows_now(), (std::vector<std::uint64_t>{507, 10}));
  const std::uint64_t of_change = between.counts().at("/api/v1/query_range") - before;
  put_rows(kNewYear2025 - 300 * 86'400, 5);
  EXPECT_EQ(rows_now(), (std::vector<std::uint64_t>{512, 10}));
  const auto fresh = *Directory::open(Options::single(between.url()));
  const std::uint64_t before_fresh = between.counts().at("/api/v1/query_range");
  const auto snapshot = *(*fresh->open(tenant_named("acme")))->snapshot(1);
  EXPECT_EQ(snapshot->campaign(camp())->loggers.at(0).rows, 512U);
  EXPECT_LT(of_change, between.counts().at("/api/v1/query_range") - before_fresh);
}

TEST_F(VictoriaSource, ARenamedChannelIsOneChannelUnderItsLastName) {
  testing::MemorySource truth;
  truth.campaigns.push_back({"camp", {steady_logger("02000001", 1, kNewYear2025, 10)}, {}, {}});
  put(truth, "acme");
  truth.campaigns[0].loggers[0] = steady_logger("02000001", 1, kNewYear2025, 20);
  truth.campaigns[0].loggers[0].channels[0].name = "A name that sorts first";
  put(truth, "acme");
  auto snapshot = *source_of("acme")->snapshot(1);
  const auto logger = *snapshot->logger(camp(), "02000001");
  ASSERT_EQ(logger->logger.channels, 1U);
  EXPECT_EQ(logger->logger.rows, 20U);
  EXPECT_EQ((*snapshot->channels(logger->campaign))[0].channel.name, "A name that sorts first");
  EXPECT_EQ(rows_of(*snapshot, *logger, {field_of(truth.campaigns[0].loggers[0].channels[0])}).time_s, truth.campaigns[0].loggers[0].rows.time_s);
}

}  // namespace
}  // namespace pv::victoria
