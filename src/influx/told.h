#pragma once
/// What a server says, fit for a message to people.

#include <string>
#include <string_view>

namespace pv::influx {

/// Shortened to 300 bytes, without control characters.
[[nodiscard]] std::string told(std::string_view text);

}  // namespace pv::influx
