#include "ingest/file_coverage.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pv::ingest {
namespace {

using Stamps = std::vector<std::int64_t>;

/// The files of one logger in one campaign, in their order.
struct Group {
  std::vector<FileReading*> files;
  std::vector<Stamps> stamps;
  model::Period period;

  void add(FileReading& reading, Stamps rows) {
    const model::Period of_file{rows.front(), rows.back() + 1};
    period = files.empty() ? of_file : model::Period{std::min(period.from_s, of_file.from_s), std::max(period.to_s, of_file.to_s)};
    files.push_back(&reading);
    stamps.push_back(std::move(rows));
  }
};

void tell(Group& group, quality::LoggerRecord record) {
  for (std::size_t i = 0; i < group.files.size(); ++i) {
    FileReading& reading = *group.files[i];
    reading.coverage = record.coverage_of(group.stamps[i], reading.expected_step_s);
    record.add(group.stamps[i]);
  }
}

}  // namespace

void tell_coverage(std::span<FileReading> readings, model::SourceDirectory& stored) {
  std::map<std::pair<model::CampaignName, std::string>, Group> groups;
  std::optional<model::TenantName> tenant;
  for (FileReading& reading : readings) {
    if (reading.readiness != Readiness::ready) continue;
    Stamps rows = quality::row_stamps(reading.content->tables, reading.content->master_sn);
    if (rows.empty()) continue;
    tenant = reading.file.place->tenant;
    groups[{reading.file.place->campaign, reading.content->master_sn}].add(reading, std::move(rows));
  }
  if (!tenant) return;
  const auto source = stored.open(*tenant);
  if (!source && source.error().kind() != Errc::not_found) return;
  std::unique_ptr<model::SampleSnapshot> snapshot;
  if (source) {
    auto opened = (*source)->snapshot(1);
    if (!opened) return;
    snapshot = std::move(*opened);
  }
  for (auto& [key, group] : groups) {
    auto record = snapshot ? quality::LoggerRecord::around(group.period, key.second, *snapshot, key.first) : quality::LoggerRecord();
    if (record) tell(group, std::move(*record));
  }
}

}  // namespace pv::ingest
