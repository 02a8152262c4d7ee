#include "api/head_gate.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace pv::api {
namespace {

/// Bytes up to and with the first empty line, 0 while there is none: what the HTTP library takes for a head's end.
std::size_t head_bytes(std::string_view unread) {
  constexpr std::string_view kEnd = "\n\r\n";
  const std::size_t end = unread.find(kEnd);
  return end == std::string_view::npos ? 0 : end + kEnd.size();
}

}  // namespace

HeadGate::HeadGate(Options options, Ready ready, TurnAway turn_away)
    : options_(options), ready_(std::move(ready)), turn_away_(std::move(turn_away)) {
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  try {
    thread_ = std::thread([this] { run(); });
  } catch (...) {
    ::close(wake_);
    throw;
  }
}

HeadGate::~HeadGate() {
  close();
  ::close(wake_);
}

void HeadGate::add(std::shared_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    arrivals_.push_back(std::move(connection));
  }
  wake();
}

void HeadGate::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    arrivals_.clear();
  }
  wake();
  if (thread_.joinable()) thread_.join();
}

void HeadGate::run() {
  std::vector<pollfd> watched;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) break;
    }
    take_arrivals();
    watched.assign(1, {wake_, POLLIN, 0});
    for (const Waiting& one : waiting_) watched.push_back({one.connection->socket(), POLLIN, 0});
    if (::poll(watched.data(), watched.size(), milliseconds_to_deadline()) > 0) {
      std::uint64_t count = 0;
      if (watched[0].revents != 0) [[maybe_unused]] const ssize_t drained = ::read(wake_, &count, sizeof count);
      std::size_t place = 0;
      std::erase_if(waiting_, [&](Waiting& one) { return watched[++place].revents != 0 && !still_waits(one); });
    }
    drop_late();
  }
  waiting_.clear();
}

void HeadGate::take_arrivals() {
  std::vector<std::shared_ptr<Connection>> arrivals;
  {
    const std::lock_guard lock(mutex_);
    arrivals.swap(arrivals_);
  }
  for (std::shared_ptr<Connection>& connection : arrivals) {
    Waiting one{std::move(connection), Connection::Clock::now() + options_.idle_time};
    if (!still_waits(one)) continue;  // its next request came with the last one
    if (waiting_.size() >= options_.most_waiting) waiting_.erase(waiting_.begin());
    waiting_.push_back(std::move(one));
  }
}

/// False when the connection went on to be answered, was turned away or is gone.
bool HeadGate::still_waits(Waiting& one) {
  const Connection::Received received = one.connection->receive(options_.most_head_bytes);
  const std::string_view unread = one.connection->unread();
  if (const std::size_t bytes = head_bytes(unread); bytes > 0) {
    const auto lines = static_cast<std::size_t>(std::count(unread.begin(), unread.begin() + static_cast<std::ptrdiff_t>(bytes), '\n'));
    if (lines > options_.most_head_lines) {
      turn_away_(*one.connection, 431);
    } else if (!ready_(one.connection, bytes)) {
      turn_away_(*one.connection, 503);
    }
    return false;
  }
  if (received == Connection::Received::full) {
    turn_away_(*one.connection, 431);
    return false;
  }
  if (received == Connection::Received::ended) return false;
  if (!one.begun && !unread.empty()) {
    one.begun = true;
    one.deadline = Connection::Clock::now() + options_.head_time;
  }
  return true;
}

void HeadGate::drop_late() {
  const auto now = Connection::Clock::now();
  std::erase_if(waiting_, [&](Waiting& one) {
    if (now < one.deadline) return false;
    if (one.begun) turn_away_(*one.connection, 408);
    return true;
  });
}

int HeadGate::milliseconds_to_deadline() const {
  if (waiting_.empty()) return -1;
  const auto first = std::min_element(waiting_.begin(), waiting_.end(),
                                      [](const Waiting& a, const Waiting& b) { return a.deadline < b.deadline; });
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(first->deadline - Connection::Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

void HeadGate::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
}

}  // namespace pv::api
