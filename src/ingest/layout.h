#pragma once
/// Where logger files lie: <data>/<company>/<campaign>/<device>/<file>.tsv, with `parsed/` and `error/` below the device
/// for what has been dealt with; and finding them.
///   Threads: no state; safe.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/names.h"

namespace pv::ingest {

inline constexpr const char* kParsedFolder = "parsed";
inline constexpr const char* kErrorFolder = "error";

/// Why a file cannot be a logger file, whatever it holds.
enum class Misplaced : std::uint8_t {
  path_too_short,
  path_too_deep,
  bad_name,
  symlink,
  not_a_file,           // stays there
  hidden,               // its name begins with '.'; stays there
  already_filed,        // in parsed/ or error/; stays there
  outside_data_folder,  // stays there
};
[[nodiscard]] std::string_view to_string(Misplaced why) noexcept;
/// Whether such a file is left where it lies instead of going to error/.
[[nodiscard]] bool stays_there(Misplaced why) noexcept;

struct Place {
  model::TenantName tenant;
  model::CampaignName campaign;
  model::DeviceName device;
};

/// A file to deal with. Without a place it is misplaced, and `problem` says why.
struct FoundFile {
  std::filesystem::path path;
  std::optional<Place> place;
  Misplaced why = Misplaced::path_too_short;
  std::string problem;
  std::uint64_t size = 0;
};

/// All files ending in ".tsv" below the data folder, by path; hidden names, `parsed` and `error` are passed over and
/// symbolic links are not followed. Errors: not_found, denied, io: the data folder itself.
/// Folders that cannot be listed are named in `unreadable`.
struct Found {
  std::vector<FoundFile> files;
  std::vector<std::string> unreadable;
};
Result<Found> find_files(const std::filesystem::path& data_folder);

/// Judges one path against the data folder.
FoundFile classify(const std::filesystem::path& data_folder, const std::filesystem::path& file);

}  // namespace pv::ingest
