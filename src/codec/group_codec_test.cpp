#include "codec/group_codec.h"

#include <random>

#include <gtest/gtest.h>

namespace pv::codec {
namespace {

using model::Column;

std::vector<Column> some_day() {
  std::mt19937 random(9);
  std::vector<Column> columns(30);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    for (int row = 0; row < 144; ++row) {
      if (i == 7 && row < 20) {
        columns[i].push_missing();
      } else if (i == 8) {
        columns[i].push_real(1e200 + row);
      } else {
        columns[i].push_decimal(static_cast<std::int64_t>(i % 3 == 0 ? 0 : random() % (10 * i)), 1);
      }
    }
  }
  return columns;
}

TEST(GroupCodec, EveryColumnReadsBack) {
  const std::vector<Column> columns = some_day();
  Scratch scratch;
  std::vector<std::byte> packed;
  pack_group(columns, 1, scratch, packed);
  ColumnGroup group;
  const Result<void> result = unpack_group(packed, columns.size(), 144, scratch, group);
  ASSERT_TRUE(result) << result.error().message();
  ASSERT_EQ(group.columns.size(), columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    Column read;
    ASSERT_TRUE(decode_column(group.columns[i], 144, scratch, read));
    EXPECT_TRUE(read.same_values(columns[i])) << i;
  }
}

TEST(GroupCodec, WrongBytesOrCountsAreCorrupt) {
  const std::vector<Column> columns = some_day();
  Scratch scratch;
  std::vector<std::byte> packed;
  pack_group(columns, 1, scratch, packed);
  ColumnGroup group;
  const auto expect_corrupt = [&](std::span<const std::byte> bytes, std::size_t count, std::size_t rows) {
    const Result<void> result = unpack_group(bytes, count, rows, scratch, group);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind(), Errc::corrupt);
    EXPECT_TRUE(group.columns.empty());
  };
  expect_corrupt(packed, 29, 144);
  expect_corrupt(packed, 30, 0);
  expect_corrupt(packed, kMaxGroupColumns + 1, 144);
  for (std::size_t size = 0; size < packed.size(); size += 7) expect_corrupt(std::span(packed).first(size), 30, 144);
}

TEST(GroupCodec, SizeBeyondWhatTheRowsAllowIsRefusedBeforeMemoryIsTaken) {
  Scratch scratch;
  const std::vector<std::byte> bytes(9, std::byte{0xFF});
  ColumnGroup group;
  EXPECT_FALSE(unpack_group(bytes, 1, 1, scratch, group));
  EXPECT_TRUE(group.bytes.empty());
}

}  // namespace
}  // namespace pv::codec
