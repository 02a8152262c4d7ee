#include "app/single_file.h"

#include <gtest/gtest.h>

#include "app/command.h"
#include "testing/logger_text.h"
#include "testing/temp_folder.h"

namespace pv::app {
namespace {

namespace fs = std::filesystem;
using testing::LoggerText;

class SingleFileTest : public ::testing::Test {
 protected:
  testing::TempFolder folder_;
  Settings settings_;

  SingleFileTest() {
    settings_.data_folder = folder_ / "data";
    settings_.max_file_bytes = 1 << 20;
    settings_.tenants["acme"].zone = *model::Zone::from_name("Europe/Paris");
  }
};

TEST_F(SingleFileTest, KnowsThePlaceAndTheZoneOfAFileBelowTheDataFolder) {
  const auto file = read_single_file(folder_.given_file("data/acme/north/02001084/T302_250803_031500.tsv", LoggerText{}.text()), settings_);
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->campaign, "north");
  EXPECT_EQ(file->device, "02001084");
  EXPECT_EQ(file->origin.stamp, 250803031500);
  ASSERT_TRUE(file->content);
  EXPECT_EQ(file->content->report.time_start_s, LoggerText{}.first_s - 7200);
}

TEST_F(SingleFileTest, ReadsAFileAnywhereWithTheInstallationsZone) {
  const auto file = read_single_file(folder_.given_file("elsewhere/x.tsv", LoggerText{}.text()), settings_);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->content);
  EXPECT_EQ(file->content->report.time_start_s, LoggerText{}.first_s);
}

TEST_F(SingleFileTest, AFiledFileReadsAsItDidBefore) {
  for (const char* folder : {"parsed", "error"}) {
    const auto file = read_single_file(folder_.given_file("data/acme/north/02001084/" + std::string(folder) + "/x.tsv", LoggerText{}.text()), settings_);
    ASSERT_TRUE(file);
    EXPECT_EQ(file->campaign, "north");
    EXPECT_EQ(file->device, "02001084");
    ASSERT_TRUE(file->content);
    EXPECT_EQ(file->content->report.time_start_s, LoggerText{}.first_s - 7200) << "in the zone of its company";
  }
}

TEST_F(SingleFileTest, FollowsALinkThatAPersonPointsAt) {
  const fs::path file = folder_.given_file("x.tsv", LoggerText{}.text());
  fs::create_symlink(file, folder_ / "link.tsv");
  EXPECT_TRUE(read_single_file(folder_ / "link.tsv", settings_));
}

TEST_F(SingleFileTest, ARefusedFileIsNoErrorAndAMissingOneIs) {
  const auto refused = read_single_file(folder_.given_file("x.tsv", ""), settings_);
  ASSERT_TRUE(refused);
  ASSERT_FALSE(refused->content);
  EXPECT_EQ(refused->content.error().reason, tsv::RejectReason::empty_file);

  const auto missing = read_single_file(folder_ / "none.tsv", settings_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), Errc::not_found);
  EXPECT_EQ(read_single_file(folder_.path(), settings_).error().kind(), Errc::io);
  settings_.max_file_bytes = 10;
  EXPECT_EQ(read_single_file(folder_.given_file("y.tsv", LoggerText{}.text()), settings_).error().kind(), Errc::io);
}

TEST(Report, EachKindOfErrorHasItsExitCode) {
  EXPECT_EQ(report(Error(Errc::not_found, "")), ExitCode::wrong_use);
  EXPECT_EQ(report(Error(Errc::invalid_input, "")), ExitCode::wrong_use);
  EXPECT_EQ(report(Error(Errc::corrupt, "")), ExitCode::some_failed);
  EXPECT_EQ(report(Error(Errc::io, "")), ExitCode::unavailable);
  EXPECT_EQ(report(Error(Errc::unavailable, "")), ExitCode::unavailable);
}

}  // namespace
}  // namespace pv::app
