#include "app/filed_files.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "base/file.h"

namespace pv::app {
namespace {

namespace fs = std::filesystem;

constexpr int kMostNumbers = 50;

/// "a~2.tsv" was handed in as "a.tsv".
std::string handed_in_name(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  const std::size_t mark = name.rfind('~', dot);
  if (dot == std::string::npos || mark == std::string::npos || mark + 1 == dot) return name;
  const std::string number = name.substr(mark + 1, dot - mark - 1);
  return number.find_first_not_of("0123456789") == std::string::npos ? name.substr(0, mark) + name.substr(dot) : name;
}

fs::path device_folder(const Settings& settings, const ingest::Place& place) {
  return settings.data_folder / place.tenant.str() / place.campaign.str() / place.device.str();
}

}  // namespace

FiledFiles::FiledFiles(const Settings& settings, const Zones& zones) : settings_(&settings) {
  rules_.zone_of = [&zones](const ingest::Place& place) { return zones.zone_of(place); };
  rules_.extra_formats = settings.extra_formats;
  rules_.latest_s = latest_believable_s;
  rules_.restart_rows = settings.restart_rows;
  rules_.max_file_bytes = settings.max_file_bytes;
  if (auto ledger = ingest::Ledger::open(settings.state_dir, ingest::Ledger::Access::read_only)) ledger_ = std::move(*ledger);
}

ingest::Decision FiledFiles::decision_for(const ingest::Place& place, const std::string& name, const std::string& digest) const {
  ingest::Decision decision{.is_accepted = true, .header_file = {}};
  if (!ledger_) return decision;
  const auto entry = ledger_->entry_at(fmt::format("{}/{}/{}/{}", place.tenant.str(), place.campaign.str(), place.device.str(), name));
  if (!entry || !*entry || (*entry)->digest != digest || (*entry)->header_of.empty()) return decision;
  std::vector<std::string> places = {(*entry)->header_of};
  if (const auto header = ledger_->entry_at((*entry)->header_of); header && *header && !(*header)->moved_to.empty()) places.push_back((*header)->moved_to);
  for (const std::string& where : places) {
    if (read_settled_file(settings_->data_folder / where, settings_->max_file_bytes, decision.header_file)) break;
  }
  return decision;
}

Result<ingest::FileReading> FiledFiles::find(const ingest::Place& place, const std::string& name, const std::string& digest) {
  const fs::path folder = device_folder(*settings_, place);
  // First where it was handed in: it may be on its way from there.
  std::vector<fs::path> candidates = {folder / name};
  for (int number = 1; number <= kMostNumbers; ++number) candidates.push_back(numbered_name(folder / ingest::kParsedFolder / name, number));
  const ingest::Decision decision = decision_for(place, name, digest);
  for (const fs::path& path : candidates) {
    std::error_code code;
    if (!fs::exists(path, code)) {
      if (path.parent_path() == folder || path.filename() == name) continue;
      break;  // numbers are given one after the other
    }
    ingest::FoundFile found;
    found.path = path;
    found.place = place;
    ingest::FileReading reading = ingest::read_logger_file(std::move(found), rules_, buffer_, decision);
    if (reading.readiness == ingest::Readiness::deferred) return fail(Errc::unavailable, fmt::format("{}: {}", path.string(), reading.message));
    if (reading.readiness != ingest::Readiness::ready || to_hex(reading.origin.digest) != digest) continue;
    reading.origin.name = name;
    reading.origin.stamp = model::stamp_of_name(name);
    return reading;
  }
  return fail(Errc::not_found, fmt::format("{}/{}: a file of these bytes is nowhere any more", folder.string(), name));
}

ingest::FileReading FiledFiles::read(const ingest::Place& place, const fs::path& path) {
  const std::string name = handed_in_name(path.filename().string());
  const auto read_with = [&](const ingest::Decision& decision) {
    ingest::FoundFile found;
    found.path = path;
    found.place = place;
    return ingest::read_logger_file(std::move(found), rules_, buffer_, decision);
  };
  ingest::FileReading reading = read_with({.is_accepted = true, .header_file = {}});
  const ingest::Decision decision = decision_for(place, name, to_hex(reading.origin.digest));
  if (!decision.header_file.empty()) reading = read_with(decision);
  reading.origin.name = name;
  reading.origin.stamp = model::stamp_of_name(name);
  return reading;
}

}  // namespace pv::app
