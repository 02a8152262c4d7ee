/// One case a rule of the file format: rows, values, duplicates, restarts, cut files, headers met again.

#include "tsv/reader.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tsv/naive_reader.h"
#include "tsv/printable.h"
#include "tsv/read_ok_test.h"

namespace pv::tsv {
namespace {

constexpr std::int64_t kAugust3 = 1'754'179'200;   // 2025-08-03 00:00 UTC
constexpr std::int64_t kMidnight26 = 1'761'436'800;  // 2025-10-26 00:00 UTC

std::string wrapped(const std::string& rows, const std::string& settings = "UTC") {
  return "START_HEADER\n{\"DataTimeSettings\":\"" + settings +
         "\",\"TimeZone\":\"CET-1CEST,M3.5.0,M10.5.0/3\",\"TimeZoneName\":\"Europe/Paris\",\"MasterType\":\"Mono\"}\nEND_HEADER\nSTART_DATA\n" + kHeader + rows;
}

model::Zone paris() { return model::Zone::from_name("Europe/Paris").value(); }

std::vector<double> values(const LoggerFile& file, std::size_t column, std::size_t table = 0) {
  std::vector<double> out;
  for (std::size_t row = 0; row < file.tables.at(table).rows.time_s.size(); ++row) out.push_back(file.tables[table].rows.columns[column].value(row));
  return out;
}

std::vector<std::int64_t> times(const LoggerFile& file, std::size_t table = 0) { return file.tables.at(table).rows.time_s; }

std::vector<std::int64_t> restarts(const LoggerFile& file) {
  std::vector<std::int64_t> out;
  for (const model::Event& event : file.events) out.push_back(event.time_s);
  return out;
}

using Times = std::vector<std::int64_t>;
using Values = std::vector<double>;

// --- rows and values -------------------------------------------------------------------------------------------------

TEST(ReaderRowsTest, ReadsRowsIntoColumns) {
  const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t242.25\t31.5\n03/08/25 03:30:00\t242.32\t-5.3\n");
  EXPECT_EQ(file.master_sn, "M");
  EXPECT_EQ(times(file), (Times{kAugust3 + 12'000, kAugust3 + 12'600}));
  EXPECT_EQ(values(file, 0), (Values{242.25, 242.32}));
  EXPECT_EQ(values(file, 1), (Values{31.5, -5.3}));
  EXPECT_EQ(file.tables[0].rows.columns[0].kind, model::Column::Kind::decimal);
  EXPECT_EQ(file.report.rows, 2U);
  EXPECT_EQ(file.report.rows_accepted, 2U);
  EXPECT_EQ(file.report.samples, 4U);
  EXPECT_EQ(file.report.time_start_s, kAugust3 + 12'000);
  EXPECT_EQ(file.report.time_end_s, kAugust3 + 12'600);
  EXPECT_TRUE(file.report.faults.empty());
  EXPECT_TRUE(file.report.warnings.empty());
}

TEST(ReaderRowsTest, CrLfReadsAsLf) {
  const LoggerFile file = read_ok("M\tM\r\nMV_T302_V002\tPh 1 V\r\n03/08/25 03:20:00\t1.5\r\n03/08/25 03:30:00\t2.5\r\n03/08/25 03:40:00\t3.5\r\n");
  EXPECT_EQ(values(file, 0), (Values{1.5, 2.5, 3.5}));
  EXPECT_TRUE(file.report.faults.empty());
}

TEST(ReaderRowsTest, NegativeZeroReadsAsZero) {
  const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t-0.0\t1.0\n03/08/25 03:30:00\t-0.0\t-0\n03/08/25 03:40:00\t-0.00\t1e30\n");
  for (const double value : values(file, 0)) EXPECT_FALSE(std::signbit(value));
  EXPECT_FALSE(std::signbit(values(file, 1)[1]));
}

TEST(ReaderRowsTest, ExponentsAreAccepted) {
  const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t2.5e2\t-1E-2\n");
  EXPECT_EQ(values(file, 0), Values{250});
  EXPECT_EQ(values(file, 1), Values{-0.01});
}

TEST(ReaderRowsTest, InvalidValuesAreMissingCellsWithTheirPlace) {
  const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\tNaN\t1.0\n03/08/25 03:30:00\t1.0\t\n03/08/25 03:40:00\tinf\t5W\n");
  EXPECT_EQ(times(file).size(), 2U);
  EXPECT_TRUE(file.tables[0].rows.columns[0].is_missing(0));
  EXPECT_TRUE(file.tables[0].rows.columns[1].is_missing(1));
  EXPECT_EQ(file.tables[0].rows.columns[0].missing, 1U);
  EXPECT_EQ(file.report.invalid_values, 4U);
  ASSERT_EQ(file.report.faults.size(), 4U);
  EXPECT_EQ(file.report.faults[1].kind, FaultKind::invalid_value);
  EXPECT_EQ(file.report.faults[1].line, 4U);
  EXPECT_EQ(file.report.faults[1].column, 3U);
  EXPECT_EQ(file.report.faults[1].byte_offset, kHeader.size() + 26);
}

TEST(ReaderRowsTest, OddSpellingsBesideThePointAreNoNumbers) {
  for (const char* cell : {"1,5", "1/5", "1-5", "1*5", "1:5", "1.2.3", "1..5", "-", ".", "-.", "--1.0", "1.0-", "+1.0", " 1.0", "1.0 ", "1e400"}) {
    const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t1.0\t1.0\n03/08/25 03:30:00\t1.0\t1.0\n03/08/25 03:40:00\t" + cell +
                                    "\t1.0\n03/08/25 03:50:00\t1.0\t1.0\n03/08/25 04:00:00\t1.0\t1.0\n");
    EXPECT_TRUE(file.tables[0].rows.columns[0].is_missing(2)) << cell;
    EXPECT_EQ(file.report.invalid_values, 1U) << cell;
  }
}

TEST(ReaderRowsTest, ColumnsKeepEverySpellingExactly) {
  std::string text = kHeader;
  const std::vector<std::string> cells = {"0.0", "249.7", "249.70", "249.71", "7", "-12.345", "123456.789", "0.000001", "123456789012.5", "1.25e-7", "99999.99"};
  for (std::size_t i = 0; i < cells.size(); ++i) text += "03/08/25 03:2" + std::string(1, static_cast<char>('0' + i % 10)) + (i < 10 ? ":00\t" : ":01\t") + cells[i] + "\t1.0\n";
  const LoggerFile file = read_ok(text);
  ASSERT_EQ(times(file).size(), cells.size());
  for (const std::string& cell : cells) {
    const std::vector<double> got = values(file, 0);
    EXPECT_NE(std::find(got.begin(), got.end(), std::stod(cell)), got.end()) << cell;
  }
}

TEST(ReaderRowsTest, InvalidTimestampsLeaveTheRowOut) {
  const LoggerFile file = read_ok(kHeader + "31/02/26 00:00:00\t1.0\t1.0\n2026-02-01 00:00\t1.0\t1.0\n03/08/25 03:20:00 \t1.0\t1.0\n03/08/25 03:20:00\t1.0\t1.0\n");
  EXPECT_EQ(file.report.invalid_timestamps, 3U);
  EXPECT_EQ(file.report.count(FaultKind::invalid_timestamp), 3U);
  EXPECT_EQ(file.report.rows, 4U);
  EXPECT_EQ(times(file).size(), 1U);
}

TEST(ReaderRowsTest, TwoDigitYearsAreOfThisCenturyUpToItsEnd) {
  const LoggerFile file = read_ok(kHeader + "31/12/17 23:59:59\t1.0\t1.0\n31/12/99 23:59:59\t1.0\t1.0\n");
  EXPECT_EQ(times(file), (Times{1'514'764'799, 4'102'444'799}));
}

TEST(ReaderRowsTest, ShortRowsWithALineEndGiveTheirFields) {
  const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t242.25\n03/08/25 03:30:00\n03/08/25 03:40:00\t1.0\t2.0\n");
  EXPECT_EQ(times(file).size(), 2U);
  EXPECT_TRUE(file.tables[0].rows.columns[1].is_missing(0));
  EXPECT_EQ(file.report.missing_cells, 3U);
  EXPECT_EQ(file.report.count(FaultKind::missing_cells), 2U);
}

TEST(ReaderRowsTest, RowsWithTooManyFieldsAreInvalid) {
  const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t242.25\t1.0\t1.0\n03/08/25 03:30:00\t1.0\t2.0\n");
  EXPECT_EQ(times(file), Times{kAugust3 + 12'600});
  EXPECT_EQ(file.report.count(FaultKind::too_many_fields), 1U);
}

TEST(ReaderRowsTest, TheSameInstantTwiceKeepsTheLaterRowCellByCell) {
  const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t1.0\t10.0\n03/08/25 03:30:00\t2.0\t20.0\n03/08/25 03:20:00\t3.0\n03/08/25 03:10:00\t4.0\t40.0\n");
  EXPECT_EQ(times(file), (Times{kAugust3 + 11'400, kAugust3 + 12'000, kAugust3 + 12'600}));
  EXPECT_EQ(values(file, 0), (Values{4, 3, 2}));
  EXPECT_EQ(values(file, 1), (Values{40, 10, 20}));
  EXPECT_EQ(file.report.duplicate_stamps, 1U);
}

TEST(ReaderRowsTest, HeaderWithoutRowsReadsAndSaysSo) {
  const LoggerFile file = read_ok(kHeader);
  EXPECT_EQ(file.tables.size(), 1U);
  EXPECT_EQ(file.tables[0].channels.size(), 2U);
  EXPECT_NE(file.report.warning(WarningKind::no_rows), nullptr);
  EXPECT_FALSE(file.report.time_start_s);
}

TEST(ReaderRowsTest, EmptyFilesAreRefused) {
  for (const char* text : {"", "\n", "\r\n\r\n"}) {
    const auto file = read_or_reject(std::string_view(text), {});
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().reason, RejectReason::empty_file);
  }
  EXPECT_EQ(read(std::span<const char>(), {}).error().message(), "empty_file: the file is empty");
}

TEST(ReaderRowsTest, RefusalsNameReasonAndLine) {
  const auto file = read(std::string_view("M\tM\nMV_T202_V002\tPh 1 V\n"), {});
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().kind(), Errc::invalid_input);
  EXPECT_EQ(file.error().message(), "unsupported_format: line 2: unsupported format MV_T202_V002");
}

TEST(ReaderRowsTest, OneKeyAddsFormatNames) {
  const std::string extra[] = {"MV_T202_V002"};
  EXPECT_TRUE(read(std::string_view("M\tM\nMV_T202_V002\tPh 1 V\n"), {.extra_formats = extra}));
}

// --- zones -----------------------------------------------------------------------------------------------------------

TEST(ReaderZoneTest, BareStampsAreOfTheSettingsZone) {
  const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t1.0\t1.0\n", {.bare_zone = paris()});
  EXPECT_EQ(times(file), Times{kAugust3 + 12'000 - 7'200});
  EXPECT_EQ(file.report.zone, "Europe/Paris");
  EXPECT_EQ(file.report.zone_origin, ZoneOrigin::settings);
}

TEST(ReaderZoneTest, UtcBlockMeansUtcWhateverTheSettings) {
  const LoggerFile file = read_ok(wrapped("03/08/25 03:20:00\t1.0\t1.0\nEND_DATA\n"), {.bare_zone = paris()});
  EXPECT_EQ(times(file), Times{kAugust3 + 12'000});
  EXPECT_EQ(file.report.zone, "UTC");
  EXPECT_EQ(file.report.zone_origin, ZoneOrigin::file);
  EXPECT_TRUE(file.report.complete);
  EXPECT_EQ(file.report.master_type, MasterType::mono);
}

TEST(ReaderZoneTest, AnyOtherSettingMeansTheBlocksZone) {
  const LoggerFile file = read_ok(wrapped("03/08/25 03:20:00\t1.0\t1.0\nEND_DATA\n", "LOCAL"));
  EXPECT_EQ(times(file), Times{kAugust3 + 12'000 - 7'200});
  EXPECT_EQ(file.report.zone, "Europe/Paris");
}

TEST(ReaderZoneTest, PosixStringStandsInForAnUnknownName) {
  const std::string start = "START_HEADER\n{\"TimeZone\":\"CET-1CEST,M3.5.0,M10.5.0/3\",\"TimeZoneName\":\"Mars/Olympus\"}\nEND_HEADER\nSTART_DATA\n";
  const LoggerFile file = read_ok(start + kHeader + "03/08/25 03:20:00\t1.0\t1.0\nEND_DATA\n");
  EXPECT_EQ(times(file), Times{kAugust3 + 12'000 - 7'200});
}

TEST(ReaderZoneTest, BlockThatNamesNoKnownZoneIsRefused) {
  for (const char* block : {R"({"TimeZoneName":"Mars/\u001bOlympus","DataTimeSettings":"LOCAL"})", "{}"}) {
    const auto file = read_or_reject("START_HEADER\n" + std::string(block) + "\nEND_HEADER\nSTART_DATA\n" + kHeader + "03/08/25 03:20:00\t1.0\t1.0\nEND_DATA\n",
                                     {.bare_zone = paris()});
    ASSERT_FALSE(file) << block;
    EXPECT_EQ(file.error().reason, RejectReason::unknown_file_zone);
    EXPECT_EQ(file.error().line, 2U);
    EXPECT_EQ(file.error().message.find('\x1b'), std::string::npos);
    EXPECT_EQ(file.error().message.find("Mars/?Olympus") == std::string::npos, block == std::string("{}"));
  }
}

TEST(ReaderZoneTest, UtcMayBeWrittenInAnyCase) {
  for (const char* utc : {"utc", "Utc", "UTC"}) {
    EXPECT_EQ(times(read_ok(wrapped("03/08/25 03:20:00\t1.0\t1.0\nEND_DATA\n", utc), {.bare_zone = paris()})), Times{kAugust3 + 12'000}) << utc;
  }
}

TEST(ReaderZoneTest, WarningsCarryNoControlCharacters) {
  EXPECT_EQ(printable("a\x1b[2J\n\x7f"), "a?[2J??");
  EXPECT_EQ(printable("caf\xc3\xa9 \xc2\x9b"), "caf\xc3\xa9 ??");
  EXPECT_EQ(printable("caf\xe9"), "caf?");
}

TEST(ReaderZoneTest, BareFileOfTheUnsetDaySaysWhatToDo) {
  const LoggerFile file = read_ok(kHeader + "01/01/20 03:20:00\t1.0\t1.0\n");
  EXPECT_TRUE(times(file).empty());
  ASSERT_NE(file.report.warning(WarningKind::clock_undecided), nullptr);
  EXPECT_NE(file.report.warning(WarningKind::clock_undecided)->detail.find("append the rows of 02/01/20"), std::string::npos);
}

std::string autumn_night() {
  std::string rows;
  for (const char* stamp : {"01:50", "02:00", "02:20", "02:40", "02:00", "02:20", "02:40", "03:00"}) rows += "26/10/25 " + std::string(stamp) + ":00\t1.0\t1.0\n";
  return rows;
}

TEST(ReaderZoneTest, BothPassesOfARepeatedHourStay) {
  const LoggerFile file = read_ok(kHeader + autumn_night(), {.bare_zone = paris()});
  Times expected;
  for (const int minute : {-10, 0, 20, 40, 60, 80, 100, 120}) expected.push_back(kMidnight26 + minute * 60);
  EXPECT_EQ(times(file), expected);
  EXPECT_EQ(file.report.duplicate_stamps, 0U);
  EXPECT_TRUE(file.report.warnings.empty());
}

TEST(ReaderZoneTest, RepeatedHourReadAsUtcIsReported) {
  const LoggerFile file = read_ok(kHeader + autumn_night());
  EXPECT_EQ(file.report.duplicate_stamps, 3U);
  const Warning* warning = file.report.warning(WarningKind::repeated_hour_read_as_utc);
  ASSERT_NE(warning, nullptr);
  EXPECT_NE(warning->detail.find("Europe/Paris"), std::string::npos);
  EXPECT_NE(warning->detail.find("set the zone"), std::string::npos);
}

TEST(ReaderZoneTest, MissingHourReadAsUtcIsReported) {
  const std::string rows = "30/03/25 01:40:00\t1.0\t1.0\n30/03/25 01:50:00\t1.0\t1.0\n30/03/25 03:00:00\t1.0\t1.0\n30/03/25 03:10:00\t1.0\t1.0\n";
  EXPECT_NE(read_ok(kHeader + rows).report.warning(WarningKind::missing_hour_read_as_utc), nullptr);
  EXPECT_TRUE(read_ok(kHeader + rows, {.bare_zone = paris()}).report.warnings.empty());
  const std::string whole = "30/03/25 01:50:00\t1.0\t1.0\n30/03/25 02:00:00\t1.0\t1.0\n30/03/25 02:10:00\t1.0\t1.0\n";
  EXPECT_TRUE(read_ok(kHeader + whole).report.warnings.empty());
  const std::string other_day = "31/03/25 01:40:00\t1.0\t1.0\n31/03/25 01:50:00\t1.0\t1.0\n31/03/25 03:00:00\t1.0\t1.0\n";
  EXPECT_TRUE(read_ok(kHeader + other_day).report.warnings.empty());
}

TEST(ReaderZoneTest, BeginInsideARepeatedHourIsAmbiguousAndSaysSo) {
  const LoggerFile file = read_ok(kHeader + "26/10/25 02:40:00\t1.0\t1.0\n26/10/25 03:00:00\t1.0\t1.0\n", {.bare_zone = paris()});
  ASSERT_NE(file.report.warning(WarningKind::ambiguous_begin), nullptr);
  EXPECT_EQ(file.report.warning(WarningKind::ambiguous_begin)->line, 3U);
  EXPECT_EQ(times(file)[0], kMidnight26 + 40 * 60);
}

TEST(ReaderZoneTest, SkippedHourIsKeptAndReported) {
  const LoggerFile file = read_ok(kHeader + "30/03/25 02:10:00\t1.0\t1.0\n30/03/25 02:20:00\t1.0\t1.0\n", {.bare_zone = paris()});
  EXPECT_EQ(times(file).size(), 2U);
  EXPECT_NE(file.report.warning(WarningKind::nonexistent_local_time), nullptr);
}

// --- a clock that lost its setting -------------------------------------------------------------------------------------

TEST(ReaderClockTest, HeadOfAnUnsetClockIsLeftOut) {
  const LoggerFile file = read_ok(kHeader + "01/01/20 01:00:02\t1.0\t1.0\n01/01/20 01:00:12\t0\t0\n03/08/25 03:20:00\t2.0\t2.0\n");
  EXPECT_EQ(times(file), Times{kAugust3 + 12'000});
  EXPECT_EQ(file.report.clock_unset_rows, 2U);
  EXPECT_EQ(file.report.restart_rows, 0U);
  EXPECT_TRUE(file.events.empty());
  EXPECT_NE(file.report.warning(WarningKind::clock_unset), nullptr);
}

TEST(ReaderClockTest, TrueRowsOfThatDayStay) {
  EXPECT_EQ(times(read_ok(kHeader + "01/01/20 23:50:00\t1.0\t1.0\n02/01/20 00:00:00\t1.0\t1.0\n")).size(), 2U);
  EXPECT_EQ(times(read_ok(kHeader + "31/12/19 23:50:00\t1.0\t1.0\n01/01/20 00:00:00\t1.0\t1.0\n03/08/25 03:20:00\t2.0\t2.0\n")).size(), 3U);
  EXPECT_EQ(times(read_ok(kHeader + "05/06/17 00:00:00\t1.0\t1.0\n03/08/25 03:20:00\t2.0\t2.0\n")).size(), 2U);
}

TEST(ReaderClockTest, OnlyRowsOfThatDayWaitForALaterRow) {
  const std::string rows = "01/01/20 01:00:02\t1.0\t1.0\n01/01/20 01:10:00\t1.0\t1.0\n";
  const LoggerFile open = read_ok(kHeader + rows);
  EXPECT_TRUE(times(open).empty());
  EXPECT_NE(open.report.warning(WarningKind::clock_undecided), nullptr);
  EXPECT_EQ(times(read_ok(wrapped(rows + "END_DATA\n"))).size(), 2U);
}

// --- restart rows ------------------------------------------------------------------------------------------------------

TEST(ReaderRestartTest, RowOfBareZerosIsAnEvent) {
  const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t1.0\t1.0\n03/08/25 03:21:00\t0\t0\n03/08/25 03:30:00\t0.0\t0.0\n03/08/25 03:40:00\t0\t0.0\n");
  EXPECT_EQ(restarts(file), Times{kAugust3 + 12'060});
  EXPECT_EQ(times(file).size(), 3U);
  EXPECT_EQ(file.report.restart_rows, 1U);
}

TEST(ReaderRestartTest, SettingStoresThemAsZerosToo) {
  const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t1.0\t1.0\n03/08/25 03:21:00\t0\t0\n", {.restart_rows = RestartRows::zeros});
  EXPECT_EQ(values(file, 0), (Values{1, 0}));
  EXPECT_EQ(restarts(file).size(), 1U);
}

TEST(ReaderRestartTest, LocalStampInAUtcFileIsPutRight) {
  const std::string rows = "21/01/26 11:00:00\t239.30\t0.0\n21/01/26 12:01:15\t0\t0\n21/01/26 11:01:25\t239.97\t0.0\nEND_DATA\n";
  const LoggerFile file = read_ok(wrapped(rows));
  EXPECT_EQ(restarts(file), Times{1'768'993'275});
  EXPECT_EQ(file.report.restart_rows_shifted, 1U);
  const LoggerFile zeros = read_ok(wrapped(rows), {.restart_rows = RestartRows::zeros});
  EXPECT_EQ(times(zeros), (Times{1'768'993'200, 1'768'993'275, 1'768'993'285}));
}

TEST(ReaderRestartTest, OnlyWithinTwoMinutesOfTheNextMeasuredRow) {
  const auto at = [](const char* restart, const char* measured) {
    return restarts(read_ok(wrapped("21/01/26 " + std::string(restart) + "\t0\t0\n21/01/26 " + measured + "\t239.97\t0.0\nEND_DATA\n")));
  };
  EXPECT_EQ(at("12:01:00", "11:03:00"), Times{1'768'993'260});
  EXPECT_EQ(at("12:01:00", "11:03:01"), Times{1'768'993'260 + 3'600});
  EXPECT_EQ(at("12:01:00", "10:59:00"), Times{1'768'993'260});
  EXPECT_EQ(at("12:01:00", "10:58:59"), Times{1'768'993'260 + 3'600});
  EXPECT_EQ(at("11:01:00", "12:01:30"), Times{1'768'993'260});  // not after the measured row
}

TEST(ReaderRestartTest, SeveralRestartsLookAtTheSameMeasuredRow) {
  const LoggerFile file = read_ok(wrapped("21/01/26 12:01:00\t0\t0\n21/01/26 12:01:10\t0\t0\n21/01/26 11:01:25\t239.97\t0.0\nEND_DATA\n"));
  EXPECT_EQ(restarts(file), (Times{1'768'993'260, 1'768'993'270}));
}

TEST(ReaderRestartTest, LastRestartOfAUtcFileWaitsForTheEnd) {
  const std::string rows = "21/01/26 11:00:00\t239.30\t0.0\n21/01/26 12:01:15\t0\t0\n";
  const LoggerFile open = read_ok(wrapped(rows));
  EXPECT_TRUE(open.events.empty());
  EXPECT_NE(open.report.warning(WarningKind::restart_undecided), nullptr);
  EXPECT_EQ(restarts(read_ok(wrapped(rows + "END_DATA\n"))), Times{1'768'996'875});
  EXPECT_EQ(restarts(read_ok(kHeader + rows)), Times{1'768'996'875});
}

// --- files cut short ---------------------------------------------------------------------------------------------------

TEST(ReaderTailTest, RowWithoutLineEndIsTakenOnlyWithAllItsDecimals) {
  const std::string begin = kHeader + "03/08/25 03:20:00\t242.25\t31.5\n";
  const LoggerFile whole = read_ok(begin + "03/08/25 03:30:00\t242.32\t4.1");
  EXPECT_EQ(times(whole).size(), 2U);
  EXPECT_EQ(whole.tables[0].provisional_row, 1U);
  ASSERT_TRUE(whole.report.truncated_tail);
  EXPECT_EQ(whole.report.truncated_tail->fate, TailFate::taken);
  for (const char* tail : {"0", "03/08/25 0", "03/08/25 03:30:00", "03/08/25 03:30:00\t", "03/08/25 03:30:00\t24", "03/08/25 03:30:00\t242.32",
                           "03/08/25 03:30:00\t242.32\t", "03/08/25 03:30:00\t242.32\t4", "03/08/25 03:30:00\t242.32\t4.", "03/08/25 03:30:00\t0\t0",
                           "03/08/25 03:30:00\t242.32\t4.11", "03/08/25 03:30:00\t242.32\t-", "03/08/25 03:30:00\t242.32\t4.1\t"}) {
    const LoggerFile file = read_ok(begin + tail);
    EXPECT_EQ(times(file).size(), 1U) << tail;
    EXPECT_FALSE(file.tables[0].provisional_row);
    ASSERT_TRUE(file.report.truncated_tail) << tail;
    EXPECT_EQ(file.report.truncated_tail->fate, TailFate::left_out);
    EXPECT_EQ(file.report.truncated_tail->line, 4U);
    EXPECT_EQ(file.report.truncated_tail->byte_offset, begin.size());
    EXPECT_EQ(file.report.count(FaultKind::truncated_tail), 1U);
  }
}

TEST(ReaderTailTest, DecimalsAreThoseOfTheLatestValueWithAPoint) {
  const std::string begin = kHeader + "03/08/25 03:10:00\t1.0\t31.55\n03/08/25 03:20:00\t1.0\t31.5\n03/08/25 03:25:00\t1.0\t7\n03/08/25 03:26:00\t1.0\n";
  EXPECT_EQ(times(read_ok(begin + "03/08/25 03:30:00\t1.0\t4.1")).size(), 5U);
  EXPECT_EQ(times(read_ok(begin + "03/08/25 03:30:00\t1.0\t4.12")).size(), 4U);
  EXPECT_EQ(times(read_ok(kHeader + "03/08/25 03:30:00\t1.0\t4.1")).size(), 0U);
}

TEST(ReaderTailTest, ProvisionalRowNeverBeatsAWholeOne) {
  const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t242.25\t31.5\n03/08/25 03:20:00\t1.25\t1.5");
  EXPECT_EQ(values(file, 0), Values{242.25});
  EXPECT_FALSE(file.tables[0].provisional_row);
}

TEST(ReaderTailTest, ProvisionalRowIsFoundAfterSorting) {
  const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t1.0\t1.0\n03/08/25 03:30:00\t1.0\t1.0\n03/08/25 03:10:00\t1.0\t2.0");
  EXPECT_EQ(file.tables[0].provisional_row, 0U);
  EXPECT_EQ(values(file, 1), (Values{2, 1, 1}));
}

TEST(ReaderTailTest, EndDataProvesAWrappedFileWhole) {
  const std::string row = "03/08/25 03:20:00\t1.0\t1.0\n";
  EXPECT_TRUE(read_ok(wrapped(row + "END_DATA\n")).report.complete);
  EXPECT_TRUE(read_ok(wrapped(row + "END_DATA")).report.complete);
  const LoggerFile cut = read_ok(wrapped(row + "END_DAT"));
  EXPECT_FALSE(cut.report.complete);
  EXPECT_NE(cut.report.warning(WarningKind::end_data_missing), nullptr);
  EXPECT_EQ(times(cut).size(), 1U);
  EXPECT_EQ(read_ok(wrapped(row + "END_DATA\n" + "03/08/25 03:30:00\t1.0\t1.0\n")).report.count(FaultKind::row_without_header), 1U);
}

// --- headers met again -------------------------------------------------------------------------------------------------

TEST(ReaderAgainTest, SameHeaderGoesOnWithTheSameTable) {
  const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t1.0\t1.0\n" + kHeader + "03/08/25 03:20:00\t2.0\t1.0\n03/08/25 03:30:00\t3.0\t1.0\n");
  ASSERT_EQ(file.tables.size(), 1U);
  EXPECT_EQ(values(file, 0), (Values{2, 3}));
  EXPECT_EQ(file.report.headers, 2U);
  EXPECT_NE(file.report.warning(WarningKind::header_again), nullptr);
  EXPECT_TRUE(file.report.faults.empty());
}

TEST(ReaderAgainTest, AnotherHeaderStartsAnotherTable) {
  const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t1.0\t1.0\n03/08/25 03:30:00\t1.0\t1.0\n" +
                                  "M\tM\tM\tS\nMV_T302_V002\tPh 1 V\tVoie1 W\tpince W\n03/08/25 03:30:00\t2.0\t\t3.0\n");
  ASSERT_EQ(file.tables.size(), 2U);
  // The later table has the voltage of 03:30, and nothing for the first power.
  EXPECT_EQ(values(file, 0, 1), Values{2});
  EXPECT_TRUE(file.tables[0].rows.columns[0].is_missing(1));
  EXPECT_EQ(values(file, 1, 0), (Values{1, 1}));
  EXPECT_EQ(file.report.samples, 5U);
}

TEST(ReaderAgainTest, WrappedHeaderAgainResetsTheEnd) {
  const std::string first = wrapped("03/08/25 03:20:00\t1.0\t1.0\nEND_DATA\n");
  EXPECT_TRUE(read_ok(first + first).report.complete);
  const LoggerFile open = read_ok(first + wrapped("03/08/25 03:30:00\t2.0\t1.0\n"));
  EXPECT_FALSE(open.report.complete);
  EXPECT_EQ(times(open).size(), 2U);
}

TEST(ReaderAgainTest, HeaderGluedToACutRowGivesNoValue) {
  const std::string rest = kHeader + "03/08/25 03:40:00\t3.0\t1.0\n";
  for (const char* cut : {"03/08/25 03:30:00\t24", "03/08/25 03:30:00\t242.25\t3", "03/08/25 0", "03", "03/08/25 03:30:00\t", "03/08/25 03:30:00"}) {
    const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t1.0\t1.0\n" + cut + rest);
    EXPECT_EQ(values(file, 0), (Values{1, 3})) << cut;
    EXPECT_EQ(file.report.count(FaultKind::truncated_tail), 1U) << cut;
    EXPECT_EQ(file.master_sn, "M");
    EXPECT_EQ(file.tables.size(), 1U) << cut;
  }
  const LoggerFile block = read_ok(wrapped("03/08/25 03:20:00\t1.0\t1.0\n03/08/25 03:30:00\t24") + wrapped("03/08/25 03:40:00\t3.0\t1.0\nEND_DATA\n"));
  EXPECT_EQ(values(block, 0), (Values{1, 3}));
  EXPECT_TRUE(block.report.complete);
}

TEST(ReaderAgainTest, GluedRowThatReadsLikeARowIsTakenBack) {
  const std::string start = "1\t1\t1\t1\nMV_T302_V002\tPh 1 V\tVoie1 W\tVoie2 W\n03/08/25 03:20:00\t1.0\t1.0\t1.0\n03/08/25 03:25:00\t1.0\t1.0\t1.0\n";
  // The second header has one column; the cut row and its serial row make three plain cells.
  const LoggerFile file = read_ok(start + "03/08/25 03:30:00\t2.0\t3.0" + "1\t1\nMV_T302_V002\tPh 1 V\n03/08/25 03:40:00\t5.0\n");
  ASSERT_EQ(file.tables.size(), 2U);
  EXPECT_EQ(times(file).size(), 2U);
  EXPECT_EQ(times(file, 1).size(), 1U);
}

TEST(ReaderAgainTest, BlockGluedToAStampedRowIsRead) {
  const std::string first = wrapped("03/08/25 03:20:00\t1.0\t1.0\n");
  const std::string rest = wrapped("03/08/25 03:20:00\t1.0\t1.0\n03/08/25 03:30:00\t2.0\t1.0\nEND_DATA\n");
  for (const char* cut : {"03/08/25 03:30:00", "03/08/25 03:30:00\t", "03/08/25 03:30:00\t24", "03/08/25 03:30:00\t2.0\t1.0", "03/08/25 03:30:00\t0\t0"}) {
    const LoggerFile file = read_ok(first + cut + rest, {.bare_zone = paris()});
    EXPECT_EQ(times(file), (Times{kAugust3 + 12'000, kAugust3 + 12'600})) << cut;
    EXPECT_EQ(values(file, 0), (Values{1, 2})) << cut;
    EXPECT_EQ(file.report.zone, "UTC") << cut;
    EXPECT_EQ(file.report.invalid_timestamps, 0U) << cut;
    EXPECT_EQ(file.report.count(FaultKind::truncated_tail), 1U) << cut;
    EXPECT_TRUE(file.events.empty()) << cut;
  }
}

TEST(ReaderAgainTest, TableWithoutItsBlockInheritsTheEarlierBlock) {
  const LoggerFile file = read_ok(wrapped("03/08/25 03:20:00\t1.0\t1.0\n") + kHeader + "03/08/25 03:30:00\t2.0\t1.0\n", {.bare_zone = paris()});
  EXPECT_EQ(times(file), (Times{kAugust3 + 12'000, kAugust3 + 12'600}));
  EXPECT_EQ(file.tables.size(), 1U);
  EXPECT_EQ(file.report.zone_origin, ZoneOrigin::file);
  // Of another logger: nothing is known of its clock.
  const LoggerFile other = read_ok(wrapped("03/08/25 03:20:00\t1.0\t1.0\n") + "N\tN\tN\nMV_T302_V002\tPh 1 V\tVoie1 W\n03/08/25 03:30:00\t2.0\t1.0\n");
  EXPECT_EQ(times(other), Times{kAugust3 + 12'000});
  EXPECT_EQ(other.report.count(FaultKind::row_without_header), 1U);
}

TEST(ReaderAgainTest, RowsBelowADamagedBlockAreRefused) {
  const std::string row = "03/08/25 03:30:00\t2.0\t1.0\n";
  for (const char* block : {"START_HEADER\n{\"DataTi\nEND_HEADER\nSTART_DATA\n", "START_HEADER\n{\"TimeZoneName\":\"Mars\"}\nEND_HEADER\nSTART_DATA\n"}) {
    const LoggerFile later = read_ok(wrapped("03/08/25 03:20:00\t1.0\t1.0\n") + block + kHeader + row, {.bare_zone = paris()});
    EXPECT_EQ(times(later), Times{kAugust3 + 12'000}) << block;
    EXPECT_EQ(later.report.count(FaultKind::unusable_header), 2U) << block;
    EXPECT_FALSE(read(block + kHeader + row, {.bare_zone = paris()})) << block;
    const LoggerFile mended = read_ok(block + kHeader + row + wrapped("03/08/25 03:40:00\t3.0\t1.0\n"), {.bare_zone = paris()});
    EXPECT_EQ(times(mended), Times{kAugust3 + 13'200}) << block;
  }
  EXPECT_FALSE(read("STARX_HEADER\n{\"DataTimeSettings\":\"UTC\"}\nEND_HEADER\nSTART_DATA\n" + kHeader + row, {.bare_zone = paris()}));
}

TEST(ReaderAgainTest, WholeCopyBehindAnUnusableHeaderIsRead) {
  const std::string whole = kHeader + "03/08/25 03:40:00\t3.0\t1.0\n";
  for (const char* before : {"M\tM\nMV_T999_V001\ta V\n03/08/25 03:30:00\t9.0\n", "<html>\n<body>\n", "A\tM\tS\nMV_T302_V002\ta V\n"}) {
    const LoggerFile file = read_ok(before + whole);
    EXPECT_EQ(values(file, 0), Values{3}) << before;
    EXPECT_EQ(file.master_sn, "M");
    EXPECT_EQ(file.report.count(FaultKind::unusable_header), 1U) << before;
  }
  // A last header that is still arriving decides.
  EXPECT_EQ(read_or_reject(std::string_view("M\tM\nMV_T999_V001\ta V\nM\tM\nMV_T999_V001\ta V\n"), {}).error().reason, RejectReason::unsupported_format);
  EXPECT_EQ(read_or_reject(std::string_view("M\tM\nMV_T999_V001\ta V\nM\tM\nMV_T302"), {}).error().reason, RejectReason::incomplete_header);
  EXPECT_EQ(read_or_reject(std::string_view("M\tM\nMV_T999_V001\ta V\nSTART_HEADER\n{"), {}).error().reason, RejectReason::incomplete_header);
}

TEST(ReaderAgainTest, TablesBeyondTheLimitGoOnWithAnEqualOne) {
  const auto part = [](std::size_t table, const char* time) {
    return "M\tM\nMV_T302_V002\ta W" + std::to_string(table) + "\n03/08/25 " + time + "\t" + std::to_string(table) + ".5\n";
  };
  std::string text;
  for (std::size_t i = 0; i < kMaxTables; ++i) text += part(i, "03:20:00");
  const LoggerFile full = read_ok(text + part(3, "03:30:00"));
  EXPECT_EQ(full.tables.size(), kMaxTables);
  EXPECT_EQ(times(full, 3), (Times{kAugust3 + 12'000, kAugust3 + 12'600}));
  EXPECT_EQ(full.report.warning(WarningKind::too_many_headers), nullptr);
  const LoggerFile over = read_ok(text + part(kMaxTables, "03:30:00") + part(kMaxTables - 1, "03:40:00"));
  EXPECT_EQ(over.tables.size(), kMaxTables);
  EXPECT_NE(over.report.warning(WarningKind::too_many_headers), nullptr);
  EXPECT_EQ(over.report.count(FaultKind::row_without_header), 1U);
  EXPECT_EQ(times(over, kMaxTables - 1), (Times{kAugust3 + 12'000, kAugust3 + 13'200}));
  EXPECT_EQ(testing::difference(text + part(kMaxTables, "03:30:00") + part(3, "03:20:00"), {}), "");
  // Of two equal tables the latest.
  const LoggerFile twice = read_ok(part(1, "03:10:00") + text.substr(0, text.rfind("M\tM\n")) + part(1, "03:30:00"));
  EXPECT_EQ(times(twice, 0).size(), 1U);
  EXPECT_EQ(times(twice, 2), (Times{kAugust3 + 12'000, kAugust3 + 12'600}));
}

TEST(ReaderAgainTest, ARowBeforeADamagedTitleRowIsItsSerialRowEvenWhenAnotherTitleFollows) {
  const std::string text = kHeader + "03/08/25 03:20:00\t1.0\t1.0\n03/08/25 03:30:00\t2.0\t2.0\nMV_T83\t02001283\n" + kHeader.substr(kHeader.find('\n') + 1) +
                           "03/08/25 03:40:00\t3.0\t1.0\n";
  EXPECT_EQ(testing::difference(text, {}), "");
  EXPECT_EQ(times(read_ok(text)).size(), 1U) << "it may be the remains of a cut row with a serial row behind them";
}

TEST(ReaderAgainTest, Utf16MarkBeforeALaterHeaderIsLeftBehind) {
  for (const char* mark : {"\xfe\xff", "\xff\xfe"}) {
    const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t1.0\t1.0\n" + mark + kHeader + "03/08/25 03:30:00\t2.0\t1.0\n");
    EXPECT_EQ(times(file).size(), 1U);
    EXPECT_EQ(file.report.count(FaultKind::unusable_header), 1U);
  }
}

TEST(ReaderAgainTest, OverlongHeaderLineIsLeftBehind) {
  const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t1.0\t1.0\n" + std::string(kMaxHeaderLineBytes + 1, 'x') + "\nMV_T302_V002\ta W\n" + kHeader +
                                  "03/08/25 03:30:00\t2.0\t1.0\n");
  EXPECT_EQ(times(file).size(), 2U);
}

TEST(ReaderAgainTest, UnusableHeaderStopsItsRowsOnly) {
  const LoggerFile file = read_ok(kHeader + "03/08/25 03:20:00\t1.0\t1.0\n" + "M\tM\tM\nMV_T999_V001\ta V\tb W\n03/08/25 03:30:00\t9.0\t9.0\n" + kHeader +
                                  "03/08/25 03:40:00\t3.0\t1.0\n");
  EXPECT_EQ(values(file, 0), (Values{1, 3}));
  EXPECT_EQ(file.report.count(FaultKind::unusable_header), 1U);
  EXPECT_EQ(file.report.count(FaultKind::row_without_header), 1U);
}

}  // namespace
}  // namespace pv::tsv
