/// The reports that `serve` leaves, as tools of the Python scripts read them.
#include <set>

#include <nlohmann/json.hpp>

#include "e2e/serving.h"
#include "fakes/influxdb/server.h"
#include "testing/logger_text.h"

namespace pv::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::vector<json> reports_in(const fs::path& folder) {
  std::vector<json> all;
  if (!fs::exists(folder)) return all;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") all.push_back(json::parse(content_of(entry.path()), nullptr, false));
  }
  return all;
}

TEST(Reports, ServeLeavesOneABatchUnderTheRunsIdInTheMetaBucket) {
  const Installation at;
  influxdb::Server influx;
  influx.start();
  Serving serving(at, {.settings = "[ingest]\ngrace_s = 0\nscan_interval_s = 1\n[influxdb]\nurl = \"" + influx.url() + "\"\norg = \"powerview\"\nadmin_token = \"operator-token\"\n"});
  at.given(kPath, LoggerText{}.text());
  at.given("acme/north/02001084/T302_250804_031500.tsv", "no logger file\n");
  const fs::path folder = at.path() / "logs/reports";
  std::set<std::string> statuses, ids;
  ASSERT_TRUE(eventually([&] {
    statuses.clear(), ids.clear();
    for (const json& report : reports_in(folder)) {
      ids.insert(report.value("run_id", ""));
      for (const json& file : report["files"]) statuses.insert(file.value("status", ""));
    }
    return statuses == std::set<std::string>{"failed", "success"};
  })) << serving.child().err_so_far();
  const auto meta_ids = [&] {
    std::set<std::string> all;
    for (const influxdb::Stored& point : influx.points("powerview_meta")) {
      if (point.field == "run_id") all.insert(std::get<std::string>(point.value));
    }
    return all;
  };
  ASSERT_TRUE(eventually([&] { return !meta_ids().empty(); })) << serving.child().err_so_far();
  const std::set<std::string> told = meta_ids();
  EXPECT_TRUE(std::any_of(told.begin(), told.end(), [&](const std::string& id) { return ids.contains(id); })) << *told.begin() << " and " << *ids.begin();
  for (const json& report : reports_in(folder)) {
    for (const char* name : {"start_time", "end_time", "duration_s", "base_folder", "nb_files_total", "nb_files_success", "nb_files_failed", "nb_files_deferred", "nb_points_total", "status", "dry_run"}) {
      EXPECT_TRUE(report.contains(name)) << name;
    }
    EXPECT_EQ(report["base_folder"], at.data().string());
  }
  EXPECT_EQ(serving.stop().code, 0);
}

TEST(Reports, AFolderThatCannotBeMadeIsSaidOnceAndFilesGoOn) {
  const Installation at;
  write_file(at.path() / "logs", "a file in the way");
  Serving serving(at, {.settings = "[ingest]\ngrace_s = 0\nscan_interval_s = 1\n"});
  at.given(kPath, LoggerText{}.text());
  ASSERT_TRUE(eventually([&] { return serving.fate_of(kPath) == "committed"; }));
  at.given("acme/north/02001084/T302_250804_031500.tsv", LoggerText{}.text());
  ASSERT_TRUE(eventually([&] { return serving.fate_of("acme/north/02001084/T302_250804_031500.tsv") == "committed"; }));
  const std::string log = serving.stop().err;
  const std::size_t said = log.find("ingest.report_dir");
  ASSERT_NE(said, std::string::npos) << log;
  EXPECT_EQ(log.find("ingest.report_dir", said + 1), std::string::npos) << log;
}

}  // namespace
}  // namespace pv::testing
