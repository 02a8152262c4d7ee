/// Files made to hurt: nothing crashes, hangs, or takes memory beyond a few times the file's size.

#include <cstdio>
#include <string>

#include <gtest/gtest.h>

#include "tsv/read_ok_test.h"
#include "tsv/reader.h"

namespace pv::tsv {
namespace {

std::size_t bytes_held(const LoggerFile& file) {
  std::size_t bytes = file.tables.capacity() * sizeof(model::LoggerTable) + file.events.capacity() * sizeof(model::Event) +
                      file.report.faults.capacity() * sizeof(RowFault);
  for (const auto& table : file.tables) {
    bytes += table.rows.time_s.capacity() * 8 + table.channels.capacity() * sizeof(model::Channel);
    for (const auto& column : table.rows.columns) bytes += sizeof(column) + column.mantissa.capacity() * 4 + column.real.capacity() * 8;
  }
  return bytes;
}

TEST(ReaderHostileTest, AMillionHeadersStayLinearAndSmall) {
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += kHeader;
  const LoggerFile same = read_ok(text);
  EXPECT_EQ(same.tables.size(), 1U);
  EXPECT_EQ(same.report.headers, 300'000U);

  text.clear();
  for (int i = 0; i < 300'000; ++i) {
    text += "1\t1\nMV_T302_V002\tA" + std::to_string(i % (2 * kMaxTables)) + "\n01/02/25 00:00:00\t1\n";
  }
  const LoggerFile distinct = read_ok(text);
  EXPECT_EQ(distinct.tables.size(), kMaxTables);
  EXPECT_GT(distinct.report.count(FaultKind::row_without_header), 0U);
  EXPECT_LT(bytes_held(distinct), 4 * text.size());

  // Wide tables of short rows, gone on with in turn.
  text.clear();
  std::string serials = "M";
  for (int i = 0; i < 1'000; ++i) serials += "\tM";
  for (std::size_t i = 0; i < 40 * kMaxTables; ++i) {
    text += serials + "\nMV_T302_V002";
    for (int c = 0; c < 999; ++c) text += "\ta";
    text += "\t" + std::to_string(i % kMaxTables) + "\n";
    for (int row = 0; row < 100; ++row) text += row % 2 == 0 ? "01/02/25 00:00:00\t1\n" : "01/02/25 00:00:01\t1\n";
  }
  const LoggerFile wide = read_ok(text);
  EXPECT_EQ(wide.tables.size(), kMaxTables);
  EXPECT_GT(wide.report.count(FaultKind::too_sparse), 0U);
  EXPECT_LT(bytes_held(wide), 6 * text.size());

  text.clear();
  for (int i = 0; i < 1'000'000; ++i) text += "START_HEADER\n";
  EXPECT_FALSE(read(text, {}));
  EXPECT_TRUE(read(kHeader + "01/02/25 00:00:00\t1.0\t1.0\n" + text, {}));
}

TEST(ReaderHostileTest, ShortRowsOfAWideTableAreBounded) {
  std::string serials = "M";
  std::string titles = "MV_T302_V002";
  for (std::size_t i = 0; i < kMaxColumns; ++i) {
    serials += "\tM";
    titles += "\ta W";
  }
  std::string text = serials + "\n" + titles + "\n";
  for (int i = 0; i < 200'000; ++i) text += "01/02/25 00:00:00\t1\n";
  const LoggerFile file = read_ok(text);
  EXPECT_GT(file.report.count(FaultKind::too_sparse), 0U);
  EXPECT_LT(bytes_held(file), 4 * text.size());
}

TEST(ReaderHostileTest, LongLinesAreSkipped) {
  const LoggerFile file = read_ok(kHeader + "01/02/25 00:00:00\t1.0\t1.0\n01/02/25 00:10:00\t" + std::string(50'000'000, '1') + "\n01/02/25 00:20:00\t1.0\t1.0\n");
  EXPECT_EQ(file.report.count(FaultKind::row_too_long), 1U);
  EXPECT_EQ(file.report.samples, 4U);
  const LoggerFile tail = read_ok(kHeader + "01/02/25 00:00:00\t1.0\t1.0\n" + std::string(50'000'000, '\t'));
  EXPECT_EQ(tail.report.samples, 2U);
  EXPECT_TRUE(tail.report.truncated_tail);
}

TEST(ReaderHostileTest, NulBytesInRowsAreFaults) {
  const LoggerFile file = read_ok(kHeader + "01/02/25 00:00:00\t1.0\t1.0\n" + std::string(4096, '\0') + "\n01/02/25 00:10:00\t1" + std::string(1, '\0') +
                                  "0\t1.0\n01/02/25 00:20:00\t1.0\t1.0\n" + std::string(4096, '\0'));
  EXPECT_EQ(file.report.samples, 5U);
  EXPECT_EQ(file.report.invalid_timestamps, 1U);
  EXPECT_EQ(file.report.invalid_values, 1U);
}

TEST(ReaderHostileTest, InvalidUtf8InRowsIsAFault) {
  const LoggerFile file = read_ok(kHeader + "01/02/25 00:00:00\t\xff\xfe\t1.0\n\xe9\xe8\n");
  EXPECT_EQ(file.report.samples, 1U);
  EXPECT_EQ(file.report.invalid_values, 1U);
  EXPECT_EQ(file.report.invalid_timestamps, 1U);
}

TEST(ReaderHostileTest, FaultsAreCountedAndOnlyTheFirstKept) {
  std::string text = kHeader;
  for (int i = 0; i < 5'000; ++i) text += "garbage\n";
  auto file = read(text, {.max_faults_kept = 10});
  ASSERT_TRUE(file);
  EXPECT_EQ(file->report.faults.size(), 10U);
  EXPECT_EQ(file->report.count(FaultKind::invalid_timestamp), 5'000U);
}

TEST(ReaderHostileTest, EveryCellOfAnotherScaleStaysExact) {
  std::string text = "M\tM\nMV_T302_V002\ta W\n";
  for (int i = 0; i < 20'000; ++i) {
    text += "01/02/25 0" + std::to_string(i / 3600) + ":" + std::to_string(i / 600 % 6) + std::to_string(i / 60 % 10) + ":" + std::to_string(i / 10 % 6) +
            std::to_string(i % 10) + "\t1." + std::string(static_cast<std::size_t>(i % 15), '0') + "1\n";
  }
  const LoggerFile file = read_ok(text);
  ASSERT_EQ(file.report.samples, 20'000U);
  for (std::size_t row = 0; row < 20'000; ++row) {
    EXPECT_EQ(file.tables[0].rows.columns[0].value(row), std::stod("1." + std::string(row % 15, '0') + "1"));
  }
}

TEST(ReaderHostileTest, StampsInAnyOrderAreSorted) {
  std::string text = kHeader;
  for (int i = 86'399; i >= 0; i -= 7) {
    char row[64];
    std::snprintf(row, sizeof row, "01/02/25 %02d:%02d:%02d\t%d.5\t1.0\n", i / 3600, i / 60 % 60, i % 60, i);
    text += row;
  }
  const LoggerFile file = read_ok(text);
  const auto& rows = file.tables[0].rows;
  for (std::size_t row = 0; row < rows.time_s.size(); ++row) {
    ASSERT_TRUE(row == 0 || rows.time_s[row - 1] < rows.time_s[row]);
    ASSERT_EQ(rows.columns[0].value(row), static_cast<double>(rows.time_s[row] - 1'738'368'000) + 0.5);
  }
}

}  // namespace
}  // namespace pv::tsv
