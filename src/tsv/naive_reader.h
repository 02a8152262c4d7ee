#pragma once
/// The slow twin of the reader, for tests and fuzzing only: the rules of the format, line by line, into a map.
/// It shares read_header() with the reader and nothing else of it.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tsv/header.h"
#include "tsv/reader.h"

namespace pv::tsv::testing {

struct NaiveFile {
  std::map<std::pair<std::int64_t, std::string>, double> samples;    // by instant and field name
  std::multimap<std::pair<std::int64_t, std::string>, double> seen;  // before later rows took over
  std::set<std::int64_t> restarts;
  std::uint64_t rows = 0, restart_rows = 0, clock_unset_rows = 0, invalid_timestamps = 0, invalid_values = 0, missing_cells = 0;
  bool tail_taken = false;
};

class NaiveReader {
 public:
  NaiveReader(std::string_view text, const ReadOptions& options) : text_(text), options_(options) {}

  /// Nothing when the file is refused.
  std::optional<NaiveFile> read() {
    if (text_.find_first_not_of("\r\n") == std::string_view::npos) return std::nullopt;
    Lines at(text_, 0, 1);
    if (const auto header = read_header(at, options_.extra_formats, earlier_)) {
      begin(*header, at.offset());
    } else if (header.error().reason == RejectReason::incomplete_header || header.error().reason == RejectReason::not_text) {
      return std::nullopt;
    }
    while (!at.at_end()) {
      Line line = at.peek();
      at.skip(line);
      take(line, at);
    }
    if (tables_.empty()) return std::nullopt;
    end_part();
    return file_;
  }

 private:
  struct Row {
    std::int64_t time_s;
    std::map<std::string, double> cells;
    bool provisional;
  };
  struct Restart {
    std::int64_t time_s;
    std::optional<std::size_t> row;
  };

  struct Table {
    std::vector<model::Channel> channels;
    std::size_t rows = 0;
    std::set<std::int64_t> times;
  };

  void begin(const Header& header, std::size_t offset) {
    if (tables_.empty()) earlier_.master_sn = header.master_sn;
    live_ = choose_table(header.channels);
    fields_.clear();
    for (const auto& channel : header.channels) fields_.push_back(model::field_name(channel, model::ChannelIdStyle::device_first));
    choose_zone(header);
    complete_ = part_over_ = false;
    part_offset_ = offset;
    before_.reset();
    head_.clear();
    undecided_ = true;
    rows_.clear();
    restarts_.clear();
  }

  bool choose_table(const std::vector<model::Channel>& channels) {
    if (table_ < tables_.size() && tables_[table_].channels == channels) return true;
    if (!tables_.empty() && tables_.back().rows == 0) tables_.pop_back();
    for (table_ = tables_.size(); tables_.size() == kMaxTables && table_-- > 0;) {
      if (tables_[table_].channels == channels) return true;
    }
    table_ = tables_.size();
    if (table_ < kMaxTables) tables_.push_back({channels, 0, {}});
    return table_ < tables_.size();
  }

  /// By the text of the latest block of the file: the settings' zone is for files that have shown none.
  void choose_zone(const Header& header) {
    if (!header.meta.empty()) block_ = std::map<std::string, std::string>(header.meta.begin(), header.meta.end());
    shift_zone_.reset();
    zone_ = options_.bare_zone;
    if (!block_) return;
    std::optional<model::Zone> zone;
    if (auto z = model::Zone::from_name((*block_)["TimeZoneName"])) zone = *z;
    else if (auto p = model::Zone::from_posix((*block_)["TimeZone"])) zone = *p;
    std::string settings = (*block_)["DataTimeSettings"];
    for (char& c : settings) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (settings == "UTC") {
      zone_ = model::Zone::utc();
      shift_zone_ = zone;
    } else {
      zone_ = zone.value();
    }
  }

  bool title_at(std::size_t offset) const { return is_title_row(text_.substr(offset, kTitleProbe), options_.extra_formats); }

