#include "ingest/intake.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include <nlohmann/json.hpp>

#include "ingest/desk.h"
#include "ingest/errand.h"
#include "ingest/intake_lock.h"
#include "ingest/watch.h"
#include "testing/logger_text.h"
#include "testing/temp_folder.h"

namespace pv::ingest {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::LoggerText;

/// Keeps cells by instant and field, as a store does; fails when told to.
class CellSink final : public model::SampleSink {
 public:
  std::mutex mutex;
  std::map<std::pair<std::int64_t, std::string>, double> cells;
  std::vector<std::string> names;  // of the files written
  std::optional<Errc> failure;
  int failures_left = 0;

  Result<std::vector<model::DeliveryOutcome>> write(std::span<const model::Delivery> deliveries) override {
    const std::lock_guard lock(mutex);
    if (failures_left > 0) {
      --failures_left;
      return fail(failure.value_or(Errc::unavailable), "/state/stores/acme.sqlite: the store is away");
    }
    std::vector<model::DeliveryOutcome> outcomes(deliveries.size());
    for (std::size_t d = 0; d < deliveries.size(); ++d) {
      names.push_back(deliveries[d].origin->name);
      for (const model::LoggerTable& table : deliveries[d].tables) {
        for (std::size_t c = 0; c < table.channels.size(); ++c) {
          for (std::size_t row = 0; row < table.rows.time_s.size(); ++row) {
            if (table.rows.columns[c].is_missing(row)) continue;
            cells[{table.rows.time_s[row], model::field_name(table.channels[c], model::ChannelIdStyle::device_first)}] = table.rows.columns[c].value(row);
          }
        }
      }
    }
    return outcomes;
  }
};

class IntakeTest : public ::testing::Test {
 protected:
  testing::TempFolder folder_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Desk> desk_;
  std::unique_ptr<Spool> spool_;
  std::map<std::string, CellSink> sinks_;
  std::mutex mutex_;
  std::vector<IntakeChange> changes_;
  IntakeOptions options_;
  std::unique_ptr<Intake> intake_;
  const model::Place place_{*model::TenantName::parse("acme"), *model::CampaignName::parse("north"), *model::DeviceName::parse("02001084")};
  const fs::path data_ = folder_ / "data";
  const fs::path device_ = folder_ / "data/acme/north/02001084";

