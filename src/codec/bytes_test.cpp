#include "codec/bytes.h"

#include <limits>

#include <gtest/gtest.h>

namespace pv::codec {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<unsigned> values) {
  std::vector<std::byte> bytes;
  for (const unsigned value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST(Bytes, NumbersReadBackAsWritten) {
  std::vector<std::byte> out;
  ByteWriter writer(out);
  const std::uint64_t edges[] = {0, 1, 127, 128, 16383, 16384, std::numeric_limits<std::uint64_t>::max()};
  for (const std::uint64_t edge : edges) writer.varint(edge);
  const std::int64_t signed_edges[] = {0, -1, 1, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
  for (const std::int64_t edge : signed_edges) writer.signed_varint(edge);
  writer.fixed(std::uint32_t{0xDEADBEEF});
  writer.fixed(-1.5);
  writer.sized_text("Ph 1");

  ByteReader reader(out);
  for (const std::uint64_t edge : edges) EXPECT_EQ(reader.varint(), edge);
  for (const std::int64_t edge : signed_edges) EXPECT_EQ(reader.signed_varint(), edge);
  EXPECT_EQ(reader.fixed<std::uint32_t>(), 0xDEADBEEF);
  EXPECT_EQ(reader.fixed<double>(), -1.5);
  EXPECT_EQ(reader.sized_bytes().size(), 4U);
  EXPECT_TRUE(reader.done());
}

TEST(Bytes, NumbersAreLittleEndian) {
  std::vector<std::byte> out;
  ByteWriter(out).fixed(std::uint32_t{0x04030201});
  ByteWriter(out).varint(300);
  EXPECT_EQ(out, bytes_of({1, 2, 3, 4, 0xAC, 0x02}));
}

TEST(Bytes, FailureIsStickyAndReadsNothingMore) {
  const std::vector<std::byte> two = bytes_of({1, 2});
  ByteReader reader(two);
  EXPECT_EQ(reader.fixed<std::uint32_t>(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0U);
  EXPECT_EQ(reader.remaining(), 0U);
  EXPECT_TRUE(reader.rest().empty());
  EXPECT_FALSE(reader.done());
}

TEST(Bytes, LengthBeyondTheEndFails) {
  std::vector<std::byte> out;
  ByteWriter(out).varint(std::numeric_limits<std::uint64_t>::max());
  ByteReader reader(out);
  EXPECT_TRUE(reader.sized_bytes().empty());
  EXPECT_FALSE(reader.ok());
}

TEST(Bytes, VarintThatNeverEndsOrOverflowsFails) {
  ByteReader open(bytes_of({}));
  EXPECT_EQ(open.varint(), 0U);
  EXPECT_FALSE(open.ok());
  const std::vector<std::byte> endless = bytes_of({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01});
  ByteReader reader(endless);
  EXPECT_EQ(reader.varint(), 0U);
  EXPECT_FALSE(reader.ok());
  const std::vector<std::byte> wide = bytes_of({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02});
  ByteReader over(wide);
  EXPECT_EQ(over.varint(), 0U);
  EXPECT_FALSE(over.ok());
}

TEST(Bytes, VarintAboveItsLimitFails) {
  const std::vector<std::byte> eight = bytes_of({8});
  EXPECT_EQ(ByteReader(eight).varint_to(8), 8U);
  ByteReader reader(eight);
  EXPECT_EQ(reader.varint_to(7), 0U);
  EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace pv::codec
