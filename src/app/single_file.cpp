#include "app/single_file.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "base/file.h"

namespace pv::app {

Result<SingleFile> read_single_file(const std::filesystem::path& path, const Settings& settings) {
  std::error_code code;
  // A person may point at a link; only the data folder is closed to them.
  const std::filesystem::path target = std::filesystem::canonical(path, code);
  std::vector<char> bytes;
  if (auto read = read_settled_file(code ? path : target, settings.max_file_bytes, bytes); !read) {
    const bool missing = read.error().why == ReadRefusal::vanished;
    return fail(missing ? Errc::not_found : Errc::io, missing ? fmt::format("{}: there is no such file", path.string()) : read.error().message);
  }
  const ingest::FoundFile found = ingest::classify(std::filesystem::absolute(settings.data_folder), std::filesystem::absolute(path));
  const std::filesystem::path full = std::filesystem::absolute(path).lexically_normal();
  SingleFile file{path, full.parent_path().parent_path().filename().string(), full.parent_path().filename().string(), {},
                  tl::unexpected<tsv::Rejection>(tsv::Rejection{})};
  file.origin.name = full.filename().string();
  file.origin.device_folder = file.device;
  file.origin.size = bytes.size();
  file.origin.stamp = model::stamp_of_name(file.origin.name);
  file.origin.digest = sha256(std::as_bytes(std::span(bytes)));
  tsv::ReadOptions options;
  options.bare_zone = found.place ? settings.zone_of(*found.place) : settings.zone;
  options.extra_formats = settings.extra_formats;
  options.restart_rows = settings.restart_rows;
  file.content = tsv::read_or_reject(bytes, options);
  return file;
}

}  // namespace pv::app
