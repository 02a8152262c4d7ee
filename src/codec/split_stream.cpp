#include "codec/split_stream.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/arch.h"
#include "codec/bit_pack.h"
#include "codec/plane.h"

namespace pv::codec {
namespace {

constexpr std::uint32_t kEscape = 255;
constexpr unsigned kMaxLowBits = 24;
constexpr unsigned kSymbolBits = 8;

using WidthCounts = std::array<std::uint32_t, 33>;

WidthCounts count_widths(std::span<const std::uint32_t> entries) noexcept {
  WidthCounts counts{};
  for (const std::uint32_t entry : entries) ++counts[static_cast<unsigned>(std::bit_width(entry))];
  return counts;
}

/// The width that `share` of 256 entries do not exceed.
unsigned width_of_share(const WidthCounts& counts, std::size_t total, std::size_t share) noexcept {
  std::size_t seen = 0;
  for (unsigned width = 0; width < counts.size(); ++width) {
    seen += counts[width];
    if (seen * 256 >= total * share) return width;
  }
  return 32;
}

/// Bytes of the whole split, symbols at their Huffman cost: at least a bit each, and about half a byte of code table
/// for every symbol that occurs.
float estimate(std::span<const std::uint32_t> entries, unsigned low_bits, unsigned widest) {
  std::array<std::array<std::uint32_t, 256>, 2> counts{};
  std::size_t i = 0;
  for (; i + 1 < entries.size(); i += 2) {
    ++counts[0][std::min(entries[i] >> low_bits, kEscape)];
    ++counts[1][std::min(entries[i + 1] >> low_bits, kEscape)];
  }
  if (i < entries.size()) ++counts[0][std::min(entries[i] >> low_bits, kEscape)];
  const auto total = static_cast<float>(entries.size());
  float bits = 0;
  for (std::size_t symbol = 0; symbol < 256; ++symbol) {
    const std::uint32_t count = counts[0][symbol] + counts[1][symbol];
    if (count == 0 || count == entries.size()) continue;
    constexpr float kTableBits = 3.6F;
    const auto times = static_cast<float>(count);
    bits += kTableBits + times * std::max(1.0F, std::log2(total / times));
  }
  bits = std::min(bits, total * kSymbolBits) + total * static_cast<float>(low_bits);
  bits += static_cast<float>(counts[0][kEscape] + counts[1][kEscape]) * static_cast<float>(widest - std::min(widest, low_bits));
  return bits / 8;
}

PV_KERNEL void split(const std::uint32_t* entries, std::size_t count, unsigned low_bits, std::byte* symbols) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    symbols[i] = static_cast<std::byte>(std::min(entries[i] >> low_bits, kEscape));
  }
}

PV_KERNEL void join(const std::byte* symbols, const std::uint32_t* low, unsigned low_bits, std::size_t count,
                    std::uint32_t* out) noexcept {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint32_t>(symbols[i]) << low_bits | low[i];
}

PV_KERNEL void widen(const std::byte* symbols, std::size_t count, std::uint32_t* out) noexcept {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::uint32_t>(symbols[i]);
}

PV_KERNEL std::size_t count_escapes(const std::byte* symbols, std::size_t count) noexcept {
  std::uint32_t escapes = 0;
  for (std::size_t i = 0; i < count; ++i) escapes += symbols[i] == std::byte{kEscape} ? 1U : 0U;
  return escapes;
}

}  // namespace

SplitPlan plan_split(std::span<const std::uint32_t> entries, Effort effort) {
  if (entries.empty()) return {};
  const WidthCounts counts = count_widths(entries);
  const unsigned widest = width_of_share(counts, entries.size(), 256);
  const auto low_bits_for = [&](std::size_t share, unsigned kept) {
    const unsigned width = width_of_share(counts, entries.size(), share);
    return std::min(width - std::min(width, kept), kMaxLowBits);
  };
  if (effort == Effort::quick) {
    const unsigned low_bits = low_bits_for(230, kSymbolBits);
    std::size_t bits = 0;
    for (unsigned width = 0; width < counts.size(); ++width) bits += counts[width] * width;
    return {.low_bits = low_bits, .bytes = bits / 8};
  }
  // More symbol bits than the entropy needs cost table space, fewer cost precision: weigh a few of each.
  const std::array<unsigned, 7> candidates = {low_bits_for(256, 8), low_bits_for(256, 7), low_bits_for(250, 8), low_bits_for(230, 8),
                                              low_bits_for(192, 8), low_bits_for(192, 7), low_bits_for(128, 8)};
  SplitPlan best{.low_bits = 0, .bytes = ~std::size_t{0}};
  std::uint32_t tried = 0;
  for (const unsigned low_bits : candidates) {
    if ((tried >> low_bits & 1U) != 0) continue;
    tried |= 1U << low_bits;
    const auto bytes = static_cast<std::size_t>(estimate(entries, low_bits, widest));
    if (bytes < best.bytes) best = {.low_bits = low_bits, .bytes = bytes};
  }
  return best;
}

void write_split(std::span<const std::uint32_t> entries, unsigned low_bits, const EncodeOptions& options, Scratch::State& state,
                 std::vector<std::byte>& out) {
  state.symbols.resize(entries.size());
  split(entries.data(), entries.size(), low_bits, state.symbols.data());
  state.low.clear();
  std::uint32_t any = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (state.symbols[i] != std::byte{kEscape}) continue;
    state.low.push_back(entries[i] >> low_bits);
    any |= state.low.back();
  }
  const auto exception_bits = static_cast<unsigned>(std::bit_width(any));
  ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>(low_bits));
  writer.u8(static_cast<std::uint8_t>(exception_bits));
  write_plane(state.symbols, options, state, out);
  pack_bits(entries, low_bits, out);
  pack_bits(state.low, exception_bits, out);
}

bool read_split(ByteReader& reader, std::size_t count, Scratch::State& state, std::uint32_t* out) {
  const unsigned low_bits = reader.u8();
  const unsigned exception_bits = reader.u8();
  if (!reader.ok() || low_bits > kMaxLowBits || exception_bits > 32 - low_bits) return false;
  if (!read_plane(reader, count, state, state.symbols)) return false;
  const std::byte* symbols = state.symbols.data();

  const std::span<const std::byte> low = reader.bytes(packed_size(count, low_bits));
  if (!reader.ok()) return false;
  if (low_bits == 0) {
    widen(symbols, count, out);
  } else {
    state.low.resize(count);
    unpack_bits(low, low_bits, count, state.low.data());
    join(symbols, state.low.data(), low_bits, count, out);
  }

  const std::size_t escapes = count_escapes(symbols, count);
  const std::span<const std::byte> exceptions = reader.bytes(packed_size(escapes, exception_bits));
  if (!reader.ok()) return false;
  if (escapes == 0) return true;
  state.low.resize(escapes);
  unpack_bits(exceptions, exception_bits, escapes, state.low.data());
  const std::uint32_t low_mask = (1U << low_bits) - 1;
  std::size_t at = 0;
  for (std::size_t i = 0; i < escapes; ++i, ++at) {
    at = static_cast<std::size_t>(static_cast<const std::byte*>(std::memchr(symbols + at, kEscape, count - at)) - symbols);
    out[at] = (out[at] & low_mask) | state.low[i] << low_bits;
  }
  return true;
}

}  // namespace pv::codec
