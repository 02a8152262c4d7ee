#include <algorithm>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/single_file.h"
#include "base/digest.h"
#include "model/rhythm.h"

namespace pv::app {
namespace inspect_command {
namespace {

using nlohmann::ordered_json;

enum class Output : std::uint8_t { text, json };

constexpr std::size_t kListed = 20;  // gaps and faults that the text form lists

struct Options {
  CommonOptions common;
  std::filesystem::path file;
  Output output = Output::text;
};

/// What a technician asks of a file, gathered before it is printed one way or the other.
struct Finding {
  bool accepted = false;
  std::string reason;   // why not
  std::string message;
  std::uint32_t line = 0;
  std::int64_t step_s = 0;
  std::vector<model::Silence> gaps;
};

Finding judge(const SingleFile& file) {
  Finding finding;
  if (!file.content) {
    finding.reason = tsv::to_string(file.content.error().reason);
    finding.message = file.content.error().message;
    finding.line = file.content.error().line;
    return finding;
  }
  const tsv::LoggerFile& content = *file.content;
  for (const model::LoggerTable& table : content.tables) {
    if (finding.step_s == 0) finding.step_s = model::usual_step(table.rows.time_s);
    const std::vector<model::Silence> silences = model::silences(table.rows.time_s);
    finding.gaps.insert(finding.gaps.end(), silences.begin(), silences.end());
  }
  if (content.report.samples == 0 && content.events.empty()) {
    finding.reason = content.report.rows == 0 ? "no_rows" : "no_valid_rows";
    finding.message = content.report.rows == 0 ? "it has a header and no rows" : "no row holds a sample that can be taken";
    return finding;
  }
  finding.accepted = true;
  return finding;
}

std::string duration_text(std::int64_t seconds) {
  if (seconds % 86400 == 0 && seconds > 0) return fmt::format("{} d", seconds / 86400);
  if (seconds >= 86400) return fmt::format("{} d {} h", seconds / 86400, seconds % 86400 / 3600);
  if (seconds % 3600 == 0 && seconds > 0) return fmt::format("{} h", seconds / 3600);
  if (seconds >= 3600) return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
  if (seconds % 60 == 0 && seconds > 0) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} s", seconds);
}

void print_channels(const tsv::LoggerFile& content) {
  for (std::size_t t = 0; t < content.tables.size(); ++t) {
    const model::LoggerTable& table = content.tables[t];
    if (content.tables.size() > 1) fmt::print("header {}     {} channels, {} rows\n", t + 1, table.channels.size(), table.rows.time_s.size());
    fmt::print("\n  {:<34} {:<16} {:<6} {:>9} {:>12} {:>12} {:>12}\n", "channel", "title", "unit", "values", "min", "mean", "max");
    for (std::size_t c = 0; c < table.channels.size(); ++c) {
      const model::Channel& channel = table.channels[c];
      const model::Column& column = table.rows.columns[c];
      double low = 0, high = 0, sum = 0;
      std::size_t count = 0;
      for (std::size_t row = 0; row < column.size(); ++row) {
        if (column.is_missing(row)) continue;
        const double value = column.value(row);
        low = count == 0 ? value : std::min(low, value);
        high = count == 0 ? value : std::max(high, value);
        sum += value;
        ++count;
      }
      const std::string id = model::channel_id(channel, model::ChannelIdStyle::device_first);
      if (count == 0) {
        fmt::print("  {:<34} {:<16} {:<6} {:>9}\n", shown(id), shown(channel.name), shown(channel.unit), 0);
      } else {
        fmt::print("  {:<34} {:<16} {:<6} {:>9} {:>12.2f} {:>12.2f} {:>12.2f}\n", shown(id), shown(channel.name), shown(channel.unit), count, low,
                   sum / static_cast<double>(count), high);
      }
    }
  }
}

void print_text(const SingleFile& file, const Finding& finding, const model::Zone& shown_zone) {
  const auto when = [&](std::int64_t s) { return local_text(s, shown_zone); };
  fmt::print("file         {}\n", shown(file.path.string()));
  fmt::print("size         {} bytes, sha256 {}\n", file.origin.size, to_hex(file.origin.digest));
  if (!file.content) {
    fmt::print("verdict      would be REJECTED ({}): {}\n", finding.reason, shown(finding.message));
    return;
  }
  const tsv::LoggerFile& content = *file.content;
  const tsv::ReadReport& report = content.report;
  fmt::print("format       {}, {}{}\n", report.format, tsv::to_string(report.layout),
             report.layout == tsv::Layout::wrapped ? (report.complete ? ", complete (END_DATA)" : ", END_DATA missing") : "");
  for (const auto& [key, value] : report.header_meta) fmt::print("header       {} = {}\n", shown(key), shown(value));
  fmt::print("logger       {}, {}\n", content.master_sn, tsv::to_string(report.master_type));
  std::map<std::string, std::size_t> slaves;
  for (const model::Channel& channel : content.tables.front().channels) {
    if (channel.type == model::DeviceType::slave) ++slaves[channel.device_sn];
  }
  for (const auto& [sn, count] : slaves) fmt::print("slave        {}, {} channels\n", sn, count);
  fmt::print("stamps       {} ({})\n", shown(report.zone), report.zone_origin == tsv::ZoneOrigin::file ? "as the file says" : "from the settings or --zone");
  if (report.time_start_s && report.time_end_s) {
    fmt::print("period       {} to {} ({})\n", when(*report.time_start_s), when(*report.time_end_s), shown_zone.name());
  }
  fmt::print("step         {}\n", finding.step_s == 0 ? "unknown" : duration_text(finding.step_s));
  fmt::print("rows         {}, of which {} give {} samples\n", report.rows, report.rows_accepted, report.samples);
  const auto count_line = [](const char* name, std::uint64_t count) {
    if (count > 0) fmt::print("{:<12} {}\n", name, count);
  };
  count_line("restarts", report.restart_rows);
  count_line("clock unset", report.clock_unset_rows);
  count_line("same stamp", report.duplicate_stamps);
  count_line("missing", report.missing_cells);
  if (report.truncated_tail) {
    fmt::print("cut short    line {} (byte {}) has no line end; {}\n", report.truncated_tail->line, report.truncated_tail->byte_offset,
               report.truncated_tail->fate == tsv::TailFate::taken ? "taken until a whole row comes" : "left out");
  }
  fmt::print("gaps         {}\n", finding.gaps.size());
  for (std::size_t g = 0; g < std::min(finding.gaps.size(), kListed); ++g) {
    fmt::print("             {} to {} ({})\n", when(finding.gaps[g].from_s), when(finding.gaps[g].to_s),
               duration_text(finding.gaps[g].to_s - finding.gaps[g].from_s));
  }
  if (finding.gaps.size() > kListed) fmt::print("             and {} more\n", finding.gaps.size() - kListed);
  for (std::size_t e = 0; e < std::min(content.events.size(), kListed); ++e) {
    fmt::print("restart      {}\n", when(content.events[e].time_s));
  }
  if (content.events.size() > kListed) fmt::print("             and {} more restarts\n", content.events.size() - kListed);
  std::uint64_t faults = 0;
  for (const std::uint64_t count : report.fault_counts) faults += count;
  fmt::print("faults       {}\n", faults);
  for (std::size_t f = 0; f < std::min(report.faults.size(), kListed); ++f) {
    const tsv::RowFault& fault = report.faults[f];
    fmt::print("             line {}{}: {}\n", fault.line, fault.column == 0 ? "" : fmt::format(", field {}", fault.column), tsv::to_string(fault.kind));
  }
  if (faults > kListed) fmt::print("             and {} more (--json lists the first {})\n", faults - kListed, report.faults.size());
  for (const tsv::Warning& warning : report.warnings) {
    fmt::print("note         {}{}{}{}\n", tsv::to_string(warning.kind), warning.line > 0 ? fmt::format(" (line {})", warning.line) : "",
               warning.detail.empty() ? "" : ": ", shown(warning.detail));
  }
  print_channels(content);
  if (finding.accepted) {
    fmt::print("\nverdict      would be accepted\n");
  } else {
    fmt::print("\nverdict      would be REJECTED ({}): {}\n", finding.reason, shown(finding.message));
  }
}

ordered_json to_json(const SingleFile& file, const Finding& finding) {
  ordered_json json;
  json["file"] = file.path.string();
  json["size"] = file.origin.size;
  json["digest"] = to_hex(file.origin.digest);
  json["accepted"] = finding.accepted;
  json["reason"] = finding.reason.empty() ? ordered_json(nullptr) : ordered_json(finding.reason);
  json["message"] = finding.message.empty() ? ordered_json(nullptr) : ordered_json(finding.message);
  json["line"] = finding.line == 0 ? ordered_json(nullptr) : ordered_json(finding.line);
  if (!file.content) return json;
  const tsv::LoggerFile& content = *file.content;
  const tsv::ReadReport& report = content.report;
  json["format"] = report.format;
  json["layout"] = tsv::to_string(report.layout);
  json["complete"] = report.complete;
  ordered_json meta = ordered_json::object();
  for (const auto& [key, value] : report.header_meta) meta[key] = value;
  json["file_header_meta"] = std::move(meta);
  json["device_master_sn"] = content.master_sn;
  json["master_type"] = tsv::to_string(report.master_type);
  json["zone"] = report.zone;
  json["zone_origin"] = report.zone_origin == tsv::ZoneOrigin::file ? "file" : "settings";
  json["time_start"] = report.time_start_s ? ordered_json(*report.time_start_s) : ordered_json(nullptr);
  json["time_end"] = report.time_end_s ? ordered_json(*report.time_end_s) : ordered_json(nullptr);
  json["step_s"] = finding.step_s;
  json["rows"] = report.rows;
  json["rows_accepted"] = report.rows_accepted;
  json["samples"] = report.samples;
  json["restart_rows"] = report.restart_rows;
  json["clock_unset_rows"] = report.clock_unset_rows;
  json["duplicate_stamps"] = report.duplicate_stamps;
  json["missing_cells"] = report.missing_cells;
  json["invalid_values"] = report.invalid_values;
  json["invalid_timestamps"] = report.invalid_timestamps;
  json["truncated_tail"] = report.truncated_tail
                               ? ordered_json{{"line", report.truncated_tail->line},
                                              {"byte_offset", report.truncated_tail->byte_offset},
                                              {"taken", report.truncated_tail->fate == tsv::TailFate::taken}}
                               : ordered_json(nullptr);
  ordered_json channels = ordered_json::array();
  for (const model::LoggerTable& table : content.tables) {
    for (const model::Channel& channel : table.channels) {
      channels.push_back({{"field", model::field_name(channel, model::ChannelIdStyle::device_first)},
                          {"device_sn", channel.device_sn},
                          {"device_type", model::to_string(channel.type)},
                          {"device_subtype", model::to_string(channel.subtype)},
                          {"label", channel.label},
                          {"name", channel.name},
                          {"unit", channel.unit}});
    }
  }
  json["channels"] = std::move(channels);
  ordered_json gaps = ordered_json::array();
  for (const model::Silence& gap : finding.gaps) gaps.push_back({{"from", gap.from_s}, {"to", gap.to_s}});
  json["gaps"] = std::move(gaps);
  ordered_json events = ordered_json::array();
  for (const model::Event& event : content.events) events.push_back({{"t", event.time_s}, {"kind", "restart"}});
  json["events"] = std::move(events);
  ordered_json counts = ordered_json::object();
  for (std::size_t kind = 0; kind < tsv::kFaultKinds; ++kind) {
    if (report.fault_counts[kind] > 0) counts[std::string(tsv::to_string(static_cast<tsv::FaultKind>(kind)))] = report.fault_counts[kind];
  }
  json["fault_counts"] = std::move(counts);
  ordered_json faults = ordered_json::array();
  for (const tsv::RowFault& fault : report.faults) {
    faults.push_back({{"kind", tsv::to_string(fault.kind)}, {"line", fault.line}, {"field", fault.column}, {"byte_offset", fault.byte_offset}});
  }
  json["faults"] = std::move(faults);
  ordered_json warnings = ordered_json::array();
  for (const tsv::Warning& warning : report.warnings) {
    warnings.push_back({{"kind", tsv::to_string(warning.kind)}, {"line", warning.line}, {"detail", warning.detail}});
  }
  json["warnings"] = std::move(warnings);
  return json;
}

ExitCode run_inspect(const Options& options) {
  const auto settings = settings_for(options.common);
  if (!settings) return report(settings.error());
  const auto file = read_single_file(options.file, *settings);
  if (!file) return report(file.error());
  const Finding finding = judge(*file);
  if (options.output == Output::json) {
    print(to_json(*file, finding).dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n");
  } else {
    model::Zone shown = settings->zone;
    if (file->content) {
      if (auto zone = model::Zone::from_name(file->content->report.zone)) shown = *zone;
    }
    print_text(*file, finding, shown);
  }
  return finding.accepted ? ExitCode::done : ExitCode::some_failed;
}

}  // namespace
}  // namespace inspect_command

void add_inspect(const Command& app, Chosen& chosen) {
  using namespace inspect_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("inspect", "Tell what a logger file holds and whether it would be accepted");
  add_common_options(command, options->common);
  add_zone_option(command, options->common);
  command.add_option("file", options->file, "Logger file").required().type_name("FILE");
  command.add_flag_callback("--json", [options] { options->output = Output::json; }, "Print JSON");
  command.callback([options, &chosen] { chosen = [options] { return run_inspect(*options); }; });
}

}  // namespace pv::app
