#include "app/single_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/access.h"
#include "app/zones.h"
#include "base/digest.h"
#include "base/file.h"

namespace pv::app {
namespace {

/// Where the file lay before it was filed.
std::filesystem::path place_of(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.parent_path();
  const bool is_filed = folder.filename() == ingest::kParsedFolder || folder.filename() == ingest::kErrorFolder;
  return is_filed ? folder.parent_path() / path.filename() : path;
}

/// What loggers' folders are called: digits, as their serial numbers are.
bool is_serial(const std::string& name) {
  return name.size() >= 4 && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Result<SingleFile> read_single_file(const std::filesystem::path& path, const Settings& settings) {
  std::error_code code;
  // A person may point at a link; only the data folder is closed to them.
  const std::filesystem::path target = std::filesystem::canonical(path, code);
  std::vector<char> bytes;
  if (auto read = read_settled_file(code ? path : target, settings.max_file_bytes, bytes); !read) {
    const bool missing = read.error().why == ReadRefusal::vanished;
    return fail(missing ? Errc::not_found : Errc::io, missing ? fmt::format("{}: there is no such file", path.string()) : read.error().message);
  }
  const std::filesystem::path full = place_of(std::filesystem::absolute(path).lexically_normal());
  const ingest::FoundFile found = ingest::classify(std::filesystem::absolute(settings.data_folder), full);
  SingleFile file{path, "", "", full.parent_path().filename().string(), {}, tl::unexpected<tsv::Rejection>(tsv::Rejection{})};
  if (found.place || is_serial(file.device)) {
    file.campaign = full.parent_path().parent_path().filename().string();
    file.company = full.parent_path().parent_path().parent_path().filename().string();
  }
  file.origin.name = full.filename().string();
  file.origin.device_folder = file.device;
  file.origin.size = bytes.size();
  file.origin.stamp = model::stamp_of_name(file.origin.name);
  file.origin.digest = sha256(std::as_bytes(std::span(bytes)));
  tsv::ReadOptions options;
  const auto registry = existing_registry(settings);
  options.bare_zone = found.place ? Zones(settings, registry.get()).zone_of(*found.place) : settings.zone;
  options.extra_formats = settings.extra_formats;
  options.restart_rows = settings.restart_rows;
  options.latest_s = latest_believable_s();
  file.content = tsv::read_or_reject(bytes, options);
  return file;
}

}  // namespace pv::app
