#pragma once
/// Addresses of clients, and the networks that may connect.
///   Threads: values; safe.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

struct sockaddr_storage;

namespace pv::sftp {

/// An IPv4 or IPv6 address; an IPv4 address that comes mapped into IPv6 is the IPv4 address.
class Address {
 public:
  /// Errors: invalid_input.
  static Result<Address> parse(std::string_view text);
  static Address of(const sockaddr_storage& peer);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }  // "192.0.2.7", "2001:db8::7"
  bool operator==(const Address& other) const noexcept { return bytes_ == other.bytes_; }

 private:
  friend class Network;
  std::array<std::uint8_t, 16> bytes_{};  // IPv4 as mapped
  std::string text_;
};

/// "10.0.0.0/8", "2001:db8::/32", or one address.
class Network {
 public:
  /// Errors: invalid_input, naming the text.
  static Result<Network> parse(std::string_view text);
  [[nodiscard]] bool contains(const Address& address) const noexcept;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  unsigned bits_ = 128;  // of the mapped form
};

}  // namespace pv::sftp
