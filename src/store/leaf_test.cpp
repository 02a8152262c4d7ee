#include "store/leaf.h"

#include <map>
#include <tuple>

#include <gtest/gtest.h>

#include "testing/given_samples.h"

namespace pv::store {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// A file's number is its rank here; whole rows beat provisional ones.
const RanksBelow kByNumber = [](Origin a, Origin b) {
  if (a.provisional() != b.provisional()) return a.provisional();
  return a.file() < b.file();
};

struct Piece {
  std::uint32_t file = 0;
  std::vector<std::int64_t> channels;
  model::SampleBlock block;
  std::optional<std::uint32_t> provisional_row;

  [[nodiscard]] IncomingRows rows() const { return {&block, 0, block.time_s.size(), channels, file, provisional_row}; }
};

Piece piece(std::uint32_t file, std::vector<std::int64_t> times, std::vector<std::int64_t> channels, std::vector<std::vector<double>> columns) {
  Piece p{file, std::move(channels), {std::move(times), {}}, std::nullopt};
  for (const std::vector<double>& column : columns) p.block.columns.push_back(testing::column_of(column));
  return p;
}

struct Merged {
  Leaf leaf;
  MergeTally tally;
  std::vector<Contest> contests;

  void add(const Piece& p) { merge_rows(leaf, p.rows(), kByNumber, tally, contests); }
};

struct Held {
  double value;
  Origin origin;
  bool operator==(const Held&) const = default;
};
using Cells = std::map<std::pair<std::int64_t, std::int64_t>, Held>;  // instant, channel

Origin origin_at(const Leaf& leaf, std::size_t column, std::size_t row) {
  std::size_t end = 0;
  for (const OriginRun& run : leaf.origins[leaf.group[column]]) {
    end += run.rows;
    if (row < end) return run.origin;
  }
  ADD_FAILURE() << "origins of column " << column << " end before row " << row;
  return {};
}

Cells cells_of(const Leaf& leaf) {
  Cells cells;
  for (std::size_t c = 0; c < leaf.columns.size(); ++c) {
    EXPECT_EQ(leaf.columns[c].size(), leaf.rows());
    for (std::size_t row = 0; row < leaf.rows(); ++row) {
      if (leaf.columns[c].is_missing(row)) continue;
      cells[{leaf.time_s[row], leaf.channels[c]}] = {leaf.columns[c].value(row), origin_at(leaf, c, row)};
    }
  }
  for (const OriginRuns& runs : leaf.origins) {
    std::size_t covered = 0;
    for (const OriginRun& run : runs) covered += run.rows;
    EXPECT_EQ(covered, leaf.rows());
  }
  return cells;
}

/// The same by looking at each cell alone.
void add_naively(Cells& cells, const Piece& p) {
  for (std::size_t c = 0; c < p.channels.size(); ++c) {
    for (std::size_t row = 0; row < p.block.time_s.size(); ++row) {
      if (p.block.columns[c].is_missing(row)) continue;
      const Held mine{p.block.columns[c].value(row), Origin::of(p.file, p.provisional_row == row)};
      const auto [at, is_new] = cells.try_emplace({p.block.time_s[row], p.channels[c]}, mine);
      if (!is_new && !kByNumber(mine.origin, at->second.origin)) at->second = mine;
    }
  }
}

Piece random_piece(testing::Dice& dice, std::uint32_t file) {
  Piece p;
  p.file = file;
  std::int64_t time_s = dice.between(0, 40) * 10;
  const std::size_t rows = 1 + dice.below(40);
  for (std::size_t row = 0; row < rows; ++row) {
    p.block.time_s.push_back(time_s);
    time_s += dice.chance(80) ? 10 : dice.between(1, 60);
  }
  for (std::int64_t channel = 1; channel <= 5; ++channel) {
    if (dice.chance(40) && channel != 5) continue;
    p.channels.push_back(channel);
    model::Column& column = p.block.columns.emplace_back();
    for (std::size_t row = 0; row < rows; ++row) {
      if (dice.chance(20)) {
        column.push_missing();
      } else if (dice.chance(4)) {
        column.push_real(static_cast<double>(dice.between(1, 3)) / 3.0);
      } else {
        column.push_decimal(dice.between(0, 3), static_cast<unsigned>(dice.below(3)));
      }
    }
  }
  if (dice.chance(40)) p.provisional_row = static_cast<std::uint32_t>(rows - 1);
  return p;
}

TEST(Leaf, MergesRandomOverlappingPiecesAsANaiveMapDoesInAnyOrder) {
  const testing::Seed seed;
  testing::Dice dice(seed.value());
  for (int round = 0; round < 300; ++round) {
    std::vector<Piece> pieces;
    for (std::uint32_t file = 1; file <= 6; ++file) pieces.push_back(random_piece(dice, file));
    Cells expected;
    for (const Piece& p : pieces) add_naively(expected, p);
    for (int order = 0; order < 3; ++order) {
      std::shuffle(pieces.begin(), pieces.end(), dice.engine());
      Merged merged;
      for (const Piece& p : pieces) merged.add(p);
      ASSERT_EQ(cells_of(merged.leaf), expected) << "round " << round;
      ASSERT_EQ(merged.leaf.samples(), expected.size());
    }
  }
}

TEST(Leaf, AppendingIsMergingWhereNothingMeets) {
  const testing::Seed seed;
  testing::Dice dice(seed.value());
  for (int round = 0; round < 200; ++round) {
    Merged merged, appended;
    std::int64_t end_s = 0;
    for (std::uint32_t file = 1; file <= 5; ++file) {
      Piece p = random_piece(dice, file);
      for (std::int64_t& time_s : p.block.time_s) time_s += end_s + 1;
      end_s = p.block.time_s.back();
      merged.add(p);
      append_rows(appended.leaf, p.rows(), appended.tally);
    }
    ASSERT_EQ(cells_of(appended.leaf), cells_of(merged.leaf));
    ASSERT_EQ(appended.leaf.time_s, merged.leaf.time_s);
    ASSERT_EQ(appended.tally.samples_new, merged.tally.samples_new);
  }
}

TEST(Leaf, SplitAndJoinedAgainItHoldsTheSame) {
  const testing::Seed seed;
  testing::Dice dice(seed.value());
  for (int round = 0; round < 300; ++round) {
    Merged merged;
    for (std::uint32_t file = 1; file <= 4; ++file) merged.add(random_piece(dice, file));
    const Cells before = cells_of(merged.leaf);
    const std::vector<std::int64_t> times = merged.leaf.time_s;
    const std::int64_t cut_s = dice.between(-5, times.back() + 5);
    Leaf first = merged.leaf;
    Leaf later = split_leaf(first, cut_s);
    Cells parts = cells_of(first);
    for (const auto& [cell, held] : parts) ASSERT_LT(cell.first, cut_s);
    for (const auto& [cell, held] : cells_of(later)) {
      ASSERT_GE(cell.first, cut_s);
      parts.emplace(cell, held);
    }
    ASSERT_EQ(parts, before);
    if (first.rows() == 0 || later.rows() == 0) continue;
    append_leaf(first, later);
    ASSERT_EQ(cells_of(first), before);
    ASSERT_EQ(first.time_s, times);
  }
}

TEST(Leaf, AChannelWithoutAValueInAHalfHasNoColumnThere) {
  Merged merged;
  merged.add(piece(1, {10, 20}, {1, 2}, {{1.0, 2.0}, {kNone, 3.0}}));
  const Leaf later = split_leaf(merged.leaf, 20);
  EXPECT_EQ(merged.leaf.channels, (std::vector<std::int64_t>{1}));
  EXPECT_EQ(later.channels, (std::vector<std::int64_t>{1, 2}));
}

TEST(Leaf, RowsWithoutAnyValueStayRows) {
  Merged merged;
  merged.add(piece(1, {10, 20}, {1}, {{kNone, 3.0}}));
  EXPECT_EQ(merged.leaf.time_s, (std::vector<std::int64_t>{10, 20}));
  const Leaf later = split_leaf(merged.leaf, 20);
  EXPECT_EQ(merged.leaf.rows(), 1U);
  EXPECT_TRUE(merged.leaf.columns.empty());
  append_leaf(merged.leaf, later);
  EXPECT_EQ(merged.leaf.time_s, (std::vector<std::int64_t>{10, 20}));
  EXPECT_EQ(cells_of(merged.leaf).size(), 1U);
}

TEST(Leaf, AMissingCellNeverBeatsAValue) {
  Merged merged;
  merged.add(piece(1, {10}, {1}, {{5.0}}));
  merged.add(piece(2, {10}, {1}, {{kNone}}));
  EXPECT_EQ(cells_of(merged.leaf).at({10, 1}), (Held{5.0, Origin::of(1, false)}));
  EXPECT_TRUE(merged.contests.empty());
}

TEST(Leaf, AWholeRowBeatsAProvisionalOneOfALaterFile) {
  for (const bool whole_first : {true, false}) {
    const Piece whole = piece(1, {10}, {1}, {{5.0}});
    Piece cut = piece(2, {10}, {1}, {{4.0}});
    cut.provisional_row = 0;
    Merged merged;
    merged.add(whole_first ? whole : cut);
    merged.add(whole_first ? cut : whole);
    EXPECT_EQ(cells_of(merged.leaf).at({10, 1}).value, 5.0);
    ASSERT_EQ(merged.contests.size(), 1U);
    EXPECT_EQ(merged.contests[0].loser, 4.0);
    EXPECT_EQ(merged.contests[0].loser_origin, Origin::of(2, true));
  }
}

TEST(Leaf, TellsWhatBecameOfEachCell) {
  Merged merged;
  merged.add(piece(5, {10, 20, 30}, {1}, {{1.0, 2.0, 3.0}}));
  EXPECT_EQ(merged.tally.samples_new, 3U);
  merged.tally = {};
  merged.add(piece(4, {10, 20, 40}, {1}, {{1.0, 9.0, 4.0}}));
  EXPECT_EQ(merged.tally.samples_same, 1U);
  EXPECT_EQ(merged.tally.samples_outranked, 1U);
  EXPECT_EQ(merged.tally.samples_new, 1U);
  merged.tally = {};
  merged.add(piece(6, {30}, {1}, {{7.0}}));
  EXPECT_EQ(merged.tally.samples_replaced, 1U);
  EXPECT_EQ(merged.tally.samples_new, 0U);
  EXPECT_EQ(cells_of(merged.leaf).at({30, 1}).value, 7.0);
}

TEST(Leaf, TheSameNumberInAnotherSpellingIsNoContest) {
  Merged merged;
  merged.add(piece(1, {10}, {1}, {{12.5}}));
  Piece longer = piece(2, {10}, {1}, {{0}});
  longer.block.columns[0].clear();
  longer.block.columns[0].push_decimal(1'250'000, 5);
  merged.add(longer);
  EXPECT_TRUE(merged.contests.empty());
  EXPECT_EQ(cells_of(merged.leaf).at({10, 1}), (Held{12.5, Origin::of(2, false)})) << "the higher rank takes the cell over";
}

TEST(Leaf, ColumnsWithTheSameOriginsShareThem) {
  Merged merged;
  merged.add(piece(1, {10, 20}, {1, 2, 3}, {{1, 1}, {2, 2}, {3, 3}}));
  merged.add(piece(2, {20, 30}, {1, 2, 3}, {{1, 1}, {2, 2}, {3, 3}}));
  EXPECT_EQ(merged.leaf.origins.size(), 1U);
}

}  // namespace
}  // namespace pv::store
