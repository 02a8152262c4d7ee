#include "influx/flux.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "influx/line_protocol.h"

namespace pv::influx {
namespace {


/// First instant of the local day that an instant is in.
std::int64_t day_start(const model::Zone& zone, std::int64_t time_s) {
  const std::int64_t local_s = time_s + zone.offset_at(time_s).offset_s;
  const std::int64_t midnight_s = local_s - ((local_s % kDay_s) + kDay_s) % kDay_s;
  return zone.to_utc(midnight_s).earlier_s;
}

std::int64_t next_day_start(const model::Zone& zone, std::int64_t time_s) {
  const std::int64_t day_s = day_start(zone, time_s);
  return day_s == time_s ? day_s : day_start(zone, day_s + kDay_s + kDay_s / 2);
}

}  // namespace

std::string flux_string(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\\' || (c == '$' && i + 1 < text.size() && text[i + 1] == '{')) out += '\\';
    if (c == '\n') out += "\\n";
    else if (c == '\r') out += "\\r";
    else if (c == '\t') out += "\\t";
    else out += c;
  }
  return out + '"';
}

std::string flux_time(std::int64_t time_s) {
  time_s = std::clamp(time_s, kAllTime.from_s, kAllTime.to_s);
  const std::int64_t days = (time_s - (((time_s % kDay_s) + kDay_s) % kDay_s)) / kDay_s;
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  const std::int64_t rest = time_s - days * kDay_s;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), rest / 3'600, rest / 60 % 60, rest % 60);
}

std::string flux_from(const Selection& selection) {
  std::string script = fmt::format("from(bucket: {})\n  |> range(start: {}, stop: {})\n  |> filter(fn: (r) => r._measurement == {}",
                                   flux_string(selection.bucket), flux_time(selection.period.from_s), flux_time(selection.period.to_s),
                                   flux_string(selection.measurement));
  if (!selection.campaign.empty()) script += " and r.campaign == " + flux_string(selection.campaign);
  if (!selection.logger_sn.empty()) script += " and r.device_master_sn == " + flux_string(selection.logger_sn);
  script += ")";
  for (std::size_t i = 0; i < selection.fields.size(); ++i) {
    script += (i == 0 ? "\n  |> filter(fn: (r) => r._field == " : " or r._field == ") + flux_string(selection.fields[i]);
  }
  if (!selection.fields.empty()) script += ")";
  return script;
}

Result<void> run_query(Connection& connection, std::string_view script, std::string_view what, CsvReader::Row row) {
  const nlohmann::json body = {{"query", std::string(script)},
                               {"type", "flux"},
                               {"dialect", {{"header", true}, {"delimiter", ","}, {"annotations", {"datatype", "group", "default"}}}}};
  CsvReader reader(std::move(row));
  HttpRequest request;
  request.method = "POST";
  request.target = "/api/v2/query?org=" + percent_encoded(connection.access().organization);
  request.headers = {{"Accept", "application/csv"}};
  request.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  request.content_type = "application/json";
  PV_TRY(const HttpResponse answer, connection.send(std::move(request), what, [&](std::string_view piece) { return reader.push(piece); }));
  if (answer.status == 400 && answer.body.find("queue length exceeded") != std::string::npos) {
    return fail(Errc::unavailable, fmt::format("{}: the server has too many queries waiting", what));
  }
  const std::string_view type = answer.header("content-type");
  if (answer.status != 200 || (!type.empty() && type.find("csv") == std::string_view::npos)) return fail(connection.error_of(answer, what));
  if (auto finished = reader.finish(); !finished) return fail(std::move(finished).error().with(what));
  return {};
}

