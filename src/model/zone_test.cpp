#include "model/zone.h"

#include <gtest/gtest.h>

namespace pv::model {
namespace {

// 2025-10-26 01:00 UTC: Paris sets its clock from 03:00 back to 02:00. 2025-03-30 01:00 UTC: from 02:00 to 03:00.
constexpr std::int64_t kAutumn = 1'761'440'400;
constexpr std::int64_t kSpring = 1'743'296'400;

class ParisTest : public testing::TestWithParam<const char*> {
 protected:
  static Zone zone() {
    const std::string_view name = GetParam();
    return name.find(',') == std::string_view::npos ? Zone::from_name(name).value() : Zone::from_posix(name).value();
  }
};

INSTANTIATE_TEST_SUITE_P(Zone, ParisTest, testing::Values("Europe/Paris", "CET-1CEST,M3.5.0,M10.5.0/3"));

TEST_P(ParisTest, OffsetChangesAtTheInstantOfTheChange) {
  const Zone paris = zone();
  EXPECT_EQ(paris.offset_at(kAutumn - 1).offset_s, 7200);
  EXPECT_EQ(paris.offset_at(kAutumn).offset_s, 3600);
  EXPECT_EQ(paris.offset_at(kAutumn - 1).end_s, kAutumn);
  EXPECT_EQ(paris.offset_at(kAutumn).begin_s, kAutumn);
  EXPECT_EQ(paris.offset_at(kSpring - 1).offset_s, 3600);
  EXPECT_EQ(paris.offset_at(kSpring).offset_s, 7200);
  EXPECT_EQ(paris.offset_at(kSpring).begin_s, kSpring);
  EXPECT_EQ(paris.offset_at(kSpring).end_s, kAutumn);
}

TEST_P(ParisTest, RepeatedHourHasTwoInstants) {
  const Zone paris = zone();
  const std::int64_t two_ten = kAutumn + 3600 + 600;  // 02:10 on the local clock
  const Zone::Instants instants = paris.to_utc(two_ten);
  EXPECT_EQ(instants.kind, Zone::LocalKind::repeated);
  EXPECT_EQ(instants.earlier_s, two_ten - 7200);
  EXPECT_EQ(instants.later_s, two_ten - 3600);
  EXPECT_EQ(paris.to_utc(kAutumn + 3600 - 1).kind, Zone::LocalKind::unique);    // 01:59:59
  EXPECT_EQ(paris.to_utc(kAutumn + 3600).kind, Zone::LocalKind::repeated);      // 02:00:00
  EXPECT_EQ(paris.to_utc(kAutumn + 7200 - 1).kind, Zone::LocalKind::repeated);  // 02:59:59
  EXPECT_EQ(paris.to_utc(kAutumn + 7200).kind, Zone::LocalKind::unique);        // 03:00:00
  EXPECT_EQ(paris.to_utc(kAutumn + 7200).earlier_s, kAutumn + 3600);
}

TEST_P(ParisTest, SkippedHourIsTheInstantOfTheChange) {
  const Zone paris = zone();
  const Zone::Instants instants = paris.to_utc(kSpring + 3600 + 600);  // 02:10 never shows
  EXPECT_EQ(instants.kind, Zone::LocalKind::skipped);
  EXPECT_EQ(instants.earlier_s, kSpring);
  EXPECT_EQ(instants.later_s, kSpring);
  EXPECT_EQ(paris.to_utc(kSpring + 3600 - 1).earlier_s, kSpring - 1);
  EXPECT_EQ(paris.to_utc(kSpring + 7200).earlier_s, kSpring);
}

TEST_P(ParisTest, ChangesGoOnAfterTheListedYears) {
  const Zone paris = zone();
  EXPECT_EQ(paris.offset_at(4'086'720'000).offset_s, 7200);  // 2099-07-03
  EXPECT_EQ(paris.offset_at(4'070'908'800).offset_s, 3600);  // 2099-01-01
  EXPECT_EQ(paris.offset_at(2'140'041'600).offset_s, 7200);  // 2037-10-25 00:00
  EXPECT_EQ(paris.offset_at(2'140'045'200).offset_s, 3600);  // 2037-10-25 01:00
  EXPECT_EQ(paris.offset_at(2'140'045'200).end_s, 2'153'350'800);  // 2038-03-28 01:00
}

TEST(ZoneTest, EveryInstantComesBackFromItsLocalTime) {
  for (const char* name : {"Europe/Paris", "Australia/Lord_Howe", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"}) {
    const Zone zone = Zone::from_name(name).value();
    for (std::int64_t utc = 1'483'228'800; utc < 1'798'761'600; utc += 1'777) {
      const Zone::Offset offset = zone.offset_at(utc);
      ASSERT_LE(offset.begin_s, utc);
      ASSERT_LT(utc, offset.end_s);
      const Zone::Instants instants = zone.to_utc(utc + offset.offset_s);
      ASSERT_TRUE(instants.earlier_s == utc || instants.later_s == utc) << name << " " << utc;
    }
  }
}

TEST(ZoneTest, PosixStringsAgreeWithNamedZones) {
  const std::pair<const char*, const char*> pairs[] = {{"Europe/Paris", "CET-1CEST,M3.5.0,M10.5.0/3"},
                                                       {"America/New_York", "EST5EDT,M3.2.0,M11.1.0"},
                                                       {"Australia/Sydney", "AEST-10AEDT,M10.1.0,M4.1.0/3"},
                                                       {"Asia/Kolkata", "IST-5:30"},
                                                       {"America/Sao_Paulo", "<-03>3"}};
  for (const auto& [name, posix] : pairs) {
    const Zone named = Zone::from_name(name).value();
    const Zone text = Zone::from_posix(posix).value();
    for (std::int64_t utc = 1'577'836'800; utc < 1'893'456'000; utc += 1'799) {  // 2020 to 2030
      ASSERT_EQ(named.offset_at(utc).offset_s, text.offset_at(utc).offset_s) << name << " " << utc;
    }
  }
}

TEST(ZoneTest, JulianDaysCount) {
  // J60 is 1 March in every year, 59 is 29 February in a leap year.
  const Zone without_leap = Zone::from_posix("AAA0BBB,J60/0,J300/0").value();
  EXPECT_EQ(without_leap.offset_at(1'709'251'199).offset_s, 0);     // 2024-02-29 23:59:59
  EXPECT_EQ(without_leap.offset_at(1'709'251'200).offset_s, 3600);  // 2024-03-01
  const Zone zero_based = Zone::from_posix("AAA0BBB,59/0,300/0").value();
  EXPECT_EQ(zero_based.offset_at(1'709'164'799).offset_s, 0);     // 2024-02-28 23:59:59
  EXPECT_EQ(zero_based.offset_at(1'709'164'800).offset_s, 3600);  // 2024-02-29
}

TEST(ZoneTest, ChangesAtTheEdgeOfTheYearHold) {
  const Zone zone = Zone::from_posix("AAA0BBB,J365/167,J1/-167").value();
  for (std::int64_t utc = 1'704'067'200 - 20 * 86'400; utc < 1'704'067'200 + 20 * 86'400; utc += 3'600) {
    const Zone::Offset offset = zone.offset_at(utc);
    ASSERT_LE(offset.begin_s, utc);
    ASSERT_LT(utc, offset.end_s);
  }
}

TEST(ZoneTest, UtcHasOneOffsetForEver) {
  for (const Zone& zone : {Zone::utc(), Zone::from_name("UTC").value(), Zone::from_name("Etc/UTC").value()}) {
    EXPECT_TRUE(zone.is_utc());
    EXPECT_EQ(zone.name(), "UTC");
    EXPECT_EQ(zone.offset_at(0).offset_s, 0);
    EXPECT_EQ(zone.to_utc(123).earlier_s, 123);
  }
  EXPECT_FALSE(Zone::from_name("Europe/Paris").value().is_utc());
}

TEST(ZoneTest, UnknownNamesAreNotFound) {
  for (const std::string name : {"", "Europe/Pariss", "../../etc/passwd", "right/Europe/Paris", "/etc/localtime"}) {
    const auto zone = Zone::from_name(name);
    ASSERT_FALSE(zone) << name;
    EXPECT_EQ(zone.error().kind(), Errc::not_found);
    EXPECT_NE(zone.error().message().find("'" + name + "'"), std::string::npos);
  }
  EXPECT_FALSE(Zone::from_name(std::string(100'000, 'x')));
}

TEST(ZoneTest, BrokenPosixStringsAreInvalid) {
  for (const char* posix : {"", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
                            "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0/3x", "C-1", "<CET-1", "CET-99", "CET-1CEST,J0,J1"}) {
    const auto zone = Zone::from_posix(posix);
    ASSERT_FALSE(zone) << posix;
    EXPECT_EQ(zone.error().kind(), Errc::invalid_input);
  }
}

}  // namespace
}  // namespace pv::model
