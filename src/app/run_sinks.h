#pragma once
/// The sinks of one `ingest`, and the copies elsewhere that it brings what it stored. Nothing is opened before a sink is asked for: only who holds the
/// intake lock asks.
///   Threads: sink_of() is safe; the rest from one.

#include <memory>
#include <mutex>
#include <stop_token>

#include "app/copies.h"
#include "app/file_periods.h"
#include "app/tenant_sinks.h"
#include "ingest/run_report.h"
#include "store/directory.h"

namespace pv::app {

class RunSinks {
 public:
  /// Borrows both. A stop ends what is being passed on before its next request.
  RunSinks(const Settings& settings, const Zones& zones, std::stop_token stop)
      : settings_(&settings), zones_(&zones), stop_(std::move(stop)), stores_(settings.state_dir), sinks_(stores_, settings.threads) {}

  Result<model::SampleSink*> sink_of(const model::TenantName& tenant);
  Result<void> settle() { return sinks_.settle(); }
  /// After the run: waits a while for the copies, until the stop at the longest, and says on standard error what they still lack. What is left goes with the next `ingest` or `serve`.
  void bring_copies(const ingest::RunReport& run);

 private:
  Result<void> start();

  const Settings* settings_;
  const Zones* zones_;
  std::stop_token stop_;
  store::Directory stores_;
  std::mutex mutex_;
  bool is_started_ = false;
  std::unique_ptr<FilePeriods> periods_;
  std::unique_ptr<Copies> copies_;
  TenantSinks sinks_;
};

}  // namespace pv::app
