#include "sftp/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

namespace pv::sftp {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(const std::array<std::uint8_t, 16>& bytes) { return std::equal(kMapped.begin(), kMapped.end(), bytes.begin()); }

std::string text_of(const std::array<std::uint8_t, 16>& bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_mapped(bytes)) {
    inet_ntop(AF_INET, bytes.data() + kMapped.size(), text, sizeof text);
  } else {
    inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  }
  return text;
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  Address address;
  const std::string copy(text);
  if (inet_pton(AF_INET, copy.c_str(), address.bytes_.data() + kMapped.size()) == 1) {
    std::copy(kMapped.begin(), kMapped.end(), address.bytes_.begin());
  } else if (inet_pton(AF_INET6, copy.c_str(), address.bytes_.data()) != 1) {
    return fail(Errc::invalid_input, fmt::format("'{}' is no IPv4 or IPv6 address", text));
  }
  address.text_ = text_of(address.bytes_);
  return address;
}

Address Address::of(const sockaddr_storage& peer) {
  Address address;
  if (peer.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &peer, sizeof v4);
    std::copy(kMapped.begin(), kMapped.end(), address.bytes_.begin());
    std::memcpy(address.bytes_.data() + kMapped.size(), &v4.sin_addr, 4);
  } else if (peer.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &peer, sizeof v6);
    std::memcpy(address.bytes_.data(), &v6.sin6_addr, 16);
  }
  address.text_ = text_of(address.bytes_);
  return address;
}

Result<Network> Network::parse(std::string_view text) {
  const auto refuse = [&] { return fail(Errc::invalid_input, fmt::format("'{}' is no network: write 10.0.0.0/8, 2001:db8::/32 or one address", text)); };
  const std::size_t slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash));
  if (!address) return refuse();
  Network network;
  network.bytes_ = address->bytes_;
  if (slash == std::string_view::npos) return network;
  const std::string_view bits = text.substr(slash + 1);
  unsigned length = 0;
  const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), length);
  const unsigned before = is_mapped(network.bytes_) ? 96 : 0;
  if (error != std::errc() || end != bits.data() + bits.size() || length > 128 - before) return refuse();
  network.bits_ = before + length;
  return network;
}

bool Network::contains(const Address& address) const noexcept {
  const std::size_t whole = bits_ / 8;
  const unsigned rest = bits_ % 8;
  if (!std::equal(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(whole), address.bytes_.begin())) return false;
  return rest == 0 || (bytes_[whole] >> (8 - rest)) == (address.bytes_[whole] >> (8 - rest));
}

}  // namespace pv::sftp
