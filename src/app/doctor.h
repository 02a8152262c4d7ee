#pragma once
/// Looks an installation over and says what to do.
///   It changes and makes nothing, but for what an attack needs (grafana/attack.h) and is asked for.
///   Threads: confined to one.

#include <cstdint>
#include <string>
#include <vector>

#include "app/settings.h"

namespace pv::app {

enum class Health : std::uint8_t { well, warning, wrong };
[[nodiscard]] std::string_view to_string(Health health) noexcept;  // "ok", "warning", "wrong"

struct Diagnosis {
  std::string about;  // "disk", "influxdb token of acme"
  Health health = Health::well;
  std::string words;  // what was found, and, where it is not well, what to do
};

/// As root: takes on the user whom the state folder belongs to (else "powerview"; where it is root's, the user of the unit), for the rest of the
/// program. Root may do everything, so what it may tells nothing of the service; and nothing that is opened on the way shall belong to root.
/// Errors: denied.
[[nodiscard]] Result<void> take_on_service_user(const Settings& settings);

/// This machine: settings, folders, rights, what systemd lets the service do, disk, clock, ledger, registry, stores.
[[nodiscard]] std::vector<Diagnosis> examine_machine(const Settings& settings);
/// `serve` at work: its ports, its answers, its hook, the address it is reached by, SFTPGo in front.
[[nodiscard]] std::vector<Diagnosis> examine_serve(const Settings& settings);
/// The other systems: InfluxDB, VictoriaMetrics, Grafana, and what waits for them.
[[nodiscard]] std::vector<Diagnosis> examine_systems(const Settings& settings);
/// Walls: a company's token tries another's bucket, a company's viewer another's dashboards and datasource. Needs two companies.
[[nodiscard]] std::vector<Diagnosis> examine_walls(const Settings& settings);

}  // namespace pv::app
