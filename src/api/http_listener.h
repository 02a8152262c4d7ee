#pragma once
/// Takes connections and turns their bytes into requests, replies into bytes: the only place that knows the HTTP library.
/// Threads: start() and stop() from one thread; the functions given are called on the listener's own, at the same time.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/message.h"
#include "base/result.h"

namespace pv::api {

class HttpListener {
 public:
  struct Options {
    std::string host;
    int port = 0;  // 0: any free one
    std::vector<std::pair<std::string, std::string>> headers;  // of every reply
  };
  /// Must not throw. HEAD comes as GET; the listener leaves the body out.
  using Answer = std::function<Reply(const Request&)>;
  /// Told of requests that were refused before they could be read.
  using Refused = std::function<void(int status)>;

  /// Errors: unavailable when address and port cannot be had.
  [[nodiscard]] static Result<std::unique_ptr<HttpListener>> start(Options options, Answer answer, Refused refused);
  ~HttpListener();  // stops
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  [[nodiscard]] int port() const noexcept;
  /// Lets running answers finish and joins all threads. Calling it again does nothing.
  void stop();

 private:
  struct State;
  explicit HttpListener(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pv::api
