#include "codec/column_codec.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/arch.h"
#include "base/check.h"
#include "codec/bytes.h"
#include "codec/decimal_stream.h"
#include "codec/encoding.h"
#include "codec/presence.h"
#include "codec/real_stream.h"
#include "codec/scratch_state.h"

namespace pv::codec {
namespace {

using model::Column;

PV_KERNEL std::size_t count_missing(const std::int32_t* mantissas, std::size_t count) noexcept {
  std::uint32_t missing = 0;
  for (std::size_t i = 0; i < count; ++i) missing += mantissas[i] == Column::kMissing ? 1U : 0U;
  return missing;
}

std::size_t count_missing(const std::vector<double>& values) noexcept {
  return static_cast<std::size_t>(std::count_if(values.begin(), values.end(), [](double value) { return std::isnan(value); }));
}

/// Signed and unsigned forms of one type may name the same memory.
std::uint32_t* bits_of(std::int32_t* mantissas) noexcept { return reinterpret_cast<std::uint32_t*>(mantissas); }
const std::uint32_t* bits_of(const std::int32_t* mantissas) noexcept { return reinterpret_cast<const std::uint32_t*>(mantissas); }

void write_header(Encoding encoding, const Column& column, Scratch::State& state, std::vector<std::byte>& out) {
  const bool has_runs = encoding != Encoding::none && column.missing > 0;
  ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>(static_cast<unsigned>(encoding) | (has_runs ? kHasRuns : 0U)));
  writer.u8(column.kind == Column::Kind::decimal ? column.decimals : std::uint8_t{0});
  if (!has_runs) return;
  find_runs(column.size(), [&](std::size_t row) { return column.is_missing(row); }, state.runs);
  write_runs(state.runs, out);
}

void encode_real(const Column& column, const EncodeOptions& options, Scratch::State& state, std::vector<std::byte>& out) {
  write_header(Encoding::real_xor, column, state, out);
  state.words.clear();
  for (const double value : column.real) {
    PV_CHECK(!std::isinf(value));
    if (!std::isnan(value)) state.words.push_back(std::bit_cast<std::uint64_t>(value + 0.0));
  }
  write_reals(state.words, options, state, out);
}

void encode_decimal(const Column& column, const EncodeOptions& options, Scratch::State& state, std::vector<std::byte>& out) {
  std::span<const std::uint32_t> mantissas(bits_of(column.mantissa.data()), column.mantissa.size());
  if (column.missing > 0) {
    state.values.clear();
    for (const std::int32_t mantissa : column.mantissa) {
      if (mantissa != Column::kMissing) state.values.push_back(std::bit_cast<std::uint32_t>(mantissa));
    }
    mantissas = state.values;
  }
  const DecimalPlan plan = plan_decimal(mantissas, options.effort, state);
  write_header(plan.encoding, column, state, out);
  write_decimal(mantissas, plan, options, state, out);
}

struct Header {
  Encoding encoding = Encoding::none;
  std::uint8_t decimals = 0;
  std::size_t present = 0;
};

/// Leaves the presence runs in state.runs; empty when no cell is missing.
Result<Header> read_header(ByteReader& reader, std::size_t rows, Scratch::State& state) {
  const std::uint8_t first = reader.u8();
  Header header{.encoding = static_cast<Encoding>(first & ~kHasRuns), .decimals = reader.u8(), .present = rows};
  if (!reader.ok() || header.encoding > Encoding::real_xor) {
    return fail(Errc::corrupt, fmt::format("column: unknown encoding {}", first));
  }
  if (header.decimals > model::kMaxDecimals || (header.encoding == Encoding::real_xor && header.decimals != 0)) {
    return fail(Errc::corrupt, fmt::format("column: {} decimals", header.decimals));
  }
  state.runs.clear();
  if (header.encoding == Encoding::none) header.present = 0;
  if ((first & kHasRuns) != 0) {
    if (header.encoding == Encoding::none || !read_runs(reader, rows, state.runs)) {
      return fail(Errc::corrupt, "column: presence runs do not cover the rows");
    }
    header.present = present_rows(state.runs);
    if (header.present == 0) return fail(Errc::corrupt, "column: presence runs without a value");
  }
  return header;
}

Result<void> check_rows(std::size_t rows) {
  if (rows == 0 || rows > kMaxRows) return fail(Errc::corrupt, fmt::format("column: {} rows, expected 1 to {}", rows, kMaxRows));
  return {};
}

/// Fills rows [at, at + rows) of `out`, which has the kind and the scale of the header and as many cells.
Result<void> read_cells(ByteReader& reader, const Header& header, std::size_t at, std::size_t rows, Scratch::State& state, Column& out) {
  bool sound = true;
  if (header.encoding == Encoding::none) {
    std::fill_n(out.mantissa.data() + at, rows, Column::kMissing);
  } else if (header.encoding == Encoding::real_xor) {
    sound = read_reals(reader, header.present, state, out.real.data() + at);
  } else {
    sound = read_decimal(reader, header.encoding, header.present, state, bits_of(out.mantissa.data() + at));
  }
  if (!sound || !reader.done()) {
    return fail(Errc::corrupt, fmt::format("column: damaged values (encoding {})", static_cast<unsigned>(header.encoding)));
  }
  if (!state.runs.empty()) {
    if (out.kind == Column::Kind::real) {
      spread(state.runs, rows, std::numeric_limits<double>::quiet_NaN(), out.real.data() + at);
    } else {
      spread(state.runs, rows, Column::kMissing, out.mantissa.data() + at);
    }
  }
  out.missing += static_cast<std::uint32_t>(rows - header.present);
  return {};
}

Column::Kind kind_of(const Header& header) noexcept {
  return header.encoding == Encoding::real_xor ? Column::Kind::real : Column::Kind::decimal;
}

Result<void> replace_cells(std::span<const std::byte> bytes, std::size_t rows, Scratch::State& state, Column& out) {
  PV_TRY_VOID(check_rows(rows));
  ByteReader reader(bytes);
  PV_TRY(const Header header, read_header(reader, rows, state));
  out.kind = kind_of(header);
  out.decimals = header.decimals;
  out.missing = 0;
  // Resized, not cleared: cells that are about to be overwritten are not zeroed first.
  out.mantissa.resize(out.kind == Column::Kind::decimal ? rows : 0);
  out.real.resize(out.kind == Column::Kind::real ? rows : 0);
  return read_cells(reader, header, 0, rows, state, out);
}

}  // namespace

