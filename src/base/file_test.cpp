#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

namespace pv {
namespace {

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "pv-file-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path given(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name) << content;
    return folder_ / name;
  }
  static std::string text(const std::filesystem::path& path) { return *read_text_file(path, 1 << 20); }
  std::filesystem::path folder_;
};

TEST_F(FileTest, ReadsAFileThatStandsStill) {
  std::vector<char> bytes;
  ASSERT_TRUE(read_settled_file(given("a", "hello"), 100, bytes));
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "hello");
}

TEST_F(FileTest, RefusesWhatIsNoSettledRegularFile) {
  std::vector<char> bytes;
  const auto why = [&](const std::filesystem::path& path) { return read_settled_file(path, 4, bytes).error().why; };
  EXPECT_EQ(why(folder_ / "none"), ReadRefusal::vanished);
  EXPECT_EQ(why(folder_), ReadRefusal::not_regular);
  EXPECT_EQ(why(given("long", "12345")), ReadRefusal::too_large);
  std::filesystem::create_symlink(given("target", "1"), folder_ / "link");
  EXPECT_EQ(why(folder_ / "link"), ReadRefusal::symlink);
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(why(folder_ / "pipe"), ReadRefusal::not_regular);
}

TEST_F(FileTest, RefusesAFileThatIsStillBeingWritten) {
  const auto path = given("open", "1");
  const FileDescriptor writer(open(path.c_str(), O_WRONLY));
  std::vector<char> bytes;
  EXPECT_EQ(read_settled_file(path, 100, bytes).error().why, ReadRefusal::being_written);
}

TEST_F(FileTest, AWriterThatComesWhileItIsLookedAtDoesNotEndTheProgram) {
  const auto path = given("a.tsv", "x");
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 10'000; ++i) {
      const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
      static_cast<void>(is_open_for_writing(file.get()));
    }
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) close(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
}

TEST_F(FileTest, ReplaceLeavesNoTemporaryFile) {
  const auto path = given("settings", "old");
  ASSERT_TRUE(replace_file(path, "new"));
  EXPECT_EQ(text(path), "new");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(FileTest, MovingNeverOverwrites) {
  const auto first = given("x.tsv", "1");
  const auto target = given("y.tsv", "there");
  const auto moved = move_without_overwriting(first, target);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->filename(), "y~2.tsv");
  EXPECT_EQ(text(target), "there");
  EXPECT_EQ(text(*moved), "1");
}

TEST_F(FileTest, ErrorsNameThePathAndTheReason) {
  const auto result = replace_file(folder_ / "no" / "file", "x");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), Errc::not_found);
  EXPECT_NE(result.error().message().find("no/file"), std::string::npos);
}

}  // namespace
}  // namespace pv
