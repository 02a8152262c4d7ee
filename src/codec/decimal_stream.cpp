#include "codec/decimal_stream.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/arch.h"
#include "codec/plane.h"
#include "codec/split_stream.h"
#include "model/column.h"

namespace pv::codec {
namespace {

/// Mantissas travel as their 32 bits; arithmetic on them wraps, so that any two have a difference.
constexpr std::uint32_t kMissingBits = std::bit_cast<std::uint32_t>(model::Column::kMissing);
constexpr std::uint32_t kSign = 0x8000'0000U;

PV_KERNEL std::size_t mark_changes(const std::uint32_t* values, std::size_t count, std::byte* bitmap) noexcept {
  std::size_t changes = values[0] != 0 ? 1 : 0;
  bitmap[0] = static_cast<std::byte>(changes);
  for (std::size_t i = 1; i < count; ++i) {
    const unsigned differs = values[i] != values[i - 1] ? 1U : 0U;
    if (i % 8 == 0) bitmap[i / 8] = std::byte{0};
    bitmap[i / 8] |= static_cast<std::byte>(differs << (i % 8));
    changes += differs;
  }
  return changes;
}

void keep_changed(std::span<const std::uint32_t> values, std::span<const std::byte> bitmap, std::vector<std::uint32_t>& changed) {
  changed.resize(values.size() + 1);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    changed[kept] = values[i];
    kept += static_cast<unsigned>(bitmap[i / 8]) >> (i % 8) & 1U;
  }
  changed.resize(kept);
}

PV_KERNEL void to_deltas(const std::uint32_t* values, std::size_t count, std::uint32_t* entries) noexcept {
  entries[0] = (values[0] << 1) ^ (0 - (values[0] >> 31));
  for (std::size_t i = 1; i < count; ++i) {
    const std::uint32_t delta = values[i] - values[i - 1];
    entries[i] = (delta << 1) ^ (0 - (delta >> 31));
  }
}

using FourValues __attribute__((vector_size(16))) = std::uint32_t;

/// Running sums, four at a time: within a vector by two shifted additions, from vector to vector by its last lane.
///
///   d0       d1       d2       d3            lanes 0 and 1 are added to their right neighbours, then to the next but one
///   d0       d0+d1    d1+d2    d2+d3
///   d0       d0+d1    d0+…+d2  d0+…+d3       and the sum so far is added to all
PV_KERNEL void from_deltas(std::uint32_t* entries, std::size_t count) noexcept {
  const FourValues zero = {0, 0, 0, 0};
  FourValues sum = zero;
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    FourValues values;
    std::memcpy(&values, entries + i, sizeof values);
    values = (values >> 1) ^ (zero - (values & 1));
    values += __builtin_shufflevector(zero, values, 0, 4, 5, 6);
    values += __builtin_shufflevector(zero, values, 0, 1, 4, 5);
    values += sum;
    std::memcpy(entries + i, &values, sizeof values);
    sum = __builtin_shufflevector(values, values, 3, 3, 3, 3);
  }
  std::uint32_t value = sum[0];
  for (; i < count; ++i) {
    value += (entries[i] >> 1) ^ (0 - (entries[i] & 1U));
    entries[i] = value;
  }
}

/// The smallest as a signed number: flipping the sign bit makes unsigned order the same as signed order.
PV_KERNEL std::uint32_t smallest(const std::uint32_t* values, std::size_t count) noexcept {
  std::uint32_t least = ~std::uint32_t{0};
  for (std::size_t i = 0; i < count; ++i) least = std::min(least, values[i] ^ kSign);
  return least ^ kSign;
}

PV_KERNEL void subtract(const std::uint32_t* values, std::size_t count, std::uint32_t base, std::uint32_t* entries) noexcept {
  for (std::size_t i = 0; i < count; ++i) entries[i] = values[i] - base;
}

