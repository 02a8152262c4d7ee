#pragma once
/// The copies of the samples in other systems that the settings ask for (InfluxDB, VictoriaMetrics): what they lack, and who brings it to them.
///   Threads: safe.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "app/downsampling.h"
#include "app/meta_lines.h"
#include "app/refused_place.h"
#include "app/settings.h"
#include "app/zones.h"
#include "ingest/forwarder.h"
#include "ingest/outbox.h"
#include "ingest/run_report.h"
#include "model/mirror.h"

namespace pv::app {

inline constexpr std::string_view kInfluxdbSink = "influxdb";
inline constexpr std::string_view kVictoriaSink = "victoriametrics";

/// The sinks besides the embedded store, by their names.
[[nodiscard]] std::vector<std::string> copy_sinks(const Settings& settings);

/// Asked now and then while something is sent: true ends that with unavailable.
using IsStopped = std::function<bool()>;

/// A company's copy. Borrows settings and zones. Errors: invalid_input: an address.
[[nodiscard]] Result<std::unique_ptr<model::Mirror>> open_mirror(const Settings& settings, const Zones& zones, std::string_view sink, const model::TenantName& tenant,
                                                                 IsStopped is_stopped = {});
/// How long an answer is waited for. Counting thousands of series takes InfluxDB minutes: whoever asks that by hand may wait, and may stop it.
enum class Patience : std::uint8_t { usual, great };
[[nodiscard]] Result<std::unique_ptr<Downsampling>> open_influx_mirror(const Settings& settings, const Zones& zones, const model::TenantName& tenant, IsStopped is_stopped = {},
                                                                       Patience patience = Patience::usual);

/// For means where the truth lacks some of what was sent (Downsampling::average_copied). Borrows the settings.
[[nodiscard]] Downsampling::Copied copied_samples(const Settings& settings, const model::TenantName& tenant);

class Copies {
 public:
  using Log = std::function<void(std::string_view)>;
  /// Null when samples go nowhere else. Borrows settings, zones and `truth`, where the samples are kept; null where they are passed on
  /// (app/passing_sink.h): then it tells what was ingested and nothing else. For the holder of the intake lock. Errors: also a wrong address.
  static Result<std::unique_ptr<Copies>> start(const Settings& settings, const Zones& zones, model::SourceDirectory* truth, Log log);
  /// Ends what is being sent before its next request.
  ~Copies();
  Copies(const Copies&) = delete;
  Copies& operator=(const Copies&) = delete;

  [[nodiscard]] ingest::Outbox& outbox() noexcept { return *outbox_; }
  /// Something was put into the outbox.
  void wake();
  /// What was ingested, for those that keep it (the meta bucket).
  void tell(const ingest::RunReport& report);
  /// Waits until every copy has all or is in trouble, `most` at the longest or until a stop.
  void wait_drained(std::chrono::milliseconds most, const std::stop_token& stop);
  /// Figures in the text format of Prometheus.
  void write_metrics(std::string& out);

 private:
  Copies(const Settings& settings, const Zones& zones, Log log) : settings_(&settings), zones_(&zones), log_(std::move(log)) {}
  /// The copy that was asked for last is kept open; a sink has one user.
  struct Open {
    std::string sink;
    std::optional<model::TenantName> tenant;
    std::unique_ptr<model::Mirror> mirror;
    RefusedPlace place;
  };
  Result<model::Mirror*> mirror_of(Open& open, const model::TenantName& tenant) const;
  Result<void> probe(Open& open) const;
  [[nodiscard]] IsStopped is_stopped() const;

  const Settings* settings_;
  const Zones* zones_;
  Log log_;
  std::stop_source stop_;
  std::unique_ptr<ingest::Outbox> outbox_;
  std::mutex telling_;
  MetaInstants instants_;  // guarded by telling_
  std::vector<std::unique_ptr<Open>> open_;
  std::vector<std::unique_ptr<ingest::Forwarder>> forwarders_;  // last: they use all of the above
};

}  // namespace pv::app
