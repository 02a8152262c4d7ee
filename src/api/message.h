#pragma once
/// A request and its reply as the routes see them: plain values, no word of the HTTP library.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pv::api {

struct Request {
  std::string path;                               // as sent, still percent-encoded, without the query
  std::string target;                             // path and query, as sent
  std::multimap<std::string, std::string> params;  // decoded
  std::string accept;
  std::string if_none_match;
  bool accepts_gzip = false;
};

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
