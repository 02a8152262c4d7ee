#pragma once
/// How the things of a company are called in Grafana. A uid has 1 to 40 of [A-Za-z0-9_-]: a name that does not fit, or that could be another
/// company's, is shortened and gets a digest; only those end in '-' and twelve hexadecimal digits.
///   Threads: no state; safe.

#include <string>
#include <string_view>

#include "model/names.h"

namespace pv::grafana {

[[nodiscard]] bool is_uid(std::string_view text) noexcept;

/// Of the organization, the team and the folder: the company's name.
[[nodiscard]] const std::string& company_title(const model::TenantName& company) noexcept;
[[nodiscard]] std::string datasource_name(const model::TenantName& company);  // influxdb_<company>
[[nodiscard]] std::string user_login(const model::TenantName& company);       // admin_<company>, lower case
[[nodiscard]] std::string dashboard_title(const model::TenantName& company, const model::CampaignName& campaign);

/// powerview-<company>: dashboards and folders share one set of uids.
[[nodiscard]] std::string folder_uid(const model::TenantName& company);
[[nodiscard]] std::string datasource_uid(const model::TenantName& company);  // influxdb_<company>
/// powerview_<company>_<campaign>. With a '_' in the company it has a digest: companies "a" and "a_b" would share uids.
[[nodiscard]] std::string dashboard_uid(const model::TenantName& company, const model::CampaignName& campaign);

/// Letters of every script in lower case, one by one, as Grafana keeps logins and e-mail addresses. What is not UTF-8 stays as it is.
[[nodiscard]] std::string lower_case(std::string_view text);

}  // namespace pv::grafana
