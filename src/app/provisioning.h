#pragma once
/// What a company is to have in Grafana, by the settings, the registry, the samples and InfluxDB.
///   Errors: invalid_input names the setting; those of what is asked.
///   Threads: no state; safe.

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "app/settings.h"
#include "base/result.h"
#include "grafana/client.h"
#include "grafana/desired.h"
#include "model/names.h"

namespace pv::app {

[[nodiscard]] grafana::Access grafana_access(const Settings& settings);

/// Whether what a company lacks in InfluxDB for it (bucket, token) is made on the way. Otherwise the token is left empty.
enum class Preparation : std::uint8_t { none, make };

/// A plan must not read less than apply: the campaigns are those with samples and those with a folder. Errors: not_found names a company that is
/// neither in the registry nor has any.
[[nodiscard]] Result<grafana::Desired> desired_of(const Settings& settings, const model::TenantName& company, Preparation preparation);

/// The operators' own place in Grafana, beside the companies': a dashboard over the meta bucket (runs, failures with their reason).
[[nodiscard]] model::TenantName operators();
[[nodiscard]] Result<grafana::Desired> desired_of_operators(const Settings& settings, Preparation preparation);

/// Those in the registry, with samples or with a folder, by name.
[[nodiscard]] Result<std::vector<model::TenantName>> companies_for_grafana(const Settings& settings);

/// Of the dashboards of all its campaigns.
[[nodiscard]] Result<std::vector<std::string>> dashboard_uids_of(const Settings& settings, const model::TenantName& company);

/// Applies what a company is to have, for `serve`: says what was done and what a person should know, "" for nothing. The password of a user that is made
/// goes to an owner-only file in <state>/grafana-users, which is named: a log is no place for it. Errors: also unavailable: it was asked to stop.
[[nodiscard]] Result<std::string> provision(const Settings& settings, const model::TenantName& company, const std::stop_token& stop = {});

/// After an apply: tokens that the datasource no longer has are deleted.
Result<void> drop_old_tokens(const Settings& settings, const grafana::Desired& desired);

/// Whether `serve` provisions a company by itself: not once a person has removed it from Grafana, until a person applies it again.
Result<void> leave_alone(const Settings& settings, const model::TenantName& company);
Result<void> take_up_again(const Settings& settings, const model::TenantName& company);

}  // namespace pv::app
