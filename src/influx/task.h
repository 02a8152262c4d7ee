#pragma once
/// Tasks of the old scheme, which averaged by the clock and never saw what came late: found and removed, never made.
///   Errors: see influx/connection.h.

#include <string>
#include <string_view>
#include <vector>

#include "influx/connection.h"

namespace pv::influx {

struct Task {
  std::string id, name;  // "downsample_<bucket>_1h"
  bool active = true;
  std::string last_run;  // "success", "failed", "canceled"; "" when it never ran
};

/// Those named downsample_<bucket>_<1h, 1d or 1w>; names are not unique there.
[[nodiscard]] Result<std::vector<Task>> old_downsampling_tasks(Connection& connection, std::string_view bucket);
/// Nothing happens when it is gone already.
[[nodiscard]] Result<void> delete_task(Connection& connection, const Task& task);

}  // namespace pv::influx
