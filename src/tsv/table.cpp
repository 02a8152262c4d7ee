#include "tsv/table.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "tsv/number.h"

namespace pv::tsv {
namespace {

using model::Column;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool fits(std::int64_t mantissa) noexcept {
  return mantissa > Column::kMissing && mantissa <= std::numeric_limits<std::int32_t>::max();
}

bool is_scaled(std::int64_t value, unsigned steps, std::int64_t& scaled) noexcept {
  return !__builtin_mul_overflow(value, std::int64_t{model::kIntPowerOfTen[steps]}, &scaled) && fits(scaled);
}

void clear_cell(Column& column, std::size_t row) noexcept {
  if (column.kind == Column::Kind::real) {
    column.real[row] = kNaN;
  } else {
    column.mantissa[row] = Column::kMissing;
  }
}

void count_missing(Column& column) noexcept {
  column.missing = column.kind == Column::Kind::real
                       ? static_cast<std::uint32_t>(std::count_if(column.real.begin(), column.real.end(), [](double v) { return v != v; }))
                       : static_cast<std::uint32_t>(std::count(column.mantissa.begin(), column.mantissa.end(), Column::kMissing));
}

/// Keeps the cells at `rows`, in that order.
void keep_rows(Column& column, const std::vector<std::uint32_t>& rows) {
  const auto gather = [&](auto& cells) {
    std::remove_reference_t<decltype(cells)> kept(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) kept[i] = cells[rows[i]];
    cells = std::move(kept);
  };
  if (column.kind == Column::Kind::real) {
    gather(column.real);
  } else {
    gather(column.mantissa);
  }
}

void drop_empty_rows(model::LoggerTable& table) {
  std::vector<std::uint32_t> kept;
  std::optional<std::uint32_t> provisional;
  for (std::uint32_t row = 0; row < table.rows.time_s.size(); ++row) {
    const bool any = std::any_of(table.rows.columns.begin(), table.rows.columns.end(), [&](const Column& c) { return !c.is_missing(row); });
    if (!any) continue;
    if (table.provisional_row == row) provisional = static_cast<std::uint32_t>(kept.size());
    table.rows.time_s[kept.size()] = table.rows.time_s[row];
    kept.push_back(row);
  }
  table.provisional_row = provisional;
  table.rows.time_s.resize(kept.size());
  for (Column& column : table.rows.columns) {
    keep_rows(column, kept);
    count_missing(column);
  }
}

}  // namespace

Table::Table(std::vector<model::Channel> channels, std::size_t row_limit)
    : channels_(std::move(channels)), columns_(channels_.size()), fast_(channels_.size()), has_scale_(channels_.size(), false),
      row_limit_(0) {
  limit_rows(row_limit);
  for (std::size_t i = 0; i < columns_.size(); ++i) refresh(i);
}

void Table::limit_rows(std::size_t row_limit) noexcept {
  row_limit_ = std::min<std::size_t>(row_limit, std::numeric_limits<std::uint32_t>::max());
}

void Table::shrink() {
  if (capacity_ <= rows_ + rows_ / 2 + 64) return;
  capacity_ = rows_;
  const auto cut = [&](auto& cells) {
    cells.resize(rows_);
    cells.shrink_to_fit();
  };
  cut(time_s_);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].kind == Column::Kind::real) {
      cut(columns_[i].real);
    } else {
      cut(columns_[i].mantissa);
    }
    refresh(i);
  }
}

bool Table::reserve(std::size_t rows) {
  rows = std::min(rows, row_limit_);
  if (rows <= capacity_) return false;
  capacity_ = rows;
  time_s_.resize(rows);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].kind == Column::Kind::real) {
      columns_[i].real.resize(rows);
    } else {
      columns_[i].mantissa.resize(rows);
    }
    refresh(i);
  }
  return true;
}

void Table::refresh(std::size_t column) {
  Column& c = columns_[column];
  const bool plain = c.kind == Column::Kind::decimal && has_scale_[column];
  fast_[column] = {c.mantissa.data(), plain ? &shapes_of(c.decimals) : &no_shapes(), &c};
}

