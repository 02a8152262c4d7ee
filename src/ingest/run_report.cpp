#include "ingest/run_report.h"

#include <algorithm>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "ingest/told_text.h"
#include "model/rhythm.h"

namespace pv::ingest {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kFaultsInReport = 20;

std::string iso(std::int64_t unix_s) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(unix_s)));
}

std::string iso_ms(std::int64_t unix_ms) {
  const std::string seconds = iso(unix_ms / 1000);
  return fmt::format("{}.{:03}Z", std::string_view(seconds).substr(0, seconds.size() - 1), unix_ms % 1000);
}

ordered_json optional_time(const std::optional<std::int64_t>& time_s) {
  return time_s ? ordered_json(iso(*time_s)) : ordered_json(nullptr);
}

ordered_json faults_json(const FileRecord& file) {
  ordered_json faults = ordered_json::array();
  for (const tsv::RowFault& fault : file.faults) {
    faults.push_back({{"kind", tsv::to_string(fault.kind)},
                      {"line", fault.line},
                      {"column", fault.column},
                      {"byte_offset", fault.byte_offset}});
  }
  return faults;
}

std::string_view status_of(Fate fate) noexcept {
  switch (fate) {
    case Fate::stored:
    case Fate::would_store: return "success";
    case Fate::rejected:
    case Fate::would_reject: return "failed";
    case Fate::deferred: return "deferred";
  }
  return "failed";
}

ordered_json evidence_json(const FileRecord& file) {
  ordered_json evidence = ordered_json::array();
  for (const Evidence& seen : file.evidence) evidence.push_back({{"what", seen.what}, {"column", seen.column}});
  return evidence;
}

ordered_json period_json(const model::Period& period) { return {{"from", iso(period.from_s)}, {"to", iso(period.to_s)}}; }

ordered_json periods_json(const quality::Periods& periods) {
  ordered_json list = ordered_json::array();
  for (const model::Period& period : periods.first) list.push_back(period_json(period));
  return {{"count", periods.count}, {"seconds", periods.seconds}, {"first", std::move(list)}};
}

ordered_json coverage_json(const std::optional<quality::Coverage>& coverage) {
  if (!coverage) return nullptr;
  return {{"rows_new", coverage->rows_new},
          {"rows_known", coverage->rows_known},
          {"gaps_left", periods_json(coverage->left_inside)},
          {"gaps_closed", periods_json(coverage->closed)},
          {"gap_before", coverage->before ? period_json(*coverage->before) : ordered_json(nullptr)},
          {"gap_after", coverage->after ? period_json(*coverage->after) : ordered_json(nullptr)}};
}

/// What the ledger's receipts do without: its entry tells the rest.
enum class Extent : std::uint8_t { whole, receipt };

