#include "ingest/desk.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "testing/logger_text.h"
#include "testing/rights.h"
#include "testing/temp_folder.h"

namespace pv::ingest {
namespace {

namespace fs = std::filesystem;
using testing::content_of;
using testing::LoggerText;
using Start = model::ArrivalDesk::Start;

model::Place place_of(std::string_view tenant, std::string_view campaign, std::string_view device) {
  return {*model::TenantName::parse(tenant), *model::CampaignName::parse(campaign), *model::DeviceName::parse(device)};
}

class DeskTest : public ::testing::Test {
 protected:
  testing::TempFolder folder_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Usage> usage_;
  std::unique_ptr<Desk> desk_;
  std::optional<std::uint64_t> quota_;
  int warnings_ = 0, woken_ = 0;
  std::vector<std::string> campaigns_;
  const model::Place place_ = place_of("acme", "north", "02001084");
  const model::Sender sender_{model::Way::sftp, "logger", "192.0.2.1"};
  const fs::path device_ = folder_ / "data/acme/north/02001084";

  DeskTest() {
    fs::create_directories(folder_ / "data");
    ledger_ = std::move(*Ledger::open(folder_ / "state"));
    usage_ = std::make_unique<Usage>(UsageOptions{
        .data_folder = folder_ / "data",
        .quotas_of = [this](const model::Place&) -> Result<Quotas> { return Quotas{quota_, {}, {}}; },
        .warn = [this](std::string_view, std::uint64_t, std::uint64_t) { ++warnings_; }});
    desk_ = std::move(*Desk::open({.data_folder = folder_ / "data",
                                   .ledger = ledger_.get(),
                                   .usage = usage_.get(),
                                   .wake = [this] { ++woken_; },
                                   .max_file_bytes = 1U << 20,
                                   .campaign_made = [this](const model::TenantName& t, const model::CampaignName& c) { campaigns_.push_back(t.str() + "/" + c.str()); }}));
  }
  static Result<void> write(model::IncomingFile& file, std::string_view text, std::uint64_t offset = 0) {
    return file.write(offset, std::as_bytes(std::span(text)));
  }
  Result<std::unique_ptr<model::IncomingFile>> begin(std::string_view name, Start start = Start::fresh) { return desk_->begin(place_, name, start, sender_); }
  Result<FileId> send(std::string_view name, std::string_view text) {
    PV_TRY(auto file, begin(name));
    PV_TRY_VOID(write(*file, text));
    return file->finish();
  }
  std::optional<LedgerEntry> entry_at(const std::string& name) { return *ledger_->entry_at("acme/north/02001084/" + name); }
};

TEST_F(DeskTest, AFileIsUnderItsNameAndOnRecordWhenTheSenderIsTold) {
  auto file = begin("a.tsv");
  ASSERT_TRUE(file) << file.error().message();
  const std::string text = LoggerText{}.text();
  // As clients do: pieces, not in order.
  ASSERT_TRUE(write(**file, text.substr(100), 100));
  ASSERT_TRUE(write(**file, text.substr(0, 100), 0));
  EXPECT_TRUE(fs::exists(device_ / ".incoming~a.tsv"));
  EXPECT_FALSE(fs::exists(device_ / "a.tsv"));
  EXPECT_TRUE(desk_->is_arriving("acme/north/02001084/a.tsv"));
  const auto id = (*file)->finish();
  ASSERT_TRUE(id) << id.error().message();
  file->reset();
  EXPECT_FALSE(desk_->is_arriving("acme/north/02001084/a.tsv"));
  EXPECT_EQ(content_of(device_ / "a.tsv"), text);
  EXPECT_FALSE(fs::exists(device_ / ".incoming~a.tsv"));
  const LedgerEntry entry = *ledger_->entry(*id);
  EXPECT_EQ(entry.state, FileState::received);
  EXPECT_EQ(entry.sender.who, "logger");
  EXPECT_EQ(entry.sender.address, "192.0.2.1");
  EXPECT_EQ(entry.identity, identity_of(device_ / "a.tsv"));
  EXPECT_EQ(woken_, 1);
  EXPECT_EQ(campaigns_, (std::vector<std::string>{"acme/north"}));
}

TEST_F(DeskTest, TwoTransfersOfOneNameDoNotMix) {
  auto first = begin("a.tsv");
  ASSERT_TRUE(first);
  EXPECT_EQ(begin("a.tsv").error().kind(), Errc::conflict);
  EXPECT_TRUE(begin("b.tsv"));
  EXPECT_EQ(desk_->remove(place_, "a.tsv", sender_).error().kind(), Errc::conflict);
  first->reset();
  EXPECT_TRUE(begin("a.tsv"));
}

TEST_F(DeskTest, WhatIsDiscardedLeavesNothingAndTakesNoRoom) {
  quota_ = 1000;
  auto file = begin("a.tsv");
  ASSERT_TRUE(write(**file, std::string(900, 'x')));
  EXPECT_EQ(write(**file, std::string(900, 'x'), 900).error().kind(), Errc::denied);
  (*file)->discard();
  file->reset();
  EXPECT_FALSE(fs::exists(device_ / ".incoming~a.tsv"));
  EXPECT_FALSE(desk_->is_arriving("acme/north/02001084/a.tsv"));
  EXPECT_TRUE(send("b.tsv", LoggerText{}.text().substr(0, 900))) << "its room is free again";
  EXPECT_EQ(desk_->adopt(place_, "a.tsv").error().kind(), Errc::not_found);
}

TEST_F(DeskTest, AnInterruptedTransferGoesOnWhereItStopped) {
  const std::string text = LoggerText{}.text();
  {
    auto file = begin("a.tsv");
    ASSERT_TRUE(write(**file, text.substr(0, 200)));
  }
  auto rest = begin("a.tsv", Start::resume);
  ASSERT_TRUE(rest);
  EXPECT_EQ((*rest)->size(), 200U);
  ASSERT_TRUE(write(**rest, text.substr(200), 200));
  ASSERT_TRUE((*rest)->finish());
  EXPECT_EQ(content_of(device_ / "a.tsv"), text);
}

TEST_F(DeskTest, AFreshTransferForgetsWhatAnInterruptedOneLeft) {
  {
    auto file = begin("a.tsv");
    ASSERT_TRUE(write(**file, std::string(5000, 'x')));
  }
  ASSERT_TRUE(send("a.tsv", LoggerText{}.text()));
  EXPECT_EQ(content_of(device_ / "a.tsv"), LoggerText{}.text());
}

TEST_F(DeskTest, ATransferOfNothingLeavesNothing) {
  ASSERT_TRUE(begin("a.tsv"));
  EXPECT_TRUE(fs::is_empty(device_));
}

TEST_F(DeskTest, AFreshTransferDoesNotTouchWhatItsPartialNameWasLinkedTo) {
  const fs::path precious = folder_.given_file("data/beta/south/1/precious.tsv", "precious");
  fs::create_directories(device_);
  fs::create_hard_link(precious, device_ / ".incoming~a.tsv");
  EXPECT_EQ(begin("a.tsv", Start::resume).error().kind(), Errc::denied);
  ASSERT_TRUE(send("a.tsv", LoggerText{}.text()));
  EXPECT_EQ(content_of(precious), "precious");
  fs::create_symlink(precious, device_ / ".incoming~b.tsv");
  EXPECT_FALSE(begin("b.tsv", Start::resume));
  ASSERT_TRUE(send("b.tsv", LoggerText{}.text()));
  EXPECT_EQ(content_of(precious), "precious");
}

TEST_F(DeskTest, AFolderThatIsALinkIsNotFollowed) {
  fs::create_directories(folder_ / "data/beta/south/1");
  fs::create_directories(folder_ / "data/acme");
  fs::create_directory_symlink(folder_ / "data/beta/south", folder_ / "data/acme/north");
  EXPECT_FALSE(begin("a.tsv"));
  EXPECT_TRUE(fs::is_empty(folder_ / "data/beta/south/1"));
}

TEST_F(DeskTest, WhatIsNoLoggerFileIsRefusedWithItsReasonAndOnRecord) {
  const auto id = send("a.tsv", "hello\nworld\n");
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().kind(), Errc::invalid_input);
  EXPECT_NE(id.error().message().find("a.tsv"), std::string::npos);
  EXPECT_EQ(id.error().message().find(folder_.path().string()), std::string::npos) << "the sender sees nothing of the server's folders";
  EXPECT_EQ(content_of(device_ / "error/a.tsv"), "hello\nworld\n");
  const auto reason = nlohmann::json::parse(content_of(device_ / "error/a.tsv.reason.json"));
  EXPECT_EQ(reason["file"], "a.tsv");
  EXPECT_TRUE(fs::exists(device_ / "error/a.tsv.receipt.txt"));
  EXPECT_FALSE(fs::exists(device_ / "a.tsv"));
  EXPECT_FALSE(fs::exists(device_ / ".incoming~a.tsv"));
  const auto entry = entry_at("a.tsv");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->state, FileState::rejected);
  EXPECT_TRUE(entry->is_settled());
  EXPECT_EQ(entry->moved_to, "acme/north/02001084/error/a.tsv");
  EXPECT_EQ(entry->reason, reason["reason"]);
  EXPECT_EQ(entry->digest.size(), 64U);
  // Again, and right: nothing stands in the way.
  ASSERT_FALSE(send("a.tsv", "hello again\n"));
  EXPECT_TRUE(fs::exists(device_ / "error/a~2.tsv"));
  EXPECT_TRUE(send("a.tsv", LoggerText{}.text()));
}

