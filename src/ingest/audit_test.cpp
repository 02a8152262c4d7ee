#include "ingest/audit.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "testing/rights.h"
#include "testing/temp_folder.h"

namespace pv::ingest {
namespace {

namespace fs = std::filesystem;
using Findings = std::multiset<std::string>;  // "kind path"

class AuditTest : public ::testing::Test {
 protected:
  testing::TempFolder folder_;
  fs::path data_ = folder_.path() / "data";
  std::unique_ptr<Ledger> ledger_;
  std::set<std::string> asked_;
  std::set<std::string> not_stored_;  // digests
  AuditOptions options_;

  AuditTest() {
    fs::create_directories(data_);
    ledger_ = Ledger::open(folder_.path() / "state").value();
    options_.data_folder = data_;
    options_.is_stored = [this](const std::string& tenant, const std::string& campaign, const std::string& digest) -> Result<bool> {
      asked_.insert(tenant + "/" + campaign + " " + digest);
      return !not_stored_.contains(digest);
    };
  }

  void given(const std::string& path) const { testing::write_file(data_ / path, "content of " + path); }
  FileId arrived(const std::string& path) {
    given(path);
    const Ledger::Arrival arrival{classify(data_, data_ / path), path, identity_of(data_ / path), {model::Way::sftp, "acme", ""}, {}};
    return ledger_->arrive({&arrival, 1}).value().at(0).id;
  }
  void record(FileId id, FileEvent event, const std::string& digest = "") {
    const Ledger::Step step{.id = id, .event = event, .reason = event == FileEvent::reject ? "no_header" : "", .digest = digest};
    ASSERT_TRUE(ledger_->record({&step, 1}));
  }
  void committed(FileId id, const std::string& digest) {
    ASSERT_EQ(ledger_->claim_these({&id, 1}).value().size(), 1U);
    record(id, FileEvent::parse, digest);
    record(id, FileEvent::commit);
  }
  void filed(FileId id, const std::string& to) {
    const Ledger::Filed move{id, to};
    ASSERT_TRUE(ledger_->filed({&move, 1}));
  }
  void moved(const std::string& from, const std::string& to) const {
    fs::create_directories((data_ / to).parent_path());
    fs::rename(data_ / from, data_ / to);
  }
  /// A file that went the whole way.
  FileId stored(const std::string& folder, const std::string& name, const std::string& digest) {
    const FileId id = arrived(folder + "/" + name);
    committed(id, digest);
    moved(folder + "/" + name, folder + "/parsed/" + name);
    filed(id, folder + "/parsed/" + name);
    return id;
  }
  std::vector<AuditFinding> all() {
    auto findings = audit(*ledger_, options_);
    EXPECT_TRUE(findings) << findings.error().message();
    return findings ? *findings : std::vector<AuditFinding>{};
  }
  Findings found() {
    Findings texts;
    for (const AuditFinding& finding : all()) {
      EXPECT_FALSE(finding.message.empty());
      texts.insert(std::string(to_string(finding.kind)) + " " + finding.path);
    }
    return texts;
  }
};

TEST_F(AuditTest, AnEmptyInstallationIsInOrder) { EXPECT_EQ(found(), Findings{}); }

TEST_F(AuditTest, FilesInEveryStateThatLieWhereTheyShouldAreInOrder) {
  stored("acme/north/d1", "a.tsv", "aa");
  stored("other/south/d1", "a.tsv", "ab");
  arrived("acme/north/d1/waiting.tsv");
  const FileId held = arrived("acme/north/d1/held.tsv");
  ASSERT_EQ(ledger_->claim_these({&held, 1}).value().size(), 1U);
  record(held, FileEvent::hold);
  committed(arrived("acme/north/d1/not yet moved.tsv"), "ac");
  const FileId wrong = arrived("acme/north/d1/wrong.tsv");
  record(wrong, FileEvent::reject);
  moved("acme/north/d1/wrong.tsv", "acme/north/d1/error/wrong.tsv");
  given("acme/north/d1/error/wrong.tsv.reason.json");
  given("acme/north/d1/parsed/a.tsv.receipt.txt");
  given("acme/north/d1/notes.txt");
  given("acme/north/.hidden/x.tsv");
  given("acme/north/d1/.hidden.tsv");
  filed(wrong, "acme/north/d1/error/wrong.tsv");
  EXPECT_EQ(found(), Findings{});
  EXPECT_EQ(asked_, (std::set<std::string>{"acme/north aa", "other/south ab", "acme/north ac"})) << "stores are asked for what is committed";
}

TEST_F(AuditTest, MisplacedFilesThatWereRejectedAreInOrder) {
  for (const char* path : {"top.tsv", "acme/high.tsv", "acme/north/d1/e/deep.tsv"}) {
    const FileId id = arrived(path);
    record(id, FileEvent::reject);
    const std::string error = (fs::path(path).parent_path() / "error" / fs::path(path).filename()).string();
    moved(path, error);
    filed(id, error);
  }
  EXPECT_EQ(found(), Findings{});
}

TEST_F(AuditTest, ARejectedFileThatWasLeftWhereItLiesIsInOrder) {
  const FileId id = arrived("acme/north/d1/a.tsv");
  record(id, FileEvent::reject);
  filed(id, "");
  EXPECT_EQ(found(), Findings{});
}

TEST_F(AuditTest, AFileThatItsSenderTookBackIsNotMissed) {
  arrived("acme/north/d1/a.tsv");
  ASSERT_TRUE(ledger_->withdraw("acme/north/d1/a.tsv", "acme"));
  fs::remove(data_ / "acme/north/d1/a.tsv");
  EXPECT_EQ(found(), Findings{});
}

TEST_F(AuditTest, FiledFilesThatNobodyKnowsAreTold) {
  stored("acme/north/d1", "a.tsv", "aa");
  given("acme/north/d1/parsed/b.tsv");
  given("acme/north/d1/error/c.tsv");
  given("gone/north/d1/parsed/d.tsv");
  given("error/e.tsv");
  given("parsed/f.tsv");
  EXPECT_EQ(found(), (Findings{"unknown_filed_file acme/north/d1/parsed/b.tsv", "unknown_filed_file acme/north/d1/error/c.tsv",
                               "unknown_filed_file gone/north/d1/parsed/d.tsv", "unknown_filed_file error/e.tsv", "unknown_filed_file parsed/f.tsv"}));
}

TEST_F(AuditTest, AFileBeingMovedIsKnownUnderAnyNumber) {
  committed(arrived("acme/north/d1/a.tsv"), "aa");
  moved("acme/north/d1/a.tsv", "acme/north/d1/parsed/a~2.tsv");
  EXPECT_FALSE(found().contains("unknown_filed_file acme/north/d1/parsed/a~2.tsv")) << "moved, and about to be recorded";
  given("acme/north/d1/parsed/other~2.tsv");
  EXPECT_TRUE(found().contains("unknown_filed_file acme/north/d1/parsed/other~2.tsv"));
}

TEST_F(AuditTest, TwoFilesOfOneNameAreTwoFiles) {
  stored("acme/north/d1", "a.tsv", "aa");
  const FileId second = arrived("acme/north/d1/a.tsv");
  committed(second, "ab");
  moved("acme/north/d1/a.tsv", "acme/north/d1/parsed/a~2.tsv");
  filed(second, "acme/north/d1/parsed/a~2.tsv");
  EXPECT_EQ(found(), Findings{});
  fs::remove(data_ / "acme/north/d1/parsed/a.tsv");
  EXPECT_EQ(found(), Findings{"filed_file_missing acme/north/d1/parsed/a.tsv"});
}

TEST_F(AuditTest, MissingFilesAreTold) {
  const FileId id = stored("acme/north/d1", "a.tsv", "aa");
  arrived("acme/north/d1/b.tsv");
  fs::remove(data_ / "acme/north/d1/parsed/a.tsv");
  fs::remove(data_ / "acme/north/d1/b.tsv");
  EXPECT_EQ(found(), (Findings{"filed_file_missing acme/north/d1/parsed/a.tsv", "waiting_file_missing acme/north/d1/b.tsv"}));
  EXPECT_NE(all().at(1).message.find("file " + std::to_string(id.value)), std::string::npos);
  fs::remove_all(data_ / "acme");
  EXPECT_EQ(found(), (Findings{"filed_file_missing acme/north/d1/parsed/a.tsv", "waiting_file_missing acme/north/d1/b.tsv"}))
      << "also of a company whose folder is gone";
}

TEST_F(AuditTest, AFiledFileThatWasPutBackAndTakenAgainIsNotMissed) {
  stored("acme/north/d1", "a.tsv", "aa");
  moved("acme/north/d1/parsed/a.tsv", "acme/north/d1/a.tsv");
  const FileId again = arrived("acme/north/d1/a.tsv");
  EXPECT_EQ(found(), Findings{"filed_file_missing acme/north/d1/parsed/a.tsv"}) << "not read yet: nobody knows that it is the same";
  committed(again, "aa");
  EXPECT_EQ(found(), Findings{});
}

TEST_F(AuditTest, AFileThatIsTriedAgainIsLookedForWhereItLies) {
  const FileId id = arrived("acme/north/d1/a.tsv");
  record(id, FileEvent::reject);
  moved("acme/north/d1/a.tsv", "acme/north/d1/error/a.tsv");
  filed(id, "acme/north/d1/error/a.tsv");
  ASSERT_TRUE(ledger_->retry(id, "me"));
  EXPECT_EQ(found(), Findings{});
  fs::remove(data_ / "acme/north/d1/error/a.tsv");
  EXPECT_EQ(found(), Findings{"waiting_file_missing acme/north/d1/error/a.tsv"});
}

TEST_F(AuditTest, WhatTheStoreDoesNotKnowIsTold) {
  stored("acme/north/d1", "a.tsv", "aa");
  stored("acme/north/d1", "b.tsv", "ab");
  not_stored_ = {"ab"};
  EXPECT_EQ(found(), Findings{"not_in_store acme/north/d1/parsed/b.tsv"});
  options_.is_stored = {};
  EXPECT_EQ(found(), Findings{}) << "nobody to ask";
}

TEST_F(AuditTest, AStoreThatCannotBeAskedIsToldOnceAndOthersAreAsked) {
  stored("acme/north/d1", "a.tsv", "aa");
  stored("acme/north/d1", "b.tsv", "ab");
  stored("other/north/d1", "c.tsv", "ac");
  options_.is_stored = [](const std::string& tenant, const std::string&, const std::string&) -> Result<bool> {
    if (tenant == "acme") return fail(Errc::corrupt, "acme/store.sqlite: damaged");
    return false;
  };
  EXPECT_EQ(found(), (Findings{"cannot_look acme", "not_in_store other/north/d1/parsed/c.tsv"}));
}

TEST_F(AuditTest, FilesThatWaitAndAreNotOnRecordAreTold) {
  stored("acme/north/d1", "a.tsv", "aa");
  given("acme/north/d1/a.tsv");  // another one of this name
  given("acme/north/d2/b.tsv");
  given("acme/high.tsv");
  given("top.tsv");
  EXPECT_EQ(found(), (Findings{"not_on_record acme/north/d1/a.tsv", "not_on_record acme/north/d2/b.tsv", "not_on_record acme/high.tsv", "not_on_record top.tsv"}));
}

TEST_F(AuditTest, PartialFilesAreToldWithTheTimeOfTheirLastByte) {
  for (const char* name : {".incoming~a.tsv", ".sftpgo-upload.x1.a.tsv", "a.tsv.part", "b.tsv.FILEPART"}) given(std::string("acme/north/d1/") + name);
  fs::last_write_time(data_ / "acme/north/d1/a.tsv.part", fs::file_time_type(std::chrono::file_clock::from_sys(std::chrono::sys_seconds(std::chrono::seconds(1754190905)))));
  EXPECT_EQ(found(), (Findings{"partial_file acme/north/d1/.incoming~a.tsv", "partial_file acme/north/d1/.sftpgo-upload.x1.a.tsv",
                               "partial_file acme/north/d1/a.tsv.part", "partial_file acme/north/d1/b.tsv.FILEPART"}));
  EXPECT_NE(all().at(2).message.find("2025-08-03T03:15:05Z"), std::string::npos) << all().at(2).message;
}

TEST_F(AuditTest, LinksAreNotFollowed) {
  given("other/north/d1/x.tsv");
  arrived("other/north/d1/x.tsv");
  fs::create_directories(data_ / "acme/north");
  fs::create_directory_symlink(data_ / "other/north/d1", data_ / "acme/north/d1");
  fs::create_directory_symlink(data_ / "other", data_ / "linked");
  fs::create_directory_symlink(data_, data_ / "acme/north/round");
  EXPECT_EQ(found(), Findings{});
}

TEST_F(AuditTest, AFolderThatCannotBeListedIsToldOnceAndTheRestIsLookedAt) {
  stored("acme/north/d1", "a.tsv", "aa");
  arrived("acme/north/d1/b.tsv");
  arrived("acme/north/d1/c.tsv");
  given("acme/north/d2/d.tsv");
  fs::permissions(folder_.path(), fs::perms::all);
  fs::permissions(data_ / "acme/north/d1", fs::perms::none);
  const testing::AsNobody nobody;
  EXPECT_EQ(found(), (Findings{"cannot_look acme/north/d1", "cannot_look acme/north/d1/parsed", "not_on_record acme/north/d2/d.tsv"}));
}

TEST_F(AuditTest, ADataFolderThatIsNotThereIsOneFinding) {
  stored("acme/north/d1", "a.tsv", "aa");
  fs::remove_all(data_);
  EXPECT_EQ(found(), Findings{"cannot_look "});
  EXPECT_NE(all().at(0).message.find(data_.string()), std::string::npos);
}

TEST_F(AuditTest, ThereAreNoMoreFindingsThanAskedFor) {
  for (int i = 0; i < 20; ++i) given("acme/north/d1/" + std::to_string(i) + ".tsv");
  for (int i = 0; i < 20; ++i) given("acme/north/d1/parsed/" + std::to_string(i) + ".tsv");
  options_.most = 7;
  EXPECT_EQ(all().size(), 7U);
  options_.most = 0;
  EXPECT_EQ(all().size(), 0U);
}

TEST_F(AuditTest, AllPagesOfTheLedgerAreSeenAndNothingChanges) {
  constexpr int kFiles = 2500;
  std::vector<Ledger::Arrival> arrivals;
  for (int i = 0; i < kFiles; ++i) {
    const std::string path = "acme/north/d1/" + std::to_string(i) + ".tsv";
    given(path);
    arrivals.push_back({classify(data_, data_ / path), path, identity_of(data_ / path), {}, {}});
  }
  ASSERT_TRUE(ledger_->arrive(arrivals));
  for (const int gone : {0, 999, 1000, 1001, 2499}) fs::remove(data_ / ("acme/north/d1/" + std::to_string(gone) + ".tsv"));
  const auto before = testing::tree_of(data_);
  EXPECT_EQ(found(), (Findings{"waiting_file_missing acme/north/d1/0.tsv", "waiting_file_missing acme/north/d1/999.tsv", "waiting_file_missing acme/north/d1/1000.tsv",
                               "waiting_file_missing acme/north/d1/1001.tsv", "waiting_file_missing acme/north/d1/2499.tsv"}));
  EXPECT_EQ(testing::tree_of(data_), before);
  EXPECT_EQ(ledger_->counts().value().at(0).files, static_cast<std::uint64_t>(kFiles));
}

TEST_F(AuditTest, ALedgerOpenedForReadingIsEnough) {
  arrived("acme/north/d1/b.tsv");
  fs::remove(data_ / "acme/north/d1/b.tsv");
  ledger_ = Ledger::open(folder_.path() / "state", Ledger::Access::read_only).value();
  EXPECT_EQ(found(), Findings{"waiting_file_missing acme/north/d1/b.tsv"});
}

TEST(DiscrepancyTest, EachHasItsOwnName) {
  std::set<std::string_view> names;
  for (int kind = 0; kind <= static_cast<int>(Discrepancy::cannot_look); ++kind) names.insert(to_string(static_cast<Discrepancy>(kind)));
  EXPECT_EQ(names.size(), 7U);
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace pv::ingest
