#include "api/arrival_watch.h"

#include <algorithm>

#include <fmt/format.h>

namespace pv::api {
namespace {

constexpr std::size_t kMostLooked = 2000;

std::string likeness(const ingest::LedgerEntry& entry) {
  return fmt::format("{} {} {} {} {}", static_cast<int>(entry.state), entry.filed, entry.attempts, entry.updated_s, entry.reason);
}

}  // namespace

void ArrivalWatch::begin(std::int64_t now_s) {
  since_s_ = now_s - 2;
  seen_.clear();
  static_cast<void>(changed(now_s));
}

std::set<std::string> ArrivalWatch::changed(std::int64_t now_s) {
  std::set<std::string> tenants;
  if (ledger_ == nullptr) return tenants;
  ingest::EntryFilter filter;
  filter.since_s = std::min(since_s_, now_s);  // a clock set back must not silence it
  filter.limit = kMostLooked;
  const auto entries = ledger_->list(filter);
  if (!entries) return tenants;
  std::map<std::int64_t, std::string> seen;
  for (const ingest::LedgerEntry& entry : *entries) {
    std::string now = likeness(entry);
    const auto before = seen_.find(entry.id.value);
    if (before == seen_.end() || before->second != now) tenants.insert(entry.tenant);
    seen.emplace(entry.id.value, std::move(now));
  }
  // A second later, what changed in this one is known for certain.
  since_s_ = now_s - 1;
  seen_ = std::move(seen);
  return tenants;
}

}  // namespace pv::api
