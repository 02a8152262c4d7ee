/// Connections that wait for a request, over socket pairs.
#include "api/head_gate.h"

#include <atomic>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pv::api {
namespace {

using namespace std::chrono_literals;

/// The client's end, and the connection at the server's.
struct Pair {
  Pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) throw std::runtime_error("socketpair");
    client = ends[0];
    connection = std::make_shared<Connection>(ends[1]);
  }
  ~Pair() { ::close(client); }
  void send(std::string_view bytes) const { ASSERT_EQ(::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size())); }
  /// Until the server closes.
  std::string read_all() const {
    std::string all;
    char piece[4096];
    for (ssize_t count = 0; (count = ::recv(client, piece, sizeof piece, 0)) > 0;) all.append(piece, static_cast<std::size_t>(count));
    return all;
  }
  int client = -1;
  std::shared_ptr<Connection> connection;
};

struct Gate {
  explicit Gate(HeadGate::Options options)
      : gate(options,
             [this](const std::shared_ptr<Connection>& connection, std::size_t head_bytes) {
               if (busy) return false;
               const std::lock_guard lock(mutex);
               heads.emplace_back(connection->unread().substr(0, head_bytes));
               ++ready;
               return true;
             },
             [](Connection& connection, int status) { connection.write_last(std::to_string(status)); }) {}
  void wait_ready(int count) const {
    while (ready < count) std::this_thread::sleep_for(1ms);
  }
  std::mutex mutex;
  std::vector<std::string> heads;
  std::atomic<int> ready{0};
  std::atomic<bool> busy{false};
  HeadGate gate;
};

TEST(HeadGateTest, AHeadInPiecesGoesOnWhenItIsWhole) {
  Pair pair;
  Gate gate({});
  gate.gate.add(std::move(pair.connection));
  for (const char* piece : {"GET / HT", "TP/1.1\r\n", "Host: a\r", "\n\r", "\nbody"}) {
    EXPECT_EQ(gate.ready, 0);
    pair.send(piece);
    std::this_thread::sleep_for(2ms);
  }
  gate.wait_ready(1);
  EXPECT_EQ(gate.heads.at(0), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(HeadGateTest, ARequestThatCameWithTheLastOneNeedsNoMoreBytes) {
  Pair pair;
  Gate gate({});
  pair.send("GET /1\r\n\r\nGET /2\r\n\r\n");
  auto connection = std::move(pair.connection);
  gate.gate.add(connection);
  gate.wait_ready(1);
  char head[10];
  const std::atomic<bool> stopping{false};
  ASSERT_EQ(connection->read(head, Connection::Clock::now(), stopping), 10U);
  gate.gate.add(std::move(connection));
  gate.wait_ready(2);
  EXPECT_EQ(gate.heads.at(1), "GET /2\r\n\r\n");
}

TEST(HeadGateTest, ADripOfBytesDoesNotPutTheDeadlineOff) {
  Pair pair;
  Gate gate({.head_time = 50ms, .idle_time = 10min});
  gate.gate.add(std::move(pair.connection));
  std::atomic<bool> closed{false};
  std::thread drip([&] {
    while (!closed) {
      if (::send(pair.client, "x", 1, MSG_NOSIGNAL) < 0) return;
      std::this_thread::sleep_for(1ms);
    }
  });
  EXPECT_EQ(pair.read_all(), "408");
  closed = true;
  drip.join();
}

TEST(HeadGateTest, AConnectionThatSendsNothingIsClosed) {
  Pair pair;
  Gate gate({.idle_time = 5ms});
  gate.gate.add(std::move(pair.connection));
  EXPECT_EQ(pair.read_all(), "");
}

TEST(HeadGateTest, HeadsBeyondTheBoundsAreTurnedAway) {
  Gate gate({.most_head_bytes = 1000, .most_head_lines = 10});
  Pair large, long_one, sound;
  for (Pair* pair : {&large, &long_one, &sound}) gate.gate.add(std::move(pair->connection));
  large.send("GET / HTTP/1.1\r\nA: " + std::string(2000, 'a'));
  EXPECT_EQ(large.read_all(), "431");
  std::string lines = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 10; ++i) lines += "A: b\r\n";
  long_one.send(lines + "\r\n");
  EXPECT_EQ(long_one.read_all(), "431");
  EXPECT_EQ(gate.ready, 0);
  sound.send("GET / HTTP/1.1\r\nA: b\r\n\r\n");
  gate.wait_ready(1);
}

TEST(HeadGateTest, WhenNobodyCanAnswerTheClientIsTold) {
  Pair pair;
  Gate gate({});
  gate.busy = true;
  gate.gate.add(std::move(pair.connection));
  pair.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(pair.read_all(), "503");
}

TEST(HeadGateTest, ANewConnectionPushesTheLongestWaitingOneOut) {
  Gate gate({.most_waiting = 2, .idle_time = 10min});
  Pair first, second, third;
  for (Pair* pair : {&first, &second, &third}) gate.gate.add(std::move(pair->connection));
  EXPECT_EQ(first.read_all(), "");
  for (Pair* pair : {&second, &third}) pair->send("GET / HTTP/1.1\r\n\r\n");
  gate.wait_ready(2);
}

TEST(HeadGateTest, ClosingDropsThoseThatWaitAndThoseThatCome) {
  Pair waiting, late;
  Gate gate({.idle_time = 10min});
  gate.gate.add(std::move(waiting.connection));
  gate.gate.close();
  gate.gate.add(std::move(late.connection));
  EXPECT_EQ(waiting.read_all(), "");
  EXPECT_EQ(late.read_all(), "");
}

TEST(ConnectionTest, AClientThatTakesNothingEndsTheWriteAndASlowOneDoesNot) {
  const std::atomic<bool> stopping{false};
  const std::string much(4'000'000, 'x');
  Pair stuck;
  EXPECT_FALSE(stuck.connection->write(much, 20ms, stopping));
  Pair slow;
  std::string got;
  std::thread reader([&] { got = slow.read_all(); });
  EXPECT_TRUE(slow.connection->write(much, 10min, stopping));
  slow.connection.reset();
  reader.join();
  EXPECT_EQ(got.size(), much.size());
}

TEST(ConnectionTest, AServerThatStopsWaitsForNoClient) {
  const std::atomic<bool> stopping{true};
  Pair stuck;
  EXPECT_FALSE(stuck.connection->write(std::string(4'000'000, 'x'), 10min, stopping));
  char byte = 0;
  EXPECT_FALSE(stuck.connection->read({&byte, 1}, Connection::Clock::now() + 10min, stopping));
}

}  // namespace
}  // namespace pv::api
