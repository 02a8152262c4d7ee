#pragma once
/// Texts that come from clients, made fit for a line of the log or of a terminal.
///   Threads: no state; safe.

#include <string>
#include <string_view>

namespace pv::sftp {

/// At most 500 bytes; control characters and bytes that are not UTF-8 become '?'.
[[nodiscard]] std::string harmless(std::string_view text);
/// The same in quotation marks, with those inside written \".
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace pv::sftp
