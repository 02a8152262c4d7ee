#include "ingest/ledger.h"

#include <gtest/gtest.h>

#include "base/database.h"
#include "testing/temp_folder.h"

namespace pv::ingest {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPath = "acme/north/02001084/a.tsv";

class LedgerTest : public ::testing::Test {
 protected:
  testing::TempFolder folder_;
  std::int64_t now_ = 1'800'000'000;
  std::unique_ptr<Ledger> ledger_;

  LedgerTest() { open(); }
  void open() {
    ledger_.reset();
    auto ledger = Ledger::open(folder_ / "state", Ledger::Access::read_write, [this] { return now_; });
    if (!ledger) throw std::runtime_error(ledger.error().message());
    ledger_ = std::move(*ledger);
  }
  fs::path data() const { return folder_ / "data"; }
  Ledger::Arrival arrival(const std::string& path, model::Way way = model::Way::scan) const {
    Ledger::Arrival arrival;
    arrival.file = classify(data(), data() / path);
    arrival.path = path;
    arrival.identity = identity_of(data() / path);
    arrival.sender = {way, way == model::Way::sftp ? "logger" : "", ""};
    return arrival;
  }
  Ledger::Arrival given(const std::string& path, std::string_view content = "x") const {
    folder_.given_file("data/" + path, content);
    return arrival(path);
  }
  Ledger::Arrived arrive(const Ledger::Arrival& one) const {
    auto arrived = ledger_->arrive(std::span(&one, 1));
    if (!arrived) throw std::runtime_error(arrived.error().message());
    return arrived->front();
  }
  void step(FileId id, FileEvent event, std::string reason = "") const {
    const Ledger::Step one{.id = id, .event = event, .reason = std::move(reason), .next_attempt_s = now_ + 5};
    const auto recorded = ledger_->record(std::span(&one, 1));
    ASSERT_TRUE(recorded) << recorded.error().message();
  }
  std::vector<LedgerEntry> claim(std::size_t files = 100, std::uint64_t bytes = 1U << 30) const {
    auto claimed = ledger_->claim(files, bytes, now_);
    if (!claimed) throw std::runtime_error(claimed.error().message());
    return std::move(*claimed);
  }
  void commit_and_file(FileId id, const std::string& moved_to) const {
    step(id, FileEvent::parse);
    step(id, FileEvent::commit);
    const Ledger::Filed move{id, moved_to};
    ASSERT_TRUE(ledger_->filed(std::span(&move, 1)));
  }
  LedgerEntry entry(FileId id) const { return *ledger_->entry(id); }
  std::uint64_t count(FileState state) const {
    std::uint64_t files = 0;
    const auto counts = ledger_->counts();
    for (const StateCount& one : *counts) files += one.state == state ? one.files : 0;
    return files;
  }
};

TEST_F(LedgerTest, WhoeverReportsAFileMeetsTheSameEntry) {
  const Ledger::Arrival seen = given(kPath);
  const Ledger::Arrived first = arrive(seen);
  EXPECT_TRUE(first.is_new);
  for (const model::Way way : {model::Way::watch, model::Way::hook, model::Way::command}) {
    const Ledger::Arrived again = arrive(arrival(kPath, way));
    EXPECT_EQ(again.id, first.id);
    EXPECT_FALSE(again.is_new);
  }
  EXPECT_EQ(count(FileState::received), 1U);
  EXPECT_EQ(entry(first.id).sender.way, model::Way::hook) << "a hook knows more of the sender than a look at the folder";
  arrive(arrival(kPath, model::Way::sftp));
  EXPECT_EQ(entry(first.id).sender.who, "logger");
}

TEST_F(LedgerTest, AFileGoesItsWayAndIsSettled) {
  const FileId id = arrive(given(kPath, "content")).id;
  const auto claimed = claim();
  ASSERT_EQ(claimed.size(), 1U);
  EXPECT_EQ(claimed[0].id, id);
  EXPECT_EQ(claimed[0].size, 7U);
  EXPECT_EQ(claimed[0].attempts, 1U);
  EXPECT_TRUE(claim().empty());
  commit_and_file(id, "acme/north/02001084/parsed/a.tsv");
  const LedgerEntry settled = entry(id);
  EXPECT_EQ(settled.state, FileState::committed);
  EXPECT_TRUE(settled.is_settled());
  EXPECT_EQ(settled.moved_to, "acme/north/02001084/parsed/a.tsv");
  EXPECT_EQ(*ledger_->next_due_s(), std::nullopt);
  EXPECT_EQ(count(FileState::committed), 1U);
  EXPECT_EQ(count(FileState::received), 0U);
}

TEST_F(LedgerTest, ANewFileAtThePathOfASettledOneIsANewEntry) {
  const FileId id = arrive(given(kPath)).id;
  claim();
  commit_and_file(id, "acme/north/02001084/parsed/a.tsv");
  ledger_->release_tenant("acme");
  fs::remove(data() / kPath);
  const Ledger::Arrived next = arrive(given(kPath, "another"));
  EXPECT_TRUE(next.is_new);
  EXPECT_NE(next.id, id);
}

TEST_F(LedgerTest, AReportThatComesAfterTheFileWasFiledMakesNoSecondEntry) {
  const Ledger::Arrival late = given(kPath);
  const FileId id = arrive(late).id;
  claim();
  fs::create_directories(data() / "acme/north/02001084/parsed");
  fs::rename(data() / kPath, data() / "acme/north/02001084/parsed/a.tsv");
  commit_and_file(id, "acme/north/02001084/parsed/a.tsv");
  const Ledger::Arrived again = arrive(late);
  EXPECT_EQ(again.id, id);
  EXPECT_FALSE(again.is_new);
}

TEST_F(LedgerTest, AFileThatAPersonMovesBackIsIngestedAgain) {
  const Ledger::Arrival first = given(kPath);
  const FileId id = arrive(first).id;
  claim();
  commit_and_file(id, "acme/north/02001084/parsed/a.tsv");
  const Ledger::Arrived again = arrive(first);  // it stands there with the same identity
  EXPECT_TRUE(again.is_new);
  EXPECT_NE(again.id, id);
}

TEST_F(LedgerTest, OtherBytesUnderTheNameOfAHeldFileBeginAnew) {
  const FileId id = arrive(given(kPath)).id;
  claim();
  step(id, FileEvent::hold, "implausible_header");
  ledger_->release_tenant("acme");
  EXPECT_TRUE(claim().empty());
  const Ledger::Arrived same = arrive(arrival(kPath));
  EXPECT_EQ(same.state, FileState::held) << "reported again, it stays held";
  const Ledger::Arrived other = arrive(given(kPath, "other bytes"));
  EXPECT_EQ(other.id, id);
  EXPECT_EQ(other.state, FileState::received);
  EXPECT_EQ(entry(id).reason, "");
  EXPECT_EQ(claim().size(), 1U);
}

TEST_F(LedgerTest, OneTenantIsClaimedByOneWorkerAndTheOldestFirst) {
  arrive(given("acme/n/1/b.tsv"));
  now_ += 10;
  arrive(given("beta/n/1/a.tsv"));
  arrive(given("acme/n/1/a.tsv"));
  const auto first = claim();
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].name, "b.tsv");
  const auto second = claim();
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].tenant, "beta");
  arrive(given("acme/n/1/c.tsv"));
  EXPECT_TRUE(claim().empty());
  ledger_->release_tenant("acme");
  EXPECT_EQ(claim().size(), 1U);
}

