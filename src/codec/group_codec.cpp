#include "codec/group_codec.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "codec/bytes.h"
#include "codec/plane.h"
#include "codec/scratch_state.h"

namespace pv::codec {
namespace {

/// No column of quick effort takes more a row than this; the rest is its header, bases and presence runs.
constexpr std::size_t kMostBytesPerRow = 16;
constexpr std::size_t kMostBytesBeside = 64;

std::size_t most_bytes(std::size_t columns, std::size_t rows) noexcept { return columns * (rows * kMostBytesPerRow + kMostBytesBeside); }

}  // namespace

void pack_group(std::span<const model::Column> columns, int zstd_level, Scratch& scratch, std::vector<std::byte>& out) {
  const EncodeOptions options{.effort = Effort::quick, .zstd_level = zstd_level};
  std::vector<std::byte> parts;
  std::vector<std::byte> sizes;
  ByteWriter size_writer(sizes);
  for (const model::Column& column : columns) {
    PV_CHECK(column.size() == columns[0].size());
    const std::size_t before = parts.size();
    encode_column(column, options, scratch, parts);
    size_writer.varint(parts.size() - before);
  }
  sizes.insert(sizes.end(), parts.begin(), parts.end());
  PV_CHECK(columns.empty() || sizes.size() <= most_bytes(columns.size(), columns[0].size()));
  ByteWriter(out).varint(sizes.size());
  compress(sizes, zstd_level, scratch.state(), out);
}

Result<void> unpack_group(std::span<const std::byte> bytes, std::size_t columns, std::size_t rows, Scratch& scratch, ColumnGroup& out) {
  out.columns.clear();
  if (rows == 0 || rows > kMaxRows || columns > kMaxGroupColumns) {
    return fail(Errc::corrupt, fmt::format("group: {} columns of {} rows", columns, rows));
  }
  ByteReader reader(bytes);
  const std::uint64_t size = reader.varint_to(most_bytes(columns, rows));
  if (!reader.ok()) return fail(Errc::corrupt, "group: impossible size");
  out.bytes.resize(size);
  if (!decompress(reader.rest(), scratch.state(), out.bytes)) return fail(Errc::corrupt, "group: damaged frame");

  ByteReader parts(out.bytes);
  std::vector<std::size_t> sizes(columns);
  for (std::size_t& part : sizes) part = parts.varint_to(size);
  out.columns.reserve(columns);
  for (const std::size_t part : sizes) out.columns.push_back(parts.bytes(part));
  if (!parts.done()) {
    out.columns.clear();
    return fail(Errc::corrupt, fmt::format("group: not {} columns", columns));
  }
  return {};
}

}  // namespace pv::codec
