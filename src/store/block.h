#pragma once
/// One block: up to 8,192 rows of one logger as bytes on disk (docs/format/block.md).
///   Errors: corrupt, for a bad checksum, an unknown version or a structure that no writer makes. The caller adds which
///   block it was.
///   Threads: one codec::Scratch a thread; nothing else is shared.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "codec/group_codec.h"
#include "codec/scratch.h"
#include "model/sample_block.h"
#include "store/leaf.h"

namespace pv::store {

inline constexpr std::size_t kMaxBlockRows = 8192;
inline constexpr std::size_t kMaxBlockChannels = codec::kMaxGroupColumns;
inline constexpr std::uint8_t kBlockVersion = 1;  // on disk

enum class BlockKind : std::uint8_t {  // on disk: append only
  settled = 0,                         // each column by itself, as small as it gets
  tail = 1,                            // the columns in one frame, quick to write: a day or so at the end of a leaf
};

/// Appends the block to `out`. 1..kMaxBlockRows rows; a leaf without columns is allowed (rows whose cells are all missing).
void encode_block(const Leaf& leaf, BlockKind kind, codec::Scratch& scratch, std::vector<std::byte>& out);

/// Reads a whole block, origins included.
[[nodiscard]] Result<Leaf> decode_block(std::span<const std::byte> bytes, codec::Scratch& scratch);

/// Appends a block's rows to `out`, taking the columns of `wanted` only, in that order (all missing where the block has no such
/// channel). `out.columns` has wanted.size() columns. The block's rows must lie after those of `out`.
[[nodiscard]] Result<void> append_block(std::span<const std::byte> bytes, std::span<const std::int64_t> wanted,
                                        codec::Scratch& scratch, model::SampleBlock& out);

}  // namespace pv::store