TEST_F(LedgerTest, AClaimIsBoundedInFilesAndBytes) {
  for (int i = 0; i < 10; ++i) arrive(given("acme/n/1/" + std::to_string(i) + ".tsv", std::string(100, 'x')));
  EXPECT_EQ(claim(3).size(), 3U);
  ledger_->release_tenant("acme");
  EXPECT_EQ(claim(100, 250).size(), 2U);
  ledger_->release_tenant("acme");
  EXPECT_EQ(claim(100, 1).size(), 1U) << "a single file larger than the bound is taken all the same";
}

TEST_F(LedgerTest, AFileThatIsPutOffComesAgainWhenItIsDue) {
  const FileId id = arrive(given(kPath)).id;
  claim();
  step(id, FileEvent::postpone, "store_unavailable");
  ledger_->release_tenant("acme");
  EXPECT_TRUE(claim().empty());
  EXPECT_EQ(*ledger_->next_due_s(), now_ + 5);
  EXPECT_EQ(entry(id).reason, "store_unavailable");
  now_ += 5;
  EXPECT_EQ(claim().size(), 1U);
}

TEST_F(LedgerTest, AClockThatIsSetBackKeepsNoFileWaiting) {
  const FileId id = arrive(given(kPath)).id;
  claim();
  step(id, FileEvent::postpone, "store_unavailable");
  ledger_->release_tenant("acme");
  now_ -= 365 * 86'400;
  EXPECT_LE(**ledger_->next_due_s(), now_);
  EXPECT_EQ(claim().size(), 1U);
}

