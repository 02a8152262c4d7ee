#pragma once
/// The present values of a real column. Private to this room.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/bytes.h"
#include "codec/column_codec.h"
#include "codec/scratch_state.h"

namespace pv::codec {

/// Appends one or more doubles, given as their bits; XORs them in place.
void write_reals(std::span<std::uint64_t> words, const EncodeOptions& options, Scratch::State& state, std::vector<std::byte>& out);

/// Writes `count` finite doubles, none of them -0.0; uses state.words. False when the bytes are corrupt.
[[nodiscard]] bool read_reals(ByteReader& reader, std::size_t count, Scratch::State& state, double* out);

}  // namespace pv::codec
