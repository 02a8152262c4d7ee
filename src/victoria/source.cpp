#include "victoria/source.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>

#include <fmt/format.h>

#include "victoria/snapshot.h"

namespace pv::victoria {
namespace {

class Source final : public model::SampleSource {
 public:
  Source(Options options, const model::TenantName& tenant, std::unique_ptr<Server> server)
      : shared_(std::make_shared<TenantReading>(std::move(options), tenant)), server_(std::move(server)) {}

  Result<std::uint64_t> generation() override {
    const std::unique_lock only_one(asking_, std::try_to_lock);
    if (!only_one.owns_lock() && generation_ > 0) return generation_.load();
    if (!only_one.owns_lock()) {
      const std::unique_lock first(asking_);
      return asked();
    }
    return asked();
  }

  Result<std::unique_ptr<model::SampleSnapshot>> snapshot(unsigned workers) override {
    PV_TRY(const std::uint64_t now, generation());
    return open_snapshot(shared_, now, workers);
  }

 private:
  /// Under asking_, which is held over the request: it guards the connection, and nobody waits for it who knows a generation.
  Result<std::uint64_t> asked() {
    const auto now = std::chrono::steady_clock::now();
    if (generation_ > 0 && now < ask_after_) return generation_.load();
    Selector selector(shared_->tenant);
    selector.equals("__name__", kGenerationMetric);
    std::uint64_t latest = std::max<std::uint64_t>(1, generation_);
    const model::Period since{static_cast<std::int64_t>(latest / 1000), kAllTime.to_s};
    PV_TRY_VOID(server_->export_series(selector.text(), since, [&latest](const ExportedRun& run) -> Result<void> {
      for (const double value : run.values) {
        if (value > 0 && value < 1e14) latest = std::max(latest, static_cast<std::uint64_t>(value));
      }
      return {};
    }));
    generation_ = latest;
    ask_after_ = now + std::chrono::seconds(1);
    return latest;
  }

  std::shared_ptr<TenantReading> shared_;
  std::mutex asking_;
  std::unique_ptr<Server> server_;
  std::chrono::steady_clock::time_point ask_after_;
  std::atomic<std::uint64_t> generation_{0};
};

}  // namespace

Result<std::unique_ptr<Directory>> Directory::open(const Options& options) {
  PV_TRY_VOID(Server::open(options).map([](const auto&) {}));
  return std::unique_ptr<Directory>(new Directory(options));
}

Result<std::vector<model::TenantName>> Directory::tenants() {
  PV_TRY(const auto server, Server::open(options_));
  PV_TRY(const std::string answer, server->ask("/api/v1/label/db/values", match_form("{__name__=~\"electrical_.+\"}") + kEverListed));
  PV_TRY(const std::vector<std::string> names, read_label_values(answer));
  std::vector<model::TenantName> tenants;
  for (const std::string& name : names) {
    if (auto tenant = model::TenantName::parse(name)) tenants.push_back(std::move(*tenant));
  }
  std::sort(tenants.begin(), tenants.end());
  return tenants;
}

Result<std::shared_ptr<model::SampleSource>> Directory::open(const model::TenantName& tenant) {
  PV_TRY(const std::vector<model::TenantName> known, tenants());
  if (!std::binary_search(known.begin(), known.end(), tenant)) {
    return fail(Errc::not_found, fmt::format("VictoriaMetrics holds no samples of {}", tenant.str()));
  }
  PV_TRY(auto server, Server::open(options_));
  return std::shared_ptr<model::SampleSource>(std::make_shared<Source>(options_, tenant, std::move(server)));
}

}  // namespace pv::victoria
