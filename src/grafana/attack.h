#pragma once
/// Tries, as a viewer of one company, every known way to another company's samples, folders and dashboards: what a wall is worth is what it keeps out.
///
/// Makes a viewer for the time of the call (login powerview_doctor_<random>, random password) and deletes it afterwards.
///   Errors: those of client.h; denied: that needs a server administrator's password. Threads: one at a time. Cost: about 60 requests.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "grafana/client.h"
#include "grafana/desired.h"

namespace pv::grafana {

struct Attack {
  Access access;
  Isolation isolation = Isolation::organization;
  std::int64_t team_organization = 1;
  model::TenantName viewer;  // whose viewer it is
  model::TenantName victim;
  std::string victim_bucket;
  std::string datasource_type = "influxdb";
  std::vector<std::string> victim_dashboards = {};  // uids
};

struct AttackOutcome {
  std::uint64_t tried = 0;
  std::vector<std::string> leaks;  // "POST /api/ds/query with their datasource: answered 200"
};

[[nodiscard]] Result<AttackOutcome> attack(const Attack& attack);

}  // namespace pv::grafana
