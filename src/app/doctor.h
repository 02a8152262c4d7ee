#pragma once
/// Looks an installation over and says what to do.
///   It changes nothing, but for what an attack needs (grafana/attack.h) and is asked for.
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

/// This machine: folders, rights, disk, clock, ports, ledger, registry, stores.
[[nodiscard]] std::vector<Diagnosis> examine_machine(const Settings& settings);
/// The other systems: InfluxDB, VictoriaMetrics, Grafana, and what waits for them.
[[nodiscard]] std::vector<Diagnosis> examine_systems(const Settings& settings);
/// Walls: a company's token tries another's bucket, a company's viewer another's dashboards and datasource. Needs two companies.
[[nodiscard]] std::vector<Diagnosis> examine_walls(const Settings& settings);

}  // namespace pv::app
