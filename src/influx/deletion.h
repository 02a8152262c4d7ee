#pragma once
/// Deleting samples, for repairs: the server takes its time over it, so never while files come in.
///   Errors: see influx/connection.h.

#include <string_view>

#include "influx/connection.h"
#include "model/source.h"

namespace pv::influx {

/// All samples of one logger in a period. A bucket that is not there has nothing to delete.
[[nodiscard]] Result<void> delete_samples(Connection& connection, std::string_view bucket, std::string_view campaign, std::string_view logger_sn, model::Period period);

}  // namespace pv::influx
