#include "sftp/session.h"

#include <gtest/gtest.h>

#include "sftp/talk_test.h"

namespace pv::sftp {
namespace {

using testing::Answer;
using testing::FolderDesk;
using testing::Talk;
using Names = std::vector<std::string>;

constexpr std::string_view kPath = "/c/d/x.tsv";

struct SessionTest : ::testing::Test {
  pv::testing::TempFolder data;
  std::shared_ptr<FolderDesk> desk = std::make_shared<FolderDesk>(data.path());
  Talk talk{desk, data.path()};

  [[nodiscard]] std::string content(std::string_view file) const { return pv::testing::content_of(data / file); }
};

TEST_F(SessionTest, AFileIsThereOnceItsCloseIsAnswered) {
  const Answer opened = talk.create(kPath);
  ASSERT_EQ(opened.type, Type::handle);
  EXPECT_EQ(talk.write(opened.text, 0, "hello ").status, Status::ok);
  EXPECT_EQ(talk.write(opened.text, 6, "world").status, Status::ok);
  EXPECT_TRUE(desk->taken().empty());
  EXPECT_EQ(talk.close(opened.text).status, Status::ok);
  EXPECT_EQ(content("acme/c/d/x.tsv"), "hello world");
  EXPECT_EQ(desk->taken(), Names{"acme/c/d/x.tsv"});
  ASSERT_EQ(talk.uploads.size(), 1u);
  EXPECT_EQ(talk.uploads[0].bytes, 11u);
  EXPECT_EQ(talk.uploads[0].fate, Upload::Fate::taken);
}

TEST_F(SessionTest, AWrongFileIsRefusedAtCloseWithTheDesksText) {
  const Answer closed = talk.put(kPath, "BAD content");
  EXPECT_EQ(closed.status, Status::failure);
  EXPECT_EQ(closed.text, "line 1: this is no logger file");
  EXPECT_EQ(talk.told, Names{"/c/d/x.tsv: line 1: this is no logger file"});
  EXPECT_EQ(talk.uploads[0].fate, Upload::Fate::refused);
}

TEST_F(SessionTest, ACutTransferGoesOnWhereItStopped) {
  const Answer opened = talk.create(kPath);
  (void)talk.write(opened.text, 0, "first half, ");
  talk.cut();
  EXPECT_EQ(talk.uploads[0].fate, Upload::Fate::interrupted);
  EXPECT_TRUE(desk->taken().empty());

  Talk later(desk, data.path());
  EXPECT_EQ(later.list("/c/d"), Names{"x.tsv"});
  EXPECT_EQ(later.ask(Type::stat, kPath).size, 12u);
  const Answer back = later.open(kPath, open_flag::kRead);
  EXPECT_EQ(later.read(back.text, 0, 100).text, "first half, ");
  const Answer resumed = later.open(kPath, open_flag::kWrite | open_flag::kCreate | open_flag::kAppend);
  ASSERT_EQ(resumed.type, Type::handle);
  EXPECT_EQ(later.ask(Type::fstat, resumed.text).size, 12u);
  EXPECT_EQ(later.write(resumed.text, 0, "second half").status, Status::ok) << "append does not mind the offset";
  EXPECT_EQ(later.close(resumed.text).status, Status::ok);
  EXPECT_EQ(content("acme/c/d/x.tsv"), "first half, second half");
}

TEST_F(SessionTest, ATransferFromTheStartDropsWhatWasLeftOfAnother) {
  (void)talk.write(talk.create(kPath).text, 0, "much longer than what comes later");
  talk.cut();
  Talk later(desk, data.path());
  EXPECT_EQ(later.put(kPath, "short").status, Status::ok);
  EXPECT_EQ(content("acme/c/d/x.tsv"), "short");
}

TEST_F(SessionTest, AFileThatAWriteFailedForIsNeverTaken) {
  desk->refuse_beyond(8);
  const Answer opened = talk.create(kPath);
  EXPECT_EQ(talk.write(opened.text, 0, "12345678").status, Status::ok);
  const Answer refused = talk.write(opened.text, 8, "9");
  EXPECT_EQ(refused.status, Status::permission_denied);
  EXPECT_EQ(refused.text, "the company's space is used up");
  EXPECT_EQ(talk.write(opened.text, 0, "1").status, Status::permission_denied);
  EXPECT_EQ(talk.ask(Type::extended, [&](PacketWriter& writer) { writer.text("fsync@openssh.com").text(opened.text); }).status, Status::permission_denied);
  EXPECT_EQ(talk.close(opened.text).status, Status::permission_denied);
  EXPECT_TRUE(desk->taken().empty());
  EXPECT_EQ(talk.uploads[0].reason, "the company's space is used up");
}

TEST_F(SessionTest, AWholeFileCannotBeChangedInPart) {
  (void)talk.put(kPath, "whole");
  const Answer refused = talk.open(kPath, open_flag::kWrite | open_flag::kCreate);
  EXPECT_EQ(refused.status, Status::permission_denied);
  EXPECT_NE(refused.text.find("upload it whole"), std::string::npos);
  EXPECT_EQ(talk.put(kPath, "again").status, Status::ok);
  EXPECT_EQ(content("acme/c/d/x.tsv"), "whole");
  EXPECT_EQ(content("acme/c/d/x~2.tsv"), "again");
}

TEST_F(SessionTest, OpeningMindsWhetherTheFileIsThere) {
  EXPECT_EQ(talk.open(kPath, open_flag::kWrite).status, Status::no_such_file);
  EXPECT_EQ(talk.open(kPath, open_flag::kRead).status, Status::no_such_file);
  EXPECT_EQ(talk.open(kPath, open_flag::kCreate).status, Status::failure) << "neither read nor write";
  (void)talk.put(kPath, "whole");
  EXPECT_EQ(talk.open(kPath, open_flag::kWrite | open_flag::kCreate | open_flag::kExclusive | open_flag::kTruncate).status, Status::permission_denied);
  EXPECT_EQ(talk.open("/c/d/y.tsv", open_flag::kWrite | open_flag::kCreate | open_flag::kExclusive).type, Type::handle);
}

TEST_F(SessionTest, ReadingEndsAtTheEndAndMindsNoHugeOffset) {
  (void)talk.put(kPath, "0123456789");
  const Answer opened = talk.open(kPath, open_flag::kRead);
  EXPECT_EQ(talk.read(opened.text, 4, 3).text, "456");
  EXPECT_EQ(talk.read(opened.text, 8, 0xffffffff).text, "89");
  for (const std::uint64_t offset : {std::uint64_t{10}, std::uint64_t{1} << 62, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    EXPECT_EQ(talk.read(opened.text, offset, 5).status, Status::eof) << offset;
  }
  EXPECT_EQ(talk.write(opened.text, 0, "x").status, Status::permission_denied);
}

TEST_F(SessionTest, OffsetsBeyondTheLargestFileAreRefused) {
  for (const std::uint64_t offset : {(std::uint64_t{1} << 30) + 1, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    const Answer opened = talk.create(kPath);
    EXPECT_EQ(talk.write(opened.text, offset, "x").status, Status::permission_denied) << offset;
    EXPECT_EQ(talk.close(opened.text).status, Status::permission_denied);
  }
  EXPECT_TRUE(desk->taken().empty());
}

TEST_F(SessionTest, HandlesAreOnesOwnAndEndWithTheirClose) {
  const Answer opened = talk.create(kPath);
  Talk other(desk, data.path());
  (void)other.create("/c/d/other.tsv");
  EXPECT_EQ(other.write(opened.text, 0, "stolen").status, Status::failure);
  EXPECT_EQ(other.close(opened.text).status, Status::failure);
  EXPECT_EQ(talk.close(opened.text).status, Status::ok);
  EXPECT_EQ(talk.write(opened.text, 0, "late").status, Status::failure);
  EXPECT_EQ(talk.close(opened.text).status, Status::failure);
  EXPECT_NE(talk.create(kPath).text, opened.text);
  for (const std::string_view handle : {"", "1", "0000000000000000"}) EXPECT_EQ(talk.read(handle, 0, 1).status, Status::failure);
}

TEST_F(SessionTest, TheSixtyFifthHandleIsRefused) {
  for (int i = 0; i < 64; ++i) ASSERT_EQ(talk.ask(Type::opendir, "/").type, Type::handle);
  EXPECT_EQ(talk.ask(Type::opendir, "/").status, Status::failure);
  EXPECT_EQ(talk.create(kPath).status, Status::failure);
}

TEST_F(SessionTest, TimesAndRightsAreAcceptedAndASizeOnlyWhenItIsTheFiles) {
  const Answer opened = talk.create(kPath);
  (void)talk.write(opened.text, 0, "12345");
  const auto change = [&](Attributes attributes) {
    return talk.ask(Type::fsetstat, [&](PacketWriter& writer) { writer.text(opened.text).attributes(attributes); }).status;
  };
  EXPECT_EQ(change({.permissions = 0600, .times = Attributes::Times{1, 1}}), Status::ok);
  EXPECT_EQ(change({.size = 5}), Status::ok);
  EXPECT_EQ(change({.size = 3}), Status::permission_denied);
  EXPECT_EQ(change({.size = 0}), Status::ok);
  (void)talk.write(opened.text, 0, "new");
  EXPECT_EQ(talk.close(opened.text).status, Status::ok);
  EXPECT_EQ(content("acme/c/d/x.tsv"), "new");
  const auto change_path = [&](Attributes attributes) {
    return talk.ask(Type::setstat, [&](PacketWriter& writer) { writer.text(kPath).attributes(attributes); }).status;
  };
  EXPECT_EQ(change_path({.permissions = 0}), Status::ok);
  EXPECT_EQ(change_path({.size = 3}), Status::ok);
  EXPECT_EQ(change_path({.size = 0}), Status::op_unsupported);
  EXPECT_EQ(content("acme/c/d/x.tsv"), "new");
}

TEST_F(SessionTest, FoldersAreCampaignsAndDevices) {
  EXPECT_EQ(talk.ask(Type::mkdir, [](PacketWriter& w) { w.text("/camp").attributes({}); }).status, Status::ok);
  EXPECT_EQ(talk.ask(Type::mkdir, [](PacketWriter& w) { w.text("/camp/dev").attributes({}); }).status, Status::ok);
  EXPECT_EQ(talk.ask(Type::mkdir, [](PacketWriter& w) { w.text("/camp").attributes({}); }).status, Status::failure);
  for (const std::string_view path : {"/camp/dev/parsed", "/camp/dev/error", "/camp/dev/deeper", "/camp/dev/PARSED", "/.hidden"}) {
    const Answer refused = talk.ask(Type::mkdir, [&](PacketWriter& w) { w.text(path).attributes({}); });
    EXPECT_EQ(refused.status, Status::permission_denied) << path;
    EXPECT_FALSE(refused.text.empty());
  }
  EXPECT_EQ(talk.ask(Type::rmdir, "/camp").status, Status::permission_denied) << "it is not empty";
  EXPECT_EQ(talk.ask(Type::rmdir, "/camp/dev").status, Status::ok);
  EXPECT_EQ(talk.ask(Type::rmdir, "/camp").status, Status::ok);
  EXPECT_EQ(talk.ask(Type::rmdir, "/").status, Status::permission_denied);
  EXPECT_EQ(talk.list("/"), Names{});
}

TEST_F(SessionTest, ATemporaryNameBecomesAFileByRename) {
  EXPECT_EQ(talk.put("/c/d/x.tsv.filepart", "good").status, Status::ok);
  EXPECT_TRUE(desk->taken().empty());
  EXPECT_EQ(talk.rename("/c/d/x.tsv.filepart", kPath).status, Status::ok);
  EXPECT_EQ(desk->taken(), Names{"acme/c/d/x.tsv"});
  ASSERT_FALSE(talk.uploads.empty());
  EXPECT_EQ(talk.uploads.back().path, "/c/d/x.tsv");
  EXPECT_EQ(talk.uploads.back().bytes, 4U) << "the log has the size of a file that got its name by a rename";
  EXPECT_EQ(talk.put("/c/d/y.tsv.filepart", "BAD").status, Status::ok);
  const Answer judged = talk.rename("/c/d/y.tsv.filepart", "/c/d/y.tsv");
  EXPECT_EQ(judged.status, Status::failure);
  EXPECT_EQ(judged.text, "line 1: this is no logger file");
  EXPECT_EQ(talk.rename("/c/d/none.tsv", "/c/d/z.tsv").status, Status::no_such_file);
  EXPECT_EQ(talk.rename("/c", "/e").status, Status::permission_denied);
}

TEST_F(SessionTest, OnlyWhatIsNotTakenIsRemoved) {
  (void)talk.put("/c/d/x.tsv", "a");
  (void)talk.put("/c/d/taken.tsv", "a");
  EXPECT_EQ(talk.ask(Type::remove, "/c/d/x.tsv").status, Status::ok);
  const Answer refused = talk.ask(Type::remove, "/c/d/taken.tsv");
  EXPECT_EQ(refused.status, Status::permission_denied);
  EXPECT_EQ(refused.text, "the file has been taken and stays");
  EXPECT_EQ(talk.ask(Type::remove, "/c/d").status, Status::permission_denied);
  EXPECT_EQ(talk.list("/c/d"), Names{"taken.tsv"});
}

TEST_F(SessionTest, TheServersErrorsAreToldWithoutItsPaths) {
  (void)data.given_file("acme/c", "a file where a folder should be");
  const Answer refused = talk.put(kPath, "x");
  EXPECT_NE(refused.status, Status::ok);
  EXPECT_EQ(refused.text.find(data.path().string()), std::string::npos) << refused.text;
}

TEST_F(SessionTest, WhatTheSystemDeniesTheServerIsInItsLogAndNotToldWithItsPaths) {
  (void)data.given_file("acme/c/d/x.tsv", "x");
  std::filesystem::create_symlink("/etc", data / "acme/c/link");
  const Answer refused = talk.ask(Type::opendir, "/c/link/ssh");
  EXPECT_NE(refused.status, Status::ok);
  EXPECT_EQ(refused.text.find(data.path().string()), std::string::npos) << refused.text;
  ASSERT_FALSE(talk.troubles.empty());
  EXPECT_NE(talk.troubles.back().find(data.path().string()), std::string::npos);
}

TEST_F(SessionTest, TheGreetingComesFirstAndOnce) {
  std::vector<std::byte> out, stat, init;
  PacketWriter(stat, Type::stat).number(1).text("/");
  PacketWriter(init, Type::init).number(3);
  EXPECT_EQ(talk.session().take(std::span(init).subspan(4), out), Session::Next::end);
  const Folder folder = Folder::open(data.path()).value();
  Session fresh(Jail(folder, *desk, model::TenantName::parse("acme").value(), {}), {}, {});
  EXPECT_EQ(fresh.take(std::span(stat).subspan(4), out), Session::Next::end);
  std::vector<std::byte> old;
  PacketWriter(old, Type::init).number(2);
  EXPECT_EQ(fresh.take(std::span(old).subspan(4), out), Session::Next::end);
  EXPECT_EQ(fresh.take(std::span(init).subspan(4), out), Session::Next::go_on);
}

TEST_F(SessionTest, AFolderOfManyFilesIsListedInPiecesAndBounded) {
  for (int i = 0; i < 3000; ++i) (void)data.given_file("acme/c/d/parsed/logger_" + std::to_string(10000 + i) + ".tsv", "x");
  const auto all = talk.list("/c/d/parsed");
  ASSERT_EQ(all->size(), 3000u);
  EXPECT_EQ(all->front(), "logger_10000.tsv");
  EXPECT_EQ(all->back(), "logger_12999.tsv");
  Talk bounded(desk, data.path(), {.listed = 100});
  EXPECT_EQ(bounded.list("/c/d/parsed")->size(), 100u);
}

}  // namespace
}  // namespace pv::sftp
