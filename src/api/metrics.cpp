#include "api/metrics.h"

#include <iterator>

#include <fmt/format.h>

namespace pv::api {

void RequestMetrics::count(std::string_view route, int status, double seconds) {
  const std::lock_guard lock(mutex_);
  ++requests_[{std::string(route), status}];
  Durations& durations = durations_[std::string(route)];
  std::size_t bucket = 0;
  while (bucket < kBounds.size() && seconds > kBounds[bucket]) ++bucket;
  ++durations.buckets[bucket];
  durations.sum += seconds;
  ++durations.count;
}

void RequestMetrics::write(std::string& out) const {
  const std::lock_guard lock(mutex_);
  auto to = std::back_inserter(out);
  fmt::format_to(to, "# HELP powerview_http_requests_total Requests answered.\n# TYPE powerview_http_requests_total counter\n");
  for (const auto& [key, count] : requests_) {
    fmt::format_to(to, "powerview_http_requests_total{{route=\"{}\",status=\"{}\"}} {}\n", key.first, key.second, count);
  }
  fmt::format_to(to, "# HELP powerview_http_request_seconds Time from the request's head to the end of its answer's making; "
                     "streamed bodies count until their first byte.\n# TYPE powerview_http_request_seconds histogram\n");
  for (const auto& [route, durations] : durations_) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < kBounds.size(); ++i) {
      below += durations.buckets[i];
      fmt::format_to(to, "powerview_http_request_seconds_bucket{{route=\"{}\",le=\"{}\"}} {}\n", route, kBounds[i], below);
    }
    fmt::format_to(to, "powerview_http_request_seconds_bucket{{route=\"{}\",le=\"+Inf\"}} {}\n", route, durations.count);
    fmt::format_to(to, "powerview_http_request_seconds_sum{{route=\"{}\"}} {}\n", route, durations.sum);
    fmt::format_to(to, "powerview_http_request_seconds_count{{route=\"{}\"}} {}\n", route, durations.count);
  }
}

void write_gauge(std::string_view name, std::string_view help, std::uint64_t value, std::string& out) {
  fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} gauge\n{0} {2}\n", name, help, value);
}

}  // namespace pv::api
