#pragma once
/// What a Scratch holds. Private to this room: zstd's types stay out of its public headers.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <zstd.h>

#include "codec/scratch.h"

namespace pv::codec {

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

struct Scratch::State {
  std::unique_ptr<ZSTD_CCtx, FreeCompressor> compressor;      // made at first use
  std::unique_ptr<ZSTD_DCtx, FreeDecompressor> decompressor;  // made at first use

  std::vector<std::uint32_t> values;    // present mantissas, as bits
  std::vector<std::uint32_t> changed;   // those that differ from the one before
  std::vector<std::uint32_t> entries;   // what a split stream holds
  std::vector<std::uint32_t> low;       // low bits or exceptions of a split stream
  std::vector<std::uint64_t> words;     // doubles, as bits
  std::vector<std::byte> symbols;       // a plane while it is made or read
  std::vector<std::byte> bitmap;        // changes
  std::vector<std::byte> frame;         // a compressed plane while it is made
  std::vector<std::uint32_t> runs;      // presence
};

}  // namespace pv::codec
