#pragma once
/// What a company is to have in Grafana.
///   Threads: values.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "model/names.h"

namespace pv::grafana {

/// What keeps companies apart.
enum class Isolation : std::uint8_t {
  organization,  // a Grafana organization each: no viewer can address another company's datasource
  team,          // one organization, a team and a folder each: hides folders and dashboards, not samples
};
[[nodiscard]] std::string_view to_string(Isolation isolation) noexcept;
/// Errors: invalid_input, naming what is allowed.
[[nodiscard]] Result<Isolation> parse_isolation(std::string_view text);

/// In an organization, with Grafana's own meaning.
enum class Role : std::uint8_t { viewer, editor, admin };
[[nodiscard]] std::string_view to_string(Role role) noexcept;  // "Viewer", …: as Grafana spells it
[[nodiscard]] Result<Role> parse_role(std::string_view text);  // in any case

/// Who looks at what is told.
enum class Attendance : std::uint8_t {
  person,  // has asked for it, and may adopt what others have made
  nobody,  // `serve` by itself: what somebody may have called so in order to get in is left to a person
};

struct WantedUser {
  std::string login;                // compared without regard to case, as Grafana does
  std::string email = {};           // "": none is given, and the one that is there stays
  std::optional<Secret> password = {};  // given: also an account that is there gets it; none: one that is made gets a random one
  Role role = Role::viewer;
};

struct WantedDatasource {
  std::string type = "influxdb";  // or "influxdb-adecwatts-datasource"
  std::string url;                // of InfluxDB as Grafana reaches it
  std::string organization;
  std::string bucket;
  Secret token;  // the company's own, read-only; a plan can do without, and does not see then whether it has changed
};

struct WantedDashboard {
  std::string campaign;
  std::string uid;    // names.h
  std::string title;  // where a folder has that title, " dashboard" is added: Grafana 10 refuses the same title for both
  std::string json;   // refers to the datasource by datasource_uid() of names.h, whatever uid an adopted one has
};

struct Desired {
  model::TenantName company;
  Isolation isolation = Isolation::organization;
  std::int64_t team_organization = 1;  // where the teams are; of no meaning with a service account token, which has its own
  WantedDatasource datasource = {};
  std::optional<WantedUser> user = {};
  std::vector<WantedDashboard> dashboards = {};  // all of the company
  Attendance attendance = Attendance::person;
};

}  // namespace pv::grafana
