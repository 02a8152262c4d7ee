#pragma once
/// Queries in Flux.
///   Errors: as influx/connection.h and influx/csv.h say; not_found: no such bucket, or the token may not read it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "influx/connection.h"
#include "influx/csv.h"
#include "model/source.h"
#include "model/zone.h"

namespace pv::influx {

/// A string of Flux with its quotes: `a"${b}` becomes "a\"\${b}".
[[nodiscard]] std::string flux_string(std::string_view text);
/// "2025-08-03T03:20:00Z"; instants beyond what InfluxDB can store become the first or last that it can.
[[nodiscard]] std::string flux_time(std::int64_t time_s);

/// "from(bucket: …) |> range(…) |> filter(…)" for the samples of a company, a campaign, a logger, and of some of its fields.
struct Selection {
  std::string_view bucket;
  std::string_view measurement;
  model::Period period;               // an empty one selects nothing: not to be asked for
  std::string_view campaign = {};     // "" for all
  std::string_view logger_sn = {};    // "" for all
  std::vector<std::string> fields = {};  // none for all
};
[[nodiscard]] std::string flux_from(const Selection& selection);

inline constexpr model::Period kAllTime{-9'223'372'036, 9'223'372'036};

/// Sends a script and hands the rows of its answer on as they come.
Result<void> run_query(Connection& connection, std::string_view script, std::string_view what, CsvReader::Row row);

/// What one field of a logger has in one local day.
struct DayCount {
  std::string logger_sn;
  std::int64_t day_s = 0;  // first instant of the day
  std::string field;
  std::uint64_t samples = 0;
  double sum = 0;  // of the values, added in whatever order the server does
};
/// By logger, day and field; `logger_sn` "": of all loggers of the campaign. Days without samples are left out. The period is widened to whole local days.
///   Errors: invalid_input for a zone that has no IANA name. Cost: two queries that the server answers from its index and blocks.
Result<std::vector<DayCount>> day_counts(Connection& connection, std::string_view bucket, const model::CampaignName& campaign,
                                         std::string_view logger_sn, model::Period period, const model::Zone& zone);

/// From the first to the last sample that a bucket has of a logger.
struct LoggerSpan {
  std::string campaign, logger_sn;
  model::Period period;
};
/// Of all loggers, in order. Cost: two queries that the server answers from its index.
Result<std::vector<LoggerSpan>> logger_spans(Connection& connection, std::string_view bucket);

}  // namespace pv::influx
