#pragma once
/// Which campaigns were announced since the start: once is enough, however many ways they come.
///   Threads: safe. Memory: bounded; of the campaigns that are forgotten the oldest goes first.

#include <cstddef>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "model/names.h"

namespace pv::app {

class AnnouncedCampaigns {
 public:
  explicit AnnouncedCampaigns(std::size_t most = 10'000) : most_(most) {}

  /// True the first time.
  [[nodiscard]] bool is_first(const model::TenantName& tenant, const model::CampaignName& campaign) {
    const std::lock_guard lock(mutex_);
    Key key(tenant.str(), campaign.str());
    if (!known_.insert(key).second) return false;
    order_.push_back(std::move(key));
    if (order_.size() > most_) {
      known_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }

 private:
  using Key = std::pair<std::string, std::string>;
  const std::size_t most_;
  std::mutex mutex_;
  std::set<Key> known_;
  std::deque<Key> order_;  // of known_, oldest first
};

}  // namespace pv::app
