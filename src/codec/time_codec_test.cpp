#include "codec/time_codec.h"

#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "codec/column_codec.h"

namespace pv::codec {
namespace {

using Times = std::vector<std::int64_t>;

std::vector<std::byte> encoded(const Times& times) {
  std::vector<std::byte> out;
  encode_times(times, out);
  return out;
}

void expect_round_trip(const Times& times) {
  Times read = {1, 2, 3};
  const Result<void> result = decode_times(encoded(times), times.size(), read);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(read, times);
}

TEST(TimeCodec, InstantsReadBack) {
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  expect_round_trip({0});
  expect_round_trip({-5, -4, 600, 1200, 1800, 1801});
  expect_round_trip({kMin, -1});
  expect_round_trip({0, kMax});
  expect_round_trip({kMax - 2, kMax - 1, kMax});
}

TEST(TimeCodec, AnyAscendingInstantsReadBack) {
  const auto seed = static_cast<unsigned>(std::random_device()());
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    Times times = {static_cast<std::int64_t>(random())};
    const std::size_t rows = 1 + random() % 500;
    while (times.size() < rows) times.push_back(times.back() + (random() % 4 != 0 ? 600 : 1 + static_cast<std::int64_t>(random() % 100000)));
    expect_round_trip(times);
  }
}

TEST(TimeCodec, RegularYearTakesADozenBytes) {
  Times times(kMaxRows);
  for (std::size_t i = 0; i < times.size(); ++i) times[i] = 1'754'184'000 + 600 * static_cast<std::int64_t>(i);
  EXPECT_LE(encoded(times).size(), 12U);
  expect_round_trip(times);
}

TEST(TimeCodec, SegmentsAppendOneAfterTheOther) {
  Times read;
  ASSERT_TRUE(append_times(encoded({0, 600}), 2, read));
  ASSERT_TRUE(append_times(encoded({1200, 1800, 1860}), 3, read));
  EXPECT_EQ(read, (Times{0, 600, 1200, 1800, 1860}));
}

TEST(TimeCodec, BytesAreFrozen) {
  const std::vector<std::byte> golden = {std::byte{0x10}, std::byte{0xD8}, std::byte{0x04}, std::byte{0x02}, std::byte{0x3C}, std::byte{0x01}};
  EXPECT_EQ(encoded({8, 608, 1208, 1268}), golden);
}

TEST(TimeCodec, WrongBytesAreCorruptAndLeaveTheOutputAsItWas) {
  const std::vector<std::byte> good = encoded({0, 600, 1200, 1260});
  Times read = {-7};
  const auto expect_corrupt = [&](std::span<const std::byte> bytes, std::size_t rows) {
    const Result<void> result = append_times(bytes, rows, read);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind(), Errc::corrupt);
    EXPECT_EQ(read, Times{-7});
  };
  expect_corrupt(good, 3);
  expect_corrupt(good, 5);
  expect_corrupt(good, 0);
  expect_corrupt(good, kMaxRows + 1);
  for (std::size_t size = 0; size < good.size(); ++size) expect_corrupt(std::span(good).first(size), 4);
  const std::vector<std::byte> still = {std::byte{0}, std::byte{0}, std::byte{3}};  // a step of 0
  expect_corrupt(still, 4);
  std::vector<std::byte> overflow = encoded({0, std::numeric_limits<std::int64_t>::max()});
  overflow.back() = std::byte{2};
  expect_corrupt(overflow, 3);
}

}  // namespace
}  // namespace pv::codec
