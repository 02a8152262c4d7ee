#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "tsv/file_reader.h"
#include "tsv/number.h"
#include "tsv/printable.h"

namespace pv::tsv {
namespace {

/// The fields behind the stamp: "" when there are none.
std::string_view fields_of(std::string_view line) noexcept {
  return line.size() > kStampBytes ? line.substr(kStampBytes + 1) : std::string_view{};
}

bool is_restart(std::string_view fields) noexcept {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i] != (i % 2 == 0 ? '0' : '\t')) return false;
  }
  return fields.size() % 2 == 1;
}

}  // namespace

std::optional<LocalStamp> stamp_of(std::string_view line) noexcept {
  if (line.size() < kStampBytes || (line.size() > kStampBytes && line[kStampBytes] != '\t')) return std::nullopt;
  return parse_stamp(line.data());
}

std::size_t count_fields(std::string_view line) noexcept {
  if (line.size() <= kStampBytes) return 0;
  return static_cast<std::size_t>(std::count(line.begin() + kStampBytes, line.end(), '\t'));
}

bool FileReader::run_fast() {
  if (state_ != State::rows || head_ != Head::decided || restarts_.pending()) return false;
  const std::size_t before = table_->rows();
  kernel_.at = text_.data() + lines_.offset();
  kernel_.end = text_.data() + text_.size();
  kernel_.line = lines_.number();
  table_->lend(kernel_);
  const KernelStop stop = run_rows(kernel_);
  table_->take_back(kernel_);
  if (table_->rows() > before) {
    row_before_ = table_->times().back();
    report_.rows += table_->rows() - before;
    lines_.move_to(static_cast<std::uint64_t>(kernel_.at - text_.data()), static_cast<std::uint32_t>(kernel_.line));
    last_line_ = LastLine::kernel_row;
  }
  switch (stop) {
    case KernelStop::day: return know_day();
    case KernelStop::full: return table_->reserve(table_->rows() + table_->rows() / 2 + 64);
    case KernelStop::row: return false;
  }
  return false;
}

bool FileReader::know_day() {
  const auto stamp = stamp_of(lines_.rest().substr(0, kStampBytes));
  return stamp && know_day(*stamp, lines_.rest().data());
}

bool FileReader::know_day(const LocalStamp& stamp, const char* text) {
  const StampClock::DayWindow window = clock_.day_window(stamp);
  if (window.end_second == 0) return false;
  if (options_.latest_s && window.midnight_utc_s + window.first_second > *options_.latest_s) return false;
  std::memcpy(&kernel_.day_text, text, sizeof kernel_.day_text);
  kernel_.midnight_utc_s = window.midnight_utc_s;
  kernel_.first_second = window.first_second;
  kernel_.end_second = window.end_second;
  return true;
}

void FileReader::take_line() {
  const LastLine last_line = std::exchange(last_line_, LastLine::other);
  const Line line = lines_.peek();
  if (line.text.empty()) return lines_.skip(line);
  if (line.text.size() > kMaxRowBytes) {
    lines_.skip(line);
    ++report_.rows;
    return line.ended ? fault(FaultKind::row_too_long, line) : note_tail(line, TailFate::left_out);
  }
  // A serial row that was appended to a cut row can read like a row; the title row behind it tells.
  if (last_line == LastLine::kernel_row && is_title_row(line.text.substr(0, kTitleProbe), options_.extra_formats)) return begin_before(line);
  Lines behind = lines_;
  behind.skip(line);
  // Also behind the remains of a cut row, which has a stamp.
  if (line.ended && line.text.ends_with(kBlockBegin)) return begin_again(line);
  if (line.ended && is_title_row(behind.rest().substr(0, kTitleProbe), options_.extra_formats)) return begin_again(line);
  const auto stamp = stamp_of(line.text);
  if (!stamp && take_mark(line)) return;
  lines_ = behind;
  ++report_.rows;
  if (!line.ended) return take_tail(line, stamp);
  if (state_ != State::rows) return fault(FaultKind::row_without_header, line);
  if (!stamp) {
    ++report_.invalid_timestamps;
    return fault(FaultKind::invalid_timestamp, line, 1);
  }
  take_row(line, *stamp, Proof::line_end);
}

bool FileReader::take_mark(const Line& line) {
  if (line.text == "END_DATA") {
    lines_.skip(line);
    report_.complete = true;
    state_ = State::behind_end_data;
    return true;
  }
  // Of a block whose first line is damaged: its table must not be read as a bare one.
  if (line.text == "END_HEADER" || line.text == "START_DATA") earlier_.has_block = true;
  return false;
}

