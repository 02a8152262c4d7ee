#include "victoria/source.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/http_client.h"
#include "victoria/labels.h"
#include "victoria/snapshot.h"

namespace pv::victoria {
namespace {

using Clock = std::chrono::steady_clock;

/// Of requests that every page waits for and that cost VictoriaMetrics next to nothing.
Options hasty(Options options) {
  options.connect_time = std::min(options.connect_time, std::chrono::milliseconds(2'000));
  options.answer_time = std::min(options.answer_time, std::chrono::milliseconds(5'000));
  return options;
}

/// There may be years of them: the last is found out over there. 1 when there is none.
Result<std::uint64_t> latest_generation(Server& server, const model::TenantName& tenant) {
  Selector selector(tenant);
  selector.equals("__name__", kGenerationMetric);
  constexpr std::int64_t kFirst_s = 86'400;  // a range that touches 1970 itself makes the answer empty
  const std::string query = fmt::format("max(last_over_time({}[{}s]))", selector.text(), kAllTime.to_s - kFirst_s);
  PV_TRY(const std::string answer, server.ask("/api/v1/query", fmt::format("query={}&nocache=1&time={}", percent_encoded(query), kAllTime.to_s)));
  PV_TRY(const std::vector<QueriedSeries> found, read_query(answer));
  std::uint64_t latest = 1;
  for (const QueriedSeries& series : found) {
    for (const auto& [time_s, value] : series.points) {
      if (value > 0 && value < 1e14) latest = std::max(latest, static_cast<std::uint64_t>(value));
    }
  }
  return latest;
}

class Source final : public model::SampleSource {
 public:
  Source(Options options, SourceOptions reading, const model::TenantName& tenant)
      : shared_(std::make_shared<TenantReading>(std::move(options), tenant)), reading_(reading) {}

  Result<std::uint64_t> generation() override {
    const auto is_recent = [this](const Looked& looked) { return Clock::now() - looked.at < reading_.look; };
    PV_TRY(const Looked looked, looked_.get(Meanwhile::take_last, is_recent, [this] { return look(); }));
    return looked.generation;
  }

  Result<std::unique_ptr<model::SampleSnapshot>> snapshot(unsigned workers) override {
    PV_TRY(const std::uint64_t now, generation());
    return open_snapshot(shared_, now, workers);
  }

 private:
  struct Looked {
    std::uint64_t generation = 1;
    Clock::time_point at;
  };

  /// One at a time.
  Result<Looked> look() {
    if (!server_) {
      PV_TRY(server_, Server::open(hasty(shared_->options)));
    }
    const auto now = Clock::now();
    if (latest_ == 0) {
      PV_TRY(latest_, latest_generation(*server_, shared_->tenant));
      return Looked{latest_, now};
    }
    Selector selector(shared_->tenant);
    selector.changes();
    const model::Period since{static_cast<std::int64_t>(latest_ / 1000), kAllTime.to_s};
    std::vector<double> generations, changes;
    PV_TRY_VOID(server_->export_series(selector.text(), since, [&](const ExportedRun& run) -> Result<void> {
      std::vector<double>& all = label(run.labels, "__name__") == kGenerationMetric ? generations : changes;
      std::copy_if(run.values.begin(), run.values.end(), std::back_inserter(all), [](double value) { return value >= 0 && value < 1e14; });
      return {};
    }));
    // Both are written at once, so they pair up. A generation that does not say what changed may have changed anything.
    const bool pair_up = generations.size() == changes.size();
    std::uint64_t latest = latest_;
    std::int64_t changed_since_s = kAllTime.to_s;
    for (std::size_t i = 0; i < generations.size(); ++i) {
      const auto generation = static_cast<std::uint64_t>(generations[i]);
      if (generation <= latest_) continue;
      latest = std::max(latest, generation);
      changed_since_s = std::min(changed_since_s, pair_up ? static_cast<std::int64_t>(changes[i]) : kAllTime.from_s);
    }
    shared_->note_change(changed_since_s);
    latest_ = latest;
    return Looked{latest_, now};
  }

  std::shared_ptr<TenantReading> shared_;
  SourceOptions reading_;
  SharedAnswer<Looked> looked_;
  std::unique_ptr<Server> server_;  // of look(), as the next
  std::uint64_t latest_ = 0;        // 0: not looked yet
};

}  // namespace

Result<std::unique_ptr<Directory>> Directory::open(const Options& options, SourceOptions reading) {
  PV_TRY_VOID(Server::open(options).map([](const auto&) {}));
  return std::unique_ptr<Directory>(new Directory(options, reading));
}

bool Directory::Listed::has(const model::TenantName& tenant) const { return std::binary_search(tenants.begin(), tenants.end(), tenant); }

bool Directory::is_recent(const Listed& listed) const { return Clock::now() - listed.at < reading_.look; }

Result<std::vector<model::TenantName>> Directory::tenants() {
  PV_TRY(Listed listed, listed_.get(Meanwhile::take_last, [this](const Listed& one) { return is_recent(one); }, [this] { return list(); }));
  return std::move(listed.tenants);
}

Result<Directory::Listed> Directory::list() {
  Listed listed{{}, Clock::now()};
  PV_TRY(const auto server, Server::open(hasty(options_)));
  PV_TRY(const std::string answer, server->ask("/api/v1/label/db/values", match_form("{__name__=~\"electrical_.+\"}") + kEverListed));
  PV_TRY(const std::vector<std::string> names, read_label_values(answer));
  for (const std::string& name : names) {
    if (auto tenant = model::TenantName::parse(name)) listed.tenants.push_back(std::move(*tenant));
  }
  std::sort(listed.tenants.begin(), listed.tenants.end());
  return listed;
}

Result<std::shared_ptr<model::SampleSource>> Directory::open(const model::TenantName& tenant) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = sources_.find(tenant); found != sources_.end()) return found->second;
  }
  // One that is not in the last list may have come since.
  const auto knows_it = [this, &tenant](const Listed& listed) { return is_recent(listed) && listed.has(tenant); };
  PV_TRY(const Listed listed, listed_.get(Meanwhile::wait, knows_it, [this] { return list(); }));
  if (!listed.has(tenant)) return fail(Errc::not_found, fmt::format("VictoriaMetrics holds no samples of {}", tenant.str()));
  const std::lock_guard lock(mutex_);
  std::shared_ptr<model::SampleSource>& source = sources_[tenant];
  if (!source) source = std::make_shared<Source>(options_, reading_, tenant);
  return source;
}

}  // namespace pv::victoria
