#pragma once
/// A port of this machine that takes connections and says the same to everybody, or never a word.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "base/file.h"

namespace pv::testing {

class RawServer {
 public:
  /// `answer`: all bytes of one; "": silence, the connections stay open.
  explicit RawServer(std::string answer = "") : answer_(std::move(answer)), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_.get(), any, length) != 0 || ::listen(socket_.get(), 64) != 0 || ::getsockname(socket_.get(), any, &length) != 0) {
      throw std::runtime_error("no port to listen on");
    }
    port_ = ntohs(address.sin_port);
    if (!answer_.empty()) thread_ = std::thread([this] { answer_all(); });
  }
  ~RawServer() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void answer_all() const {
    while (true) {
      const FileDescriptor client(::accept(socket_.get(), nullptr, nullptr));
      if (!client.is_open()) return;
      char request[4096];
      if (::recv(client.get(), request, sizeof request, 0) > 0) ::send(client.get(), answer_.data(), answer_.size(), MSG_NOSIGNAL);
    }
  }

  std::string answer_;
  FileDescriptor socket_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace pv::testing