TEST_F(DeskTest, WhatIsRefusedAndCannotBeSetAsideHasOneEntryHoweverOftenItIsTried) {
  testing::write_file(device_ / "error", "in the way");
  {
    auto file = begin("a.tsv");
    ASSERT_TRUE(write(**file, "hello\nworld\n"));
    EXPECT_EQ((*file)->finish().error().kind(), Errc::io);
  }
  for (int again = 0; again < 3; ++again) {
    EXPECT_EQ(desk_->adopt(place_, "a.tsv").error().kind(), Errc::io);
    const LedgerEntry entry = *entry_at("a.tsv");
    EXPECT_EQ(entry.state, FileState::rejected);
    // As the intake does after some looks.
    const Ledger::Filed given_up{entry.id, ""};
    ASSERT_TRUE(ledger_->filed(std::span(&given_up, 1)));
  }
  EXPECT_EQ(ledger_->list({})->size(), 1U);
  EXPECT_EQ(content_of(device_ / ".incoming~a.tsv"), "hello\nworld\n") << "its bytes are kept";
  fs::remove(device_ / "error");
  EXPECT_EQ(desk_->adopt(place_, "a.tsv").error().kind(), Errc::invalid_input);
  EXPECT_EQ(ledger_->list({})->size(), 1U);
  EXPECT_EQ(entry_at("a.tsv")->moved_to, "acme/north/02001084/error/a.tsv");
}

