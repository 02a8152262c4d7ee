#include "codec/bit_pack.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/arch.h"
#include "base/check.h"

namespace pv::codec {
namespace {

constexpr std::size_t kLanes = 8;
constexpr std::size_t kRows = kPackBlock / kLanes;
constexpr unsigned kMaxWidth = 32;

constexpr std::uint32_t mask_of(unsigned width) noexcept {
  return width == 32 ? ~std::uint32_t{0} : (std::uint32_t{1} << width) - 1;
}

PV_KERNEL void pack_block(const std::uint32_t* values, unsigned width, std::uint32_t* words) noexcept {
  std::memset(words, 0, kLanes * kMaxWidth * sizeof *words);
  const std::uint32_t mask = mask_of(width);
  for (std::size_t row = 0; row < kRows; ++row) {
    const std::size_t bit = row * width;
    const unsigned shift = bit % 32;
    std::uint32_t* word = words + bit / 32 * kLanes;
    for (std::size_t lane = 0; lane < kLanes; ++lane) word[lane] |= (values[row * kLanes + lane] & mask) << shift;
    if (shift + width > 32) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        word[kLanes + lane] |= (values[row * kLanes + lane] & mask) >> (32 - shift);
      }
    }
  }
}

PV_KERNEL void unpack_block(const std::uint32_t* words, unsigned width, std::uint32_t* out) noexcept {
  const std::uint32_t mask = mask_of(width);
  for (std::size_t row = 0; row < kRows; ++row) {
    const std::size_t bit = row * width;
    const unsigned shift = bit % 32;
    const std::uint32_t* word = words + bit / 32 * kLanes;
    if (shift + width <= 32) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) out[row * kLanes + lane] = (word[lane] >> shift) & mask;
    } else {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        out[row * kLanes + lane] = (word[lane] >> shift | word[kLanes + lane] << (32 - shift)) & mask;
      }
    }
  }
}

void pack_rest(std::span<const std::uint32_t> values, unsigned width, std::byte* out) noexcept {
  std::uint64_t bits = 0;
  unsigned held = 0;
  for (const std::uint32_t value : values) {
    bits |= static_cast<std::uint64_t>(value & mask_of(width)) << held;
    for (held += width; held >= 8; held -= 8, bits >>= 8) *out++ = static_cast<std::byte>(bits);
  }
  if (held > 0) *out = static_cast<std::byte>(bits);
}

}  // namespace

void pack_bits(std::span<const std::uint32_t> values, unsigned width, std::vector<std::byte>& out) {
  PV_CHECK(width <= kMaxWidth);
  std::size_t at = out.size();
  out.resize(at + packed_size(values.size(), width));
  if (width == 0) return;
  std::array<std::uint32_t, kLanes * kMaxWidth> words;
  for (; values.size() >= kPackBlock; values = values.subspan(kPackBlock)) {
    pack_block(values.data(), width, words.data());
    std::memcpy(out.data() + at, words.data(), kPackBlock / 8 * width);
    at += kPackBlock / 8 * width;
  }
  pack_rest(values, width, out.data() + at);
}

void unpack_bits(std::span<const std::byte> packed, unsigned width, std::size_t count, std::uint32_t* out) noexcept {
  PV_CHECK(width <= kMaxWidth && packed.size() == packed_size(count, width));
  if (width == 0) {
    std::fill_n(out, count, 0U);
    return;
  }
  // One buffer serves both: aligned words for a block, and eight spare bytes behind the rest for whole-word loads.
  std::array<std::uint32_t, kLanes * kMaxWidth + 2> words;
  const std::byte* from = packed.data();
  for (; count >= kPackBlock; count -= kPackBlock, out += kPackBlock) {
    std::memcpy(words.data(), from, kPackBlock / 8 * width);
    unpack_block(words.data(), width, out);
    from += kPackBlock / 8 * width;
  }
  if (count == 0) return;
  const std::size_t left = (count * width + 7) / 8;
  auto* bytes = reinterpret_cast<std::byte*>(words.data());
  std::memcpy(bytes, from, left);
  std::memset(bytes + left, 0, 8);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, bytes + i * width / 8, sizeof bits);
    out[i] = static_cast<std::uint32_t>(bits >> (i * width % 8)) & mask_of(width);
  }
}

}  // namespace pv::codec
