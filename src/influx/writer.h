#pragma once
/// Sends lines of line protocol to buckets and judges the answers.
///
///   204                      all taken
///   400                      nothing taken: the lines that the server names are left out and the rest is sent again; where it names none, halves
///                            are sent until single lines are found. A server that refuses a body without lines too refuses everything: an error
///   422                      the good ones are taken: the field that the server names and the others, or the earlier and the later ones, are sent
///                            until it is known which were not
///   413                      halves are sent, and no batch is as large any more
///   401, 403                 denied
///   404                      the bucket is made, once, and the batch sent again
///   408, 429, 5xx, no answer unavailable; see Connection::not_before_s()
///   anything else, 200 too   invalid_input: this is not the API; influxdb.url
/// Sending the same lines again changes nothing there, so that every error may be answered by sending them again.
///   Errors: besides these, invalid_input when a batch takes more than `most_requests` and few of its lines are taken: something about all lines is
///   wrong. Memory: one batch and its compressed form. Threads: one caller at a time.

#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "influx/connection.h"
#include "influx/line_protocol.h"
#include "model/mirror.h"

namespace pv::influx {

struct WriterOptions {
  BatchBounds batch;
  std::size_t most_requests = 400;  // for one batch, and eight more for each line of it that is taken
  std::function<bool()> is_stopped = {};  // asked before each request: true ends the call with unavailable
};

class Writer {
 public:
  /// Borrows the connection.
  explicit Writer(Connection& connection, WriterOptions options = {});
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// What a batch may hold now: less than the options say once the server found one too large.
  [[nodiscard]] BatchBounds bounds() const noexcept { return bounds_; }
  /// Sends whole lines, in batches, and adds to `outcome` as they are taken or refused.
  Result<void> write(std::string_view bucket, std::string_view lines, model::MirrorOutcome& outcome);
  /// Makes the bucket when it is missing; asks the server once for each bucket.
  Result<void> ensure(std::string_view bucket);

 private:
  struct Compressor;
  struct Batch;  // one batch on its way, with the requests it has cost

  Result<void> settle(Batch& batch);
  Result<void> settle_unparsable(Batch& batch, const std::vector<std::string_view>& lines, const HttpResponse& answer);
  Result<HttpResponse> post(Batch& batch, std::string body);

  Connection& connection_;
  WriterOptions options_;
  BatchBounds bounds_;
  std::set<std::string, std::less<>> known_;
  std::unique_ptr<Compressor> compressor_;
};

}  // namespace pv::influx
