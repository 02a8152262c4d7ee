/// Resampling, energy and gaps against plain twins that follow the definitions row by row.
#include <cmath>
#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include "query/buckets.h"
#include "query/energy.h"
#include "query/gaps.h"
#include "query/resample.h"
#include "testing/random_campaign.h"

namespace pv::query {
namespace {

using testing::MemoryCampaign;
using testing::MemoryLogger;
using testing::MemorySource;

/// A source with one campaign, opened.
struct Opened {
  explicit Opened(MemoryCampaign campaign, std::uint32_t block_rows = 300) {
    source.block_rows = block_rows;
    source.campaigns.push_back(std::move(campaign));
    snapshot = *source.snapshot(4);
    summary = (*snapshot->campaigns()).front();
    channels = *snapshot->channels(summary.id);
  }
  Scope scope(unsigned workers = 1) { return {*snapshot, summary, channels, workers}; }
  const MemoryCampaign& campaign() const { return source.campaigns.front(); }

  MemorySource source;
  std::unique_ptr<model::SampleSnapshot> snapshot;
  model::CampaignSummary summary;
  std::vector<model::ChannelSummary> channels;
};

std::int64_t naive_length(const MemoryLogger& logger, std::size_t row) {
  const std::vector<std::int64_t>& times = logger.rows.time_s;
  std::int64_t length = logger.step_s;
  if (row > 0) length = std::min(length, times[row] - times[row - 1]);
  for (const std::int64_t restart : logger.restarts_s) {
    if (restart < times[row] && (row == 0 || restart >= times[row - 1])) length = std::min(length, times[row] - restart);
  }
  return length;
}

struct NaiveEnergy {
  double unit_seconds = 0;
  double covered = 0;
};

NaiveEnergy naive_energy(const MemoryLogger& logger, const model::Column& column, std::int64_t from, std::int64_t to) {
  NaiveEnergy energy;
  for (std::size_t row = 0; row < logger.rows.time_s.size(); ++row) {
    const std::int64_t end = logger.rows.time_s[row];
    const auto shared = static_cast<double>(std::min(end, to) - std::max(end - naive_length(logger, row), from));
    if (shared <= 0 || column.is_missing(row)) continue;
    energy.unit_seconds += column.value(row) * shared;
    energy.covered += shared;
  }
  return energy;
}

Edges random_edges(std::mt19937_64& random, model::Period whole) {
  Edges edges = {whole.from_s - 5000 + static_cast<std::int64_t>(random() % 10'000)};
  const std::uint64_t most = random() % 3 == 0 ? 900 : 90'000;  // shorter and longer than a row's interval
  const std::size_t count = 2 + random() % 60;
  while (edges.size() < count) edges.push_back(edges.back() + 1 + static_cast<std::int64_t>(random() % most));
  return edges;
}

model::Period whole_of(const MemoryCampaign& campaign) {
  model::Period whole{INT64_MAX, INT64_MIN};
  for (const MemoryLogger& logger : campaign.loggers) {
    whole.from_s = std::min(whole.from_s, logger.rows.time_s.front());
    whole.to_s = std::max(whole.to_s, logger.rows.time_s.back() + 1);
  }
  return whole;
}

void expect_near(double expected, double actual, const char* what) {
  EXPECT_NEAR(expected, actual, 1e-11 * std::max(1.0, std::abs(expected))) << what;
}

class CurvesTwinTest : public ::testing::TestWithParam<int> {};

TEST_P(CurvesTwinTest, BucketsEqualTheNaiveOnes) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  std::mt19937_64 random(seed);
  Opened opened(testing::random_campaign("c", seed), 1 + static_cast<std::uint32_t>(random() % 700));
  opened.source.blocks_know_their_step = seed % 2 == 0;
  const Edges edges = random_edges(random, whole_of(opened.campaign()));
  const auto curves = resample_edges(opened.scope(), edges);
  ASSERT_TRUE(curves) << curves.error().message();
  ASSERT_EQ(curves->times_s, Edges(edges.begin(), edges.end() - 1));

  std::size_t place = 0;
  for (const MemoryLogger& logger : opened.campaign().loggers) {
    for (const model::Column& column : logger.rows.columns) {
      std::uint64_t total = 0;
      for (std::size_t b = 0; b + 1 < edges.size(); ++b) {
        std::uint64_t count = 0;
        double sum = 0, low = INFINITY, high = -INFINITY;
        for (std::size_t row = 0; row < column.size(); ++row) {
          const std::int64_t time = logger.rows.time_s[row];
          if (time < edges[b] || time >= edges[b + 1] || column.is_missing(row)) continue;
          ++count;
          sum += column.value(row);
          low = std::min(low, column.value(row));
          high = std::max(high, column.value(row));
        }
        const Curve& curve = curves->curves[place];
        ASSERT_EQ(std::isnan(curve.mean[b]), count == 0);
        total += count;
        if (count == 0) continue;
        EXPECT_EQ(curve.min[b], low);
        EXPECT_EQ(curve.max[b], high);
        expect_near(sum / static_cast<double>(count), curve.mean[b], "mean");
      }
      const Figures& figures = curves->summary[place];
      EXPECT_EQ(figures.count, total);
      const NaiveEnergy energy = naive_energy(logger, column, edges.front(), edges.back());
      const auto asked = static_cast<double>(edges.back() - edges.front());
      expect_near(energy.covered / asked, figures.coverage, "coverage");
      const double watts = model::watts_per_unit(opened.channels[place].channel.unit);
      ASSERT_EQ(figures.energy_wh.has_value(), watts != 0 && energy.covered > 0);
      if (figures.energy_wh) expect_near(energy.unit_seconds * watts / 3600, *figures.energy_wh, "energy");
      ++place;
    }
  }
}

TEST_P(CurvesTwinTest, EnergyEqualsTheNaiveOne) {
  const auto seed = static_cast<std::uint64_t>(GetParam()) + 1000;
  std::mt19937_64 random(seed);
  Opened opened(testing::random_campaign("c", seed), 1 + static_cast<std::uint32_t>(random() % 700));
  const Edges edges = random_edges(random, whole_of(opened.campaign()));
  const auto energies = energy(opened.scope(), edges);
  ASSERT_TRUE(energies);
  std::size_t place = 0;
  for (const MemoryLogger& logger : opened.campaign().loggers) {
    for (const model::Column& column : logger.rows.columns) {
      const double watts = model::watts_per_unit(opened.channels[place].channel.unit);
      EXPECT_EQ((*energies)[place].energy_wh.empty(), watts == 0);
      for (std::size_t b = 0; b + 1 < edges.size(); ++b) {
        const NaiveEnergy naive = naive_energy(logger, column, edges[b], edges[b + 1]);
        expect_near(naive.covered / static_cast<double>(edges[b + 1] - edges[b]), (*energies)[place].coverage[b], "coverage");
        if (watts == 0) continue;
        if (naive.covered == 0) {
          EXPECT_TRUE(std::isnan((*energies)[place].energy_wh[b]));
        } else {
          expect_near(naive.unit_seconds * watts / 3600, (*energies)[place].energy_wh[b], "energy");
        }
      }
      ++place;
    }
  }
}

TEST_P(CurvesTwinTest, GapsEqualTheNaiveOnes) {
  const auto seed = static_cast<std::uint64_t>(GetParam()) + 2000;
  std::mt19937_64 random(seed);
  Opened opened(testing::random_campaign("c", seed), 1 + static_cast<std::uint32_t>(random() % 700));
  const model::Period whole = whole_of(opened.campaign());
  const std::int64_t length = whole.to_s - whole.from_s;
  const model::Period period{whole.from_s + length / 5, whole.from_s + length / 2};
  const auto found = find_gaps(*opened.snapshot, opened.summary, opened.summary.loggers, period, {}, 100'000);
  ASSERT_TRUE(found);
  std::vector<Gap> naive;
  for (std::size_t l = 0; l < opened.campaign().loggers.size(); ++l) {
    const MemoryLogger& logger = opened.campaign().loggers[l];
    for (std::size_t row = 1; row < logger.rows.time_s.size(); ++row) {
      const std::int64_t before = logger.rows.time_s[row - 1];
      const std::int64_t time = logger.rows.time_s[row];
      if (static_cast<double>(time - before) <= 1.5 * static_cast<double>(logger.step_s)) continue;
      const model::Period gap{std::max(before, period.from_s), std::min(time - naive_length(logger, row), period.to_s)};
      if (!gap.empty()) naive.push_back({opened.summary.loggers[l].id, gap});
    }
  }
  std::stable_sort(naive.begin(), naive.end(), [](const Gap& a, const Gap& b) { return a.period.from_s < b.period.from_s; });
  EXPECT_EQ(found->gaps, naive);
  EXPECT_FALSE(found->truncated);
  ASSERT_GT(naive.size(), 3U);
  const auto few = find_gaps(*opened.snapshot, opened.summary, opened.summary.loggers, period, {}, 3);
  EXPECT_TRUE(few->truncated);
  EXPECT_EQ(few->gaps, std::vector<Gap>(naive.begin(), naive.begin() + 3));
}

TEST_P(CurvesTwinTest, PartsAddUpToTheWhole) {
  const auto seed = static_cast<std::uint64_t>(GetParam()) + 3000;
  std::mt19937_64 random(seed);
  Opened opened(testing::random_campaign("c", seed));
  const Edges edges = random_edges(random, whole_of(opened.campaign()));
  const auto parts = energy(opened.scope(), edges);
  const auto whole = energy(opened.scope(), Edges{edges.front(), edges.back()});
  ASSERT_TRUE(parts && whole);
  for (std::size_t c = 0; c < parts->size(); ++c) {
    double sum = 0;
    for (const double part : (*parts)[c].energy_wh) sum += std::isnan(part) ? 0 : part;
    if ((*whole)[c].energy_wh.empty() || std::isnan((*whole)[c].energy_wh[0])) continue;
    expect_near((*whole)[c].energy_wh[0], sum, "sum of parts");
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, CurvesTwinTest, ::testing::Range(0, 25));

TEST(CurvesTest, TheAnswerDoesNotDependOnTheNumberOfWorkers) {
  Opened opened(testing::random_campaign("c", 7, {.loggers = 4, .rows = 20'000, .channels = 6}), 700);
  const model::Period whole = whole_of(opened.campaign());
  const auto one = resample(opened.scope(1), whole, model::Zone::utc(), {.points = 400});
  const auto two = resample(opened.scope(4), whole, model::Zone::utc(), {.points = 400});
  ASSERT_TRUE(one && two);
  const auto same = [](const std::vector<double>& a, const std::vector<double>& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
  };
  for (std::size_t c = 0; c < one->curves.size(); ++c) {
    EXPECT_TRUE(same(one->curves[c].min, two->curves[c].min));
    EXPECT_TRUE(same(one->curves[c].max, two->curves[c].max));
    EXPECT_TRUE(same(one->curves[c].mean, two->curves[c].mean));
    EXPECT_EQ(one->summary[c].energy_wh, two->summary[c].energy_wh);
    EXPECT_EQ(one->summary[c].mean, two->summary[c].mean);
  }
  const auto edges = calendar_edges(whole, model::Zone::utc(), Calendar::day);
  const auto energy_one = energy(opened.scope(1), *edges);
  const auto energy_two = energy(opened.scope(4), *edges);
  for (std::size_t c = 0; c < energy_one->size(); ++c) {
    EXPECT_TRUE(same((*energy_one)[c].energy_wh, (*energy_two)[c].energy_wh));
    EXPECT_TRUE(same((*energy_one)[c].coverage, (*energy_two)[c].coverage));
  }
}

TEST(CurvesTest, NoExtremeIsLost) {
  MemoryCampaign campaign = testing::random_campaign("c", 3, {.loggers = 1, .rows = 50'000, .channels = 3, .tidy = true});
  campaign.loggers[0].rows.columns[2].mantissa[33'333] = 9'999'999;
  campaign.loggers[0].rows.columns[2].mantissa[41'111] = -9'999'999;
  Opened opened(std::move(campaign), 8192);
  const auto curves = resample(opened.scope(), whole_of(opened.campaign()), model::Zone::utc(), {.points = 100});
  ASSERT_TRUE(curves);
  EXPECT_EQ(curves->mode, CurveMode::buckets);
  EXPECT_EQ(*std::max_element(curves->curves[2].max.begin(), curves->curves[2].max.end()), 999'999.9);
  EXPECT_EQ(*std::min_element(curves->curves[2].min.begin(), curves->curves[2].min.end()), -999'999.9);
}

TEST(CurvesTest, FewRowsAreShownAsTheyAre) {
  Opened opened(testing::random_campaign("c", 5, {.loggers = 2, .rows = 100, .channels = 4}), 30);
  const model::Period whole = whole_of(opened.campaign());
  const auto curves = resample(opened.scope(), whole, model::Zone::utc(), {.points = 200});
  ASSERT_TRUE(curves);
  ASSERT_EQ(curves->mode, CurveMode::raw);
  EXPECT_TRUE(std::is_sorted(curves->times_s.begin(), curves->times_s.end()));
  std::size_t place = 0;
  for (const MemoryLogger& logger : opened.campaign().loggers) {
    for (const model::Column& column : logger.rows.columns) {
      const Curve& curve = curves->curves[place++];
      EXPECT_TRUE(curve.min.empty());
      ASSERT_EQ(curve.mean.size(), curves->times_s.size());
      std::uint64_t values = 0;
      for (const double value : curve.mean) values += std::isnan(value) ? 0U : 1U;
      EXPECT_EQ(values, column.size() - column.missing);
      for (std::size_t row = 0; row < column.size(); ++row) {
        const auto at = std::lower_bound(curves->times_s.begin(), curves->times_s.end(), logger.rows.time_s[row]);
        ASSERT_EQ(*at, logger.rows.time_s[row]);
        const double value = curve.mean[static_cast<std::size_t>(at - curves->times_s.begin())];
        if (!column.is_missing(row)) {
          EXPECT_EQ(value, column.value(row));
        }
      }
    }
  }
  const auto fewer = resample(opened.scope(), whole, model::Zone::utc(), {.points = 99});
  EXPECT_EQ(fewer->mode, CurveMode::buckets);
  const auto stepped = resample(opened.scope(), whole, model::Zone::utc(), {.points = 200, .step_s = 3600});
  EXPECT_EQ(stepped->mode, CurveMode::buckets);
  EXPECT_EQ(stepped->step_s, 3600);
}

TEST(CurvesTest, LoggersThatShareTheirStampsCountOnceForRaw) {
  Opened opened(testing::random_campaign("c", 5, {.loggers = 8, .rows = 150, .channels = 2, .tidy = true}), 40);
  const auto curves = resample(opened.scope(), whole_of(opened.campaign()), model::Zone::utc(), {.points = 150});
  ASSERT_TRUE(curves);
  EXPECT_EQ(curves->mode, CurveMode::raw);
  EXPECT_EQ(curves->times_s.size(), 150U);
}

/// One logger, one power channel of a constant 600 W, rows at the given stamps.
Opened constant_power(std::vector<std::int64_t> stamps, std::vector<std::int64_t> restarts = {}) {
  MemoryCampaign campaign;
  campaign.name = "c";
  MemoryLogger logger{"02001000", 600, {testing::make_channel("02001000", 1, "W")}, {}, std::move(restarts)};
  logger.rows.columns.resize(1);
  for (const std::int64_t stamp : stamps) {
    logger.rows.time_s.push_back(stamp);
    logger.rows.columns[0].push_decimal(6000, 1);
  }
  campaign.loggers.push_back(std::move(logger));
  return Opened(std::move(campaign), 2);
}

double energy_between(Opened& opened, std::int64_t from, std::int64_t to) {
  return (*energy(opened.scope(), Edges{from, to}))[0].energy_wh[0];
}

TEST(EnergyTest, ARowStandsForTheStepBeforeItsStamp) {
  Opened opened = constant_power({600, 1200, 1800});
  EXPECT_EQ(energy_between(opened, 0, 1800), 300.0);
  EXPECT_EQ(energy_between(opened, 600, 1200), 100.0);
}

TEST(EnergyTest, TheRowAfterTheEndGivesItsShare) {
  Opened opened = constant_power({600, 1200, 1800});
  EXPECT_EQ(energy_between(opened, 1200, 1500), 50.0);
  EXPECT_EQ(energy_between(opened, 900, 1500), 100.0);
  EXPECT_EQ((*energy(opened.scope(), Edges{1200, 1500}))[0].coverage[0], 1.0);
}

TEST(EnergyTest, AGapAddsNothing) {
  Opened opened = constant_power({600, 1200, 9000});
  EXPECT_EQ(energy_between(opened, 0, 9000), 300.0);
  EXPECT_TRUE(std::isnan(energy_between(opened, 1200, 8400)));
  EXPECT_DOUBLE_EQ((*energy(opened.scope(), Edges{0, 9000}))[0].coverage[0], 0.2);
}

TEST(EnergyTest, NothingWasMeasuredBeforeARestart) {
  Opened opened = constant_power({600, 1200, 1800}, {1300, 1500});
  EXPECT_EQ(energy_between(opened, 1200, 1800), 50.0);
}

TEST(EnergyTest, AnUnknownStepAddsNothing) {
  Opened opened = constant_power({600, 1200});
  opened.source.campaigns[0].loggers[0].step_s = 0;
  opened.summary.loggers[0].step_s = 0;
  EXPECT_TRUE(std::isnan(energy_between(opened, 0, 1200)));
}

TEST(EnergyTest, ShorterRowsThanTheStepDoNotOverlap) {
  Opened opened = constant_power({600, 700, 800, 1400});
  EXPECT_DOUBLE_EQ(energy_between(opened, 0, 1400), 600.0 * 1400 / 3600);
}

TEST(EnergyTest, ALocalDayOf25HoursHasTheEnergyOf25Hours) {
  constexpr std::int64_t kMidnight = 1'761'429'600;  // 26 October 2025 in Paris
  std::vector<std::int64_t> stamps;
  for (std::int64_t t = kMidnight - 3600; t <= kMidnight + 30 * 3600; t += 600) stamps.push_back(t);
  Opened opened = constant_power(stamps);
  const auto edges = calendar_edges({kMidnight, kMidnight + 25 * 3600}, *model::Zone::from_name("Europe/Paris"), Calendar::day);
  ASSERT_EQ(edges->size(), 2U);
  EXPECT_EQ((*energy(opened.scope(), *edges))[0].energy_wh[0], 600.0 * 25);
}

TEST(EnergyTest, TheEnergyOfASumIsTheSumOfTheEnergies) {
  MemoryCampaign campaign = testing::random_campaign("c", 11, {.loggers = 1, .rows = 500, .channels = 4, .tidy = true});
  MemoryLogger& logger = campaign.loggers[0];
  model::Column total;  // kW with one decimal plus two W with one decimal, in W
  for (std::size_t row = 0; row < logger.rows.time_s.size(); ++row) {
    total.push_decimal(std::int64_t{logger.rows.columns[1].mantissa[row]} * 1000 + logger.rows.columns[2].mantissa[row] +
                           logger.rows.columns[3].mantissa[row], 1);
  }
  logger.rows.columns.push_back(total);
  logger.channels.push_back(testing::make_channel(logger.sn, 4, "W"));
  Opened opened(std::move(campaign));
  const auto edges = calendar_edges(whole_of(opened.campaign()), model::Zone::utc(), Calendar::hour);
  const auto energies = energy(opened.scope(), *edges);
  ASSERT_TRUE(energies);
  const std::vector<double> sum = sum_of_energies_wh(std::span(*energies).subspan(0, 4));
  const std::vector<double>& expected = (*energies)[4].energy_wh;
  ASSERT_EQ(sum.empty(), false);
  for (std::size_t b = 0; b < expected.size(); ++b) expect_near(expected[b], sum[b], "sum");

  const auto curves = resample_edges(opened.scope(), *edges);
  std::vector<model::ChannelSummary> parts(opened.channels.begin(), opened.channels.begin() + 4);
  const std::vector<double> means = sum_of_means_w(*curves, parts);
  for (std::size_t b = 0; b < means.size(); ++b) expect_near(curves->curves[4].mean[b], means[b], "mean");
}

TEST(CurvesTest, ErrorsOfTheSnapshotReachTheCaller) {
  Opened opened(testing::random_campaign("c", 1));
  opened.source.damaged = true;
  const model::Period whole = whole_of(opened.campaign());
  EXPECT_EQ(resample_edges(opened.scope(4), Edges{whole.from_s, whole.to_s}).error().kind(), Errc::corrupt);
  EXPECT_EQ(energy(opened.scope(), Edges{whole.from_s, whole.to_s}).error().kind(), Errc::corrupt);
  EXPECT_EQ(energy(opened.scope(), Edges{5}).error().kind(), Errc::invalid_input);
  EXPECT_EQ(energy(opened.scope(), Edges{5, 5}).error().kind(), Errc::invalid_input);
}

TEST(CurvesTest, NoChannelsGiveAnEmptyAnswer) {
  Opened opened(testing::random_campaign("c", 1));
  opened.channels.clear();
  const auto curves = resample(opened.scope(), whole_of(opened.campaign()), model::Zone::utc(), {});
  ASSERT_TRUE(curves);
  EXPECT_TRUE(curves->curves.empty());
}

}  // namespace
}  // namespace pv::query
