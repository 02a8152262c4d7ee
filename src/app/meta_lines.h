#pragma once
/// What was ingested, as points of InfluxDB's meta bucket (influx/meta.h).
///   Threads: no state.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "app/settings.h"
#include "influx/connection.h"
#include "ingest/run_report.h"

namespace pv::app {

/// Instants for points of the same tags, each its own, as two points of one instant would be one: the moment itself, or the second after the last.
/// Threads: confined to one at a time. Memory: bounded.
class MetaInstants {
 public:
  [[nodiscard]] std::int64_t next(const std::string& tags, std::int64_t at_s);

 private:
  std::map<std::string, std::int64_t> last_;
};

/// A run, and each of its files. Rejected and held files tell their reason.
[[nodiscard]] std::string meta_lines(const ingest::RunReport& report, const Settings& settings, MetaInstants& instants);
/// Into the meta bucket, made when missing. Sets the Unix seconds before which the server asked to be left alone. Errors: those of the influx room.
Result<void> send_meta_lines(influx::Access access, const std::string& bucket, std::string_view lines, std::int64_t& not_before_s);

}  // namespace pv::app
