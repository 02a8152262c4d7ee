#include "app/backup_manifest.h"

#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"

namespace pv::app {
namespace {

using nlohmann::ordered_json;

constexpr int kKind = 1;
constexpr std::uint64_t kMostManifestBytes = 64U << 20;

/// "state/…" or "settings/…", and no way out.
bool is_path_inside(const std::string& path) {
  const std::filesystem::path parts(path);
  if (path.find('\0') != std::string::npos || parts.is_absolute() || parts.lexically_normal().native() != path || !parts.has_filename()) return false;
  for (const auto& part : parts) {
    if (part == "..") return false;
  }
  return path.starts_with("state/") || path.starts_with("settings/");
}

}  // namespace

std::string manifest_text(const Manifest& manifest) {
  ordered_json json = {{"powerview_backup", kKind}, {"version", manifest.version}, {"made_at", manifest.made_at}, {"state_dir", manifest.state_dir},
                       {"data_folder", manifest.data_folder}, {"files", ordered_json::array()}};
  for (const BackupFile& file : manifest.files) json["files"].push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  return json.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Result<Manifest> read_manifest(const std::filesystem::path& backup) {
  const std::filesystem::path file = backup / kManifestFile;
  auto text = read_text_file(file, kMostManifestBytes);
  if (!text && text.error().kind() == Errc::not_found) {
    return fail(Errc::not_found, fmt::format("{}: there is no {} in it; give the folder that 'powerview backup' has made", backup.string(), kManifestFile));
  }
  if (!text) return fail(std::move(text).error());
  try {
    const ordered_json json = ordered_json::parse(*text);
    const int kind = json.at("powerview_backup");
    if (kind != kKind) {
      return fail(Errc::invalid_input, fmt::format("{}: a backup of kind {}, and this program knows {}; restore it with the version that made it or a later one",
                                                   file.string(), kind, kKind));
    }
    Manifest manifest{json.at("version"), json.at("made_at"), json.at("state_dir"), json.at("data_folder"), {}};
    std::set<std::string> paths;
    for (const ordered_json& entry : json.at("files")) {
      BackupFile one{entry.at("path"), entry.at("bytes"), entry.at("sha256")};
      if (!is_path_inside(one.path) || !paths.insert(one.path).second) {
        return fail(Errc::invalid_input, fmt::format("{}: it names a file that cannot be in a backup, or names one twice", file.string()));
      }
      manifest.files.push_back(std::move(one));
    }
    return manifest;
  } catch (const ordered_json::exception& error) {
    return fail(Errc::invalid_input, fmt::format("{}: it is not what 'powerview backup' writes: {}", file.string(), error.what()));
  }
}

}  // namespace pv::app
