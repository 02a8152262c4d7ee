#include "quality/header_check.h"

#include <gtest/gtest.h>

#include "testing/given_site.h"

namespace pv::quality {
namespace {

using testing::Dice;
using testing::phase;
using testing::power;
using testing::site_table;
using testing::SiteColumn;
using testing::supply;
using testing::volts;
using testing::watts;

std::vector<Finding> check(const std::vector<SiteColumn>& columns) {
  const model::LoggerTable table = site_table(columns);
  return check_values({&table, 1});
}

std::vector<std::string> columns_of(const std::vector<Finding>& findings, FindingKind kind) {
  std::vector<std::string> columns;
  for (const Finding& finding : findings) {
    if (finding.kind == kind) columns.push_back(finding.column);
  }
  return columns;
}

using Names = std::vector<std::string>;
constexpr auto kWatts = FindingKind::watts_read_like_volts;
constexpr auto kVolts = FindingKind::volts_read_like_watts;

struct HeaderCheckTest : ::testing::Test {
  testing::Seed seed;
  Dice dice{seed.value()};
  std::vector<double> grid = supply(dice, 200);
  std::vector<double> zero = std::vector<double>(200, 0.0);
  std::vector<double> flat_230 = std::vector<double>(200, 230.0);

  std::vector<double> resistive(double at_230_V) const {
    std::vector<double> values;
    for (const double volt : grid) values.push_back(at_230_V * volt * volt / 230 / 230);
    return values;
  }
};

TEST_F(HeaderCheckTest, FindsThreeVoltagesUnderAMonoHeader) {
  const auto findings = check({volts("Ph 1 V", grid), {"Voie1 W", phase(dice, grid, -2.5), 2}, {"Voie2 W", phase(dice, grid, -0.4), 2},
                               watts("Voie3 W", power(dice, 200, 4, 50)), watts("Voie4 W", zero), watts("Voie5 W", zero)});
  EXPECT_EQ(columns_of(findings, kWatts), (Names{"M02001283_Ch1_M02001283_W", "M02001283_Ch2_M02001283_W"}));
  EXPECT_EQ(findings.size(), 2U);
  EXPECT_NE(findings[0].what.find("\"Voie1 W\" (Ch1 of 02001283) reads like volts"), std::string::npos) << findings[0].what;
  EXPECT_NE(findings[0].what.find("\"Ph 1 V\" (U1 of 02001283)"), std::string::npos) << findings[0].what;
}

TEST_F(HeaderCheckTest, SaysHowMuchEnergyWouldBeAdded) {
  std::vector<double> close;
  for (std::size_t row = 0; row < 200; ++row) close.push_back(row % 2 == 0 ? 240.07 : 239.93);  // 240.00 in the middle
  const auto findings = check({volts("Ph 1 V", close), volts("Voie1 W", close), watts("Voie2 W", power(dice, 200, 4, 50))});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_NE(findings[0].what.find("239.93 to 240.07 in 200 rows"), std::string::npos) << findings[0].what;
  EXPECT_NE(findings[0].what.find("8.0 kWh"), std::string::npos) << findings[0].what;  // 240 W, 200 times ten minutes
}

TEST_F(HeaderCheckTest, FindsThemToNothingButEachOther) {
  const auto findings = check({volts("Ph 1 V", grid), {"Voie1 W", phase(dice, grid, -2.5), 2}, {"Voie2 W", phase(dice, grid, -0.4), 2}});
  EXPECT_EQ(columns_of(findings, kWatts).size(), 2U);
}

TEST_F(HeaderCheckTest, FindsThemAmongRowsThatTheHeaderFits) {
  std::vector<double> partly = power(dice, 200, 4, 50);
  const std::vector<double> other = phase(dice, grid, -2.5);
  std::copy(other.begin(), other.begin() + 60, partly.begin() + 100);
  model::LoggerTable table = site_table({volts("Ph 1 V", grid), volts("Voie1 W", partly), watts("Voie2 W", power(dice, 200, 4, 50))});
  EXPECT_EQ(columns_of(check_values({&table, 1}), kWatts), Names{"M02001283_Ch1_M02001283_W"});
}

TEST_F(HeaderCheckTest, FindsAPhaseThatWasNotConnectedAtFirst) {
  std::vector<double> late = phase(dice, grid, -1);
  for (std::size_t row = 0; row < 100; ++row) late[row] = 114.26 + static_cast<double>(row % 7) / 100;
  const auto findings = check({volts("Ph 1 V", grid), volts("Voie1 W", late), watts("Voie2 W", power(dice, 200, 4, 50))});
  EXPECT_EQ(columns_of(findings, kWatts), Names{"M02001283_Ch1_M02001283_W"});
}

TEST_F(HeaderCheckTest, FindsAVoltageAmongPowersWhenNoColumnTitledVoltsIsOne) {
  const auto findings = check({watts("Ph 1 V", zero), volts("Voie1 W", grid), watts("Voie2 W", zero)});
  EXPECT_EQ(columns_of(findings, kWatts), Names{"M02001283_Ch1_M02001283_W"});
}

TEST_F(HeaderCheckTest, TakesNoLoadUnderAVoltageTitleForTheVoltage) {
  const auto findings = check({watts("Ph 1 V", power(dice, 200, 190, 215)), volts("Voie1 W", grid), watts("Voie2 W", power(dice, 200, 4, 50))});
  EXPECT_EQ(columns_of(findings, kWatts), Names{"M02001283_Ch1_M02001283_W"});
}

TEST_F(HeaderCheckTest, LeavesAHeaterThatTakesTwoHundredAndThirtyWattsAlone) {
  const std::vector<double> other = power(dice, 200, 4, 50);
  const std::vector<double> near = power(dice, 200, 228, 233);
  EXPECT_TRUE(check({volts("Ph 1 V", grid), watts("Voie1 W", flat_230), watts("Voie2 W", other)}).empty());
  EXPECT_TRUE(check({volts("Ph 1 V", grid), watts("Voie1 W", flat_230)}).empty());
  EXPECT_TRUE(check({volts("Ph 1 V", grid), watts("Voie1 W", near), watts("Voie2 W", near)}).empty());
  EXPECT_TRUE(check({volts("Ph 1 V", grid), watts("Voie1 W", resistive(230)), watts("Voie2 W", resistive(215))}).empty());
}

TEST_F(HeaderCheckTest, LeavesAHeaterAloneWherePowersHaveTwoDecimals) {
  const SiteColumn other = volts("Voie2 W", phase(dice, std::vector<double>(200, 30.0), 0, 5));
  // 214 W at 230 V are 247 W at the 247 V of this supply.
  std::vector<double> restless;
  for (std::size_t row = 0; row < 200; ++row) restless.push_back(static_cast<double>(dice.between(24'000, 25'200)) / 100);
  EXPECT_TRUE(check({volts("Ph 1 V", grid), volts("Voie1 W", resistive(214)), other}).empty());
  EXPECT_TRUE(check({volts("Ph 1 V", grid), volts("Voie1 W", restless), other}).empty());
  EXPECT_TRUE(check({volts("Ph 1 V", grid), volts("Voie1 W", resistive(214))}).empty());
  EXPECT_TRUE(check({volts("Ph 1 V", grid), volts("Voie1 W", restless)}).empty());
}

TEST_F(HeaderCheckTest, HoldsAColumnThatMovesWithTheVoltageWhereverBothAreWrittenAlike) {
  const auto two_decimals = check({volts("Ph 1 V", grid), volts("Voie1 W", phase(dice, grid, -2, 0.1)),
                                   volts("Voie2 W", phase(dice, std::vector<double>(200, 30.0), 0, 5))});
  EXPECT_EQ(columns_of(two_decimals, kWatts), Names{"M02001283_Ch1_M02001283_W"});
  const auto one_decimal = check({watts("Ph 1 V", grid), watts("Voie1 W", phase(dice, grid, -2, 0.1)), watts("Voie2 W", power(dice, 200, 4, 50))});
  EXPECT_EQ(columns_of(one_decimal, kWatts), Names{"M02001283_Ch1_M02001283_W"});
}

TEST_F(HeaderCheckTest, LeavesWattsFarFromTheVoltageAlone) {
  EXPECT_TRUE(check({volts("Ph 1 V", grid), volts("Voie1 W", phase(dice, grid, -40)), watts("Voie2 W", power(dice, 200, 4, 50))}).empty());
}

TEST_F(HeaderCheckTest, FindsPowersUnderAVoltageTitle) {
  const auto thousands = check({volts("Ph 1 V", grid), watts("Ph 2 V", power(dice, 200, 900, 4000)), watts("Ph 3 V", zero)});
  EXPECT_EQ(columns_of(thousands, kVolts), Names{"M02001283_U2_M02001283_V"});
  const auto fed_in = check({volts("Ph 1 V", grid), watts("Ph 2 V", power(dice, 200, -400, -20)), watts("Ph 3 V", zero)});
  EXPECT_EQ(columns_of(fed_in, kVolts), Names{"M02001283_U2_M02001283_V"});
  const auto standby = check({volts("Ph 1 V", grid), watts("Ph 2 V", power(dice, 200, 4, 50)), watts("Ph 3 V", zero)});
  EXPECT_EQ(columns_of(standby, kVolts), Names{"M02001283_U2_M02001283_V"});
}

TEST_F(HeaderCheckTest, LeavesPhasesWithoutASupplyAlone) {
  const SiteColumn load = watts("Voie1 W", power(dice, 200, 900, 4000));
  const std::vector<double> floating = phase(dice, std::vector<double>(200, 114.4), 0);
  const std::vector<double> offset = phase(dice, zero, 0, 0.4);
  EXPECT_TRUE(check({volts("Ph 1 V", grid), volts("Ph 2 V", floating), volts("Ph 3 V", floating), load}).empty());
  EXPECT_TRUE(check({volts("Ph 1 V", grid), volts("Ph 2 V", zero), volts("Ph 3 V", offset), load}).empty());
  EXPECT_TRUE(check({volts("Ph 1 V", zero), load}).empty());
}

TEST_F(HeaderCheckTest, SaysNothingOfAHandfulOfRowsOrNone) {
  const std::vector<double> few(grid.begin(), grid.begin() + 5);
  EXPECT_TRUE(check({volts("Ph 1 V", few), volts("Voie1 W", few), watts("Voie2 W", {4.1, 4.2, 4.1, 4.3, 4.1})}).empty());
  EXPECT_TRUE(check({volts("Ph 1 V", {}), volts("Voie1 W", {})}).empty());
  EXPECT_TRUE(check_values({}).empty());
}

TEST_F(HeaderCheckTest, SkipsMissingCellsAndRestartsKeptAsZeros) {
  std::vector<double> other = phase(dice, grid, -2.5);
  for (std::size_t row = 0; row < 200; row += 5) other[row] = row % 2 == 0 ? 0.0 : std::nan("");
  const auto findings = check({volts("Ph 1 V", grid), volts("Voie1 W", other), watts("Voie2 W", power(dice, 200, 4, 50))});
  EXPECT_EQ(columns_of(findings, kWatts), Names{"M02001283_Ch1_M02001283_W"});
}

TEST_F(HeaderCheckTest, ReadsColumnsOfDoublesToo) {
  model::LoggerTable table = site_table({volts("Ph 1 V", grid), volts("Voie1 W", phase(dice, grid, -2.5)), watts("Voie2 W", power(dice, 200, 4, 50)),
                                         watts("Voie3 W", flat_230)});
  for (model::Column& column : table.rows.columns) column.make_real();
  EXPECT_EQ(columns_of(check_values({&table, 1}), kWatts), Names{"M02001283_Ch1_M02001283_W"});
}

TEST_F(HeaderCheckTest, NamesAColumnOnceHoweverManyTablesShowIt) {
  const model::LoggerTable table = site_table({volts("Ph 1 V", grid), volts("Voie1 W", phase(dice, grid, -2.5)), watts("Voie2 W", power(dice, 200, 4, 50))});
  const std::vector<model::LoggerTable> tables = {table, table};
  EXPECT_EQ(check_values(tables).size(), 1U);
}

TEST_F(HeaderCheckTest, StopsAtItsLimitAndCutsLongTitlesBetweenCharacters) {
  std::vector<SiteColumn> columns = {volts("Ph 1 V", grid)};
  std::string title;
  for (int i = 0; i < 50; ++i) title += "é";
  for (std::size_t i = 0; i < kMostFindings + 20; ++i) columns.push_back(volts(title + " W", phase(dice, grid, -1)));
  const auto findings = check(columns);
  ASSERT_EQ(findings.size(), kMostFindings);
  for (const Finding& finding : findings) EXPECT_TRUE(model::is_valid_utf8(finding.what)) << finding.what;
  EXPECT_LT(findings[0].what.size(), 400U);
}

TEST(FindingKinds, HaveStableNames) {
  EXPECT_EQ(to_string(FindingKind::watts_read_like_volts), "watts_read_like_volts");
  EXPECT_EQ(to_string(FindingKind::volts_read_like_watts), "volts_read_like_watts");
  EXPECT_EQ(to_string(FindingKind::stored_elsewhere), "stored_elsewhere");
}

}  // namespace
}  // namespace pv::quality
