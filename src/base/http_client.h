#pragma once
/// An HTTP/1.1 client for one server, kept alive between requests.
///
/// Follows no redirect (a 301 would turn a POST into a GET): 3xx comes back as an answer. Bounds time and the bytes of an answer. TLS certificates
/// are checked against the system's.
///   Errors: unavailable: no connection, cut, too slow (the server may have done it all the same: ask before it is sent again).
///   invalid_input: the address, or an answer larger than allowed. Messages name the address and the path, never a header.
///   Threads: one request at a time; a client belongs to one thread at a time.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace pv {

struct HttpRequest {
  std::string method = "GET";  // GET, POST, PUT, PATCH, DELETE
  std::string target;          // below the base address, percent-encoded, with its query: "/api/v2/write?org=a%20b"
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::string content_type = {};  // "" when there is no body
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; the last of several wins
  std::string body;                            // gunzipped where the server compressed it

  /// "" when there is none.
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;
  /// Seconds that Retry-After asks for, given as a number or as an HTTP date; 0 when it does not, a day at most.
  [[nodiscard]] std::int64_t retry_after_s(std::int64_t now_s) const;
};

/// Who asks, sent with each request that says nothing of it (header Authorization): a bearer token, or a user with a password. Empty: nobody.
struct HttpCredential {
  std::string user;
  Secret password;
  Secret token;
};

struct HttpClientOptions {
  std::string base_url;  // "https://influx.example.org:8086/sub/path", no query
  HttpCredential credential = {};
  std::chrono::milliseconds connect_time{5'000};
  std::chrono::milliseconds answer_time{60'000};  // between two bytes of an answer, and for a request to be taken
  std::size_t most_answer_bytes = 64U << 20;
  /// Asked ten times a second while a request waits, from another thread: once it is true, no request begins, and one that waits has two seconds more.
  std::function<bool()> is_stopped = {};
};

class HttpClient {
 public:
  static Result<std::unique_ptr<HttpClient>> open(HttpClientOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Any status is a value.
  Result<HttpResponse> send(const HttpRequest& request);
  /// Hands a 2xx body on in pieces instead of keeping it; a body of another status is kept (up to 64 KiB) in the answer. The piece is borrowed. A
  /// consumer that returns an error ends the request with that error.
  Result<HttpResponse> send(const HttpRequest& request, const std::function<Result<void>(std::string_view)>& consume);
  [[nodiscard]] const std::string& base_url() const noexcept;

 private:
  struct Parts;
  explicit HttpClient(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// Everything but letters, digits and "-._~" becomes %XX: for one path segment or one query value.
[[nodiscard]] std::string percent_encoded(std::string_view text);

}  // namespace pv
