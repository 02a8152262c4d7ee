#include "quality/finding.h"

#include <fmt/format.h>

namespace pv::quality {
namespace {

constexpr std::size_t kLongestTitle = 60;

/// Cut between two characters of UTF-8.
std::string_view cut(std::string_view text) {
  if (text.size() <= kLongestTitle) return text;
  std::size_t size = kLongestTitle;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace

std::string_view to_string(FindingKind kind) noexcept {
  switch (kind) {
    case FindingKind::watts_read_like_volts: return "watts_read_like_volts";
    case FindingKind::volts_read_like_watts: return "volts_read_like_watts";
    case FindingKind::stored_elsewhere: return "stored_elsewhere";
  }
  return "";
}

std::string shown(const model::Channel& channel) {
  const std::string title = channel.unit.empty() ? channel.name : channel.name + " " + channel.unit;
  return fmt::format("\"{}\" ({} of {})", cut(title), channel.label, channel.device_sn);
}

}  // namespace pv::quality
