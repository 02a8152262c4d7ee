#include "ingest/watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <span>
#include <thread>

#include "base/file.h"
#include "ingest/folder_events.h"
#include "ingest/stillness.h"
#include "testing/logger_text.h"
#include "testing/temp_folder.h"

namespace pv::ingest {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using model::Way;
using testing::content_of;
using testing::write_file;

constexpr const char* kDevice = "acme/roof/logger 1";

std::string whole_text() { return testing::LoggerText{.is_wrapped = true}.text(); }
std::string bare_text() { return testing::LoggerText{}.text(); }

template <class Condition>
bool comes_true(const Condition& condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

class WatchTest : public ::testing::Test {
 protected:
  WatchTest() {
    fs::create_directories(data() / kDevice);
    ledger_ = std::move(*Ledger::open(folder_ / "state"));
    open_desk();
    spool_.emplace(std::move(*Spool::open(folder_ / "state")));
  }
  ~WatchTest() override { watch_.reset(); }

  [[nodiscard]] fs::path data() const { return folder_ / "data"; }
  [[nodiscard]] fs::path device(std::string_view name) const { return data() / kDevice / name; }
  [[nodiscard]] static std::string path_of(std::string_view name) { return std::string(kDevice) + "/" + std::string(name); }
  [[nodiscard]] static model::Place place() {
    return {*model::TenantName::parse("acme"), *model::CampaignName::parse("roof"), *model::DeviceName::parse("logger 1")};
  }
  void open_desk() { desk_ = std::move(*Desk::open({.data_folder = data(), .ledger = ledger_.get()})); }

  /// No look and no grace comes by itself before an hour is over, unless told.
  void start(std::chrono::milliseconds grace = 1h, std::chrono::milliseconds scan = 1h) {
    WatchOptions options;
    options.data_folder = data();
    options.ledger = ledger_.get();
    options.desk = desk_.get();
    options.spool = &*spool_;
    options.grace = grace;
    options.scan_interval = scan;
    options.wake = [this] { ++wakes_; };
    options.campaign_made = [this](const model::TenantName& tenant, const model::CampaignName& campaign) {
      const std::lock_guard lock(mutex_);
      campaigns_.push_back(tenant.str() + "/" + campaign.str());
    };
    options.log = [this](std::string_view text) {
      const std::lock_guard lock(mutex_);
      log_.emplace_back(text);
    };
    auto watch = Watch::start(std::move(options));
    ASSERT_TRUE(watch) << watch.error().message();
    watch_ = std::move(*watch);
    watch_->rescan();
  }

  std::optional<LedgerEntry> entry_at(const std::string& path) { return *ledger_->entry_at(path); }
  std::vector<LedgerEntry> entries() {
    EntryFilter all;
    all.limit = 10'000;
    return *ledger_->list(all);
  }
  bool comes_on_record(const std::string& path) {
    return comes_true([&] { return entry_at(path).has_value(); });
  }
  std::vector<std::string> campaigns() {
    const std::lock_guard lock(mutex_);
    return campaigns_;
  }
  std::vector<std::string> log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  static HookEvent upload_of(const fs::path& path) {
    HookEvent event;
    event.action = "upload";
    event.username = "acme";
    event.ip = "192.0.2.7";
    event.path = path.string();
    return event;
  }

  testing::TempFolder folder_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Desk> desk_;
  std::optional<Spool> spool_;
  std::atomic<int> wakes_{0};
  std::mutex mutex_;
  std::vector<std::string> campaigns_, log_;
  std::unique_ptr<Watch> watch_;
};

// --- what is whole

TEST_F(WatchTest, a_file_that_ends_in_its_mark_is_on_record_without_a_look_or_a_grace) {
  start();
  write_file(device("a.tsv"), whole_text());
  ASSERT_TRUE(comes_on_record(path_of("a.tsv")));
  const LedgerEntry entry = *entry_at(path_of("a.tsv"));
  EXPECT_EQ(entry.sender.way, Way::watch);
  EXPECT_EQ(entry.identity, identity_of(device("a.tsv")));
  EXPECT_EQ(entry.state, FileState::received);
  EXPECT_TRUE(comes_true([&] { return wakes_ > 0; }));
}

TEST_F(WatchTest, a_file_that_is_renamed_into_place_is_seen) {
  start();
  fs::rename(write_file(device("a.tsv.part"), whole_text()), device("a.tsv"));
  EXPECT_TRUE(comes_on_record(path_of("a.tsv")));
  EXPECT_EQ(entries().size(), 1U);
}

TEST_F(WatchTest, a_file_without_a_mark_waits_for_the_grace) {
  start(1h);
  write_file(device("a.tsv"), bare_text());
  ASSERT_TRUE(comes_true([&] { return watch_->growing() == 1; }));
  watch_->rescan();
  EXPECT_TRUE(entries().empty());
}

TEST_F(WatchTest, a_file_that_stood_still_for_the_grace_is_on_record) {
  write_file(device("a.tsv"), bare_text());
  start(50ms);
  ASSERT_TRUE(comes_on_record(path_of("a.tsv")));
  EXPECT_EQ(entry_at(path_of("a.tsv"))->sender.way, Way::scan);
  EXPECT_TRUE(comes_true([&] { return watch_->growing() == 0; }));
}

TEST_F(WatchTest, a_file_that_is_open_for_writing_is_not_whole_however_still_it_stands) {
  start(20ms);
  {
    const FileDescriptor writer(open(device("a.tsv").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640));
    ASSERT_EQ(write(writer.get(), "half", 4), 4);
    if (!is_open_for_writing(FileDescriptor(open(device("a.tsv").c_str(), O_RDONLY | O_CLOEXEC)).get())) GTEST_SKIP() << "no leases here";
    watch_->rescan();
    std::this_thread::sleep_for(150ms);
    watch_->rescan();
    EXPECT_TRUE(entries().empty());
    EXPECT_EQ(watch_->growing(), 1U);
  }
  EXPECT_TRUE(comes_on_record(path_of("a.tsv")));
}

TEST_F(WatchTest, a_file_that_changed_after_it_was_reported_is_reported_anew) {
  start();
  write_file(device("a.tsv"), whole_text());
  ASSERT_TRUE(comes_on_record(path_of("a.tsv")));
  write_file(device("a.tsv"), testing::LoggerText{.rows = 30, .is_wrapped = true}.text());
  const auto now = identity_of(device("a.tsv"));
  EXPECT_TRUE(comes_true([&] { return entry_at(path_of("a.tsv"))->identity == now; }));
  EXPECT_EQ(entries().size(), 1U);
}

TEST_F(WatchTest, a_file_that_was_filed_and_is_put_back_is_a_new_one) {
  start();
  write_file(device("a.tsv"), whole_text());
  ASSERT_TRUE(comes_on_record(path_of("a.tsv")));
  const FileId id = entry_at(path_of("a.tsv"))->id;
  const std::vector<Ledger::Step> steps = {{.id = id, .event = FileEvent::reject, .reason = "unsupported_format", .message = "no"}};
  ASSERT_TRUE(ledger_->claim_these(std::span(&id, 1)));
  ASSERT_TRUE(ledger_->record(steps));
  fs::create_directories(device("error"));
  fs::rename(device("a.tsv"), device("error/a.tsv"));
  const std::vector<Ledger::Filed> moves = {{id, path_of("error/a.tsv")}};
  ASSERT_TRUE(ledger_->filed(moves));
  fs::rename(device("error/a.tsv"), device("a.tsv"));
  EXPECT_TRUE(comes_true([&] { return entry_at(path_of("a.tsv"))->id != id; }));
}

// --- where files are looked for

TEST_F(WatchTest, files_in_folders_that_are_new_or_moved_in_are_found) {
  start();
  write_file(data() / "other/site/d/a.tsv", whole_text());
  write_file(folder_ / "elsewhere/d 2/b.tsv", whole_text());
  fs::rename(folder_ / "elsewhere", data() / "acme/moved in");
  EXPECT_TRUE(comes_on_record("other/site/d/a.tsv"));
  EXPECT_TRUE(comes_on_record("acme/moved in/d 2/b.tsv"));
  // Folders that came later are watched too.
  write_file(data() / "acme/moved in/d 2/c.tsv", whole_text());
  EXPECT_TRUE(comes_on_record("acme/moved in/d 2/c.tsv"));
}

TEST_F(WatchTest, a_folder_that_moved_is_known_by_its_new_name) {
  start();
  fs::rename(data() / "acme/roof", data() / "acme/attic");
  write_file(data() / "acme/attic/logger 1/a.tsv", whole_text());
  EXPECT_TRUE(comes_on_record("acme/attic/logger 1/a.tsv"));
  write_file(data() / "acme/attic/logger 1/b.tsv", whole_text());
  EXPECT_TRUE(comes_on_record("acme/attic/logger 1/b.tsv"));
  EXPECT_EQ(entries().size(), 2U);
}

TEST_F(WatchTest, a_look_finds_what_gave_no_event) {
  start();
  write_file(folder_ / "aside.tsv", whole_text());
  fs::create_hard_link(folder_ / "aside.tsv", device("linked.tsv"));
  watch_->rescan();
  ASSERT_TRUE(entry_at(path_of("linked.tsv")));
  EXPECT_EQ(entry_at(path_of("linked.tsv"))->sender.way, Way::scan);
}

TEST_F(WatchTest, looks_come_by_themselves) {
  start(1h, 20ms);
  write_file(folder_ / "aside.tsv", whole_text());
  fs::create_hard_link(folder_ / "aside.tsv", device("linked.tsv"));
  EXPECT_TRUE(comes_on_record(path_of("linked.tsv")));
}

TEST_F(WatchTest, filed_hidden_and_temporary_files_are_nobodys_business) {
  write_file(device("parsed/a.tsv"), whole_text());
  write_file(device("error/b.tsv"), whole_text());
  write_file(device(".c.tsv"), whole_text());
  write_file(device("d.tsv.part"), whole_text());
  write_file(device("notes.txt"), whole_text());
  start(0ms);
  EXPECT_TRUE(entries().empty());
}

TEST_F(WatchTest, a_file_in_the_wrong_place_is_on_record_too) {
  start();
  write_file(data() / "acme/lost.tsv", whole_text());
  EXPECT_TRUE(comes_on_record("acme/lost.tsv"));
}

TEST_F(WatchTest, links_to_folders_are_not_followed_and_are_said_once) {
  write_file(folder_ / "outside/d/a.tsv", whole_text());
  fs::create_directory_symlink(folder_ / "outside", data() / "acme/planted");
  start();
  watch_->rescan();
  watch_->rescan();
  EXPECT_TRUE(entries().empty());
  ASSERT_EQ(log().size(), 1U);
  EXPECT_NE(log().front().find("acme/planted: it is a symbolic link"), std::string::npos);
}

TEST_F(WatchTest, what_is_mended_and_breaks_again_is_said_again) {
  const fs::path link = data() / "acme/planted";
  start();
  for (int i = 0; i < 2; ++i) {
    fs::create_directory_symlink(folder_.path(), link);
    watch_->rescan();
    fs::remove(link);
    watch_->rescan();
    watch_->rescan();
  }
  EXPECT_EQ(log().size(), 2U);
}

TEST_F(WatchTest, a_burst_of_thousands_is_on_record_once_each) {
  constexpr std::size_t kFiles = 1200;
  for (std::size_t i = 0; i < kFiles; ++i) write_file(folder_ / "burst/d" / (std::to_string(i) + ".tsv"), "x\nEND_DATA\n");
  start();
  fs::rename(folder_ / "burst", data() / "acme/burst");
  EXPECT_TRUE(comes_true([&] {
    const auto counts = *ledger_->counts();
    return !counts.empty() && counts.front().files >= kFiles;
  }));
  watch_->rescan();
  EXPECT_EQ(entries().size(), kFiles);
}

// --- hooks

TEST_F(WatchTest, a_hook_makes_a_file_whole_and_its_sender_known) {
  start();
  write_file(device("a.tsv"), bare_text());
  watch_->take(upload_of(device("a.tsv")));
  const auto entry = entry_at(path_of("a.tsv"));
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->sender.way, Way::hook);
  EXPECT_EQ(entry->sender.who, "acme");
  EXPECT_EQ(entry->sender.address, "192.0.2.7");
  watch_->rescan();
  EXPECT_EQ(watch_->growing(), 0U);
}

TEST_F(WatchTest, hook_watcher_and_look_racing_for_a_file_make_one_entry) {
  start(0ms, 10ms);
  for (int i = 0; i < 20; ++i) {
    const std::string name = std::to_string(i) + ".tsv";
    write_file(device(name), i % 2 == 0 ? whole_text() : bare_text());
    std::jthread hook([&] { watch_->take(upload_of(device(name))); });
    std::jthread look([&] { watch_->rescan(); });
    ASSERT_TRUE(spool_->put(upload_of(device(name))));
  }
  EXPECT_TRUE(comes_true([&] { return spool_->waiting(100)->empty(); }));
  watch_->rescan();
  EXPECT_EQ(entries().size(), 20U);
  for (const LedgerEntry& entry : entries()) EXPECT_EQ(entry.sender.way, Way::hook) << entry.path;
}

TEST_F(WatchTest, word_left_while_nobody_was_there_is_read_at_the_start_and_removed) {
  write_file(device("a.tsv"), bare_text());
  ASSERT_TRUE(spool_->put(upload_of(device("a.tsv"))));
  start();
  ASSERT_TRUE(entry_at(path_of("a.tsv")));
  EXPECT_EQ(entry_at(path_of("a.tsv"))->sender.who, "acme");
  EXPECT_TRUE(spool_->waiting(10)->empty());
}

TEST_F(WatchTest, word_in_the_spool_is_heeded_while_it_runs) {
  start();
  write_file(device("a.tsv"), bare_text());
  ASSERT_TRUE(spool_->put(upload_of(device("a.tsv"))));
  EXPECT_TRUE(comes_on_record(path_of("a.tsv")));
  EXPECT_TRUE(comes_true([&] { return spool_->waiting(10)->empty(); }));
}

TEST_F(WatchTest, a_hook_of_a_file_that_is_gone_or_lies_elsewhere_records_nothing) {
  start();
  write_file(folder_ / "outside.tsv", whole_text());
  fs::create_directory_symlink(folder_.path(), data() / "acme/planted");
  watch_->take(upload_of(device("gone.tsv")));
  watch_->take(upload_of(folder_ / "outside.tsv"));
  watch_->take(upload_of(data() / "acme/planted/outside.tsv"));
  watch_->take(upload_of(data() / "acme/roof/../../../outside.tsv"));
  watch_->rescan();
  EXPECT_TRUE(entries().empty());
}

TEST_F(WatchTest, hooks_that_are_ignored_are_said_once_and_on_one_line) {
  start();
  HookEvent failed = upload_of(device("a.tsv"));
  failed.status = 2;
  failed.username = "eve\nlogged in: root";
  const std::string answer = watch_->take(failed);
  watch_->take(failed);
  EXPECT_FALSE(answer.empty());
  ASSERT_EQ(log().size(), 1U);
  EXPECT_EQ(log().front().find('\n'), std::string::npos);
}

// --- campaigns

TEST_F(WatchTest, a_campaign_is_announced_once_when_it_is_made) {
  start();
  EXPECT_TRUE(campaigns().empty());
  fs::create_directories(data() / "acme/cellar/logger 2");
  ASSERT_TRUE(comes_true([&] { return !campaigns().empty(); }));
  HookEvent made = upload_of(data() / "acme/cellar");
  made.action = "mkdir";
  watch_->take(made);
  watch_->rescan();
  EXPECT_EQ(campaigns(), std::vector<std::string>{"acme/cellar"});
}

TEST_F(WatchTest, a_hook_announces_the_campaign_that_was_made_while_nobody_watched) {
  HookEvent made = upload_of(data() / "acme/roof");
  made.action = "mkdir";
  ASSERT_TRUE(spool_->put(made));
  made.path = (data() / "acme/not there").string();
  ASSERT_TRUE(spool_->put(made));
  start();
  EXPECT_EQ(campaigns(), std::vector<std::string>{"acme/roof"});
}

// --- the desk's files

TEST_F(WatchTest, what_an_interrupted_transfer_has_left_becomes_a_file_of_its_sender) {
  start(50ms);
  const std::string text = bare_text();
  {
    auto file = desk_->begin(place(), "a.tsv", model::ArrivalDesk::Start::fresh, {Way::sftp, "logger", "192.0.2.9"});
    ASSERT_TRUE(file) << file.error().message();
    ASSERT_TRUE((*file)->write(0, std::as_bytes(std::span(text))));
    watch_->rescan();
    std::this_thread::sleep_for(150ms);
    watch_->rescan();
    EXPECT_TRUE(entries().empty()) << "the transfer is still running";
  }
  ASSERT_TRUE(comes_on_record(path_of("a.tsv")));
  EXPECT_EQ(entry_at(path_of("a.tsv"))->sender.way, Way::sftp);
  EXPECT_EQ(entry_at(path_of("a.tsv"))->sender.who, "logger");
  EXPECT_EQ(content_of(device("a.tsv")), text);
}

TEST_F(WatchTest, what_was_left_before_the_start_becomes_a_file) {
  write_file(device(".incoming~a.tsv"), bare_text());
  start(20ms);
  EXPECT_TRUE(comes_on_record(path_of("a.tsv")));
  EXPECT_TRUE(comes_true([&] { return watch_->growing() == 0; }));
  EXPECT_FALSE(fs::exists(device(".incoming~a.tsv")));
}

TEST_F(WatchTest, a_file_that_the_desk_takes_in_keeps_its_sender) {
  start(0ms, 10ms);
  const std::string text = whole_text();
  for (int i = 0; i < 20; ++i) {
    auto file = desk_->begin(place(), std::to_string(i) + ".tsv", model::ArrivalDesk::Start::fresh, {Way::http, "ann", ""});
    ASSERT_TRUE(file && (*file)->write(0, std::as_bytes(std::span(text))) && (*file)->finish());
  }
  watch_->rescan();
  EXPECT_EQ(entries().size(), 20U);
  for (const LedgerEntry& entry : entries()) EXPECT_EQ(entry.sender.who, "ann") << entry.path;
}

// --- its parts

TEST(StillnessTest, a_file_is_still_when_it_was_the_same_for_the_grace) {
  Stillness still(60s);
  const Stillness::Clock::time_point start{};
  FileIdentity file{1, 2, 100, 5, 0};
  EXPECT_FALSE(still.note("a", file, Way::scan, start));
  EXPECT_FALSE(still.note("a", file, Way::watch, start + 59s));
  EXPECT_TRUE(still.note("a", file, Way::watch, start + 60s));
  file.size = 101;
  EXPECT_FALSE(still.note("a", file, Way::watch, start + 61s));
  EXPECT_FALSE(still.note("a", file, Way::watch, start + 120s));
  EXPECT_TRUE(still.note("a", file, Way::watch, start + 121s));
}

TEST(StillnessTest, files_fall_due_when_their_grace_is_over_and_again_until_forgotten) {
  Stillness still(60s);
  const Stillness::Clock::time_point start{};
  EXPECT_FALSE(still.next_look());
  static_cast<void>(still.note("a", {1, 1, 1, 1, 1}, Way::scan, start));
  static_cast<void>(still.note("b", {1, 2, 1, 1, 1}, Way::watch, start + 10s));
  EXPECT_EQ(still.next_look(), start + 60s);
  EXPECT_TRUE(still.due(start + 59s).empty());
  const auto due = still.due(start + 65s);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due.front().path, "a");
  EXPECT_EQ(due.front().way, Way::scan);
  EXPECT_EQ(still.next_look(), start + 70s);
  EXPECT_EQ(still.due(start + 200s).size(), 2U);
  still.forget("a");
  still.forget("never seen");
  EXPECT_EQ(still.size(), 1U);
  EXPECT_EQ(still.due(start + 300s).size(), 1U);
}