  IntakeTest() {
    fs::create_directories(data_);
    ledger_ = std::move(*Ledger::open(folder_ / "state"));
    spool_ = std::make_unique<Spool>(std::move(*Spool::open(folder_ / "state")));
    for (const char* tenant : {"acme", "beta"}) sinks_[tenant];
    options_.run.rules.zone_of = [](const Place&) { return model::Zone::utc(); };
    options_.run.sink_of = [this](const model::TenantName& tenant) -> Result<model::SampleSink*> { return &sinks_.at(tenant.str()); };
    options_.run.ledger = ledger_.get();
    options_.run.data_folder = data_;
    options_.run.receipts = Receipts::beside;
    options_.on_change = [this](const IntakeChange& change) {
      const std::lock_guard lock(mutex_);
      changes_.push_back(change);
    };
    desk_ = std::move(*Desk::open({.data_folder = data_, .ledger = ledger_.get(), .wake = [this] {
                                     if (intake_) intake_->wake();
                                   }}));
  }
  void start() {
    auto intake = Intake::start(options_);
    ASSERT_TRUE(intake) << intake.error().message();
    intake_ = std::move(*intake);
  }
  std::unique_ptr<Watch> watch(std::chrono::milliseconds grace = 60s) {
    WatchOptions options;
    options.data_folder = data_;
    options.ledger = ledger_.get();
    options.desk = desk_.get();
    options.spool = spool_.get();
    options.grace = grace;
    options.scan_interval = 50ms;
    options.wake = [this] {
      if (intake_) intake_->wake();
    };
    return std::move(*Watch::start(std::move(options)));
  }
  FileId send(std::string_view name, std::string_view text) {
    auto file = desk_->begin(place_, name, model::ArrivalDesk::Start::fresh, {model::Way::http, "alice", ""});
    if (!file || !(*file)->write(0, std::as_bytes(std::span(text)))) throw std::runtime_error("cannot write at the desk");
    const auto id = (*file)->finish();
    if (!id) throw std::runtime_error(id.error().message());
    return *id;
  }
  LedgerEntry settled(FileId id) {
    auto entry = intake_->wait_settled(id, 20s);
    if (!entry) throw std::runtime_error(entry.error().message());
    return std::move(*entry);
  }
  std::vector<LedgerEntry> all() {
    EntryFilter filter;
    filter.limit = 10'000;
    return *ledger_->list(filter);
  }
  template <class Condition>
  static bool becomes_true(Condition condition) {
    for (int i = 0; i < 2000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }
};

TEST_F(IntakeTest, AFileHandedInIsStoredFiledAndHasItsReceipt) {
  start();
  const LedgerEntry entry = settled(send("T302_250803_031500.tsv", LoggerText{}.text()));
  EXPECT_EQ(entry.state, FileState::committed);
  EXPECT_EQ(entry.moved_to, "acme/north/02001084/parsed/T302_250803_031500.tsv");
  EXPECT_EQ(sinks_["acme"].cells.size(), 60U);
  EXPECT_EQ(nlohmann::json::parse(entry.receipt_json)["nb_rows"], 20);
  EXPECT_EQ(entry.digest.size(), 64U);
  const std::string receipt = testing::content_of(data_ / (entry.moved_to + ".receipt.txt"));
  EXPECT_NE(receipt.find("20 rows"), std::string::npos) << receipt;
  EXPECT_NE(receipt.find("20 lignes"), std::string::npos) << receipt;
}

TEST_F(IntakeTest, SeventeenPartialResendsAndTheWholeFileEqualTheWholeFile) {
  start();
  const LoggerText text{.rows = 100, .is_wrapped = true};
  const std::string whole = text.text();
  std::minstd_rand random(17);
  std::vector<std::size_t> cuts;
  for (int i = 0; i < 17; ++i) cuts.push_back(text.header().size() + random() % (whole.size() - text.header().size()));
  cuts.push_back(whole.size());
  std::shuffle(cuts.begin(), cuts.end(), random);
  std::vector<FileId> ids;
  for (const std::size_t cut : cuts) ids.push_back(send("T302_250803_031500.tsv", std::string_view(whole).substr(0, cut)));
  for (const FileId id : ids) EXPECT_TRUE(settled(id).is_settled());
  EXPECT_EQ(sinks_["acme"].cells.size(), 300U);
  intake_->stop();
  CellSink alone;
  std::swap(alone.cells, sinks_["acme"].cells);
  start();
  settled(send("whole.tsv", whole));
  EXPECT_EQ(alone.cells, sinks_["acme"].cells);
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(device_ / "parsed")) files += entry.path().extension() == ".tsv";
  for (const LedgerEntry& entry : all()) files += entry.state == FileState::rejected;  // cut before its first row
  EXPECT_EQ(files, 19U);
}

TEST_F(IntakeTest, HookWatchAndScanRacingForAFileIngestItOnce) {
  start();
  const auto watching = watch(1ms);
  for (int i = 0; i < 30; ++i) {
    const std::string name = "f" + std::to_string(i) + ".tsv";
    folder_.given_file("staging", LoggerText{.first_s = 1'754'184'000 + i * 86'400, .is_wrapped = true}.text());
    fs::create_directories(device_);
    fs::rename(folder_ / "staging", device_ / name);
    HookEvent event;
    event.action = "upload";
    event.username = "acme";
    event.path = (device_ / name).string();
    ASSERT_TRUE(spool_->put(event));
    watching->take(event);
    if (i % 5 == 0) watching->rescan();
  }
  ASSERT_TRUE(becomes_true([&] {
    const auto entries = all();
    return entries.size() >= 30 && std::all_of(entries.begin(), entries.end(), [](const LedgerEntry& entry) { return entry.is_settled(); }) && spool_->waiting(1)->empty();
  }));
  watching->rescan();
  EXPECT_EQ(all().size(), 30U);
  std::vector<std::string> names = sinks_["acme"].names;
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::set(names.begin(), names.end()).size(), 30U);
  EXPECT_EQ(names.size(), 30U);
}

