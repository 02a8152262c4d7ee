#include "codec/bit_pack.h"

#include <random>

#include <gtest/gtest.h>

namespace pv::codec {
namespace {

TEST(BitPack, EveryWidthAndCountReadsBack) {
  std::mt19937 random(7);
  for (unsigned width = 0; width <= 32; ++width) {
    const std::uint32_t mask = width == 32 ? ~0U : (1U << width) - 1;
    for (const std::size_t count : {0UL, 1UL, 7UL, 144UL, 255UL, 256UL, 257UL, 1000UL}) {
      std::vector<std::uint32_t> values(count);
      for (std::uint32_t& value : values) value = static_cast<std::uint32_t>(random());
      std::vector<std::byte> packed;
      pack_bits(values, width, packed);
      ASSERT_EQ(packed.size(), packed_size(count, width));
      std::vector<std::uint32_t> read(count, 1);
      unpack_bits(packed, width, count, read.data());
      for (std::uint32_t& value : values) value &= mask;
      ASSERT_EQ(read, values) << "width " << width << ", count " << count;
    }
  }
}

/// The layout of a block, number by number, as bit_pack.h draws it.
std::uint32_t reference(std::span<const std::byte> block, unsigned width, std::size_t i) {
  std::uint32_t value = 0;
  for (unsigned bit = 0; bit < width; ++bit) {
    const std::size_t in_lane = i / 8 * width + bit;
    const std::size_t at = (in_lane / 32 * 8 + i % 8) * 32 + in_lane % 32;
    value |= (static_cast<std::uint32_t>(block[at / 8]) >> (at % 8) & 1U) << bit;
  }
  return value;
}

TEST(BitPack, BlocksLieInEightLanes) {
  std::mt19937 random(11);
  for (unsigned width = 1; width <= 32; ++width) {
    std::vector<std::byte> packed(packed_size(kPackBlock, width));
    for (std::byte& byte : packed) byte = static_cast<std::byte>(random());
    std::vector<std::uint32_t> read(kPackBlock);
    unpack_bits(packed, width, kPackBlock, read.data());
    for (std::size_t i = 0; i < kPackBlock; ++i) ASSERT_EQ(read[i], reference(packed, width, i)) << "width " << width;
  }
}

}  // namespace
}  // namespace pv::codec
