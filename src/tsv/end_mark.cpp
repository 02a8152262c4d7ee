#include "tsv/end_mark.h"

#include <string_view>

namespace pv::tsv {

bool ends_whole(std::span<const char> tail) noexcept {
  constexpr std::string_view kEndMark = "\nEND_DATA";
  std::string_view text(tail.data(), tail.size());
  // Only what the reader takes for line ends: LF, CR LF, and a CR whose LF has not come yet.
  if (text.ends_with('\r')) text.remove_suffix(1);
  while (text.ends_with('\n')) {
    text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
  }
  return text.ends_with(kEndMark);
}

}  // namespace pv::tsv
