#pragma once
/// A logger file's text as a delivery, read as the pipeline reads it.

#include <optional>
#include <string>
#include <string_view>

#include "model/zone.h"
#include "testing/given_samples.h"
#include "tsv/reader.h"

namespace pv::testing {

inline const model::Zone& paris() {
  static const model::Zone zone = model::Zone::from_name("Europe/Paris").value();
  return zone;
}

/// Nothing when the reader refuses the file, or finds nothing to store in it.
inline std::optional<GivenFile> read_given(const std::string& name, std::string_view text, const model::Zone& zone = model::Zone::utc(),
                                           const std::string& campaign = "camp") {
  tsv::ReadOptions options;
  options.bare_zone = zone;
  auto content = tsv::read_or_reject({text.data(), text.size()}, options);
  if (!content || (content->report.samples == 0 && content->events.empty())) return std::nullopt;
  GivenFile file = given_file(name, campaign, std::string(text));
  if (content->report.zone_origin == tsv::ZoneOrigin::settings) file.origin.zone = content->report.zone;
  file.tables = std::move(content->tables);
  file.events = std::move(content->events);
  return file;
}

}  // namespace pv::testing