  void again(std::size_t offset, Lines& at) {
    Lines position(text_, offset, 1);
    auto header = read_header(position, options_.extra_formats, earlier_);
    at = position;
    if (!header) {
      if (header.error().reason == RejectReason::incomplete_header) {
        at.move_to(text_.size(), 1);
        return;
      }
      end_part();
      live_ = false;
      return;
    }
    if (header->start == Header::Start::behind_a_cut_row) ++file_.rows;
    end_part();
    begin(*header, position.offset());
  }

  static std::optional<std::int64_t> stamp(std::string_view text) {
    static constexpr std::string_view kShape = "dd/dd/dd dd:dd:dd";
    if (text.size() < 17 || (text.size() > 17 && text[17] != '\t')) return std::nullopt;
    for (std::size_t i = 0; i < 17; ++i) {
      if (kShape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != kShape[i]) return std::nullopt;
    }
    const auto two = [&](std::size_t i) { return (text[i] - '0') * 10 + (text[i + 1] - '0'); };
    const int day = two(0), month = two(3), year = 2000 + two(6);
    if (two(9) > 23 || two(12) > 59 || two(15) > 59 || month < 1 || month > 12 || day < 1) return std::nullopt;
    const int length = month == 2 ? (year % 4 == 0 ? 29 : 28) : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
    if (day > length) return std::nullopt;
    std::int64_t days = 0;
    for (int y = 1970; y < year; ++y) days += y % 4 == 0 ? 366 : 365;
    for (int m = 1; m < month; ++m) days += m == 2 ? (year % 4 == 0 ? 29 : 28) : m == 4 || m == 6 || m == 9 || m == 11 ? 30 : 31;
    return (days + day - 1) * 86400 + two(9) * 3600 + two(12) * 60 + two(15);
  }

  static std::vector<std::string_view> cells(std::string_view text) {
    std::vector<std::string_view> out;
    if (text.size() <= 17) return out;
    text.remove_prefix(18);
    for (std::size_t tab = 0; (tab = text.find('\t')) != std::string_view::npos; text.remove_prefix(tab + 1)) out.push_back(text.substr(0, tab));
    out.push_back(text);
    return out;
  }

  static std::optional<double> number(std::string_view text) {
    if (text.empty() || text.size() > 64 || text.find_first_not_of("0123456789.-+eE") != std::string_view::npos) return std::nullopt;
    const std::string copy(text);
    if (copy[0] == '+') return std::nullopt;
    char* end = nullptr;
    const double value = std::strtod(copy.c_str(), &end);
    if (end != copy.c_str() + copy.size() || !std::isfinite(value)) return std::nullopt;
    return value == 0 ? 0.0 : value;
  }

  static std::optional<std::size_t> decimals(std::string_view text) {
    if (!text.empty() && text[0] == '-') text.remove_prefix(1);
    const std::size_t point = text.find('.');
    if (point == std::string_view::npos || text.find_first_not_of("0123456789.") != std::string_view::npos ||
        text.find('.', point + 1) != std::string_view::npos) {
      return std::nullopt;
    }
    return text.size() - point - 1;
  }

  void take(const Line& line, Lines& at) {
    if (line.text.empty()) return;
    if (line.ended && (title_at(at.offset()) || line.text.ends_with("START_HEADER"))) return again(line.offset, at);
    const auto local = stamp(line.text);
    if (!local) {
      if (line.text == "END_DATA") {
        complete_ = true;
        live_ = false;
        part_over_ = true;
        return;
      }
      earlier_.has_block |= line.text == "END_HEADER" || line.text == "START_DATA";
    }
    ++file_.rows;
    if (!live_ || part_over_) return;
    if (!local) {
      file_.invalid_timestamps += line.ended ? 1 : 0;
      return;
    }
    const auto fields = cells(line.text);
    if (!line.ended) {
      if (fields.size() != fields_.size() || !decimals(fields.back()) || decimals(fields.back()) != earlier_decimals(line.offset)) return;
    }
    if (fields.size() > fields_.size()) return;
    row(*local, fields, !line.ended);
  }

