#include "codec/time_codec.h"

#include <limits>

#include <fmt/format.h>

#include "base/check.h"
#include "codec/bytes.h"
#include "codec/column_codec.h"

namespace pv::codec {
namespace {

/// Appends steps until `out` has `size` instants. False when the bytes are corrupt.
bool read_steps(ByteReader& reader, std::size_t size, std::vector<std::int64_t>& out) {
  while (out.size() < size) {
    const std::uint64_t step = reader.varint_to(std::numeric_limits<std::int64_t>::max());
    const std::uint64_t repeats = reader.varint_to(size - out.size());
    if (!reader.ok() || step == 0 || repeats == 0) return false;
    // One check a run: if its last instant fits, all before it do.
    std::int64_t span_s = 0;
    std::int64_t time_s = out.back();
    std::int64_t last_s = 0;
    if (__builtin_mul_overflow(static_cast<std::int64_t>(step), static_cast<std::int64_t>(repeats), &span_s)) return false;
    if (__builtin_add_overflow(time_s, span_s, &last_s)) return false;
    for (std::uint64_t i = 0; i < repeats; ++i) out.push_back(time_s += static_cast<std::int64_t>(step));
  }
  return reader.done();
}

}  // namespace

void encode_times(std::span<const std::int64_t> times, std::vector<std::byte>& out) {
  PV_CHECK(!times.empty() && times.size() <= kMaxRows);
  ByteWriter writer(out);
  writer.signed_varint(times[0]);
  for (std::size_t i = 1; i < times.size();) {
    PV_CHECK(times[i] > times[i - 1]);
    const std::uint64_t step = static_cast<std::uint64_t>(times[i]) - static_cast<std::uint64_t>(times[i - 1]);
    PV_CHECK(step <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
    std::size_t end = i + 1;
    while (end < times.size() && times[end] > times[end - 1] &&
           static_cast<std::uint64_t>(times[end]) - static_cast<std::uint64_t>(times[end - 1]) == step) {
      ++end;
    }
    writer.varint(step);
    writer.varint(end - i);
    i = end;
  }
}

Result<void> append_times(std::span<const std::byte> bytes, std::size_t rows, std::vector<std::int64_t>& out) {
  if (rows == 0 || rows > kMaxRows) return fail(Errc::corrupt, fmt::format("times: {} rows, expected 1 to {}", rows, kMaxRows));
  const std::size_t before = out.size();
  ByteReader reader(bytes);
  const std::int64_t first = reader.signed_varint();
  if (!reader.ok()) return fail(Errc::corrupt, "times: no first instant");
  out.reserve(before + rows);
  out.push_back(first);
  if (!read_steps(reader, before + rows, out)) {
    out.resize(before);
    return fail(Errc::corrupt, fmt::format("times: damaged steps of {} rows", rows));
  }
  return {};
}

Result<void> decode_times(std::span<const std::byte> bytes, std::size_t rows, std::vector<std::int64_t>& out) {
  out.clear();
  return append_times(bytes, rows, out);
}

}  // namespace pv::codec
