#pragma once
/// Lines for the meta bucket, with the measurements and field names that existing dashboards read: a run of the parser, and a file in it.
///
///   tsv_parser_run,status=…                                       one a run, at its end
///   tsv_parser_file,bucket=…,campaign=…,device_master_sn=…,status=…   one a file and run, at the run's end
/// Numbers are integers, the duration a float, all else strings; `error` is there for failures only. Precision seconds.

#include <cstdint>
#include <string>

namespace pv::influx {

struct MetaRun {
  std::string run_id;
  std::int64_t start_s = 0, end_s = 0;
  double duration_s = 0;
  std::string base_folder;
  std::int64_t nb_files_total = 0, nb_files_success = 0, nb_files_failed = 0, nb_files_deferred = 0, nb_points_total = 0;
  std::string status;  // "success", "partial", "failed", …
  std::int64_t at_s = 0;  // instant of the point; 0: its end
  std::string error;   // why, when it failed
};

struct MetaFile {
  std::string run_id, file_path, bucket, campaign, device_master_sn, status, error;
  std::int64_t nb_rows = 0, nb_channels = 0, nb_points = 0, nb_invalid_timestamps = 0, nb_invalid_values = 0;
  std::int64_t time_start_s = 0, time_end_s = 0;  // of its rows; 0 for none
  std::int64_t at_s = 0;                          // instant of the point
  std::uint32_t number = 0;  // of the file within those with the same tags and instant: points must not fall on one another
};

/// With its line feed.
[[nodiscard]] std::string meta_line(const MetaRun& run);
/// With its line feed. Files of the same tags and instant lie one second apart, by their number.
[[nodiscard]] std::string meta_line(const MetaFile& file);

}  // namespace pv::influx
