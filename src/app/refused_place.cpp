#include "app/refused_place.h"

#include <span>

#include "app/line_of.h"
#include "base/digest.h"
#include "base/file.h"

namespace pv::app {
namespace {

constexpr int kMostPlaces = 50;

}  // namespace

void RefusedPlace::read(const ingest::Place& place, const std::string& name, const std::string& digest) {
  digest_ = digest;
  lines_.clear();
  const std::filesystem::path folder = settings_->data_folder / place.tenant.str() / place.campaign.str() / place.device.str();
  std::vector<std::filesystem::path> candidates = {folder / name};
  for (int number = 1; number <= kMostPlaces; ++number) candidates.push_back(numbered_name(folder / ingest::kParsedFolder / name, number));
  for (const std::filesystem::path& path : candidates) {
    if (read_settled_file(path, settings_->max_file_bytes, bytes_) && to_hex(sha256(std::as_bytes(std::span(bytes_)))) == digest) return;
  }
  bytes_.clear();
}

void RefusedPlace::set_line(ingest::RefusedRow& row, const ingest::Place& place, const std::string& name) {
  if (digest_ != row.digest) read(place, name, row.digest);
  const auto [line, is_new] = lines_.try_emplace({row.point.logger_sn, row.point.time_s}, 0);
  if (is_new && !bytes_.empty()) {
    tsv::ReadOptions options;
    options.bare_zone = zones_->zone_of(place);
    options.extra_formats = settings_->extra_formats;
    line->second = line_of(std::span<const char>(bytes_.data(), bytes_.size()), options, row.point.logger_sn, row.point.time_s);
  }
  row.line = line->second;
}

}  // namespace pv::app
