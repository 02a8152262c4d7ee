#pragma once
/// One client's connection: its socket, and the bytes received that nobody has read yet. No call waits longer than it is
/// told to, whatever the client does.
/// Threads: one at a time. `stopping` may be set from anywhere.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pv::api {

class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  /// Owns the socket from here on.
  explicit Connection(int socket) noexcept : socket_(socket) {}
  ~Connection();  // closes
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] int socket() const noexcept { return socket_; }
  [[nodiscard]] std::string_view unread() const noexcept { return std::string_view(received_).substr(read_); }

  enum class Received : std::uint8_t { waiting, full, ended };
  /// Takes what has arrived, without waiting, until `most` bytes are unread.
  Received receive(std::size_t most);

  /// Unread bytes first, then those that arrive before the deadline. Returns their number; 0 when the client sends no
  /// more; nothing when the deadline passed, the server stops, or the connection broke.
  std::optional<std::size_t> read(std::span<char> into, Clock::time_point deadline, const std::atomic<bool>& stopping);

  /// Waits until more than what is unread is there, of which no more than `most` bytes are kept. False when it does not come:
  /// deadline, end, stop.
  bool wait_for_more(std::size_t most, Clock::time_point deadline, const std::atomic<bool>& stopping);
  /// Drops bytes off the front of what is unread.
  void skip(std::size_t bytes);

  /// Sends all of it. False when the client took nothing for as long as `patience`, or is gone. Once the server stops, a
  /// client that makes it wait gets one more second for everything.
  bool write(std::string_view bytes, Clock::duration patience, const std::atomic<bool>& stopping);

  /// Sends what the system takes at once, then says that no more comes. For refusals, which nothing may wait for.
  void write_last(std::string_view bytes);

  /// Says that no more comes, then takes and forgets what the client still sends, for a moment: a client that is busy sending
  /// would otherwise lose the answer.
  void linger(const std::atomic<bool>& stopping);

  /// The other end: "192.0.2.7", "2001:db8::7"; "" when it is not known any more.
  [[nodiscard]] std::string peer_address() const;

  /// Neither broken nor closed by the client.
  [[nodiscard]] bool peer_is_there() const;

  unsigned answered = 0;  // requests

 private:
  int socket_;
  std::string received_;
  std::size_t read_ = 0;  // bytes of received_ that were handed out
  std::optional<Clock::time_point> stop_seen_;
};

}  // namespace pv::api
