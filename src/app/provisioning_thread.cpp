#include "app/provisioning_thread.h"

#include <algorithm>

#include <fmt/format.h>

namespace pv::app {

std::unique_ptr<ProvisioningThread> ProvisioningThread::start(ProvisioningOptions options) {
  std::unique_ptr<ProvisioningThread> made(new ProvisioningThread(std::move(options)));
  ProvisioningThread* const self = made.get();
  if (self->options_.companies) self->listing_ = Due{.at = Clock::now()};
  made->thread_ = std::jthread([self](const std::stop_token& stop) { self->work(stop); });
  return made;
}

ProvisioningThread::~ProvisioningThread() { request_stop(); }

void ProvisioningThread::request_stop() {
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
  return changed_.wait_for(lock, most, [this] { return due_.empty() && !listing_; });
}

void ProvisioningThread::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto next = std::min_element(due_.begin(), due_.end(), [](const auto& a, const auto& b) { return a.second.at < b.second.at; });
    const bool lists = listing_ && (next == due_.end() || listing_->at <= next->second.at);
    if (!lists && next == due_.end()) {
      changed_.wait(lock, stop, [this] { return !due_.empty(); });
      continue;
    }
    const Clock::time_point at = std::max(lists ? listing_->at : next->second.at, paused_until_);
    if (at > Clock::now()) {
      const std::size_t known = due_.size();
      changed_.wait_until(lock, stop, at, [this, known] { return due_.size() != known; });
    } else if (lists) {
      list(lock);
    } else {
      bring_about(lock, model::TenantName(next->first), stop);
    }
  }
}

void ProvisioningThread::list(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  const auto companies = options_.companies();
  lock.lock();
  if (!companies) return put_off(*listing_, "", companies.error());
  for (const model::TenantName& company : *companies) due_.try_emplace(company, Due{.at = Clock::now()});
  listing_.reset();
  changed_.notify_all();
}

void ProvisioningThread::bring_about(std::unique_lock<std::mutex>& lock, const model::TenantName& company, const std::stop_token& stop) {
  const std::uint64_t calls = due_.at(company).calls;
  lock.unlock();
  const auto done = options_.apply(company, stop);
  lock.lock();
  const auto at = due_.find(company);
  if (!done) {
    if (!stop.stop_requested()) put_off(at->second, company.str(), done.error());
    return;
  }
  if (!done->empty()) say(company.str(), fmt::format("grafana tenant={} {}", company.str(), *done));
  // What was announced meanwhile may not have been seen.
  if (at->second.calls == calls) due_.erase(at);
  changed_.notify_all();
}

void ProvisioningThread::put_off(Due& due, const std::string& tenant, const Error& why) {
  due.wait = std::min(options_.longest_wait, std::max(options_.first_wait, due.wait * 2));
  due.at = Clock::now() + due.wait;
  std::string line = fmt::format("grafana.setback{} why={}", tenant.empty() ? "" : " tenant=" + tenant, why.message());
  if (why.kind() == Errc::denied) {
    paused_until_ = Clock::now() + options_.wait_when_denied;
    due.at = std::max(due.at, paused_until_);
    line += fmt::format("; Grafana is left alone for {} s: after a change of the settings start anew", std::chrono::duration_cast<std::chrono::seconds>(options_.wait_when_denied).count());
  }
  say(tenant, line);
}

void ProvisioningThread::say(const std::string& tenant, const std::string& line) {
  std::string& last = said_[tenant];
  if (options_.log && last != line) options_.log(line);
  last = line;
}

}  // namespace pv::app
