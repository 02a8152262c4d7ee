#pragma once
/// Text from outside that is kept to be shown: browsers' names of themselves, comments of keys, addresses.

#include <string>
#include <string_view>

namespace pv::tenancy {

/// At most `most_bytes` of it, whole characters only; control characters and what is no UTF-8 become '?'.
[[nodiscard]] std::string shown_text(std::string_view text, std::size_t most_bytes);

}  // namespace pv::tenancy
