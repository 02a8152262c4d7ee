#include "app/reading_rules.h"

#include "quality/header_check.h"

namespace pv::app {
namespace {

std::vector<quality::Finding> findings_in(const ingest::FileReading& reading, model::SourceDirectory& stored) {
  const auto& tables = reading.content->tables;
  // A store that is new, or cannot be read now, says nothing; the file by itself still does.
  const auto source = stored.open(reading.file.place->tenant);
  if (source) {
    if (const auto snapshot = (*source)->snapshot(1)) {
      if (auto findings = quality::check_header(tables, **snapshot, reading.file.place->campaign)) return std::move(*findings);
    }
  }
  return quality::check_values(tables);
}

}  // namespace

ingest::ReadingRules reading_rules(const Settings& settings, const Zones& zones, model::SourceDirectory& stored) {
  ingest::ReadingRules rules;
  rules.zone_of = [&zones](const ingest::Place& place) { return zones.zone_of(place); };
  rules.expected_step_of = [&zones](const ingest::Place& place) {
    return zones.expected_steps_of(place.tenant, place.campaign).of(place.device.str());
  };
  rules.extra_formats = settings.extra_formats;
  rules.restart_rows = settings.restart_rows;
  rules.latest_s = latest_believable_s;
  rules.max_file_bytes = settings.max_file_bytes;
  rules.suspicion = [&stored](const ingest::FileReading& reading) {
    std::vector<ingest::Evidence> evidence;
    for (quality::Finding& finding : findings_in(reading, stored)) evidence.push_back({std::move(finding.what), std::move(finding.column)});
    return evidence;
  };
  return rules;
}

}  // namespace pv::app