TEST(StillnessTest, without_a_grace_a_file_that_stays_is_not_due_for_ever) {
  Stillness still(0s);
  const Stillness::Clock::time_point start{};
  EXPECT_TRUE(still.note("a", {}, Way::scan, start));
  EXPECT_EQ(still.due(start).size(), 1U);
  EXPECT_TRUE(still.due(start).empty());
}

TEST(FolderEventsTest, lost_events_are_told) {
  const std::size_t limit = std::stoul(content_of("/proc/sys/fs/inotify/max_queued_events"));
  if (limit > 100'000) GTEST_SKIP() << "it would take " << limit << " events";
  const testing::TempFolder folder;
  FolderEvents events;
  ASSERT_TRUE(events.watch(*Folder::open(folder.path()), ""));
  fs::path name = folder.given_file("0", "");
  for (std::size_t i = 0; i <= limit / 2; ++i) {
    const fs::path other = folder / (i % 2 == 0 ? "1" : "0");
    fs::rename(name, other);
    name = other;
  }
  bool is_told = false;
  for (auto some = events.wait(0ms); !some.empty(); some = events.wait(0ms)) {
    for (const FolderEvent& event : some) is_told = is_told || event.kind == FolderEvent::Kind::overflow;
  }
  EXPECT_TRUE(is_told);
}

TEST(FolderEventsTest, folders_that_are_forgotten_tell_nothing) {
  const testing::TempFolder folder;
  fs::create_directories(folder / "a/b");
  FolderEvents events;
  ASSERT_TRUE(events.watch(*Folder::open(folder / "a"), "a"));
  ASSERT_TRUE(events.watch(*Folder::open(folder / "a/b"), "a/b"));
  folder.given_file("a/b/x", "");
  const auto seen = events.wait(10s);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen.front().label, "a/b");
  EXPECT_EQ(seen.front().name, "x");
  events.forget("a");
  folder.given_file("a/b/y", "");
  EXPECT_TRUE(events.wait(0ms).empty());
}

}  // namespace
}  // namespace pv::ingest
