#include "influx/deletion.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "influx/flux.h"
#include "influx/line_protocol.h"

namespace pv::influx {
namespace {

/// A value of a delete predicate with its quotes.
std::string predicate_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

Result<void> delete_points(Connection& connection, std::string_view bucket, std::string_view measurement, const Tags& tags, model::Period period) {
  if (period.empty()) return {};
  std::string predicate = "_measurement=" + predicate_string(measurement);
  for (const auto& [key, value] : tags) predicate += fmt::format(" AND {}={}", key, predicate_string(value));
  const nlohmann::json body = {{"start", flux_time(period.from_s)},
                               {"stop", flux_time(period.to_s - 1)},  // both ends count there
                               {"predicate", predicate}};
  HttpRequest request;
  request.method = "POST";
  request.target = fmt::format("/api/v2/delete?org={}&bucket={}", percent_encoded(connection.access().organization), percent_encoded(bucket));
  request.content_type = "application/json";
  request.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const std::string what = fmt::format("deleting from bucket {}", bucket);
  PV_TRY(const HttpResponse answer, connection.send(std::move(request), what));
  if (answer.status == 204 || answer.status == 404) return {};
  return fail(connection.error_of(answer, what));
}

Result<void> delete_samples(Connection& connection, std::string_view bucket, std::string_view campaign, std::string_view logger_sn, model::Period period) {
  return delete_points(connection, bucket, kMeasurement, {{"campaign", std::string(campaign)}, {"device_master_sn", std::string(logger_sn)}}, period);
}

}  // namespace pv::influx
