#pragma once
/// A company's samples out of the files in parsed/, where there is no embedded store to ask: a store made for the time it is used.
///   Errors: io; files that can no longer be read are left out and told on standard error. Cost: reads all of them once. Threads: no state.

#include <memory>
#include <optional>

#include "app/settings.h"
#include "app/zones.h"
#include "model/source.h"

namespace pv::app {

/// The store goes away with the source. Without an embedded store it also learns which files have rows when (app/file_periods.h).
[[nodiscard]] Result<std::shared_ptr<model::SampleSource>> read_parsed_files(const Settings& settings, const Zones& zones, const model::TenantName& tenant,
                                                                             const std::optional<model::CampaignName>& campaign);

}  // namespace pv::app
