#include "codec/plane.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/check.h"
#include "codec/encoding.h"

namespace pv::codec {
namespace {

/// Compressed planes cost a few nanoseconds a value to read; they must save at least a part in sixteen.
constexpr std::size_t kWorthIt = 16;
/// Below this a frame's own overhead eats the gain.
constexpr std::size_t kSmallestFrame = 32;

std::size_t compress_into(std::span<const std::byte> data, int level, int shortest_match, Scratch::State& state,
                          std::span<std::byte> out) {
  if (!state.compressor) {
    state.compressor.reset(ZSTD_createCCtx());
    if (!state.compressor) throw std::bad_alloc();
  }
  ZSTD_CCtx* context = state.compressor.get();
  ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 1);
  if (shortest_match != 0) ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, shortest_match);
  const std::size_t size = ZSTD_compress2(context, out.data(), out.size(), data.data(), data.size());
  PV_CHECK(!ZSTD_isError(size));
  return size;
}

bool all_same(std::span<const std::byte> plane) noexcept {
  return plane.size() < 2 || std::memcmp(plane.data(), plane.data() + 1, plane.size() - 1) == 0;
}

}  // namespace

void compress(std::span<const std::byte> data, int zstd_level, Scratch::State& state, std::vector<std::byte>& out) {
  const std::size_t at = out.size();
  out.resize(at + ZSTD_compressBound(data.size()));
  out.resize(at + compress_into(data, zstd_level, 0, state, std::span(out).subspan(at)));
}

bool decompress(std::span<const std::byte> frame, Scratch::State& state, std::span<std::byte> out) {
  if (!state.decompressor) {
    state.decompressor.reset(ZSTD_createDCtx());
    if (!state.decompressor) throw std::bad_alloc();
  }
  const std::size_t size = ZSTD_decompressDCtx(state.decompressor.get(), out.data(), out.size(), frame.data(), frame.size());
  return !ZSTD_isError(size) && size == out.size();
}

void write_plane(std::span<const std::byte> plane, const EncodeOptions& options, Scratch::State& state, std::vector<std::byte>& out) {
  ByteWriter writer(out);
  if (plane.empty()) return;
  if (all_same(plane)) {
    writer.u8(static_cast<std::uint8_t>(PlaneForm::constant));
    writer.u8(static_cast<std::uint8_t>(plane[0]));
    return;
  }
  if (options.effort == Effort::thorough && plane.size() >= kSmallestFrame) {
    state.frame.resize(ZSTD_compressBound(plane.size()));
    // Long matches only: short ones save next to nothing over Huffman codes here and halve the speed of reading.
    constexpr int kShortestMatch = 7;
    const std::size_t size = compress_into(plane, options.zstd_level, kShortestMatch, state, state.frame);
    if (size + plane.size() / kWorthIt + 2 < plane.size()) {
      writer.u8(static_cast<std::uint8_t>(PlaneForm::zstd));
      writer.sized_bytes(std::span(state.frame).first(size));
      return;
    }
  }
  writer.u8(static_cast<std::uint8_t>(PlaneForm::raw));
  writer.bytes(plane);
}

bool read_plane(ByteReader& reader, std::size_t size, Scratch::State& state, std::vector<std::byte>& plane) {
  plane.resize(size);
  if (size == 0) return true;
  switch (static_cast<PlaneForm>(reader.u8())) {
    case PlaneForm::raw: {
      const std::span<const std::byte> from = reader.bytes(size);
      if (!reader.ok()) return false;
      std::memcpy(plane.data(), from.data(), size);
      return true;
    }
    case PlaneForm::constant: {
      std::memset(plane.data(), reader.u8(), size);
      return reader.ok();
    }
    case PlaneForm::zstd: {
      const std::span<const std::byte> frame = reader.sized_bytes();
      return reader.ok() && decompress(frame, state, plane);
    }
  }
  return false;
}

}  // namespace pv::codec
