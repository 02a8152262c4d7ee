// Attacks on a jail, each by the packets a client of company "acme" can send. Beside it lives "rival", with a file of its own.

#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "sftp/talk_test.h"

namespace pv::sftp {
namespace {

using testing::Answer;
using testing::FolderDesk;
using testing::Talk;
using Names = std::vector<std::string>;
namespace fs = std::filesystem;

struct Walls : ::testing::Test {
  Walls() {
    (void)data.given_file("rival/c/d/secret.tsv", "rival's");
    (void)data.given_file("acme/c/d/own.tsv", "own");
    (void)data.given_file("acme/c/d/parsed/old.tsv", "old");
    (void)data.given_file("acme/c/d/error/bad.tsv", "bad");
    (void)outside.given_file("secret.tsv", "outside");
    before = pv::testing::tree_of(data / "rival");
  }
  ~Walls() override {
    EXPECT_EQ(pv::testing::tree_of(data / "rival"), before) << "the other company's tree changed";
    EXPECT_EQ(pv::testing::tree_of(outside.path()), (std::map<std::string, std::string>{{"secret.tsv", "outside"}}));
  }

  pv::testing::TempFolder outside;
  pv::testing::TempFolder data;
  std::map<std::string, std::string> before;
  std::shared_ptr<FolderDesk> desk = std::make_shared<FolderDesk>(data.path());
  Talk talk{desk, data.path()};

  [[nodiscard]] std::string content(std::string_view file) const { return pv::testing::content_of(data / file); }

