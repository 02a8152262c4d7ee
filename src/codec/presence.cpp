#include "codec/presence.h"

namespace pv::codec {

void write_runs(std::span<const std::uint32_t> runs, std::vector<std::byte>& out) {
  ByteWriter writer(out);
  writer.varint(runs.size());
  for (const std::uint32_t run : runs) writer.varint(run);
}

bool read_runs(ByteReader& reader, std::size_t rows, std::vector<std::uint32_t>& runs) {
  const std::uint64_t count = reader.varint_to(rows + 1);
  if (!reader.ok() || count == 0) return false;
  runs.resize(count);
  std::size_t left = rows;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t run = reader.varint_to(left);
    if (!reader.ok() || (run == 0 && i > 0)) return false;
    runs[i] = static_cast<std::uint32_t>(run);
    left -= run;
  }
  return left == 0;
}

std::size_t present_rows(std::span<const std::uint32_t> runs) noexcept {
  std::size_t rows = 0;
  for (std::size_t i = 0; i < runs.size(); i += 2) rows += runs[i];
  return rows;
}

}  // namespace pv::codec
