#include "api/server.h"

#include <atomic>
#include <chrono>
#include <exception>
#include <utility>

#include <fmt/format.h>

#include "api/change_feed.h"
#include "api/http_listener.h"
#include "api/metrics.h"
#include "api/problem.h"
#include "api/service.h"

namespace pv::api {
namespace {

std::vector<std::pair<std::string, std::string>> security_headers(Transport transport) {
  std::vector<std::pair<std::string, std::string>> headers = {
      {"Content-Security-Policy", "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
                                  "object-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
  };
  if (transport == Transport::https) headers.emplace_back("Strict-Transport-Security", "max-age=31536000");
  return headers;
}

}  // namespace

struct Server::State {
  State(model::SourceDirectory& sources, ServerOptions given)
      : options(std::move(given)),
        feed(sources, options.ledger, {.most_listeners = kMaxStreamListeners}),
        service(sources, options, feed, metrics) {}

  Reply answer(const Request& request);

  ServerOptions options;
  RequestMetrics metrics;
  ChangeFeed feed;
  Service service;
  std::unique_ptr<HttpListener> listener;
  std::atomic<bool> stopped{false};
};

Reply Server::State::answer(const Request& request) {
  using std::chrono::steady_clock;
  const auto begin = steady_clock::now();
  std::string_view route = "refused";
  Reply reply;
  const auto bug = [&](std::string_view what) {
    if (options.log) options.log(fmt::format("BUG: {} {}: {}", to_string(request.method), request.path, what));
    reply = problem(500, "an error inside the server; its log says more");
  };
  try {
    Service::Answer answer = service.answer(request);
    reply = std::move(answer.reply);
    route = answer.route;
  } catch (const std::exception& thrown) {
    bug(thrown.what());
  } catch (...) {
    bug("unknown exception");
  }
  metrics.count(route, reply.status, std::chrono::duration<double>(steady_clock::now() - begin).count());
  return reply;
}

Result<std::unique_ptr<Server>> Server::start(model::SourceDirectory& sources, ServerOptions options) {
  if (options.port < 0 || options.port > 65'535) {
    return fail(Errc::invalid_input, fmt::format("port {} is outside 0 to 65535", options.port));
  }
  if (options.host.empty()) return fail(Errc::invalid_input, "the address to listen on is empty; 127.0.0.1 is this machine, 0.0.0.0 all");
  if (options.registry == nullptr) return fail(Errc::invalid_input, "the server needs the registry of companies and users");
  HttpListener::Options listening{options.host, options.port, security_headers(options.transport)};
  auto state = std::make_unique<State>(sources, std::move(options));
  State* const running = state.get();
  PV_TRY(state->listener, HttpListener::start(
                              std::move(listening), [running](const Request& request) { return running->answer(request); },
                              [running](int status) { running->metrics.count("refused", status, 0); }));
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() { stop(); }

int Server::port() const noexcept { return state_->listener->port(); }

void Server::stop() {
  if (state_->stopped.exchange(true)) return;
  state_->service.begin_stop();
  state_->feed.close();
  state_->listener->stop();
}

}  // namespace pv::api
