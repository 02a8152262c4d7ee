#include "app/run_reports.h"

#include <gtest/gtest.h>

#include "testing/temp_folder.h"

namespace pv::app {
namespace {

using testing::content_of;
using testing::TempFolder;

ingest::RunReport batch(const std::string& id, ingest::Fate fate) {
  ingest::RunReport report;
  report.run_id = id;
  report.mode = "ingest";
  ingest::FileRecord file;
  file.fate = fate;
  file.tenant = "acme";
  report.files.push_back(file);
  return report;
}

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

TEST(RunReports, EachBatchHasItsOwnIdEvenWithinOneMillisecond) {
  const TempFolder folder;
  RunReports reports(folder / "logs/reports");
  EXPECT_EQ(reports.next_id(1'700'000'000'000), "serve-1700000000000");
  EXPECT_EQ(reports.next_id(1'700'000'000'000), "serve-1700000000001");
  EXPECT_EQ(reports.next_id(1'699'999'999'999), "serve-1700000000002");
}

TEST(RunReports, ABatchInWhichNothingCameToItsEndLeavesNone) {
  const TempFolder folder;
  RunReports reports(folder / "reports");
  ASSERT_TRUE(reports.keep(batch("serve-1", ingest::Fate::deferred)));
  EXPECT_FALSE(std::filesystem::exists(folder / "reports"));
  ASSERT_TRUE(reports.keep(batch("serve-2", ingest::Fate::rejected)));
  EXPECT_NE(content_of(folder / "reports/run-serve-2.json").find("\"run_id\": \"serve-2\""), std::string::npos);
  ingest::RunReport held = batch("serve-3", ingest::Fate::deferred);
  held.files.front().evidence.push_back({});
  ASSERT_TRUE(reports.keep(held));
  EXPECT_TRUE(std::filesystem::exists(folder / "reports/run-serve-3.json"));
}

TEST(RunReports, TheNewestAreKeptAndWhatOthersPutThereStays) {
  const TempFolder folder;
  testing::write_file(folder / "reports/run-20260101T000000Z-00000000.json", "{}");
  testing::write_file(folder / "reports/run-serve-1000000000001.json", "{}");
  RunReports reports(folder / "reports", {.files = 3});
  for (int i = 2; i < 6; ++i) ASSERT_TRUE(reports.keep(batch("serve-100000000000" + std::to_string(i), ingest::Fate::stored)));
  EXPECT_EQ(files_in(folder / "reports"), 4U);
  EXPECT_TRUE(std::filesystem::exists(folder / "reports/run-20260101T000000Z-00000000.json"));
  EXPECT_FALSE(std::filesystem::exists(folder / "reports/run-serve-1000000000002.json"));
  EXPECT_TRUE(std::filesystem::exists(folder / "reports/run-serve-1000000000003.json"));
  RunReports small(folder / "reports", {.bytes = 10});
  ASSERT_TRUE(small.keep(batch("serve-1000000000009", ingest::Fate::stored)));
  EXPECT_EQ(files_in(folder / "reports"), 2U) << "the newest stays, however large";
}

TEST(RunReports, AFolderThatCannotBeMadeIsNamedWithItsSettingAndTriedAgain) {
  const TempFolder folder;
  testing::write_file(folder / "logs", "a file");
  RunReports reports(folder / "logs/reports");
  const auto kept = reports.keep(batch("serve-1", ingest::Fate::stored));
  ASSERT_FALSE(kept);
  EXPECT_NE(kept.error().message().find("ingest.report_dir"), std::string::npos) << kept.error().message();
  std::filesystem::remove(folder / "logs");
  EXPECT_TRUE(reports.keep(batch("serve-2", ingest::Fate::stored)));
}

}  // namespace
}  // namespace pv::app
