#include "query/buckets.h"

#include <gtest/gtest.h>

namespace pv::query {
namespace {

model::Zone zone(const char* name) { return *model::Zone::from_name(name); }

// 2025-03-30 and 2025-10-26: Europe/Paris sets its clock forward and back at 01:00 UTC.
constexpr std::int64_t kMarch30 = 1'743'289'200;    // local midnight, 2025-03-29T23:00Z
constexpr std::int64_t kOctober26 = 1'761'429'600;  // local midnight, 2025-10-25T22:00Z

std::vector<std::int64_t> lengths(const Edges& edges) {
  std::vector<std::int64_t> all;
  for (std::size_t i = 1; i < edges.size(); ++i) all.push_back(edges[i] - edges[i - 1]);
  return all;
}

TEST(BucketsTest, DaysHave23And25HoursWhereTheClockChanges) {
  const auto spring = calendar_edges({kMarch30 - 86'400, kMarch30 + 23 * 3600 + 86'400}, zone("Europe/Paris"), Calendar::day);
  ASSERT_TRUE(spring);
  EXPECT_EQ(lengths(*spring), (std::vector<std::int64_t>{86'400, 23 * 3600, 86'400}));
  const auto autumn = calendar_edges({kOctober26, kOctober26 + 25 * 3600 + 86'400}, zone("Europe/Paris"), Calendar::day);
  ASSERT_TRUE(autumn);
  EXPECT_EQ(lengths(*autumn), (std::vector<std::int64_t>{25 * 3600, 86'400}));
}

TEST(BucketsTest, TheRepeatedHourIsTwoBuckets) {
  const auto edges = calendar_edges({kOctober26, kOctober26 + 25 * 3600}, zone("Europe/Paris"), Calendar::hour);
  ASSERT_TRUE(edges);
  EXPECT_EQ(lengths(*edges), std::vector<std::int64_t>(25, 3600));
}

TEST(BucketsTest, SixHourBucketsKeepToTheLocalClock) {
  const auto edges = step_edges({kOctober26, kOctober26 + 25 * 3600}, zone("Europe/Paris"), 21'600);
  ASSERT_TRUE(edges);
  EXPECT_EQ(lengths(*edges), (std::vector<std::int64_t>{7 * 3600, 6 * 3600, 6 * 3600, 6 * 3600}));
  const auto spring = step_edges({kMarch30, kMarch30 + 23 * 3600}, zone("Europe/Paris"), 21'600);
  ASSERT_TRUE(spring);
  EXPECT_EQ(lengths(*spring), (std::vector<std::int64_t>{5 * 3600, 6 * 3600, 6 * 3600, 6 * 3600}));
}

TEST(BucketsTest, HalfHourZonesCutAtTheirOwnFullHours) {
  // 2025-06-01T00:00 in Kolkata is 18:30 UTC of the day before.
  const auto edges = calendar_edges({1'748'716'200 - 600, 1'748'716'200 + 7200}, zone("Asia/Kolkata"), Calendar::hour);
  ASSERT_TRUE(edges);
  EXPECT_EQ(lengths(*edges), (std::vector<std::int64_t>{600, 3600, 3600}));
  const auto days = calendar_edges({1'748'716'200 - 600, 1'748'716'200 + 7200}, zone("Asia/Kolkata"), Calendar::day);
  EXPECT_EQ(lengths(*days), (std::vector<std::int64_t>{600, 7200}));
}

TEST(BucketsTest, ASkippedMidnightBeginsTheDayAtTheChange) {
  // Beirut, 2022-03-27: 00:00 becomes 01:00 at 2022-03-26T22:00Z.
  constexpr std::int64_t kChange = 1'648'332'000;
  const auto days = calendar_edges({kChange - 86'400, kChange + 23 * 3600}, zone("Asia/Beirut"), Calendar::day);
  ASSERT_TRUE(days);
  EXPECT_EQ(lengths(*days), (std::vector<std::int64_t>{86'400, 23 * 3600}));
  const auto steps = step_edges({kChange - 86'400, kChange + 23 * 3600}, zone("Asia/Beirut"), 43'200);
  ASSERT_TRUE(steps);
  EXPECT_EQ(lengths(*steps), (std::vector<std::int64_t>{43'200, 43'200, 11 * 3600, 43'200}));
}

TEST(BucketsTest, WeeksBeginOnMonday) {
  const auto edges = calendar_edges({1'735'689'600, 1'735'689'600 + 14 * 86'400}, model::Zone::utc(), Calendar::week);
  ASSERT_TRUE(edges);  // 2025-01-01 is a Wednesday
  EXPECT_EQ(lengths(*edges), (std::vector<std::int64_t>{5 * 86'400, 7 * 86'400, 2 * 86'400}));
}

TEST(BucketsTest, MonthsFollowTheLocalCalendar) {
  const auto edges = calendar_edges({kMarch30, kMarch30 + 60 * 86'400}, zone("Europe/Paris"), Calendar::month);
  ASSERT_TRUE(edges);
  const auto all = lengths(*edges);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0], 2 * 86'400 - 3600);
  EXPECT_EQ(all[1], 30 * 86'400);
}

TEST(BucketsTest, AYearIn1500PointsIs1460SixHourBuckets) {
  const auto nice = nice_edges({1'735'689'600, 1'735'689'600 + 365 * 86'400}, model::Zone::utc(), 1500);
  ASSERT_TRUE(nice);
  EXPECT_EQ(nice->step_s, 21'600);
  EXPECT_EQ(nice->edges.size() - 1, 1460U);
}

TEST(BucketsTest, NiceEdgesNeverGiveMoreThanAsked) {
  for (const std::int64_t length : {1, 59, 3600, 86'400, 90'000, 31'536'000, 315'360'000}) {
    for (const std::size_t points : {1U, 2U, 3U, 10U, 1499U, 1500U}) {
      for (const std::int64_t from : {std::int64_t{0}, kMarch30 - 12'345, kOctober26 - 1}) {
        const auto nice = nice_edges({from, from + length}, zone("Europe/Paris"), points);
        ASSERT_TRUE(nice) << length << ' ' << points;
        EXPECT_LE(nice->edges.size() - 1, points);
        EXPECT_EQ(nice->edges.front(), from);
        EXPECT_EQ(nice->edges.back(), from + length);
        for (const std::int64_t bucket : lengths(nice->edges)) EXPECT_GT(bucket, 0);
      }
    }
  }
}

TEST(BucketsTest, AStepThatDividesNoDayStartsAnewAtMidnight) {
  const auto edges = step_edges({0, 2 * 86'400}, model::Zone::utc(), 50'000);
  ASSERT_TRUE(edges);
  EXPECT_EQ(*edges, (Edges{0, 50'000, 86'400, 136'400, 172'800}));
}

TEST(BucketsTest, RefusesEmptyPeriodsTooManyBucketsAndOddLongSteps) {
  EXPECT_EQ(calendar_edges({10, 10}, model::Zone::utc(), Calendar::day).error().kind(), Errc::invalid_input);
  EXPECT_FALSE(step_edges({0, 3'000'000'000}, model::Zone::utc(), 1));
  EXPECT_FALSE(calendar_edges({0, 3'000'000'000}, model::Zone::utc(), Calendar::hour));
  EXPECT_FALSE(step_edges({0, 864'000}, model::Zone::utc(), 100'000));
  EXPECT_FALSE(step_edges({0, 864'000}, model::Zone::utc(), 0));
  EXPECT_FALSE(nice_edges({0, 100}, model::Zone::utc(), 0));
  EXPECT_FALSE(calendar_edges({0, 100'000'000'000}, model::Zone::utc(), Calendar::month));
}

}  // namespace
}  // namespace pv::query
