#include "tsv/reader.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "tsv/file_reader.h"
#include "tsv/number.h"
#include "tsv/zone_hint.h"

namespace pv::tsv {
namespace {

constexpr std::size_t kShortestRow = kStampBytes + 3;  // stamp, tab, one digit, LF
/// Cells that even a tiny table may have; beyond, two bytes of text are needed for each.
constexpr std::size_t kFreeCells = std::size_t{1} << 18;

std::size_t hash_of(const std::vector<model::Channel>& channels) noexcept {
  std::size_t hash = channels.size();
  for (const model::Channel& channel : channels) {
    for (const std::string* text : {&channel.device_sn, &channel.name, &channel.unit}) hash = hash * 31 + std::hash<std::string>{}(*text);
  }
  return hash;
}

}  // namespace

tl::expected<LoggerFile, Rejection> FileReader::read() {
  if (text_.find_first_not_of("\r\n") == std::string_view::npos) {
    return tl::unexpected<Rejection>(Rejection{RejectReason::empty_file, 0, "the file is empty"});
  }
  if (!begin()) return tl::unexpected<Rejection>(*rejection_);
  while (!lines_.at_end()) {
    if (!run_fast()) take_line();
  }
  if (tables_.empty()) return tl::unexpected<Rejection>(*rejection_);
  end_part();
  return finish();
}

bool FileReader::begin() {
  auto header = read_header(lines_, options_.extra_formats, earlier_);
  if (header) {
    begin_part(std::move(*header));
    return true;
  }
  rejection_ = header.error();
  state_ = State::without_header;
  fault(FaultKind::unusable_header, Line{{}, 0, rejection_->line, true});
  return rejection_->reason != RejectReason::incomplete_header && rejection_->reason != RejectReason::not_text;
}

void FileReader::begin_again(const Line& line) {
  lines_.move_to(line.offset, line.number);
  auto header = read_header(lines_, options_.extra_formats, earlier_);
  if (!header && header.error().reason == RejectReason::incomplete_header) {
    lines_.move_to(text_.size(), line.number);
    note_tail(line, TailFate::left_out);
    if (rejection_) rejection_ = header.error();
    return;
  }
  if (!header) {
    fault(FaultKind::unusable_header, line);
    end_part();
    state_ = State::without_header;
    return;
  }
  if (header->start == Header::Start::behind_a_cut_row) {
    ++report_.rows;
    fault(FaultKind::truncated_tail, line);
  }
  warn(WarningKind::header_again, line.number, "a header stands in the middle of the file: an upload was resumed by appending");
  end_part();
  begin_part(std::move(*header));
}

void FileReader::begin_part(Header header) {
  if (report_.headers++ == 0) describe(header);
  choose_clock(header.settings ? &*header.settings : nullptr);
  layout_ = header.layout();
  report_.complete = false;
  head_ = Head::start;
  head_rows_ = 0;
  row_before_.reset();
  kernel_ = {};
  if (!open_table(header.channels)) {
    state_ = State::without_header;
    warn(WarningKind::too_many_headers, lines_.number(),
         fmt::format("the file has more than {} different tables; rows of further ones are left out: split the file", kMaxTables));
    return;
  }
  state_ = State::rows;
  first_row_ = table_->rows();
  part_offset_ = lines_.offset();
}

void FileReader::describe(Header& header) {
  report_.format = header.format;
  report_.layout = header.layout();
  report_.header_block = std::move(header.block);
  report_.header_meta = std::move(header.meta);
  report_.master_type = header.master_type;
  file_.master_sn = header.master_sn;
  earlier_.master_sn = header.master_sn;
}

void FileReader::choose_clock(const BlockSettings* settings) {
  std::optional<model::Zone> restart_zone;
  report_.zone_origin = settings != nullptr ? ZoneOrigin::file : ZoneOrigin::settings;
  if (settings == nullptr) {
    clock_ = StampClock(options_.bare_zone);
  } else if (settings->stamps == BlockSettings::Stamps::utc) {
    clock_ = StampClock(model::Zone::utc());
    if (settings->zone && !settings->zone->is_utc()) restart_zone = settings->zone;
  } else {
    clock_ = StampClock(*settings->zone);
  }
  report_.zone = clock_.zone().name();
  restarts_.begin(std::move(restart_zone));
}

bool FileReader::open_table(std::vector<model::Channel>& channels) {
  const std::size_t columns = channels.size();
  if (table_ == nullptr || table_->channels() != channels) {
    if (table_ != nullptr) table_->shrink();
    table_ = nullptr;
    if (!tables_.empty() && tables_.back()->rows() == 0) {
      tables_.pop_back();
      hashes_.clear();
    }
    if (tables_.size() == kMaxTables) {
      table_ = find_table(channels);
      if (table_ == nullptr) return false;
      table_->limit_rows(table_->rows() + free_cells() / columns);
      return true;
    }
    tables_.push_back(std::make_unique<Table>(std::move(channels), (kFreeCells + free_cells()) / columns));
    table_ = tables_.back().get();
  }
  const std::size_t length = std::max(lines_.peek().text.size() + 1, kShortestRow);
  const std::size_t rows = lines_.rest().size() / length;
  table_->reserve(table_->rows() + rows + rows / 16 + 2);
  return true;
}

Table* FileReader::find_table(const std::vector<model::Channel>& channels) {
  if (hashes_.empty()) {
    for (const auto& table : tables_) hashes_.push_back(hash_of(table->channels()));
  }
  const std::size_t hash = hash_of(channels);
  for (std::size_t i = tables_.size(); i-- > 0;) {
    if (hashes_[i] == hash && tables_[i]->channels() == channels) return tables_[i].get();
  }
  return nullptr;
}

std::size_t FileReader::free_cells() const {
  std::size_t used = 0;
  for (const auto& table : tables_) used += table->rows() * table->column_count();
  return text_.size() / 2 - std::min(used, text_.size() / 2);
}

void FileReader::take_tail(const Line& line, const std::optional<LocalStamp>& stamp) {
  TailFate fate = TailFate::left_out;
  if (state_ == State::rows && stamp && count_fields(line.text) == table_->column_count()) {
    const auto places = plain_places(line.text.substr(line.text.rfind('\t') + 1));
    if (places && places == places_before(line) && take_row(line, *stamp, Proof::decimals)) fate = TailFate::taken;
  }
  note_tail(line, fate);
}

void FileReader::note_tail(const Line& line, TailFate fate) {
  report_.truncated_tail = TruncatedTail{line.number, line.offset, fate};
  if (fate == TailFate::left_out) fault(FaultKind::truncated_tail, line);
  warn(WarningKind::truncated_tail, line.number,
       fate == TailFate::taken ? "the last row has no line end; taken, as its last value is complete"
                               : "the last row has no line end; left out until the rest of the file arrives");
}

std::optional<unsigned> FileReader::places_before(const Line& tail) const {
  std::uint64_t end = tail.offset;
  while (end > part_offset_) {
    const std::size_t lf = end < 2 ? std::string_view::npos : text_.rfind('\n', end - 2);
    const std::uint64_t begin = std::max<std::uint64_t>(lf == std::string_view::npos ? 0 : lf + 1, part_offset_);
    std::string_view text = text_.substr(begin, end - 1 - begin);
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    end = begin;
    if (!stamp_of(text) || count_fields(text) != table_->column_count()) continue;
    const std::string_view cell = text.substr(text.rfind('\t') + 1);
    if (const auto places = plain_places(cell); places && parse_decimal(cell)) return places;
  }
  return std::nullopt;
}

void FileReader::end_part() {
  if (table_ == nullptr || state_ == State::without_header) return;
  if (head_ == Head::unset_clock && !report_.complete) {
    drop_head();
    warn(WarningKind::clock_undecided, 0,
         "all rows so far are of 01/01/20, where a clock that lost its setting restarts; left out until a later row tells. If that day is "
         "the true one, append the rows of 02/01/20 to the file and send it again");
  }
  if (restarts_.pending() && !report_.complete) {
    report_.restart_rows -= restarts_.drop_pending(*table_);
    warn(WarningKind::restart_undecided, 0, "a last restart row is left out until a row behind it tells in which time it is stamped");
  }
  restarts_.settle_as_they_are();
  if (layout_ == Layout::bare && options_.bare_zone.is_utc()) hint_zone();
}

void FileReader::hint_zone() {
  const auto change = find_clock_change(table_->times().subspan(first_row_));
  if (!change) return;
  const bool repeated = change->kind == ClockChange::Kind::repeated_hour;
  warn(repeated ? WarningKind::repeated_hour_read_as_utc : WarningKind::missing_hour_read_as_utc, 0,
       fmt::format("the stamps were read as UTC, but {} an hour where {} changes its clock: set the zone of this device",
                   repeated ? "repeat" : "miss", change->zone));
}

void FileReader::finish_table(Table& table) {
  report_.rows_accepted += table.rows();
  Table::Outcome outcome = table.finish();
  if (&table == table_ && report_.truncated_tail && report_.truncated_tail->fate == TailFate::taken && !outcome.table.provisional_row) {
    report_.truncated_tail->fate = TailFate::left_out;
  }
  report_.duplicate_stamps += outcome.duplicate_stamps;
  file_.tables.push_back(std::move(outcome.table));
}

tl::expected<LoggerFile, Rejection> FileReader::finish() {
  if (tables_.size() > 1 && tables_.back()->rows() == 0) tables_.pop_back();
  for (const auto& table : tables_) finish_table(*table);
  if (file_.tables.size() > 1) report_.duplicate_stamps += settle_overlaps(file_.tables);
  for (const model::LoggerTable& table : file_.tables) {
    const std::vector<std::int64_t>& times = table.rows.time_s;
    for (const model::Column& column : table.rows.columns) report_.samples += column.size() - column.missing;
    if (times.empty()) continue;
    report_.time_start_s = std::min(report_.time_start_s.value_or(times.front()), times.front());
    report_.time_end_s = std::max(report_.time_end_s.value_or(times.back()), times.back());
  }
  file_.events = restarts_.take_sorted();
  if (layout_ == Layout::wrapped && !report_.complete) warn(WarningKind::end_data_missing, 0, "no END_DATA: the file may still be arriving");
  if (report_.samples == 0 && file_.events.empty()) warn(WarningKind::no_rows, 0, "the file has a header and no rows to take");
  file_.report = std::move(report_);
  return std::move(file_);
}

void FileReader::fault(FaultKind kind, const Line& line, std::size_t column) {
  ++report_.fault_counts[static_cast<std::size_t>(kind)];
  if (report_.faults.size() >= options_.max_faults_kept) return;
  report_.faults.push_back({kind, line.number, static_cast<std::uint16_t>(column), line.offset});
}

void FileReader::warn(WarningKind kind, std::uint32_t line, std::string detail) {
  if (report_.warning(kind) == nullptr) report_.warnings.push_back({kind, line, std::move(detail)});
}

tl::expected<LoggerFile, Rejection> read_or_reject(std::span<const char> bytes, const ReadOptions& options) {
  return FileReader({bytes.data(), bytes.size()}, options).read();
}

Result<LoggerFile> read(std::span<const char> bytes, const ReadOptions& options) {
  auto file = read_or_reject(bytes, options);
  if (file) return std::move(*file);
  const Rejection& rejection = file.error();
  const std::string place = rejection.line == 0 ? "" : fmt::format("line {}: ", rejection.line);
  return fail(Errc::invalid_input, fmt::format("{}: {}{}", to_string(rejection.reason), place, rejection.message));
}

}  // namespace pv::tsv
