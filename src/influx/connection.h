#pragma once
/// A connection to one InfluxDB 2 (OSS, Cloud or Clustered) in one organization with one token.
///
///   Errors of every call in this room: unavailable: away, busy (429, 503) or out of order (5xx); not_before_s() tells what it asked for.
///   denied: the token is missing, revoked, inactive or lacks a right. not_found: the thing asked for. invalid_input: a setting is wrong (address,
///   organization) or the request makes no sense to the server. corrupt: an answer that does not read. Messages name the address, what was asked
///   for and the setting to change, and quote at most 300 bytes of the server's words. A token is never in a message.
///   Threads: one caller at a time.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/http_client.h"
#include "base/result.h"
#include "base/secret.h"

namespace pv::influx {

struct Access {
  std::string url;           // setting influxdb.url
  std::string organization;  // its name; setting influxdb.org
  Secret token;
  std::string token_setting = "influxdb.admin_token";  // for messages
  std::chrono::milliseconds connect_time{5'000};
  std::chrono::milliseconds answer_time{60'000};
  std::function<bool()> is_stopped = {};  // asked again and again while an answer is waited for: true ends that with unavailable
  std::function<std::int64_t()> now_s = {};  // Unix seconds; the system's clock when empty
};

class Connection {
 public:
  /// Sends nothing yet. Errors: invalid_input.
  static Result<std::unique_ptr<Connection>> open(Access access);

  [[nodiscard]] const Access& access() const noexcept { return access_; }
  /// Any status is a value; `what` ("writing to bucket a") is for messages.
  Result<HttpResponse> send(HttpRequest request, std::string_view what);
  /// A 2xx body is handed on in pieces.
  Result<HttpResponse> send(HttpRequest request, std::string_view what, const std::function<Result<void>(std::string_view)>& consume);
  /// The error that an answer other than the wanted one stands for. Remembers what Retry-After asks for.
  [[nodiscard]] Error error_of(const HttpResponse& answer, std::string_view what);
  /// An answer of the API: JSON as its type. A wrong address gives pages with status 200.
  [[nodiscard]] Result<void> expect_json(const HttpResponse& answer, int status, std::string_view what);
  /// Unix seconds before which the server asked to be left alone; 0 when it did not.
  [[nodiscard]] std::int64_t not_before_s() const noexcept { return not_before_s_; }

  /// Its organization's id, asked for once. Errors: invalid_input when there is none of this name.
  Result<std::string> organization_id();
  /// Version that /ping tells ("v2.7.1"; "" when it hides it). Errors: invalid_input when what answers is no InfluxDB 2.
  Result<std::string> version();

 private:
  Connection(Access access, std::unique_ptr<HttpClient> client) : access_(std::move(access)), client_(std::move(client)) {}
  [[nodiscard]] std::int64_t now_s() const;

  Access access_;
  std::unique_ptr<HttpClient> client_;
  std::string organization_id_;
  std::int64_t not_before_s_ = 0;
};

/// "code" and "message" of an error's body; the body itself when it is none.
struct ServerError {
  std::string code, message;
};
[[nodiscard]] ServerError server_error(const HttpResponse& answer);
/// "0123456789abcdef": what InfluxDB takes for an id, whatever it was meant as.
[[nodiscard]] bool looks_like_id(std::string_view text) noexcept;

}  // namespace pv::influx