void FileReader::begin_before(const Line& title) {
  table_->truncate(table_->rows() - 1);
  --report_.rows;
  const std::size_t lf = title.offset < 2 ? std::string_view::npos : text_.rfind('\n', title.offset - 2);
  const std::uint64_t offset = lf == std::string_view::npos ? 0 : lf + 1;
  begin_again(Line{{}, offset, title.number - 1, true});
}

bool FileReader::take_row(const Line& line, const LocalStamp& stamp, Proof proof) {
  const std::size_t fields = count_fields(line.text);
  if (fields > table_->column_count()) {
    fault(FaultKind::too_many_fields, line, table_->column_count() + 2);
    return false;
  }
  const StampClock::Instant instant = clock_.to_utc(stamp.local_s(), row_before_);
  if (options_.latest_s && instant.utc_s > *options_.latest_s) {
    // Neither does such a row say anything of the rows around it: its clock was wrong.
    fault(FaultKind::time_in_future, line, 1);
    return false;
  }
  note_reading(instant.reading, line);
  judge_head(stamp, instant.utc_s);
  row_before_ = instant.utc_s;
  if (head_ == Head::decided) know_day(stamp, line.text.data());
  const std::string_view cells = fields_of(line.text);
  if (is_restart(cells)) {
    take_restart(line, instant.utc_s, cells);
    return false;
  }
  if (!make_room(line) || put_cells(line, cells) == 0) return false;
  if (restarts_.pending()) report_.restart_rows_shifted += restarts_.settle(instant.utc_s, *table_);
  if (proof == Proof::line_end) {
    table_->commit(instant.utc_s);
  } else {
    table_->commit_provisional(instant.utc_s);
  }
  return true;
}

std::size_t FileReader::put_cells(const Line& line, std::string_view cells) {
  const std::size_t columns = table_->column_count();
  std::size_t column = 0;
  std::size_t values = 0;
  std::string_view cell;
  Fields walk(cells);
  while (line.text.size() > kStampBytes && walk.next(cell)) {
    if (table_->put(column, cell)) {
      ++values;
    } else {
      ++report_.invalid_values;
      fault(FaultKind::invalid_value, line, column + 2);
    }
    ++column;
  }
  if (column < columns) {
    report_.missing_cells += columns - column;
    fault(FaultKind::missing_cells, line, column + 2);
  }
  // A row without a value is not kept, so its absent cells need no place: rows of nothing must cost nothing.
  if (values == 0) return 0;
  while (column < columns) table_->put_missing(column++);
  return values;
}

void FileReader::take_restart(const Line& line, std::int64_t time_s, std::string_view cells) {
  ++report_.restart_rows;
  std::optional<std::size_t> row;
  if (options_.restart_rows == RestartRows::zeros && make_room(line)) {
    row = table_->rows();
    put_cells(line, cells);
    table_->commit(time_s);
  }
  restarts_.add(time_s, row);
}

bool FileReader::make_room(const Line& line) {
  if (table_->rows() < table_->capacity() || table_->reserve(table_->rows() + table_->rows() / 2 + 64)) return true;
  fault(FaultKind::too_sparse, line);
  return false;
}

void FileReader::note_reading(StampClock::Reading reading, const Line& line) {
  if (reading == StampClock::Reading::ambiguous) {
    warn(WarningKind::ambiguous_begin, line.number,
         fmt::format("the rows begin inside an hour that {} repeats; read as its first pass", printable(clock_.zone().name())));
  }
  if (reading == StampClock::Reading::nonexistent) {
    warn(WarningKind::nonexistent_local_time, line.number,
         fmt::format("{} skips this hour: the logger's clock was not set forward, or its zone is another one", printable(clock_.zone().name())));
  }
}

void FileReader::judge_head(const LocalStamp& stamp, std::int64_t time_s) {
  if (head_ == Head::decided) return;
  if (stamp.midnight_s == kUnsetClockDay_s) {
    head_ = Head::unset_clock;
    ++head_rows_;
    return;
  }
  if (head_ == Head::unset_clock && time_s - *row_before_ > kSecondsPerDay) {
    drop_head();
    warn(WarningKind::clock_unset, 0, "rows of 01/01/20 at the head were stamped by a clock that had lost its setting; left out");
  }
  head_ = Head::decided;
}

void FileReader::drop_head() {
  report_.clock_unset_rows += head_rows_;
  report_.restart_rows -= restarts_.drop_all();
  table_->truncate(first_row_);
}

}  // namespace pv::tsv
