#include "model/rhythm.h"

#include <gtest/gtest.h>

namespace pv::model {
namespace {

TEST(RhythmTest, TheMostFrequentDistanceIsTheStep) {
  EXPECT_EQ(usual_step(std::vector<std::int64_t>{0, 600, 1200, 1260, 1800, 2400}), 600);
  EXPECT_EQ(usual_step(std::vector<std::int64_t>{0, 60, 660}), 60) << "the smaller of two that are as frequent";
  EXPECT_EQ(usual_step(std::vector<std::int64_t>{7}), 0);
}

TEST(RhythmTest, ASilenceEndsWhereTheNextRowsIntervalBegins) {
  const auto found = silences(std::vector<std::int64_t>{0, 600, 1200, 3000, 3600});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].from_s, 1200);
  EXPECT_EQ(found[0].to_s, 2400);
}

TEST(RhythmTest, HalfAStepMoreIsNoSilence) {
  EXPECT_TRUE(silences(std::vector<std::int64_t>{0, 600, 1200, 2100, 2700}).empty());
}

TEST(RhythmTest, AStepThatIsGivenCountsOverTheUsualOne) {
  const std::vector<std::int64_t> hourly = {0, 3600, 7200, 10'800};
  EXPECT_TRUE(silences(hourly).empty());
  EXPECT_EQ(silences(hourly, 600).size(), 3U);
  EXPECT_TRUE(silences(std::vector<std::int64_t>{0, 600, 3600}, 7200).empty());
  EXPECT_TRUE(silences(hourly, 0).empty());
}

TEST(ExpectedStepsTest, ADevicesOwnStepCountsOverThatOfItsCampaign) {
  const ExpectedSteps steps{600, {{"02001283", 60}}};
  EXPECT_EQ(steps.of("02001283"), 60);
  EXPECT_EQ(steps.of("02001171"), 600);
  EXPECT_FALSE(ExpectedSteps{}.of("02001171"));
}

}  // namespace
}  // namespace pv::model
