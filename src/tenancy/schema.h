#pragma once
/// The registry's file: its tables and their version (docs/format/registry.md).

#include <filesystem>
#include <memory>

#include "base/database.h"
#include "base/result.h"

namespace pv::tenancy {

constexpr std::int64_t kRegistryVersion = 1;

/// Makes the file and its tables when they are missing; nobody but its owner may read or write it, nor the log beside it.
/// Errors: corrupt: no registry, or one of a version that this program does not know.
[[nodiscard]] Result<std::unique_ptr<Database>> open_registry_file(const std::filesystem::path& path);

}  // namespace pv::tenancy
