#pragma once
/// A tenant's samples in VictoriaMetrics as one reader sees them (victoria/source.h).

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "base/result.h"
#include "base/shared_answer.h"
#include "model/source.h"
#include "victoria/catalogue.h"
#include "victoria/options.h"
#include "victoria/server.h"

namespace pv::victoria {

/// What the snapshots of one tenant share. Threads: safe.
class TenantReading {
 public:
  /// A window as it stood; another row makes another key.
  using WindowKey = std::tuple<std::string, std::string, std::int64_t, std::int64_t, std::uint32_t>;  // campaign, serial, first, last, rows

  TenantReading(Options options_in, model::TenantName tenant_in) : options(std::move(options_in)), tenant(std::move(tenant_in)) {}

  struct Loaded {
    std::uint64_t generation = 0;
    std::shared_ptr<const Catalogue> catalogue;
  };
  /// The catalogue of a generation or a later one, loaded when nobody has loaded it.
  Result<Loaded> catalogue(std::uint64_t generation);
  /// Rows from this instant on may be others than the loaded catalogue says. To be called before anybody asks for the generation that says so.
  void note_change(std::int64_t since_s);
  [[nodiscard]] std::optional<std::int64_t> step(const WindowKey& key);
  void keep_step(const WindowKey& key, std::int64_t step_s);

  const Options options;
  const model::TenantName tenant;

 private:
  SharedAnswer<Loaded> loaded_{{.wait = kLongWait}};
  std::mutex mutex_;
  std::shared_ptr<const Catalogue> last_;               // null at first
  std::int64_t changed_since_s_ = kAllTime.to_s;        // after it
  std::map<WindowKey, std::int64_t> steps_;
};

Result<std::unique_ptr<model::SampleSnapshot>> open_snapshot(std::shared_ptr<TenantReading> tenant, std::uint64_t generation, unsigned workers);

}  // namespace pv::victoria
