#include "base/decimal.h"

#include <gtest/gtest.h>

#include <random>

namespace pv {
namespace {

std::string shortest(double value) {
  std::string text;
  append_shortest(text, value);
  return text;
}

std::string decimal(int mantissa, unsigned decimals) {
  std::string text;
  append_decimal(text, mantissa, decimals);
  return text;
}

TEST(DecimalTest, PrintsTheShortestText) {
  EXPECT_EQ(decimal(0, 2), "0");
  EXPECT_EQ(decimal(24970, 2), "249.7");
  EXPECT_EQ(decimal(-5, 1), "-0.5");
  EXPECT_EQ(decimal(70, 1), "7");
  EXPECT_EQ(decimal(5, 2), "0.05");
  EXPECT_EQ(shortest(0.1 + 0.2), "0.30000000000000004");
}

TEST(DecimalTest, BothWaysAgreeOnRandomNumbers) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr double kPower[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
  for (int i = 0; i < 200'000; ++i) {
    const auto mantissa = static_cast<int>(static_cast<std::int32_t>(random()) >> (random() % 31));
    const auto decimals = static_cast<unsigned>(random() % 10);
    if (mantissa == INT32_MIN) continue;
    ASSERT_EQ(decimal(mantissa, decimals), shortest(mantissa / kPower[decimals])) << mantissa << " / 10^" << decimals;
  }
}

}  // namespace
}  // namespace pv
