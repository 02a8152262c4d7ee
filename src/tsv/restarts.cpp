#include "tsv/restarts.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace pv::tsv {
namespace {

constexpr std::int64_t kNearMeasured_s = 120;

/// The instant at which a clock of the zone shows `stamp_s`, when that lies near the measured row.
std::optional<std::int64_t> moved(const model::Zone& zone, std::int64_t stamp_s, std::int64_t measured_s) {
  if (stamp_s <= measured_s) return std::nullopt;
  const model::Zone::Instants instants = zone.to_utc(stamp_s);
  if (instants.kind == model::Zone::LocalKind::skipped) return std::nullopt;
  for (const std::int64_t instant : {instants.earlier_s, instants.later_s}) {
    if (std::abs(instant - measured_s) <= kNearMeasured_s) return instant;
  }
  return std::nullopt;
}

}  // namespace

void Restarts::begin(std::optional<model::Zone> local_zone) {
  local_zone_ = std::move(local_zone);
  first_ = pending_from_ = events_.size();
  rows_.clear();
}

void Restarts::add(std::int64_t time_s, std::optional<std::size_t> row) {
  events_.push_back({time_s, model::EventKind::restart});
  if (row) rows_.push_back(*row);
  if (!local_zone_) {
    pending_from_ = events_.size();
    rows_.clear();
  }
}

std::uint64_t Restarts::settle(std::int64_t measured_s, Table& table) {
  std::uint64_t count = 0;
  for (std::size_t i = pending_from_; i < events_.size(); ++i) {
    const auto instant = moved(*local_zone_, events_[i].time_s, measured_s);
    if (!instant) continue;
    events_[i].time_s = *instant;
    if (!rows_.empty()) table.set_time(rows_[i - pending_from_], *instant);
    ++count;
  }
  pending_from_ = events_.size();
  rows_.clear();
  return count;
}

std::uint64_t Restarts::drop_pending(Table& table) {
  const std::uint64_t count = events_.size() - pending_from_;
  events_.resize(pending_from_);
  if (!rows_.empty()) table.truncate(rows_.front());
  rows_.clear();
  return count;
}

std::uint64_t Restarts::drop_all() {
  const std::uint64_t count = events_.size() - first_;
  events_.resize(first_);
  pending_from_ = first_;
  rows_.clear();
  return count;
}

std::vector<model::Event> Restarts::take_sorted() {
  std::sort(events_.begin(), events_.end());
  events_.erase(std::unique(events_.begin(), events_.end()), events_.end());
  return std::move(events_);
}

}  // namespace pv::tsv