TEST_F(IntakeTest, AStoreThatIsAwayKeepsFilesWaitingAndTheyAreTakenLater) {
  sinks_["acme"].failures_left = 2;
  start();
  const FileId id = send("a.tsv", LoggerText{}.text());
  ASSERT_TRUE(becomes_true([&] { return ledger_->entry(id)->reason == "store_unavailable"; }));
  const LedgerEntry waiting = *ledger_->entry(id);
  EXPECT_EQ(waiting.state, FileState::received);
  EXPECT_GE(waiting.next_attempt_s, waiting.updated_s + 4);
  ASSERT_TRUE(becomes_true([&] {
    const std::lock_guard lock(mutex_);
    return changes_.size() == 1;
  }));
  {
    const std::lock_guard lock(mutex_);
    ASSERT_EQ(changes_[0].setbacks.size(), 1U) << "the log says why it waits, in full";
    EXPECT_EQ(changes_[0].setbacks[0].reason, "store_unavailable");
    EXPECT_EQ(changes_[0].setbacks[0].first, "acme/north/02001084/a.tsv");
    EXPECT_NE(changes_[0].setbacks[0].message.find("/state/stores/acme.sqlite"), std::string::npos);
  }
  ASSERT_TRUE(ledger_->retry(id, "alice"));
  intake_->wake();
  ASSERT_TRUE(becomes_true([&] { return ledger_->entry(id)->attempts == 2 && ledger_->entry(id)->state == FileState::received; }));
  ASSERT_TRUE(ledger_->retry(id, "alice"));
  intake_->wake();
  EXPECT_EQ(settled(id).state, FileState::committed);
  EXPECT_EQ(sinks_["acme"].names.size(), 1U);
}

TEST_F(IntakeTest, AFileTheStoreWillNeverTakeIsRejected) {
  sinks_["acme"].failure = Errc::invalid_input;
  sinks_["acme"].failures_left = 2;  // the batch, then the file alone
  start();
  const LedgerEntry entry = settled(send("a.tsv", LoggerText{}.text()));
  EXPECT_EQ(entry.state, FileState::rejected);
  EXPECT_EQ(entry.reason, "refused_by_store");
  EXPECT_TRUE(fs::exists(device_ / "error/a.tsv.reason.json"));
  EXPECT_TRUE(fs::exists(device_ / "error/a.tsv.receipt.txt"));
  EXPECT_NE(entry.message.find("/state/stores"), std::string::npos) << "administrators on the machine are told in full";
  for (const char* told : {"error/a.tsv.reason.json", "error/a.tsv.receipt.txt"}) {
    EXPECT_EQ(testing::content_of(device_ / told).find("/state"), std::string::npos) << testing::content_of(device_ / told);
  }
}

TEST_F(IntakeTest, WhatACompanyReadsNamesNoFolderOfTheServer) {
  start();
  fs::create_directories(device_);
  testing::write_file(device_ / "bad.tsv", "no header of a logger\n1\t2\n");
  testing::write_file(data_ / "acme/lost.tsv", "beside all campaigns\n");
  const auto running = watch(10ms);
  ASSERT_TRUE(becomes_true([&] {
    const auto entries = all();
    return entries.size() == 2 && entries[0].filed && entries[1].filed;
  }));
  // Empty and cut transfers are refused at the desk.
  auto refused = desk_->begin(place_, "refused.tsv", model::ArrivalDesk::Start::fresh, {model::Way::sftp, "logger", ""});
  ASSERT_TRUE((*refused)->write(0, std::as_bytes(std::span(std::string_view("no header\n")))));
  EXPECT_FALSE((*refused)->finish());
  std::size_t texts = 0;
  ASSERT_TRUE(becomes_true([&] { return fs::exists(device_ / "error/bad.tsv.receipt.txt") && fs::exists(data_ / "acme/error/lost.tsv.receipt.txt"); }));
  for (const auto& file : fs::recursive_directory_iterator(data_)) {
    const std::string name = file.path().filename();
    if (!name.ends_with(".reason.json") && !name.ends_with(".receipt.txt")) continue;
    ++texts;
    const std::string text = testing::content_of(file.path());
    EXPECT_EQ(text.find(folder_.path().string()), std::string::npos) << file.path() << '\n' << text;
  }
  EXPECT_EQ(texts, 6U);
  for (const LedgerEntry& entry : all()) {
    EXPECT_EQ(entry.message.find(folder_.path().string()), std::string::npos) << entry.message;
    EXPECT_EQ(entry.receipt_json.find(folder_.path().string()), std::string::npos) << entry.receipt_json;
  }
  EXPECT_NE(testing::content_of(device_ / "error/bad.tsv.reason.json").find("\"acme/north/02001084/bad.tsv\""), std::string::npos);
}

