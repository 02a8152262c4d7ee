#include "tsv/header_graft.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "testing/logger_text.h"
#include "testing/real_files.h"
#include "tsv/reader.h"

namespace pv::tsv {
namespace {

constexpr std::string_view kRows = "05/12/25 03:20:00\t253.81\t250.64\t20.5\n05/12/25 03:30:00\t253.88\t251.10\t20.5\n";
constexpr std::string_view kStale = "02001283\t02001283\t02001283\t02001283\nMV_T302_V002\tPh 1 V\tVoie1 W\tVoie2 W\n";
constexpr std::string_view kRight = "02001283\t02001283\t02001283\t04000466\nMV_T302_V002\tPh 1 V\tPh 2 V\tFour \xc3\xa0 pain W\n";

std::string block(std::string_view zone, std::string_view type) {
  return "START_HEADER\n{\"DataTimeSettings\":\"" + std::string(zone) + "\",\"TimeZoneName\":\"Europe/Paris\",\"MasterType\":\"" +
         std::string(type) + "\"}\nEND_HEADER\nSTART_DATA\n";
}

std::string text(std::string_view a, std::string_view b = {}, std::string_view c = {}) { return std::string(a).append(b).append(c); }

std::string with_crlf(std::string_view lf) {
  std::string out;
  for (const char c : lf) out += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return out;
}

std::string grafted(std::string_view bytes, std::string_view header_file) {
  const auto out = with_header_of(bytes, header_file);
  EXPECT_TRUE(out) << (out ? "" : out.error().message());
  return out ? std::string(out->begin(), out->end()) : std::string();
}

std::string refusal(std::string_view bytes, std::string_view header_file) {
  const auto out = with_header_of(bytes, header_file);
  if (out) return "";
  EXPECT_EQ(out.error().kind(), Errc::invalid_input);
  return out.error().message();
}

LoggerFile reading(std::string_view bytes) {
  ReadOptions options;
  options.bare_zone = model::Zone::from_name("Europe/Paris").value();
  auto file = read(bytes, options);
  EXPECT_TRUE(file) << (file ? "" : file.error().message());
  return file ? std::move(*file) : LoggerFile();
}

void expect_same_rows(const LoggerFile& left, const LoggerFile& right) {
  ASSERT_EQ(left.tables.size(), right.tables.size());
  for (std::size_t t = 0; t < left.tables.size(); ++t) {
    const model::LoggerTable& a = left.tables[t];
    const model::LoggerTable& b = right.tables[t];
    EXPECT_EQ(a.rows.time_s, b.rows.time_s);
    ASSERT_EQ(a.rows.columns.size(), b.rows.columns.size());
    for (std::size_t c = 0; c < a.rows.columns.size(); ++c) EXPECT_TRUE(a.rows.columns[c].same_values(b.rows.columns[c])) << c;
  }
  EXPECT_EQ(left.events, right.events);
}

TEST(HeaderGraft, PutsTheRowsUnderTheOtherTitlesAndSerials) {
  EXPECT_EQ(grafted(text(kStale, kRows), text(kRight, "06/12/25 03:20:00\t1\t2\t3\n")), text(kRight, kRows));
}

TEST(HeaderGraft, NeedsOnlyTheHeaderOfTheOtherFile) { EXPECT_EQ(grafted(text(kStale, kRows), kRight), text(kRight, kRows)); }

TEST(HeaderGraft, LeavesRowsAsTheyAreByteForByte) {
  const std::string rows = text("05/12/25 03:20:00\t253.81\tx\t20.5\r\n\n\nrubbish\n05/12/25 03:30:00\t0\t0\t0\nEND_DATA\n05/12/25 03:4");
  EXPECT_EQ(grafted(text(kStale, rows), kRight), text(kRight, rows));
}

TEST(HeaderGraft, UnderstandsByteOrderMarksAndLineEndsOfBothFiles) {
  const std::string held = text("\xef\xbb\xbf", with_crlf(kStale), with_crlf(kRows));
  const std::string right = text("\xef\xbb\xbf", with_crlf(kRight));
  EXPECT_EQ(grafted(held, right), text(kRight, with_crlf(kRows)));
  EXPECT_EQ(grafted(text(kStale, kRows), right), text(kRight, kRows));
}

TEST(HeaderGraft, GivesLatin1TitlesTheNamesTheReaderGives) {
  const std::string latin1 = "02001283\t02001283\t02001283\t04000466\nMV_T302_V002\tPh 1 V\tPh 2 V\tFour \xe0 pain W\n";
  EXPECT_EQ(grafted(text(kStale, kRows), latin1), text(kRight, kRows));
}

TEST(HeaderGraft, KeepsTitlesWithoutAUnitAsTheyRead) {
  for (const char* title : {"Compteur", "Compteur eau ", " V", " ", "", "a  b"}) {
    const std::string right = text("02001283\t02001283\t02001283\t02001283\nMV_T302_V002\tPh 1 V\tPh 2 V\t", title, "\n");
    EXPECT_EQ(reading(grafted(text(kStale, kRows), right)).tables.at(0).channels, reading(text(right, kRows)).tables.at(0).channels) << title;
  }
}

TEST(HeaderGraft, TakesTheHeaderBlockWithTheTitles) {
  const std::string held = text(block("UTC", "Mono"), kStale, text(kRows, "END_DATA\n"));
  const std::string right = text(block("UTC", "Tri"), kRight);
  EXPECT_EQ(grafted(held, right), text(right, kRows, "END_DATA\n"));
  const LoggerFile file = reading(grafted(held, right));
  EXPECT_EQ(file.tables.at(0).channels.at(1).label, "U2");
  EXPECT_TRUE(file.report.complete);
  expect_same_rows(file, reading(held));
}

TEST(HeaderGraft, NeverChangesWhatTheStampsMean) {
  const std::string bare = text(kStale, kRows);
  const std::string utc = text(block("UTC", "Mono"), kStale, kRows);
  const std::string local = text(block("Local", "Mono"), kStale, kRows);
  const std::string mono = "02001283\t02001283\t02001283\t04000466\nMV_T302_V002\tPh 1 V\tVoie9 W\tFour W\n";
  for (const std::string& held : {bare, utc, local}) {
    for (const std::string& header : {mono, text(block("UTC", "Mono"), mono), text(block("Local", "Mono"), mono)}) {
      const LoggerFile file = reading(grafted(held, header));
      EXPECT_EQ(file.tables.at(0).rows.time_s, reading(held).tables.at(0).rows.time_s);
      EXPECT_EQ(file.tables.at(0).channels, reading(text(header, kRows)).tables.at(0).channels);
    }
  }
  // Without Ph 3 only the block says that the logger is tri.
  const std::string tri = text(block("UTC", "Tri"), kRight);
  EXPECT_NE(refusal(bare, tri).find("tell time in different ways"), std::string::npos) << refusal(bare, tri);
  EXPECT_NE(refusal(local, tri).find("tell time in different ways"), std::string::npos);
}

TEST(HeaderGraft, ReplacesTheHeaderOfAnUploadThatWasResumed) {
  const std::string begun = text(kStale, "05/12/25 03:10:00\t253.80\t250.60\t20.5\n05/12/25 03:2");
  EXPECT_EQ(grafted(text(begun, kStale, kRows), kRight),
            text(kRight, "05/12/25 03:10:00\t253.80\t250.60\t20.5\n", text(kRight, kRows)));
  const std::string wrapped = text(block("UTC", "Mono"), begun, text(block("UTC", "Mono"), kStale, text(kRows, "END_DATA\n")));
  const LoggerFile file = reading(grafted(wrapped, text(block("UTC", "Tri"), kRight)));
  expect_same_rows(file, reading(wrapped));
  ASSERT_EQ(file.tables.size(), 1U);
  EXPECT_EQ(file.tables[0].channels.at(1).label, "U2");
}

TEST(HeaderGraft, LeavesTablesOfOtherChannelsAlone) {
  const std::string other = "02001283\t02001283\nMV_T302_V002\tPh 1 V\n05/12/25 04:20:00\t253.81\n";
  EXPECT_EQ(grafted(text(kStale, kRows, other), kRight), text(kRight, kRows, other));
}

TEST(HeaderGraft, RefusesWhatDoesNotFit) {
  const std::string held = text(kStale, kRows);
  EXPECT_NE(refusal(held, "02001283\t02001283\nMV_T302_V002\tPh 1 V\n").find("has 3 columns and the other header names 1"), std::string::npos);
  EXPECT_NE(refusal(held, "02009999\t02009999\t02009999\t02009999\nMV_T302_V002\tPh 1 V\tPh 2 V\tX W\n").find("of logger 02001283"),
            std::string::npos);
}

TEST(HeaderGraft, RefusesFilesWithoutAHeader) {
  const std::string held = text(kStale, kRows);
  for (const char* none : {"", "\n", "05/12/25 03:20:00\t253.81\n", "02001283\t02001283\n", "PK\x03\x04", "02001283\t02001283\nMV_T999_V001\tPh 1 V\n"}) {
    EXPECT_NE(refusal(held, none).find("the other file "), std::string::npos) << none;
    EXPECT_NE(refusal(none, kRight).find("the file "), std::string::npos) << none;
  }
}

TEST(HeaderGraft, KnowsFormatsThatTheSettingsAdd) {
  std::string held = text(kStale, kRows);
  held.replace(held.find("V002"), 4, "V009");
  EXPECT_FALSE(with_header_of(held, kRight));
  const std::string extra[] = {"MV_T302_V009"};
  const auto out = with_header_of(held, kRight, extra);
  ASSERT_TRUE(out);
  EXPECT_EQ(std::string(out->begin(), out->end()), text(kRight, kRows));
}

TEST(HeaderGraft, OfAFileCutAnywhereReadsTheRowsOfThatFile) {
  const std::string whole = text(block("UTC", "Mono"), kStale, text(kRows, kStale, text(kRows, "END_DATA\n")));
  const std::string right = text(block("UTC", "Tri"), kRight);
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    const auto before = read_or_reject(cut, {});
    const auto out = with_header_of(cut, right);
    ASSERT_EQ(before.has_value(), out.has_value()) << "cut at " << size;
    if (!out) continue;
    SCOPED_TRACE("cut at " + std::to_string(size));
    expect_same_rows(read_or_reject(*out, {}).value(), *before);
  }
}

class HeaderGraftOfRealFiles : public testing::RealFilesTest {};

TEST_F(HeaderGraftOfRealFiles, UndoesAStaleHeader) {
  const std::string& right = file("T302_260109_102002.tsv").text;
  const std::string& daily = file("T302_251029_031500.tsv").text;
  std::string stale = right;
  const std::string titles = "Ph 1 V\tPh 2 V\tPh 3 V\tVoie1 W\tVoie2 W\tVoie3 W";
  stale.replace(stale.find(titles), titles.size(), "Ph 1 V\tVoie1 W\tVoie2 W\tVoie3 W\tVoie4 W\tVoie5 W");
  EXPECT_EQ(reading(stale).tables.at(0).channels.at(1).label, "Ch1");
  EXPECT_EQ(grafted(stale, daily), right);
}

TEST_F(HeaderGraftOfRealFiles, OfEachFileItselfReadsAsTheFile) {
  int read_files = 0;
  for (const testing::RealFile& real : files_) {
    SCOPED_TRACE(real.path);
    const auto before = read_or_reject(real.text, {});
    const auto out = with_header_of(real.text, real.text);
    ASSERT_EQ(before.has_value(), out.has_value());
    if (!out) continue;
    ++read_files;
    const LoggerFile after = read_or_reject(*out, {}).value();
    expect_same_rows(after, *before);
    EXPECT_EQ(after.tables.at(0).channels, before->tables.at(0).channels);
    EXPECT_EQ(after.report.header_meta, before->report.header_meta);
  }
  EXPECT_GT(read_files, 10);
}

}  // namespace
}  // namespace pv::tsv
