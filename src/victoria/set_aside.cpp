#include "victoria/set_aside.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include <fmt/format.h>

#include "victoria/catalogue.h"
#include "victoria/line_batch.h"

namespace pv::victoria {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookAgain = 2s;  // a busy VictoriaMetrics may show what it took a little later

/// Ascending instants that are known to be at a place.
class Instants {
 public:
  [[nodiscard]] bool has(std::int64_t time_s) const { return std::binary_search(all_.begin(), all_.end(), time_s); }
  void add(const std::vector<std::int64_t>& more) {
    const auto middle = static_cast<std::ptrdiff_t>(all_.size());
    const bool follows = all_.empty() || more.empty() || more.front() > all_.back();
    all_.insert(all_.end(), more.begin(), more.end());
    if (!follows || !std::is_sorted(all_.begin() + middle, all_.end())) {
      std::sort(all_.begin() + middle, all_.end());
      std::inplace_merge(all_.begin(), all_.begin() + middle, all_.end());
    }
    all_.erase(std::unique(all_.begin(), all_.end()), all_.end());
  }

 private:
  std::vector<std::int64_t> all_;
};

}  // namespace

Selector SetAside::of_logger() const {
  Selector selector(tenant_);
  selector.equals("campaign", campaign_.str()).equals("device_master_sn", sn_);
  return selector;
}

std::string SetAside::all_aside() const {
  Selector selector = of_logger();
  return selector.all_aside().text();
}

std::string SetAside::selector(const Part& part, Shelf shelf) const {
  Selector selector = of_logger();
  return part ? selector.channel(*part, shelf).text() : selector.events(shelf).text();
}

Result<std::uint64_t> SetAside::pass(const Part& part, Shelf from, Shelf to, Deed deed) {
  Instants there;
  PV_TRY_VOID(server_.export_series(selector(part, to), kAllTime, [&there](const ExportedRun& run) -> Result<void> {
    there.add(run.time_s);
    return {};
  }));
  LineBatch batch(server_, tenant_);
  std::uint64_t lacking = 0;
  std::vector<std::int64_t> passed;
  const auto copy = [&](const ExportedRun& run) -> Result<void> {
    const auto channel = channel_of(run.labels);
    if (part && !channel) return {};
    const std::string head = part ? line_head(tenant_, campaign_, *channel, style_, to) : event_head(tenant_, campaign_, sn_, to);
    passed.clear();
    for (std::size_t i = 0; i < run.time_s.size();) {
      const std::int64_t time_s = run.time_s[i];
      double value = run.values[i];
      for (++i; i < run.time_s.size() && run.time_s[i] == time_s; ++i) value = std::max(value, run.values[i]);
      if (there.has(time_s)) continue;
      ++lacking;
      passed.push_back(time_s);
      if (deed == Deed::copy) PV_TRY_VOID(batch.add(head, value, time_s));
    }
    there.add(passed);
    return {};
  };
  PV_TRY_VOID(server_.export_series(selector(part, from), kAllTime, copy));
  PV_TRY_VOID(batch.flush());
  return lacking;
}

Result<void> SetAside::carry(const std::vector<Part>& parts, Shelf from, Shelf to) {
  for (const Part& part : parts) PV_TRY_VOID(pass(part, from, to, Deed::copy).map([](std::uint64_t) {}));
  PV_TRY_VOID(server_.persist());
  for (const Part& part : parts) {
    PV_TRY(std::uint64_t lacking, pass(part, from, to, Deed::count));
    if (lacking == 0) continue;
    std::this_thread::sleep_for(kLookAgain);
    PV_TRY(lacking, pass(part, from, to, Deed::count));
    if (lacking > 0) return fail(Errc::unavailable, fmt::format("VictoriaMetrics took {} samples of logger {} and does not show them yet", lacking, sn_));
  }
  return {};
}

Result<void> SetAside::take(const std::vector<Part>& parts) { return carry(parts, Shelf::open, Shelf::aside); }

Result<void> SetAside::give_back() {
  PV_TRY(const std::vector<Part> parts, parts_aside());
  return carry(parts, Shelf::aside, Shelf::open);
}

Result<void> SetAside::drop() { return server_.delete_series(all_aside()); }

Result<std::vector<SetAside::Part>> SetAside::parts_aside() {
  PV_TRY(const std::string listing, server_.ask("/api/v1/series", match_form(all_aside()) + kEverListed));
  PV_TRY(const std::vector<Labels> series, read_series(listing));
  std::map<std::string, Part> parts;  // by field: a channel that was renamed has a series by each name
  for (const Labels& labels : series) {
    if (label(labels, "__name__") == kRestartAsideMetric) {
      parts.emplace("", std::nullopt);
    } else if (auto channel = channel_of(labels)) {
      std::string field = field_of(*channel);
      parts.emplace(std::move(field), std::move(channel));
    }
  }
  std::vector<Part> all;
  for (auto& [field, part] : parts) all.push_back(std::move(part));
  return all;
}

}  // namespace pv::victoria
