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

Result<void> delete_samples(Connection& connection, std::string_view bucket, std::string_view campaign, std::string_view logger_sn, model::Period period) {
  if (period.empty()) return {};
  const nlohmann::json body = {{"start", flux_time(period.from_s)},
                               {"stop", flux_time(period.to_s - 1)},  // both ends count there
                               {"predicate", fmt::format("_measurement={} AND campaign={} AND device_master_sn={}", predicate_string(kMeasurement),
                                                         predicate_string(campaign), predicate_string(logger_sn))}};
  HttpRequest request;
  request.method = "POST";
  request.target = fmt::format("/api/v2/delete?org={}&bucket={}", percent_encoded(connection.access().organization), percent_encoded(bucket));
  request.content_type = "application/json";
  request.body = body.dump();
  const std::string what = fmt::format("deleting from bucket {}", bucket);
  PV_TRY(const HttpResponse answer, connection.send(std::move(request), what));
  if (answer.status == 204 || answer.status == 404) return {};
  return fail(connection.error_of(answer, what));
}

}  // namespace pv::influx
