#pragma once
/// The HTTP server: the API under /api/v1 (docs/openapi.yaml), /healthz, /readyz, /metrics, and the pages.
///
/// There is no login: whoever reaches the port reads everything. So it listens on loopback addresses only, and answers only
/// requests whose Host header names loopback, which keeps pages of other sites out (DNS rebinding). Browsers' requests on
/// behalf of other sites (Sec-Fetch-Site: cross-site) get 403 from everything but the pages.
/// Bounds: a request's head has 32 kB, 128 lines and 10 s (431, 408); a body, which no route wants, 64 kB and 10 s; a client
/// that takes nothing of its answer for 60 s is cut off; 256 connections wait for a head, the longest waiting one goes.
/// Errors from within are told to clients without the server's paths; the log has them whole.
/// Threads: start() and stop() from one thread. The server has its own: one that accepts, one that watches connections
/// until a head is there, up to kMaxConnections that answer (made when needed, gone when idle; as many requests and some
/// wait, 503 beyond), one that watches generations while somebody listens to the stream.
/// The source directory, the pages and the functions given must outlive the server and be safe to use from all of them.

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/names.h"
#include "model/source.h"
#include "model/zone.h"

namespace pv::api {

inline constexpr std::size_t kMaxConnections = 160;  // answered at once
inline constexpr std::size_t kMaxStreamListeners = 64;

/// One file of the pages, as the build puts it into the program.
struct StaticFile {
  std::string_view path;          // "/index.html", "/assets/index-3f2a.js"
  std::string_view content_type;  // "text/html; charset=utf-8"
  std::string_view plain;
  std::string_view gzip;  // the same bytes compressed; empty when that does not pay
  std::string_view etag;  // with its quotes: "\"5d41402abc\""
};

struct ServerOptions {
  std::string host = "127.0.0.1";   // "127.0.0.0/8", "::1" or "localhost"; nothing else
  int port = 0;                     // 0: any free one, see port()
  std::string version;              // for /metrics
  /// Threads that one query may use. Queries that run at once share the extra ones: together they have query_workers - 1
  /// beyond one thread each. Twice as many queries as this, and four at least, run at once; others wait for them.
  unsigned query_workers = 2;
  std::span<const StaticFile> pages;  // may be empty
  /// The zone whose days a campaign is shown in; UTC when not set.
  std::function<model::Zone(const model::TenantName&, const model::CampaignName&)> zone_of;
  /// A line for the log: refused starts of the stream, data that cannot be read, bugs caught at the last moment. May be
  /// empty.
  std::function<void(std::string_view)> log;
};

class Server {
 public:
  /// Binds and begins to answer.
  /// Errors: denied for a host that is not loopback; invalid_input for a port outside 0..65535; unavailable when the
  /// port is taken.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(model::SourceDirectory& sources, ServerOptions options);

  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] int port() const noexcept;

  /// Ends the stream, breaks exports off, lets other running answers finish (a client that is slow to take its own has one
  /// more second), joins all threads. Calling it again does nothing.
  void stop();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pv::api
