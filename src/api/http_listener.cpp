#include "api/http_listener.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <fmt/format.h>
// The library is built with these; its types have other members without them.
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#include <httplib.h>

#include "api/connection.h"
#include "api/gzip.h"
#include "api/head_gate.h"
#include "api/problem.h"
#include "api/request_body.h"
#include "api/server.h"
#include "api/worker_pool.h"

namespace pv::api {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kWorthCompressing = 1024;
constexpr std::chrono::seconds kHeadTime{10};       // it is there already
constexpr std::chrono::seconds kWritePatience{60};  // people pause downloads
constexpr unsigned kMostRequestsAConnection = 1000;
constexpr HeadGate::Options kHeads;
constexpr const char* kExpectation = "powerview-expect";

/// One request on its connection. The library's handlers are not told which connection they serve; a thread serves one at a time.
struct Turn {
  Connection& connection;
  const std::atomic<bool>& stopping;
  bool in_step = false;  // the request was read to its end
};
thread_local Turn* current_turn = nullptr;

/// The library would say "100 Continue" before anybody has judged the request.
void move_expectation(httplib::Request& request) {
  request.headers.erase(kExpectation);
  const std::string expectation = request.get_header_value("Expect");
  request.headers.erase("Expect");
  if (!expectation.empty()) request.headers.emplace(kExpectation, expectation);
}

/// A connection as the library reads and writes it.
class ConnectionStream final : public httplib::Stream {
 public:
  ConnectionStream(Connection& connection, const std::atomic<bool>& stopping)
      : connection_(connection), stopping_(stopping), deadline_(Connection::Clock::now() + kHeadTime) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return !stopping_ && connection_.peer_is_there(); }
  ssize_t read(char* into, std::size_t size) override {
    const auto count = connection_.read({into, size}, deadline_, stopping_);
    return count ? static_cast<ssize_t>(*count) : -1;
  }
  ssize_t write(const char* bytes, std::size_t size) override {
    return connection_.write({bytes, size}, kWritePatience, stopping_) ? static_cast<ssize_t>(size) : -1;
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}  // Connection knows
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return connection_.socket(); }

 private:
  Connection& connection_;
  const std::atomic<bool>& stopping_;
  Connection::Clock::time_point deadline_;
};

/// The library's server, which parses requests and writes replies, with connections of our own: it would give each a
/// thread from its first moment and read heads without end.
class LibraryServer final : public httplib::Server {
 public:
  explicit LibraryServer(HeadGate::TurnAway turn_away)
      : pool_({.most_threads = kMaxConnections}),
        gate_(kHeads, [this](const auto& connection, std::size_t) { return take(connection); },
              std::move(turn_away)) {
    new_task_queue = [this] { return new DirectQueue(*this); };
  }
  ~LibraryServer() override { end_connections(); }

  /// The library is built with a backlog of 5: a burst of connections beyond it is dropped and tried again a second or
  /// more later. Listening again on the bound socket sets a longer one.
  void widen_backlog() { ::listen(svr_sock_, 256); }

  void begin_stop() { stopping_ = true; }

 private:
  /// The library asks for a task queue and deletes it. Its task is process_and_close_socket(), which does not wait here.
  class DirectQueue final : public httplib::TaskQueue {
   public:
    explicit DirectQueue(LibraryServer& server) : server_(server) {}
    void enqueue(std::function<void()> task) override { task(); }
    void shutdown() override { server_.end_connections(); }

   private:
    LibraryServer& server_;
  };

  bool process_and_close_socket(socket_t socket) override {
    gate_.add(std::make_shared<Connection>(socket));
    return true;
  }

  bool take(const std::shared_ptr<Connection>& connection) {
    return pool_.submit([this, connection] { answer(connection); });
  }

  /// Closes the connection by letting go of it.
  void answer(const std::shared_ptr<Connection>& connection) {
    const bool last = ++connection->answered >= kMostRequestsAConnection;
    ConnectionStream stream(*connection, stopping_);
    Turn turn{*connection, stopping_};
    bool closed = false;
    try {
      current_turn = &turn;
      // What the client expects before it sends its body is the body's business, not the library's.
      const bool sent = process_request(stream, last, closed, [](httplib::Request& request) { move_expectation(request); });
      current_turn = nullptr;
      if (!sent) return;
    } catch (...) {  // memory ran out
      current_turn = nullptr;
      return;
    }
    // Behind a request that was not understood to its end, the next one cannot be found.
    if (turn.in_step && !closed && !last && !stopping_) {
      gate_.add(connection);
    } else if (!turn.in_step) {
      connection->linger(stopping_);
    }
  }

