#include "api/change_feed.h"

#include <utility>

#include "base/clock.h"

namespace pv::api {
namespace {

}  // namespace

ChangeFeed::ChangeFeed(model::SourceDirectory& sources, ingest::Ledger* ledger, Options options)
    : sources_(sources), options_(options), arrivals_(ledger) {}

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

Result<std::shared_ptr<ChangeFeed::Listener>> ChangeFeed::listen(std::optional<std::string> tenant) {
  Generations now = read_generations();
  if (listeners() == 0) {
    const std::lock_guard lock(arrivals_mutex_);
    arrivals_.begin(unix_now_s());
  }
  const std::lock_guard lock(mutex_);
  if (closed_) return fail(Errc::unavailable, "the server is stopping");
  if (listeners_.size() >= options_.most_listeners) {
    return fail(Errc::unavailable, "too many pages listen for changes at once; close some, or ask again later");
  }
  auto listener = std::make_shared<Listener>(*this, std::move(tenant));
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

bool ChangeFeed::is_closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
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
ChangeFeed::Generations ChangeFeed::read_generations() {
  Generations generations;
  const auto tenants = sources_.tenants();
  if (!tenants) return generations;
  for (const model::TenantName& tenant : *tenants) {
    if (is_closed()) break;  // each may take as long as its server is silent
    const auto source = sources_.open(tenant);
    if (!source) continue;
    if (const auto generation = (*source)->generation()) generations.emplace(tenant.str(), *generation);
  }
  return generations;
}

/// Under the lock. Whether there was anything to tell.
bool ChangeFeed::tell(const Generations& now, const std::set<std::string>& arrivals) {
  bool any = false;
  for (const auto& [tenant, generation] : now) {
    const auto [known, added] = known_.emplace(tenant, generation);
    if (!added && known->second == generation) continue;
    known->second = generation;
    any = true;
    for (Listener* listener : listeners_) {
      if (listener->may_know_of(tenant)) listener->pending_.generations[tenant] = generation;
    }
  }
  for (const std::string& tenant : arrivals) {
    any = true;
    for (Listener* listener : listeners_) {
      if (listener->may_know_of(tenant)) listener->pending_.arrivals.insert(tenant);
    }
  }
  return any;
}

void ChangeFeed::watch() {
  std::unique_lock lock(mutex_);
  while (!closed_) {
    changed_.wait(lock, [this] { return closed_ || !listeners_.empty(); });
    changed_.wait_for(lock, options_.interval, [this] { return closed_; });
    if (closed_ || listeners_.empty()) continue;
    lock.unlock();
    const Generations now = read_generations();
    std::set<std::string> arrivals;
    {
      const std::lock_guard arrivals_lock(arrivals_mutex_);
      arrivals = arrivals_.changed(unix_now_s());
    }
    lock.lock();
    if (tell(now, arrivals)) changed_.notify_all();
  }
}

}  // namespace pv::api
