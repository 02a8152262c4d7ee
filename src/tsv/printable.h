#pragma once
/// Text of a file for messages and warnings.

#include <string>
#include <string_view>

namespace pv::tsv {

/// The first 64 bytes as valid UTF-8 without control characters; '?' stands for what cannot be shown.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace pv::tsv
