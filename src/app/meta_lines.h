#pragma once
/// What was ingested, as points of InfluxDB's meta bucket (influx/meta.h).
///   Threads: no state.

#include <string>
#include <string_view>

#include "app/settings.h"
#include "ingest/run_report.h"

namespace pv::app {

/// A run, and each of its files. Rejected and held files tell their reason.
[[nodiscard]] std::string meta_lines(const ingest::RunReport& report, const Settings& settings);
/// Into the meta bucket, made when missing. Errors: those of the influx room.
Result<void> send_meta_lines(const Settings& settings, std::string_view lines);

}  // namespace pv::app
