#pragma once
/// The encodings of a column, as the first byte of each says. Layouts: docs/format/column.md.

#include <cstdint>

namespace pv::codec {

/// On disk: append only. DO NOT CHANGE THESE VALUES.
enum class Encoding : std::uint8_t {
  none = 0,             // no value at all: every cell is missing
  constant = 1,         // decimal: one number for all present cells
  decimal_plain = 2,    // decimal: every present cell has its own entry
  decimal_changes = 3,  // decimal: a bitmap says which cells differ from the one before; entries for those
  real_xor = 4,         // doubles: XOR with the cell before, as eight byte planes
};

/// Set beside the encoding when presence runs follow; without it every cell is present.
inline constexpr std::uint8_t kHasRuns = 0x80;

/// How the entries of a decimal encoding become mantissas. On disk. DO NOT CHANGE THESE VALUES.
enum class Domain : std::uint8_t {
  delta = 0,   // zigzag difference from the entry before (from 0 for the first)
  offset = 1,  // distance above a base
};

/// How the bytes of a plane are kept. On disk. DO NOT CHANGE THESE VALUES.
enum class PlaneForm : std::uint8_t {
  raw = 0,
  constant = 1,  // one byte, repeated
  zstd = 2,      // varint length, one zstd frame
};

}  // namespace pv::codec
