#include "api/host_guard.h"

#include <algorithm>
#include <string>

#include <arpa/inet.h>

namespace pv::api {

bool is_loopback(std::string_view host) noexcept {
  constexpr std::size_t kLongest = 45;
  if (host.empty() || host.size() > kLongest) return false;
  std::string text(host);
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (text == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool names_loopback(std::string_view header) noexcept {
  std::string_view host = header;
  std::string_view rest;
  if (header.starts_with('[')) {
    const std::size_t end = header.find(']');
    if (end == std::string_view::npos) return false;
    host = header.substr(1, end - 1);
    rest = header.substr(end + 1);
    if (host.find(':') == std::string_view::npos) return false;
  } else {
    const std::size_t colon = header.find(':');
    host = header.substr(0, colon);
    if (colon != std::string_view::npos) rest = header.substr(colon);
  }
  if (!rest.empty()) {
    if (rest.front() != ':') return false;
    const std::string_view port = rest.substr(1);
    if (port.size() > 5 || !std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; })) return false;
  }
  return is_loopback(host);
}

}  // namespace pv::api
