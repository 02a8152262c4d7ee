#include "ingest/run_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "testing/logger_text.h"
#include "testing/temp_folder.h"

namespace pv::ingest {
namespace {

using nlohmann::json;
using testing::LoggerText;

FileReading read(const testing::TempFolder& folder, std::string_view content) {
  ReadingRules rules;
  rules.zone_of = [](const Place&) { return model::Zone::utc(); };
  std::vector<char> buffer;
  return read_logger_file(classify(folder.path(), folder.given_file("acme/north/02001084/T302_250803_031500.tsv", content)), rules, buffer);
}

std::set<std::string> keys(const json& object) {
  std::set<std::string> names;
  for (const auto& [key, value] : object.items()) names.insert(key);
  return names;
}

RunReport report_of(const FileReading& reading, Fate fate) {
  RunReport report;
  report.run_id = "run-1";
  report.start_ms = 1'754'184'000'250;
  report.end_ms = 1'754'184'001'750;
  report.base_folder = "/data";
  report.mode = "ingest";
  report.files.push_back(record_of(reading));
  report.files[0].fate = fate;
  return report;
}

TEST(RunReport, HasTheFieldsThatExistingToolsRead) {
  const testing::TempFolder folder;
  LoggerText text;
  text.is_wrapped = true;
  const json report = json::parse(to_json(report_of(read(folder, text.text()), Fate::stored)));
  for (const char* name : {"run_id", "start_time", "end_time", "duration_s", "base_folder", "nb_files_total", "nb_files_success", "nb_files_failed",
                           "nb_files_deferred", "nb_points_total", "status", "files", "dry_run"}) {
    EXPECT_TRUE(report.contains(name)) << name;
  }
  EXPECT_EQ(report["run_id"], "run-1");
  EXPECT_EQ(report["start_time"], "2025-08-03T01:20:00.250Z");
  EXPECT_EQ(report["end_time"], "2025-08-03T01:20:01.750Z");
  EXPECT_EQ(report["duration_s"], 1.5);
  EXPECT_EQ(report["nb_files_total"], 1);
  EXPECT_EQ(report["nb_files_success"], 1);
  EXPECT_EQ(report["nb_points_total"], 60);
  EXPECT_EQ(report["status"], "success");
  EXPECT_EQ(report["dry_run"], false);

  const json& file = report["files"][0];
  for (const char* name : {"file_path", "bucket", "campaign", "device_master_sn", "status", "error", "nb_rows", "nb_channels", "nb_points",
                           "nb_invalid_timestamps", "nb_invalid_values", "channels", "file_header_meta", "time_start", "time_end"}) {
    EXPECT_TRUE(file.contains(name)) << name;
  }
  EXPECT_EQ(file["bucket"], "acme");
  EXPECT_EQ(file["campaign"], "north");
  EXPECT_EQ(file["device_master_sn"], "02001084");
  EXPECT_EQ(file["status"], "success");
  EXPECT_EQ(file["error"], nullptr);
  EXPECT_EQ(file["nb_rows"], 20);
  EXPECT_EQ(file["nb_channels"], 3);
  EXPECT_EQ(file["channels"], json::parse(R"(["M02001084_U1_M02001084_V","M02001084_Ch1_M02001084_W","M02001084_Ch2_M02001084_W"])"));
  EXPECT_EQ(file["file_header_meta"]["TimeZoneName"], "Europe/Paris");
  EXPECT_EQ(file["time_start"], "2025-08-03T01:20:00Z");
  EXPECT_EQ(file["time_end"], "2025-08-03T04:30:00Z");
}

TEST(RunReport, CountsWhatWasFoundInAFile) {
  const testing::TempFolder folder;
  const LoggerText text;
  std::string content = text.header();
  for (int r = 0; r < 10; ++r) content += text.row(text.first_s + r * 600);
  content += testing::stamp_text(text.first_s + 6000) + "\t0\t0\t0\n";           // restart
  content += text.row(text.first_s + 20'000);                                     // after a gap
  content += text.row(text.first_s + 20'000);                                     // the same instant
  content += testing::stamp_text(text.first_s + 20'600) + "\tx\t1.0\t1.0\n";      // invalid value
  content += "99/99/99 00:00:00\t1.00\t1.0\t1.0\n";                              // invalid stamp
  content += testing::stamp_text(text.first_s + 21'200) + "\t230.00\t1.0\n";      // a cell missing
  content += testing::stamp_text(text.first_s + 21'800) + "\t230.00\t1.0\t1";     // cut short
  const FileRecord record = record_of(read(folder, content));
  EXPECT_EQ(record.restart_rows, 1U);
  EXPECT_EQ(record.duplicate_stamps, 1U);
  EXPECT_EQ(record.invalid_values, 1U);
  EXPECT_EQ(record.invalid_timestamps, 1U);
  EXPECT_EQ(record.missing_cells, 1U);
  EXPECT_TRUE(record.truncated_tail);
  EXPECT_EQ(record.truncated_line, 19U);
  EXPECT_EQ(record.other_faults, 0U) << "all of them have a count of their own";
  EXPECT_EQ(record.gaps, 1U);
  EXPECT_EQ(record.gap_s, 20'000 - 5400 - 600);
  const json file = json::parse(to_json(report_of(read(folder, content), Fate::stored)))["files"][0];
  EXPECT_EQ(file["truncated_tail"]["line"], 19);
  EXPECT_EQ(file["nb_gaps"], 1);
  EXPECT_GE(file["faults"].size(), 3U);
  EXPECT_EQ(keys(file["faults"][0]), (std::set<std::string>{"kind", "line", "column", "byte_offset"}));
}

TEST(RunReport, StatusTellsHowTheRunWent) {
  const testing::TempFolder folder;
  const FileReading reading = read(folder, LoggerText{}.text());
  const auto status = [](const RunReport& report) { return json::parse(to_json(report))["status"].get<std::string>(); };
  const auto file_status = [](const RunReport& report) { return json::parse(to_json(report))["files"][0]["status"].get<std::string>(); };
  RunReport report = report_of(reading, Fate::stored);
  EXPECT_EQ(status(report), "success");
  report.problems.push_back("a folder could not be listed");
  EXPECT_EQ(status(report), "partial");
  EXPECT_EQ(status(report_of(reading, Fate::rejected)), "failed");
  EXPECT_EQ(status(report_of(reading, Fate::deferred)), "failed");
  EXPECT_EQ(file_status(report_of(reading, Fate::rejected)), "failed");
  EXPECT_EQ(file_status(report_of(reading, Fate::would_reject)), "failed");
  EXPECT_EQ(file_status(report_of(reading, Fate::deferred)), "deferred");
  EXPECT_EQ(file_status(report_of(reading, Fate::would_store)), "success");
}

TEST(RunReport, IsJsonWhateverBytesAPathHolds) {
  FileRecord record;
  record.path = "/data/\xff\xfe/\"quoted\"\n.tsv";
  record.message = record.path;
  record.header_meta = {{"key\x80", "value\xc3"}};
  RunReport report;
  report.files.push_back(record);
  EXPECT_TRUE(json::accept(to_json(report)));
  EXPECT_TRUE(json::accept(reason_json(record, 0)));
}

TEST(RunReport, EachFateHasAName) {
  std::set<std::string_view> names;
  for (const Fate fate : {Fate::stored, Fate::rejected, Fate::deferred, Fate::would_store, Fate::would_reject}) names.insert(to_string(fate));
  EXPECT_EQ(names.size(), 5U);
}

}  // namespace
}  // namespace pv::ingest
