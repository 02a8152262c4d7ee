#pragma once
/// Whether a host is this machine itself.

#include <string_view>

namespace pv::api {

/// "localhost", any address of 127.0.0.0/8, "::1".
[[nodiscard]] bool is_loopback(std::string_view host) noexcept;

/// A Host header that names loopback, with or without a port: "localhost:8080", "127.0.0.1", "[::1]:8080".
[[nodiscard]] bool names_loopback(std::string_view host_header) noexcept;

}  // namespace pv::api
