#pragma once
/// A strict InfluxDB 2 in memory: organizations, buckets, tokens, tasks, write, delete, query, with the statuses of the real one (v2.9).
/// stop() and start() on the same port keep what it holds, as a restart does.
///   Threads: safe.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/influxdb/points.h"

namespace pv::testing::influxdb {

enum class Tokens { hashed, plain };  // whether lists show them: 2.9 hides them, older ones do not

struct ServerOptions {
  std::string organization = "powerview";
  std::string operator_token = "operator-token";
  Tokens tokens = Tokens::hashed;
  std::size_t most_body_bytes = 64U << 20;  // larger ones, uncompressed, are answered with 413
  std::size_t most_named_lines = SIZE_MAX; // of those that do not parse, in a 400; 0: it tells none
};

/// What goes wrong with a request.
struct Fault {
  enum class Kind {
    status,        // answered with `status` (and Retry-After), not done
    cut_before,    // the connection ends, nothing is done
    cut_after,     // it is done, then the connection ends without an answer
    broken_chunk,  // a chunked answer of status 200 that ends in the middle; not done
    slow,          // `slow_ms` late, done
    page,          // a page with status 200, as a wrong address gives
  };
  Kind kind = Kind::status;
  int status = 500;
  std::string retry_after = {};  // header; "" for none
  int slow_ms = 0;
  std::string path = {};  // only for requests whose path begins so; "" for all
};

struct Request {
  std::string method, target;  // with its query
  int status = 0;              // 0 when there was no whole answer
  std::string token;           // as sent
  std::string content_encoding = {};
};

class Server {
 public:
  explicit Server(ServerOptions options = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Serves on 127.0.0.1; port 0 picks one, which later starts keep. Throws when it cannot.
  void start(int port = 0);
  void stop();
  [[nodiscard]] std::string url() const;
  [[nodiscard]] const ServerOptions& options() const noexcept;

  /// The next `count` requests that the fault speaks of go wrong. Faults apply in the order they were given.
  void fail_next(int count, const Fault& fault);
  void clear_faults();

  [[nodiscard]] std::vector<Request> requests() const;
  void forget_requests();

  /// All that a bucket holds, by measurement, field, tags, time. Empty when there is no such bucket.
  [[nodiscard]] std::vector<Stored> points(std::string_view bucket) const;
  [[nodiscard]] std::size_t count(std::string_view bucket) const;
  [[nodiscard]] std::vector<std::string> buckets() const;
  /// Writes as a client would, for preparing a test. Throws when a line is refused.
  void given(std::string_view bucket, std::string_view lines);
  /// Points before this instant are refused from now on, as after a change of the bucket's retention.
  void keep_only_from(std::string_view bucket, std::int64_t time_s);
  /// A token as somebody would make it in the user interface; returns it.
  std::string given_token(std::string_view description, std::string_view permissions_json);
  void given_task(std::string_view name);
  [[nodiscard]] std::vector<std::string> tasks() const;  // their names
  /// As somebody would in the user interface.
  void drop_bucket(std::string_view bucket);
  void remove(std::string_view bucket, std::int64_t from_s, std::int64_t to_s);  // all points, both ends included

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace pv::testing::influxdb
