#pragma once
/// A company's samples out of the files in parsed/, where there is no embedded store to ask: a store made for the time it is used.
///   Errors: io; files and folders that cannot be read, a company's folder that is not there, and links to folders are left out, counted, and told on
///   standard error. Its snapshots: conflict once files of the company were taken in since, as its samples may no longer be those that count.
///   Cost: reads all files once. Threads: no state.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/file_periods.h"
#include "app/settings.h"
#include "app/zones.h"
#include "model/source.h"

namespace pv::app {

struct ParsedTruth {
  std::shared_ptr<model::SampleSource> source;  // the store goes away with it
  std::uint64_t left_out = 0;                  // files and folders that could not be read
  std::uint64_t left_for_now = 0;              // of those: what may be readable later, untouched
  std::vector<FilePeriods::Passed> gone = {};  // files that were passed on and lie in parsed/ no longer

  /// What of a period (of all time) is known to be lacking here, in words: another system may have the only copy of it, so nothing is deleted there.
  [[nodiscard]] std::optional<std::string> lacks(std::optional<model::Period> period = {}) const;
};
/// Without an embedded store it also learns which files have rows when (app/file_periods.h).
[[nodiscard]] Result<ParsedTruth> read_parsed(const Settings& settings, const Zones& zones, const model::TenantName& tenant, const std::optional<model::CampaignName>& campaign);
/// The same for who does not mind what was left out.
[[nodiscard]] Result<std::shared_ptr<model::SampleSource>> read_parsed_files(const Settings& settings, const Zones& zones, const model::TenantName& tenant,
                                                                             const std::optional<model::CampaignName>& campaign);

}  // namespace pv::app
