#pragma once
/// The dashboards that PowerView makes in Grafana, as JSON for POST /api/dashboards/db: `id` null, `uid` and `title` as asked for, no `version`.
///
/// A template of the operator's own replaces the shipped one: <own_templates>/campaign.json and <own_templates>/operators.json, in the form of
/// template.h. Values for both: company, campaign, datasource_uid, datasource_type, bucket, zone, uid, title.
///   Errors: invalid_input: the template (its name and the place in it), or a request that is not UTF-8; io and denied: an own template that cannot
///   be read. A file that is not there is no error.
///   Threads: no state; safe.

#include <filesystem>
#include <string>

#include "base/result.h"

namespace pv::grafana {

struct DashboardRequest {
  std::string company;   // "" for the operators' dashboard
  std::string campaign;  // "" for the operators' dashboard
  std::string datasource_uid;
  std::string datasource_type = "influxdb";  // or "influxdb-adecwatts-datasource"
  std::string bucket;                        // the company's; for the operators' dashboard the meta bucket
  std::string zone = "UTC";                  // IANA name: what a day is
  std::string uid;
  std::string title;
};

/// `own_templates` is "" when there are none.
[[nodiscard]] Result<std::string> campaign_dashboard(const DashboardRequest& request, const std::filesystem::path& own_templates);
[[nodiscard]] Result<std::string> operators_dashboard(const DashboardRequest& request, const std::filesystem::path& own_templates);

}  // namespace pv::grafana