  void end_connections() {
    gate_.close();
    pool_.close();
  }

  std::atomic<bool> stopping_{false};
  WorkerPool pool_;
  HeadGate gate_;
};

/// A whole reply as bytes, for clients whose request is never read.
std::string last_words(const Reply& reply, const Headers& always) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\nConnection: close\r\nContent-Type: {}\r\nContent-Length: {}\r\n", reply.status,
                                 reason_of(reply.status), reply.content_type, reply.body.size());
  for (const auto& [name, value] : always) text += fmt::format("{}: {}\r\n", name, value);
  for (const auto& [name, value] : reply.headers) text += fmt::format("{}: {}\r\n", name, value);
  return text + "\r\n" + reply.body;
}

std::string_view why_turned_away(int status) {
  switch (status) {
    case 408: return "the request's head did not come in time";
    case 431: return "the request's head is too large or has too many lines";
    default: return "too many requests at once; ask again";
  }
}

Method method_of(const std::string& name) {
  if (name == "GET" || name == "HEAD") return Method::get;
  if (name == "POST") return Method::post;
  if (name == "PUT") return Method::put;
  if (name == "PATCH") return Method::patch;
  if (name == "DELETE") return Method::remove;
  return Method::other;
}

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f && c != ':'; });
}

/// Names in small letters. False when a name could mean something else to a proxy ("Content-Length : 5").
bool take_headers(const httplib::Headers& from, std::multimap<std::string, std::string>& to) {
  for (const auto& [name, value] : from) {
    if (!is_token(name)) return false;
    std::string low = name;
    std::transform(low.begin(), low.end(), low.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (low == kExpectation) low = "expect";
    to.emplace(std::move(low), value);
  }
  return true;
}

Request request_of(const httplib::Request& from) {
  Request request;
  request.method = method_of(from.method);
  request.target = from.target;
  request.path = from.target.substr(0, from.target.find_first_of("?#"));
  request.params = {from.params.begin(), from.params.end()};
  request.accept = from.get_header_value("Accept");
  request.if_none_match = from.get_header_value("If-None-Match");
  request.accepts_gzip = accepts_gzip(from.get_header_value("Accept-Encoding"));
  return request;
}

/// The request is the library's own variable, const only in the handler's signature.
httplib::Request& own(const httplib::Request& request) { return const_cast<httplib::Request&>(request); }

/// Keeps the library from compressing by itself (gzip.h) and from cutting ranges out of replies, both optional in HTTP.
void forget_encodings_and_ranges(const httplib::Request& request) {
  own(request).headers.erase("Accept-Encoding");
  own(request).ranges.clear();
}

/// Makes the library say that the connection ends, and process_request() that it is closed.
void announce_close(const httplib::Request& request) {
  own(request).headers.erase("Connection");
  own(request).headers.emplace("Connection", "close");
}

void send_stream(Reply&& reply, bool compress, httplib::Response& to) {
  auto body = std::make_shared<decltype(reply.stream)>(std::move(reply.stream));
  to.set_chunked_content_provider(reply.content_type, [body, compress](std::size_t, httplib::DataSink& sink) {
    const Alive alive = [&sink] { return sink.is_writable(); };
    const Writer plain = [&sink](std::string_view piece) { return sink.write(piece.data(), piece.size()); };
    if (!compress) {
      if (!(*body)(plain, alive)) return false;
      sink.done();
      return true;
    }
    GzipStream stream;
    std::string ready;
    const auto flush = [&] {
      if (ready.empty()) return true;  // an empty chunk would end the body
      const bool sent = plain(ready);
      ready.clear();
      return sent;
    };
    const Writer compressed = [&](std::string_view piece) {
      stream.add(piece, ready);
      return flush();
    };
    if (!(*body)(compressed, alive)) return false;
    stream.finish(ready);
    if (!flush()) return false;
    sink.done();
    return true;
  });
}

void send(Reply&& reply, bool accepts_gzip, const Headers& always, httplib::Response& to) {
  to.status = reply.status;
  for (const auto& [name, value] : reply.headers) to.set_header(name, value);
  for (const auto& [name, value] : always) to.set_header(name, value);
  if (reply.stream) {
    const bool compress = accepts_gzip && reply.compressible;
    if (compress) to.set_header("Content-Encoding", "gzip");
    send_stream(std::move(reply), compress, to);
    return;
  }
  if (reply.status == 304) return;
  if (!reply.fixed_body.empty()) {
    const std::string_view bytes = reply.fixed_body;
    to.set_content_provider(bytes.size(), reply.content_type,
                            [bytes](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
                              return sink.write(bytes.data() + offset, length);
                            });
    return;
  }
  if (accepts_gzip && reply.compressible && reply.body.size() > kWorthCompressing) {
    reply.body = gzip(reply.body);
    to.set_header("Content-Encoding", "gzip");
  }
  to.body = std::move(reply.body);
  to.set_header("Content-Type", reply.content_type);
}

}  // namespace

