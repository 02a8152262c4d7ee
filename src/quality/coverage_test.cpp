#include "quality/coverage.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "testing/given_samples.h"
#include "testing/memory_source.h"
#include "testing/seed.h"

namespace pv::quality {
namespace {

using model::Period;

constexpr std::int64_t kBegin_s = 1'764'900'000;

/// Instants at these tenths of minutes times ten: 0 is kBegin_s, 1 ten minutes later.
std::vector<std::int64_t> at(const std::vector<std::int64_t>& steps) {
  std::vector<std::int64_t> stamps;
  for (const std::int64_t step : steps) stamps.push_back(kBegin_s + step * 600);
  return stamps;
}
Period between(std::int64_t from, std::int64_t to) { return {kBegin_s + from * 600, kBegin_s + to * 600}; }

struct CoverageTest : ::testing::Test {
  testing::MemorySource source;

  void store(const std::vector<std::int64_t>& stamps) {
    testing::MemoryLogger logger;
    logger.sn = "02001283";
    logger.rows.time_s = stamps;
    testing::MemoryCampaign campaign;
    campaign.name = "camp";
    campaign.loggers.push_back(logger);
    source.campaigns = {campaign};
  }
  LoggerRecord record(const std::vector<std::int64_t>& stamps, const char* sn = "02001283") {
    const auto snapshot = source.snapshot(1).value();
    const Period period = stamps.empty() ? Period{} : Period{stamps.front(), stamps.back() + 1};
    return LoggerRecord::around(period, sn, *snapshot, *model::CampaignName::parse("camp")).value();
  }
  Coverage of(const std::vector<std::int64_t>& stamps, const char* sn = "02001283") {
    return record(stamps, sn).coverage_of(stamps);
  }
};

using Spans = std::vector<Period>;

TEST_F(CoverageTest, CountsAllRowsAsNewOfALoggerThatIsNotStored) {
  const Coverage coverage = of(at({0, 1, 2, 5, 6}));
  EXPECT_EQ(coverage.rows_new, 5U);
  EXPECT_EQ(coverage.rows_known, 0U);
  EXPECT_EQ(coverage.step_s, 600);
  EXPECT_EQ(coverage.inside.first, Spans{between(2, 4)});
  EXPECT_EQ(coverage.inside.seconds, 1200);
  EXPECT_EQ(coverage.left_inside, coverage.inside);
  EXPECT_FALSE(coverage.before);
  store(at({0, 1}));
  EXPECT_EQ(of(at({0, 1}), "02009999").rows_new, 2U);
}

TEST_F(CoverageTest, CountsKnownRowsOfAFileThatBeginsEarlier) {
  store(at({0, 1, 2, 3}));
  const Coverage coverage = of(at({2, 3, 4, 5}));
  EXPECT_EQ(coverage.rows_known, 2U);
  EXPECT_EQ(coverage.rows_new, 2U);
  EXPECT_FALSE(coverage.before);
  EXPECT_FALSE(coverage.after);
  EXPECT_EQ(coverage.closed.count, 0U);
}

TEST_F(CoverageTest, ClosesTheRecordThatEachNightLoses) {
  store(at({0, 1, 2, 4, 5, 6, 8, 9}));
  const Coverage coverage = of(at({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(coverage.rows_new, 2U);
  EXPECT_EQ(coverage.closed.first, (Spans{between(2, 3), between(6, 7)}));
  EXPECT_EQ(coverage.closed.seconds, 1200);
}

TEST_F(CoverageTest, ClosesAGapInPartAndSaysWhatIsLeftAround) {
  store(at({0, 1, 2, 20, 21}));
  const Coverage coverage = of(at({8, 9, 10, 11}));
  EXPECT_EQ(coverage.rows_new, 4U);
  EXPECT_EQ(coverage.closed.first, Spans{between(7, 11)});
  EXPECT_EQ(coverage.before, between(2, 7));
  EXPECT_EQ(coverage.after, between(11, 19));
}

TEST_F(CoverageTest, LeavesNoGapBeforeAFileThatGoesOn) {
  store(at({0, 1, 2}));
  EXPECT_FALSE(of(at({3, 4})).before);
  EXPECT_EQ(of(at({4, 5})).before, between(2, 3));
}

TEST_F(CoverageTest, KnowsGapsOfTheFileThatStoredRowsFill) {
  store(at({3, 4}));
  const Coverage coverage = of(at({0, 1, 2, 5, 6, 9, 10, 11}));
  EXPECT_EQ(coverage.inside.first, (Spans{between(2, 4), between(6, 8)}));
  EXPECT_EQ(coverage.left_inside.first, Spans{between(6, 8)});
}

TEST_F(CoverageTest, TakesTheLoggersStepForASingleRow) {
  store(at({0, 1, 2}));
  const Coverage coverage = of(at({6}));
  EXPECT_EQ(coverage.step_s, 600);
  EXPECT_EQ(coverage.before, between(2, 5));
  EXPECT_EQ(of({}).rows_new, 0U);
}

TEST_F(CoverageTest, TakesTheExpectedStepForThatOfTheRows) {
  store(at({0, 1, 2}));
  const std::vector<std::int64_t> hourly = at({6, 12, 18, 30});
  EXPECT_EQ(of(hourly).inside.first, Spans{between(18, 24)});
  // Of a logger that shall write every ten minutes: all that it did not write.
  const Coverage strict = record(hourly).coverage_of(hourly, 600);
  EXPECT_EQ(strict.inside.first, (Spans{between(6, 11), between(12, 17), between(18, 29)}));
  EXPECT_EQ(strict.before, between(2, 5));
  // Of one that shall write every four hours: nothing is missing.
  const Coverage lenient = record(hourly).coverage_of(hourly, 4 * 3600);
  EXPECT_EQ(lenient.inside.count, 0U);
  EXPECT_FALSE(lenient.before);
}

TEST_F(CoverageTest, CountsWhatWasAddedAsStoredForTheFilesThatFollow) {
  store(at({0, 1, 2, 30}));
  LoggerRecord files = record(at({10, 11, 12, 20, 21}));
  const std::vector<std::int64_t> later = at({10, 11, 12, 20, 21});
  EXPECT_EQ(files.coverage_of(later).before, between(2, 9));
  files.add(later);
  const Coverage earlier = files.coverage_of(at({12, 13, 14}));
  EXPECT_EQ(earlier.rows_known, 1U);
  EXPECT_FALSE(earlier.before);
  EXPECT_EQ(earlier.closed.first, Spans{between(12, 14)});
  EXPECT_EQ(earlier.after, between(14, 19));
  files.add(at({12, 13, 14}));
  const Coverage again = files.coverage_of(at({12, 13, 14}));
  EXPECT_EQ(again.rows_new, 0U);
  EXPECT_EQ(again.closed.count, 0U);
  EXPECT_EQ(again.after, between(14, 19));
}

TEST_F(CoverageTest, LearnsTheStepOfANewLoggerFromItsFirstFile) {
  LoggerRecord files = record(at({0, 1, 2, 5}));
  files.add(at({0, 1, 2}));
  EXPECT_EQ(files.coverage_of(at({5})).before, between(2, 4));
}

TEST_F(CoverageTest, KeepsTheFirstOfManyGapsAndTheSumOfAll) {
  std::vector<std::int64_t> steps;
  for (std::int64_t i = 0; i < 100; ++i) {
    steps.push_back(i * 4);
    steps.push_back(i * 4 + 1);
  }
  const Coverage coverage = of(at(steps));
  EXPECT_EQ(coverage.inside.count, 99U);
  EXPECT_EQ(coverage.inside.first.size(), Periods::kMostKept);
  EXPECT_EQ(coverage.inside.seconds, 99 * 1200);
}

TEST_F(CoverageTest, ReadsBlocksOfAnySizeAlike) {
  store(at({0, 1, 2, 4, 5, 6, 9, 10, 30}));
  const Coverage whole = of(at({2, 3, 4, 5, 6, 7, 11, 12}));
  EXPECT_EQ(whole.after, between(12, 29));
  for (const std::uint32_t rows : {1U, 2U, 3U, 8U}) {
    source.block_rows = rows;
    EXPECT_EQ(of(at({2, 3, 4, 5, 6, 7, 11, 12})), whole) << rows;
  }
}

TEST_F(CoverageTest, AgreesWithCountingEveryStep) {
  const testing::Seed seed;
  testing::Dice dice(seed.value());
  for (int round = 0; round < 200; ++round) {
    std::set<std::int64_t> stored{0, 1, 2, 3};
    std::set<std::int64_t> file;
    const std::int64_t from = dice.between(0, 30);
    for (std::int64_t step = 4; step < 60; ++step) {
      if (dice.chance(60)) stored.insert(step);
      if (step >= from && dice.chance(80)) file.insert(step);
    }
    std::vector<std::int64_t> file_steps(file.begin(), file.end());
    store(at({stored.begin(), stored.end()}));
    const Coverage coverage = of(at(file_steps));
    if (file_steps.size() < 2 || coverage.step_s != 600) continue;  // too thin for its step to show

    std::int64_t inside = 0;
    std::int64_t left = 0;
    std::int64_t closed = 0;
    std::uint64_t known = 0;
    for (std::int64_t step = 0; step <= *stored.rbegin() || step <= *file.rbegin(); ++step) {
      const bool within = step > file_steps.front() && step < file_steps.back();
      if (within && !file.contains(step)) ++inside;
      if (within && !file.contains(step) && !stored.contains(step)) ++left;
      if (step < *stored.rbegin() && file.contains(step) && !stored.contains(step)) ++closed;
      if (file.contains(step) && stored.contains(step)) ++known;
    }
    EXPECT_EQ(coverage.inside.seconds, inside * 600);
    EXPECT_EQ(coverage.left_inside.seconds, left * 600);
    EXPECT_EQ(coverage.closed.seconds, closed * 600);
    EXPECT_EQ(coverage.rows_known, known);
    EXPECT_EQ(coverage.rows_new, file.size() - known);
  }
}

TEST(RowStamps, AreThoseOfOneLoggerInOrderAndOnce) {
  const std::vector<model::LoggerTable> tables = {testing::steady_table("02000001", 2, kBegin_s + 600, 3),
                                                  testing::steady_table("02000002", 2, kBegin_s + 7200, 3),
                                                  testing::steady_table("02000001", 3, kBegin_s, 2)};
  EXPECT_EQ(row_stamps(tables, "02000001"), at({0, 1, 2, 3}));
  EXPECT_TRUE(row_stamps(tables, "02000003").empty());
}

}  // namespace
}  // namespace pv::quality
