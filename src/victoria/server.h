#pragma once
/// Requests to one VictoriaMetrics: lines in, series out, series deleted.
///
///   Errors: unavailable: away, too busy (not_before_s() then says until when), an answer that makes no sense; denied: 401 and 403;
///   invalid_input: an address that is none of a VictoriaMetrics, a request it will never take. Messages name the address.
///   Threads: one caller at a time.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/names.h"
#include "model/source.h"
#include "victoria/export_reader.h"
#include "victoria/options.h"

namespace pv {
class HttpClient;
struct HttpRequest;
struct HttpResponse;
}  // namespace pv

namespace pv::victoria {

/// All instants that a VictoriaMetrics can hold: it takes none before 1970.
inline constexpr model::Period kAllTime{0, 4'102'444'800};

class Server {
 public:
  enum class Precision : std::uint8_t { seconds, milliseconds };

  static Result<std::unique_ptr<Server>> open(const Options& options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Lines of the InfluxDB protocol, whole, sent compressed. What was taken shows after settle(). Lines that VictoriaMetrics does not understand,
  /// and samples outside its retention, it drops without a word: read back.
  Result<void> write(const model::TenantName& tenant, std::string_view lines, Precision precision);
  /// Returns when everything written before shows in what is read: at once on one node, after three seconds on a cluster, which
  /// has no such request.
  /// Costs nothing when nothing can be on its way. A fresh Server waits the first time: its predecessor may have written.
  Result<void> settle();
  /// Another program may have written since.
  void expect_writes_of_others() { may_be_on_its_way_ = true; }
  /// Returns when everything written before outlives a crash of VictoriaMetrics, which keeps samples in memory for up to five seconds after it took
  /// them: at once on one node (by a snapshot that is removed again), after six seconds where snapshots are not to be had. Includes settle().
  Result<void> persist();
  /// Samples of the selected series in a period, in pieces of at most 10,000.
  Result<void> export_series(const std::string& selector, model::Period period, const ExportReader::Consume& consume);
  /// Deletes whole series, at once; there is no way to delete part of one.
  Result<void> delete_series(const std::string& selector);
  /// The JSON that a read path answers ("/api/v1/series"); `form` is its percent-encoded query.
  Result<std::string> ask(std::string_view path, const std::string& form);

  [[nodiscard]] std::int64_t not_before_s() const noexcept { return not_before_s_; }
  [[nodiscard]] std::uint64_t requests() const noexcept { return requests_; }

 private:
  struct Paths {
    std::string read;    // "/select/42/prometheus"; "" on one node
    std::string erase;   // "/delete/42/prometheus"
    bool is_cluster = false;
  };
  Server(std::unique_ptr<HttpClient> writer, std::unique_ptr<HttpClient> reader, Paths paths);
  Result<void> check(const HttpResponse& response, const std::string& address, std::string_view what);

  std::unique_ptr<HttpClient> writer_;
  std::unique_ptr<HttpClient> reader_;
  Paths paths_;
  bool may_be_on_its_way_ = true;
  bool may_be_in_memory_ = true;
  std::int64_t not_before_s_ = 0;
  std::uint64_t requests_ = 0;
};

/// `match[]=<selector>`, percent-encoded.
[[nodiscard]] std::string match_form(const std::string& selector);

}  // namespace pv::victoria
