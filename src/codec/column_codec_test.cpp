#include "codec/column_codec.h"

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "codec/encoding.h"

namespace pv::codec {
namespace {

using model::Column;
using Bytes = std::vector<std::byte>;
using Random = std::mt19937_64;

constexpr Effort kEfforts[] = {Effort::quick, Effort::thorough};

Bytes encoded(const Column& column, Effort effort) {
  Scratch scratch;
  Bytes out;
  encode_column(column, {.effort = effort}, scratch, out);
  return out;
}

Encoding encoding_of(const Bytes& bytes) { return static_cast<Encoding>(static_cast<std::uint8_t>(bytes[0]) & ~kHasRuns); }

void expect_same(const Column& read, const Column& written) {
  ASSERT_EQ(read.size(), written.size());
  EXPECT_EQ(read.missing, written.missing);
  EXPECT_TRUE(read.same_values(written));
  if (written.missing == written.size()) return;
  EXPECT_EQ(read.kind, written.kind);
  if (written.kind == Column::Kind::decimal) {
    EXPECT_EQ(read.decimals, written.decimals);
    EXPECT_EQ(read.mantissa, written.mantissa);
  }
}

void expect_round_trip(const Column& column) {
  Scratch scratch;
  Column read;
  read.push_real(1e300);  // whatever was there is replaced
  for (const Effort effort : kEfforts) {
    const Result<void> result = decode_column(encoded(column, effort), column.size(), scratch, read);
    ASSERT_TRUE(result) << result.error().message();
    expect_same(read, column);
  }
}

Column decimal_column(std::size_t rows, unsigned decimals, const std::function<std::int32_t(std::size_t)>& mantissa) {
  Column column;
  column.decimals = static_cast<std::uint8_t>(decimals);
  for (std::size_t row = 0; row < rows; ++row) {
    column.mantissa.push_back(mantissa(row));
    column.missing += column.mantissa.back() == Column::kMissing ? 1U : 0U;
  }
  return column;
}

/// A column of any shape: steps, repeats, noise, outliers and gaps in random measure.
Column any_decimal(Random& random, std::size_t rows) {
  const auto width = random() % 33;
  const auto repeats = random() % 100;
  const auto zeros = random() % 100;
  const auto outliers = random() % 20;
  const auto gaps = random() % 3 == 0 ? random() % 100 : 0;
  std::int32_t value = 0;
  return decimal_column(rows, static_cast<unsigned>(random() % (model::kMaxDecimals + 1)), [&](std::size_t) {
    if (random() % 100 < gaps) return Column::kMissing;
    if (random() % 100 >= repeats) value = static_cast<std::int32_t>(width == 0 ? 0 : random() >> (64 - width));
    if (random() % 200 < zeros) value = 0;
    if (random() % 1000 < outliers) value = random() % 2 == 0 ? Column::kMissing + 1 : std::numeric_limits<std::int32_t>::max();
    return value == Column::kMissing ? 0 : value;
  });
}

Column any_real(Random& random, std::size_t rows) {
  Column column;
  column.make_real();
  const auto gaps = random() % 2 == 0 ? random() % 100 : 0;
  while (column.size() < rows) {
    double value = std::bit_cast<double>(random() & (random() % 4 == 0 ? 0x000F'FFFF'FFFF'FFFFU : ~std::uint64_t{0}));
    if (!std::isfinite(value)) value = 0.1;
    if (random() % 100 < gaps) {
      column.push_missing();
    } else {
      column.push_real(value);
    }
  }
  return column;
}

std::size_t any_rows(Random& random) {
  constexpr std::size_t kRows[] = {1, 2, 7, 8, 9, 63, 144, 255, 256, 257, 1000, 8192};
  return random() % 2 == 0 ? kRows[random() % std::size(kRows)] : 1 + random() % 700;
}

TEST(ColumnCodec, AnyColumnReadsBackBitForBit) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  std::set<Encoding> reached;
  for (int round = 0; round < 600 && !testing::Test::HasFatalFailure(); ++round) {
    const std::size_t rows = any_rows(random);
    const Column column = random() % 6 == 0 ? any_real(random, rows) : any_decimal(random, rows);
    expect_round_trip(column);
    for (const Effort effort : kEfforts) reached.insert(encoding_of(encoded(column, effort)));
  }
  EXPECT_EQ(reached.size(), 5U) << "an encoding is never chosen";
}

TEST(ColumnCodec, ExtremeMantissasReadBack) {
  constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
  constexpr std::int32_t kLeast = Column::kMissing + 1;
  for (const std::size_t rows : {1UL, 2UL, 300UL, 8192UL}) {
    expect_round_trip(decimal_column(rows, 0, [](std::size_t row) { return row % 2 == 0 ? kMost : kLeast; }));
    expect_round_trip(decimal_column(rows, 9, [](std::size_t row) { return row % 2 == 0 ? kLeast : kMost; }));
    expect_round_trip(decimal_column(rows, 2, [](std::size_t) { return kLeast; }));
    expect_round_trip(decimal_column(rows, 2, [](std::size_t row) { return row % 3 == 0 ? Column::kMissing : row % 3 == 1 ? kMost : kLeast; }));
  }
}

TEST(ColumnCodec, LargestColumnReadsBack) {
  Random random(1);
  expect_round_trip(decimal_column(kMaxRows, 1, [&](std::size_t) { return static_cast<std::int32_t>(random() % 1000); }));
}

TEST(ColumnCodec, RealEdgesReadBack) {
  Column column;
  column.make_real();
  for (const double value : {5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -1.7976931348623157e308, 0.0, 0.1}) column.push_real(value);
  column.push_missing();
  expect_round_trip(column);
}

TEST(ColumnCodec, MissingCellsReadBack) {
  Column column;
  column.push_missing();
  expect_round_trip(column);
  column.push_missing(8191);
  expect_round_trip(column);
  column.make_real();
  expect_round_trip(column);
  for (const std::size_t only : {0UL, 1UL, 99UL}) {
    expect_round_trip(decimal_column(100, 1, [&](std::size_t row) { return row == only ? 7 : Column::kMissing; }));
  }
}

TEST(ColumnCodec, ConstantColumnTakesFewBytes) {
  EXPECT_LE(encoded(decimal_column(8192, 2, [](std::size_t) { return 23012; }), Effort::thorough).size(), 5U);
  EXPECT_EQ(encoded(decimal_column(8192, 1, [](std::size_t) { return 0; }), Effort::quick).size(), 3U);
}

TEST(ColumnCodec, SegmentsAppendAsColumnsDo) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  Scratch scratch;
  for (int round = 0; round < 300; ++round) {
    Column expected;
    Column read;
    for (int part = 0; part < 4; ++part) {
      const std::size_t rows = 1 + random() % 200;
      Column column;
      switch (random() % 6) {
        case 0: column = any_real(random, rows); break;
        case 1: column.push_missing(rows); break;
        case 2: column = any_decimal(random, rows); break;
        default: column = decimal_column(rows, static_cast<unsigned>(random() % 4), [&](std::size_t) { return static_cast<std::int32_t>(random() % 5000); });
      }
      expected.append(column, 0, rows);
      const Result<void> result = append_column(encoded(column, Effort::quick), rows, scratch, read);
      ASSERT_TRUE(result) << result.error().message();
      ASSERT_TRUE(read.same_values(expected));
      ASSERT_EQ(read.missing, expected.missing);
    }
  }
}

TEST(ColumnCodec, FailedAppendLeavesTheColumnAsItWas) {
  Scratch scratch;
  const Column column = decimal_column(100, 1, [](std::size_t row) { return static_cast<std::int32_t>(row * row); });
  const Bytes bytes = encoded(column, Effort::quick);
  Column out = column;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Result<void> result = append_column(std::span(bytes).first(size), 100, scratch, out);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind(), Errc::corrupt);
    expect_same(out, column);
  }
}