TEST_F(IntakeTest, ARejectedFileThatIsTriedAgainComesBackAndIsStored) {
  sinks_["acme"].failure = Errc::invalid_input;
  sinks_["acme"].failures_left = 2;
  start();
  const FileId id = send("a.tsv", LoggerText{}.text());
  ASSERT_EQ(settled(id).state, FileState::rejected);
  ASSERT_TRUE(ledger_->retry(id, "alice"));
  intake_->wake();
  ASSERT_TRUE(becomes_true([&] { return ledger_->entry(id)->state == FileState::committed && ledger_->entry(id)->filed; }));
  EXPECT_TRUE(fs::exists(device_ / "parsed/a.tsv"));
  EXPECT_TRUE(fs::is_empty(device_ / "error")) << "its reason and its receipt tell of a fate that it has no longer";
}

TEST_F(IntakeTest, ASuspiciousFileIsHeldWithItsEvidenceUntilAPersonTakesIt) {
  options_.run.rules.suspicion = [](const FileReading&) { return std::vector<Evidence>{{"Voie1 W looks like volts", "field"}}; };
  start();
  const FileId id = send("a.tsv", LoggerText{}.text());
  const LedgerEntry held = settled(id);
  EXPECT_EQ(held.state, FileState::held);
  EXPECT_EQ(held.reason, "implausible_header");
  ASSERT_EQ(held.evidence.size(), 1U);
  EXPECT_TRUE(fs::exists(device_ / "a.tsv"));
  EXPECT_TRUE(sinks_["acme"].cells.empty());
  EXPECT_TRUE(becomes_true([&] {
    const std::lock_guard lock(mutex_);
    return changes_.size() == 1 && changes_[0].held == 1;
  }));
  ASSERT_TRUE(ledger_->accept(id, "alice", ""));
  intake_->wake();
  ASSERT_TRUE(becomes_true([&] { return ledger_->entry(id)->filed; }));
  EXPECT_EQ(sinks_["acme"].cells.size(), 60U);
}

TEST_F(IntakeTest, AHeldFileIsReadUnderTheHeaderOfAnother) {
  LoggerText right;
  const std::string header = right.header();
  std::string wrong = header;
  wrong.replace(wrong.find("Voie2 W"), 7, "Ph 2 V ");
  start();
  settled(send("good.tsv", right.text()));
  options_.run.rules.suspicion = [](const FileReading& reading) {
    return reading.origin.name == "stale.tsv" ? std::vector<Evidence>{{"wrong", ""}} : std::vector<Evidence>{};
  };
  intake_.reset();
  start();
  right.first_s += 86'400;
  wrong.replace(wrong.find("Ph 2 V "), 7, "Voie7 V");
  const FileId id = send("stale.tsv", wrong + right.rows_text());
  ASSERT_EQ(settled(id).state, FileState::held);
  ASSERT_TRUE(ledger_->accept(id, "alice", "acme/north/02001084/none.tsv"));
  intake_->wake();
  ASSERT_TRUE(becomes_true([&] { return ledger_->entry(id)->reason == "other_header_missing"; }));
  ASSERT_TRUE(ledger_->accept(id, "alice", "acme/north/02001084/good.tsv"));  // filed in parsed/ meanwhile
  intake_->wake();
  ASSERT_TRUE(becomes_true([&] { return ledger_->entry(id)->filed; }));
  std::set<std::string> fields;
  for (const auto& [cell, value] : sinks_["acme"].cells) fields.insert(cell.second);
  EXPECT_EQ(fields.size(), 3U) << "no channel of the wrong header";
}

