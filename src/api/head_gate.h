#pragma once
/// Where connections wait until the head of a request is there. One thread watches them all, so a client that sends
/// slowly, or nothing, holds no thread that answers; what it may send and how long it may take are bounded.
/// Threads: add() from any; close() from one. The functions given are called on the gate's own thread and must not wait.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "api/connection.h"

namespace pv::api {

class HeadGate {
 public:
  struct Options {
    std::size_t most_waiting = 256;       // beyond them the one that waits longest is closed
    std::size_t most_head_bytes = 32'768;
    std::size_t most_head_lines = 128;
    std::chrono::milliseconds head_time{10'000};  // for a whole head, from its first byte
    std::chrono::milliseconds idle_time{15'000};  // before the first byte
  };
  /// Takes a connection whose unread bytes begin with a whole head of `head_bytes`; false when nobody can answer it now.
  using Ready = std::function<bool(const std::shared_ptr<Connection>&, std::size_t head_bytes)>;
  /// Tells the client why: 408, 431 or 503. The connection is closed afterwards.
  using TurnAway = std::function<void(Connection&, int status)>;

  /// Throws std::system_error when the system gives no descriptor or thread.
  HeadGate(Options options, Ready ready, TurnAway turn_away);
  ~HeadGate();  // closes
  HeadGate(const HeadGate&) = delete;
  HeadGate& operator=(const HeadGate&) = delete;

  /// A connection that comes after close() is dropped.
  void add(std::shared_ptr<Connection> connection);

  /// Drops all that wait and ends the thread. Calling it again does nothing.
  void close();

 private:
  struct Waiting {
    std::shared_ptr<Connection> connection;
    Connection::Clock::time_point deadline;
    bool begun = false;  // a byte of the head came
  };

  void run();
  void take_arrivals();
  bool still_waits(Waiting& one);
  void drop_late();
  [[nodiscard]] int milliseconds_to_deadline() const;
  void wake() const;

  Options options_;
  Ready ready_;
  TurnAway turn_away_;
  std::vector<Waiting> waiting_;  // the gate's thread only; longest first
  std::mutex mutex_;
  std::vector<std::shared_ptr<Connection>> arrivals_;
  bool closed_ = false;
  int wake_ = -1;  // eventfd
  std::thread thread_;
};

}  // namespace pv::api
