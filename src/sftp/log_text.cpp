#include "sftp/log_text.h"

#include "model/names.h"

namespace pv::sftp {

std::string harmless(std::string_view text) {
  constexpr std::size_t kMost = 500;
  std::string clean(text.substr(0, kMost));
  // Cutting may leave the beginning of a letter at the end.
  while (text.size() > kMost && !clean.empty() && (static_cast<unsigned char>(text[clean.size()]) & 0xc0) == 0x80) clean.pop_back();
  const bool is_text = model::is_valid_utf8(clean);
  for (char& c : clean) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !is_text)) c = '?';
  }
  // U+0080 to U+009F are control characters too, to some terminals.
  for (std::size_t i = 0; i + 1 < clean.size(); ++i) {
    if (clean[i] == '\xc2' && static_cast<unsigned char>(clean[i + 1]) < 0xa0) clean[i] = clean[i + 1] = '?';
  }
  return clean;
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : harmless(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace pv::sftp