TEST_F(IntakeTest, AFileAPersonRejectsGoesToErrorUnread) {
  const FileId id = send("a.tsv", LoggerText{}.text());
  ASSERT_TRUE(ledger_->reject(id, "alice", "wrong site"));
  start();
  ASSERT_TRUE(becomes_true([&] { return ledger_->entry(id)->filed; }));
  EXPECT_TRUE(sinks_["acme"].names.empty());
  EXPECT_EQ(nlohmann::json::parse(testing::content_of(device_ / "error/a.tsv.reason.json"))["reason"], "rejected_by_hand");
}

TEST_F(IntakeTest, ABurstIsTakenInBoundedClaims) {
  constexpr std::size_t kFiles = 1500;
  std::vector<Ledger::Arrival> arrivals;
  for (std::size_t i = 0; i < kFiles; ++i) {
    const std::string path = (i % 2 == 0 ? "acme/n/" : "beta/n/") + std::to_string(i % 20) + "/" + std::to_string(i) + ".tsv";
    folder_.given_file("data/" + path, LoggerText{.first_s = 1'754'184'000 + static_cast<std::int64_t>(i) * 600, .rows = 1}.text());
    arrivals.push_back({.file = classify(data_, data_ / path), .path = path, .identity = identity_of(data_ / path), .sender = {}});
  }
  ASSERT_TRUE(ledger_->arrive(arrivals));
  options_.most_files = 100;
  options_.most_bytes = 1U << 30;
  start();
  ASSERT_TRUE(becomes_true([&] {
    std::uint64_t committed = 0;
    const auto counts = ledger_->counts();
    for (const StateCount& one : *counts) committed += one.state == FileState::committed ? one.files : 0;
    return committed == kFiles;
  }));
  intake_->stop();
  const std::lock_guard lock(mutex_);
  EXPECT_GE(changes_.size(), kFiles / 100);
  for (const IntakeChange& change : changes_) EXPECT_LE(change.files.size(), 100U);
}

TEST_F(IntakeTest, WhatACrashLeftBetweenMoveAndRecordIsSettled) {
  const FileId id = send("a.tsv", LoggerText{}.text());
  ASSERT_EQ(ledger_->claim(1, 1U << 20, 2'000'000'000'000)->size(), 1U);
  for (const FileEvent event : {FileEvent::parse, FileEvent::commit}) {
    const Ledger::Step step{.id = id, .event = event, .identity = identity_of(device_ / "a.tsv")};
    ASSERT_TRUE(ledger_->record(std::span(&step, 1)));
  }
  fs::create_directories(device_ / "parsed");
  fs::rename(device_ / "a.tsv", device_ / "parsed/a~2.tsv");
  folder_.given_file("data/acme/north/02001084/parsed/a.tsv", "an older one");
  ledger_->release_tenant("acme");
  start();
  ASSERT_TRUE(becomes_true([&] { return ledger_->entry(id)->filed; }));
  EXPECT_EQ(ledger_->entry(id)->moved_to, "acme/north/02001084/parsed/a~2.tsv");
  EXPECT_TRUE(sinks_["acme"].names.empty()) << "it was stored before";
}

TEST_F(IntakeTest, AFileThatIsGoneSaysSoInTheEnd) {
  const FileId id = send("a.tsv", LoggerText{}.text());
  fs::remove(device_ / "a.tsv");
  start();
  ASSERT_TRUE(becomes_true([&] { return ledger_->entry(id)->is_settled(); }));
  EXPECT_EQ(ledger_->entry(id)->state, FileState::rejected);
  EXPECT_EQ(ledger_->entry(id)->reason, "vanished");
}

TEST_F(IntakeTest, OtherBytesThanWereHandedInAreTakenAllTheSame) {
  const FileId id = send("a.tsv", LoggerText{.rows = 3}.text());
  folder_.given_file("data/acme/north/02001084/a.tsv", LoggerText{.rows = 5}.text());
  start();
  ASSERT_TRUE(becomes_true([&] { return ledger_->entry(id)->is_settled(); }));
  EXPECT_EQ(sinks_["acme"].cells.size(), 15U);
}

TEST_F(IntakeTest, OneProgramTakesFilesAndTheErrandHandsItsWorkOver) {
  const auto lock = IntakeLock::take(folder_ / "state");
  ASSERT_TRUE(lock);
  EXPECT_EQ(IntakeLock::take(folder_ / "state").error().kind(), Errc::conflict);
  start();
  folder_.given_file("data/acme/north/02001084/a.tsv", LoggerText{}.text());
  ErrandOptions errand;
  errand.run = options_.run;
  errand.state_dir = folder_ / "state";
  errand.patience = 20s;
  errand.run.sink_of = [](const model::TenantName&) -> Result<model::SampleSink*> { throw std::logic_error("the errand opened a sink"); };
  const auto report = run_errand(find_files(data_)->files, errand);
  ASSERT_TRUE(report) << report.error().message();
  ASSERT_EQ(report->files.size(), 1U);
  EXPECT_EQ(report->files[0].fate, Fate::stored);
  EXPECT_EQ(all().size(), 1U);
}

TEST_F(IntakeTest, TheErrandAloneTakesFilesItselfAndFinishesWhatWasLeft) {
  const FileId left = send("left.tsv", LoggerText{}.text());
  ASSERT_EQ(ledger_->claim(1, 1U << 20, 2'000'000'000'000)->size(), 1U);
  for (const FileEvent event : {FileEvent::parse, FileEvent::commit}) {
    const Ledger::Step step{.id = left, .event = event, .identity = identity_of(device_ / "left.tsv")};
    ASSERT_TRUE(ledger_->record(std::span(&step, 1)));
  }
  fs::create_directories(device_ / "parsed");
  fs::rename(device_ / "left.tsv", device_ / "parsed/left.tsv");
  folder_.given_file("data/acme/north/02001084/a.tsv", LoggerText{}.text());
  folder_.given_file("data/acme/misplaced.tsv", "x");
  ErrandOptions errand;
  errand.run = options_.run;
  errand.state_dir = folder_ / "state";
  const auto report = run_errand(find_files(data_)->files, errand);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->stored(), 1U);
  EXPECT_EQ(report->rejected(), 1U);
  EXPECT_TRUE(fs::exists(data_ / "acme/error/misplaced.tsv"));
  EXPECT_EQ(ledger_->entry(left)->moved_to, "acme/north/02001084/parsed/left.tsv");
  for (const LedgerEntry& entry : all()) EXPECT_TRUE(entry.is_settled()) << entry.path;
  const auto again = run_errand(find_files(data_)->files, errand);
  EXPECT_TRUE(again->files.empty());
}

TEST_F(IntakeTest, MetricsEscapeHostileNames) {
  start();
  const model::Place odd{*model::TenantName::parse("acme"), *model::CampaignName::parse("no\"rth"), *model::DeviceName::parse("1")};
  auto file = desk_->begin(odd, "a.tsv", model::ArrivalDesk::Start::fresh, {});
  const std::string text = LoggerText{}.text();
  ASSERT_TRUE((*file)->write(0, std::as_bytes(std::span(text))));
  settled(*(*file)->finish());
  std::string out;
  intake_->write_metrics(out);
  EXPECT_NE(out.find("no\\\"rth"), std::string::npos) << out;
  EXPECT_NE(out.find("committed"), std::string::npos) << out;
  EXPECT_NE(out.find("powerview_intake_samples_total 60"), std::string::npos) << out;
}

}  // namespace
}  // namespace pv::ingest
