#pragma once
/// A request and its reply as the routes see them: plain values, no word of the HTTP library.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace pv::api {

enum class Method : std::uint8_t { get, post, put, patch, remove, other };  // HEAD is answered as GET is

/// What follows a request's head. Nothing of it is read, nor asked for ("Expect: 100-continue"), before a route wants it.
class RequestBody {
 public:
  enum class Trouble : std::uint8_t {
    late,       // nothing came for as long as the patience lasted
    gone,       // the client left before the end, or the server stops
    malformed,  // broken framing
  };
  virtual ~RequestBody() = default;
  /// Bytes read, 0 at the end. Waits no longer than `patience`.
  virtual tl::expected<std::size_t, Trouble> read(std::span<char> into, std::chrono::milliseconds patience) = 0;
  /// Nothing when the client does not say it beforehand (chunked).
  [[nodiscard]] virtual std::optional<std::uint64_t> length() const = 0;
};

struct Request {
  Method method = Method::get;
  std::string path;                                // as sent, still percent-encoded, without the query
  std::string target;                              // path and query, as sent
  std::multimap<std::string, std::string> params;   // decoded
  std::multimap<std::string, std::string> headers;  // names in small letters
  std::string accept;
  std::string if_none_match;
  bool accepts_gzip = false;
  std::string peer;             // the other end of the connection: an IP address, not always the client's (client_address())
  RequestBody* body = nullptr;  // lives as long as the request is answered
};

/// "" when it was not sent; the first of several.
[[nodiscard]] inline std::string_view header(const Request& request, const std::string& small_letters) {
  const auto found = request.headers.find(small_letters);
  return found == request.headers.end() ? std::string_view() : std::string_view(found->second);
}

/// Hands a piece to the client; false when the client is gone.
using Writer = std::function<bool(std::string_view)>;
/// Whether it is worth going on: the client is there and the server does not stop.
using Alive = std::function<bool()>;

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  /// Bytes that live as long as the server, sent instead of `body`.
  std::string_view fixed_body;
  /// Sends the body piece by piece instead; returning false breaks the connection off, so that the client can tell.
  std::function<bool(const Writer&, const Alive&)> stream;
  /// Small bodies and those that are compressed already stay as they are.
  bool compressible = true;
};

}  // namespace pv::api
