#include "tenancy/shown_text.h"

#include <algorithm>

#include "model/names.h"

namespace pv::tenancy {

std::string shown_text(std::string_view text, std::size_t most_bytes) {
  const auto is_continuation = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
  if (text.size() > most_bytes) {
    std::size_t end = most_bytes;
    while (end > 0 && most_bytes - end < 4 && is_continuation(text[end])) --end;
    text = text.substr(0, end);
  }
  std::string shown(text);
  const bool utf8 = model::is_valid_utf8(shown);
  std::replace_if(
      shown.begin(), shown.end(),
      [&](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f || (!utf8 && byte >= 0x80);
      },
      '?');
  return shown;
}

}  // namespace pv::tenancy
