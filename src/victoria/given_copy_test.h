#pragma once
/// For the room's tests: a truth in memory and what a VictoriaMetrics holds of it.

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#include <httplib.h>

#include "base/http_client.h"
#include "testing/given_samples.h"
#include "testing/memory_source.h"
#include "victoria/labels.h"
#include "victoria/server.h"

namespace pv::victoria {

/// (field, instant) -> every value found there.
using Held = std::map<std::pair<std::string, std::int64_t>, std::vector<double>>;

inline model::TenantName tenant_named(const std::string& name) { return *model::TenantName::parse(name); }
inline model::CampaignName camp() { return *model::CampaignName::parse("camp"); }

inline testing::MemoryLogger steady_logger(const std::string& sn, std::size_t channels, std::int64_t first_s, std::size_t rows,
                                           std::int64_t step_s = 600) {
  auto table = testing::steady_table(sn, channels, first_s, rows, step_s);
  return {sn, step_s, table.channels, table.rows, {}};
}

inline Held held_by(Server& server, const std::string& tenant) {
  Held held;
  Selector selector(tenant_named(tenant));
  selector.channels_and_events();
  if (!server.settle()) return held;
  const auto read = server.export_series(selector.text(), kAllTime, [&held](const ExportedRun& run) -> Result<void> {
    const auto channel = channel_of(run.labels);
    const std::string field = channel ? field_of(*channel) : std::string(kRestartMetric);
    for (std::size_t i = 0; i < run.time_s.size(); ++i) held[{field, run.time_s[i]}].push_back(run.values[i]);
    return {};
  });
  if (!read) held[{read.error().message(), 0}] = {};
  return held;
}

inline Held held_by_truth(const testing::MemorySource& truth) {
  Held held;
  for (const auto& campaign : truth.campaigns) {
    for (const auto& logger : campaign.loggers) {
      for (std::size_t c = 0; c < logger.channels.size(); ++c) {
        for (std::size_t row = 0; row < logger.rows.time_s.size(); ++row) {
          if (logger.rows.columns[c].is_missing(row)) continue;
          held[{field_of(logger.channels[c]), logger.rows.time_s[row]}].push_back(logger.rows.columns[c].value(row));
        }
      }
      for (const std::int64_t restart : logger.restarts_s) held[{std::string(kRestartMetric), restart}].push_back(1);
    }
  }
  return held;
}

/// Stands before a VictoriaMetrics: counts the requests, and can have something happen before one goes on, or take a write and lose it.
class Between {
 public:
  explicit Between(std::string url) : url_(std::move(url)) {
    const auto pass = [this](const httplib::Request& request, httplib::Response& response) {
      const std::string path = request.target.substr(0, request.target.find('?'));
      std::function<void()> happens;
      std::uint64_t number = 0;
      {
        const std::lock_guard lock(mutex_);
        number = ++counts_[path];
        if (const auto found = happens_.find({path, number}); found != happens_.end()) happens = found->second;
      }
      if (happens) happens();
      if (path == "/write" && losing_ > 0) {
        --losing_;
        response.status = 204;
        return;
      }
      auto client = HttpClient::open({.base_url = url_});
      // The body has been unpacked on its way in.
      const auto answer = (*client)->send({.method = request.method, .target = request.target, .headers = {}, .body = request.body,
                                           .content_type = request.get_header_value("Content-Type")});
      response.status = answer ? answer->status : 502;
      if (answer) response.set_content(answer->body, std::string(answer->header("content-type")));
    };
    server_.Get(".*", pass).Post(".*", pass);
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
  }
  ~Between() { server_.stop(); }
  Between(const Between&) = delete;
  Between& operator=(const Between&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// The next writes are answered and not handed on.
  void lose_writes(int count) { losing_ = count; }
  /// Before the n-th request of this path from now on is handed on.
  void before(const std::string& path, std::uint64_t nth, std::function<void()> happens) {
    const std::lock_guard lock(mutex_);
    happens_[{path, counts_[path] + nth}] = std::move(happens);
  }
  [[nodiscard]] std::map<std::string, std::uint64_t> counts() {
    const std::lock_guard lock(mutex_);
    return counts_;
  }
  [[nodiscard]] std::uint64_t requests() {
    std::uint64_t all = 0;
    for (const auto& [path, count] : counts()) all += count;
    return all;
  }

 private:
  std::string url_;
  httplib::Server server_;
  std::mutex mutex_;
  std::map<std::string, std::uint64_t> counts_;
  std::map<std::pair<std::string, std::uint64_t>, std::function<void()>> happens_;
  std::atomic<int> losing_{0};
  int port_ = 0;
  std::jthread thread_;
};

}  // namespace pv::victoria
