#pragma once
/// Unsigned numbers, most of them small, split so that each part is cheap. Private to this room.
///
///   entry   hhhhhhhh llll      symbol = entry >> k, a byte: its plane is compressed
///                              low    = the k lowest bits: noise, packed as it is
///   A symbol of 255 stands for "255 or more": entry >> k then lies in the list of exceptions.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/bytes.h"
#include "codec/column_codec.h"
#include "codec/scratch_state.h"

namespace pv::codec {

struct SplitPlan {
  unsigned low_bits = 0;
  std::size_t bytes = 0;  // estimate
};

/// The number of low bits that gives the fewest bytes, by the entropy of the symbols (thorough) or by width (quick).
[[nodiscard]] SplitPlan plan_split(std::span<const std::uint32_t> entries, Effort effort);

/// Appends the entries; uses state.symbols, .low and .frame.
void write_split(std::span<const std::uint32_t> entries, unsigned low_bits, const EncodeOptions& options, Scratch::State& state,
                 std::vector<std::byte>& out);

/// Writes `count` entries to `out`; uses state.symbols and .low. False when the bytes are corrupt.
[[nodiscard]] bool read_split(ByteReader& reader, std::size_t count, Scratch::State& state, std::uint32_t* out);

}  // namespace pv::codec
