#include "model/column.h"

#include <gtest/gtest.h>

namespace pv::model {
namespace {

TEST(ColumnTest, KeepsEveryDecimalExactly) {
  Column column;
  column.push_decimal(2497, 1);
  column.push_decimal(24970, 2);
  column.push_decimal(24971, 2);
  column.push_missing();
  column.push_decimal(7, 0);
  EXPECT_EQ(column.kind, Column::Kind::decimal);
  EXPECT_EQ(column.value(0), 249.7);
  EXPECT_EQ(column.value(1), 249.7);
  EXPECT_EQ(column.value(2), 249.71);
  EXPECT_TRUE(column.is_missing(3));
  EXPECT_EQ(column.value(4), 7.0);
  EXPECT_EQ(column.missing, 1U);
}

TEST(ColumnTest, TurnsRealWhenAMantissaWouldNotFit) {
  Column column;
  column.push_decimal(15, 1);
  column.push_missing();
  column.push_decimal(30'000'000'000, 1);
  EXPECT_EQ(column.kind, Column::Kind::real);
  EXPECT_EQ(column.value(0), 1.5);
  EXPECT_TRUE(column.is_missing(1));
  EXPECT_EQ(column.value(2), 3e9);
}

TEST(ColumnTest, TheMissingMarkIsNeverAValue) {
  Column column;
  column.push_decimal(std::numeric_limits<std::int32_t>::min(), 0);
  EXPECT_EQ(column.kind, Column::Kind::real);
  EXPECT_EQ(column.value(0), -2147483648.0);
}

TEST(ColumnTest, NegativeZeroIsZero) {
  Column column;
  column.push_real(-0.0);
  column.make_real();
  column.push_real(-0.0);
  EXPECT_FALSE(std::signbit(column.value(0)));
  EXPECT_FALSE(std::signbit(column.value(1)));
}

TEST(ColumnTest, AppendJoinsDifferentScalesAndKinds) {
  Column one;
  one.push_decimal(15, 1);
  Column two;
  two.push_decimal(225, 2);
  two.push_missing();
  Column three;
  three.push_real(0.1 + 0.2);
  Column all;
  all.append(one, 0, 1);
  all.append(two, 0, 2);
  all.append(three, 0, 1);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all.value(0), 1.5);
  EXPECT_EQ(all.value(1), 2.25);
  EXPECT_TRUE(all.is_missing(2));
  EXPECT_EQ(all.value(3), 0.1 + 0.2);
  EXPECT_EQ(all.missing, 1U);
}

TEST(ColumnTest, SameValuesIgnoresTheSpelling) {
  Column one;
  one.push_decimal(2497, 1);
  Column two;
  two.push_decimal(24970, 2);
  EXPECT_TRUE(one.same_values(two));
  two.push_missing();
  EXPECT_FALSE(one.same_values(two));
}

}  // namespace
}  // namespace pv::model