TEST_F(DeskTest, ACutFileWithAHeaderIsTaken) {
  const std::string text = LoggerText{}.text();
  EXPECT_TRUE(send("a.tsv", text.substr(0, text.size() - 7)));
  EXPECT_TRUE(send("b.tsv", LoggerText{}.header()));
}

TEST_F(DeskTest, AnUnreadFileMakesRoomAndKeepsItsBytesAndItsEntry) {
  const auto first = send("a.tsv", LoggerText{.rows = 3}.text());
  const auto second = send("a.tsv", LoggerText{.rows = 5}.text());
  const auto third = send("a.tsv", LoggerText{.rows = 7}.text());
  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(content_of(device_ / "a.tsv"), LoggerText{.rows = 7}.text());
  EXPECT_EQ(content_of(device_ / "a~2.tsv"), LoggerText{.rows = 3}.text());
  EXPECT_EQ(content_of(device_ / "a~3.tsv"), LoggerText{.rows = 5}.text());
  EXPECT_EQ(ledger_->entry(*first)->name, "a~2.tsv");
  EXPECT_EQ(ledger_->entry(*second)->path, "acme/north/02001084/a~3.tsv");
  EXPECT_EQ(ledger_->entry(*third)->name, "a.tsv");
}

TEST_F(DeskTest, ATransferNameBecomesAFileByItsRename) {
  const auto part = send("a.tsv.part", LoggerText{}.text());
  ASSERT_TRUE(part) << part.error().message();
  EXPECT_EQ(part->value, 0);
  EXPECT_TRUE(fs::exists(device_ / "a.tsv.part"));
  const auto id = desk_->rename(place_, "a.tsv.part", place_, "a.tsv", sender_);
  ASSERT_TRUE(id) << id.error().message();
  EXPECT_EQ(ledger_->entry(*id)->name, "a.tsv");
  EXPECT_FALSE(fs::exists(device_ / "a.tsv.part"));

  ASSERT_TRUE(send("b.tsv.part", "no logger file"));
  const auto refused = desk_->rename(place_, "b.tsv.part", place_, "b.tsv", sender_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Errc::invalid_input);
  EXPECT_TRUE(fs::exists(device_ / "b.tsv.part"));
  EXPECT_FALSE(fs::exists(device_ / "b.tsv"));
}

