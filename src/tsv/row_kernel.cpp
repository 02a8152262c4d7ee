#include "tsv/row_kernel.h"

#include <bit>
#include <cstring>
#include <limits>

#include "base/arch.h"
#include "tsv/number.h"
#include "tsv/timestamp.h"

namespace pv::tsv {
namespace {

static_assert(std::endian::native == std::endian::little, "the kernel reads text as little-endian words");

constexpr std::uint64_t kZeros = 0x3030303030303030;      // "00000000"
constexpr std::uint64_t kEndBits = 0x2020202020202020;    // of a byte xor '0': tab, LF, CR; neither digit nor point
constexpr std::uint64_t kPointBits = 0x1010101010101010;  // likewise: point, and the ends
constexpr std::uint64_t kHighBits = 0x8080808080808080;
constexpr std::uint64_t kAboveNine = 0x7676767676767676;  // carries a byte above 9 into its high bit
constexpr std::uint64_t kPointMark = '.' ^ '0';
constexpr std::uint64_t kSignMark = '-' ^ '0';
constexpr std::size_t kStampField = kStampBytes + 1;  // with its tab
constexpr unsigned kMaxFastPlaces = 6;
// Six digits times 1000 fit a mantissa.
constexpr unsigned kMaxStep = 3;

constexpr CellShapes make_shapes(unsigned column_decimals) {
  CellShapes shapes{};
  shapes.fill({~std::uint64_t{0}, 0, 0, 0});  // spoils every cell
  // "5." is left to the slower path, and with it "." and "-.".
  for (unsigned places = 1; places <= kMaxFastPlaces && places <= column_decimals; ++places) {
    if (column_decimals - places > kMaxStep) continue;
    const unsigned bit = 8 * (7 - places);
    shapes[places] = {kPointMark << bit, kAboveNine + (std::uint64_t{9} << bit), (std::uint64_t{1} << bit) - 1,
                      model::kIntPowerOfTen[column_decimals - places]};
  }
  return shapes;
}

constexpr std::array<CellShapes, model::kMaxDecimals + 1> make_all_shapes() {
  std::array<CellShapes, model::kMaxDecimals + 1> all{};
  for (unsigned decimals = 0; decimals < all.size(); ++decimals) all[decimals] = make_shapes(decimals);
  return all;
}
constexpr std::array<CellShapes, model::kMaxDecimals + 1> kShapes = make_all_shapes();
constexpr CellShapes kNoShapes = make_shapes(0);

[[gnu::always_inline]] inline std::uint64_t load8(const char* p) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, p, sizeof word);
  return word;
}

/// Eight digits, one a byte, the first in the lowest.
[[gnu::always_inline]] inline std::uint64_t number_of(std::uint64_t digits) noexcept {
  constexpr std::uint64_t kPairs = 0x000000ff000000ff;
  digits = digits * 10 + (digits >> 8);
  return ((digits & kPairs) * 0x000f424000000064 + ((digits >> 16) & kPairs) * 0x0000271000000001) >> 32;
}

/// Second of the day of "HH:MM:SS", or a number beyond any day.
[[gnu::always_inline]] inline std::uint32_t second_of_day(const char* p) noexcept {
  constexpr std::uint64_t kPattern = 0x30303a30303a3030;  // "00:00:00"
  constexpr std::uint64_t kLimits = 0x76767f76767f7676;   // digits up to 9, colons exactly
  const std::uint64_t digits = load8(p) ^ kPattern;
  if ((((digits + kLimits) | digits) & kHighBits) != 0) return ~0U;
  const std::uint64_t pairs = digits * 10 + (digits >> 8);
  const auto hours = static_cast<std::uint32_t>(pairs & 0xff);
  const auto minutes = static_cast<std::uint32_t>((pairs >> 24) & 0xff);
  const auto seconds = static_cast<std::uint32_t>((pairs >> 48) & 0xff);
  if (minutes > 59 || seconds > 59) return ~0U;
  return hours * 3600 + minutes * 60 + seconds;
}

