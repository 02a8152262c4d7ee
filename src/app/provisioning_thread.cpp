#include "app/provisioning_thread.h"

#include <algorithm>

#include <fmt/format.h>

namespace pv::app {

std::unique_ptr<ProvisioningThread> ProvisioningThread::start(ProvisioningOptions options) {
  std::unique_ptr<ProvisioningThread> made(new ProvisioningThread(std::move(options)));
  ProvisioningThread* const self = made.get();
  made->thread_ = std::jthread([self](const std::stop_token& stop) { self->work(stop); });
  return made;
}

ProvisioningThread::~ProvisioningThread() {
  thread_.request_stop();
  changed_.notify_all();
}

void ProvisioningThread::announce(const model::TenantName& company) {
  const std::lock_guard lock(mutex_);
  const auto [known, is_new] = due_.try_emplace(company, Due{.at = Clock::now()});
  // One that is being tried again keeps its pause: a new file does not make Grafana come back sooner.
  if (!is_new) ++known->second.calls;
  changed_.notify_all();
}

bool ProvisioningThread::wait_done(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, most, [this] { return due_.empty(); });
}

void ProvisioningThread::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto next = std::min_element(due_.begin(), due_.end(), [](const auto& a, const auto& b) { return a.second.at < b.second.at; });
    if (next == due_.end()) {
      changed_.wait(lock, stop, [this] { return !due_.empty(); });
      continue;
    }
    if (next->second.at > Clock::now()) {
      const std::size_t known = due_.size();
      changed_.wait_until(lock, stop, next->second.at, [this, known] { return due_.size() != known; });
      continue;
    }
    const model::TenantName company = next->first;
    const std::uint64_t calls = next->second.calls;
    lock.unlock();
    const auto done = options_.apply(company);
    lock.lock();
    const auto at = due_.find(company);
    if (done) {
      if (options_.log && !done->empty()) options_.log(fmt::format("grafana tenant={} {}", company.str(), *done));
      trouble_.erase(company);
      // What was announced meanwhile may not have been seen.
      if (at->second.calls == calls) due_.erase(at);
      changed_.notify_all();
      continue;
    }
    at->second.wait = std::min(options_.longest_wait, std::max(options_.first_wait, at->second.wait * 2));
    at->second.at = Clock::now() + at->second.wait;
    std::string& said = trouble_[company];
    if (options_.log && said != done.error().message()) options_.log(fmt::format("grafana.setback tenant={} why={}", company.str(), done.error().message()));
    said = done.error().message();
  }
}

}  // namespace pv::app
