#pragma once
/// A company's samples out of the files in parsed/, where there is no embedded store to ask: a store made for the time it is used.
///   Errors: io; files and folders that can no longer be read are left out, counted, and told on standard error. Its snapshots: conflict once files
///   were taken in since, as its samples may no longer be those that count. Cost: reads all files once. Threads: no state.

#include <cstdint>
#include <memory>
#include <optional>

#include "app/settings.h"
#include "app/zones.h"
#include "model/source.h"

namespace pv::app {

struct ParsedTruth {
  std::shared_ptr<model::SampleSource> source;  // the store goes away with it
  std::uint64_t left_out = 0;
};
/// Without an embedded store it also learns which files have rows when (app/file_periods.h).
[[nodiscard]] Result<ParsedTruth> read_parsed(const Settings& settings, const Zones& zones, const model::TenantName& tenant, const std::optional<model::CampaignName>& campaign);
/// The same for who does not mind what was left out.
[[nodiscard]] Result<std::shared_ptr<model::SampleSource>> read_parsed_files(const Settings& settings, const Zones& zones, const model::TenantName& tenant,
                                                                             const std::optional<model::CampaignName>& campaign);

}  // namespace pv::app
