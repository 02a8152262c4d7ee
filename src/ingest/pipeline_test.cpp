#include "ingest/pipeline.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "testing/logger_text.h"
#include "testing/rights.h"
#include "testing/temp_folder.h"

namespace pv::ingest {
namespace {

namespace fs = std::filesystem;
using testing::LoggerText;
using testing::tree_of;
using Tree = std::map<std::string, std::string>;

constexpr const char* kFile = "acme/north/02001084/T302_250803_031500.tsv";

/// Remembers what it was given; fails when told to.
class FakeSink final : public model::SampleSink {
 public:
  std::vector<std::vector<std::string>> calls;                              // names of the files of each call that succeeded
  std::function<Result<void>(const model::Delivery&)> check;                // may refuse a delivery, and so the call
  Result<std::vector<model::DeliveryOutcome>> write(std::span<const model::Delivery> deliveries) override {
    std::vector<model::DeliveryOutcome> outcomes(deliveries.size());
    std::vector<std::string> names;
    for (std::size_t d = 0; d < deliveries.size(); ++d) {
      if (check) PV_TRY_VOID(check(deliveries[d]));
      names.push_back(deliveries[d].origin->name);
      for (const model::LoggerTable& table : deliveries[d].tables) {
        for (const model::Column& column : table.rows.columns) outcomes[d].samples_new += column.size() - column.missing;
      }
    }
    calls.push_back(std::move(names));
    return outcomes;
  }
  [[nodiscard]] std::vector<std::string> stored() const {
    std::vector<std::string> all;
    for (const auto& call : calls) all.insert(all.end(), call.begin(), call.end());
    std::sort(all.begin(), all.end());
    return all;
  }
};

class PipelineTest : public ::testing::Test {
 protected:
  testing::TempFolder folder_;
  std::map<std::string, FakeSink> sinks_;
  RunOptions options_;

