#include "api/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pv::api {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLook = 100ms;  // how often a wait looks whether the server stops
constexpr Connection::Clock::duration kLastSecond = 1s;
constexpr Connection::Clock::duration kLingerTime = 2s;
constexpr std::size_t kMostLingered = 16U << 20U;

void wait_for(int socket, short what) {
  pollfd one{socket, what, 0};
  ::poll(&one, 1, static_cast<int>(kLook.count()));
}

bool would_wait(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

Connection::~Connection() {
  ::shutdown(socket_, SHUT_RDWR);
  ::close(socket_);
}

Connection::Received Connection::receive(std::size_t most) {
  received_.erase(0, read_);
  read_ = 0;
  std::array<char, 4096> piece;
  while (received_.size() < most) {
    const ssize_t count = ::recv(socket_, piece.data(), std::min(piece.size(), most - received_.size()), MSG_DONTWAIT);
    if (count > 0) {
      received_.append(piece.data(), static_cast<std::size_t>(count));
    } else if (count < 0 && errno == EINTR) {
      continue;
    } else {
      return count < 0 && would_wait(errno) ? Received::waiting : Received::ended;
    }
  }
  return Received::full;
}

std::optional<std::size_t> Connection::read(std::span<char> into, Clock::time_point deadline, const std::atomic<bool>& stopping) {
  if (const std::string_view kept = unread(); !kept.empty()) {
    const std::size_t count = std::min(into.size(), kept.size());
    std::memcpy(into.data(), kept.data(), count);
    read_ += count;
    if (read_ == received_.size()) {
      received_.clear();
      read_ = 0;
    }
    return count;
  }
  for (;;) {
    const ssize_t count = ::recv(socket_, into.data(), into.size(), MSG_DONTWAIT);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (!would_wait(errno) || stopping || Clock::now() >= deadline) return std::nullopt;
    wait_for(socket_, POLLIN);
  }
}

bool Connection::write(std::string_view bytes, Clock::duration patience, const std::atomic<bool>& stopping) {
  auto taken_at = Clock::now();
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
      taken_at = Clock::now();
      continue;
    }
    if (count < 0 && !would_wait(errno)) return false;
    const auto now = Clock::now();
    if (now - taken_at >= patience) return false;
    if (stopping) {
      if (!stop_seen_) stop_seen_ = now;
      if (now - *stop_seen_ >= kLastSecond) return false;
    }
    wait_for(socket_, POLLOUT);
  }
  return true;
}

void Connection::write_last(std::string_view bytes) {
  [[maybe_unused]] const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  ::shutdown(socket_, SHUT_WR);
  // Closing a socket with unread bytes resets the connection, and the client may lose the answer: take some of them.
  std::array<char, 4096> rest;
  for (int i = 0; i < 64 && ::recv(socket_, rest.data(), rest.size(), MSG_DONTWAIT) > 0; ++i) {
  }
}

bool Connection::wait_for_more(std::size_t most, Clock::time_point deadline, const std::atomic<bool>& stopping) {
  const std::size_t had = unread().size();
  for (;;) {
    const Received received = receive(most);
    if (unread().size() > had) return true;
    if (received != Received::waiting || stopping || Clock::now() >= deadline) return false;
    wait_for(socket_, POLLIN);
  }
}

void Connection::skip(std::size_t bytes) { read_ += std::min(bytes, received_.size() - read_); }

void Connection::linger(const std::atomic<bool>& stopping) {
  ::shutdown(socket_, SHUT_WR);
  std::array<char, 16'384> rest;
  const auto deadline = Clock::now() + kLingerTime;
  for (std::size_t taken = 0; taken < kMostLingered && Clock::now() < deadline && !stopping;) {
    const ssize_t count = ::recv(socket_, rest.data(), rest.size(), MSG_DONTWAIT);
    if (count > 0) {
      taken += static_cast<std::size_t>(count);
    } else if (count < 0 && would_wait(errno)) {
      wait_for(socket_, POLLIN);
    } else {
      return;
    }
  }
}

std::string Connection::peer_address() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  int family = address.ss_family;
  if (family == AF_INET) {
    bytes = &reinterpret_cast<const sockaddr_in*>(&address)->sin_addr;
  } else if (family == AF_INET6) {
    const in6_addr& v6 = reinterpret_cast<const sockaddr_in6*>(&address)->sin6_addr;
    bytes = &v6;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
      bytes = &v6.s6_addr[12];
      family = AF_INET;
    }
  } else {
    return {};
  }
  return ::inet_ntop(family, bytes, text.data(), text.size()) == nullptr ? std::string() : std::string(text.data());
}

bool Connection::peer_is_there() const {
  char byte = 0;
  const ssize_t count = ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count > 0 || (count < 0 && would_wait(errno));
}

}  // namespace pv::api
