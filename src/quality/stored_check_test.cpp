#include <gtest/gtest.h>

#include "quality/header_check.h"
#include "testing/given_site.h"

namespace pv::quality {
namespace {

using testing::Dice;
using testing::phase;
using testing::power;
using testing::site_table;
using testing::stored_table;
using testing::volts;
using testing::watts;

using Names = std::vector<std::string>;

struct StoredCheckTest : ::testing::Test {
  testing::Seed seed;
  Dice dice{seed.value()};
  std::vector<double> grid = testing::supply(dice, 200);
  std::vector<double> second = phase(dice, grid, -2.5);
  std::vector<double> third = phase(dice, grid, -0.4);
  std::vector<double> load = power(dice, 200, 4, 50);
  std::vector<double> zero = std::vector<double>(200, 0.0);
  model::LoggerTable right = site_table({volts("Ph 1 V", grid), volts("Ph 2 V", second), volts("Ph 3 V", third), watts("Voie1 W", load),
                                         watts("Voie2 W", zero), watts("Voie3 W", zero)});
  testing::MemorySource source;

  void SetUp() override { source.campaigns.push_back(stored_table(right)); }

  std::vector<Finding> check(const model::LoggerTable& table, const char* campaign = "camp") {
    const auto snapshot = source.snapshot(1).value();
    return check_stored({&table, 1}, *snapshot, *model::CampaignName::parse(campaign)).value();
  }
  static Names columns_of(const std::vector<Finding>& findings) {
    Names names;
    for (const Finding& finding : findings) {
      EXPECT_EQ(finding.kind, FindingKind::stored_elsewhere);
      names.push_back(finding.column);
    }
    return names;
  }
};

TEST_F(StoredCheckTest, FindsAMonoHeaderAboveRowsThatAreStoredAsTri) {
  const auto findings = check(site_table({volts("Ph 1 V", grid), volts("Voie1 W", second), volts("Voie2 W", third), watts("Voie3 W", load),
                                          watts("Voie4 W", zero), watts("Voie5 W", zero)}));
  EXPECT_EQ(columns_of(findings), (Names{"M02001283_Ch1_M02001283_W", "M02001283_Ch2_M02001283_W", "M02001283_Ch3_M02001283_W"}));
  EXPECT_NE(findings.at(0).what.find("\"Ph 2 V\" (U2 of 02001283) at 200 of 200 instants"), std::string::npos) << findings[0].what;
  EXPECT_NE(findings.at(2).what.find("\"Voie1 W\" (Ch1 of 02001283)"), std::string::npos) << findings[2].what;
}

TEST_F(StoredCheckTest, FindsAColumnWhoseOwnChannelIsNotStored) {
  source.campaigns[0].loggers[0].channels.resize(3);
  source.campaigns[0].loggers[0].rows.columns.resize(3);
  const auto findings = check(site_table({volts("Ph 1 V", grid), volts("Voie1 W", second), watts("Voie2 W", load)}));
  EXPECT_EQ(columns_of(findings), (Names{"M02001283_Ch1_M02001283_W"}));
  EXPECT_NE(findings.at(0).what.find("have no such channel"), std::string::npos) << findings[0].what;
}

TEST_F(StoredCheckTest, FindsTwoPhasesThatChangedPlaces) {
  const auto findings = check(site_table({volts("Ph 1 V", grid), volts("Ph 2 V", third), volts("Ph 3 V", second), watts("Voie1 W", load),
                                          watts("Voie2 W", zero), watts("Voie3 W", zero)}));
  EXPECT_EQ(columns_of(findings), (Names{"M02001283_U2_M02001283_V", "M02001283_U3_M02001283_V"}));
}

TEST_F(StoredCheckTest, LeavesTheSameRowsAlone) { EXPECT_TRUE(check(right).empty()); }

TEST_F(StoredCheckTest, LeavesRowsAloneThatWereReadInAnotherZone) {
  model::LoggerTable late = right;
  for (std::int64_t& time_s : late.rows.time_s) time_s += 3600;
  EXPECT_TRUE(check(late).empty());
}

TEST_F(StoredCheckTest, LeavesASecondClampAroundOneWireAlone) {
  model::LoggerTable more = right;
  more.channels.push_back(testing::channel_of("02001283", "04000001", "Ch1"));
  more.rows.columns.push_back(more.rows.columns[3]);
  EXPECT_TRUE(check(more).empty());
}

TEST_F(StoredCheckTest, LeavesColumnsOfFewNumbersAlone) {
  std::vector<double> standby;
  for (std::size_t row = 0; row < 200; ++row) standby.push_back(row % 3 == 0 ? 4.5 : 4.6);
  source.campaigns[0] = stored_table(site_table({volts("Ph 1 V", grid), watts("Voie1 W", standby), watts("Voie2 W", zero)}));
  EXPECT_TRUE(check(site_table({volts("Ph 1 V", grid), watts("Voie1 W", zero), watts("Voie2 W", standby)})).empty());
}

TEST_F(StoredCheckTest, SaysNothingWithoutEnoughSharedInstants) {
  model::LoggerTable moved = site_table({volts("Ph 1 V", grid), volts("Voie1 W", second), volts("Voie2 W", third)}, "02001283",
                                        testing::kSiteBegin_s + 195 * 600);
  EXPECT_TRUE(check(moved).empty());
}

TEST_F(StoredCheckTest, SaysNothingOfACampaignOrALoggerThatIsNew) {
  const model::LoggerTable stale = site_table({volts("Ph 1 V", grid), volts("Voie1 W", second), volts("Voie2 W", third)});
  EXPECT_TRUE(check(stale, "another").empty());
  EXPECT_TRUE(check(site_table({volts("Ph 1 V", grid), volts("Voie1 W", second), volts("Voie2 W", third)}, "02009999")).empty());
  EXPECT_FALSE(check(stale).empty());
}

TEST_F(StoredCheckTest, ReadsBlocksOfAnySizeAlike) {
  const model::LoggerTable stale = site_table({volts("Ph 1 V", grid), volts("Voie1 W", second), volts("Voie2 W", third)});
  const auto whole = check(stale);
  source.block_rows = 7;
  EXPECT_EQ(check(stale), whole);
  EXPECT_EQ(whole.size(), 2U);
}

TEST_F(StoredCheckTest, ReadsNoValuesOfOtherChannelsWhenAllAgree) {
  source.campaigns[0].loggers[0].channels.push_back(testing::channel_of("02001283", "04000001", "Ch1"));
  source.campaigns[0].loggers[0].rows.columns.push_back(right.rows.columns[3]);
  check(right);
  EXPECT_EQ(source.reads, 2U);  // the time column, and the file's channels
}

TEST_F(StoredCheckTest, AddsToWhatTheFileSaysByItself) {
  const model::LoggerTable stale = site_table({volts("Ph 1 V", grid), volts("Voie1 W", second), volts("Voie2 W", third), watts("Voie3 W", load)});
  const auto snapshot = source.snapshot(1).value();
  const auto both = check_header({&stale, 1}, *snapshot, *model::CampaignName::parse("camp")).value();
  ASSERT_EQ(both.size(), 5U);
  EXPECT_EQ(both[0].kind, FindingKind::watts_read_like_volts);
  EXPECT_EQ(both[4].kind, FindingKind::stored_elsewhere);
}

TEST_F(StoredCheckTest, GivesTheErrorOfADamagedStore) {
  source.damaged = true;
  const auto snapshot = source.snapshot(1).value();
  const auto answer = check_stored({&right, 1}, *snapshot, *model::CampaignName::parse("camp"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), Errc::corrupt);
}

}  // namespace
}  // namespace pv::quality