TEST_F(LedgerTest, TheThirdCrashOverAFileHoldsItAndTakesNoOtherDown) {
  const FileId poison = arrive(given("acme/n/1/poison.tsv")).id;
  const FileId good = arrive(given("acme/n/1/good.tsv")).id;
  const FileId other = arrive(given("beta/n/1/other.tsv")).id;
  EXPECT_EQ(claim().size(), 2U);
  EXPECT_EQ(claim().size(), 1U);
  open();  // the program ended
  EXPECT_EQ(*ledger_->recover(now_), 3U);
  for (int crash = 2; crash <= 3; ++crash) {
    auto alone = claim();
    ASSERT_EQ(alone.size(), 1U);
    EXPECT_EQ(alone[0].id, poison);
    EXPECT_TRUE(claim().empty()) << "nobody else works while it is tried";
    open();
    EXPECT_EQ(*ledger_->recover(now_), 1U);
  }
  EXPECT_EQ(entry(poison).state, FileState::held);
  EXPECT_EQ(entry(poison).reason, "crashed");
  EXPECT_EQ(entry(poison).crashes, 3U);
  for (const FileId id : {good, other}) {
    const auto claimed = claim();
    ASSERT_EQ(claimed.size(), 1U);
    EXPECT_EQ(claimed[0].id, id);
    commit_and_file(id, "x");
    ledger_->release_tenant(claimed[0].tenant);
  }
}

TEST_F(LedgerTest, WhatWasCommittedAndNotMovedComesAgainForItsMove) {
  const FileId id = arrive(given(kPath)).id;
  claim();
  step(id, FileEvent::parse);
  step(id, FileEvent::commit);
  open();
  EXPECT_EQ(*ledger_->recover(now_), 1U);
  const auto claimed = claim();
  ASSERT_EQ(claimed.size(), 1U);
  EXPECT_EQ(claimed[0].state, FileState::committed);
  EXPECT_EQ(claimed[0].crashes, 0U);
}

TEST_F(LedgerTest, APersonSettlesAHeldFile) {
  const FileId id = arrive(given(kPath)).id;
  EXPECT_EQ(ledger_->accept(id, "alice", "").error().kind(), Errc::conflict);
  claim();
  EXPECT_EQ(ledger_->reject(id, "alice", "").error().kind(), Errc::conflict) << "it is being read";
  step(id, FileEvent::hold, "implausible_header");
  ledger_->release_tenant("acme");
  for (const char* hostile : {"beta/n/1/a.tsv", "acme/../beta/n/1/a.tsv", "/etc/passwd", "acme//x", "acme/./x"}) {
    EXPECT_EQ(ledger_->accept(id, "alice", hostile).error().kind(), Errc::invalid_input) << hostile;
  }
  const auto accepted = ledger_->accept(id, "alice", "acme/north/02001084/b.tsv");
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->state, FileState::received);
  EXPECT_EQ(accepted->accepted_by, "alice");
  EXPECT_EQ(accepted->header_of, "acme/north/02001084/b.tsv");
  EXPECT_EQ(claim().size(), 1U);
  EXPECT_EQ(ledger_->retry(FileId{99}, "alice").error().kind(), Errc::not_found);
}