  std::optional<std::size_t> earlier_decimals(std::size_t before) const {
    std::optional<std::size_t> found;
    for (Lines at(text_, part_offset_, 1); at.offset() < before;) {
      const Line line = at.peek();
      at.skip(line);
      const auto fields = cells(line.text);
      if (stamp(line.text) && fields.size() == fields_.size() && number(fields.back()) && decimals(fields.back())) found = decimals(fields.back());
    }
    return found;
  }

  void row(std::int64_t local, const std::vector<std::string_view>& fields, bool provisional) {
    const auto instants = zone_.to_utc(local);
    std::int64_t time = instants.earlier_s;
    if (instants.kind == model::Zone::LocalKind::repeated && before_ && instants.earlier_s <= *before_) time = instants.later_s;
    if (instants.kind == model::Zone::LocalKind::skipped) time = local - zone_.offset_at(instants.earlier_s - 1).offset_s;
    const bool unset_day = local >= 1'577'836'800 && local < 1'577'836'800 + 86400;
    if (undecided_ && !unset_day) {
      if (!head_.empty() && time - head_.back() > 86400) drop_head();
      undecided_ = false;
    }
    if (undecided_) head_.push_back(time);
    before_ = time;
    bool zeros = !fields.empty();
    for (const auto cell : fields) zeros = zeros && cell == "0";
    if (zeros) {
      ++file_.restart_rows;
      restarts_.push_back({time, std::nullopt});
      if (options_.restart_rows == RestartRows::events) return;
      restarts_.back().row = rows_.size();
    }
    Row row{time, {}, provisional};
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (const auto value = number(fields[i])) row.cells[fields_[i]] = *value;
      else ++file_.invalid_values;
    }
    file_.missing_cells += fields_.size() - fields.size();
    if (row.cells.empty()) return;
    rows_.push_back(row);
    if (zeros) return;
    for (; settled_ < restarts_.size(); ++settled_) shift(restarts_[settled_], time);
  }

  void shift(Restart& restart, std::int64_t measured) {
    if (!shift_zone_ || shift_zone_->is_utc() || restart.time_s <= measured) return;
    const auto instants = shift_zone_->to_utc(restart.time_s);
    if (instants.kind == model::Zone::LocalKind::skipped) return;
    for (const std::int64_t t : {instants.earlier_s, instants.later_s}) {
      if (std::abs(t - measured) > 120) continue;
      restart.time_s = t;
      if (restart.row) rows_[*restart.row].time_s = t;
      return;
    }
  }

  void drop_head() {
    file_.clock_unset_rows += head_.size();
    file_.restart_rows -= restarts_.size();
    restarts_.clear();
    settled_ = 0;
    rows_.clear();
  }

  void end_part() {
    if (table_ >= tables_.size() || (!live_ && !part_over_)) return;
    if (undecided_ && !head_.empty() && !complete_) drop_head();
    if (shift_zone_ && !shift_zone_->is_utc() && !complete_) {
      while (restarts_.size() > settled_) {
        if (restarts_.back().row) rows_.resize(*restarts_.back().row);
        restarts_.pop_back();
        --file_.restart_rows;
      }
    }
    for (const Restart& restart : restarts_) file_.restarts.insert(restart.time_s);
    for (const Row& row : rows_) {
      for (const auto& [field, value] : row.cells) file_.seen.emplace(std::pair(row.time_s, field), value);
      const bool again = !tables_[table_].times.insert(row.time_s).second;
      if (row.provisional && again) continue;
      file_.tail_taken |= row.provisional;
      for (const auto& [field, value] : row.cells) {
        const std::pair key(row.time_s, field);
        if (row.provisional) {
          file_.samples.try_emplace(key, value);
        } else if (owner_.try_emplace(key, table_).first->second <= table_) {
          file_.samples[key] = value;
          owner_[key] = table_;
        }
      }
    }
    tables_[table_].rows += rows_.size();
    settled_ = 0;
    part_over_ = false;
    rows_.clear();
    restarts_.clear();
  }

