#pragma once
/// The line that proves that a wrapped logger file is whole.

#include <cstddef>
#include <span>

namespace pv::tsv {

/// How much of a file's end ends_whole() wants: the mark, the line end before it, and some line ends behind it.
inline constexpr std::size_t kEndMarkTail = 64;

/// Whether a file's last line that is not blank is END_DATA, with or without its line end. `tail`: the last kEndMarkTail
/// bytes of the file, or more. A bare file has no such mark, whole or not.
[[nodiscard]] bool ends_whole(std::span<const char> tail) noexcept;

}  // namespace pv::tsv
