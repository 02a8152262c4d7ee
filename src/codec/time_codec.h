#pragma once
/// A time column (whole seconds, strictly ascending) to bytes and back. A regular logger costs a dozen bytes.
///   Errors: corrupt; also when the instants would not ascend. Memory is bounded by `rows`.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace pv::codec {

/// Appends to `out`. `times` is strictly ascending and not empty.
void encode_times(std::span<const std::int64_t> times, std::vector<std::byte>& out);

/// Appends `rows` instants behind those that `out` holds; on an error `out` is as before. The first decoded instant may lie
/// anywhere: a caller that joins segments checks their order.
[[nodiscard]] Result<void> append_times(std::span<const std::byte> bytes, std::size_t rows, std::vector<std::int64_t>& out);

/// The same, replacing what `out` holds.
[[nodiscard]] Result<void> decode_times(std::span<const std::byte> bytes, std::size_t rows, std::vector<std::int64_t>& out);

}  // namespace pv::codec
