#pragma once
/// The ways in of `serve`: SFTP, the desk that HTTP uploads go to, hooks, and the watched data folder; and the intake that takes
/// what came into the stores. Holds the installation's intake lock as long as it lives.
///   Threads: start() and stop() from one; the rest is safe.

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "app/announced.h"
#include "app/copies.h"
#include "app/file_periods.h"
#include "app/provisioning_thread.h"
#include "app/run_reports.h"
#include "app/settings.h"
#include "app/tenant_sinks.h"
#include "app/zones.h"
#include "ingest/desk.h"
#include "ingest/intake.h"
#include "ingest/intake_lock.h"
#include "ingest/ledger.h"
#include "ingest/spool.h"
#include "ingest/usage.h"
#include "ingest/watch.h"
#include "sftp/server.h"
#include "store/directory.h"
#include "tenancy/registry.h"

namespace pv::app {

class Arrivals {
 public:
  using Log = std::function<void(std::string_view)>;

  /// Borrows all but the log; they outlive it. Samples are written to `stores` or passed on, and read from `sources`. Errors: conflict: another program takes files of this installation; those of its parts.
  static Result<std::unique_ptr<Arrivals>> start(const Settings& settings, const Zones& zones, tenancy::Registry& registry,
                                                 store::Directory& stores, model::SourceDirectory& sources, Log log);
  ~Arrivals();
  Arrivals(const Arrivals&) = delete;
  Arrivals& operator=(const Arrivals&) = delete;

  /// Lets what is at hand end, but for what is passed on, which is taken again at the next start; takes nothing more.
  void stop();

  [[nodiscard]] ingest::Ledger& ledger() noexcept { return *ledger_; }
  [[nodiscard]] ingest::Desk& desk() noexcept { return *desk_; }
  [[nodiscard]] ingest::Intake& intake() noexcept { return *intake_; }
  [[nodiscard]] ingest::Usage& usage() noexcept { return *usage_; }
  /// Null when samples go nowhere but the embedded store.
  [[nodiscard]] Copies* copies() noexcept { return copies_.get(); }
  [[nodiscard]] const sftp::Server* sftp_server() const noexcept { return sftp_.get(); }  // null when it is off
  /// What an HTTP hook of SFTPGo says. Returns what it means, in words. Errors: invalid_input.
  [[nodiscard]] Result<std::string> take_hook(std::string_view json);

 private:
  Arrivals(const Settings& settings, store::Directory& directory, Log log)
      : log_(std::move(log)), reports_(settings.reports()), sinks_(directory, settings.threads) {}
  void tell(const ingest::RunReport& batch, const std::string& base_folder);
  void start_provisioning(const Settings& settings);
  Result<void> start_copies(const Settings& settings, const Zones& zones, store::Directory& stores);
  Result<void> start_intake(const Settings& settings, const Zones& zones, model::SourceDirectory& sources);
  Result<void> start_sftp(const Settings& settings, tenancy::Registry& registry);

  // Later ones use earlier ones, and go first.
  Log log_;
  AnnouncedCampaigns announced_;
  RunReports reports_;
  bool reports_are_kept_ = true;
  std::optional<ingest::IntakeLock> lock_;
  std::stop_source passing_stop_;         // of what is being passed on
  std::unique_ptr<FilePeriods> periods_;  // without an embedded store
  std::unique_ptr<Copies> copies_;
  std::unique_ptr<ProvisioningThread> provisioning_;  // null where Grafana is left alone
  TenantSinks sinks_;
  std::unique_ptr<ingest::Ledger> ledger_;
  std::unique_ptr<ingest::Usage> usage_;
  std::optional<ingest::Spool> spool_;
  std::unique_ptr<ingest::Desk> desk_;
  std::unique_ptr<ingest::Intake> intake_;
  std::unique_ptr<ingest::Watch> watch_;
  std::unique_ptr<sftp::Server> sftp_;
};

}  // namespace pv::app
