#include "tsv/printable.h"

#include <cstddef>

#include "model/names.h"

namespace pv::tsv {
namespace {

constexpr std::size_t kShownBytes = 64;

unsigned char byte(char c) noexcept { return static_cast<unsigned char>(c); }

}  // namespace

std::string printable(std::string_view text) {
  std::string out(text.substr(0, kShownBytes));
  const bool valid = model::is_valid_utf8(out);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (byte(out[i]) < 0x20 || byte(out[i]) == 0x7f || (!valid && byte(out[i]) >= 0x80)) out[i] = '?';
    // U+0080 to U+009F are control characters too.
    if (byte(out[i]) == 0xc2 && byte(out[i + 1]) < 0xa0) out[i] = out[i + 1] = '?';
  }
  return out;
}

}  // namespace pv::tsv
