#include "app/provisioning.h"

#include <algorithm>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "app/access.h"
#include "app/other_systems.h"
#include "app/sources.h"
#include "app/zones.h"
#include "base/file.h"
#include "base/private_file.h"
#include "grafana/dashboard.h"
#include "grafana/names.h"
#include "grafana/provisioner.h"
#include "grafana/record.h"
#include "influx/bucket.h"
#include "influx/token_book.h"

namespace pv::app {
namespace {

constexpr const char* kTokenFolder = "influx-tokens";
constexpr const char* kUserFolder = "grafana-users";

/// Folders in which files may lie; names that no campaign or company can have are passed over.
template <class NameType>
void add_folders(const std::filesystem::path& folder, std::set<NameType>& names) {
  std::error_code code;
  for (std::filesystem::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    std::error_code unseen;
    if (!entry->is_directory(unseen) || entry->is_symlink(unseen)) continue;
    if (auto name = NameType::parse(entry->path().filename().string())) names.insert(std::move(*name));
  }
}

Result<void> add_stored(const Settings& settings, const model::TenantName& company, std::set<model::CampaignName>& campaigns) {
  PV_TRY(const auto sources, open_sources(settings));
  const auto source = sources->open(company);
  if (!source && source.error().kind() == Errc::not_found) return {};
  if (!source) return fail(source.error());
  PV_TRY(const auto snapshot, (*source)->snapshot(1));
  PV_TRY(const auto summaries, snapshot->campaigns());
  for (const model::CampaignSummary& summary : summaries) {
    if (auto name = model::CampaignName::parse(summary.name)) campaigns.insert(std::move(*name));
  }
  return {};
}

/// A campaign has a dashboard from its first folder on.
Result<std::set<model::CampaignName>> campaigns_of(const Settings& settings, const model::TenantName& company) {
  std::set<model::CampaignName> campaigns;
  add_folders(settings.data_folder / company.str(), campaigns);
  PV_TRY_VOID(add_stored(settings, company, campaigns));
  return campaigns;
}

bool is_in(tenancy::Registry* registry, const model::TenantName& company) { return registry != nullptr && registry->tenant(company).has_value(); }

/// The company's own token, and what is done with the one before it.
struct Tokens {
  std::unique_ptr<influx::Connection> connection;
  influx::TokenBook book;
};

Result<std::unique_ptr<Tokens>> open_tokens(const Settings& settings, const std::string& bucket) {
  PV_TRY(auto connection, influx::Connection::open(influx_access(settings)));
  influx::Connection& server = *connection;
  return std::unique_ptr<Tokens>(new Tokens{std::move(connection), influx::TokenBook(server, settings.state_dir / kTokenFolder, token_cover(settings, bucket))});
}

/// A company whose things were removed from Grafana by hand: serve leaves it alone.
std::filesystem::path left_alone_file(const Settings& settings, const model::TenantName& company) {
  return settings.state_dir / "grafana-left-alone" / percent_encoded(company.str());
}

bool is_left_alone(const Settings& settings, const model::TenantName& company) {
  std::error_code code;
  return std::filesystem::exists(left_alone_file(settings, company), code);
}

/// What scripts may do (influxdb.token_rights) is no business of dashboards: every viewer sends what they like with this token.
constexpr influx::TokenRights kGrafanaRights = influx::TokenRights::read;

/// The login that was chosen for the company's user, if another than the usual one was.
Result<std::string> login_of(const Settings& settings, const model::TenantName& company) {
  PV_TRY(const auto record, grafana::Record::open(settings.state_dir));
  PV_TRY(const std::string chosen, record->own_login({.company = company.str(), .isolation = settings.grafana_isolation}));
  return chosen.empty() ? grafana::user_login(company) : chosen;
}

/// All but dashboards.
Result<grafana::Desired> frame_of(const Settings& settings, const model::TenantName& company, const std::string& bucket, Preparation preparation) {
  if (settings.influxdb_url.empty() || settings.influxdb_org.empty() || settings.influxdb_admin_token.empty()) {
    return fail(Errc::invalid_input, "Grafana reads the samples from InfluxDB: set influxdb.url, influxdb.org and influxdb.admin_token");
  }
  grafana::Desired desired{.company = company, .isolation = settings.grafana_isolation};
  desired.datasource.type = settings.grafana_datasource_type;
  desired.datasource.url = settings.grafana_influxdb_url.empty() ? settings.influxdb_url : settings.grafana_influxdb_url;
  desired.datasource.organization = settings.influxdb_org;
  desired.datasource.bucket = bucket;
  PV_TRY(const auto tokens, open_tokens(settings, bucket));
  if (preparation == Preparation::make) {
    PV_TRY(desired.datasource.token, tokens->book.token_for(bucket, kGrafanaRights, influx::Superseded::keep));
  } else {
    PV_TRY(const std::optional<Secret> kept, tokens->book.look(bucket, kGrafanaRights));
    if (kept) desired.datasource.token = *kept;
  }
  if (settings.grafana_make_user == Switch::on) {
    PV_TRY(const std::string login, login_of(settings, company));
    desired.user = grafana::WantedUser{.login = login};
  }
  return desired;
}

}  // namespace

grafana::Access grafana_access(const Settings& settings) {
  grafana::Access access;
  access.url = settings.grafana_url;
  access.username = settings.grafana_username;
  access.password = settings.grafana_password;
  access.api_token = settings.grafana_api_token;
  return access;
}

Result<grafana::Desired> desired_of(const Settings& settings, const model::TenantName& company, Preparation preparation) {
  const auto registry = existing_registry(settings);
  PV_TRY(const auto campaigns, campaigns_of(settings, company));
  if (campaigns.empty() && !is_in(registry.get(), company)) {
    return fail(Errc::not_found, fmt::format("company '{}' is not known and has no folder", company.str()));
  }
  PV_TRY(grafana::Desired desired, frame_of(settings, company, influx::bucket_of(company), preparation));
  const Zones zones(settings, registry.get());
  for (const model::CampaignName& campaign : campaigns) {
    grafana::WantedDashboard dashboard{.campaign = campaign.str(), .uid = grafana::dashboard_uid(company, campaign), .title = grafana::dashboard_title(company, campaign), .json = {}};
    const grafana::DashboardRequest request{.company = company.str(),
                                            .campaign = campaign.str(),
                                            .datasource_uid = grafana::datasource_uid(company),
                                            .datasource_type = settings.grafana_datasource_type,
                                            .bucket = desired.datasource.bucket,
                                            .zone = zones.zone_of(company, campaign).name(),
                                            .uid = dashboard.uid,
                                            .title = dashboard.title};
    PV_TRY(dashboard.json, grafana::campaign_dashboard(request, settings.grafana_templates));
    desired.dashboards.push_back(std::move(dashboard));
  }
  return desired;
}

model::TenantName operators() { return *model::TenantName::parse("PowerView operators"); }

Result<grafana::Desired> desired_of_operators(const Settings& settings, Preparation preparation) {
  const model::TenantName company = operators();
  PV_TRY(grafana::Desired desired, frame_of(settings, company, settings.influxdb_meta_bucket, preparation));
  const model::CampaignName campaign = *model::CampaignName::parse("ingestion");
  grafana::DashboardRequest request;
  request.datasource_uid = grafana::datasource_uid(company);
  request.datasource_type = settings.grafana_datasource_type;
  request.bucket = settings.influxdb_meta_bucket;
  request.zone = settings.zone.name();
  request.uid = grafana::dashboard_uid(company, campaign);
  request.title = grafana::dashboard_title(company, campaign);
  PV_TRY(std::string json, grafana::operators_dashboard(request, settings.grafana_templates));
  desired.dashboards.push_back({.campaign = campaign.str(), .uid = request.uid, .title = request.title, .json = std::move(json)});
  return desired;
}

Result<std::vector<model::TenantName>> companies_for_grafana(const Settings& settings) {
  std::set<model::TenantName> names;
  add_folders(settings.data_folder, names);
  if (const auto registry = existing_registry(settings)) {
    PV_TRY(const auto tenants, registry->tenants());
    for (const tenancy::Tenant& tenant : tenants) names.insert(tenant.name);
  }
  PV_TRY(const auto sources, open_sources(settings));
  PV_TRY(const auto stored, sources->tenants());
  names.insert(stored.begin(), stored.end());
  return std::vector(names.begin(), names.end());
}

Result<std::string> provision(const Settings& settings, const model::TenantName& company, const std::stop_token& stop) {
  if (is_left_alone(settings, company)) return std::string();
  const std::filesystem::path folder = settings.state_dir / kUserFolder;
  const std::filesystem::path file = folder / company.str();
  PV_TRY_VOID(make_private_folder(folder, GroupMay::nothing));
  grafana::Access access = grafana_access(settings);
  access.stop = stop;
  PV_TRY(const auto provisioner, grafana::Provisioner::open(access, settings.state_dir));
  PV_TRY(grafana::Desired desired, desired_of(settings, company, Preparation::make));
  desired.attendance = grafana::Attendance::nobody;
  grafana::Applying applying;
  // The folder lets nobody in, so that the file is private from its first byte on.
  applying.hand_on = [&file](const grafana::NewUser& user) -> Result<void> {
    PV_TRY_VOID(replace_file(file, fmt::format("{}\n{}\n", user.login, user.password.reveal())));
    return keep_private(file);
  };
  // A person may have taken it away while others were at work.
  applying.is_wanted = [&] { return !is_left_alone(settings, company); };
  PV_TRY(const grafana::Outcome done, provisioner->apply(desired, applying));
  PV_TRY_VOID(drop_old_tokens(settings, desired));
  std::string told;
  for (const grafana::Action& action : done.done.actions) told += fmt::format("{}{} {}", told.empty() ? "" : "; ", grafana::to_string(action.kind), action.what);
  for (const std::string& note : done.done.notes) told += fmt::format("{}note: {}", told.empty() ? "" : "; ", note);
  if (!done.user) return told;
  return told + fmt::format("; login and password of user '{}' are in {}: hand them on and delete the file", done.user->login, file.string());
}

Result<void> drop_old_tokens(const Settings& settings, const grafana::Desired& desired) {
  PV_TRY(const auto tokens, open_tokens(settings, desired.datasource.bucket));
  return tokens->book.drop_superseded(desired.datasource.bucket, kGrafanaRights);
}

Result<void> leave_alone(const Settings& settings, const model::TenantName& company) {
  const std::filesystem::path file = left_alone_file(settings, company);
  PV_TRY_VOID(make_private_folder(file.parent_path(), GroupMay::nothing));
  return replace_file(file, "removed from Grafana by hand; 'powerview grafana apply' brings it back\n");
}

Result<void> take_up_again(const Settings& settings, const model::TenantName& company) {
  std::error_code code;
  std::filesystem::remove(left_alone_file(settings, company), code);
  if (code) return fail(system_error("cannot remove it", left_alone_file(settings, company), code.value()));
  return {};
}

Result<std::vector<std::string>> dashboard_uids_of(const Settings& settings, const model::TenantName& company) {
  PV_TRY(const auto campaigns, campaigns_of(settings, company));
  std::vector<std::string> uids;
  for (const model::CampaignName& campaign : campaigns) uids.push_back(grafana::dashboard_uid(company, campaign));
  return uids;
}

}  // namespace pv::app