PV_KERNEL void add(std::uint32_t* values, std::size_t count, std::uint32_t base) noexcept {
  for (std::size_t i = 0; i < count; ++i) values[i] += base;
}

PV_KERNEL bool has_missing(const std::uint32_t* values, std::size_t count) noexcept {
  std::uint32_t found = 0;
  for (std::size_t i = 0; i < count; ++i) found |= values[i] == kMissingBits ? 1U : 0U;
  return found != 0;
}

void to_entries(std::span<const std::uint32_t> values, Domain domain, std::vector<std::uint32_t>& entries) {
  entries.resize(values.size());
  if (values.empty()) return;
  if (domain == Domain::delta) {
    to_deltas(values.data(), values.size(), entries.data());
  } else {
    subtract(values.data(), values.size(), smallest(values.data(), values.size()), entries.data());
  }
}

struct DomainPlan {
  Domain domain = Domain::delta;
  SplitPlan split;
};

DomainPlan plan_domain(std::span<const std::uint32_t> values, Effort effort, Scratch::State& state) {
  DomainPlan best{.domain = Domain::delta, .split = {.low_bits = 0, .bytes = ~std::size_t{0}}};
  for (const Domain domain : {Domain::delta, Domain::offset}) {
    to_entries(values, domain, state.entries);
    const SplitPlan split = plan_split(state.entries, effort);
    if (split.bytes < best.split.bytes) best = {.domain = domain, .split = split};
  }
  return best;
}

//   bits of a byte   b0 b1 b2 … b7       row i of eight takes the value that is b0 + … + bi further on
constexpr auto kSteps = [] {
  std::array<std::array<std::uint8_t, 8>, 256> steps{};
  for (unsigned bits = 0; bits < 256; ++bits) {
    for (unsigned row = 0; row < 8; ++row) steps[bits][row] = static_cast<std::uint8_t>(std::popcount(bits & ((2U << row) - 1)));
  }
  return steps;
}();

/// `values[0]` holds before the first change; `values` has one more for every bit that is set.
void repeat_between_changes(const std::byte* bitmap, std::size_t count, const std::uint32_t* values, std::uint32_t* out) noexcept {
  const std::size_t whole = count / 8;
  for (std::size_t i = 0; i < whole; ++i, out += 8) {
    const auto bits = static_cast<unsigned>(bitmap[i]);
    if (bits == 0) {  // the usual byte of a load that is off
      std::fill_n(out, 8, values[0]);
      continue;
    }
    const auto& steps = kSteps[bits];
    for (std::size_t row = 0; row < 8; ++row) out[row] = values[steps[row]];
    values += steps[7];
  }
  for (std::size_t row = 0; row < count % 8; ++row) out[row] = values[kSteps[static_cast<unsigned>(bitmap[whole])][row]];
}

std::size_t count_bits(std::span<const std::byte> bitmap) noexcept {
  std::size_t bits = 0;
  std::uint64_t word = 0;
  for (; bitmap.size() >= sizeof word; bitmap = bitmap.subspan(sizeof word)) {
    std::memcpy(&word, bitmap.data(), sizeof word);
    bits += static_cast<std::size_t>(std::popcount(word));
  }
  for (const std::byte byte : bitmap) bits += kSteps[static_cast<unsigned>(byte)][7];
  return bits;
}

void write_entries(std::span<const std::uint32_t> values, const DecimalPlan& plan, const EncodeOptions& options, Scratch::State& state,
                   std::vector<std::byte>& out) {
  ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>(plan.domain));
  if (plan.domain == Domain::offset) {
    writer.signed_varint(std::bit_cast<std::int32_t>(smallest(values.data(), values.size())));
  }
  to_entries(values, plan.domain, state.entries);
  write_split(state.entries, plan.low_bits, options, state, out);
}

bool read_mantissa(ByteReader& reader, std::uint32_t& value) noexcept {
  const std::int64_t wide = reader.signed_varint();
  value = static_cast<std::uint32_t>(wide);
  return reader.ok() && wide == std::bit_cast<std::int32_t>(value) && value != kMissingBits;
}