TEST_F(DeskTest, AFileThatWaitsMayBeRenamedAndATakenOneNot) {
  const auto id = send("a.tsv", LoggerText{}.text());
  ASSERT_TRUE(id);
  const auto renamed = desk_->rename(place_, "a.tsv", place_, "b.tsv", sender_);
  ASSERT_TRUE(renamed) << renamed.error().message();
  EXPECT_EQ(*renamed, *id);
  EXPECT_EQ(ledger_->entry(*id)->name, "b.tsv");
  EXPECT_EQ(desk_->rename(place_, "b.tsv", place_, "b.tsv.part", sender_).error().kind(), Errc::denied);
  EXPECT_EQ(desk_->rename(place_, "b.tsv", place_of("beta", "n", "1"), "b.tsv", sender_).error().kind(), Errc::denied);
  EXPECT_EQ(desk_->rename(place_, "none.tsv", place_, "c.tsv", sender_).error().kind(), Errc::not_found);
  ASSERT_EQ(ledger_->claim(1, 1000, 2'000'000'000'000)->size(), 1U);
  EXPECT_EQ(desk_->rename(place_, "b.tsv", place_, "c.tsv", sender_).error().kind(), Errc::denied);
  EXPECT_EQ(desk_->remove(place_, "b.tsv", sender_).error().kind(), Errc::denied);
}

TEST_F(DeskTest, WhatHasNotBeenTakenCanBeRemoved) {
  const auto id = send("a.tsv", LoggerText{}.text());
  ASSERT_TRUE(desk_->remove(place_, "a.tsv", sender_));
  EXPECT_FALSE(fs::exists(device_ / "a.tsv"));
  EXPECT_EQ(ledger_->entry(*id)->reason, "removed");
  {
    auto file = begin("b.tsv");
    ASSERT_TRUE(write(**file, "x"));
  }
  ASSERT_TRUE(desk_->remove(place_, "b.tsv", sender_));
  EXPECT_EQ(desk_->remove(place_, "b.tsv", sender_).error().kind(), Errc::not_found);
  EXPECT_TRUE(fs::is_empty(device_));
}

TEST_F(DeskTest, NamesThatAreNoLoggerFilesAreDenied) {
  for (const std::string& name : {std::string(""), std::string("a.txt"), std::string(".a.tsv"), std::string("a/b.tsv"), std::string("..") , std::string("a\\b.tsv"),
                                  std::string("a\n.tsv"), std::string("\xff.tsv"), std::string(200, 'a') + ".tsv", std::string("a.tsv.exe"), std::string("parsed")}) {
    const auto begun = begin(name);
    ASSERT_FALSE(begun) << name;
    EXPECT_EQ(begun.error().kind(), Errc::denied) << name;
  }
  for (const char* own : {"parsed", "error"}) EXPECT_EQ(desk_->begin(place_of("acme", "north", own), "a.tsv", Start::fresh, sender_).error().kind(), Errc::denied);
  EXPECT_TRUE(begin("Été n°1.TSV"));
}