void encode_column(const Column& column, const EncodeOptions& options, Scratch& scratch, std::vector<std::byte>& out) {
  const std::size_t rows = column.size();
  const bool decimal = column.kind == Column::Kind::decimal;
  PV_CHECK(rows > 0 && rows <= kMaxRows);
  PV_CHECK(!decimal || column.decimals <= model::kMaxDecimals);
  PV_CHECK(column.missing == (decimal ? count_missing(column.mantissa.data(), rows) : count_missing(column.real)));
  if (column.missing == rows) {
    write_header(Encoding::none, column, scratch.state(), out);
  } else if (decimal) {
    encode_decimal(column, options, scratch.state(), out);
  } else {
    encode_real(column, options, scratch.state(), out);
  }
}

Result<void> decode_column(std::span<const std::byte> bytes, std::size_t rows, Scratch& scratch, Column& out) {
  Result<void> read = replace_cells(bytes, rows, scratch.state(), out);
  if (!read) out.clear();
  return read;
}

Result<void> append_column(std::span<const std::byte> bytes, std::size_t rows, Scratch& scratch, Column& out) {
  if (out.size() == 0) return decode_column(bytes, rows, scratch, out);
  PV_TRY_VOID(check_rows(rows));
  ByteReader reader(bytes);
  PV_TRY(const Header header, read_header(reader, rows, scratch.state()));
  if (header.encoding == Encoding::none && reader.done()) {
    out.push_missing(rows);
    return {};
  }
  if (kind_of(header) != out.kind || (out.kind == Column::Kind::decimal && header.decimals != out.decimals)) {
    Column segment;
    PV_TRY_VOID(decode_column(bytes, rows, scratch, segment));
    out.append(segment, 0, rows);
    return {};
  }
  const std::size_t at = out.size();
  const auto resize = [&](std::size_t size) {
    if (out.kind == Column::Kind::decimal) {
      out.mantissa.resize(size);
    } else {
      out.real.resize(size);
    }
  };
  resize(at + rows);
  Result<void> read = read_cells(reader, header, at, rows, scratch.state(), out);
  if (!read) resize(at);
  return read;
}

}  // namespace pv::codec
