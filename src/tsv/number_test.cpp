#include "tsv/number.h"

#include <cmath>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace pv::tsv {
namespace {

TEST(ParseDecimalTest, ReadsDecimalsAndExponents) {
  EXPECT_EQ(parse_decimal("242.25"), 242.25);
  EXPECT_EQ(parse_decimal("-35.5"), -35.5);
  EXPECT_EQ(parse_decimal("1.5e3"), 1500.0);
  EXPECT_EQ(parse_decimal("-2E-2"), -0.02);
  EXPECT_EQ(parse_decimal("5."), 5.0);
  EXPECT_EQ(parse_decimal(".5"), 0.5);
}

TEST(ParseDecimalTest, NegativeZeroIsZero) {
  ASSERT_TRUE(parse_decimal("-0.0"));
  EXPECT_FALSE(std::signbit(*parse_decimal("-0.0")));
}

TEST(ParseDecimalTest, RefusesWhatIsNoFiniteNumber) {
  for (const char* text : {"", "-", ".", "-.", "nan", "NaN", "inf", "-inf", "infinity", "+5", " 5", "5 ", "5V", "1,5", "1.2.3", "--5", "0x10", "1e", "e5"}) {
    EXPECT_FALSE(parse_decimal(text)) << text;
  }
  EXPECT_FALSE(parse_decimal(std::string(65, '1')));
}

TEST(ParseDecimalTest, RefusesOverflowThatFastFloatReportsAsInfinity) { EXPECT_FALSE(parse_decimal("1e400")); }

TEST(ParsePlainTest, GivesDigitsAndPlaces) {
  const auto value = parse_plain("-242.30");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->mantissa, -24230);
  EXPECT_EQ(value->places, 2U);
  EXPECT_FALSE(parse_plain("1e3"));
  EXPECT_FALSE(parse_plain("-"));
  EXPECT_FALSE(parse_plain("1234567890123456"));
  EXPECT_FALSE(parse_plain("0.1234567890"));
}

TEST(ParsePlainTest, NamesTheSameDoubleAsParseDecimal) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; ++i) {
    const auto places = static_cast<int>(random() % 10);
    const std::string text = fmt::format("{:.{}f}", static_cast<double>(random() % 2'000'000) / 7 - 100'000, places);
    const auto plain = parse_plain(text);
    if (!plain) continue;
    ASSERT_EQ(static_cast<double>(plain->mantissa) / std::pow(10.0, plain->places), *parse_decimal(text)) << text;
  }
}

TEST(PlainPlacesTest, CountsDigitsBehindThePoint) {
  EXPECT_EQ(plain_places("245.67"), 2U);
  EXPECT_EQ(plain_places("-0.1"), 1U);
  EXPECT_EQ(plain_places("24."), 0U);
  for (const char* text : {"24", "", "1.5e1", "1.2.3", "a.b"}) EXPECT_FALSE(plain_places(text)) << text;
}

}  // namespace
}  // namespace pv::tsv
