#include "grafana/authorization.h"

#include <algorithm>
#include <cstdint>

namespace pv::grafana {
namespace {

std::string base64(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += 3) {
    const std::size_t bytes = std::min<std::size_t>(3, text.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) group = (group << 8) | (i < bytes ? static_cast<unsigned char>(text[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) out += i <= bytes ? kDigits[(group >> (18 - 6 * i)) & 63] : '=';
  }
  return out;
}

}  // namespace

std::string basic_authorization(std::string_view login, const Secret& password) { return "Basic " + base64(std::string(login) + ":" + password.reveal()); }

}  // namespace pv::grafana
