#include "store/reader.h"

#include <thread>

#include <gtest/gtest.h>

#include "store/directory.h"
#include "store/writer.h"
#include "testing/campaign_content.h"
#include "testing/rights.h"
#include "testing/temp_folder.h"

namespace pv::store {
namespace {

using testing::GivenFile;
using testing::must;
using testing::steady_file;

using testing::kStart;

class ReaderTest : public ::testing::Test {
 protected:
  testing::TempFolder folder_;
  std::filesystem::path path_ = folder_ / "store.sqlite";

  void write(const std::vector<GivenFile>& files) const {
    const auto writer = must(Writer::open(path_));
    must(writer->write(testing::deliveries_of(files)));
  }
  void change(const char* sql) const { must(must(Database::open(path_, Database::Access::read_write))->run(sql)); }
  std::shared_ptr<Reader> reader() const { return must(Reader::open(path_)); }
  /// The only logger's blocks in a period, as (first, last).
  std::vector<std::pair<std::int64_t, std::int64_t>> blocks(model::Period period) const {
    const auto snapshot = must(reader()->snapshot(1));
    std::vector<std::pair<std::int64_t, std::int64_t>> list;
    for (const model::BlockRef& ref : must(snapshot->blocks(must(snapshot->campaigns()).at(0).loggers.at(0).id, period))) {
      list.emplace_back(ref.first_s, ref.last_s);
    }
    return list;
  }
  std::string finding() const {
    std::string all;
    for (const std::string& line : must(reader()->verify())) all += line + "\n";
    return all;
  }
};

TEST_F(ReaderTest, ASnapshotKeepsItsViewWhileAWriterGoesOn) {
  write({steady_file("a", "02000001", 2, kStart, 50)});
  const auto source = reader();
  const auto snapshot = must(source->snapshot(2));
  const std::uint64_t generation = snapshot->generation();
  const auto campaign = must(snapshot->campaigns()).at(0);
  const auto refs = must(snapshot->blocks(campaign.loggers[0].id, {0, INT64_MAX}));

  const auto writer = must(Writer::open(path_));
  for (int i = 0; i < 20; ++i) {
    const GivenFile file = steady_file("b" + std::to_string(i), "02000001", 2, kStart + 300 + i * 600, 50);
    must(writer->write(testing::deliveries_of({file})));
  }
  must(writer->settle());

  EXPECT_EQ(snapshot->generation(), generation);
  EXPECT_GT(must(source->generation()), generation);
  EXPECT_EQ(must(snapshot->campaigns()).at(0).loggers[0].rows, 50U);
  model::SampleBlock block;
  for (unsigned worker = 0; worker < 2; ++worker) {
    must(snapshot->read(worker, refs.at(0), {}, block));
    EXPECT_EQ(block.time_s.size(), 50U);
  }
  EXPECT_EQ(must(must(source->snapshot(1))->campaigns()).at(0).loggers[0].rows, 50U + 50U + 19U);
}

TEST_F(ReaderTest, WorkersOfOneSnapshotSeeTheSameWhileAWriterGoesOn) {
  write({steady_file("a", "02000001", 1, kStart, 50)});
  const auto source = reader();
  std::atomic<bool> stop = false;
  std::jthread writing([&] {
    const auto writer = must(Writer::open(path_));
    for (int i = 0; i < 400 && !stop; ++i) {
      must(writer->write(testing::deliveries_of({steady_file("b" + std::to_string(i), "02000001", 1, kStart + (50 + i) * 600, 1)})));
      if (i % 10 == 9) must(writer->settle());
    }
  });
  for (int i = 0; i < 100; ++i) {
    auto snapshot = source->snapshot(3);
    if (!snapshot) {
      ASSERT_EQ(snapshot.error().kind(), Errc::unavailable);
      continue;
    }
    const auto logger = must((*snapshot)->campaigns()).at(0).loggers.at(0);
    std::uint64_t rows = 0;
    unsigned worker = 0;
    for (const model::BlockRef& ref : must((*snapshot)->blocks(logger.id, *logger.period))) {
      model::SampleBlock block;
      const auto read = (*snapshot)->read(worker++ % 3, ref, {}, block);
      ASSERT_TRUE(read) << read.error().message();
      rows += block.time_s.size();
    }
    ASSERT_EQ(rows, logger.rows);
  }
  stop = true;
}

TEST_F(ReaderTest, SumsUpACampaign) {
  std::vector<GivenFile> files = {steady_file("T302_250101_000000.tsv", "02000001", 3, kStart, 100), steady_file("T302_250102_000000.tsv", "02000002", 2, kStart, 10, 60)};
  files[1].origin.device_folder = "folder";
  write(files);
  const auto snapshot = must(reader()->snapshot(1));
  const model::CampaignSummary campaign = must(snapshot->campaign(*model::CampaignName::parse("camp")));
  EXPECT_EQ(campaign.files, 2U);
  ASSERT_EQ(campaign.loggers.size(), 2U);
  const model::LoggerSummary& first = campaign.loggers[0];
  EXPECT_EQ(first.sn, "02000001");
  EXPECT_EQ(first.step_s, 600);
  EXPECT_EQ(first.rows, 100U);
  EXPECT_EQ(first.samples, 300U);
  EXPECT_EQ(first.channels, 3U);
  EXPECT_EQ(first.period, (model::Period{kStart, kStart + 99 * 600 + 1}));
  EXPECT_EQ(first.last_file.name, "T302_250101_000000.tsv");
  EXPECT_EQ(campaign.loggers[1].step_s, 60);
  const auto listed = must(snapshot->files(campaign.id, 1));
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].device_folder, "folder");
  EXPECT_EQ(listed[0].digest_hex, to_hex(files[1].origin.digest));

