#include "ingest/intake_metrics.h"

#include <fmt/format.h>

namespace pv::ingest {
namespace {

void head(std::string& out, std::string_view name, std::string_view kind, std::string_view help) {
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, kind);
}

}  // namespace

std::string label_value(std::string_view text) {
  std::string value;
  for (const char c : text) {
    if (c == '\\' || c == '"') value += '\\';
    if (c == '\n') value += "\\n";
    else value += c;
  }
  return value;
}

void IntakeMetrics::add(const RunReport& report) {
  const std::lock_guard lock(mutex_);
  ++batches_;
  problems_ += report.problems.size();
  seconds_.read += report.seconds.read;
  seconds_.store += report.seconds.store;
  seconds_.record += report.seconds.record;
  seconds_.file += report.seconds.file;
  for (const FileRecord& record : report.files) {
    ++files_by_fate_[record.evidence.empty() ? std::string(to_string(record.fate)) : "held"];
    if (record.fate != Fate::stored) continue;
    rows_ += record.rows;
    samples_ += record.samples;
    samples_new_ += record.outcome.samples_new;
    faults_["invalid_timestamp"] += record.invalid_timestamps;
    faults_["invalid_value"] += record.invalid_values;
    faults_["missing_cells"] += record.missing_cells;
    faults_["other"] += record.other_faults;
    faults_["clock_unset"] += record.clock_unset_rows;
    faults_["truncated_tail"] += record.truncated_tail ? 1U : 0U;
  }
}

void IntakeMetrics::write(Ledger& ledger, std::string& out) const {
  {
    const std::lock_guard lock(mutex_);
    head(out, "powerview_intake_files_total", "counter", "Files dealt with since the start, by what became of them.");
    for (const auto& [fate, count] : files_by_fate_) out += fmt::format("powerview_intake_files_total{{fate=\"{}\"}} {}\n", label_value(fate), count);
    head(out, "powerview_intake_faults_total", "counter", "Rows and cells left out of the files stored since the start.");
    for (const auto& [kind, count] : faults_) out += fmt::format("powerview_intake_faults_total{{kind=\"{}\"}} {}\n", label_value(kind), count);
    head(out, "powerview_intake_seconds_total", "counter", "Time spent since the start, by stage; stages run side by side.");
    for (const auto& [stage, seconds] : {std::pair{"read", seconds_.read}, {"store", seconds_.store}, {"record", seconds_.record}, {"file", seconds_.file}}) {
      out += fmt::format("powerview_intake_seconds_total{{stage=\"{}\"}} {:.6f}\n", stage, seconds);
    }
    for (const auto& [name, help, count] : {std::tuple{"batches", "Batches dealt with.", batches_}, {"rows", "Rows read of the files stored.", rows_},
                                            {"samples", "Samples of the files stored.", samples_}, {"samples_new", "Samples that were new.", samples_new_},
                                            {"problems", "Problems told to the log.", problems_}}) {
      head(out, fmt::format("powerview_intake_{}_total", name), "counter", help);
      out += fmt::format("powerview_intake_{}_total {}\n", name, count);
    }
  }
  if (const auto counts = ledger.counts()) {
    std::uint64_t waiting = 0;
    head(out, "powerview_ledger_files", "gauge", "Files by company and state.");
    for (const StateCount& count : *counts) {
      out += fmt::format("powerview_ledger_files{{tenant=\"{}\",state=\"{}\"}} {}\n", label_value(count.tenant), to_string(count.state), count.files);
      if (count.state == FileState::received || count.state == FileState::claimed || count.state == FileState::parsed) waiting += count.files;
    }
    head(out, "powerview_intake_queue_files", "gauge", "Files that wait or are at work.");
    out += fmt::format("powerview_intake_queue_files {}\n", waiting);
  }
  if (const auto arrivals = ledger.last_arrivals()) {
    head(out, "powerview_last_file_seconds", "gauge", "When a device's newest file came, Unix seconds.");
    for (const LastArrival& last : *arrivals) {
      out += fmt::format("powerview_last_file_seconds{{tenant=\"{}\",campaign=\"{}\",device=\"{}\"}} {}\n", label_value(last.tenant), label_value(last.campaign),
                         label_value(last.device), last.received_s);
    }
  }
}

}  // namespace pv::ingest