TEST_F(LedgerTest, WhoAsksForAnotherAttemptIsNoted) {
  const FileId id = arrive(given(kPath)).id;
  claim();
  step(id, FileEvent::postpone, "store_unavailable");
  const LedgerEntry asked = *ledger_->retry(id, "alice");
  EXPECT_EQ(asked.reason, "");
  EXPECT_NE(asked.message.find("alice"), std::string::npos) << asked.message;
}

TEST_F(LedgerTest, ItIsItsOwnersOnly) {
  arrive(given(kPath));
  for (const char* name : {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"}) {
    EXPECT_EQ(fs::status(folder_ / "state" / name).permissions(), fs::perms::owner_read | fs::perms::owner_write) << name;
  }
  fs::permissions(folder_ / "state/ledger.sqlite", fs::perms::all);
  open();
  EXPECT_EQ(fs::status(folder_ / "state/ledger.sqlite").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(LedgerTest, AFileThatAPersonRejectsIsDueForItsMove) {
  const FileId id = arrive(given(kPath)).id;
  const auto rejected = ledger_->reject(id, "alice", "wrong site");
  ASSERT_TRUE(rejected);
  EXPECT_EQ(rejected->message, "rejected by alice: wrong site");
  const auto claimed = claim();
  ASSERT_EQ(claimed.size(), 1U);
  EXPECT_EQ(claimed[0].state, FileState::rejected);
}

TEST_F(LedgerTest, ASenderTakesBackOnlyWhatHasNotBeenTaken) {
  const FileId id = arrive(given(kPath)).id;
  ASSERT_TRUE(ledger_->withdraw(kPath, "logger"));
  EXPECT_EQ(entry(id).state, FileState::rejected);
  EXPECT_EQ(entry(id).reason, "removed");
  EXPECT_TRUE(claim().empty());
  fs::remove(data() / kPath);
  const FileId next = arrive(given(kPath, "next")).id;
  EXPECT_NE(next, id);
  claim();
  EXPECT_EQ(ledger_->withdraw(kPath, "logger").error().kind(), Errc::denied);
}

TEST_F(LedgerTest, AFileThatCanNeitherBeTakenNorMovedIsReportedOnce) {
  const FileId id = arrive(given(kPath)).id;
  claim();
  step(id, FileEvent::reject, "not_a_file");
  const Ledger::Filed stays{id, ""};
  ASSERT_TRUE(ledger_->filed(std::span(&stays, 1)));
  const Ledger::Arrived again = arrive(arrival(kPath));
  EXPECT_EQ(again.id, id);
  EXPECT_FALSE(again.is_new);
}

TEST_F(LedgerTest, AFileThatMadeRoomKeepsItsEntry) {
  const FileId id = arrive(given(kPath)).id;
  fs::rename(data() / kPath, data() / "acme/north/02001084/a~2.tsv");
  ASSERT_TRUE(ledger_->renamed(kPath, "acme/north/02001084/a~2.tsv"));
  const Ledger::Arrived next = arrive(given(kPath, "new"));
  EXPECT_TRUE(next.is_new);
  EXPECT_NE(next.id, id);
  EXPECT_EQ(arrive(arrival("acme/north/02001084/a~2.tsv")).id, id);
}

TEST_F(LedgerTest, ListsAreNewestFirstFilteredAndPaged) {
  std::vector<FileId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(arrive(given("acme/" + std::string(i % 2 == 0 ? "even" : "odd") + "/1/" + std::to_string(i) + ".tsv")).id);
  arrive(given("beta/n/1/x.tsv"));
  EntryFilter filter;
  filter.tenant = "acme";
  filter.limit = 2;
  auto page = *ledger_->list(filter);
  ASSERT_EQ(page.size(), 2U);
  EXPECT_EQ(page[0].id, ids[4]);
  filter.before_id = page[1].id;
  page = *ledger_->list(filter);
  EXPECT_EQ(page[0].id, ids[2]);
  filter = {};
  filter.tenant = "acme";
  filter.campaign = "odd";
  EXPECT_EQ(ledger_->list(filter)->size(), 2U);
  filter = {};
  filter.state = FileState::held;
  EXPECT_TRUE(ledger_->list(filter)->empty());
  filter = {};
  filter.before_s = now_;
  EXPECT_TRUE(ledger_->list(filter)->empty());
  filter.before_s = now_ + 1;
  filter.since_s = now_;
  filter.waiting = true;
  EXPECT_EQ(ledger_->list(filter)->size(), 6U);
  EXPECT_EQ(*ledger_->bytes_waiting("acme"), 5U);
  EXPECT_EQ(ledger_->last_arrivals()->size(), 3U);
}

TEST_F(LedgerTest, HostileNamesAreKeptAsTheyAre) {
  const std::string path = "acme/n\xff\xfe/1/'; DROP TABLE entry; --\n.tsv";
  Ledger::Arrival odd;
  odd.path = path;
  odd.file.path = data() / path;
  const FileId id = arrive(odd).id;
  EXPECT_EQ(entry(id).path, path);
  EXPECT_EQ((*ledger_->entry_at(path))->id, id);
}

TEST_F(LedgerTest, EvidenceAndReceiptReadBack) {
  const FileId id = arrive(given(kPath)).id;
  claim();
  const Ledger::Step hold{.id = id, .event = FileEvent::hold, .reason = "implausible_header", .message = "m", .line = 3,
                          .evidence = {{"Voie1 W looks \"like\" volts", "M1_Ch1_M1_W"}}, .digest = "abc", .receipt_json = "{}",
                          .identity = FileIdentity{1, 2, 3, 4, 5}};
  ASSERT_TRUE(ledger_->record(std::span(&hold, 1)));
  const LedgerEntry held = entry(id);
  EXPECT_EQ(held.evidence, hold.evidence);
  EXPECT_EQ(held.digest, "abc");
  EXPECT_EQ(held.receipt_json, "{}");
  EXPECT_EQ(held.line, 3U);
  EXPECT_EQ(held.identity, hold.identity);
  EXPECT_EQ(held.size, 3U);
}

TEST_F(LedgerTest, AReaderSeesWhatAnotherProcessWrites) {
  auto reader = Ledger::open(folder_ / "state", Ledger::Access::read_only);
  ASSERT_TRUE(reader);
  const FileId id = arrive(given(kPath)).id;
  EXPECT_EQ((*reader)->entry(id)->path, kPath);
  EXPECT_EQ((*reader)->recover(now_).error().kind(), Errc::denied);
  EXPECT_EQ(Ledger::open(folder_ / "nothing", Ledger::Access::read_only).error().kind(), Errc::not_found);
}

TEST_F(LedgerTest, AnotherFileOrANewerVersionIsRefused) {
  ledger_.reset();
  {
    auto database = Database::open(folder_ / "state/ledger.sqlite", Database::Access::read_write);
    ASSERT_TRUE((*database)->run("PRAGMA user_version=99"));
  }
  const auto newer = Ledger::open(folder_ / "state");
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().kind(), Errc::corrupt);
  EXPECT_NE(newer.error().message().find("update powerview"), std::string::npos);
  folder_.given_file("junk/ledger.sqlite", "this is no database, and long enough to be looked at as one");
  EXPECT_EQ(Ledger::open(folder_ / "junk").error().kind(), Errc::corrupt);
}

}  // namespace
}  // namespace pv::ingest
