#pragma once
/// The tables of one tenant's store file (docs/format/store.md), and opening it with the right settings.

#include <filesystem>
#include <memory>

#include "base/database.h"
#include "base/result.h"

namespace pv::store {

inline constexpr std::int64_t kSchemaVersion = 1;

/// Opens a store for writing; makes file and tables when there are none yet.
/// Errors: those of Database::open; corrupt when the file is no store or of a later version.
[[nodiscard]] Result<std::unique_ptr<Database>> open_for_writing(const std::filesystem::path& path);

/// Opens an existing store for reading.
[[nodiscard]] Result<std::unique_ptr<Database>> open_for_reading(const std::filesystem::path& path);

}  // namespace pv::store