  const auto none = snapshot->campaign(*model::CampaignName::parse("none"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind(), Errc::not_found);
  EXPECT_NE(none.error().message().find("'none'"), std::string::npos);
}

TEST_F(ReaderTest, GivesTheBlocksThatReachIntoAPeriod) {
  using List = std::vector<std::pair<std::int64_t, std::int64_t>>;
  write({steady_file("a", "02000001", 1, kStart, 10)});
  write({steady_file("b", "02000001", 1, kStart + 6000, 10)});
  const List both = {{kStart, kStart + 5400}, {kStart + 6000, kStart + 11'400}};
  EXPECT_EQ(blocks({0, INT64_MAX}), both);
  EXPECT_EQ(blocks({kStart + 5400, kStart + 6001}), both) << "last row of the one, first of the other";
  EXPECT_EQ(blocks({kStart + 5401, kStart + 6000}), List{}) << "between them";
  EXPECT_EQ(blocks({kStart + 100, kStart + 200}), List{both[0]}) << "between two rows of a block";
  EXPECT_EQ(blocks({kStart + 11'401, kStart + 99'999}), List{});
  EXPECT_EQ(blocks({kStart, kStart}), List{}) << "an empty period";
}

TEST_F(ReaderTest, FindsTheRowBeforeAnInstant) {
  write({steady_file("a", "02000001", 1, kStart, 10)});
  write({steady_file("b", "02000001", 1, kStart + 60'000, 10)});
  const auto snapshot = must(reader()->snapshot(1));
  const model::LoggerId logger = must(snapshot->campaigns()).at(0).loggers.at(0).id;
  const auto before = [&](std::int64_t time_s) { return must(snapshot->row_before(logger, time_s)); };
  EXPECT_EQ(before(kStart), std::nullopt);
  EXPECT_EQ(before(kStart + 1), kStart);
  EXPECT_EQ(before(kStart + 601), kStart + 600);
  EXPECT_EQ(before(kStart + 600), kStart);
  EXPECT_EQ(before(kStart + 50'000), kStart + 5400) << "in the gap";
  EXPECT_EQ(before(INT64_MAX), kStart + 65'400);
}

TEST_F(ReaderTest, ADamagedBlockGivesAnErrorThatNamesItAndNeverACurve) {
  write({steady_file("a", "02000001", 1, kStart, 10)});
  change("UPDATE block SET data=substr(data, 1, 20) || x'00' || substr(data, 22)");
  const auto snapshot = must(reader()->snapshot(1));
  const auto ref = must(snapshot->blocks(must(snapshot->campaigns()).at(0).loggers.at(0).id, {0, INT64_MAX})).at(0);
  model::SampleBlock block;
  const auto read = snapshot->read(0, ref, {}, block);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind(), Errc::corrupt);
  EXPECT_NE(read.error().message().find("block 1 of 10 rows"), std::string::npos) << read.error().message();
  EXPECT_NE(read.error().message().find(path_.string()), std::string::npos);
}

TEST_F(ReaderTest, ABlockThatIsNotTheOneOfTheIndexGivesAnError) {
  write({steady_file("a", "02000001", 1, kStart, 10), steady_file("b", "02000002", 1, kStart + 600, 10)});
  change("UPDATE block SET data=(SELECT data FROM block WHERE id=2) WHERE id=1");
  const auto snapshot = must(reader()->snapshot(1));
  const model::LoggerId logger = must(snapshot->campaigns()).at(0).loggers.at(0).id;
  model::SampleBlock block;
  const auto read = snapshot->read(0, must(snapshot->blocks(logger, {0, INT64_MAX})).at(0), {}, block);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind(), Errc::corrupt);
}

TEST_F(ReaderTest, VerifyFindsNothingInASoundStore) {
  const testing::Seed seed;
  testing::Dice dice(seed.value());
  write(testing::quarrelling_files(dice, 30));
  EXPECT_EQ(finding(), "");
}

TEST_F(ReaderTest, VerifyFindsADamagedBlockAndGoesOn) {
  write({steady_file("a", "02000001", 1, kStart, 10), steady_file("b", "02000002", 1, kStart, 10)});
  change("UPDATE block SET data=zeroblob(40)");
  const std::string found = finding();
  EXPECT_NE(found.find("logger 02000001, block 1"), std::string::npos) << found;
  EXPECT_NE(found.find("logger 02000002, block 2"), std::string::npos) << found;
}

TEST_F(ReaderTest, VerifyFindsBlocksThatOverlap) {
  write({steady_file("a", "02000001", 1, kStart, 10), steady_file("b", "02000002", 1, kStart + 300, 10)});
  change("UPDATE block SET logger=(SELECT min(id) FROM logger)");
  EXPECT_NE(finding().find("overlaps"), std::string::npos) << finding();
}

TEST_F(ReaderTest, VerifyFindsAnIndexThatDoesNotMatch) {
  for (const char* column : {"rows=rows+1", "samples=samples-1", "first_s=first_s-600", "last_s=last_s+600"}) {
    SCOPED_TRACE(column);
    std::filesystem::remove(path_);
    write({steady_file("a", "02000001", 1, kStart, 10)});
    change(("UPDATE block SET " + std::string(column)).c_str());
    EXPECT_NE(finding().find("not those that the index says"), std::string::npos) << finding();
  }
}

TEST_F(ReaderTest, VerifyFindsABlockOutsideItsLeaf) {
  for (const char* column : {"leaf_start_s=leaf_start_s+1", "leaf_level=0", "leaf_level=99", "leaf_level=-1"}) {
    SCOPED_TRACE(column);
    std::filesystem::remove(path_);
    write({steady_file("a", "02000001", 1, kStart, 10)});
    change(("UPDATE block SET " + std::string(column)).c_str());
    EXPECT_NE(finding().find("outside its leaf"), std::string::npos) << finding();
  }
}

TEST_F(ReaderTest, VerifyFindsReferencesToNothing) {
  for (const auto& [sql, what] : std::vector<std::pair<const char*, const char*>>{
           {"DELETE FROM file", "names file 1"},
           {"DELETE FROM channel WHERE id=1", "names channel 1"},
           {"DELETE FROM logger", "table block"},
           {"DELETE FROM campaign", "table logger"}}) {
    SCOPED_TRACE(sql);
    std::filesystem::remove(path_);
    write({steady_file("a", "02000001", 2, kStart, 10)});
    change(sql);
    EXPECT_NE(finding().find(what), std::string::npos) << finding();
  }
}

TEST_F(ReaderTest, VerifyFindsDamagedPages) {
  write({steady_file("a", "02000001", 5, kStart, 8000, 60)});
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    for (std::uintmax_t page = 8192; page < std::filesystem::file_size(path_); page += 8192) {
      file.seekp(static_cast<std::streamoff>(page));
      file << std::string(16, '\xff');
    }
  }
  const auto opened = Reader::open(path_);
  if (!opened) {
    EXPECT_EQ(opened.error().kind(), Errc::corrupt);
    return;
  }
  const auto found = (*opened)->verify();
  EXPECT_TRUE(!found || !found->empty());
}

TEST_F(ReaderTest, TellsAMissingFileFromOneThatIsNoStore) {
  const auto kind = [&] { return Reader::open(path_).error().kind(); };
  EXPECT_EQ(kind(), Errc::not_found);
  folder_.given_file("store.sqlite", "this is no database, however long it may be written ...........................................");
  EXPECT_EQ(kind(), Errc::corrupt);
  EXPECT_EQ(Writer::open(path_).error().kind(), Errc::corrupt);
  EXPECT_NE(Writer::open(path_).error().message().find(path_.string()), std::string::npos);
  folder_.given_file("store.sqlite", "");
  EXPECT_EQ(kind(), Errc::unavailable) << "a writer was stopped before it made the tables: the next one makes them";
  EXPECT_TRUE(Writer::open(path_));
  EXPECT_TRUE(Reader::open(path_));
}

TEST_F(ReaderTest, AnotherProgramsDatabaseIsLeftAlone) {
  must(must(Database::open(path_, Database::Access::create))->run("CREATE TABLE theirs(x); INSERT INTO theirs VALUES(1)"));
  const std::string before = testing::content_of(path_);
  for (const Error& error : {Reader::open(path_).error(), Writer::open(path_).error()}) {
    EXPECT_EQ(error.kind(), Errc::corrupt);
    EXPECT_NE(error.message().find("not a PowerView store"), std::string::npos) << error.message();
  }
  EXPECT_EQ(testing::content_of(path_), before);
}

TEST_F(ReaderTest, AStoreOfALaterProgramTellsToUpdate) {
  write({});
  change("PRAGMA user_version=2");
  for (const Error& error : {Reader::open(path_).error(), Writer::open(path_).error()}) {
    EXPECT_EQ(error.kind(), Errc::corrupt);
    EXPECT_NE(error.message().find("update powerview"), std::string::npos) << error.message();
  }
}

TEST_F(ReaderTest, AFolderWithoutRightsIsNamed) {
  write({steady_file("a", "02000001", 1, kStart, 10)});
  const testing::AsNobody nobody;
  for (const Error& error : {Reader::open(path_).error(), Writer::open(path_).error(), Writer::open(folder_ / "new.sqlite").error()}) {
    EXPECT_EQ(error.kind(), Errc::io);
    EXPECT_NE(error.message().find(folder_.path().string()), std::string::npos) << error.message();
    EXPECT_NE(error.message().find("this user"), std::string::npos) << "says what to check: " << error.message();
  }
}

TEST(Directory, ListsTheTenantsThatHaveAStore) {
  const testing::TempFolder folder;
  Directory directory(folder.path());
  EXPECT_TRUE(must(directory.tenants()).empty()) << "nothing was ever stored";
  must(directory.create());
  for (const char* name : {"b company", "Éclairage d'été", "a"}) must(Writer::open(directory.file_of(*model::TenantName::parse(name))));
  folder.given_file("stores/.hidden.sqlite", "");
  folder.given_file("stores/notes.txt", "");
  std::vector<std::string> names;
  for (const model::TenantName& tenant : must(directory.tenants())) names.push_back(tenant.str());
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b company", "Éclairage d'été"}));
}

TEST(Directory, OpensAStoreOnceAndNamesATenantThatHasNone) {
  const testing::TempFolder folder;
  Directory directory(folder.path());
  must(directory.create());
  const auto tenant = *model::TenantName::parse("acme");
  const auto none = directory.open(tenant);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind(), Errc::not_found);
  EXPECT_NE(none.error().message().find("'acme'"), std::string::npos);
  must(Writer::open(directory.file_of(tenant)));
  const auto first = must(directory.open(tenant));
  EXPECT_EQ(first, must(directory.open(tenant)));
  std::filesystem::remove(directory.file_of(tenant));
  EXPECT_FALSE(directory.open(tenant)) << "a store that was taken away is gone";
}

TEST(Directory, AFolderThatCannotBeMadeIsNamed) {
  const testing::TempFolder folder;
  folder.given_file("state", "a file where a folder should be");
  const auto made = Directory(folder / "state").create();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind(), Errc::io);
  EXPECT_NE(made.error().message().find((folder / "state").string()), std::string::npos);
}

}  // namespace
}  // namespace pv::store
