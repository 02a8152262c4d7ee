#include "api/change_feed.h"

#include <utility>

namespace pv::api {

ChangeFeed::ChangeFeed(model::SourceDirectory& sources, Options options) : sources_(sources), options_(options) {}

ChangeFeed::~ChangeFeed() { close(); }

ChangeFeed::Listener::~Listener() {
  const std::lock_guard lock(feed_.mutex_);
  feed_.listeners_.erase(this);
}

ChangeFeed::Changes ChangeFeed::Listener::wait(std::chrono::milliseconds most) {
  std::unique_lock lock(feed_.mutex_);
  feed_.changed_.wait_for(lock, most, [this] { return feed_.closed_ || !pending_.empty(); });
  return std::exchange(pending_, {});
}

bool ChangeFeed::Listener::closed() const {
  const std::lock_guard lock(feed_.mutex_);
  return feed_.closed_;
}

Result<std::shared_ptr<ChangeFeed::Listener>> ChangeFeed::listen() {
  Changes now = read_generations();
  const std::lock_guard lock(mutex_);
  if (closed_) return fail(Errc::unavailable, "the server is stopping");
  if (listeners_.size() >= options_.most_listeners) {
    return fail(Errc::unavailable, "too many pages listen for changes at once; close some, or ask again later");
  }
  auto listener = std::make_shared<Listener>(*this);
  if (listeners_.empty()) known_ = std::move(now);
  listeners_.insert(listener.get());
  if (!watcher_.joinable()) watcher_ = std::jthread([this] { watch(); });
  changed_.notify_all();
  return listener;
}

std::size_t ChangeFeed::listeners() const {
  const std::lock_guard lock(mutex_);
  return listeners_.size();
}

void ChangeFeed::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  if (watcher_.joinable()) watcher_.join();
}

/// A tenant that cannot be read is left out: it comes back as a change when it can.
ChangeFeed::Changes ChangeFeed::read_generations() {
  Changes generations;
  const auto tenants = sources_.tenants();
  if (!tenants) return generations;
  for (const model::TenantName& tenant : *tenants) {
    const auto source = sources_.open(tenant);
    if (!source) continue;
    if (const auto generation = (*source)->generation()) generations.emplace(tenant.str(), *generation);
  }
  return generations;
}

void ChangeFeed::watch() {
  std::unique_lock lock(mutex_);
  while (!closed_) {
    changed_.wait(lock, [this] { return closed_ || !listeners_.empty(); });
    changed_.wait_for(lock, options_.interval, [this] { return closed_; });
    if (closed_ || listeners_.empty()) continue;
    lock.unlock();
    const Changes now = read_generations();
    lock.lock();
    bool any = false;
    for (const auto& [tenant, generation] : now) {
      const auto [known, added] = known_.emplace(tenant, generation);
      if (!added && known->second == generation) continue;
      known->second = generation;
      for (Listener* listener : listeners_) listener->pending_[tenant] = generation;
      any = true;
    }
    if (any) changed_.notify_all();
  }
}

}  // namespace pv::api
