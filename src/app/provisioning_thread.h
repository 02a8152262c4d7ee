#pragma once
/// Brings Grafana what companies need as they get their first campaigns, and after every start: a thread that applies (grafana/provisioner.h), one
/// company after the other, and tries again what did not work.
///   It is never in the way of an upload: announcing a campaign puts a name on a list.
///   Tried again after 5 s, doubled up to ten minutes, with the next company in between; what is denied or set wrongly is said once in the log.
///   Threads: safe. Callbacks come from its thread.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.h"
#include "model/names.h"

namespace pv::app {

struct ProvisioningOptions {
  /// Brings one company about; says what was done, "" for nothing.
  std::function<Result<std::string>(const model::TenantName&)> apply;
  std::function<void(std::string_view)> log = {};
  std::chrono::milliseconds first_wait{5'000};
  std::chrono::milliseconds longest_wait{600'000};
};

class ProvisioningThread {
 public:
  static std::unique_ptr<ProvisioningThread> start(ProvisioningOptions options);
  ~ProvisioningThread();  // lets the company at hand end

  /// A company has something new, or may have.
  void announce(const model::TenantName& company);
  /// Waits until nothing is due. True when everything announced is done.
  bool wait_done(std::chrono::milliseconds most);

 private:
  using Clock = std::chrono::steady_clock;
  struct Due {
    Clock::time_point at;
    std::chrono::milliseconds wait{0};  // of the last try that failed
    std::uint64_t calls = 1;            // announce() of it so far
  };
  explicit ProvisioningThread(ProvisioningOptions options) : options_(std::move(options)) {}
  void work(const std::stop_token& stop);

  ProvisioningOptions options_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::map<model::TenantName, Due> due_;
  std::map<model::TenantName, std::string> trouble_;  // as it was said last
  std::jthread thread_;  // last: uses all of the above
};

}  // namespace pv::app