ordered_json file_json(const FileRecord& file, Extent extent) {
  const bool is_whole = extent == Extent::whole;
  ordered_json body;
  if (is_whole) {
    body["file_path"] = file.path;
    body["bucket"] = file.tenant;
    body["campaign"] = file.campaign;
  }
  body["device_master_sn"] = file.logger_sn;
  body["status"] = status_of(file.fate);
  const std::string_view message = is_whole ? std::string_view(file.message) : told_message(file.reason, file.message);
  body["error"] = message.empty() ? ordered_json(nullptr) : ordered_json(message);
  body["nb_rows"] = file.rows;
  body["nb_channels"] = file.channels.size();
  body["nb_points"] = file.samples;
  body["nb_invalid_timestamps"] = file.invalid_timestamps;
  body["nb_invalid_values"] = file.invalid_values;
  if (is_whole) {
    body["channels"] = file.channels;
    ordered_json meta = ordered_json::object();
    for (const auto& [key, value] : file.header_meta) meta[key] = value;
    body["file_header_meta"] = std::move(meta);
  }
  body["time_start"] = optional_time(file.time_start_s);
  body["time_end"] = optional_time(file.time_end_s);

  body["fate"] = to_string(file.fate);
  body["reason"] = file.reason.empty() ? ordered_json(nullptr) : ordered_json(file.reason);
  body["line"] = file.line == 0 ? ordered_json(nullptr) : ordered_json(file.line);
  if (is_whole) body["moved_to"] = file.moved_to.empty() ? ordered_json(nullptr) : ordered_json(file.moved_to);
  body["device_folder"] = file.device;
  if (is_whole) body["digest"] = file.digest;
  body["size"] = file.size;
  body["format"] = file.format;
  body["zone"] = file.zone;
  body["nb_restart_rows"] = file.restart_rows;
  body["nb_clock_unset_rows"] = file.clock_unset_rows;
  body["nb_duplicate_stamps"] = file.duplicate_stamps;
  body["nb_missing_cells"] = file.missing_cells;
  body["nb_other_faults"] = file.other_faults;
  body["nb_gaps"] = file.gaps;
  body["gap_s"] = file.gap_s;
  body["truncated_tail"] = file.truncated_tail
                               ? ordered_json{{"line", file.truncated_line}, {"byte_offset", file.truncated_byte}}
                               : ordered_json(nullptr);
  body["nb_points_new"] = file.outcome.samples_new;
  body["nb_points_same"] = file.outcome.samples_same;
  body["nb_points_replaced"] = file.outcome.samples_replaced;
  body["nb_points_outranked"] = file.outcome.samples_outranked;
  body["already_stored"] = file.outcome.known_file;
  body["coverage"] = coverage_json(file.coverage);
  body["warnings"] = file.warnings;
  body["faults"] = faults_json(file);
  if (is_whole) body["evidence"] = evidence_json(file);
  return body;
}

/// JSON text whatever bytes a path holds.
std::string dump(const ordered_json& body) { return body.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n"; }

/// Distances longer than one and a half of the expected step, or of the file's usual one.
void count_gaps(const FileReading& reading, FileRecord& record) {
  for (const model::LoggerTable& table : reading.content->tables) {
    const std::int64_t step_s = reading.expected_step_s.value_or(model::usual_step(table.rows.time_s));
    for (const model::Silence& silence : model::silences(table.rows.time_s, step_s)) {
      ++record.gaps;
      record.gap_s += silence.to_s - silence.from_s;
    }
  }
}

}  // namespace

std::string_view to_string(Fate fate) noexcept {
  switch (fate) {
    case Fate::stored: return "stored";
    case Fate::rejected: return "rejected";
    case Fate::deferred: return "deferred";
    case Fate::would_store: return "would_store";
    case Fate::would_reject: return "would_reject";
  }
  return "deferred";
}

