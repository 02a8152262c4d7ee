#pragma once
/// Several short columns in one zstd frame. For segments of a day or so, where each column alone is too short to
/// compress; to read one column the whole frame is decompressed, so settled blocks encode their columns one by one.
///   Errors: corrupt. Memory is bounded by columns * rows (16 bytes a cell and 64 a column).

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "codec/column_codec.h"
#include "codec/scratch.h"
#include "model/column.h"

namespace pv::codec {

/// Columns one group may hold.
inline constexpr std::size_t kMaxGroupColumns = 4096;

/// The encoded columns of a group, in the order they were packed. Owns their bytes.
struct ColumnGroup {
  std::vector<std::byte> bytes;
  std::vector<std::span<const std::byte>> columns;  // into `bytes`; each is an input of decode_column/append_column
};

/// Appends all columns to `out` as one group. All have the same number of rows, 1..kMaxRows.
void pack_group(std::span<const model::Column> columns, int zstd_level, Scratch& scratch, std::vector<std::byte>& out);

/// Replaces `out` by the parts of a group of `columns` columns of `rows` rows.
[[nodiscard]] Result<void> unpack_group(std::span<const std::byte> bytes, std::size_t columns, std::size_t rows, Scratch& scratch,
                                        ColumnGroup& out);

}  // namespace pv::codec
