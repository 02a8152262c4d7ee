#pragma once
/// Brings Grafana what companies need as they get their first campaigns, and after every start: a thread that applies (grafana/provisioner.h), one
/// company after the other, and tries again what did not work.
///   It is never in the way of a start or an upload: the thread itself asks which companies there are, and announcing a campaign puts a name on a list.
///   Tried again after 5 s, doubled up to ten minutes, with the next company in between. Once something is denied, nothing is tried for anybody for ten
///   minutes: five wrong passwords within five minutes lock a Grafana account. The same trouble is said once in the log.
///   Threads: safe. Callbacks come from its thread.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "model/names.h"

namespace pv::app {

struct ProvisioningOptions {
  /// Brings one company about; says what was done and what a person should know, "" for nothing. Ends early, with an error, once it is asked to stop.
  std::function<Result<std::string>(const model::TenantName&, const std::stop_token&)> apply;
  /// Whom to look at after the start: what was left half-made before the last stop. Asked until it is told.
  std::function<Result<std::vector<model::TenantName>>()> companies = {};
  std::function<void(std::string_view)> log = {};
  std::chrono::milliseconds first_wait{5'000};
  std::chrono::milliseconds longest_wait{600'000};
  std::chrono::milliseconds wait_when_denied{600'000};
};

class ProvisioningThread {
 public:
  static std::unique_ptr<ProvisioningThread> start(ProvisioningOptions options);
  ~ProvisioningThread();  // lets the request at hand end

  /// A company has something new, or may have.
  void announce(const model::TenantName& company);
  /// Begins nothing more; what is under way ends with its next request. The destructor waits for that.
  void request_stop();
  /// Waits until nothing is due. True when everything announced is done.
  bool wait_done(std::chrono::milliseconds most);

 private:
  using Clock = std::chrono::steady_clock;
  struct Due {
    Clock::time_point at;
    std::chrono::milliseconds wait{0};  // of the last try that failed
    std::uint64_t calls = 1;            // announce() of it so far
  };
  using Companies = std::map<model::TenantName, Due>;
  explicit ProvisioningThread(ProvisioningOptions options) : options_(std::move(options)) {}
  void work(const std::stop_token& stop);
  /// Both let go of the lock while they ask.
  void list(std::unique_lock<std::mutex>& lock);
  void bring_about(std::unique_lock<std::mutex>& lock, const model::TenantName& company, const std::stop_token& stop);
  void put_off(Due& due, const std::string& tenant, const Error& why);
  void say(const std::string& tenant, const std::string& line);

  ProvisioningOptions options_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  Companies due_;
  std::optional<Due> listing_;        // while the companies have not been told
  Clock::time_point paused_until_{};
  std::map<std::string, std::string> said_;  // of a company ("": of the list), last
  std::jthread thread_;               // last: uses all of the above
};

}  // namespace pv::app