struct HttpListener::State {
  State(Options given, Answer how, Refused told)
      : options(std::move(given)), answer(std::move(how)), refused(std::move(told)),
        http([this](Connection& connection, int status) {
          refused(status);
          connection.write_last(last_words(problem(status, why_turned_away(status)), options.headers));
        }) {}

  void configure();
  void handle(const httplib::Request& from, httplib::Response& to);

  Options options;
  Answer answer;
  Refused refused;
  LibraryServer http;
  std::thread acceptor;
  int port = 0;
  std::atomic<bool> stopped{false};
};

void HttpListener::State::handle(const httplib::Request& from, httplib::Response& to) {
  Turn& turn = *current_turn;
  Request request = request_of(from);
  forget_encodings_and_ranges(from);
  const bool sound = take_headers(from.headers, request.headers);
  const auto framing = framing_of(request.headers);
  if (!sound || !framing) {
    announce_close(from);
    refused(400);
    send(problem(400, sound ? framing.error().message() : "a header's name is none"), false, options.headers, to);
    return;
  }
  request.peer = turn.connection.peer_address();
  ConnectionBody body(turn.connection, turn.stopping, *framing);
  request.body = &body;
  Reply reply = answer(request);
  turn.in_step = body.skip_rest();
  if (!turn.in_step) announce_close(from);
  send(std::move(reply), request.accepts_gzip, options.headers, to);
}

void HttpListener::State::configure() {
  http.set_tcp_nodelay(true);  // head and body are written apart
  http.set_keep_alive_max_count(kMostRequestsAConnection);  // told to the client, as the next
  http.set_keep_alive_timeout(std::chrono::duration_cast<std::chrono::seconds>(kHeads.idle_time).count());
  http.set_socket_options([](socket_t socket) {
    // Without SO_REUSEPORT, which the library would set: a second server on the same port must fail, not share it.
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  http.set_pre_routing_handler([this](const httplib::Request& from, httplib::Response& to) {
    handle(from, to);
    return httplib::Server::HandlerResponse::Handled;
  });
  // Called for replies of ours too; those have a type.
  const httplib::Server::HandlerWithResponse on_error = [this](const httplib::Request& from, httplib::Response& to) {
    if (!to.body.empty() || to.has_header("Content-Type")) return httplib::Server::HandlerResponse::Unhandled;
    forget_encodings_and_ranges(from);
    announce_close(from);
    refused(to.status);
    send(problem(to.status, "the request cannot be read as HTTP, or is too large"), false, options.headers, to);
    return httplib::Server::HandlerResponse::Handled;
  };
  http.set_error_handler(on_error);
}

Result<std::unique_ptr<HttpListener>> HttpListener::start(Options options, Answer answer, Refused refused) {
  // What "localhost" resolves to is the system's business; the address that the log and the pages speak of is this one.
  const std::string address = options.host == "localhost" ? "127.0.0.1" : options.host;
  const int wanted = options.port;
  auto state = std::make_unique<State>(std::move(options), std::move(answer), std::move(refused));
  state->configure();
  if (wanted == 0) {
    state->port = state->http.bind_to_any_port(address);
  } else {
    state->port = state->http.bind_to_port(address, wanted) ? wanted : -1;
  }
  if (state->port <= 0) {
    return fail(Errc::unavailable, fmt::format("cannot listen on {} port {}: another program has it, it needs more rights, or this machine "
                                               "has no such address; choose another one", address, wanted));
  }
  state->http.widen_backlog();
  State* running = state.get();
  state->acceptor = std::thread([running] { running->http.listen_after_bind(); });
  // stop() has no effect on a server that has not begun to listen.
  while (!state->http.is_running()) std::this_thread::yield();
  return std::unique_ptr<HttpListener>(new HttpListener(std::move(state)));
}

HttpListener::HttpListener(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpListener::~HttpListener() { stop(); }

int HttpListener::port() const noexcept { return state_->port; }

void HttpListener::stop() {
  if (state_->stopped.exchange(true)) return;
  state_->http.begin_stop();
  state_->http.stop();
  state_->acceptor.join();
}

}  // namespace pv::api
