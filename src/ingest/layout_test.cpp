#include "ingest/layout.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <set>

#include "testing/rights.h"
#include "testing/temp_folder.h"

namespace pv::ingest {
namespace {

namespace fs = std::filesystem;

class LayoutTest : public ::testing::Test {
 protected:
  testing::TempFolder folder_;

  fs::path given(std::string_view name) const { return folder_.given_file(name, "x"); }
  /// relative path -> "ok" or why it is misplaced
  std::map<std::string, std::string> found() {
    auto all = find_files(folder_.path());
    EXPECT_TRUE(all) << all.error().message();
    unreadable_ = all->unreadable;
    std::map<std::string, std::string> verdicts;
    for (const FoundFile& file : all->files) verdicts[file.path.lexically_relative(folder_.path()).string()] = file.place ? "ok" : to_string(file.why);
    return verdicts;
  }
  std::vector<std::string> unreadable_;
};

using Verdicts = std::map<std::string, std::string>;

TEST_F(LayoutTest, AFileOfTheRightDepthHasAPlace) {
  given("acme/north/02001084/T302_251012_031720.tsv");
  const Found all = *find_files(folder_.path());
  ASSERT_EQ(all.files.size(), 1U);
  ASSERT_TRUE(all.files[0].place);
  EXPECT_EQ(all.files[0].place->tenant.str(), "acme");
  EXPECT_EQ(all.files[0].place->campaign.str(), "north");
  EXPECT_EQ(all.files[0].place->device.str(), "02001084");
  EXPECT_EQ(all.files[0].size, 1U);
}

TEST_F(LayoutTest, OtherDepthsAreTold) {
  given("a.tsv");
  given("t/b.tsv");
  given("t/c/c.tsv");
  given("t/c/d/e/f.tsv");
  EXPECT_EQ(found(), (Verdicts{{"a.tsv", "path_too_short"}, {"t/b.tsv", "path_too_short"}, {"t/c/c.tsv", "path_too_short"}, {"t/c/d/e/f.tsv", "path_too_deep"}}));
}

TEST_F(LayoutTest, HiddenNamesFiledFilesAndOtherEndingsArePassedOver) {
  for (const char* name : {"t/c/d/.a.tsv", ".t/c/d/a.tsv", "t/.c/d/a.tsv", "t/c/d/parsed/a.tsv", "t/c/d/error/a.tsv", "t/c/d/error/a.tsv.reason.json",
                           "error/a.tsv", "t/c/d/a.txt", "t/c/d/a.tsv.part", "t/c/d/tsv", "t/c/d/.tsv"}) {
    given(name);
  }
  EXPECT_EQ(found(), Verdicts{});
  EXPECT_TRUE(unreadable_.empty());
}

TEST_F(LayoutTest, TheEndingMayBeInCapitals) {
  given("t/c/d/A.TSV");
  EXPECT_EQ(found(), (Verdicts{{"t/c/d/A.TSV", "ok"}}));
}

TEST_F(LayoutTest, AccentsQuotesSpacesAndDotsInsideNamesAreFine) {
  for (const char* name : {"Éclairage d'été/camp \"nord\"/a..b/x y.tsv", "t/...c.../d/x.tsv", "t/c/日本/x.tsv"}) given(name);
  EXPECT_EQ(found(), (Verdicts{{"Éclairage d'été/camp \"nord\"/a..b/x y.tsv", "ok"}, {"t/c/日本/x.tsv", "ok"}})) << "a name that starts with '.' is hidden";
}

TEST_F(LayoutTest, FolderNamesThatCannotBeUsedAreTold) {
  const std::string long_name(129, 'x');
  for (const std::string& name : {std::string("bad\nname/c/d/x.tsv"), std::string("t/ends with space /d/x.tsv"), std::string("t/c/back\\slash/x.tsv"),
                                  std::string("t/c/\xff\xfe/x.tsv"), "t/" + long_name + "/d/x.tsv"}) {
    given(name);
  }
  const auto all = found();
  EXPECT_EQ(all.size(), 5U);
  for (const auto& [name, verdict] : all) EXPECT_EQ(verdict, "bad_name") << name;
}

TEST_F(LayoutTest, LinksAndSpecialFilesAreToldAndNeverFollowed) {
  given("t/c/d/real.tsv");
  const fs::path outside = folder_.given_file("../" + folder_.path().filename().string() + "-outside/secret.tsv", "x");
  fs::create_symlink(outside, folder_ / "t/c/d/link.tsv");
  fs::create_symlink("nowhere", folder_ / "t/c/d/dangling.tsv");
  fs::create_directory_symlink(outside.parent_path(), folder_ / "t/c/linked");
  ASSERT_EQ(mkfifo((folder_ / "t/c/d/pipe.tsv").c_str(), 0600), 0);
  EXPECT_EQ(found(), (Verdicts{{"t/c/d/real.tsv", "ok"}, {"t/c/d/link.tsv", "symlink"}, {"t/c/d/dangling.tsv", "symlink"}, {"t/c/d/pipe.tsv", "not_a_file"}}));
  ASSERT_EQ(unreadable_.size(), 1U);
  EXPECT_NE(unreadable_[0].find("t/c/linked"), std::string::npos) << unreadable_[0];
  fs::remove_all(outside.parent_path());
}

TEST_F(LayoutTest, AFolderThatCannotBeListedIsNamedAndTheOthersAreFound) {
  given("t/c/open/x.tsv");
  given("t/c/closed/x.tsv");
  fs::permissions(folder_.path(), fs::perms::all);
  fs::permissions(folder_ / "t/c/closed", fs::perms::none);
  const testing::AsNobody nobody;
  EXPECT_EQ(found(), (Verdicts{{"t/c/open/x.tsv", "ok"}}));
  ASSERT_EQ(unreadable_.size(), 1U);
  EXPECT_NE(unreadable_[0].find("t/c/closed"), std::string::npos);
}

TEST_F(LayoutTest, TheDataFolderItselfIsChecked) {
  const auto missing = find_files(folder_ / "none");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), Errc::not_found);
  EXPECT_NE(missing.error().message().find("--data-folder"), std::string::npos);
  EXPECT_EQ(find_files(given("file")).error().kind(), Errc::invalid_input);
  fs::create_directory(folder_ / "closed");
  fs::permissions(folder_.path(), fs::perms::all);
  fs::permissions(folder_ / "closed", fs::perms::none);
  const testing::AsNobody nobody;
  EXPECT_EQ(find_files(folder_ / "closed").error().kind(), Errc::denied);
}