TEST_F(DeskTest, AFileLargerThanAllowedIsDenied) {
  auto file = begin("a.tsv");
  ASSERT_TRUE(write(**file, "x", (1U << 20) - 1));
  for (const std::uint64_t offset : {std::uint64_t{1} << 20, ~std::uint64_t{0}, (~std::uint64_t{0} >> 1) + 1}) {
    EXPECT_EQ(write(**file, "x", offset).error().kind(), Errc::denied);
  }
}

TEST_F(DeskTest, AQuotaIsKeptAtWriteAndWarnedOf) {
  const std::string text = LoggerText{}.text();
  quota_ = text.size() * 2 + 10;
  ASSERT_TRUE(send("a.tsv", text));
  EXPECT_EQ(warnings_, 0);
  ASSERT_TRUE(send("b.tsv", text));
  EXPECT_EQ(warnings_, 1);
  auto third = begin("c.tsv");
  const auto denied = write(**third, text);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().kind(), Errc::denied);
  third->reset();
  ASSERT_TRUE(desk_->remove(place_, "a.tsv", sender_));
  EXPECT_TRUE(send("c.tsv", text));
}

TEST_F(DeskTest, AFullDiskKeepsWhatWasSentAndTheTransferGoesOnLater) {
  const std::string text = LoggerText{.rows = 500}.text();
  {
    auto file = begin("a.tsv");
    const testing::FileSizeLimit full(4096);
    const auto failed = write(**file, text);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind(), Errc::io);
    EXPECT_EQ((*file)->size(), 4096U);
  }
  auto rest = begin("a.tsv", Start::resume);
  ASSERT_TRUE(rest);
  ASSERT_EQ((*rest)->size(), 4096U);
  ASSERT_TRUE(write(**rest, text.substr(4096), 4096));
  ASSERT_TRUE((*rest)->finish());
  EXPECT_EQ(content_of(device_ / "a.tsv"), text);
}

TEST_F(DeskTest, WhatAnInterruptedTransferLeftBecomesAFileInTheNameOfItsSender) {
  {
    auto file = begin("a.tsv.filepart");
    ASSERT_TRUE(write(**file, LoggerText{.rows = 3}.text()));
    EXPECT_EQ(desk_->adopt(place_, "a.tsv.filepart").error().kind(), Errc::conflict);
  }
  const auto id = desk_->adopt(place_, "a.tsv.filepart");
  ASSERT_TRUE(id) << id.error().message();
  EXPECT_EQ(content_of(device_ / "a.tsv"), LoggerText{.rows = 3}.text());
  EXPECT_EQ(ledger_->entry(*id)->sender.who, "logger");
  EXPECT_EQ(desk_->adopt(place_, "a.tsv").error().kind(), Errc::not_found);
}

TEST_F(DeskTest, CampaignsAndDevicesAreMadeOnce) {
  ASSERT_TRUE(desk_->make_campaign(place_.tenant, place_.campaign, sender_));
  EXPECT_EQ(desk_->make_campaign(place_.tenant, place_.campaign, sender_).error().kind(), Errc::conflict);
  ASSERT_TRUE(desk_->make_device(place_, sender_));
  EXPECT_EQ(desk_->make_device(place_, sender_).error().kind(), Errc::conflict);
  EXPECT_EQ(desk_->make_device(place_of("acme", "north", "parsed"), sender_).error().kind(), Errc::denied);
  EXPECT_TRUE(fs::is_directory(device_));
  EXPECT_EQ(campaigns_.size(), 1U);
}

}  // namespace
}  // namespace pv::ingest
