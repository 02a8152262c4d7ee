#include "api/server.h"

#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>
// The library is built with these; its types have other members without them.
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#include <httplib.h>

#include "api/change_feed.h"
#include "api/connection.h"
#include "api/gzip.h"
#include "api/head_gate.h"
#include "api/host_guard.h"
#include "api/metrics.h"
#include "api/problem.h"
#include "api/routes.h"
#include "api/service.h"
#include "api/worker_pool.h"

namespace pv::api {
namespace {

constexpr std::size_t kWorthCompressing = 1024;
constexpr std::size_t kLargestRequestBody = 65'536;

constexpr std::chrono::seconds kBodyTime{10};       // for a request's body, which nobody asked for
constexpr std::chrono::seconds kWritePatience{60};  // people pause downloads
constexpr unsigned kMostRequestsAConnection = 1000;
constexpr HeadGate::Options kHeads;

constexpr std::array<std::pair<const char*, const char*>, 4> kSecurityHeaders = {{
    {"Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
                                "frame-ancestors 'none'; base-uri 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
}};

/// A connection as the library reads and writes it.
class ConnectionStream final : public httplib::Stream {
 public:
  ConnectionStream(Connection& connection, const std::atomic<bool>& stopping)
      : connection_(connection), stopping_(stopping), deadline_(Connection::Clock::now() + kBodyTime) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return !stopping_ && connection_.peer_is_there(); }
  ssize_t read(char* into, std::size_t size) override {
    const auto count = connection_.read({into, size}, deadline_, stopping_);
    return count ? static_cast<ssize_t>(*count) : -1;
  }
  ssize_t write(const char* bytes, std::size_t size) override {
    return connection_.write({bytes, size}, kWritePatience, stopping_) ? static_cast<ssize_t>(size) : -1;
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}  // nobody asks
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return connection_.socket(); }

 private:
  Connection& connection_;
  const std::atomic<bool>& stopping_;
  Connection::Clock::time_point deadline_;
};

/// The library's server, which parses requests and writes replies, with connections of our own: it would give each a
/// thread from its first moment and read heads without end.
class HttpServer final : public httplib::Server {
 public:
  explicit HttpServer(HeadGate::TurnAway turn_away)
      : pool_({.most_threads = kMaxConnections}),
        gate_(kHeads, [this](const auto& connection, std::size_t head_bytes) { return take(connection, head_bytes); },
              std::move(turn_away)) {
    new_task_queue = [this] { return new DirectQueue(*this); };
  }
  ~HttpServer() override { end_connections(); }

  /// The library is built with a backlog of 5: a burst of connections beyond it is dropped and tried again a second or
  /// more later. Listening again on the bound socket sets a longer one.
  void widen_backlog() { ::listen(svr_sock_, 256); }

  void begin_stop() { stopping_ = true; }

 private:
  /// The library asks for a task queue and deletes it. Its task is process_and_close_socket(), which does not wait here.
  class DirectQueue final : public httplib::TaskQueue {
   public:
    explicit DirectQueue(HttpServer& server) : server_(server) {}
    void enqueue(std::function<void()> task) override { task(); }
    void shutdown() override { server_.end_connections(); }

   private:
    HttpServer& server_;
  };

  bool process_and_close_socket(socket_t socket) override {
    gate_.add(std::make_shared<Connection>(socket));
    return true;
  }

  bool take(const std::shared_ptr<Connection>& connection, std::size_t head_bytes) {
    return pool_.submit([this, connection, head_bytes] { answer(connection, head_bytes); });
  }