void Table::lend(RowKernel& kernel) noexcept {
  kernel.columns = fast_.data();
  kernel.column_count = fast_.size();
  kernel.time_s = time_s_.data();
  kernel.row = rows_;
  kernel.capacity = capacity_;
}

bool Table::put(std::size_t column, std::string_view cell) {
  if (const auto plain = parse_plain(cell)) {
    put_decimal(column, plain->mantissa, plain->places);
    return true;
  }
  if (const auto value = parse_decimal(cell)) {
    put_real(column, *value);
    return true;
  }
  put_missing(column);
  return false;
}

void Table::put_missing(std::size_t column) {
  has_missing_ = true;
  clear_cell(columns_[column], rows_);
}

void Table::put_decimal(std::size_t column, std::int64_t mantissa, unsigned places) {
  Column& c = columns_[column];
  if (c.kind == Column::Kind::decimal && !has_scale_[column]) {
    c.decimals = static_cast<std::uint8_t>(places);
    // A bare 0 fits every scale; the first measured value shall set it.
    has_scale_[column] = mantissa != 0 || places != 0;
    refresh(column);
  }
  if (c.kind == Column::Kind::decimal && places > c.decimals) {
    while (places > c.decimals && mantissa % 10 == 0) {
      mantissa /= 10;
      --places;
    }
    if (places > c.decimals) {
      widen(c, places);
      refresh(column);
    }
  }
  if (c.kind == Column::Kind::decimal) {
    std::int64_t scaled = 0;
    if (is_scaled(mantissa, c.decimals - places, scaled)) {
      c.mantissa[rows_] = static_cast<std::int32_t>(scaled);
      return;
    }
    make_real(c);
    refresh(column);
  }
  c.real[rows_] = static_cast<double>(mantissa) / model::kPowerOfTen[places] + 0.0;
}

void Table::put_real(std::size_t column, double value) {
  Column& c = columns_[column];
  if (c.kind == Column::Kind::decimal) {
    Column alone;  // knows whether the value is a short decimal
    alone.push_real(value);
    if (alone.kind == Column::Kind::decimal) {
      put_decimal(column, alone.mantissa[0], alone.decimals);
      return;
    }
    make_real(c);
    refresh(column);
  }
  c.real[rows_] = value + 0.0;
}

void Table::widen(Column& column, unsigned places) {
  const unsigned steps = places - column.decimals;
  std::int64_t scaled = 0;
  for (std::size_t row = 0; row < rows_; ++row) {
    if (column.mantissa[row] != Column::kMissing && !is_scaled(column.mantissa[row], steps, scaled)) {
      make_real(column);
      return;
    }
  }
  for (std::size_t row = 0; row < rows_; ++row) {
    if (column.mantissa[row] != Column::kMissing) column.mantissa[row] *= model::kIntPowerOfTen[steps];
  }
  column.decimals = static_cast<std::uint8_t>(places);
}

void Table::make_real(Column& column) {
  column.real.resize(capacity_);
  for (std::size_t row = 0; row < rows_; ++row) column.real[row] = column.value(row);
  column.kind = Column::Kind::real;
  column.mantissa = {};
}

void Table::commit_provisional(std::int64_t time_s) {
  provisional_ = rows_;
  commit(time_s);
}

void Table::truncate(std::size_t rows) {
  rows_ = std::min(rows_, rows);
  if (provisional_ && *provisional_ >= rows_) provisional_.reset();
}

