/// Hostile bytes into every decoder of the codec room: no crash, no read outside, bounded memory; what they accept is a
/// well-formed column. And any column that the bytes describe comes back as it was.

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "codec/column_codec.h"
#include "codec/group_codec.h"
#include "codec/scratch.h"
#include "codec/time_codec.h"

namespace {

using pv::codec::Effort;
using pv::model::Column;

void require(bool condition) {
  if (!condition) std::abort();
}

void require_well_formed(const Column& column, std::size_t rows) {
  require(column.size() == rows);
  std::size_t missing = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    if (column.is_missing(row)) {
      ++missing;
    } else if (column.kind == Column::Kind::real) {
      require(std::isfinite(column.real[row]) && !(column.real[row] == 0 && std::signbit(column.real[row])));
    }
  }
  require(missing == column.missing);
}

void require_round_trip(const Column& column, pv::codec::Scratch& scratch) {
  for (const Effort effort : {Effort::quick, Effort::thorough}) {
    std::vector<std::byte> bytes;
    pv::codec::encode_column(column, {.effort = effort}, scratch, bytes);
    Column read;
    require(pv::codec::decode_column(bytes, column.size(), scratch, read).has_value());
    require(read.same_values(column) && read.missing == column.missing);
  }
}

void decode_anything(std::span<const std::byte> bytes, std::size_t rows, pv::codec::Scratch& scratch) {
  Column column;
  if (pv::codec::decode_column(bytes, rows, scratch, column)) {
    require_well_formed(column, rows);
    require_round_trip(column, scratch);
    if (pv::codec::append_column(bytes, rows, scratch, column)) require_well_formed(column, 2 * rows);
  } else {
    require(column.size() == 0);
  }

  std::vector<std::int64_t> times;
  if (pv::codec::decode_times(bytes, rows, times)) {
    require(times.size() == rows);
    for (std::size_t i = 1; i < rows; ++i) require(times[i] > times[i - 1]);
    std::vector<std::byte> again;
    pv::codec::encode_times(times, again);
    std::vector<std::int64_t> read;
    require(pv::codec::decode_times(again, rows, read).has_value() && read == times);
  }

  pv::codec::ColumnGroup group;
  const std::size_t columns = 1 + rows % 7;
  if (pv::codec::unpack_group(bytes, columns, rows, scratch, group)) {
    require(group.columns.size() == columns);
    for (const auto& part : group.columns) static_cast<void>(pv::codec::decode_column(part, rows, scratch, column));
  }
}

/// Bytes as cells: 4 a mantissa or 8 a double.
Column column_of(std::span<const std::byte> bytes, std::uint8_t shape) {
  Column column;
  if (shape % 4 == 0) {
    column.make_real();
    for (; bytes.size() >= sizeof(double) && column.size() < pv::codec::kMaxRows; bytes = bytes.subspan(sizeof(double))) {
      double value = 0;
      std::memcpy(&value, bytes.data(), sizeof value);
      std::isfinite(value) ? column.push_real(value) : column.push_missing();
    }
    return column;
  }
  column.decimals = static_cast<std::uint8_t>(shape % (pv::model::kMaxDecimals + 1));
  const std::size_t step = shape % 4;  // narrow cells make small numbers
  for (; bytes.size() >= step && column.size() < pv::codec::kMaxRows; bytes = bytes.subspan(step)) {
    std::int32_t mantissa = 0;
    std::memcpy(&mantissa, bytes.data(), step);
    if (step == 3) mantissa = static_cast<std::int32_t>(static_cast<std::uint32_t>(mantissa) << 8);
    column.mantissa.push_back(mantissa);
    column.missing += mantissa == Column::kMissing ? 1U : 0U;
  }
  return column;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static pv::codec::Scratch scratch;
  if (size < 3) return 0;
  const std::size_t rows = 1 + (data[0] | static_cast<std::size_t>(data[1]) << 8) % 8192;
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data + 3, size - 3));
  decode_anything(bytes, rows, scratch);
  const Column column = column_of(bytes, data[2]);
  if (column.size() > 0) require_round_trip(column, scratch);
  return 0;
}
