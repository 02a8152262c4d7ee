#include "store/writer.h"

#include "store/block.h"
#include "testing/campaign_content.h"
#include "testing/rights.h"
#include "testing/temp_folder.h"

namespace pv::store {
namespace {

using testing::given_file;
using testing::GivenFile;
using testing::must;
using testing::steady_file;
using testing::steady_table;
using testing::StoreContent;

using testing::kStart;

class WriterTest : public ::testing::Test {
 protected:
  testing::TempFolder folder_;
  std::filesystem::path path_ = folder_ / "store.sqlite";
  std::unique_ptr<Writer> writer_ = must(Writer::open(path_));

  model::DeliveryOutcome write(const GivenFile& file) {
    const model::Delivery delivery = file.delivery();
    return must(writer_->write(std::span(&delivery, 1))).front();
  }
  std::vector<model::DeliveryOutcome> write(const std::vector<GivenFile>& files) { return must(writer_->write(testing::deliveries_of(files))); }
  StoreContent content() { return testing::content_of_store(path_); }
  std::int64_t number(const char* sql) {
    const auto database = must(open_for_reading(path_));
    Statement statement = must(database->prepare(sql));
    EXPECT_TRUE(must(statement.step()));
    return statement.integer(0);
  }
};

TEST_F(WriterTest, WhatWasWrittenReadsBack) {
  std::vector<GivenFile> files = {steady_file("T302_250101_000000.tsv", "02000001", 3, kStart, 100)};
  files[0].events = {{kStart + 30, model::EventKind::restart}};
  const model::DeliveryOutcome outcome = write(files[0]);
  EXPECT_EQ(outcome.samples_new, 300U);
  EXPECT_FALSE(outcome.known_file);
  testing::expect_same_content(content(), testing::content_of_files(files));
}

TEST_F(WriterTest, AKnownFileIsRecognisedAndChangesNothing) {
  const GivenFile file = steady_file("T302_250101_000000.tsv", "02000001", 3, kStart, 100);
  write(file);
  const StoreContent before = content();
  const std::int64_t blocks = number("SELECT max(id) FROM block");
  const model::DeliveryOutcome again = write(file);
  EXPECT_TRUE(again.known_file);
  EXPECT_EQ(again.samples_same, 300U);
  EXPECT_EQ(again.samples_new, 0U);
  testing::expect_same_content(content(), before);
  EXPECT_EQ(number("SELECT max(id) FROM block"), blocks) << "no block was written";
}

TEST_F(WriterTest, TheSameBytesTwiceInOneCallCountOnce) {
  const GivenFile file = steady_file("T302_250101_000000.tsv", "02000001", 1, kStart, 10);
  const auto outcomes = write(std::vector<GivenFile>{file, file});
  EXPECT_EQ(outcomes[0].samples_new, 10U);
  EXPECT_TRUE(outcomes[1].known_file);
  testing::expect_same_content(content(), testing::content_of_files({file}));
}

TEST_F(WriterTest, AFileKnownInOneCampaignIsNewInAnother) {
  GivenFile file = steady_file("T302_250101_000000.tsv", "02000001", 1, kStart, 10);
  write(file);
  file.campaign = *model::CampaignName::parse("second");
  EXPECT_FALSE(write(file).known_file);
  EXPECT_EQ(content().at("camp").samples, content().at("second").samples);
}

// The rank must not depend on which of two names came first.
TEST_F(WriterTest, TheSameBytesUnderALaterNameRaiseTheirRank) {
  std::vector<GivenFile> files = {given_file("T302_250101_000000.tsv", "camp", "x"), given_file("T302_250102_000000.tsv", "camp", "y"),
                                  given_file("T302_250103_000000.tsv", "camp", "x")};
  for (std::size_t f = 0; f < files.size(); ++f) {
    files[f].tables.push_back({testing::channels_of("02000001", 1), {{kStart}, {testing::column_of(std::vector<double>{f == 1 ? 2.0 : 1.0})}}, {}});
  }
  for (const GivenFile& file : files) write(file);
  testing::expect_same_content(content(), testing::content_of_files(files));
  EXPECT_EQ(content().at("camp").samples.begin()->second, 1.0);
  EXPECT_EQ(content().at("camp").conflicts.begin()->second, "T302_250102_000000.tsv");
}

// Two headers in one file: only the cells below the second are provisional.
TEST_F(WriterTest, AProvisionalRowOfOneTableLeavesTheOtherTablesAlone) {
  GivenFile cut = given_file("T302_250105_000000.tsv");
  model::LoggerTable first = steady_table("02000001", 1, kStart, 2);
  model::LoggerTable second = steady_table("02000001", 1, kStart, 2);
  second.channels[0].label = "Ch2";
  second.provisional_row = 1;
  cut.tables = {first, second};
  GivenFile whole = given_file("T302_250101_000000.tsv");
  model::LoggerTable both = steady_table("02000001", 2, kStart, 2);
  for (model::Column& column : both.rows.columns) column = testing::column_of(std::vector<double>{-1, -1});
  whole.tables = {both};
  for (const bool cut_first : {true, false}) {
    SCOPED_TRACE(cut_first ? "cut file first" : "whole file first");
    const std::filesystem::path path = folder_ / (cut_first ? "a" : "b");
    writer_ = must(Writer::open(path));
    write(cut_first ? cut : whole);
    write(cut_first ? whole : cut);
    const StoreContent stored = testing::content_of_store(path);
    testing::expect_same_content(stored, testing::content_of_files({cut, whole}));
    EXPECT_EQ(stored.at("camp").samples.at({kStart + 600, "M02000001_Ch2_M02000001_W"}), -1) << "a whole row stands against a provisional one";
    EXPECT_NE(stored.at("camp").samples.at({kStart + 600, "M02000001_Ch1_M02000001_W"}), -1) << "a later file's whole row wins";
  }
}

TEST_F(WriterTest, TheNameOfAChannelIsThatOfTheHighestRankedFile) {
  std::vector<GivenFile> files;
  for (const char* day : {"250102", "250101", "250103"}) {
    files.push_back(steady_file("T302_" + std::string(day) + "_000000.tsv", "02000001", 1, kStart, 1));
    files.back().tables[0].channels[0].name = "named on " + std::string(day);
  }
  for (const GivenFile& file : files) {
    write(file);
  }
  EXPECT_NE(content().at("camp").channels.begin()->second.find("named on 250103"), std::string::npos);
}

TEST_F(WriterTest, ManySmallWritesAndSettleGiveTheLeavesOfOneBulkWrite) {
  std::vector<GivenFile> files;
  for (int day = 0; day < 120; ++day) {
    files.push_back(steady_file("T302_d" + std::to_string(day) + ".tsv", "02000001", 4, kStart + day * 86'400, 144));
  }
  for (const GivenFile& file : files) write(file);
  must(writer_->settle());
  const StoreContent small = content();

  const std::filesystem::path bulk_path = folder_ / "bulk.sqlite";
  auto bulk = must(Writer::open(bulk_path));
  must(bulk->write(testing::deliveries_of(files)));
  testing::expect_same_content(small, testing::content_of_store(bulk_path));
  testing::expect_same_content(small, testing::content_of_files(files));

  const auto settled_bytes = number("SELECT sum(length(data)) FROM block");
  path_ = bulk_path;
  EXPECT_EQ(settled_bytes, number("SELECT sum(length(data)) FROM block")) << "the same blocks, byte for byte";
  EXPECT_TRUE(must(must(Reader::open(path_))->verify()).empty());
}

TEST_F(WriterTest, ALeafNeverGathersMoreThanAFewTails) {
  for (int i = 0; i < 200; ++i) write(steady_file("f" + std::to_string(i), "02000001", 1, kStart + i * 600, 1));
  EXPECT_LE(number("SELECT max(n) FROM (SELECT count(*) n FROM block GROUP BY logger, leaf_start_s)"), 33);
}

TEST_F(WriterTest, SettleWithoutAnythingToSettleChangesNothing) {
  write(steady_file("f", "02000001", 1, kStart, 10));
  const std::int64_t generation = number("SELECT value FROM meta WHERE key='generation'");
  must(writer_->settle());
  EXPECT_EQ(number("SELECT value FROM meta WHERE key='generation'"), generation);
}

// A snapshot's workers open one after the other: blocks that moved in between must show.
TEST_F(WriterTest, SettleThatRewritesBlocksRaisesTheGeneration) {
  for (int i = 0; i < 20; ++i) write(steady_file("f" + std::to_string(i), "02000001", 1, kStart + i * 600, 1));
  const std::int64_t generation = number("SELECT value FROM meta WHERE key='generation'");
  must(writer_->settle());
  EXPECT_GT(number("SELECT value FROM meta WHERE key='generation'"), generation);
  EXPECT_EQ(number("SELECT count(*) FROM block"), 1);
}

TEST_F(WriterTest, AFailureInTheMiddleLeavesNothingAndTheNextWriteWorks) {
  write(steady_file("first", "02000001", 3, kStart, 50));
  const StoreContent before = content();
  std::vector<GivenFile> files;
  for (int i = 0; i < 40; ++i) {
    // Values without a pattern take room.
    files.push_back(steady_file("more" + std::to_string(i), "0200000" + std::to_string(i % 10), 20, kStart + i * 200'000, 300));
    for (model::Column& column : files.back().tables[0].rows.columns) {
      for (std::int32_t& mantissa : column.mantissa) mantissa = static_cast<std::int32_t>((mantissa + i) * 7919 % 100'003);
    }
  }
  {
    const testing::FileSizeLimit full_disk(120'000);
    const auto failed = writer_->write(testing::deliveries_of(files));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind(), Errc::io) << failed.error().message();
    EXPECT_NE(failed.error().message().find("store.sqlite"), std::string::npos) << failed.error().message();
  }
  testing::expect_same_content(content(), before);
  write(files);
  files.push_back(steady_file("first", "02000001", 3, kStart, 50));
  testing::expect_same_content(content(), testing::content_of_files(files));
  EXPECT_TRUE(must(must(Reader::open(path_))->verify()).empty());
}

TEST_F(WriterTest, ALoggerThatGetsTooManyChannelsIsRefusedAndTheOthersAreNot) {
  GivenFile file = given_file("a");
  file.tables = {steady_table("02000001", kMaxBlockChannels, kStart, 1)};
  write(file);
  GivenFile more = given_file("b");
  more.tables = {steady_table("02000001", 1, kStart + 600, 1)};
  more.tables[0].channels[0].label = "ChX";
  const model::Delivery delivery = more.delivery();
  const auto refused = writer_->write(std::span(&delivery, 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Errc::invalid_input);
  EXPECT_NE(refused.error().message().find("02000001"), std::string::npos) << refused.error().message();
  const GivenFile other = steady_file("c", "02000002", 1, kStart, 1);
  write(other);
  testing::expect_same_content(content(), testing::content_of_files({file, other}));
}

TEST_F(WriterTest, ErasingACampaignGivesTheSpaceBackAndLeavesTheOthersAlone) {
  std::vector<GivenFile> kept, erased;
  for (int i = 0; i < 30; ++i) {
    kept.push_back(steady_file("k" + std::to_string(i), "02000001", 2, kStart + i * 60'000, 100));
    kept.back().events = {{kStart + i, model::EventKind::restart}};
    erased.push_back(steady_file("e" + std::to_string(i), "02000001", 30, kStart + i * 400'000, 600));
    erased.back().campaign = *model::CampaignName::parse("big");
    erased.back().events = {{kStart + i, model::EventKind::restart}};
    for (model::Column& column : erased.back().tables[0].rows.columns) {
      for (std::int32_t& mantissa : column.mantissa) mantissa = static_cast<std::int32_t>((mantissa + i) * 7919 % 100'003);
    }
  }
  GivenFile contradiction = erased[0];
  contradiction.origin = given_file("z", "big").origin;
  contradiction.tables[0].rows.columns[0].mantissa[0] += 1;
  erased.push_back(contradiction);
  write(kept);
  write(erased);
  ASSERT_FALSE(content().at("big").conflicts.empty());
  writer_ = nullptr;  // everything is in the main file now
  const auto full = std::filesystem::file_size(path_);
  writer_ = must(Writer::open(path_));

  must(writer_->erase_campaign(*model::CampaignName::parse("big")));
  EXPECT_LT(std::filesystem::file_size(path_), full / 2);
  testing::expect_same_content(content(), testing::content_of_files(kept));
  for (const char* table : {"event", "conflict", "channel", "layout", "layout_channel", "logger", "file", "block"}) {
    EXPECT_EQ(number(("SELECT count(*) FROM pragma_foreign_key_check('" + std::string(table) + "')").c_str()), 0) << table;
  }
  EXPECT_EQ(number("SELECT count(*) FROM conflict"), 0);
  EXPECT_TRUE(must(must(Reader::open(path_))->verify()).empty());

  write(erased);  // it may come back
  EXPECT_EQ(content().at("big").samples, testing::content_of_files(erased).at("big").samples);
}

TEST_F(WriterTest, ErasingAnUnknownCampaignNamesIt) {
  const auto erased = writer_->erase_campaign(*model::CampaignName::parse("nowhere"));
  ASSERT_FALSE(erased);
  EXPECT_EQ(erased.error().kind(), Errc::not_found);
  EXPECT_NE(erased.error().message().find("nowhere"), std::string::npos);
}

TEST_F(WriterTest, AnErasureByAnotherWriterIsNoticed) {
  const GivenFile first = steady_file("a", "02000001", 2, kStart, 10);
  const GivenFile second = steady_file("b", "02000001", 2, kStart + 60'000, 10);
  write(first);
  auto other = must(Writer::open(path_));
  must(other->erase_campaign(*model::CampaignName::parse("camp")));
  const GivenFile elsewhere = [&] {
    GivenFile file = steady_file("c", "02000007", 2, kStart, 10);
    file.campaign = *model::CampaignName::parse("fresh");  // takes the ids that have become free
    return file;
  }();
  must(other->write(testing::deliveries_of({elsewhere})));
  write(second);
  testing::expect_same_content(content(), testing::content_of_files({second, elsewhere}));
}

TEST_F(WriterTest, ACallThatFailsLateLeavesNothingForTheNextOne) {
  const GivenFile sound = steady_file("a", "02000001", 1, kStart, 20);
  const GivenFile damaged = steady_file("b", "02000002", 1, kStart, 20);
  write(std::vector<GivenFile>{sound, damaged});
  {
    auto database = must(Database::open(path_, Database::Access::read_write));
    must(database->run("UPDATE block SET data=zeroblob(length(data)) WHERE logger=(SELECT id FROM logger WHERE sn='02000002')"));
  }
  // The first logger's rows are merged before the second one's damage shows.
  const GivenFile lost = steady_file("c", "02000001", 1, kStart + 300, 20);
  const GivenFile touching = steady_file("d", "02000002", 1, kStart + 300, 20);
  ASSERT_FALSE(writer_->write(testing::deliveries_of({lost, touching})));
  const GivenFile later = steady_file("e", "02000001", 1, kStart + 100'000, 20);
  write(later);
  {
    auto database = must(Database::open(path_, Database::Access::read_write));
    must(database->run("DELETE FROM block WHERE logger=(SELECT id FROM logger WHERE sn='02000002')"));
  }
  EXPECT_EQ(content().at("camp").rows.at("02000001"), testing::content_of_files({sound, later}).at("camp").rows.at("02000001"));
}

TEST_F(WriterTest, ACommitIsOnDiskBeforeItIsAnswered) {
  const auto database = must(open_for_writing(path_));
  const auto pragma = [&](const char* sql) {
    Statement statement = must(database->prepare(sql));
    EXPECT_TRUE(must(statement.step()));
    return std::string(statement.text(0));
  };
  EXPECT_EQ(pragma("PRAGMA synchronous"), "2") << "FULL";
  EXPECT_EQ(pragma("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(pragma("PRAGMA auto_vacuum"), "2") << "incremental: erasing gives space back";
}

TEST_F(WriterTest, ADamagedBlockStopsOnlyWhatTouchesItsLeaf) {
  write(steady_file("a", "02000001", 1, kStart, 20));
  write(steady_file("b", "02000002", 1, kStart, 20));
  {
    auto database = must(Database::open(path_, Database::Access::read_write));
    must(database->run("UPDATE block SET data=zeroblob(length(data)) WHERE logger=(SELECT id FROM logger WHERE sn='02000001')"));
  }
  const GivenFile touching = steady_file("c", "02000001", 1, kStart + 300, 20);
  const model::Delivery delivery = touching.delivery();
  const auto refused = writer_->write(std::span(&delivery, 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Errc::corrupt);
  EXPECT_NE(refused.error().message().find("block 1"), std::string::npos) << refused.error().message();
  EXPECT_EQ(write(steady_file("d", "02000002", 1, kStart + 300, 20)).samples_new, 20U);
  EXPECT_EQ(write(steady_file("e", "02000001", 1, kStart + 600 * 20, 5)).samples_new, 5U) << "what only follows needs no old block";
}

}  // namespace
}  // namespace pv::store