  std::string_view text_;
  const ReadOptions& options_;
  NaiveFile file_;
  Earlier earlier_;
  bool live_ = false, part_over_ = false, complete_ = false, undecided_ = true;
  std::vector<Table> tables_;
  std::size_t table_ = 0;                                             // the current one
  std::map<std::pair<std::int64_t, std::string>, std::size_t> owner_;  // table of each sample
  std::vector<std::string> fields_;
  std::optional<std::map<std::string, std::string>> block_;
  model::Zone zone_ = model::Zone::utc();
  std::optional<model::Zone> shift_zone_;
  std::size_t part_offset_ = 0, settled_ = 0;
  std::optional<std::int64_t> before_;
  std::vector<std::int64_t> head_;
  std::vector<Row> rows_;
  std::vector<Restart> restarts_;
};

/// What differs between the reader and its twin; "" when nothing does.
inline std::string difference(std::string_view text, const ReadOptions& options) {
  const auto fast = read_or_reject({text.data(), text.size()}, options);
  const auto slow = NaiveReader(text, options).read();
  if (fast.has_value() != slow.has_value()) return "one refuses the file";
  if (!fast) return "";
  std::map<std::pair<std::int64_t, std::string>, double> samples;
  for (const auto& table : fast->tables) {
    if (table.channels.size() != table.rows.columns.size()) return "columns";
    const auto& times = table.rows.time_s;
    for (std::size_t row = 1; row < times.size(); ++row) {
      if (times[row - 1] >= times[row]) return "rows out of order";
    }
    if (table.provisional_row && *table.provisional_row >= times.size()) return "provisional row";
    for (std::size_t c = 0; c < table.channels.size(); ++c) {
      const model::Column& column = table.rows.columns[c];
      if (column.size() != times.size()) return "sizes";
      std::size_t missing = 0;
      const std::string field = model::field_name(table.channels[c], model::ChannelIdStyle::device_first);
      for (std::size_t row = 0; row < times.size(); ++row) {
        if (column.is_missing(row)) {
          ++missing;
          continue;
        }
        if (std::signbit(column.value(row)) && column.value(row) == 0) return "negative zero";
        if (!samples.emplace(std::pair(times[row], field), column.value(row)).second) return "a sample twice";
      }
      if (missing != column.missing) return "missing count";
    }
  }
  for (const auto& [key, value] : samples) {
    const auto found = slow->samples.find(key);
    if (found == slow->samples.end()) return "a sample too many: " + std::to_string(key.first) + " " + key.second;
    if (found->second != value) return "another value: " + std::to_string(key.first) + " " + key.second + " " + std::to_string(value);
  }
  if (samples.size() != slow->samples.size()) return "a sample too few";
  std::set<std::int64_t> restarts;
  for (const auto& event : fast->events) restarts.insert(event.time_s);
  if (restarts != slow->restarts || restarts.size() != fast->events.size()) return "events";
  const ReadReport& report = fast->report;
  if (report.samples != samples.size()) return "report: samples";
  if (report.rows != slow->rows) return "report: rows";
  if (report.restart_rows != slow->restart_rows) return "report: restart rows";
  if (report.clock_unset_rows != slow->clock_unset_rows) return "report: clock unset";
  if (report.invalid_timestamps != slow->invalid_timestamps) return "report: invalid timestamps";
  if (report.invalid_values != slow->invalid_values) return "report: invalid values";
  if (report.missing_cells != slow->missing_cells) return "report: missing cells";
  if (report.truncated_tail && (report.truncated_tail->fate == TailFate::taken) != slow->tail_taken) return "report: tail";
  return "";
}

}  // namespace pv::tsv::testing