Result<std::vector<DayCount>> day_counts(Connection& connection, std::string_view bucket, const model::CampaignName& campaign,
                                         std::string_view logger_sn, model::Period period, const model::Zone& zone) {
  std::vector<DayCount> all;
  if (period.empty()) return all;
  if (zone.name().find(',') != std::string::npos) {
    return fail(Errc::invalid_input, fmt::format("InfluxDB knows no zone '{}': give one by its name, such as Europe/Paris", zone.name()));
  }
  // A week from the ends of what can be stored: days beyond would have no instants.
  constexpr std::int64_t kWeek_s = 7 * kDay_s;
  const auto stored = [](std::int64_t time_s) { return std::clamp(time_s, kAllTime.from_s + kWeek_s, kAllTime.to_s - kWeek_s); };
  const model::Period days{day_start(zone, stored(period.from_s)), next_day_start(zone, stored(period.to_s))};
  const std::string select = flux_from({bucket, kMeasurement, days, campaign.str(), logger_sn});
  const std::string location = zone.is_utc() ? "" : fmt::format(", location: timezone.location(name: {})", flux_string(zone.name()));
  const std::string what = fmt::format("counting the samples of {} in bucket {}", logger_sn, bucket);
  std::map<std::tuple<std::string, std::int64_t, std::string>, DayCount> found;
  for (const std::string_view function : {"count", "sum"}) {
    const std::string script = fmt::format("{}{}\n  |> aggregateWindow(every: 1d, fn: {}, createEmpty: false, timeSrc: \"_start\"{})\n"
                                           "  |> keep(columns: [\"_time\", \"_value\", \"_field\", \"device_master_sn\"])",
                                           zone.is_utc() ? "" : "import \"timezone\"\n", select, function, location);
    PV_TRY_VOID(run_query(connection, script, what, [&](const CsvBlock& block, std::span<const std::string_view> cells) -> Result<void> {
      const auto time = block.find("_time"), value = block.find("_value"), field = block.find("_field"), sn = block.find("device_master_sn");
      if (!time || !value || !field || !sn) return fail(Errc::corrupt, what + ": the answer lacks a column");
      const auto day_s = read_time(cells[*time]);
      const auto number = read_number(cells[*value]);
      if (!day_s || !number) return fail(Errc::corrupt, what + ": the answer has a cell that does not read");
      DayCount& day = found[{std::string(cells[*sn]), *day_s, std::string(cells[*field])}];
      // A field has several series where its tags have changed.
      if (function == "count") {
        day.samples += static_cast<std::uint64_t>(std::max(0.0, *number));
      } else {
        day.sum += *number;
      }
      return {};
    }));
  }
  for (auto& [key, day] : found) {
    std::tie(day.logger_sn, day.day_s, day.field) = key;
    all.push_back(std::move(day));
  }
  return all;
}

Result<std::vector<LoggerSpan>> logger_spans(Connection& connection, std::string_view bucket) {
  const std::string what = fmt::format("looking for the loggers of bucket {}", bucket);
  std::map<std::pair<std::string, std::string>, model::Period> found;
  for (const std::string_view function : {"first", "last"}) {
    const std::string script = fmt::format("{}\n  |> {}()\n  |> keep(columns: [\"_time\", \"_value\", \"campaign\", \"device_master_sn\"])",
                                           flux_from({bucket, kMeasurement, kAllTime}), function);
    PV_TRY_VOID(run_query(connection, script, what, [&](const CsvBlock& block, std::span<const std::string_view> cells) -> Result<void> {
      const auto time = block.find("_time"), campaign = block.find("campaign"), sn = block.find("device_master_sn");
      if (!time || !campaign || !sn) return {};  // of somebody else
      const auto at = read_time(cells[*time]);
      if (!at) return fail(Errc::corrupt, what + ": the answer has a time that does not read");
      const auto [span, is_new] = found.try_emplace({std::string(cells[*campaign]), std::string(cells[*sn])}, model::Period{*at, *at + 1});
      span->second = {std::min(span->second.from_s, *at), std::max(span->second.to_s, *at + 1)};
      return {};
    }));
  }
  std::vector<LoggerSpan> all;
  for (auto& [key, period] : found) all.push_back({key.first, key.second, period});
  return all;
}

}  // namespace pv::influx
