#include "influx/meta.h"

#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "base/decimal.h"
#include "influx/flux.h"
#include "influx/line_protocol.h"

namespace pv::influx {
namespace {

class Fields {
 public:
  explicit Fields(std::string& line) : line_(line) {}
  void add(std::string_view key, std::int64_t value) { put(key, fmt::format("{}i", value)); }
  void add(std::string_view key, std::string_view value) { put(key, quoted_string_field(value)); }
  void add(std::string_view key, double value) {
    std::string text;
    append_shortest(text, std::isfinite(value) ? value : 0);
    put(key, text);
  }

 private:
  void put(std::string_view key, std::string_view text) {
    line_ += separator_;
    line_ += key;
    line_ += '=';
    line_ += text;
    separator_ = ',';
  }
  std::string& line_;
  char separator_ = ' ';
};

}  // namespace

std::string meta_line(const MetaRun& run) {
  std::string line = "tsv_parser_run";
  append_tag(line, "status", run.status);
  Fields fields(line);
  fields.add("run_id", run.run_id);
  fields.add("start_time", flux_time(run.start_s));
  fields.add("end_time", flux_time(run.end_s));
  fields.add("duration_s", run.duration_s);
  fields.add("base_folder", run.base_folder);
  fields.add("nb_files_total", run.nb_files_total);
  fields.add("nb_files_success", run.nb_files_success);
  fields.add("nb_files_failed", run.nb_files_failed);
  fields.add("nb_files_deferred", run.nb_files_deferred);
  fields.add("nb_points_total", run.nb_points_total);
  if (!run.error.empty()) fields.add("error", run.error);
  return fmt::format("{} {}\n", line, run.at_s == 0 ? run.end_s : run.at_s);
}

std::string meta_line(const MetaFile& file) {
  std::string line = "tsv_parser_file";
  append_tag(line, "bucket", file.bucket);
  append_tag(line, "campaign", file.campaign);
  append_tag(line, "device_master_sn", file.device_master_sn);
  append_tag(line, "status", file.status);
  Fields fields(line);
  fields.add("run_id", file.run_id);
  fields.add("file_path", file.file_path);
  fields.add("nb_rows", file.nb_rows);
  fields.add("nb_channels", file.nb_channels);
  fields.add("nb_points", file.nb_points);
  fields.add("nb_invalid_timestamps", file.nb_invalid_timestamps);
  fields.add("nb_invalid_values", file.nb_invalid_values);
  if (file.time_end_s != 0) {
    fields.add("time_start", flux_time(file.time_start_s));
    fields.add("time_end", flux_time(file.time_end_s));
  }
  if (!file.error.empty()) fields.add("error", file.error);
  return fmt::format("{} {}\n", line, file.at_s + file.number);
}

}  // namespace pv::influx
