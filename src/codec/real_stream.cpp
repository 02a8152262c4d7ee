#include "codec/real_stream.h"

#include <bit>

#include "base/arch.h"
#include "codec/plane.h"

namespace pv::codec {
namespace {

constexpr unsigned kPlanes = sizeof(double);
constexpr std::uint64_t kExponent = 0x7FF0'0000'0000'0000U;
constexpr std::uint64_t kMinusZero = 0x8000'0000'0000'0000U;

PV_KERNEL void put_plane(const std::byte* plane, std::size_t count, unsigned shift, std::uint64_t* words) noexcept {
  for (std::size_t i = 0; i < count; ++i) words[i] |= static_cast<std::uint64_t>(plane[i]) << shift;
}

}  // namespace

void write_reals(std::span<std::uint64_t> words, const EncodeOptions& options, Scratch::State& state, std::vector<std::byte>& out) {
  for (std::size_t i = words.size(); i-- > 1;) words[i] ^= words[i - 1];
  state.symbols.resize(words.size());
  for (unsigned plane = 0; plane < kPlanes; ++plane) {
    for (std::size_t i = 0; i < words.size(); ++i) state.symbols[i] = static_cast<std::byte>(words[i] >> (8 * plane));
    write_plane(state.symbols, options, state, out);
  }
}

bool read_reals(ByteReader& reader, std::size_t count, Scratch::State& state, double* out) {
  state.words.assign(count, 0);
  for (unsigned plane = 0; plane < kPlanes; ++plane) {
    if (!read_plane(reader, count, state, state.symbols)) return false;
    put_plane(state.symbols.data(), count, 8 * plane, state.words.data());
  }
  std::uint64_t word = 0;
  bool sound = true;
  for (std::size_t i = 0; i < count; ++i) {
    word ^= state.words[i];
    sound = sound && (word & kExponent) != kExponent && word != kMinusZero;
    out[i] = std::bit_cast<double>(word);
  }
  return sound;
}

}  // namespace pv::codec
