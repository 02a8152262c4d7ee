#include "ingest/file_reading.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "testing/logger_text.h"
#include "testing/rights.h"
#include "testing/temp_folder.h"

namespace pv::ingest {
namespace {

namespace fs = std::filesystem;
using testing::LoggerText;

class FileReadingTest : public ::testing::Test {
 protected:
  testing::TempFolder folder_;
  ReadingRules rules_;
  std::vector<char> buffer_;

  FileReadingTest() {
    rules_.zone_of = [](const Place&) { return model::Zone::utc(); };
  }
  fs::path given(std::string_view content, const char* name = "t/c/02001084/T302_250803_031500.tsv") const { return folder_.given_file(name, content); }
  FileReading read(const fs::path& path) { return read_logger_file(classify(folder_.path(), path), rules_, buffer_); }
  std::string reason(std::string_view content) {
    const FileReading reading = read(given(content));
    EXPECT_EQ(reading.readiness, Readiness::rejected);
    EXPECT_FALSE(reading.message.empty());
    return reading.reason;
  }
};

TEST_F(FileReadingTest, AGoodFileIsReadyWithEverythingASinkNeeds) {
  const LoggerText text;
  const FileReading reading = read(given(text.text()));
  ASSERT_EQ(reading.readiness, Readiness::ready) << reading.message;
  EXPECT_EQ(reading.reason, "");
  EXPECT_EQ(reading.origin.name, "T302_250803_031500.tsv");
  EXPECT_EQ(reading.origin.stamp, 250803031500);
  EXPECT_EQ(reading.origin.size, text.text().size());
  EXPECT_EQ(reading.origin.zone, "UTC") << "the settings' zone is part of what its bytes mean";
  const model::Delivery delivery = delivery_of(reading);
  EXPECT_EQ(delivery.campaign->str(), "c");
  EXPECT_EQ(delivery.logger_sn, "02001084");
  ASSERT_EQ(delivery.tables.size(), 1U);
  EXPECT_EQ(delivery.tables[0].rows.time_s.size(), text.rows);
}

TEST_F(FileReadingTest, AFileThatSaysItsZoneMeansTheSameUnderAnySettings) {
  LoggerText text;
  text.is_wrapped = true;
  EXPECT_EQ(read(given(text.text())).origin.zone, "");
}

TEST_F(FileReadingTest, AFileThatMadeRoomForItsNameKeepsItsRank) {
  const FileReading reading = read(given(LoggerText{}.text(), "t/c/02001084/T302_250803_031500~2.tsv"));
  ASSERT_EQ(reading.readiness, Readiness::ready) << reading.message;
  EXPECT_EQ(reading.origin.stamp, 250803031500);
}

TEST_F(FileReadingTest, WhatIsTheFutureIsAskedForEachFile) {
  const LoggerText text;
  std::int64_t latest_s = text.first_s - 2 * 86'400;
  rules_.latest_s = [&latest_s] { return latest_s; };
  EXPECT_EQ(read(given(text.text())).readiness, Readiness::rejected) << "all its rows lie ahead";
  latest_s = text.first_s + 30 * 86'400;
  const FileReading later = read(given(text.text()));
  ASSERT_EQ(later.readiness, Readiness::ready) << "a program that runs for days takes them: " << later.message;
  EXPECT_EQ(delivery_of(later).tables[0].rows.time_s.size(), text.rows);
}

TEST_F(FileReadingTest, TheZoneIsAskedForThePlace) {
  std::string asked;
  rules_.zone_of = [&](const Place& place) {
    asked = place.tenant.str() + "/" + place.campaign.str() + "/" + place.device.str();
    return *model::Zone::from_name("Europe/Paris");
  };
  const FileReading reading = read(given(LoggerText{}.text()));
  EXPECT_EQ(asked, "t/c/02001084");
  EXPECT_EQ(reading.origin.zone, "Europe/Paris");
  EXPECT_EQ(reading.content->report.time_start_s, LoggerText{}.first_s - 7200);
}

TEST_F(FileReadingTest, BadContentIsRejectedWithANamedReason) {
  const LoggerText text;
  EXPECT_EQ(reason(""), "empty_file");
  EXPECT_EQ(reason("\n\n"), "empty_file");
  EXPECT_EQ(reason(text.header()), "no_rows");
  EXPECT_EQ(reason(text.header().substr(0, 20)), "incomplete_header");
  EXPECT_EQ(reason("{\"a\": 1}\n{\"b\": 2}\n"), "no_header");
  EXPECT_EQ(reason(LoggerText{.format = "MV_T202_V002"}.text()), "unsupported_format");
  EXPECT_EQ(reason("02001084\t02001084\nMV_T302_V002\tPh 1 V\tVoie1 W\n"), "header_mismatch");
  EXPECT_EQ(reason("9\t1\t1_Ch1_M9\nMV_T302_V002\tx Ch1_M9\tx\n"), "duplicate_channel");
  EXPECT_EQ(reason("bad serial!\tx\nMV_T302_V002\tPh 1 V\n"), "bad_serial");
  EXPECT_EQ(reason(LoggerText{.channels = 10'000}.text()), "too_many_columns");
  EXPECT_EQ(reason(std::string("0200\0" "1084\t1\n", 11) + text.text()), "not_text");
  EXPECT_EQ(reason(std::string(1U << 20, 'x')), "line_too_long");
  EXPECT_EQ(reason("START_HEADER\nnot json\nEND_HEADER\nSTART_DATA\n" + text.text()), "bad_header_block");
  EXPECT_EQ(reason(text.header() + "31/02/26 00:00:00\t230.00\t1.0\t1.0\n"), "no_valid_rows");
  EXPECT_EQ(reason(text.header() + text.row(text.first_s).substr(0, 30)), "no_valid_rows") << "a single row, cut short";
}

TEST_F(FileReadingTest, TheLineOfTheTroubleIsTold) {
  EXPECT_EQ(read(given(LoggerText{.format = "MV_T202_V002"}.text())).line, 2U);
}

TEST_F(FileReadingTest, Latin1TitlesAndTheLastYearAreAccepted) {
  LoggerText text;
  text.first_s = 4'102'358'400;  // 2099-12-31
  text.rows = 2;
  std::string content = text.text();
  content.replace(content.find("Voie1"), 5, "\xe9t\xe9");
  const FileReading reading = read(given(content));
  ASSERT_EQ(reading.readiness, Readiness::ready) << reading.message;
  EXPECT_EQ(reading.content->tables[0].channels[1].name, "\xc3\xa9t\xc3\xa9");
  EXPECT_EQ(reading.content->report.time_start_s, text.first_s);
}

TEST_F(FileReadingTest, AFormatOfTheSettingsIsAccepted) {
  rules_.extra_formats = {"MV_T202_V002"};
  EXPECT_EQ(read(given(LoggerText{.format = "MV_T202_V002"}.text())).readiness, Readiness::ready);
}

TEST_F(FileReadingTest, AMisplacedFileIsRejectedUnread) {
  const FileReading reading = read(given("x", "t/short.tsv"));
  EXPECT_EQ(reading.readiness, Readiness::rejected);
  EXPECT_EQ(reading.reason, "path_too_short");
  EXPECT_EQ(reading.origin.size, 0U);
}

TEST_F(FileReadingTest, WhatCannotBeReadNowIsDeferred) {
  const fs::path path = given(LoggerText{}.text());
  {
    const FileDescriptor writing(open(path.c_str(), O_WRONLY | O_APPEND));
    const FileReading reading = read(path);
    EXPECT_EQ(reading.readiness, Readiness::deferred);
    EXPECT_EQ(reading.reason, "being_written");
  }
  EXPECT_EQ(read(path).readiness, Readiness::ready) << "the writer has closed it";

  const FoundFile found = classify(folder_.path(), path);
  fs::remove(path);
  const FileReading vanished = read_logger_file(found, rules_, buffer_);
  EXPECT_EQ(vanished.readiness, Readiness::deferred);
  EXPECT_EQ(vanished.reason, "vanished");
}

TEST_F(FileReadingTest, AFileWithoutRightsIsDeferredAndSaysWhatToCheck) {
  const fs::path path = given(LoggerText{}.text());
  fs::permissions(folder_.path(), fs::perms::all);
  fs::permissions(path, fs::perms::none);
  const testing::AsNobody nobody;
  const FileReading reading = read(path);
  EXPECT_EQ(reading.readiness, Readiness::deferred);
  EXPECT_EQ(reading.reason, "unreadable");
  EXPECT_NE(reading.message.find("rights"), std::string::npos) << reading.message;
}

TEST_F(FileReadingTest, WhatBecameALinkOrAPipeSinceItWasFoundIsRejected) {
  const fs::path path = given(LoggerText{}.text());
  const FoundFile found = classify(folder_.path(), path);
  fs::rename(path, folder_ / "elsewhere");
  fs::create_symlink(folder_ / "elsewhere", path);
  const FileReading reading = read_logger_file(found, rules_, buffer_);
  EXPECT_EQ(reading.readiness, Readiness::rejected);
  EXPECT_EQ(reading.reason, "symlink");
}

TEST_F(FileReadingTest, AFileBeyondTheLimitIsRejectedUnread) {
  const fs::path path = given("x");
  fs::resize_file(path, std::uint64_t{1} << 40);  // takes no room
  const FileReading reading = read(path);
  EXPECT_EQ(reading.readiness, Readiness::rejected);
  EXPECT_EQ(reading.reason, "too_large");
  EXPECT_NE(reading.message.find("ingest.max_file_bytes"), std::string::npos);
  EXPECT_EQ(buffer_.size(), 0U);
}

TEST_F(FileReadingTest, WarnsWhenTheFolderSaysAnotherLogger) {
  const FileReading reading = read(given(LoggerText{.sn = "02009999"}.text()));
  ASSERT_EQ(reading.readiness, Readiness::ready);
  ASSERT_FALSE(reading.warnings.empty());
  EXPECT_NE(reading.warnings.back().find("serial_differs"), std::string::npos);
}

}  // namespace
}  // namespace pv::ingest