FileRecord record_of(const FileReading& reading) {
  FileRecord record;
  record.path = reading.file.path.string();
  record.identity = reading.identity;
  if (reading.file.place) {
    record.tenant = reading.file.place->tenant.str();
    record.campaign = reading.file.place->campaign.str();
    record.device = reading.file.place->device.str();
  }
  record.stays = !reading.file.place && stays_there(reading.file.why);
  record.reason = reading.reason;
  record.message = reading.message;
  record.line = reading.line;
  if (reading.origin.size > 0 || reading.content) record.digest = to_hex(reading.origin.digest);
  record.size = reading.origin.size;
  record.warnings = reading.warnings;
  record.evidence = reading.evidence;
  record.coverage = reading.coverage;
  if (!reading.content) return record;
  const tsv::ReadReport& report = reading.content->report;
  record.logger_sn = reading.content->master_sn;
  record.format = report.format;
  record.zone = report.zone;
  record.header_meta = report.header_meta;
  for (const model::LoggerTable& table : reading.content->tables) {
    for (const model::Channel& channel : table.channels) {
      record.channels.push_back(model::field_name(channel, model::ChannelIdStyle::device_first));
    }
  }
  if (reading.content->tables.size() > 1) {
    std::sort(record.channels.begin(), record.channels.end());
    record.channels.erase(std::unique(record.channels.begin(), record.channels.end()), record.channels.end());
  }
  record.rows = report.rows;
  record.samples = report.samples;
  record.restart_rows = report.restart_rows;
  record.clock_unset_rows = report.clock_unset_rows;
  record.duplicate_stamps = report.duplicate_stamps;
  record.missing_cells = report.missing_cells;
  record.invalid_timestamps = report.invalid_timestamps;
  record.invalid_values = report.invalid_values;
  for (const std::uint64_t count : report.fault_counts) record.other_faults += count;
  record.other_faults -= report.count(tsv::FaultKind::invalid_timestamp) + report.count(tsv::FaultKind::invalid_value) +
                         report.count(tsv::FaultKind::missing_cells) + report.count(tsv::FaultKind::truncated_tail);
  count_gaps(reading, record);
  if (report.truncated_tail) {
    record.truncated_tail = true;
    record.truncated_line = report.truncated_tail->line;
    record.truncated_byte = report.truncated_tail->byte_offset;
  }
  record.time_start_s = report.time_start_s;
  record.time_end_s = report.time_end_s;
  record.faults.assign(report.faults.begin(),
                       report.faults.begin() + static_cast<std::ptrdiff_t>(std::min(report.faults.size(), kFaultsInReport)));
  return record;
}

std::uint64_t RunReport::count(Fate fate) const noexcept {
  return static_cast<std::uint64_t>(std::count_if(files.begin(), files.end(), [&](const FileRecord& f) { return f.fate == fate; }));
}

std::uint64_t RunReport::samples() const noexcept {
  std::uint64_t total = 0;
  for (const FileRecord& file : files) {
    if (file.fate == Fate::stored || file.fate == Fate::would_store) total += file.samples;
  }
  return total;
}

std::string to_json(const RunReport& report) {
  ordered_json json;
  json["run_id"] = report.run_id;
  json["start_time"] = iso_ms(report.start_ms);
  json["end_time"] = iso_ms(report.end_ms);
  json["duration_s"] = static_cast<double>(report.end_ms - report.start_ms) / 1000.0;
  json["base_folder"] = report.base_folder;
  json["nb_files_total"] = report.files.size() + report.not_reached;
  json["nb_files_success"] = report.stored();
  json["nb_files_failed"] = report.rejected();
  json["nb_files_deferred"] = report.count(Fate::deferred) + report.not_reached;
  json["nb_points_total"] = report.samples();
  const bool all_well = report.stored() == report.files.size() && report.not_reached == 0 && report.problems.empty();
  json["status"] = all_well ? "success" : report.stored() > 0 ? "partial" : "failed";
  json["dry_run"] = report.mode == "dry_run";
  json["nb_files_not_reached"] = report.not_reached;
  json["problems"] = report.problems;
  ordered_json files = ordered_json::array();
  for (const FileRecord& file : report.files) files.push_back(file_json(file, Extent::whole));
  json["files"] = std::move(files);
  return dump(json);
}

std::string short_json(const FileRecord& record) {
  return file_json(record, Extent::receipt).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string reason_json(const FileRecord& record, std::int64_t now_ms) {
  ordered_json json;
  json["file"] = std::filesystem::path(record.path).filename().string();
  json["from"] = known_as(record);
  json["reason"] = record.reason;
  json["message"] = told_message(record.reason, record.message);
  json["line"] = record.line == 0 ? ordered_json(nullptr) : ordered_json(record.line);
  json["rejected_at"] = iso_ms(now_ms);
  json["digest"] = record.digest;
  json["size"] = record.size;
  json["warnings"] = record.warnings;
  json["faults"] = faults_json(record);
  json["what_to_do"] =
      "Put right what the message names, then move the file back to its device folder and run 'powerview ingest'. "
      "'powerview inspect' shows how the file reads. The file itself is unchanged.";
  return dump(json);
}

}  // namespace pv::ingest