  PipelineTest() {
    options_.rules.zone_of = [](const Place&) { return model::Zone::utc(); };
    options_.sink_of = [this](const model::TenantName& tenant) -> Result<model::SampleSink*> { return &sinks_[tenant.str()]; };
  }
  fs::path given(std::string_view name, std::string_view content) const { return folder_.given_file(name, content); }
  fs::path given_good(std::string_view name = kFile) const { return given(name, LoggerText{}.text()); }
  RunReport run_all() const { return run(find_files(folder_.path())->files, options_); }
  /// The one file's record.
  FileRecord run_one() {
    RunReport report = run_all();
    problems_ = report.problems;
    EXPECT_EQ(report.files.size(), 1U);
    return report.files.empty() ? FileRecord{} : report.files[0];
  }
  std::vector<std::string> problems_;
};

TEST_F(PipelineTest, ParsedAndErrorAreAsOpenAsTheirDevice) {
  const fs::path device = given_good().parent_path();
  given("acme/north/02001084/bad.tsv", "no header\n1\t2\n");
  for (const fs::perms mode : {fs::perms(02770), fs::perms(0750)}) {
    fs::permissions(device, mode);
    run_all();
    for (const char* name : {"parsed", "error"}) {
      EXPECT_EQ(fs::status(device / name).permissions(), mode) << name;
      fs::remove_all(device / name);
    }
    given_good();
    given("acme/north/02001084/bad.tsv", "no header\n1\t2\n");
  }
}

TEST_F(PipelineTest, AStoredFileLandsInParsedUnchanged) {
  const std::string content = testing::content_of(given_good());
  const FileRecord record = run_one();
  EXPECT_EQ(record.fate, Fate::stored);
  EXPECT_EQ(record.samples, 60U);
  EXPECT_EQ(record.outcome.samples_new, 60U);
  const fs::path parsed = folder_ / "acme/north/02001084/parsed/T302_250803_031500.tsv";
  EXPECT_EQ(record.moved_to, parsed.string());
  EXPECT_EQ(testing::content_of(parsed), content);
  EXPECT_FALSE(fs::exists(folder_ / kFile));
  EXPECT_EQ(sinks_.at("acme").stored(), (std::vector<std::string>{"T302_250803_031500.tsv"}));
}

TEST_F(PipelineTest, ARejectedFileLandsInErrorWithItsReasonBesideIt) {
  given(kFile, LoggerText{.format = "MV_T202_V002"}.text());
  const FileRecord record = run_one();
  EXPECT_EQ(record.fate, Fate::rejected);
  const fs::path moved = folder_ / "acme/north/02001084/error/T302_250803_031500.tsv";
  EXPECT_EQ(testing::content_of(moved), LoggerText{.format = "MV_T202_V002"}.text());
  const auto reason = nlohmann::json::parse(testing::content_of(moved.string() + ".reason.json"));
  EXPECT_EQ(reason["reason"], "unsupported_format");
  EXPECT_EQ(reason["file"], "T302_250803_031500.tsv");
  EXPECT_EQ(reason["from"], kFile) << "as its company knows it";
  EXPECT_EQ(reason["line"], 2);
  EXPECT_NE(reason["message"].get<std::string>().find("MV_T202_V002"), std::string::npos);
  EXPECT_FALSE(reason["what_to_do"].get<std::string>().empty());
  EXPECT_TRUE(sinks_.empty()) << "no store is opened for nothing";
}

TEST_F(PipelineTest, NothingIsOverwrittenWhereTheNameIsTaken) {
  given("acme/north/02001084/parsed/T302_250803_031500.tsv", "an older file");
  given("acme/north/02001084/error/bad.tsv", "an older bad file");
  given("acme/north/02001084/error/bad.tsv.reason.json", "its reason");
  given_good();
  given("acme/north/02001084/bad.tsv", "bad\nbad\n");
  run_all();
  const Tree tree = tree_of(folder_ / "acme/north/02001084");
  EXPECT_EQ(tree.at("parsed/T302_250803_031500.tsv"), "an older file");
  EXPECT_EQ(tree.at("parsed/T302_250803_031500~2.tsv"), LoggerText{}.text());
  EXPECT_EQ(tree.at("error/bad.tsv"), "an older bad file");
  EXPECT_EQ(tree.at("error/bad.tsv.reason.json"), "its reason");
  EXPECT_EQ(tree.at("error/bad~2.tsv"), "bad\nbad\n");
  EXPECT_TRUE(tree.contains("error/bad~2.tsv.reason.json"));
}

TEST_F(PipelineTest, ADryRunTouchesNothing) {
  given_good();
  given("acme/north/02001084/empty.tsv", "");
  given("acme/misplaced.tsv", "x");
  options_.mode = Mode::dry_run;
  options_.sink_of = [](const model::TenantName&) -> Result<model::SampleSink*> { throw std::logic_error("a dry run opened a sink"); };
  const Tree before = tree_of(folder_.path());
  const RunReport report = run_all();
  EXPECT_EQ(tree_of(folder_.path()), before);
  EXPECT_EQ(report.mode, "dry_run");
  EXPECT_EQ(report.count(Fate::would_store), 1U);
  EXPECT_EQ(report.count(Fate::would_reject), 2U);
}

TEST_F(PipelineTest, AFileThatVanishedSinceItWasFoundIsNoTrouble) {
  given_good();
  given_good("acme/north/02001084/other.tsv");
  std::vector<FoundFile> found = find_files(folder_.path())->files;
  fs::remove(folder_ / kFile);
  const RunReport report = run(std::move(found), options_);
  EXPECT_EQ(report.count(Fate::stored), 1U);
  EXPECT_EQ(report.count(Fate::deferred), 1U);
  EXPECT_TRUE(report.problems.empty());
}

TEST_F(PipelineTest, AFileBeingWrittenWaitsAndIsTakenLater) {
  const fs::path path = given(kFile, LoggerText{.rows = 5}.text());
  {
    const FileDescriptor writing(open(path.c_str(), O_WRONLY | O_APPEND));
    const FileRecord record = run_one();
    EXPECT_EQ(record.fate, Fate::deferred);
    EXPECT_EQ(record.reason, "being_written");
    EXPECT_TRUE(fs::exists(path));
    EXPECT_TRUE(sinks_.empty());
  }
  EXPECT_EQ(run_one().fate, Fate::stored);
}

// An uploader may send the same name again while the run is busy with the first one.
TEST_F(PipelineTest, AFileThatWasReplacedAfterItWasReadStaysForTheNextRun) {
  const fs::path path = given(kFile, LoggerText{.rows = 5}.text());
  const fs::path newer = given("newer", LoggerText{.rows = 50}.text());
  sinks_["acme"].check = [&](const model::Delivery&) -> Result<void> {
    if (fs::exists(newer)) fs::rename(newer, path);
    return {};
  };
  EXPECT_EQ(run_one().fate, Fate::stored);
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_NE(problems_[0].find("replaced or changed"), std::string::npos) << problems_[0];
  EXPECT_EQ(testing::content_of(path), LoggerText{.rows = 50}.text());

  const FileRecord second = run_one();
  EXPECT_EQ(second.samples, 150U);
  EXPECT_EQ(testing::content_of(second.moved_to), LoggerText{.rows = 50}.text());
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(PipelineTest, AFileThatGrewAfterItWasReadStaysForTheNextRun) {
  const fs::path path = given(kFile, LoggerText{.rows = 5}.text());
  bool grown = false;
  sinks_["acme"].check = [&](const model::Delivery&) -> Result<void> {
    if (!grown) std::ofstream(path, std::ios::app) << LoggerText{}.row(LoggerText{}.first_s + 5 * 600);
    grown = true;
    return {};
  };
  run_one();
  EXPECT_TRUE(fs::exists(path));
  EXPECT_EQ(run_one().samples, 18U);
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(PipelineTest, WhereItCannotBeMovedItIsStoredAndFiledAtTheNextRun) {
  given_good();
  given("acme/north/02001084/parsed", "a file where a folder should be");
  FileRecord record = run_one();
  EXPECT_EQ(record.fate, Fate::stored);
  EXPECT_EQ(record.moved_to, "");
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_NE(problems_[0].find("parsed"), std::string::npos) << problems_[0];
  EXPECT_TRUE(fs::exists(folder_ / kFile));

  fs::remove(folder_ / "acme/north/02001084/parsed");
  record = run_one();
  EXPECT_TRUE(problems_.empty());
  EXPECT_FALSE(record.moved_to.empty());
  EXPECT_FALSE(fs::exists(folder_ / kFile));
}

TEST_F(PipelineTest, InAFolderThatCannotBeWrittenFilesAreStoredAndStay) {
  given_good();
  given("acme/north/02001084/bad.tsv", "bad\nbad\n");
  fs::permissions(folder_.path(), fs::perms::all);
  const Tree before = tree_of(folder_.path());
  const testing::AsNobody nobody;
  const RunReport report = run_all();
  EXPECT_EQ(report.stored(), 1U);
  EXPECT_EQ(report.rejected(), 1U);
  EXPECT_EQ(report.problems.size(), 2U);
  EXPECT_EQ(tree_of(folder_.path()), before);
}

TEST_F(PipelineTest, ALinkInPlaceOfParsedLeadsNowhere) {
  given_good();
  fs::create_directory(folder_ / "other company");
  fs::create_directory_symlink(folder_ / "other company", folder_ / "acme/north/02001084/parsed");
  const FileRecord record = run_one();
  EXPECT_EQ(record.fate, Fate::stored);
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_NE(problems_[0].find("symbolic link"), std::string::npos) << problems_[0];
  EXPECT_TRUE(fs::is_empty(folder_ / "other company"));
  EXPECT_TRUE(fs::exists(folder_ / kFile));
}

TEST_F(PipelineTest, WhenTheStoreIsAwayNothingMovesAndALaterRunStores) {
  given_good();
  given_good("acme/north/02001084/T302_250804_031500.tsv");
  const Tree before = tree_of(folder_.path());
  for (const Errc kind : {Errc::unavailable, Errc::io}) {
    sinks_["acme"].check = [&](const model::Delivery&) -> Result<void> { return fail(kind, "the disk is full"); };
    const RunReport report = run_all();
    EXPECT_EQ(report.count(Fate::deferred), 2U);
    for (const FileRecord& record : report.files) {
      EXPECT_EQ(record.reason, "store_unavailable");
      EXPECT_EQ(record.message, "the disk is full");
    }
    EXPECT_EQ(tree_of(folder_.path()), before);
  }
  sinks_["acme"].check = nullptr;
  EXPECT_EQ(run_all().stored(), 2U);
  EXPECT_EQ(sinks_["acme"].stored().size(), 2U);
}

TEST_F(PipelineTest, WhenTheStoreCannotBeOpenedItsFilesWaitAndOthersDoNot) {
  given_good();
  given_good("beta/north/02001084/b.tsv");
  options_.sink_of = [this](const model::TenantName& tenant) -> Result<model::SampleSink*> {
    if (tenant.str() == "acme") return fail(Errc::corrupt, "acme.sqlite: this is not a PowerView store");
    return &sinks_[tenant.str()];
  };
  const RunReport report = run_all();
  EXPECT_EQ(report.count(Fate::deferred), 1U);
  EXPECT_EQ(report.files[0].reason, "store_damaged");
  EXPECT_TRUE(fs::exists(folder_ / kFile));
  EXPECT_EQ(sinks_["beta"].stored().size(), 1U);
}

TEST_F(PipelineTest, WhereTheStoreIsDamagedForOneLoggerOnlyItsFilesWait) {
  for (int day = 1; day <= 9; ++day) {
    const std::string sn = day % 3 == 0 ? "02000003" : "02001084";
    given("acme/north/" + sn + "/T302_25080" + std::to_string(day) + "_000000.tsv", LoggerText{.sn = sn}.text());
  }
  sinks_["acme"].check = [](const model::Delivery& delivery) -> Result<void> {
    if (delivery.logger_sn == "02000003") return fail(Errc::corrupt, "block 7 cannot be read");
    return {};
  };
  const RunReport report = run_all();
  EXPECT_EQ(report.stored(), 6U);
  for (const FileRecord& record : report.files) {
    EXPECT_EQ(record.fate, record.logger_sn == "02000003" ? Fate::deferred : Fate::stored) << record.path;
    EXPECT_EQ(record.reason, record.logger_sn == "02000003" ? "store_damaged" : "");
  }
}

TEST_F(PipelineTest, AFileTheStoreWillNeverTakeIsRejectedAndTheOthersAreStored) {
  given_good();
  given("acme/north/wide/w.tsv", LoggerText{.sn = "wide"}.text());
  sinks_["acme"].check = [](const model::Delivery& delivery) -> Result<void> {
    if (delivery.logger_sn == "wide") return fail(Errc::invalid_input, "too many channels");
    return {};
  };
  const RunReport report = run_all();
  EXPECT_EQ(report.stored(), 1U);
  EXPECT_EQ(report.rejected(), 1U);
  EXPECT_EQ(nlohmann::json::parse(testing::content_of(folder_ / "acme/north/wide/error/w.tsv.reason.json"))["reason"], "refused_by_store");
}

TEST_F(PipelineTest, ManySmallBatchesStoreEachFileOnceAndALoggersFilesOldestFirst) {
  std::vector<std::string> names;
  for (const char* tenant : {"acme", "beta"}) {
    for (int day = 10; day < 40; ++day) {
      names.push_back("T302_2508" + std::to_string(day) + "_000000.tsv");
      given(std::string(tenant) + "/north/02001084/" + names.back(), LoggerText{.first_s = 1'754'184'000 + day * 86'400}.text());
    }
  }
  names.resize(30);
  options_.batch_bytes = 2000;
  Progress last;
  options_.progress = [&](const Progress& progress) { last = progress; };
  const RunReport report = run_all();
  EXPECT_EQ(report.stored(), 60U);
  EXPECT_GT(sinks_["acme"].calls.size(), 5U);
  for (const char* tenant : {"acme", "beta"}) {
    std::vector<std::string> order;
    for (const auto& call : sinks_[tenant].calls) order.insert(order.end(), call.begin(), call.end());
    EXPECT_EQ(order, names);
  }
  EXPECT_EQ(last.files_done, 60U);
  EXPECT_EQ(last.files_total, 60U);
  EXPECT_EQ(last.samples, report.samples());
}

TEST_F(PipelineTest, StoppedEarlyWhatWasNotBegunStays) {
  for (int day = 10; day < 20; ++day) given_good("acme/north/02001084/T302_2508" + std::to_string(day) + "_000000.tsv");
  std::stop_source stop;
  options_.batch_bytes = 1;
  options_.stop = stop.get_token();
  options_.progress = [&](const Progress& progress) {
    if (progress.files_done == 3) stop.request_stop();
  };
  const RunReport report = run_all();
  EXPECT_EQ(report.files.size(), 3U);
  options_.stop = {};
  EXPECT_EQ(run_all().stored(), 7U);
}

TEST_F(PipelineTest, MisplacedFilesGoToErrorBesideThem) {
  given("loose.tsv", "x");
  given("acme/loose.tsv", "x");
  given("acme/north/02001084/deep/x.tsv", "x");
  fs::create_symlink("/etc/passwd", folder_ / "acme/north/02001084/link.tsv");
  const RunReport report = run_all();
  EXPECT_EQ(report.rejected(), 4U);
  const Tree tree = tree_of(folder_.path());
  EXPECT_EQ(tree.at("error/loose.tsv"), "x");
  EXPECT_EQ(tree.at("acme/error/loose.tsv"), "x");
  EXPECT_EQ(tree.at("acme/north/02001084/deep/error/x.tsv"), "x");
  EXPECT_EQ(tree.at("acme/north/02001084/error/link.tsv"), "-> /etc/passwd");
  EXPECT_EQ(run_all().files.size(), 0U) << "each is dealt with once";
}

TEST_F(PipelineTest, FilesOutsideTheDataFolderAndFiledOnesAreNotMoved) {
  given("data/acme/north/d/parsed/x.tsv", LoggerText{}.text());
  given("beside/x.tsv", LoggerText{}.text());
  const Tree before = tree_of(folder_.path());
  const RunReport report = run({classify(folder_ / "data", folder_ / "data/acme/north/d/parsed/x.tsv"), classify(folder_ / "data", folder_ / "beside/x.tsv")}, options_);
  EXPECT_EQ(report.rejected(), 2U);
  EXPECT_EQ(tree_of(folder_.path()), before);
}

TEST_F(PipelineTest, ARunThatWasStoppedSaysHowManyFilesItDidNotReach) {
  given("acme/north/02001084/a.tsv", LoggerText{}.text());
  given("acme/north/02001084/b.tsv", LoggerText{}.text());
  std::stop_source stop;
  stop.request_stop();
  options_.stop = stop.get_token();
  const Tree before = tree_of(folder_.path());
  const RunReport report = run_all();
  EXPECT_EQ(report.not_reached, 2U);
  EXPECT_EQ(tree_of(folder_.path()), before);
  const auto json = nlohmann::json::parse(to_json(report));
  EXPECT_EQ(json["status"], "failed");
  EXPECT_EQ(json["nb_files_total"], 2);
  EXPECT_EQ(json["nb_files_not_reached"], 2);
}

TEST_F(PipelineTest, NoFilesIsAGoodRun) {
  const RunReport report = run(std::vector<FoundFile>{}, options_);
  EXPECT_TRUE(report.files.empty());
  EXPECT_EQ(nlohmann::json::parse(to_json(report))["status"], "success");
}

}  // namespace
}  // namespace pv::ingest