std::uint64_t Table::join_same_instants() {
  std::vector<std::uint32_t> order(rows_);
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return time_s_[a] < time_s_[b]; });
  std::uint64_t joined = 0;
  std::vector<std::uint32_t> kept;
  kept.reserve(rows_);
  for (const std::uint32_t row : order) {
    if (kept.empty() || time_s_[kept.back()] != time_s_[row]) {
      kept.push_back(row);
      continue;
    }
    ++joined;
    if (provisional_ == row) {  // the last row of all, so a whole row stands before it
      provisional_.reset();
      continue;
    }
    // The later row takes over; where it has no value, the earlier one's stays.
    const std::uint32_t earlier = std::exchange(kept.back(), row);
    for (Column& c : columns_) {
      if (!has_missing_ || !c.is_missing(row)) continue;
      if (c.kind == Column::Kind::real) {
        c.real[row] = c.real[earlier];
      } else {
        c.mantissa[row] = c.mantissa[earlier];
      }
    }
  }
  std::optional<std::size_t> provisional;
  std::vector<std::int64_t> times(kept.size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    times[i] = time_s_[kept[i]];
    if (provisional_ == kept[i]) provisional = i;
  }
  provisional_ = provisional;
  time_s_ = std::move(times);
  rows_ = kept.size();
  for (Column& c : columns_) keep_rows(c, kept);
  return joined;
}

Table::Outcome Table::finish() {
  Outcome out;
  const auto rising = [&] { return std::adjacent_find(time_s_.begin(), time_s_.begin() + static_cast<std::ptrdiff_t>(rows_), std::greater_equal<>{}); };
  const bool in_order = rows_ == 0 || rising() == time_s_.begin() + static_cast<std::ptrdiff_t>(rows_);
  if (!in_order) out.duplicate_stamps = join_same_instants();
  shrink();
  time_s_.resize(rows_);
  for (Column& c : columns_) {
    if (c.kind == Column::Kind::real) {
      c.real.resize(rows_);
    } else {
      c.mantissa.resize(rows_);
    }
    if (has_missing_) count_missing(c);
  }
  out.table.channels = std::move(channels_);
  out.table.rows.time_s = std::move(time_s_);
  out.table.rows.columns = std::move(columns_);
  if (provisional_) out.table.provisional_row = static_cast<std::uint32_t>(*provisional_);
  rows_ = 0;
  capacity_ = 0;
  return out;
}

namespace {

/// Clears the cell that loses, for each instant and channel that both tables have.
std::uint64_t settle_pair(model::LoggerTable& earlier, model::LoggerTable& later) {
  std::unordered_map<std::string, std::size_t> of_field;
  for (std::size_t i = 0; i < later.channels.size(); ++i) {
    of_field.emplace(model::field_name(later.channels[i], model::ChannelIdStyle::device_first), i);
  }
  std::vector<std::pair<std::size_t, std::size_t>> same;
  for (std::size_t i = 0; i < earlier.channels.size(); ++i) {
    const auto found = of_field.find(model::field_name(earlier.channels[i], model::ChannelIdStyle::device_first));
    if (found != of_field.end()) same.emplace_back(i, found->second);
  }
  if (same.empty()) return 0;
  std::uint64_t met = 0;
  std::size_t a = 0;
  for (std::size_t b = 0; b < later.rows.time_s.size(); ++b) {
    while (a < earlier.rows.time_s.size() && earlier.rows.time_s[a] < later.rows.time_s[b]) ++a;
    if (a == earlier.rows.time_s.size()) break;
    if (earlier.rows.time_s[a] != later.rows.time_s[b]) continue;
    ++met;
    const bool later_wins = later.provisional_row != b;
    for (const auto& [i, j] : same) {
      Column& mine = earlier.rows.columns[i];
      Column& other = later.rows.columns[j];
      if (mine.is_missing(a) || other.is_missing(b)) continue;
      if (later_wins) {
        clear_cell(mine, a);
      } else {
        clear_cell(other, b);
      }
    }
  }
  return met;
}

}  // namespace

std::uint64_t settle_overlaps(std::span<model::LoggerTable> tables) {
  std::uint64_t met = 0;
  for (std::size_t later = 1; later < tables.size(); ++later) {
    for (std::size_t earlier = 0; earlier < later; ++earlier) met += settle_pair(tables[earlier], tables[later]);
  }
  if (met > 0) {
    for (model::LoggerTable& table : tables) drop_empty_rows(table);
  }
  return met;
}

}  // namespace pv::tsv
