#pragma once
/// A plane: one byte of each of many values, compressed as a whole. Private to this room.

#include <cstddef>
#include <span>
#include <vector>

#include "codec/bytes.h"
#include "codec/column_codec.h"
#include "codec/scratch_state.h"

namespace pv::codec {

/// Appends the plane: form, then its bytes. Repeated bytes are always found; zstd is tried when thorough.
void write_plane(std::span<const std::byte> plane, const EncodeOptions& options, Scratch::State& state, std::vector<std::byte>& out);

/// Replaces `plane` by the `size` bytes of the next plane. False, or a failed reader, when the bytes are corrupt.
[[nodiscard]] bool read_plane(ByteReader& reader, std::size_t size, Scratch::State& state, std::vector<std::byte>& plane);

/// Appends one zstd frame.
void compress(std::span<const std::byte> data, int zstd_level, Scratch::State& state, std::vector<std::byte>& out);

/// True when `frame` holds exactly out.size() bytes.
[[nodiscard]] bool decompress(std::span<const std::byte> frame, Scratch::State& state, std::span<std::byte> out);

}  // namespace pv::codec