  /// Closes the connection by letting go of it.
  void answer(const std::shared_ptr<Connection>& connection, std::size_t head_bytes) {
    const std::size_t behind_head = connection->unread().size() - head_bytes;
    const bool last = ++connection->answered >= kMostRequestsAConnection;
    ConnectionStream stream(*connection, stopping_);
    bool closed = false;
    try {
      if (!process_request(stream, last, closed, nullptr)) return;
    } catch (...) {  // memory ran out
      return;
    }
    // A head that could not be read to its end must not be taken for the next request.
    const bool in_step = connection->unread().size() <= behind_head;
    if (in_step && !closed && !last && !stopping_) gate_.add(connection);
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
std::string last_words(const Reply& reply) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\nConnection: close\r\nContent-Type: {}\r\nContent-Length: {}\r\n", reply.status,
                                 reason_of(reply.status), reply.content_type, reply.body.size());
  for (const auto& [name, value] : kSecurityHeaders) text += fmt::format("{}: {}\r\n", name, value);
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

Request request_of(const httplib::Request& from) {
  Request request;
  request.target = from.target;
  request.path = from.target.substr(0, from.target.find_first_of("?#"));
  request.params = {from.params.begin(), from.params.end()};
  request.accept = from.get_header_value("Accept");
  request.if_none_match = from.get_header_value("If-None-Match");
  request.accepts_gzip = accepts_gzip(from.get_header_value("Accept-Encoding"));
  return request;
}

/// Keeps the library from compressing by itself (gzip.h) and from cutting ranges out of replies, both optional in HTTP.
/// The request is the library's own variable, const only in the handler's signature.
void forget_encodings_and_ranges(const httplib::Request& request) {
  auto& own = const_cast<httplib::Request&>(request);
  own.headers.erase("Accept-Encoding");
  own.ranges.clear();
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

void send(Reply&& reply, bool accepts_gzip, httplib::Response& to) {
  to.status = reply.status;
  for (const auto& [name, value] : reply.headers) to.set_header(name, value);
  for (const auto& [name, value] : kSecurityHeaders) to.set_header(name, value);
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

struct Server::State {
  State(model::SourceDirectory& sources, ServerOptions given)
      : options(std::move(given)),
        feed(sources, {.most_listeners = kMaxStreamListeners}),
        service(sources, options, feed, metrics),
        http([this](Connection& connection, int status) {
          metrics.count("refused", status, 0);
          connection.write_last(last_words(problem(status, why_turned_away(status))));
        }) {}

  httplib::Server::HandlerResponse handle(const httplib::Request& from, httplib::Response& to);
  void configure();

  ServerOptions options;
  RequestMetrics metrics;
  ChangeFeed feed;
  Service service;
  HttpServer http;
  std::thread acceptor;
  int port = 0;
  std::atomic<bool> stopped{false};
};

httplib::Server::HandlerResponse Server::State::handle(const httplib::Request& from, httplib::Response& to) {
  using std::chrono::steady_clock;
  // Other methods go on to the library, which reads their body, finds no handler and comes to the error handler.
  if (from.method != "GET" && from.method != "HEAD") return httplib::Server::HandlerResponse::Unhandled;
  const auto begin = steady_clock::now();
  std::string_view route = "refused";
  bool gzip_allowed = false;
  Reply reply;
  try {
    const Request request = request_of(from);
    forget_encodings_and_ranges(from);
    gzip_allowed = request.accepts_gzip;
    if (from.get_header_value_count("Host") != 1 || !names_loopback(from.get_header_value("Host"))) {
      reply = problem(421, "this server answers for localhost, 127.0.0.1 and [::1] only: there is no login, so pages of "
                           "other names are kept out");
    } else if (is_api_path(request.path) && from.get_header_value("Sec-Fetch-Site") == "cross-site") {
      reply = problem(403, "pages of other sites may not ask this server");
    } else {
      Service::Answer answer = service.answer(request);
      reply = std::move(answer.reply);
      route = answer.route;
    }
  } catch (const std::exception& bug) {
    if (options.log) options.log(fmt::format("BUG: {} {}: {}", from.method, from.target, bug.what()));
    reply = problem(500, "an error inside the server; its log says more");
  } catch (...) {
    if (options.log) options.log(fmt::format("BUG: {} {}: unknown exception", from.method, from.target));
    reply = problem(500, "an error inside the server; its log says more");
  }
  const int status = reply.status;
  send(std::move(reply), gzip_allowed, to);
  metrics.count(route, status, std::chrono::duration<double>(steady_clock::now() - begin).count());
  return httplib::Server::HandlerResponse::Handled;
}

void Server::State::configure() {
  http.set_tcp_nodelay(true);  // head and body are written apart
  http.set_keep_alive_max_count(kMostRequestsAConnection);  // told to the client, as the next
  http.set_keep_alive_timeout(std::chrono::duration_cast<std::chrono::seconds>(kHeads.idle_time).count());
  http.set_payload_max_length(kLargestRequestBody);
  http.set_socket_options([](socket_t socket) {
    // Without SO_REUSEPORT, which the library would set: a second server on the same port must fail, not share it.
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  http.set_pre_routing_handler([this](const httplib::Request& from, httplib::Response& to) { return handle(from, to); });
  const httplib::Server::HandlerWithResponse on_error = [this](const httplib::Request& from, httplib::Response& to) {
    if (!to.body.empty() || to.has_header("Content-Type")) return httplib::Server::HandlerResponse::Unhandled;
    forget_encodings_and_ranges(from);
    const bool other_method = to.status == 404;
    Reply reply = other_method ? problem(405, "only GET and HEAD are served")
                               : problem(to.status, "the request cannot be read as HTTP, or is too large");
    if (other_method) reply.headers.emplace_back("Allow", "GET, HEAD");
    metrics.count("refused", reply.status, 0);
    send(std::move(reply), false, to);
    return httplib::Server::HandlerResponse::Handled;
  };
  http.set_error_handler(on_error);
}

Result<std::unique_ptr<Server>> Server::start(model::SourceDirectory& sources, ServerOptions options) {
  if (!is_loopback(options.host)) {
    return fail(Errc::denied, fmt::format("will not listen on {}: this version has no login, so it serves this machine only. "
                                          "Use 127.0.0.1, ::1 or localhost; from elsewhere, go through an SSH tunnel",
                                          options.host));
  }
  if (options.port < 0 || options.port > 65'535) {
    return fail(Errc::invalid_input, fmt::format("port {} is outside 0 to 65535", options.port));
  }
  // Numbers only: what "localhost" resolves to is the system's business.
  const std::string address = options.host.find(':') != std::string::npos ? "::1" : options.host.starts_with("127.") ? options.host : "127.0.0.1";
  const int wanted = options.port;
  auto state = std::make_unique<State>(sources, std::move(options));
  state->configure();
  if (wanted == 0) {
    state->port = state->http.bind_to_any_port(address);
  } else {
    state->port = state->http.bind_to_port(address, wanted) ? wanted : -1;
  }
  if (state->port <= 0) {
    return fail(Errc::unavailable, fmt::format("cannot listen on {} port {}: another program has it, or it needs more rights; "
                                               "choose another port", address, wanted));
  }
  state->http.widen_backlog();
  State* running = state.get();
  state->acceptor = std::thread([running] { running->http.listen_after_bind(); });
  // stop() has no effect on a server that has not begun to listen.
  while (!state->http.is_running()) std::this_thread::yield();
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() { stop(); }

int Server::port() const noexcept { return state_->port; }

void Server::stop() {
  if (state_->stopped.exchange(true)) return;
  state_->feed.close();
  state_->http.begin_stop();
  state_->http.stop();
  state_->acceptor.join();
}

}  // namespace pv::api
