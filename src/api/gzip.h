#pragma once
/// gzip for replies. The HTTP library would compress too, but by brotli at its slowest setting where a browser offers
/// that, and it holds back a stream until its buffer is full; so it is never asked to.

#include <memory>
#include <string>
#include <string_view>

namespace pv::api {

/// Compresses a body in one go.
[[nodiscard]] std::string gzip(std::string_view body);

/// Compresses a body that comes in pieces. Threads: confined to one thread.
class GzipStream {
 public:
  GzipStream();
  ~GzipStream();
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  /// Appends what is ready to `out`, which may be nothing.
  void add(std::string_view piece, std::string& out);
  /// Appends the rest. To be called once, last.
  void finish(std::string& out);

 private:
  struct State;
  void run(std::string_view piece, int flush, std::string& out);
  std::unique_ptr<State> state_;
};

/// Whether an Accept-Encoding header allows gzip ("gzip;q=0" does not).
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);

}  // namespace pv::api
