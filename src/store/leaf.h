#pragma once
/// Rows of one logger within one leaf of the store, decoded, with the origin of every cell; and how they merge.
///
/// Merging follows the rank rule: for each cell the highest-ranked file that has a value there wins, whatever the order of
/// arrival. The result depends only on the set of files merged.
/// Threads: values, confined to one thread at a time.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "model/sample_block.h"

namespace pv::store {

/// Which file gave a row, and whether the row came without its line end. `packed` is what lies on disk.
struct Origin {
  std::uint32_t packed = 0;
  static constexpr Origin of(std::uint32_t file, bool is_provisional) { return {(file << 1) | (is_provisional ? 1U : 0U)}; }
  [[nodiscard]] constexpr std::uint32_t file() const noexcept { return packed >> 1; }
  [[nodiscard]] constexpr bool provisional() const noexcept { return (packed & 1U) != 0; }
  bool operator==(const Origin&) const = default;
};

struct OriginRun {
  Origin origin;
  std::uint32_t rows = 0;
  bool operator==(const OriginRun&) const = default;
};
using OriginRuns = std::vector<OriginRun>;  // covers all rows of a leaf

struct Leaf {
  std::vector<std::int64_t> time_s;    // strictly ascending
  std::vector<std::int64_t> channels;  // ids, one a column, in order of their first appearance
  std::vector<model::Column> columns;
  std::vector<std::uint32_t> group;  // a column: which of `origins` says where its cells come from
  std::vector<OriginRuns> origins;   // the origin of a missing cell means nothing

  [[nodiscard]] std::size_t rows() const noexcept { return time_s.size(); }
  [[nodiscard]] std::uint64_t samples() const noexcept;
};

/// Rows [begin, end) of one file's table, in time order.
struct IncomingRows {
  const model::SampleBlock* block = nullptr;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::span<const std::int64_t> channels;  // ids, one a column of the block
  std::uint32_t file = 0;
  std::optional<std::uint32_t> provisional_row;  // index into the block

  [[nodiscard]] std::size_t rows() const noexcept { return end - begin; }
  [[nodiscard]] std::int64_t first_s() const noexcept { return block->time_s[begin]; }
  [[nodiscard]] std::int64_t last_s() const noexcept { return block->time_s[end - 1]; }
};

/// A cell for which two origins give different values.
struct Contest {
  std::int64_t channel = 0;
  std::int64_t time_s = 0;
  double winner = 0;
  double loser = 0;
  Origin loser_origin;
};

struct MergeTally {
  std::uint64_t samples_new = 0;
  std::uint64_t samples_same = 0;
  std::uint64_t samples_replaced = 0;
  std::uint64_t samples_outranked = 0;
};

/// True when the first origin ranks below the second.
using RanksBelow = std::function<bool(Origin, Origin)>;

/// Appends rows that all lie after the leaf's last row.
void append_rows(Leaf& leaf, const IncomingRows& incoming, MergeTally& tally);

/// Merges rows that may interleave with or repeat the leaf's own.
void merge_rows(Leaf& leaf, const IncomingRows& incoming, const RanksBelow& ranks_below, MergeTally& tally,
                std::vector<Contest>& contests);

/// Appends a leaf whose rows all lie after this one's.
void append_leaf(Leaf& leaf, const Leaf& later);

/// Takes the rows from `time_s` on out of the leaf and returns them.
Leaf split_leaf(Leaf& leaf, std::int64_t time_s);

}  // namespace pv::store
