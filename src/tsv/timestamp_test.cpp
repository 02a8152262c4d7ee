#include "tsv/timestamp.h"

#include <string>

#include <gtest/gtest.h>

namespace pv::tsv {
namespace {

std::optional<std::int64_t> local(const std::string& text) {
  const auto stamp = parse_stamp(text.c_str());
  return stamp ? std::optional(stamp->local_s()) : std::nullopt;
}

TEST(ParseStampTest, IsDayFirstInTheTwentyFirstCentury) {
  EXPECT_EQ(local("03/08/25 03:20:00"), 1'754'191'200);
  EXPECT_EQ(local("01/01/00 00:00:00"), 946'684'800);
  EXPECT_EQ(local("31/12/99 23:59:59"), 4'102'444'799);
  EXPECT_EQ(local("29/02/24 00:00:00"), 1'709'164'800);
  EXPECT_EQ(local("01/03/24 00:00:00"), 1'709'251'200);
  EXPECT_EQ(local("01/01/20 00:00:00"), kUnsetClockDay_s);
}

TEST(ParseStampTest, RefusesDaysAndTimesThatDoNotExist) {
  for (const char* text : {"31/02/26 00:00:00", "29/02/25 00:00:00", "31/04/25 00:00:00", "00/01/25 00:00:00", "01/00/25 00:00:00",
                           "01/13/25 00:00:00", "32/01/25 00:00:00", "01/01/25 24:00:00", "01/01/25 00:60:00", "01/01/25 00:00:60"}) {
    EXPECT_FALSE(local(text)) << text;
  }
}

TEST(ParseStampTest, RefusesEveryOtherShape) {
  for (const char* text : {"2025-08-03 03:20:", "03-08-25 03:20:00", "03/08/25T03:20:00", "03/08/25 03.20.00", " 3/08/25 03:20:00", "03/08/2025 03:20:",
                           "aa/bb/cc dd:ee:ff"}) {
    EXPECT_FALSE(local(text)) << text;
  }
}

class StampClockTest : public ::testing::Test {
 protected:
  StampClock clock_{model::Zone::from_name("Europe/Paris").value()};
  using Reading = StampClock::Reading;
};

TEST_F(StampClockTest, RowOrderTellsThePassesOfARepeatedHourApart) {
  const std::int64_t two_ten = *local("26/10/25 02:10:00");
  const auto first = clock_.to_utc(two_ten, two_ten - 7200 - 600);
  EXPECT_EQ(first.utc_s, two_ten - 7200);
  EXPECT_EQ(first.reading, Reading::first_pass);
  const auto second = clock_.to_utc(two_ten, first.utc_s + 2400);
  EXPECT_EQ(second.utc_s, two_ten - 3600);
  EXPECT_EQ(second.reading, Reading::second_pass);
  EXPECT_EQ(clock_.to_utc(two_ten, std::nullopt).reading, Reading::ambiguous);
}

TEST_F(StampClockTest, SkippedHourKeepsItsSecondsApart) {
  const auto first = clock_.to_utc(*local("30/03/25 02:10:00"), std::nullopt);
  const auto second = clock_.to_utc(*local("30/03/25 02:20:00"), std::nullopt);
  EXPECT_EQ(first.reading, Reading::nonexistent);
  EXPECT_EQ(second.utc_s - first.utc_s, 600);
  EXPECT_EQ(first.utc_s, *local("30/03/25 01:10:00"));
}

TEST_F(StampClockTest, DayWindowHoldsOnlyCertainSeconds) {
  const auto window = [&](const char* text) { return clock_.day_window(*parse_stamp(text)); };
  EXPECT_EQ(window("03/08/25 12:00:00").first_second, 0U);
  EXPECT_EQ(window("03/08/25 12:00:00").end_second, 86'400U);
  EXPECT_EQ(window("03/08/25 12:00:00").midnight_utc_s, *local("02/08/25 22:00:00"));
  EXPECT_EQ(window("26/10/25 01:00:00").end_second, 7'200U);
  EXPECT_EQ(window("26/10/25 04:00:00").first_second, 10'800U);
  EXPECT_EQ(window("26/10/25 02:30:00").end_second, 0U);
  EXPECT_EQ(window("30/03/25 01:00:00").end_second, 7'200U);
  EXPECT_EQ(window("30/03/25 03:00:00").first_second, 10'800U);
}

TEST_F(StampClockTest, AgreesWithItsZoneAtEverySecondAroundTheChanges) {
  for (const char* night : {"26/10/25 00:00:00", "30/03/25 00:00:00"}) {
    for (std::int64_t at = *local(night); at < *local(night) + 5 * 3600; at += 7) {
      StampClock fresh{clock_.zone()};
      const auto cached = clock_.to_utc(at, 0);
      EXPECT_EQ(cached.utc_s, fresh.to_utc(at, 0).utc_s);
      const auto instants = clock_.zone().to_utc(at);
      if (instants.kind == model::Zone::LocalKind::unique) {
        EXPECT_EQ(cached.reading, Reading::certain);
        EXPECT_EQ(cached.utc_s, instants.earlier_s);
      }
    }
  }
}

}  // namespace
}  // namespace pv::tsv
