#pragma once
/// SHA-256, so that what PowerView calls a file's digest is what `sha256sum` prints.

#include <array>
#include <cstddef>
#include <span>
#include <string>

namespace pv {

[[nodiscard]] std::array<std::byte, 32> sha256(std::span<const std::byte> bytes);
[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);

}  // namespace pv
