#pragma once
/// Which rows have a value, as runs: present, missing, present, … The first may be empty, the others are not.
/// Private to this room.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/bytes.h"

namespace pv::codec {

/// Appends: varint number of runs, then a varint for each.
void write_runs(std::span<const std::uint32_t> runs, std::vector<std::byte>& out);

/// Replaces `runs`; they cover `rows` rows exactly. False when the bytes are corrupt.
[[nodiscard]] bool read_runs(ByteReader& reader, std::size_t rows, std::vector<std::uint32_t>& runs);

/// Replaces `runs` by those of `rows` cells. `is_missing(row)` tells.
template <class IsMissing>
void find_runs(std::size_t rows, IsMissing is_missing, std::vector<std::uint32_t>& runs) {
  runs.clear();
  std::uint32_t length = 0;
  bool missing = false;
  for (std::size_t row = 0; row < rows; ++row) {
    if (is_missing(row) != missing) {
      runs.push_back(length);
      length = 0;
      missing = !missing;
    }
    ++length;
  }
  runs.push_back(length);
}

[[nodiscard]] std::size_t present_rows(std::span<const std::uint32_t> runs) noexcept;

/// Moves the first present_rows(runs) cells to their rows, and fills the others. `cells` has room for all rows.
/// Works backwards, so that the cells may lie in the memory they are spread over.
template <class Cell>
void spread(std::span<const std::uint32_t> runs, std::size_t rows, Cell missing_cell, Cell* cells) {
  std::size_t from = present_rows(runs);
  std::size_t to = rows;
  for (std::size_t i = runs.size(); i-- > 0;) {
    for (std::uint32_t n = runs[i]; n > 0; --n) cells[--to] = i % 2 == 1 ? missing_cell : cells[--from];
  }
}

}  // namespace pv::codec
