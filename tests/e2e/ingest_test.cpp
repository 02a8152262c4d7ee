#include <sys/mount.h>

#include <nlohmann/json.hpp>

#include "e2e/program.h"
#include "testing/logger_text.h"
#include "testing/seed.h"

namespace pv {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Child;
using testing::Ended;
using testing::Installation;
using testing::kPath;
using testing::LoggerText;
using testing::run_program;


std::vector<std::string> sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

TEST(Ingest, WhatIsExportedIsWhatConvertPrints) {
  const Installation at;
  at.given_fleet({"--companies", "1", "--loggers", "3", "--channels", "8", "--days", "40", "--seed", "7"});
  std::vector<std::string> convert = {"convert", "--to", "samples", "--zone", "Europe/Paris"};
  for (const auto& entry : fs::recursive_directory_iterator(at.data())) {
    if (entry.is_regular_file()) convert.push_back(entry.path());
  }
  const Ended converted = run_program(convert);
  const Ended ingested = at.ingest();
  EXPECT_LE(ingested.code, 1) << ingested.err;
  std::string exported;
  for (const auto& [campaign, text] : at.export_all()) exported += text;
  EXPECT_GT(exported.size(), 100'000U);
  EXPECT_TRUE(sorted_lines(exported) == sorted_lines(converted.out));
  EXPECT_EQ(at.verify().code, 0) << at.verify().out;
}

TEST(Ingest, KilledAtAnyMomentAndRunAgainItIsAsIfNeverKilled) {
  const testing::Seed seed;
  testing::Dice dice(seed.value());
  const std::vector<std::string> fleet = {"--companies", "2", "--loggers", "3", "--channels", "6", "--days", "60", "--seed", std::to_string(seed.value() % 1000)};
  const Installation calm;
  calm.given_fleet(fleet);
  std::multiset<std::string> contents;
  for (const auto& [content, fate] : calm.fates()) contents.insert(content);
  EXPECT_LE(calm.ingest().code, 1);
  const auto expected = calm.export_all();
  const auto expected_fates = calm.fates();

  int kills = 0;
  for (int round = 0; round < 10; ++round) {
    const Installation at;
    at.given_fleet(fleet);
    // A third crash on the same file would hold it.
    for (int kill = 0; kill < 2; ++kill) {
      std::vector<std::string> line = at.ingest_line();
      line.insert(line.begin(), PV_BINARY);
      Child child(line);
      usleep(static_cast<useconds_t>(dice.between(1'000, 120'000)));
      child.send(SIGKILL);
      kills += child.wait().signal == SIGKILL ? 1 : 0;
      std::multiset<std::string> now;
      for (const auto& [content, fate] : at.fates()) now.insert(content);
      ASSERT_TRUE(now == contents) << "each file is there once, whatever happened";
    }
    EXPECT_LE(at.ingest().code, 1);
    EXPECT_TRUE(at.export_all() == expected);
    EXPECT_TRUE(at.fates() == expected_fates) << "each file is in parsed/ or error/, as undisturbed";
    EXPECT_EQ(at.verify().code, 0) << at.verify().out;
    if (HasFailure()) return;
  }
  EXPECT_GT(kills, 0) << "the program was always faster";
}

TEST(Ingest, TwoAtOnceOnOneTreeLoseNothing) {
  const std::vector<std::string> fleet = {"--companies", "2", "--loggers", "3", "--channels", "6", "--days", "40"};
  const Installation calm;
  calm.given_fleet(fleet);
  EXPECT_LE(calm.ingest().code, 1);
  for (int round = 0; round < 3; ++round) {
    const Installation at;
    at.given_fleet(fleet);
    std::vector<std::string> line = at.ingest_line({"--json"});
    line.insert(line.begin(), PV_BINARY);
    Child first(line);
    Child second(line);
    for (const Ended& ended : {first.wait(), second.wait()}) {
      EXPECT_LE(ended.code, 1) << ended.err;
      EXPECT_EQ(json::parse(ended.out)["problems"], json::array());
    }
    EXPECT_TRUE(at.export_all() == calm.export_all());
    EXPECT_TRUE(at.fates() == calm.fates());
    EXPECT_EQ(at.verify().code, 0) << at.verify().out;
  }
}

TEST(Ingest, ExitCodesTellHowItWent) {
  const Installation at;
  EXPECT_EQ(at.ingest().code, 2) << "no data folder";
  at.given(kPath, LoggerText{}.text());
  EXPECT_EQ(at.ingest().code, 0);
  at.given("acme/north/02001084/bad.tsv", "");
  EXPECT_EQ(at.ingest().code, 1);
  EXPECT_EQ(at.ingest().code, 0) << "nothing to do is well done";
  EXPECT_EQ(run_program({"ingest", "--no-such-option"}).code, 2);
  EXPECT_EQ(run_program({"nothing"}).code, 2);
  EXPECT_EQ(run_program({}).code, 2);
  EXPECT_EQ(run_program({"--help"}).code, 0);
  EXPECT_EQ(run_program({"--version"}).code, 0);
  EXPECT_EQ(at.ingest({"--zone", "Mars/Olympus"}).code, 2);
  EXPECT_EQ(at.ingest({"--tsv-file", "/nowhere.tsv"}).code, 2);

  at.given(kPath, LoggerText{.rows = 3}.text());
  testing::write_file(at.path() / "blocked", "a file where a folder should be");
  const Ended away = run_program({"ingest", "--data-folder", at.data(), "--state-dir", at.path() / "blocked"});
  EXPECT_EQ(away.code, 3) << away.out;
  EXPECT_TRUE(fs::exists(at.data() / kPath)) << "the file waits";
}

TEST(Ingest, TheReportGoesWhereTheSettingsSayAndIsWhatJsonPrints) {
  const Installation at;
  at.given(kPath, LoggerText{}.text());
  std::vector<std::string> line = at.ingest_line({"--json"});
  const Ended ended = run_program(line, {{"TSV_REPORT_DIR", (at.path() / "my reports").string()}});
  ASSERT_EQ(ended.code, 0) << ended.err;
  std::vector<std::string> reports;
  for (const auto& entry : fs::directory_iterator(at.path() / "my reports")) reports.push_back(testing::content_of(entry.path()));
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0], ended.out);
  EXPECT_EQ(json::parse(reports[0])["nb_files_success"], 1);

