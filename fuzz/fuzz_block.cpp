// Hostile bytes as a block, with a checksum that fits, so that the fuzzer gets past it: no crash, no read outside, bounded
// memory; what is accepted is a well-formed leaf that comes back as it is. The first byte chooses the kind.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include <xxhash.h>

#include "model/rhythm.h"
#include "store/block.h"

namespace {

using pv::store::BlockKind;
using pv::store::Leaf;

constexpr std::size_t kBodyAt = 12;

void require(bool condition) {
  if (!condition) std::abort();
}

std::vector<std::byte> block_of(std::uint8_t kind, std::span<const std::byte> body) {
  std::vector<std::byte> block = {std::byte{'P'}, std::byte{'V'}, std::byte{pv::store::kBlockVersion}, std::byte{kind}};
  block.resize(kBodyAt);
  block.insert(block.end(), body.begin(), body.end());
  const std::uint64_t head = pv::store::kBlockVersion | (std::uint64_t{kind} << 8);
  const std::uint64_t sum = XXH3_64bits_withSeed(block.data() + kBodyAt, block.size() - kBodyAt, head);
  std::memcpy(block.data() + 4, &sum, sizeof sum);
  return block;
}

void require_well_formed(const Leaf& leaf) {
  require(leaf.rows() > 0 && leaf.rows() <= pv::store::kMaxBlockRows);
  for (std::size_t row = 1; row < leaf.rows(); ++row) require(leaf.time_s[row] > leaf.time_s[row - 1]);
  require(leaf.channels.size() == leaf.columns.size() && leaf.group.size() == leaf.columns.size());
  for (const pv::model::Column& column : leaf.columns) require(column.size() == leaf.rows());
  for (const std::uint32_t group : leaf.group) require(group < leaf.origins.size());
  for (const pv::store::OriginRuns& runs : leaf.origins) {
    std::size_t covered = 0;
    for (const pv::store::OriginRun& run : runs) covered += run.rows;
    require(covered == leaf.rows());
  }
}

void require_same(const Leaf& a, const Leaf& b) {
  require(a.time_s == b.time_s && a.channels == b.channels && a.group == b.group && a.origins == b.origins);
  for (std::size_t c = 0; c < a.columns.size(); ++c) require(a.columns[c].same_values(b.columns[c]));
}

/// What the merge and the queries do with a leaf that was read.
void require_usable(Leaf leaf, pv::codec::Scratch& scratch) {
  for (const BlockKind kind : {BlockKind::settled, BlockKind::tail}) {
    std::vector<std::byte> again;
    pv::store::encode_block(leaf, kind, scratch, again);
    const auto read = pv::store::decode_block(again, scratch);
    require(read.has_value());
    require_same(*read, leaf);
  }
  const std::vector<std::int64_t> times = leaf.time_s;
  const Leaf later = pv::store::split_leaf(leaf, times[times.size() / 2]);
  require(leaf.rows() + later.rows() == times.size());
  if (leaf.rows() > 0) pv::store::append_leaf(leaf, later);
  static_cast<void>(pv::model::usual_step(times));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static pv::codec::Scratch scratch;
  if (size == 0) return 0;
  const std::vector<std::byte> block = block_of(data[0] % 3, std::as_bytes(std::span(data + 1, size - 1)));
  auto leaf = pv::store::decode_block(block, scratch);
  pv::model::SampleBlock rows;
  const std::int64_t wanted[] = {0, 1, 2, 300};
  rows.columns.resize(std::size(wanted));
  const auto appended = pv::store::append_block(block, wanted, scratch, rows);
  if (!leaf) return 0;
  require_well_formed(*leaf);
  require(appended.has_value() && rows.time_s == leaf->time_s);
  for (const pv::model::Column& column : rows.columns) require(column.size() == leaf->rows());
  require_usable(std::move(*leaf), scratch);
  return 0;
}
