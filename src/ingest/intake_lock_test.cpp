#include "ingest/intake_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>

#include "testing/child.h"
#include "testing/rights.h"
#include "testing/temp_folder.h"

namespace pv::ingest {
namespace {

/// A process that takes the lock and keeps it until it is killed.
class Holder {
 public:
  explicit Holder(const std::filesystem::path& state_dir) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
    pid_ = fork();
    if (pid_ == 0) {
      const auto lock = IntakeLock::take(state_dir);
      const char answer = lock ? 'y' : 'n';
      if (write(ends[1], &answer, 1) == 1) pause();
      _exit(0);
    }
    close(ends[1]);
    char answer = 'n';
    has_it_ = read(ends[0], &answer, 1) == 1 && answer == 'y';
    close(ends[0]);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() { end(); }

  void end() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  [[nodiscard]] bool has_it() const noexcept { return has_it_; }

 private:
  pid_t pid_ = 0;
  bool has_it_ = false;
};

TEST(IntakeLockTest, TheFolderIsMadeWhenThereIsNone) {
  const testing::TempFolder folder;
  const auto lock = IntakeLock::take(folder / "a/b");
  ASSERT_TRUE(lock) << lock.error().message();
  EXPECT_TRUE(std::filesystem::exists(folder / "a/b/intake.lock"));
}

TEST(IntakeLockTest, ASecondOneIsRefusedEvenInTheSameProgram) {
  const testing::TempFolder folder;
  const auto first = IntakeLock::take(folder.path());
  ASSERT_TRUE(first);
  const auto second = IntakeLock::take(folder.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), Errc::conflict);
  EXPECT_NE(second.error().message().find((folder / "intake.lock").string()), std::string::npos);
}

TEST(IntakeLockTest, ARefusedOneFreesNothing) {
  const testing::TempFolder folder;
  const auto first = IntakeLock::take(folder.path());
  ASSERT_FALSE(IntakeLock::take(folder.path()));
  EXPECT_FALSE(IntakeLock::take(folder.path()));
}

TEST(IntakeLockTest, ItEndsWithItsHolder) {
  const testing::TempFolder folder;
  { const auto first = IntakeLock::take(folder.path()); }
  EXPECT_TRUE(IntakeLock::take(folder.path()));
}

TEST(IntakeLockTest, ItMovesWithItsOwner) {
  const testing::TempFolder folder;
  std::optional<IntakeLock> kept;
  {
    auto first = IntakeLock::take(folder.path());
    ASSERT_TRUE(first);
    kept = std::move(*first);
  }
  EXPECT_FALSE(IntakeLock::take(folder.path()));
  kept.reset();
  EXPECT_TRUE(IntakeLock::take(folder.path()));
}

TEST(IntakeLockTest, InstallationsDoNotDisturbEachOther) {
  const testing::TempFolder one, other;
  const auto first = IntakeLock::take(one.path());
  EXPECT_TRUE(IntakeLock::take(other.path()));
}

TEST(IntakeLockTest, AnotherProgramHasItUntilItIsKilled) {
  const testing::TempFolder folder;
  Holder holder(folder.path());
  ASSERT_TRUE(holder.has_it());
  const auto lock = IntakeLock::take(folder.path());
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().kind(), Errc::conflict);
  holder.end();
  EXPECT_TRUE(IntakeLock::take(folder.path()));
}

TEST(IntakeLockTest, AProgramStartedMeanwhileDoesNotKeepIt) {
  const testing::TempFolder folder;
  std::optional<testing::Child> child;
  {
    const auto lock = IntakeLock::take(folder.path());
    ASSERT_TRUE(lock);
    child.emplace(std::vector<std::string>{"/bin/sh", "-c", "echo here; exec sleep 60"});
    while (child->out_so_far().empty() && !child->has_ended()) usleep(1000);
  }
  ASSERT_FALSE(child->has_ended());
  EXPECT_TRUE(IntakeLock::take(folder.path()));
}

TEST(IntakeLockTest, WithoutRightsTheErrorNamesThePath) {
  const testing::TempFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const testing::AsNobody nobody;
  const auto lock = IntakeLock::take(folder / "state");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().kind(), Errc::denied);
  EXPECT_NE(lock.error().message().find((folder / "state").string()), std::string::npos);
}

TEST(IntakeLockTest, ALinkInPlaceOfTheLockIsNotFollowed) {
  const testing::TempFolder folder;
  const auto elsewhere = folder.given_file("elsewhere", "");
  std::filesystem::create_directory(folder / "state");
  std::filesystem::create_symlink(elsewhere, folder / "state/intake.lock");
  const auto lock = IntakeLock::take(folder / "state");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().kind(), Errc::io);
}

}  // namespace
}  // namespace pv::ingest
