#pragma once
/// SHA-256, so that what PowerView calls a file's digest is what `sha256sum` prints.

#include <array>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "base/result.h"

namespace pv {

[[nodiscard]] std::array<std::byte, 32> sha256(std::span<const std::byte> bytes);
/// Of a file of any size. Errors: not_found, denied, io: name it.
[[nodiscard]] Result<std::array<std::byte, 32>> sha256_of_file(const std::filesystem::path& file);
[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);

}  // namespace pv