  at.given(kPath, LoggerText{.rows = 3}.text());
  EXPECT_EQ(at.ingest().code, 0);
  EXPECT_TRUE(fs::exists(at.path() / "logs/reports")) << "beside the data folder, when nothing is said";
}

TEST(Ingest, ADryRunLeavesNoTraceAtAll) {
  const Installation at;
  at.given(kPath, LoggerText{}.text());
  at.given("acme/north/02001084/bad.tsv", "");
  const auto before = testing::tree_of(at.path());
  const Ended ended = at.ingest({"--dry-run"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_NE(ended.out.find("would store"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("would reject"), std::string::npos) << ended.out;
  EXPECT_EQ(testing::tree_of(at.path()), before);
}

TEST(Ingest, OneFileIsTakenAloneUnderAnyOfTheOldSpellings) {
  for (const char* option : {"-t", "--tsv-file", "--tsvFile"}) {
    const Installation at;
    const std::string wanted = at.given(kPath, LoggerText{}.text());
    at.given("acme/north/02001084/other.tsv", LoggerText{}.text());
    const Ended ended = run_program({"ingest", "-d", at.data(), "--state-dir", at.state(), option, wanted});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_FALSE(fs::exists(wanted));
    EXPECT_TRUE(fs::exists(at.data() / "acme/north/02001084/other.tsv"));
  }
}

TEST(Ingest, AHugeLineIsRejectedQuicklyInLittleMemory) {
  const Installation at;
  const fs::path path = at.given(kPath, LoggerText{}.text());
  fs::resize_file(path, std::uint64_t{1} << 30);  // zeros to the end; takes no room
  at.given("acme/north/02001084/good.tsv", LoggerText{}.text());
  const Ended ended = at.ingest({"--json"});
  EXPECT_EQ(ended.code, 1);
  const json report = json::parse(ended.out);
  EXPECT_EQ(report["nb_files_success"], 1);
  EXPECT_EQ(report["nb_files_failed"], 1);
  EXPECT_LT(ended.max_rss_kb, 200'000);
  fs::remove_all(at.data() / "acme/north/02001084/error");

  // Below the limit it is read, and memory stays within a few times its size.
  fs::resize_file(at.given(kPath, LoggerText{}.header() + LoggerText{}.row(1'754'184'000) + "03/08/25 03:20:00\t1"), 100U << 20);
  const Ended smaller = at.ingest({"--json"});
  EXPECT_EQ(json::parse(smaller.out)["files"][0]["nb_points"], 3) << "the good row above the endless one is kept";
  EXPECT_LT(smaller.max_rss_kb, 350'000);
}

TEST(Ingest, OnAFullDiskNothingIsLostAndTheNextRunFinishes) {
  const Installation at;
  at.given_fleet({"--companies", "1", "--loggers", "4", "--channels", "30", "--days", "60"});
  fs::create_directories(at.state());
  if (mount("tmpfs", at.state().c_str(), "tmpfs", 0, "size=400k") != 0) GTEST_SKIP() << "no right to mount a small disk here";
  const auto before = at.fates();
  const Ended full = at.ingest({"--json"});
  const auto after = at.fates();
  const bool unmounted = umount2(at.state().c_str(), MNT_DETACH) == 0;
  EXPECT_TRUE(unmounted);
  EXPECT_EQ(full.code, 3) << full.out;
  const json report = json::parse(full.out);
  EXPECT_GT(report["nb_files_deferred"], 0);
  for (const json& file : report["files"]) {
    if (file["status"] != "deferred") continue;
    EXPECT_EQ(file["reason"], "store_unavailable");
    EXPECT_NE(file["error"].get<std::string>().find("disk"), std::string::npos) << file["error"];
    EXPECT_EQ(file["moved_to"], nullptr);
  }
  // What was said to be stored is gone with the small disk; what was deferred must still be waiting.
  std::size_t waiting = 0;
  for (const auto& [content, fate] : after) waiting += fate == "waiting" ? 1U : 0U;
  EXPECT_EQ(waiting, report["nb_files_deferred"].get<std::size_t>());
  EXPECT_LE(at.ingest().code, 1) << "with room again";
  for (const auto& [content, fate] : at.fates()) EXPECT_NE(fate, "waiting");
}

}  // namespace
}  // namespace pv
