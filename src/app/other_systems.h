#pragma once
/// How the settings say that other systems are reached.

#include "app/settings.h"
#include "influx/connection.h"
#include "victoria/options.h"

namespace pv::app {

[[nodiscard]] influx::Access influx_access(const Settings& settings);
[[nodiscard]] victoria::Options victoria_options(const Settings& settings);

}  // namespace pv::app