bool read_entries(ByteReader& reader, std::size_t count, Scratch::State& state, std::uint32_t* out) {
  const auto domain = static_cast<Domain>(reader.u8());
  std::uint32_t base = 0;
  if (domain == Domain::offset && !read_mantissa(reader, base)) return false;
  if (domain != Domain::offset && domain != Domain::delta) return false;
  if (!read_split(reader, count, state, out)) return false;
  if (domain == Domain::delta) {
    from_deltas(out, count);
  } else {
    add(out, count, base);
  }
  return !has_missing(out, count);
}

}  // namespace

DecimalPlan plan_decimal(std::span<const std::uint32_t> mantissas, Effort effort, Scratch::State& state) {
  const std::size_t count = mantissas.size();
  state.bitmap.resize((count + 7) / 8);
  const std::size_t changes = mark_changes(mantissas.data(), count, state.bitmap.data());
  if (changes == (mantissas[0] != 0 ? 1U : 0U)) return {.encoding = Encoding::constant};

  keep_changed(mantissas, state.bitmap, state.changed);
  // A bitmap costs up to a bit a row and saves at least a bit for each repeat.
  const bool changes_only = changes * 10 < count * 6;
  const bool plain_only = changes * 100 > count * 95 || (effort == Effort::quick && changes * 10 > count * 8);
  DomainPlan compact{.split = {.bytes = ~std::size_t{0}}};
  if (!plain_only) {
    compact = plan_domain(state.changed, effort, state);
    compact.split.bytes += state.bitmap.size();
    if (changes_only || effort == Effort::quick) {
      return {.encoding = Encoding::decimal_changes, .domain = compact.domain, .low_bits = compact.split.low_bits};
    }
  }
  const DomainPlan plain = plan_domain(mantissas, effort, state);
  if (compact.split.bytes < plain.split.bytes) {
    return {.encoding = Encoding::decimal_changes, .domain = compact.domain, .low_bits = compact.split.low_bits};
  }
  return {.encoding = Encoding::decimal_plain, .domain = plain.domain, .low_bits = plain.split.low_bits};
}

void write_decimal(std::span<const std::uint32_t> mantissas, const DecimalPlan& plan, const EncodeOptions& options, Scratch::State& state,
                   std::vector<std::byte>& out) {
  if (plan.encoding == Encoding::constant) {
    ByteWriter(out).signed_varint(std::bit_cast<std::int32_t>(mantissas[0]));
    return;
  }
  if (plan.encoding == Encoding::decimal_plain) {
    write_entries(mantissas, plan, options, state, out);
    return;
  }
  state.bitmap.resize((mantissas.size() + 7) / 8);
  mark_changes(mantissas.data(), mantissas.size(), state.bitmap.data());
  keep_changed(mantissas, state.bitmap, state.changed);
  write_plane(state.bitmap, options, state, out);
  write_entries(state.changed, plan, options, state, out);
}

bool read_decimal(ByteReader& reader, Encoding encoding, std::size_t count, Scratch::State& state, std::uint32_t* out) {
  if (encoding == Encoding::constant) {
    std::uint32_t value = 0;
    if (!read_mantissa(reader, value)) return false;
    std::fill_n(out, count, value);
    return true;
  }
  if (encoding == Encoding::decimal_plain) return read_entries(reader, count, state, out);

  if (!read_plane(reader, (count + 7) / 8, state, state.bitmap)) return false;
  const std::size_t changes = count_bits(state.bitmap);
  if (changes == 0 || changes > count) return false;
  state.changed.resize(changes + 1);
  state.changed[0] = 0;
  if (!read_entries(reader, changes, state, state.changed.data() + 1)) return false;
  repeat_between_changes(state.bitmap.data(), count, state.changed.data(), out);
  return true;
}

}  // namespace pv::codec
