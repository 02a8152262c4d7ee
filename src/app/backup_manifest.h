#pragma once
/// What a backup says of itself: manifest.json.
///   Errors: not_found: there is no backup; invalid_input: it is none, it is of a later kind, or it names a path that leads out of it.

#include <filesystem>
#include <string>

#include "app/backup.h"
#include "base/result.h"

namespace pv::app {

inline constexpr const char* kManifestFile = "manifest.json";

[[nodiscard]] std::string manifest_text(const Manifest& manifest);
[[nodiscard]] Result<Manifest> read_manifest(const std::filesystem::path& backup);

}  // namespace pv::app
