#include "influx/csv.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "influx/connection.h"
#include "influx/told.h"

namespace pv::influx {
namespace {

constexpr std::size_t kMostRecordBytes = 1U << 20;
constexpr std::size_t kMostColumns = 1'000;

std::vector<std::string> owned(std::span<const std::string_view> cells) { return {cells.begin(), cells.end()}; }

std::optional<std::int64_t> digits(std::string_view text, std::size_t at, std::size_t count) noexcept {
  if (at + count > text.size()) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::optional<std::size_t> CsvBlock::find(std::string_view name) const {
  const auto at = std::find(names.begin(), names.end(), name);
  return at == names.end() ? std::nullopt : std::optional(static_cast<std::size_t>(at - names.begin()));
}

Result<void> CsvReader::push(std::string_view bytes) {
  for (const char c : bytes) {
    switch (where_) {
      case Where::start_of_cell:
        if (c == '"') {
          where_ = Where::quoted;
          continue;
        }
        where_ = Where::cell;
        break;
      case Where::quoted:
        if (c == '"') {
          where_ = Where::quote_in_quoted;
        } else {
          record_ += c;
        }
        if (record_.size() > kMostRecordBytes) return fail(Errc::unavailable, "the answer has a row of more than 1 MiB");
        continue;
      case Where::quote_in_quoted:
        if (c == '"') {
          record_ += '"';
          where_ = Where::quoted;
          continue;
        }
        where_ = Where::cell;
        break;
      case Where::cell: break;
    }
    if (c == ',') {
      PV_TRY_VOID(end_cell());
    } else if (c == '\n') {
      PV_TRY_VOID(end_record());
    } else {
      record_ += c;
      if (record_.size() > kMostRecordBytes) return fail(Errc::unavailable, "the answer has a row of more than 1 MiB");
    }
  }
  return {};
}

Result<void> CsvReader::end_cell() {
  ends_.push_back(record_.size());
  where_ = Where::start_of_cell;
  if (ends_.size() > kMostColumns) return fail(Errc::unavailable, "the answer has more than 1,000 columns");
  return {};
}

Result<void> CsvReader::end_record() {
  const std::size_t from = ends_.empty() ? 0 : ends_.back();
  if (record_.size() > from && record_.back() == '\r') record_.pop_back();
  PV_TRY_VOID(end_cell());
  cells_.clear();
  std::size_t begin = 0;
  for (const std::size_t end : ends_) {
    cells_.push_back(std::string_view(record_).substr(begin, end - begin));
    begin = end;
  }
  auto taken = take_record(cells_);
  record_.clear();
  ends_.clear();
  return taken;
}

Result<void> CsvReader::take_record(std::span<const std::string_view> cells) {
  if (cells.size() == 1 && cells[0].empty()) {
    expects_header_ = true;
    next_ = {};
    return {};
  }
  if (cells[0].starts_with('#')) {
    if (!expects_header_) next_ = {};
    expects_header_ = true;
    if (cells[0] == "#datatype") next_.types = owned(cells);
    if (cells[0] == "#default") next_.defaults = owned(cells);
    return {};
  }
  if (expects_header_) {
    expects_header_ = false;
    next_.number = block_.number + 1;
    block_ = std::exchange(next_, {});
    block_.names = owned(cells);
    block_.types.resize(cells.size());
    block_.defaults.resize(cells.size());
    block_.defaults[0].clear();  // of the column that has the annotations' names
    tells_error_ = block_.find("error") && block_.find("reference");
    return {};
  }
  if (cells.size() != block_.names.size()) {
    return fail(Errc::unavailable, fmt::format("the answer has a row of {} cells under {} columns", cells.size(), block_.names.size()));
  }
  if (tells_error_) return fail(Errc::unavailable, fmt::format("the query failed on the server: {}", told(cells[*block_.find("error")])));
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    if (cells_[i].empty()) cells_[i] = block_.defaults[i];
  }
  return row_(block_, cells_);
}

Result<void> CsvReader::finish() {
  if (!record_.empty() || !ends_.empty() || where_ != Where::start_of_cell) return fail(Errc::unavailable, "the answer ends in the middle of a row");
  return {};
}

std::optional<std::int64_t> read_time(std::string_view text) noexcept {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':' || *hour > 23 || *minute > 59 || *second > 60) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  std::string_view rest = text.substr(19);
  if (rest.starts_with('.')) {
    const std::size_t end = rest.find_first_not_of("0123456789", 1);
    rest.remove_prefix(std::min(end, rest.size()));
  }
  std::int64_t offset_s = 0;
  if (rest != "Z") {
    const auto hours = digits(rest, 1, 2), minutes = digits(rest, 4, 2);
    if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':' || !hours || !minutes) return std::nullopt;
    offset_s = (*hours * 3'600 + *minutes * 60) * (rest[0] == '-' ? -1 : 1);
  }
  return std::chrono::sys_days(date).time_since_epoch().count() * 86'400LL + *hour * 3'600 + *minute * 60 + *second - offset_s;
}

std::optional<double> read_number(std::string_view text) noexcept {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace pv::influx
