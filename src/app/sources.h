#pragma once
/// Where the samples are read from: the embedded store; without one InfluxDB, else VictoriaMetrics.
///   Threads: safe.

#include <memory>

#include "app/settings.h"
#include "model/source.h"

namespace pv::app {

/// Borrows nothing. Errors: invalid_input: there is no embedded store and no other system, or its address is wrong.
[[nodiscard]] Result<std::unique_ptr<model::SourceDirectory>> open_sources(const Settings& settings);

/// What to tell who has switched the embedded store off and named no other.
[[nodiscard]] Error no_store_at_all();

}  // namespace pv::app
