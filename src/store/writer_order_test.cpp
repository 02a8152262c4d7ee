// The same files in any order, any number of times, give the same store.

#include <gtest/gtest.h>

#include "store/writer.h"
#include "testing/campaign_content.h"
#include "testing/temp_folder.h"

namespace pv::store {
namespace {

using testing::expect_same_content;
using testing::GivenFile;
using testing::must;
using testing::StoreContent;

/// Writes the files in batches of random size, through writers that are now and then opened anew.
StoreContent written_in_batches(const std::vector<GivenFile>& files, testing::Dice& dice) {
  const testing::TempFolder folder;
  const std::filesystem::path path = folder / "store.sqlite";
  std::unique_ptr<Writer> writer = must(Writer::open(path, {.encoders = static_cast<unsigned>(dice.between(1, 3))}));
  for (std::size_t at = 0; at < files.size();) {
    const std::size_t count = std::min<std::size_t>(1 + dice.below(8), files.size() - at);
    std::vector<model::Delivery> batch;
    for (std::size_t f = at; f < at + count; ++f) batch.push_back(files[f].delivery());
    must(writer->write(batch));
    at += count;
    if (dice.chance(10)) must(writer->settle());
    if (dice.chance(5)) {
      writer = nullptr;
      writer = must(Writer::open(path));
    }
  }
  EXPECT_TRUE(must(must(Reader::open(path))->verify()).empty());
  return testing::content_of_store(path);
}

TEST(WriterOrder, QuarrellingFilesGiveWhatTheNaiveDefinitionSaysInAnyOrder) {
  const testing::Seed seed;
  testing::Dice dice(seed.value());
  for (int round = 0; round < 12; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    std::vector<GivenFile> files = testing::quarrelling_files(dice, 25);
    const StoreContent expected = testing::content_of_files(files);
    for (int order = 0; order < 3; ++order) {
      std::vector<GivenFile> sent = files;
      for (std::size_t again = dice.below(5); again > 0; --again) sent.push_back(files[dice.below(files.size())]);
      std::shuffle(sent.begin(), sent.end(), dice.engine());
      expect_same_content(written_in_batches(sent, dice), expected);
      if (HasFailure()) return;
    }
  }
}

TEST(WriterOrder, LeavesSplitAlikeInAnyOrder) {
  const testing::Seed seed;
  testing::Dice dice(seed.value());
  for (int round = 0; round < 3; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    // Dense here, sparse there, some of it years away, with repetitions.
    std::vector<GivenFile> files;
    for (int f = 0; f < 60; ++f) {
      const std::int64_t step_s = std::vector<std::int64_t>{1, 10, 60, 600}[dice.below(4)];
      const std::int64_t first_s = dice.chance(80) ? 1'700'000'000 + dice.between(0, 3'000'000) : dice.between(-1'000'000, 2'000'000'000);
      files.push_back(testing::steady_file("f" + std::to_string(f), "02000001", 1, first_s / step_s * step_s,
                                           static_cast<std::size_t>(dice.between(1, 2000)), step_s));
    }
    const StoreContent expected = testing::content_of_files(files);
    ASSERT_GT(expected.at("camp").leaves.at("02000001").size(), 4U) << "too easy";
    for (int order = 0; order < 3; ++order) {
      std::shuffle(files.begin(), files.end(), dice.engine());
      expect_same_content(written_in_batches(files, dice), expected);
      if (HasFailure()) return;
    }
  }
}

/// Dense bursts with nothing between them leave small leaves beside wide empty stretches, into which single rows fall.
std::vector<GivenFile> bursts_and_single_rows(testing::Dice& dice) {
  const std::int64_t base_s = leaf_at(1'700'000'000, kTopLevel).start_s;
  std::vector<GivenFile> files;
  for (int f = 0; f < 24; ++f) {
    const std::int64_t burst_s = base_s + dice.between(0, 3) * 3'000'000 + dice.between(0, 9000);
    files.push_back(testing::steady_file("burst" + std::to_string(f), "02000001", 1, burst_s, 4000, 1));
  }
  for (int f = 0; f < 60; ++f) {
    const std::int64_t near_a_burst_s = base_s + dice.between(0, 3) * 3'000'000 + (std::int64_t{1} << dice.between(12, 22));
    const std::int64_t time_s = dice.chance(70) ? near_a_burst_s : base_s + dice.between(-20'000'000, 40'000'000);
    files.push_back(testing::steady_file("single" + std::to_string(f), "02000001", 1, time_s, 1));
  }
  return files;
}

std::size_t levels_in(const StoreContent& content) {
  std::set<unsigned> levels;
  for (const auto& [start_s, level] : content.at("camp").leaves.at("02000001")) levels.insert(level);
  return levels.size();
}

TEST(WriterOrder, RowsThatFallBetweenSplitLeavesFindTheirOwn) {
  const testing::Seed seed;
  testing::Dice dice(seed.value());
  for (int round = 0; round < 3; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    std::vector<GivenFile> files = bursts_and_single_rows(dice);
    StoreContent expected = testing::content_of_files(files);
    // One draw in five hundred has its bursts so far apart that few leaves split.
    for (int draw = 0; draw < 100 && levels_in(expected) <= 5; ++draw) {
      files = bursts_and_single_rows(dice);
      expected = testing::content_of_files(files);
    }
    ASSERT_GT(levels_in(expected), 5U) << "too easy";
    for (int order = 0; order < 3; ++order) {
      std::shuffle(files.begin(), files.end(), dice.engine());
      expect_same_content(written_in_batches(files, dice), expected);
      if (HasFailure()) return;
    }
  }
}

TEST(WriterOrder, ALeafHoldsExactly8192RowsBeforeItSplits) {
  for (const std::size_t rows : {std::size_t{8192}, std::size_t{8193}}) {
    const std::vector<GivenFile> files = {testing::steady_file("f", "02000001", 1, leaf_at(1'700'000'000, kTopLevel).middle_s() - 4'000, rows, 1)};
    testing::Dice dice(1);
    const StoreContent content = written_in_batches(files, dice);
    expect_same_content(content, testing::content_of_files(files));
    EXPECT_EQ(content.at("camp").leaves.at("02000001").size(), rows == 8192 ? 1U : 2U);
  }
}

}  // namespace
}  // namespace pv::store