TEST_F(LayoutTest, ClassifiesHoweverTheDataFolderIsSpelled) {
  const fs::path file = given("t/c/d/x.tsv");
  for (const std::string& spelling : {folder_.path().string(), folder_.path().string() + "/", folder_.path().string() + "/.", folder_.path().string() + "/t/.."}) {
    EXPECT_TRUE(classify(spelling, file).place) << spelling;
  }
  EXPECT_TRUE(classify(folder_.path(), folder_ / "t/c/../c/d/x.tsv").place);
}

TEST_F(LayoutTest, AFileOutsideTheDataFolderIsTold) {
  given("data/t/c/d/x.tsv");
  const fs::path beside = given("data2/c/d/x.tsv");
  EXPECT_EQ(classify(folder_ / "data", beside).why, Misplaced::outside_data_folder);
  EXPECT_EQ(classify(folder_ / "data", folder_ / "data/../data2/c/d/x.tsv").why, Misplaced::outside_data_folder);
  EXPECT_EQ(classify(folder_ / "data", folder_ / "data").why, Misplaced::outside_data_folder);
}

TEST_F(LayoutTest, AFileThatWasDealtWithIsTold) {
  EXPECT_EQ(classify(folder_.path(), given("t/c/d/parsed/x.tsv")).why, Misplaced::already_filed);
  EXPECT_EQ(classify(folder_.path(), given("t/c/d/error/x.tsv")).why, Misplaced::already_filed);
  EXPECT_EQ(classify(folder_.path(), given("t/c/error/x.tsv")).why, Misplaced::already_filed);
  EXPECT_TRUE(classify(folder_.path(), given("t/c/d/parsed.tsv")).place);
}

TEST_F(LayoutTest, AFileBehindALinkOnTheWayLiesOutside) {
  given("other/c/d/x.tsv");
  fs::create_directories(folder_ / "acme");
  fs::create_directory_symlink(folder_ / "other/c", folder_ / "acme/c");
  EXPECT_EQ(classify(folder_.path(), folder_ / "acme/c/d/x.tsv").why, Misplaced::outside_data_folder);
}

TEST_F(LayoutTest, AHiddenFileIsTold) {
  EXPECT_EQ(classify(folder_.path(), given("t/c/d/.x.tsv")).why, Misplaced::hidden);
}

TEST(Misplaced, EachHasAName) {
  std::set<std::string_view> names;
  for (const Misplaced why : {Misplaced::path_too_short, Misplaced::path_too_deep, Misplaced::bad_name, Misplaced::symlink, Misplaced::not_a_file,
                              Misplaced::hidden, Misplaced::already_filed, Misplaced::outside_data_folder}) {
    names.insert(to_string(why));
  }
  EXPECT_EQ(names.size(), 8U);
}

}  // namespace
}  // namespace pv::ingest
