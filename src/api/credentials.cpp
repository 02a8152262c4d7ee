#include "api/credentials.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "api/host_guard.h"
#include "base/digest.h"
#include "model/names.h"

namespace pv::api {
namespace {

constexpr int kLongestSession_s = 30 * 86'400;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool same_but_case(std::string_view a, std::string_view b) {
  const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return low(x) == low(y); });
}

/// Calls `take` with the value of each cookie of this name, over all Cookie headers.
template <class Take>
void each_cookie(const Request& request, std::string_view name, Take&& take) {
  const auto [first, last] = request.headers.equal_range("cookie");
  for (auto one = first; one != last; ++one) {
    std::string_view rest = one->second;
    while (!rest.empty()) {
      const std::string_view pair = trimmed(rest.substr(0, rest.find(';')));
      rest.remove_prefix(std::min(rest.size(), rest.find(';') == std::string_view::npos ? rest.size() : rest.find(';') + 1));
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == name) take(pair.substr(equals + 1));
    }
  }
}

std::string_view attributes(Transport transport) {
  return transport == Transport::https ? "Path=/; HttpOnly; SameSite=Strict; Secure" : "Path=/; HttpOnly; SameSite=Strict";
}

bool is_ip_address(const std::string& text) {
  std::array<std::byte, sizeof(in6_addr)> bytes;
  return ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 || ::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

}  // namespace

std::string_view cookie_name(Transport transport) noexcept {
  return transport == Transport::https ? "__Host-powerview" : "powerview";
}

std::string_view session_cookie(const Request& request, Transport transport) {
  std::string_view found;
  int count = 0;
  each_cookie(request, cookie_name(transport), [&](std::string_view value) {
    found = value;
    ++count;
  });
  return count == 1 ? found : std::string_view();
}

bool has_session_cookie(const Request& request, Transport transport) {
  bool any = false;
  each_cookie(request, cookie_name(transport), [&](std::string_view) { any = true; });
  return any;
}

std::string set_cookie(std::string_view session, Transport transport) {
  return fmt::format("{}={}; Max-Age={}; {}", cookie_name(transport), session, kLongestSession_s, attributes(transport));
}

std::string remove_cookie(Transport transport) {
  return fmt::format("{}=; Max-Age=0; {}", cookie_name(transport), attributes(transport));
}

std::optional<std::string> bearer_token(const Request& request) {
  if (!request.headers.contains("authorization")) return std::nullopt;
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view value = header(request, "authorization");
  if (request.headers.count("authorization") > 1 || !same_but_case(value.substr(0, kScheme.size()), kScheme)) return "";
  return std::string(trimmed(value.substr(kScheme.size())));
}

AskedBy asked_by(const Request& request) {
  if (const std::string_view site = header(request, "sec-fetch-site"); !site.empty()) {
    return site == "same-origin" ? AskedBy::own_page : AskedBy::other_site;
  }
  const std::string_view origin = header(request, "origin");
  if (origin.empty()) return AskedBy::unknown;
  const std::size_t scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos) return AskedBy::other_site;  // "null"
  const std::string_view scheme = origin.substr(0, scheme_end);
  if (scheme != "http" && scheme != "https") return AskedBy::other_site;
  return same_but_case(origin.substr(scheme_end + 3), header(request, "host")) ? AskedBy::own_page : AskedBy::other_site;
}

std::string client_address(const Request& request, Transport transport) {
  if (transport != Transport::https || !is_loopback(request.peer)) return request.peer;
  const auto [first, last] = request.headers.equal_range("x-forwarded-for");
  if (first == last) return request.peer;
  const std::string_view hops = std::prev(last)->second;
  const std::size_t comma = hops.rfind(',');
  std::string hop(trimmed(comma == std::string_view::npos ? hops : hops.substr(comma + 1)));
  return is_ip_address(hop) ? hop : request.peer;
}

bool is_from_this_machine(const Request& request) {
  for (const char* name : {"x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-proto", "x-forwarded-host", "via"}) {
    if (request.headers.contains(name)) return false;
  }
  return is_loopback(request.peer) && request.headers.count("host") == 1 && names_loopback(header(request, "host"));
}

std::string user_agent(const Request& request) {
  std::string agent(header(request, "user-agent").substr(0, 200));
  std::replace_if(agent.begin(), agent.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  while (!model::is_valid_utf8(agent)) agent.pop_back();
  return agent;
}

bool is_same_secret(std::string_view given, std::string_view expected) {
  const auto a = sha256(std::as_bytes(std::span(given)));
  const auto b = sha256(std::as_bytes(std::span(expected)));
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= std::to_integer<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace pv::api
