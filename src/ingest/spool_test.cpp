#include "ingest/spool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <set>
#include <thread>

#include "testing/rights.h"
#include "testing/temp_folder.h"

namespace pv::ingest {
namespace {

namespace fs = std::filesystem;

HookEvent event_of(const std::string& path) {
  HookEvent event;
  event.action = "upload";
  event.username = "acme";
  event.path = path;
  event.timestamp_ns = 1754190905123456789;
  return event;
}

class SpoolTest : public ::testing::Test {
 protected:
  testing::TempFolder folder_;

  Spool opened() const { return Spool::open(folder_.path() / "state").value(); }
  fs::path spool_folder() const { return folder_.path() / "state/spool"; }
  static std::vector<std::string> paths_of(const std::vector<Spool::Kept>& kept) {
    std::vector<std::string> paths;
    for (const Spool::Kept& one : kept) paths.push_back(one.event.path);
    return paths;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(spool_folder())) all.push_back(entry.path().filename().string());
    return all;
  }
};

using Paths = std::vector<std::string>;

TEST_F(SpoolTest, ItsFolderIsMadeAndEmpty) {
  const Spool spool = opened();
  EXPECT_EQ(spool.path(), spool_folder());
  EXPECT_TRUE(fs::is_directory(spool_folder()));
  EXPECT_TRUE(spool.waiting(10).value().empty());
}

TEST_F(SpoolTest, AnEventIsKeptForWhoeverComesLater) {
  const auto put = opened().put(event_of("/data/a.tsv"));
  ASSERT_TRUE(put) << put.error().message();
  EXPECT_EQ(*put, "kept");
  const auto waiting = opened().waiting(10);
  ASSERT_TRUE(waiting) << waiting.error().message();
  ASSERT_EQ(waiting->size(), 1U);
  EXPECT_EQ(waiting->at(0).event, event_of("/data/a.tsv"));
}

TEST_F(SpoolTest, TheOldestComeFirstAndNoMoreThanAskedFor) {
  const Spool spool = opened();
  Paths expected;
  for (int i = 0; i < 25; ++i) {
    expected.push_back("/data/" + std::to_string(i) + ".tsv");
    ASSERT_EQ(spool.put(event_of(expected.back())).value(), "kept");
  }
  EXPECT_EQ(paths_of(spool.waiting(100).value()), expected);
  EXPECT_EQ(paths_of(spool.waiting(3).value()), Paths(expected.begin(), expected.begin() + 3));
  EXPECT_TRUE(spool.waiting(0).value().empty());
}

TEST_F(SpoolTest, OnlyWhatWasDealtWithIsRemoved) {
  const Spool spool = opened();
  for (const char* path : {"/a", "/b", "/c"}) ASSERT_TRUE(spool.put(event_of(path)));
  const auto first = spool.waiting(2).value();
  ASSERT_TRUE(spool.put(event_of("/d")));
  ASSERT_TRUE(spool.remove(first));
  EXPECT_EQ(paths_of(spool.waiting(10).value()), (Paths{"/c", "/d"}));
  EXPECT_TRUE(spool.remove(first)) << "what is gone already is no error";
  EXPECT_EQ(names().size(), 2U);
}

TEST_F(SpoolTest, TheSameEventTwiceIsKeptTwice) {
  const Spool spool = opened();
  ASSERT_TRUE(spool.put(event_of("/a")));
  ASSERT_TRUE(spool.put(event_of("/a")));
  EXPECT_EQ(spool.waiting(10).value().size(), 2U);
}

TEST_F(SpoolTest, ManyWritersLoseNothing) {
  constexpr int kThreads = 8, kEach = 25;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const Spool spool = opened();  // as each hook does
      for (int i = 0; i < kEach; ++i) {
        const auto put = spool.put(event_of("/" + std::to_string(t) + "/" + std::to_string(i)));
        EXPECT_TRUE(put && *put == "kept");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Paths paths = paths_of(opened().waiting(1000).value());
  EXPECT_EQ(std::set<std::string>(paths.begin(), paths.end()).size(), static_cast<std::size_t>(kThreads * kEach));
}

TEST_F(SpoolTest, WhatIsNoEventIsSetAsideAndStopsNobody) {
  const Spool spool = opened();
  ASSERT_TRUE(spool.put(event_of("/a")));
  testing::write_file(spool_folder() / "0-broken.json", "{\"action\":");
  testing::write_file(spool_folder() / "0-empty.json", "");
  testing::write_file(spool_folder() / "0-huge.json", std::string(2 << 20, ' '));
  testing::write_file(spool_folder() / "0-list.json", "[1,2]");
  fs::create_directory(spool_folder() / "0-folder.json");
  fs::create_symlink(folder_.given_file("outside", to_json(event_of("/outside"))), spool_folder() / "0-link.json");
  ASSERT_EQ(mkfifo((spool_folder() / "0-pipe.json").c_str(), 0600), 0);
  const auto waiting = spool.waiting(10);
  ASSERT_TRUE(waiting) << waiting.error().message();
  EXPECT_EQ(paths_of(*waiting), Paths{"/a"});
  for (const char* name : {"0-broken.json", "0-empty.json", "0-huge.json", "0-list.json", "0-folder.json", "0-link.json", "0-pipe.json"}) {
    EXPECT_FALSE(fs::exists(fs::symlink_status(spool_folder() / name))) << name;
    EXPECT_TRUE(fs::exists(fs::symlink_status(spool_folder() / (std::string(name) + ".bad")))) << name;
  }
  EXPECT_EQ(paths_of(spool.waiting(10).value()), Paths{"/a"}) << "what was set aside stays aside";
}

TEST_F(SpoolTest, AFileThatIsStillBeingWrittenIsNotSeen) {
  const Spool spool = opened();
  testing::write_file(spool_folder() / ".00000000000000000001-1-0", "{\"act");
  testing::write_file(spool_folder() / "README", "notes");
  EXPECT_TRUE(spool.waiting(10).value().empty());
  EXPECT_TRUE(fs::exists(spool_folder() / ".00000000000000000001-1-0")) << "its writer is perhaps at work";
  EXPECT_TRUE(fs::exists(spool_folder() / "README"));
}

TEST_F(SpoolTest, AFullDiskIsAnErrorAndLeavesNothingBehind) {
  const Spool spool = opened();
  HookEvent event = event_of("/a");
  event.path = std::string(4000, 'x');
  {
    const testing::FileSizeLimit full(100);
    const auto put = spool.put(event);
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().kind(), Errc::io);
    EXPECT_NE(put.error().message().find(spool_folder().string()), std::string::npos);
  }
  EXPECT_TRUE(names().empty());
  EXPECT_EQ(spool.put(event).value(), "kept");
}

TEST_F(SpoolTest, WithoutRightsItIsDenied) {
  const fs::path closed = folder_.path() / "closed";
  fs::create_directory(closed);
  fs::permissions(folder_.path(), fs::perms::owner_all | fs::perms::others_exec);
  const testing::AsNobody nobody;
  const auto spool = Spool::open(closed);
  ASSERT_FALSE(spool);
  EXPECT_EQ(spool.error().kind(), Errc::denied);
  EXPECT_NE(spool.error().message().find(closed.string()), std::string::npos);
}

TEST_F(SpoolTest, AHookOfAnotherUserIsToldWhoMayLeaveWord) {
  { const Spool made = opened(); }
  fs::permissions(folder_.path(), fs::perms::owner_all | fs::perms::others_exec);
  const testing::AsNobody nobody;
  const auto spool = Spool::open(folder_.path() / "state");
  ASSERT_FALSE(spool);
  EXPECT_EQ(spool.error().kind(), Errc::denied);
  for (const char* part : {"state/spool", "the user of 'powerview serve'", "member of the group", "2770"}) {
    EXPECT_NE(spool.error().message().find(part), std::string::npos) << spool.error().message();
  }
}

TEST_F(SpoolTest, ItsGroupMayLeaveWordThatItsOwnerReads) {
  const Spool spool = opened();
  struct stat status {};
  ASSERT_EQ(stat(spool_folder().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 02770U);
  ASSERT_EQ(stat(spool_folder().parent_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0710U);
  const mode_t before = umask(077);
  const auto kept = spool.put(event_of("/a"));
  umask(before);
  ASSERT_TRUE(kept);
  ASSERT_EQ(stat((spool_folder() / names().front()).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640U);
}

/// In memory where there is such a folder: a hundred thousand files take a disk long.
class InMemory {
 public:
  InMemory() {
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
  }
  InMemory(const InMemory&) = delete;
  InMemory& operator=(const InMemory&) = delete;
  ~InMemory() { before_.empty() ? unsetenv("TMPDIR") : setenv("TMPDIR", before_.c_str(), 1); }

 private:
  std::string before_ = std::getenv("TMPDIR") == nullptr ? "" : std::getenv("TMPDIR");
};

TEST(FullSpoolTest, ItTakesNoMoreThanItsMost) {
  const InMemory memory;
  const testing::TempFolder folder;
  const Spool spool = Spool::open(folder.path()).value();
  for (std::size_t i = 0; i < Spool::kMostEvents; ++i) {
    const int file = open((spool.path() / (std::to_string(i) + ".json")).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_GE(file, 0);
    close(file);
  }
  EXPECT_EQ(spool.put(event_of("/a")).value(), "full: the scan finds the file");
  fs::remove(spool.path() / "7.json");
  fs::remove(spool.path() / "8.json");
  EXPECT_EQ(spool.put(event_of("/a")).value(), "kept");
  EXPECT_EQ(spool.put(event_of("/b")).value(), "kept");
  EXPECT_EQ(spool.put(event_of("/c")).value(), "full: the scan finds the file");
}

}  // namespace
}  // namespace pv::ingest
