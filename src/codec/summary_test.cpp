#include "codec/summary.h"

#include <limits>

#include <gtest/gtest.h>

namespace pv::codec {
namespace {

TEST(Summary, DecimalColumnIsSummedExactlyAndScaledOnce) {
  model::Column column;
  column.push_missing();
  for (const int tenths : {1, 2, -3, 7}) column.push_decimal(tenths, 1);
  column.push_missing();
  EXPECT_EQ(summarize(column), (ColumnSummary{.count = 4, .min = -0.3, .max = 0.7, .sum = 0.7, .first = 0.1, .last = 0.7}));
}

TEST(Summary, RealColumnIgnoresMissingCells) {
  model::Column column;
  column.push_missing();
  column.push_real(1e300);
  column.push_real(-2.5);
  column.push_missing();
  ASSERT_EQ(column.kind, model::Column::Kind::real);
  EXPECT_EQ(summarize(column), (ColumnSummary{.count = 2, .min = -2.5, .max = 1e300, .sum = 1e300, .first = 1e300, .last = -2.5}));
}

TEST(Summary, ColumnWithoutValuesIsAllZero) {
  model::Column column;
  EXPECT_EQ(summarize(column), ColumnSummary{});
  column.push_missing(3);
  EXPECT_EQ(summarize(column), ColumnSummary{});
}

TEST(Summary, ExtremesDoNotOverflow) {
  model::Column column;
  for (int i = 0; i < 4; ++i) column.push_decimal(std::numeric_limits<std::int32_t>::max(), 0);
  EXPECT_EQ(summarize(column).sum, 4.0 * std::numeric_limits<std::int32_t>::max());
}

}  // namespace
}  // namespace pv::codec