/// A cell that one load does not hold, or in an odd spelling. Returns its end; null when the column would have to change
/// for it, or it is no number.
[[gnu::noinline, gnu::cold]] const char* take_long_cell(const char* p, const char* end, const FastColumn& column, std::size_t row) noexcept {
  const char* stop = p;
  while (stop != end && static_cast<unsigned char>(*stop) >= 0x20 && static_cast<std::size_t>(stop - p) <= kMaxCellBytes) ++stop;
  if (stop == end) return nullptr;
  const std::string_view text(p, static_cast<std::size_t>(stop - p));
  model::Column& target = *column.column;
  if (target.kind == model::Column::Kind::real) {
    const auto value = parse_decimal(text);
    if (!value) return nullptr;
    target.real[row] = *value;
    return stop;
  }
  const auto decimal = parse_plain(text);
  if (!decimal || decimal->places > target.decimals) return nullptr;
  // The first measured value sets the column's decimals, on the careful path.
  if (column.shapes == &kNoShapes && decimal->mantissa != 0) return nullptr;
  std::int64_t scaled = 0;
  if (__builtin_mul_overflow(decimal->mantissa, model::kIntPowerOfTen[target.decimals - decimal->places], &scaled)) return nullptr;
  if (scaled <= model::Column::kMissing || scaled > std::numeric_limits<std::int32_t>::max()) return nullptr;
  target.mantissa[row] = static_cast<std::int32_t>(scaled);
  return stop;
}

/// Cells of one row from `p`; the end of its last cell, or null.
[[gnu::always_inline]] inline const char* take_cells(const char* p, const RowKernel& kernel, const char* last_load, std::size_t row) noexcept {
  const FastColumn* column = kernel.columns;
  const FastColumn* const last_column = column + (kernel.column_count - 1);
  for (;; ++column) {
    if (p > last_load) [[unlikely]] return nullptr;
    const std::uint64_t text = load8(p);
    const std::uint64_t ends = ~text & kEndBits;
    if (ends == 0) [[unlikely]] {
      p = take_long_cell(p, kernel.end, *column, row);
      if (p == nullptr || column == last_column) return p;
      if (*p++ != '\t') return nullptr;
      continue;
    }
    // The next load waits for this chain alone: load, end bit, position.
    const auto end_bit = static_cast<unsigned>(std::countr_zero(ends));
    const char* const next = p + 1 + (end_bit >> 3);
    // A sign becomes a leading zero.
    const std::uint64_t sign = -static_cast<std::uint64_t>((text & 0xff) == '-');
    const std::uint64_t word = text ^ kZeros ^ (sign & kSignMark);
    const auto point_bit = static_cast<unsigned>(std::countr_zero((word & kPointBits) | ends));
    const CellShape& shape = (*column->shapes)[((end_bit >> 3) - (point_bit >> 3) - 1) & 15];
    std::uint64_t digits = (word << ((69 - end_bit) & 63)) ^ shape.point;
    if ((((digits + shape.limits) | digits) & kHighBits) != 0) [[unlikely]] {
      if (take_long_cell(p, kernel.end, *column, row) != next - 1) return nullptr;
    } else {
      const std::uint64_t decimals = digits & shape.decimals;
      digits += (decimals << 8) - decimals;
      const std::uint64_t value = number_of(digits) * static_cast<std::uint64_t>(shape.factor);
      column->out[row] = static_cast<std::int32_t>((value ^ sign) - sign);
    }
    if (column == last_column) return next - 1;
    if (next[-1] != '\t') [[unlikely]] return nullptr;
    p = next;
  }
}

}  // namespace

const CellShapes& shapes_of(unsigned column_decimals) noexcept { return kShapes[column_decimals]; }
const CellShapes& no_shapes() noexcept { return kNoShapes; }

PV_KERNEL KernelStop run_rows(RowKernel& kernel) noexcept {
  if (static_cast<std::size_t>(kernel.end - kernel.at) < kStampField + kCellLoad) return KernelStop::row;
  const char* const last_load = kernel.end - kCellLoad;
  const char* p = kernel.at;
  std::size_t row = kernel.row;
  KernelStop stop = KernelStop::row;
  for (;;) {
    if (last_load - p < static_cast<std::ptrdiff_t>(kStampField)) break;
    if (load8(p) != kernel.day_text) {
      stop = KernelStop::day;
      break;
    }
    if (row == kernel.capacity) {
      stop = KernelStop::full;
      break;
    }
    const std::uint32_t second = second_of_day(p + 9);
    if (p[8] != ' ' || p[kStampBytes] != '\t' || second < kernel.first_second || second >= kernel.end_second) break;
    // A row that begins with a bare 0 may be a restart row.
    if (p[kStampField] == '0' && static_cast<unsigned char>(p[kStampField + 1]) < 0x20) break;
    const char* row_end = take_cells(p + kStampField, kernel, last_load, row);
    if (row_end == nullptr) break;
    if (*row_end == '\r' && row_end + 1 != kernel.end) ++row_end;
    if (*row_end != '\n') break;
    kernel.time_s[row] = kernel.midnight_utc_s + second;
    ++row;
    p = row_end + 1;
  }
  kernel.line += row - kernel.row;
  kernel.row = row;
  kernel.at = p;
  return stop;
}

}  // namespace pv::tsv