TEST(ColumnCodec, CutOrWrongCountsAreCorrupt) {
  Random random(3);
  Scratch scratch;
  for (int round = 0; round < 40; ++round) {
    const std::size_t rows = 2 + random() % 300;
    const Column column = round % 4 == 0 ? any_real(random, rows) : any_decimal(random, rows);
    for (const Effort effort : kEfforts) {
      const Bytes bytes = encoded(column, effort);
      Column out;
      for (std::size_t size = 0; size < bytes.size(); ++size) {
        // An own allocation, so that a sanitizer sees a read past the end.
        const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        ASSERT_FALSE(decode_column(cut, rows, scratch, out));
        EXPECT_EQ(out.size(), 0U);
      }
      EXPECT_FALSE(decode_column(bytes, 0, scratch, out));
      EXPECT_FALSE(decode_column(bytes, kMaxRows + 1, scratch, out));
    }
  }
}

TEST(ColumnCodec, DamagedBytesGiveAnErrorOrAWellFormedColumn) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Random random(seed);
  Scratch scratch;
  for (int round = 0; round < 3000; ++round) {
    const std::size_t rows = 1 + random() % 600;
    Bytes bytes = encoded(random() % 4 == 0 ? any_real(random, rows) : any_decimal(random, rows), kEfforts[random() % 2]);
    for (auto flips = 1 + random() % 3; flips > 0; --flips) bytes[random() % bytes.size()] ^= static_cast<std::byte>(1U << random() % 8);
    Column out;
    const Result<void> result = decode_column(bytes, rows, scratch, out);
    if (!result) {
      EXPECT_EQ(result.error().kind(), Errc::corrupt);
      continue;
    }
    ASSERT_EQ(out.size(), rows);
    std::size_t missing = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      missing += out.is_missing(row) ? 1U : 0U;
      ASSERT_FALSE(std::isinf(out.value(row)));
    }
    ASSERT_EQ(out.missing, missing);
    expect_round_trip(out);
  }
}

TEST(ColumnCodec, ThoroughIsSmallerThanQuickOnALongColumn) {
  Random random(5);
  const Column column = decimal_column(7000, 2, [&](std::size_t) { return 23000 + static_cast<std::int32_t>(random() % 30 + random() % 30); });
  EXPECT_LT(encoded(column, Effort::thorough).size(), encoded(column, Effort::quick).size());
}

}  // namespace
}  // namespace pv::codec
