#include "base/folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

#include "testing/temp_folder.h"

namespace pv {
namespace {

class FolderTest : public ::testing::Test {
 protected:
  static Folder made(const std::filesystem::path& temp) {
    std::filesystem::create_directories(temp / "root" / "a");
    std::ofstream(temp / "outside") << "secret";
    std::ofstream(temp / "root" / "a" / "file") << "x";
    std::filesystem::create_symlink(temp / "outside", temp / "root" / "link");
    std::filesystem::create_directory_symlink(temp, temp / "root" / "out");
    std::filesystem::create_directory_symlink(temp / "root" / "a", temp / "root" / "inner");
    return Folder::open(temp / "root").value();
  }
  testing::TempFolder temp_;
  Folder root_ = made(temp_.path());
};

TEST_F(FolderTest, NothingOutsideCanBeReached) {
  for (const char* path : {"../outside", "a/../../outside", "/etc/passwd", "link", "out/outside", "inner/file", "out"}) {
    const auto opened = root_.file(path, O_RDONLY);
    ASSERT_FALSE(opened) << path;
    EXPECT_EQ(opened.error().kind(), Errc::denied) << path << ": " << opened.error().message();
    EXPECT_FALSE(root_.folder(path)) << path;
    EXPECT_FALSE(root_.file(path, O_WRONLY | O_CREAT)) << path;
  }
  EXPECT_FALSE(root_.make_folder("out/new"));
  EXPECT_FALSE(root_.make_folder("../new"));
  EXPECT_FALSE(root_.move("a/file", "../file"));
  EXPECT_FALSE(root_.move("a/file", ".."));
  EXPECT_FALSE(root_.move("../outside", "a/got"));
  EXPECT_FALSE(root_.remove_file("out/outside"));
  EXPECT_FALSE(root_.file(std::string_view("a\0b", 3), O_RDONLY));
  EXPECT_TRUE(std::filesystem::exists(temp_.path() / "outside"));
}

TEST_F(FolderTest, ALinkShowsAsOneAndIsNotFollowed) {
  const auto link = root_.status("link");
  ASSERT_TRUE(link) << link.error().message();
  EXPECT_TRUE(S_ISLNK(link->st_mode));
}

TEST_F(FolderTest, MovesOverwriteNothing) {
  ASSERT_TRUE(root_.make_folders("b/c/d"));
  ASSERT_TRUE(root_.make_folders("b/c/d"));
  ASSERT_TRUE(root_.move("a/file", "b/c/file"));
  std::ofstream(temp_.path() / "root" / "a" / "file") << "y";
  const auto again = root_.move("a/file", "b/c/file");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind(), Errc::conflict);
  EXPECT_EQ(root_.make_folder("b").error().kind(), Errc::conflict);
  EXPECT_EQ(root_.remove_folder("b").error().kind(), Errc::conflict);
  EXPECT_TRUE(root_.remove_folder("b/c/d"));
  EXPECT_EQ(root_.status("b/c/d").error().kind(), Errc::not_found);
}

TEST_F(FolderTest, ListsWhatThereIsAndNoMoreThanAsked) {
  auto entries = root_.list("", 100);
  ASSERT_TRUE(entries);
  std::vector<std::string> names;
  for (const FolderEntry& entry : *entries) names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"a", "inner", "link", "out"}));
  EXPECT_EQ(root_.list("", 2)->size(), 2U);
  EXPECT_FALSE(root_.list("out", 10));
}

}  // namespace
}  // namespace pv
