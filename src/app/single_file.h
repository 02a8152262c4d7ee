#pragma once
/// Reading one logger file that may lie anywhere: what `inspect` and `convert` share.

#include <filesystem>
#include <string>

#include "app/settings.h"
#include "base/result.h"
#include "model/delivery.h"
#include "tsv/reader.h"

namespace pv::app {

struct SingleFile {
  std::filesystem::path path;
  // A file in parsed/ or error/ counts as lying in the folder above.
  /// Folders above the file, where they read as <company>/<campaign>/<device>/<file>: the device folder is a serial number. Else "".
  std::string company;
  std::string campaign;
  std::string device;    // folder above the file
  model::FileOrigin origin;
  tl::expected<tsv::LoggerFile, tsv::Rejection> content;
};

/// Reads the file with the zone that the settings give for its place.
/// Errors: io, not_found: the bytes could not be read. A file that is refused is no error: see `content`.
Result<SingleFile> read_single_file(const std::filesystem::path& path, const Settings& settings);

}  // namespace pv::app
