#pragma once
/// A connection to a port of this machine that says what it is told to say, in no protocol.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/file.h"

namespace pv::testing {

class RawClient {
 public:
  explicit RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  [[nodiscard]] bool is_connected() const { return connected_; }
  /// Whether the system took all of it.
  bool send(std::string_view bytes) const { return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()); }
  void send_no_more() const { ::shutdown(socket_.get(), SHUT_WR); }
  /// What comes next; empty at the end.
  [[nodiscard]] std::string read_some() const {
    char piece[4096];
    const ssize_t count = ::recv(socket_.get(), piece, sizeof piece, 0);
    return count > 0 ? std::string(piece, static_cast<std::size_t>(count)) : "";
  }
  [[nodiscard]] std::string read_all() const {
    std::string all;
    for (std::string piece = read_some(); !piece.empty(); piece = read_some()) all += piece;
    return all;
  }
  [[nodiscard]] bool is_open() const {
    char byte = 0;
    return ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }
  /// Whether the server ends the connection within this time; what it sends meanwhile is dropped.
  [[nodiscard]] bool is_dropped_within(std::chrono::milliseconds time) const {
    const auto end = std::chrono::steady_clock::now() + time;
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
      if (left <= 0) return false;
      pollfd watched{socket_.get(), POLLIN, 0};
      if (::poll(&watched, 1, static_cast<int>(left)) <= 0) return false;
      if (read_some().empty()) return true;
    }
  }

 private:
  FileDescriptor socket_;
  bool connected_ = false;
};

}  // namespace pv::testing
