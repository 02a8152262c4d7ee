#pragma once
/// One column to bytes and back, without loss: kind, decimals, values and which cells are missing.
/// The bytes on disk are described in docs/format/column.md.
///
/// Nothing but the number of rows is kept outside the bytes; neither length nor checksum is inside them.
///   Errors: corrupt, for bytes that cannot be read; `out` then holds what it held before (append) or nothing (decode).
///   Damage that still makes sense reads as other, well-formed values: finding it is the caller's checksum's work.
///   Memory is bounded by `rows`, which the caller bounds (kMaxRows).
///   Threads: one Scratch a thread; nothing else is shared.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "codec/scratch.h"
#include "model/column.h"

namespace pv::codec {

/// Rows one encoded column may hold.
inline constexpr std::size_t kMaxRows = 1u << 16;

enum class Effort : std::uint8_t {
  quick,     // no zstd, planned by widths: what pack_group() compresses together
  thorough,  // planned by entropy, planes in zstd: for settled blocks
};

struct EncodeOptions {
  Effort effort = Effort::thorough;
  int zstd_level = 1;
};

/// Appends the encoded column to `out`. The column has 1..kMaxRows rows and is well formed (model/column.h).
void encode_column(const model::Column& column, const EncodeOptions& options, Scratch& scratch, std::vector<std::byte>& out);

/// Replaces `out` by the column of `rows` rows that `bytes` hold; reuses its memory.
[[nodiscard]] Result<void> decode_column(std::span<const std::byte> bytes, std::size_t rows, Scratch& scratch, model::Column& out);

/// Appends `rows` rows behind those that `out` holds. Where the scales differ the column takes the finer one; where
/// that does not fit, or one of the two is real, it turns real. No number changes.
[[nodiscard]] Result<void> append_column(std::span<const std::byte> bytes, std::size_t rows, Scratch& scratch, model::Column& out);

}  // namespace pv::codec
