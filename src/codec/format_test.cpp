/// Bytes on disk are frozen: what stands here was written once and must read back for ever.

#include <charconv>
#include <string_view>

#include <gtest/gtest.h>

#include "codec/column_codec.h"
#include "codec/encoding.h"
#include "codec/group_codec.h"

namespace pv::codec {
namespace {

using model::Column;
using Bytes = std::vector<std::byte>;

constexpr int kGap = -999;

static_assert(static_cast<int>(Encoding::none) == 0 && static_cast<int>(Encoding::constant) == 1 &&
                  static_cast<int>(Encoding::decimal_plain) == 2 && static_cast<int>(Encoding::decimal_changes) == 3 &&
                  static_cast<int>(Encoding::real_xor) == 4 && kHasRuns == 0x80,
              "column format changed: append encodings, never renumber them");
static_assert(static_cast<int>(Domain::delta) == 0 && static_cast<int>(Domain::offset) == 1);
static_assert(static_cast<int>(PlaneForm::raw) == 0 && static_cast<int>(PlaneForm::constant) == 1 && static_cast<int>(PlaneForm::zstd) == 2);

Bytes from_hex(std::string_view hex) {
  Bytes bytes;
  for (; hex.size() >= 2; hex.remove_prefix(2)) {
    unsigned value = 0;
    std::from_chars(hex.data(), hex.data() + 2, value, 16);
    bytes.push_back(static_cast<std::byte>(value));
  }
  return bytes;
}

Column decimals(std::initializer_list<int> mantissas, unsigned places) {
  Column column;
  column.decimals = static_cast<std::uint8_t>(places);
  for (const int mantissa : mantissas) {
    if (mantissa == kGap) {
      column.push_missing();
    } else {
      column.push_decimal(mantissa, places);
    }
  }
  return column;
}

void expect_reads(std::string_view hex, const Column& expected) {
  Scratch scratch;
  Column read;
  const Result<void> result = decode_column(from_hex(hex), expected.size(), scratch, read);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_TRUE(read.same_values(expected));
  EXPECT_EQ(read.decimals, expected.decimals);
}

/// Both directions; only where no zstd is involved, whose output may change with its version.
void expect_frozen(std::string_view hex, const Column& column) {
  expect_reads(hex, column);
  Scratch scratch;
  Bytes bytes;
  encode_column(column, {.effort = Effort::quick}, scratch, bytes);
  EXPECT_EQ(bytes, from_hex(hex));
}

TEST(ColumnFormat, None) { expect_frozen("0001", decimals({kGap, kGap, kGap}, 1)); }

TEST(ColumnFormat, Constant) { expect_frozen("0101fa23", decimals({2301, 2301}, 1)); }

TEST(ColumnFormat, PresenceRuns) { expect_frozen("8100030101010a", decimals({5, kGap, 5}, 0)); }

TEST(ColumnFormat, PlainDeltas) {
  expect_frozen("02020190e102010000c8cecbfa000024", decimals({23000, 23012, 23007, 23100, 22600, 22601}, 2));
}

TEST(ColumnFormat, PlainOffsets) { expect_frozen("02010167000000660267036600", decimals({50, -50, 51, -49, 50, -52}, 1)); }

TEST(ColumnFormat, ChangesAsDeltas) {
  expect_frozen("0301002302010200000000010203", decimals({1, 2, 2, 2, 2, 3, 3, 3, 3, 4}, 1));
}

TEST(ColumnFormat, ChangesAsOffsetsWithExceptions) {
  expect_frozen("030100280501000600008c008c00289002", decimals({0, 0, 0, 9000, 9000, 0, 0, 0, 9001, 9001, 0}, 1));
}

TEST(ColumnFormat, Reals) {
  Column column;
  column.push_real(1e300);
  column.push_real(-0.5);
  column.push_missing();
  column.push_real(1e300);
  expect_frozen("840003020101019c017501000188013c01e40037d7d7007ec1c1", column);
}

TEST(ColumnFormat, PlaneInZstd) {
  Column column;
  for (int i = 0; i < 600; ++i) column.push_decimal(23000 + i % 7 * i % 11 + (i == 300 ? 90000 : 0), 2);
  expect_reads(
      "020201b0e7020011024f28b52ffd6058012d020082c40c12d0a503000000000000a56cb2e5de5bee9d020d147741f7660006"
      "45612d63fc1e91315e97a81b8892bf566f0eda6a9304260e04005b4049027a71a140eb954ced01975f01",
      column);
}

TEST(ColumnFormat, Group) {
  const Bytes bytes = from_hex("1b28b52ffd201bd9000003090c010100030101070000000102030101070104000000000204");
  Scratch scratch;
  ColumnGroup group;
  const Result<void> result = unpack_group(bytes, 3, 4, scratch, group);
  ASSERT_TRUE(result) << result.error().message();
  for (int i = 0; i < 3; ++i) {
    Column read;
    ASSERT_TRUE(decode_column(group.columns[static_cast<std::size_t>(i)], 4, scratch, read));
    EXPECT_TRUE(read.same_values(decimals({i, 2 * i, 3 * i, 3 * i}, 1)));
  }
}

TEST(ColumnFormat, UnknownEncodingIsRefused) {
  Scratch scratch;
  Column read;
  for (unsigned encoding = 5; encoding < 128; ++encoding) {
    const Bytes bytes = {static_cast<std::byte>(encoding), std::byte{1}, std::byte{2}};
    const Result<void> result = decode_column(bytes, 1, scratch, read);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind(), Errc::corrupt);
  }
}

}  // namespace
}  // namespace pv::codec
