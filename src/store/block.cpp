#include "store/block.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <xxhash.h>

#include "base/check.h"
#include "codec/bytes.h"
#include "codec/column_codec.h"
#include "codec/group_codec.h"
#include "codec/time_codec.h"

namespace pv::store {
namespace {

// Layout (docs/format/block.md):  "PV" version kind | checksum u64 | body
constexpr std::size_t kChecksumAt = 4;
constexpr std::size_t kBodyAt = 12;
static_assert(kBodyAt == 12, "block format changed: raise kBlockVersion, add a golden block");

std::uint64_t checksum(std::span<const std::byte> bytes) {
  // The version and kind are covered too, so that a flipped bit there cannot pass for another valid block.
  const std::uint64_t head = std::to_integer<std::uint64_t>(bytes[2]) | (std::to_integer<std::uint64_t>(bytes[3]) << 8);
  return XXH3_64bits_withSeed(bytes.data() + kBodyAt, bytes.size() - kBodyAt, head);
}

struct ColumnEntry {
  std::int64_t channel = 0;
  std::uint32_t group = 0;
  std::span<const std::byte> bytes;  // empty in a tail block until its frame is unpacked
};

struct BlockView {
  BlockKind kind = BlockKind::settled;
  std::size_t rows = 0;
  std::span<const std::byte> times;
  std::vector<OriginRuns> origins;
  std::vector<ColumnEntry> columns;
  std::span<const std::byte> frame;  // tail blocks: all columns
};

Result<BlockView> open_block(std::span<const std::byte> bytes) {
  const auto corrupt = [](std::string_view why) { return fail(Errc::corrupt, std::string(why)); };
  if (bytes.size() < kBodyAt || bytes[0] != std::byte{'P'} || bytes[1] != std::byte{'V'}) return corrupt("this is no block");
  const auto version = std::to_integer<std::uint8_t>(bytes[2]);
  if (version != kBlockVersion) {
    return fail(Errc::corrupt, fmt::format("block version {} is not known to this program (it knows {}): update powerview", version,
                                           kBlockVersion));
  }
  codec::ByteReader head(bytes.subspan(kChecksumAt, 8));
  if (head.fixed<std::uint64_t>() != checksum(bytes)) return corrupt("its checksum does not match its bytes");
  if (std::to_integer<std::uint8_t>(bytes[3]) > static_cast<std::uint8_t>(BlockKind::tail)) return corrupt("unknown kind of block");

  BlockView view;
  view.kind = static_cast<BlockKind>(bytes[3]);
  codec::ByteReader in(bytes.subspan(kBodyAt));
  view.rows = in.varint_to(kMaxBlockRows);
  const std::size_t column_count = in.varint_to(kMaxBlockChannels);
  const std::size_t group_count = in.varint_to(kMaxBlockChannels + 1);
  view.times = in.sized_bytes();
  if (!in.ok() || view.rows == 0 || group_count == 0) return corrupt("its head is damaged");
  for (std::size_t g = 0; g < group_count; ++g) {
    OriginRuns& runs = view.origins.emplace_back();
    const std::size_t run_count = in.varint_to(view.rows);
    std::size_t covered = 0;
    for (std::size_t r = 0; r < run_count && in.ok(); ++r) {
      const auto packed = static_cast<std::uint32_t>(in.varint_to(0xffffffff));
      const auto rows = static_cast<std::uint32_t>(in.varint_to(view.rows));
      runs.push_back({Origin{packed}, rows});
      covered += rows;
    }
    if (!in.ok() || covered != view.rows) return corrupt("its origins do not cover its rows");
  }
  for (std::size_t c = 0; c < column_count; ++c) {
    ColumnEntry& entry = view.columns.emplace_back();
    entry.channel = static_cast<std::int64_t>(in.varint());
    entry.group = static_cast<std::uint32_t>(in.varint_to(group_count - 1));
    if (!in.ok()) return corrupt("its list of columns is damaged");
    if (view.kind == BlockKind::settled) entry.bytes = in.sized_bytes();
  }
  if (view.kind == BlockKind::tail) view.frame = in.rest();
  if (!in.done()) return corrupt("it is longer or shorter than it says");
  return view;
}

/// Gives each column of a tail block its bytes; they live in `group`.
Result<void> unpack(BlockView& view, codec::Scratch& scratch, codec::ColumnGroup& group) {
  if (view.kind != BlockKind::tail || view.columns.empty()) return {};
  PV_TRY_VOID(codec::unpack_group(view.frame, view.columns.size(), view.rows, scratch, group));
  for (std::size_t c = 0; c < view.columns.size(); ++c) view.columns[c].bytes = group.columns[c];
  return {};
}

}  // namespace

void encode_block(const Leaf& leaf, BlockKind kind, codec::Scratch& scratch, std::vector<std::byte>& out) {
  PV_CHECK(leaf.rows() > 0 && leaf.rows() <= kMaxBlockRows && leaf.columns.size() <= kMaxBlockChannels);
  const std::size_t start = out.size();
  codec::ByteWriter writer(out);
  writer.u8('P');
  writer.u8('V');
  writer.u8(kBlockVersion);
  writer.u8(static_cast<std::uint8_t>(kind));
  writer.fixed(std::uint64_t{0});
  writer.varint(leaf.rows());
  writer.varint(leaf.columns.size());
  writer.varint(leaf.origins.size());
  std::vector<std::byte> part;
  codec::encode_times(leaf.time_s, part);
  writer.sized_bytes(part);
  for (const OriginRuns& runs : leaf.origins) {
    writer.varint(runs.size());
    for (const OriginRun& run : runs) {
      writer.varint(run.origin.packed);
      writer.varint(run.rows);
    }
  }
  for (std::size_t c = 0; c < leaf.columns.size(); ++c) {
    writer.varint(static_cast<std::uint64_t>(leaf.channels[c]));
    writer.varint(leaf.group[c]);
    if (kind != BlockKind::settled) continue;
    part.clear();
    codec::encode_column(leaf.columns[c], {}, scratch, part);
    writer.sized_bytes(part);
  }
  if (kind == BlockKind::tail && !leaf.columns.empty()) codec::pack_group(leaf.columns, 1, scratch, out);
  const std::uint64_t sum = checksum(std::span(out).subspan(start));
  std::memcpy(out.data() + start + kChecksumAt, &sum, sizeof sum);
}

Result<Leaf> decode_block(std::span<const std::byte> bytes, codec::Scratch& scratch) {
  PV_TRY(BlockView view, open_block(bytes));
  codec::ColumnGroup group;
  PV_TRY_VOID(unpack(view, scratch, group));
  Leaf leaf;
  PV_TRY_VOID(codec::decode_times(view.times, view.rows, leaf.time_s));
  leaf.origins = std::move(view.origins);
  for (const ColumnEntry& entry : view.columns) {
    leaf.channels.push_back(entry.channel);
    leaf.group.push_back(entry.group);
    PV_TRY_VOID(codec::decode_column(entry.bytes, view.rows, scratch, leaf.columns.emplace_back()));
  }
  return leaf;
}

Result<void> append_block(std::span<const std::byte> bytes, std::span<const std::int64_t> wanted, codec::Scratch& scratch,
                          model::SampleBlock& out) {
  PV_TRY(BlockView view, open_block(bytes));
  codec::ColumnGroup group;
  PV_TRY_VOID(unpack(view, scratch, group));
  const std::size_t rows_before = out.time_s.size();
  PV_TRY_VOID(codec::append_times(view.times, view.rows, out.time_s));
  if (rows_before > 0 && out.time_s[rows_before] <= out.time_s[rows_before - 1]) {
    return fail(Errc::corrupt, "its rows begin before those of the block ahead of it end");
  }
  for (std::size_t w = 0; w < wanted.size(); ++w) {
    const auto entry = std::find_if(view.columns.begin(), view.columns.end(),
                                    [&](const ColumnEntry& e) { return e.channel == wanted[w]; });
    if (entry == view.columns.end()) {
      out.columns[w].push_missing(view.rows);
    } else {
      PV_TRY_VOID(codec::append_column(entry->bytes, view.rows, scratch, out.columns[w]));
    }
  }
  return {};
}

}  // namespace pv::store
