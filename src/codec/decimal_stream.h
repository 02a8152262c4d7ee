#pragma once
/// The present mantissas of a decimal column. Private to this room.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/bytes.h"
#include "codec/column_codec.h"
#include "codec/encoding.h"
#include "codec/scratch_state.h"

namespace pv::codec {

struct DecimalPlan {
  Encoding encoding = Encoding::decimal_plain;  // constant, decimal_plain or decimal_changes
  Domain domain = Domain::delta;
  unsigned low_bits = 0;
};

/// Weighs the encodings of one or more mantissas; uses state.changed and .entries.
[[nodiscard]] DecimalPlan plan_decimal(std::span<const std::uint32_t> mantissas, Effort effort, Scratch::State& state);

/// Appends the mantissas as planned.
void write_decimal(std::span<const std::uint32_t> mantissas, const DecimalPlan& plan, const EncodeOptions& options, Scratch::State& state,
                   std::vector<std::byte>& out);

/// Writes `count` mantissas, none of them kMissing. False when the bytes are corrupt.
[[nodiscard]] bool read_decimal(ByteReader& reader, Encoding encoding, std::size_t count, Scratch::State& state, std::uint32_t* out);

}  // namespace pv::codec
