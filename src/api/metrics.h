#pragma once
/// What /metrics tells about the requests: how many by route and status, and how long they took.
/// Threads: safe.

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace pv::api {

class RequestMetrics {
 public:
  /// `route` is a pattern of the table or "pages": never a path, which would make series without end.
  void count(std::string_view route, int status, double seconds);

  /// Appends Prometheus text.
  void write(std::string& out) const;

 private:
  static constexpr std::array<double, 8> kBounds = {0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 2, 10};
  struct Durations {
    std::array<std::uint64_t, kBounds.size() + 1> buckets{};
    double sum = 0;
    std::uint64_t count = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t, std::less<>> requests_;
  std::map<std::string, Durations, std::less<>> durations_;
};

/// Appends "# HELP", "# TYPE" and one sample without labels.
void write_gauge(std::string_view name, std::string_view help, std::uint64_t value, std::string& out);

}  // namespace pv::api
