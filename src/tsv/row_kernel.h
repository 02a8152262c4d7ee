#pragma once
/// The hot loop: rows of plain numbers to mantissas, eight bytes a cell, without a branch on the data.
///
///   bytes    2 4 2 . 3 0 \t 3      one unaligned load
///   xor '0'  2 4 2 . 3 0 *  *      bit 0x20 marks the end of the cell, bit 0x10 the point (and the end)
///   shift    _ _ 2 4 2 . 3 0      the cell's last byte comes to the top, zeros fill from below
///   no point _ _ _ 2 4 2 3 0      digits close up, three multiplications make 24230
///   factor   24230 * 10^(column's decimals - cell's decimals)
///
/// Cells without a point, longer cells and odd spellings leave this path for a slower one, and come back behind it.
/// Whatever is not such a row stops the loop untouched, and the careful path (table.h) takes that one row.

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/column.h"

namespace pv::tsv {

/// Longest cell with its end that one load holds.
inline constexpr std::size_t kCellLoad = 8;

/// How to read a cell with a given number of decimals into a column of a given scale.
struct CellShape {
  std::uint64_t point;     // xor that turns the expected point into 0, or spoils the cell
  std::uint64_t limits;    // carries a byte above 9 into its high bit, and at the point any byte but 0
  std::uint64_t decimals;  // mask of the bytes below the point
  std::int64_t factor;     // 10^(column's decimals - cell's decimals)
};
using CellShapes = std::array<CellShape, 16>;  // by the number of decimals; 15: no point
[[nodiscard]] const CellShapes& shapes_of(unsigned column_decimals) noexcept;
/// Spoils every cell.
[[nodiscard]] const CellShapes& no_shapes() noexcept;

struct FastColumn {
  std::int32_t* out = nullptr;
  const CellShapes* shapes = nullptr;
  model::Column* column = nullptr;
};

struct RowKernel {
  const char* at = nullptr;         // first byte of the next row
  const char* end = nullptr;        // of the text
  std::uint64_t line = 0;           // number of the next row's line
  const FastColumn* columns = nullptr;
  std::size_t column_count = 0;
  std::int64_t* time_s = nullptr;
  std::size_t row = 0;              // index of the next row
  std::size_t capacity = 0;         // rows the columns have room for

  // The day whose stamps are known: first eight bytes of the stamp, and the seconds with a certain offset.
  std::uint64_t day_text = 0;
  std::int64_t midnight_utc_s = 0;
  std::uint32_t first_second = 0;
  std::uint32_t end_second = 0;
};

enum class KernelStop : std::uint8_t {
  row,   // the row at `at` needs the careful path
  day,   // its day is not the known one
  full,  // no room for another row
};

/// Takes rows until one stops it. Cells beyond kernel.row of the columns may be overwritten.
KernelStop run_rows(RowKernel& kernel) noexcept;

}  // namespace pv::tsv
