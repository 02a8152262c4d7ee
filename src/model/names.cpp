#include "model/names.h"

#include <algorithm>

#include <fmt/format.h>

namespace pv::model {
namespace {

constexpr std::size_t kMaxFolderName = 128;
constexpr std::size_t kMaxSerial = 32;

Result<void> check_folder_name(std::string_view what, std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return fail(Errc::invalid_input, fmt::format("{} name '{}': {}", what, text.substr(0, kMaxFolderName), why));
  };
  if (text.empty()) return refuse("it is empty");
  if (text.size() > kMaxFolderName) return refuse("it is longer than 128 bytes");
  if (text.front() == '.') return refuse("a name may not start with '.'");
  if (text.front() == ' ' || text.back() == ' ') return refuse("a name may not start or end with a space");
  for (const char c : text) {
    if (c == '/' || c == '\\') return refuse("a name may not contain a slash or a backslash");
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return refuse("a name may not contain control characters");
  }
  if (!is_valid_utf8(text)) return refuse("it is not valid UTF-8");
  return {};
}

}  // namespace

template <> Result<TenantName> TenantName::parse(std::string_view text) {
  PV_TRY_VOID(check_folder_name("company", text));
  return TenantName(text);
}

template <> Result<CampaignName> CampaignName::parse(std::string_view text) {
  PV_TRY_VOID(check_folder_name("campaign", text));
  return CampaignName(text);
}

template <> Result<DeviceName> DeviceName::parse(std::string_view text) {
  PV_TRY_VOID(check_folder_name("device", text));
  return DeviceName(text);
}

template <> Result<SerialNumber> SerialNumber::parse(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
  };
  if (text.empty() || text.size() > kMaxSerial || !std::all_of(text.begin(), text.end(), allowed)) {
    return fail(Errc::invalid_input,
                fmt::format("serial number '{}': expected 1 to 32 letters, digits, '-' or '_'", text.substr(0, kMaxSerial)));
  }
  return SerialNumber(text);
}

bool is_valid_utf8(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char lead = byte(i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    std::size_t length = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
      length = 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      length = 3;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      length = 4;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    if (i + length > text.size()) return false;
    if (byte(i + 1) < low || byte(i + 1) > high) return false;
    for (std::size_t k = 2; k < length; ++k) {
      if (byte(i + k) < 0x80 || byte(i + k) > 0xbf) return false;
    }
    i += length;
  }
  return true;
}

}  // namespace pv::model