  /// Nothing can be done with a path: not seen, read, listed, written, renamed from or to, removed, made.
  void expect_out_of_reach(std::string_view path) {
    EXPECT_EQ(talk.ask(Type::stat, path).type, Type::status) << path;
    EXPECT_EQ(talk.ask(Type::lstat, path).type, Type::status) << path;
    EXPECT_EQ(talk.open(path, open_flag::kRead).type, Type::status) << path;
    EXPECT_FALSE(talk.list(path)) << path;
    expect_unwritable(path);
  }
  void expect_unwritable(std::string_view path) {
    EXPECT_EQ(talk.create(path).type, Type::status) << path;
    EXPECT_EQ(talk.open(path, open_flag::kWrite).type, Type::status) << path;
    EXPECT_EQ(talk.open(path, open_flag::kWrite | open_flag::kCreate | open_flag::kAppend).type, Type::status) << path;
    EXPECT_NE(talk.rename("/c/d/own.tsv", path).status, Status::ok) << path;
    EXPECT_NE(talk.rename(path, "/c/d/got.tsv").status, Status::ok) << path;
    EXPECT_NE(talk.ask(Type::remove, path).status, Status::ok) << path;
    EXPECT_NE(talk.ask(Type::rmdir, path).status, Status::ok) << path;
    EXPECT_NE(talk.ask(Type::mkdir, [&](PacketWriter& writer) { writer.text(path).attributes({}); }).status, Status::ok) << path;
  }
};

TEST_F(Walls, DotDotNeverLeavesTheCompanysFolder) {
  for (const std::string_view path : {"/../rival/c/d/secret.tsv", "../rival/c/d/secret.tsv", "/c/../../rival/c/d/secret.tsv", "/c/d/../../../../rival/c/d/secret.tsv",
                                      "//..//rival/c/d/secret.tsv", "/./../rival/c/d/secret.tsv"}) {
    EXPECT_EQ(talk.ask(Type::stat, path).status, Status::no_such_file) << path;
    EXPECT_EQ(talk.open(path, open_flag::kRead).status, Status::no_such_file) << path;
    EXPECT_EQ(talk.ask(Type::realpath, path).names, Names{"/rival/c/d/secret.tsv"}) << "of the company's own tree: " << path;
  }
  EXPECT_EQ(talk.ask(Type::realpath, "../../..").names, Names{"/"});
  EXPECT_EQ(talk.ask(Type::realpath, ".").names, Names{"/"});
  EXPECT_EQ(talk.list("/.."), Names{"c"});
}

TEST_F(Walls, AbsolutePathsOfTheServerAreNamesInTheJail) {
  const std::string path = (data / "rival/c/d/secret.tsv").string();
  EXPECT_EQ(talk.ask(Type::stat, path).status, Status::no_such_file);
  expect_out_of_reach(path);
  expect_out_of_reach("/etc/passwd");
}

TEST_F(Walls, ALinkToAFileIsNotThere) {
  fs::create_symlink(outside / "secret.tsv", data / "acme/c/d/link.tsv");
  fs::create_symlink("../../../rival/c/d/secret.tsv", data / "acme/c/d/relative.tsv");
  fs::create_symlink(outside / "new.tsv", data / "acme/c/d/dangling.tsv");
  for (const std::string_view path : {"/c/d/link.tsv", "/c/d/relative.tsv", "/c/d/dangling.tsv"}) {
    EXPECT_EQ(talk.ask(Type::stat, path).type, Type::status) << path;
    EXPECT_EQ(talk.open(path, open_flag::kRead).type, Type::status) << path;
    EXPECT_EQ(talk.create(path).type, Type::status) << path;
    EXPECT_NE(talk.rename(path, "/c/d/got.tsv").status, Status::ok) << path;
    EXPECT_NE(talk.ask(Type::remove, path).status, Status::ok) << path;
  }
  EXPECT_EQ(talk.list("/c/d"), (Names{"error", "own.tsv", "parsed"}));
}

TEST_F(Walls, ALinkToAFolderIsNoWayOut) {
  fs::create_directory_symlink(outside.path(), data / "acme/c/out");
  fs::create_directory_symlink("../rival", data / "acme/rival");
  fs::create_directory_symlink("/", data / "acme/c/d/root");
  EXPECT_EQ(talk.list("/"), Names{"c"});
  EXPECT_EQ(talk.list("/c"), Names{"d"});
  expect_out_of_reach("/c/out/secret.tsv");
  expect_out_of_reach("/rival/c/d/secret.tsv");
  expect_out_of_reach("/c/d/root/etc/passwd");
  EXPECT_FALSE(talk.list("/c/out"));
  EXPECT_FALSE(talk.list("/rival"));
}

TEST_F(Walls, ALinkInPlaceOfTheCompanysFolderShowsNothing) {
  fs::create_directory_symlink(data / "rival", data / "ghost");
  Talk ghost(desk, data.path(), {}, "ghost");
  EXPECT_EQ(ghost.list("/").value_or(Names{}), Names{});
  EXPECT_EQ(ghost.open("/c/d/secret.tsv", open_flag::kRead).type, Type::status);
  EXPECT_EQ(ghost.create("/c/d/new.tsv").type, Type::status);
}

TEST_F(Walls, ALinkInPlaceOfAPartialFileIsNotWrittenThrough) {
  fs::create_symlink(outside / "secret.tsv", data / "acme/c/d/.incoming~new.tsv");
  EXPECT_EQ(talk.create("/c/d/new.tsv").type, Type::status);
  EXPECT_EQ(talk.open("/c/d/new.tsv", open_flag::kRead).type, Type::status);
  EXPECT_EQ(talk.ask(Type::stat, "/c/d/new.tsv").type, Type::status);
}

TEST_F(Walls, PipesAreNeitherShownNorWaitedFor) {
  ASSERT_EQ(mkfifo((data / "acme/c/d/pipe.tsv").c_str(), 0600), 0);
  EXPECT_EQ(talk.list("/c/d"), (Names{"error", "own.tsv", "parsed"}));
  EXPECT_EQ(talk.open("/c/d/pipe.tsv", open_flag::kRead).type, Type::status);
  EXPECT_EQ(talk.create("/c/d/pipe.tsv").type, Type::status);
}

TEST_F(Walls, NoLinkOfAnyKindIsMade) {
  const auto two = [](std::string_view a, std::string_view b) { return [=](PacketWriter& writer) { writer.text(a).text(b); }; };
  EXPECT_EQ(talk.ask(Type::symlink, two("/../rival/c/d/secret.tsv", "/c/d/l.tsv")).status, Status::op_unsupported);
  EXPECT_EQ(talk.ask(Type::symlink, two("/c/d/own.tsv", "/c/d/l.tsv")).status, Status::op_unsupported);
  const auto hard = [](PacketWriter& writer) { writer.text("hardlink@openssh.com").text("/c/d/own.tsv").text("/c/d/l.tsv"); };
  EXPECT_EQ(talk.ask(Type::extended, hard).status, Status::op_unsupported);
  EXPECT_EQ(talk.ask(Type::readlink, "/c/d/own.tsv").status, Status::op_unsupported);
  EXPECT_EQ(talk.list("/c/d"), (Names{"error", "own.tsv", "parsed"}));
}

TEST_F(Walls, WhatIsFiledIsReadAndNotChanged) {
  const Answer opened = talk.open("/c/d/parsed/old.tsv", open_flag::kRead);
  EXPECT_EQ(talk.read(opened.text, 0, 10).text, "old");
  EXPECT_EQ(talk.list("/c/d/parsed"), Names{"old.tsv"});
  EXPECT_EQ(talk.list("/c/d/error"), Names{"bad.tsv"});
  EXPECT_EQ(talk.ask(Type::stat, "/c/d/parsed/old.tsv").mode & 0222u, 0u);
  for (const std::string_view path : {"/c/d/parsed/old.tsv", "/c/d/parsed/new.tsv", "/c/d/error/bad.tsv", "/c/d/error/new.tsv", "/c/d/parsed", "/c/d/error",
                                      "/c/d/parsed/deeper/x.tsv", "/c/d/x/../parsed/new.tsv"}) {
    expect_unwritable(path);
  }
  EXPECT_EQ(content("acme/c/d/parsed/old.tsv"), "old");
}

TEST_F(Walls, ParsedInOtherLettersIsNotParsed) {
  for (const std::string_view name : {"PARSED", "Parsed", "parsed ", "p\xc3\xa1rsed", "parsed\xe2\x80\x8b"}) {
    const std::string folder = "/c/d/" + std::string(name);
    EXPECT_FALSE(talk.list(folder)) << name;
    expect_unwritable(folder + "/x.tsv");
    EXPECT_EQ(talk.ask(Type::mkdir, [&](PacketWriter& writer) { writer.text(folder).attributes({}); }).status, Status::permission_denied);
  }
}

TEST_F(Walls, ComposedAndDecomposedLettersAreDifferentNames) {
  const std::string composed = "/c/d/caf\xc3\xa9.tsv", decomposed = "/c/d/cafe\xcc\x81.tsv";
  EXPECT_EQ(talk.put(composed, "one").status, Status::ok);
  EXPECT_EQ(talk.put(decomposed, "two").status, Status::ok);
  EXPECT_EQ(content("acme" + composed), "one");
  EXPECT_EQ(content("acme" + decomposed), "two");
  // Letters that look like dots and slashes are letters.
  for (const std::string_view path : {"/\xe2\x80\xa5/rival/c", "/c/d/..\xe2\x88\x95..\xe2\x88\x95rival.tsv\xef\xbc\x8e", "/\xef\xbc\x8e\xef\xbc\x8e/rival"}) {
    EXPECT_EQ(talk.ask(Type::stat, path).status, Status::no_such_file) << path;
  }
}

TEST_F(Walls, NamesThatAreNeverLetThrough) {
  using namespace std::string_literals;
  for (const std::string& name : {"nul\0.tsv"s, "line\nfeed.tsv"s, "esc\x1b[2J.tsv"s, "del\x7f.tsv"s, "back\\slash.tsv"s, "..\\..\\rival.tsv"s, "\xff\xfe.tsv"s,
                                  "over\xc0\xaflong.tsv"s, "\xc0\xae\xc0\xae"s, "half\xc3.tsv"s, "\xed\xa0\x80.tsv"s, std::string(256, 'a') + ".tsv"}) {
    expect_out_of_reach("/c/d/" + name);
    expect_out_of_reach("/" + name);
    EXPECT_EQ(talk.ask(Type::realpath, "/" + name).status, Status::permission_denied);
  }
}

TEST_F(Walls, NamesBeginningWithADotAreNotThere) {
  (void)data.given_file("acme/.hidden.tsv", "x");
  (void)data.given_file("acme/c/d/.hidden.tsv", "x");
  (void)data.given_file("acme/c/.git/x.tsv", "x");
  (void)data.given_file("acme/c/d/.incoming~.tsv", "x");
  (void)data.given_file("acme/c/d/.incoming~..tsv", "x");
  (void)data.given_file("acme/c/d/.incoming~own.tsv", "being replaced");
  for (const std::string_view path : {"/.hidden.tsv", "/c/d/.hidden.tsv", "/c/.git/x.tsv", "/c/d/.incoming~.tsv", "/c/d/.incoming~own.tsv"}) expect_out_of_reach(path);
  EXPECT_EQ(talk.list("/"), Names{"c"});
  EXPECT_EQ(talk.list("/c"), Names{"d"});
  EXPECT_EQ(talk.list("/c/d"), (Names{"error", "own.tsv", "parsed"}));
  const Answer opened = talk.open("/c/d/own.tsv", open_flag::kRead);
  EXPECT_EQ(talk.read(opened.text, 0, 10).text, "own");
}

TEST_F(Walls, FilesLieInDevicesFoldersOnly) {
  for (const std::string_view path : {"/", "/x.tsv", "/c/x.tsv", "/c/d/e/x.tsv", "/c/d/e/f/x.tsv"}) {
    const Answer refused = talk.create(path);
    EXPECT_EQ(refused.status, Status::permission_denied) << path;
    EXPECT_NE(refused.text.find("/campaign/device/file.tsv"), std::string::npos) << refused.text;
  }
  EXPECT_EQ(talk.create("/c/d/x.exe").status, Status::permission_denied);
  EXPECT_EQ(talk.create("/c/d").status, Status::permission_denied);
}

TEST_F(Walls, LongAndDeepPathsAreRefused) {
  std::string deep;
  for (int i = 0; i < 500; ++i) deep += "/a";
  expect_out_of_reach(deep);
  EXPECT_EQ(talk.ask(Type::stat, deep + "/..").status, Status::permission_denied);
  EXPECT_EQ(talk.ask(Type::stat, std::string(kMaxPath + 1, 'a')).status, Status::bad_message);
  const std::string longest = "/c/" + std::string(129, 'd') + "/x.tsv";
  EXPECT_EQ(talk.create(longest).type, Type::status) << "a device's name has at most 128 bytes";
}

}  // namespace
}  // namespace pv::sftp
