#pragma once
/// The HTTP server: the API under /api/v1 (docs/openapi.yaml), /hooks/sftpgo, /healthz, /readyz, /metrics, and the pages.
///
/// Who asks is told by a session's cookie or a bearer token; what of another company is asked for does not exist (404). The table of
/// routes says who may use each. Requests that change something and carry the cookie must come from a page of this server.
/// It speaks HTTP. For HTTPS a proxy on this machine stands in front of it: Transport::https then makes cookies Secure and takes
/// the client's address from that proxy.
/// Bounds: a request's head has 32 kB, 128 lines and 10 s (431, 408); a JSON body 64 kB and 10 s (413, 408); a file handed in the
/// size given and 30 s for each piece. Bodies are not read before it is known that the request is allowed. A client
/// that takes nothing of its answer for 60 s is cut off; 256 connections wait for a head, the longest waiting one goes.
/// Errors from within are told to clients without the server's paths; the log has them whole.
/// Threads: start() and stop() from one thread. The server has its own: one that accepts, one that watches connections
/// until a head is there, up to kMaxConnections that answer (made when needed, gone when idle; as many requests and some
/// wait, 503 beyond), one that looks for changes while somebody listens to the stream.
/// Everything the options name must outlive the server and be safe to use from all of them.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "ingest/ledger.h"
#include "ingest/sink_facts.h"
#include "model/arrival.h"
#include "model/names.h"
#include "model/rhythm.h"
#include "model/source.h"
#include "model/zone.h"
#include "tenancy/registry.h"

namespace pv::api {

inline constexpr std::size_t kMaxConnections = 160;  // answered at once
inline constexpr std::size_t kMaxStreamListeners = 64;
inline constexpr std::size_t kMaxUploads = 64;           // at once; 503 beyond
inline constexpr std::size_t kMaxUploadsOfATenant = 16;  // of them

/// One file of the pages, as the build puts it into the program.
struct StaticFile {
  std::string_view path;          // "/index.html", "/assets/index-3f2a.js"
  std::string_view content_type;  // "text/html; charset=utf-8"
  std::string_view plain;
  std::string_view gzip;  // the same bytes compressed; empty when that does not pay
  std::string_view etag;  // with its quotes: "\"5d41402abc\""
};

/// How clients reach the server.
enum class Transport : std::uint8_t {
  http,   // as it is
  https,  // through a proxy on this machine that speaks HTTPS
};

/// What people need to know of the SFTP server to send files to it.
struct SftpServerFacts {
  std::optional<int> port;  // none: there is none
  std::vector<std::string> fingerprints;  // "SHA256:…" of its host keys
};

struct ServerOptions {
  std::string host = "127.0.0.1";  // address or name to listen on; "0.0.0.0", "::": all
  int port = 0;                    // 0: any free one, see port()
  Transport transport = Transport::http;
  std::string version;             // for /metrics and the pages
  /// Threads that one query may use. Queries that run at once share the extra ones: together they have query_workers - 1
  /// beyond one thread each. Twice as many queries as this, and four at least, run at once; others wait for them.
  unsigned query_workers = 2;
  std::span<const StaticFile> pages;  // may be empty
  /// The zone whose days a campaign is shown in; UTC when not set.
  std::function<model::Zone(const model::TenantName&, const model::CampaignName&)> zone_of;
  /// Distances between rows that a campaign's loggers are set to, for its gaps. Empty: what their rows show.
  std::function<model::ExpectedSteps(const model::TenantName&, const model::CampaignName&)> expected_steps_of;
  /// A line for the log: refused starts of the stream, data that cannot be read, bugs caught at the last moment. May be
  /// empty.
  std::function<void(std::string_view)> log;

  /// A line for the log of what was done: one a file handed in. May be empty.
  std::function<void(std::string_view)> log_upload;

  tenancy::Registry* registry = nullptr;  // must be given

  // Files and their fates; without a ledger or a desk the routes that need it answer 503.
  ingest::Ledger* ledger = nullptr;
  model::ArrivalDesk* desk = nullptr;
  std::uint64_t max_file_bytes = 256U << 20U;  // of one file handed in
  /// Called when there is work for the intake. May be empty.
  std::function<void()> wake_intake;
  /// The entry once it is settled or held, or as it is after that time. Empty: as it is at once.
  std::function<Result<ingest::LedgerEntry>(model::FileId, std::chrono::milliseconds)> wait_settled;
  /// Bytes that count against the quota. Empty: not told.
  std::function<Result<std::uint64_t>(const model::TenantName&)> bytes_used;

  /// Which sinks have files of these digests. Empty: there is one.
  std::function<Result<std::map<std::string, ingest::SinkFacts>>(std::span<const std::string>)> sinks_of;

  /// Keeps what SFTPGo's HTTP hook says; returns what was done with it, for the answer. Errors: invalid_input for what cannot be
  /// understood; others: it could not be kept, SFTPGo shall ask again. Without it or the secret there is no such route.
  std::function<Result<std::string>(std::string_view json)> take_hook;
  Secret hook_secret;

  SftpServerFacts sftp;
  std::function<void(std::string&)> more_metrics;  // appends Prometheus text; may be empty
};

class Server {
 public:
  /// Binds and begins to answer.
  /// Errors: invalid_input for a port outside 0..65535, or without a registry; unavailable when address and port cannot be had.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(model::SourceDirectory& sources, ServerOptions options);

  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] int port() const noexcept;

  /// Ends the stream, breaks exports and uploads off, lets other running answers finish (a client that is slow to take its own has
  /// one more second), joins all threads. Calling it again does nothing.
  void stop();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pv::api
