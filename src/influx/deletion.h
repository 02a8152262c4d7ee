#pragma once
/// Deleting samples, for repairs: the server takes its time over it, so never while files come in.
///   Errors: see influx/connection.h.

#include <string_view>

#include "influx/connection.h"
#include "influx/line_protocol.h"
#include "model/source.h"

namespace pv::influx {

/// Points of a measurement that have these tags, and others or none, in a period. A bucket that is not there has nothing to delete.
[[nodiscard]] Result<void> delete_points(Connection& connection, std::string_view bucket, std::string_view measurement, const Tags& tags, model::Period period);
/// All samples of one logger in a period. A bucket that is not there has nothing to delete.
[[nodiscard]] Result<void> delete_samples(Connection& connection, std::string_view bucket, std::string_view campaign, std::string_view logger_sn, model::Period period);

}  // namespace pv::influx
