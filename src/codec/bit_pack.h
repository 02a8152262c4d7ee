#pragma once
/// Unsigned numbers of one width, 0 to 32 bits, side by side. Private to this room.
///
/// Whole blocks of 256 numbers lie in eight lanes, so that one vector instruction works on eight numbers at a time:
/// number i of a block is the (i / 8)-th of lane i % 8, and 32-bit word w of lane l is word 8 * w + l of the block.
///
///   lane        0    1    2    3    4    5    6    7
///   row 0     v0   v1   v2   v3   v4   v5   v6   v7      bits 0 .. width-1 of each lane
///   row 1     v8   v9   ...                              the next `width` bits, across words where needed
///
/// What is left over (fewer than 256) follows as one stream of bits, lowest first, filled up to a whole byte.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pv::codec {

inline constexpr std::size_t kPackBlock = 256;

/// Bytes that `count` numbers take.
[[nodiscard]] constexpr std::size_t packed_size(std::size_t count, unsigned width) noexcept {
  return count / kPackBlock * kPackBlock / 8 * width + (count % kPackBlock * width + 7) / 8;
}

/// Appends to `out`. Bits above `width` are ignored.
void pack_bits(std::span<const std::uint32_t> values, unsigned width, std::vector<std::byte>& out);

/// `packed` has exactly packed_size(count, width) bytes; writes `count` numbers. No input can make it fail.
void unpack_bits(std::span<const std::byte> packed, unsigned width, std::size_t count, std::uint32_t* out) noexcept;

}  // namespace pv::codec
