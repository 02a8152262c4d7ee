#include "app/other_systems.h"

#include "app/command.h"

namespace pv::app {

influx::Access influx_access(const Settings& settings) {
  influx::Access access;
  access.url = settings.influxdb_url;
  access.organization = settings.influxdb_org;
  access.token = settings.influxdb_admin_token;
  return access;
}

influx::Access current_influx_access(const Settings& settings) {
  influx::Access access = influx_access(settings);
  if (settings.file.empty()) return access;
  const auto now = load_settings(settings.file, process_environment);
  if (now && now->influxdb_url == settings.influxdb_url && now->influxdb_org == settings.influxdb_org && !now->influxdb_admin_token.empty()) access.token = now->influxdb_admin_token;
  return access;
}

influx::Cover token_cover(const Settings& settings, std::string_view bucket) {
  return settings.influxdb_downsample == Switch::on && bucket != settings.influxdb_meta_bucket ? influx::Cover::all : influx::Cover::existing;
}

victoria::Options victoria_options(const Settings& settings) {
  victoria::Options options = victoria::Options::single(settings.victoria_url);
  if (!settings.victoria_write_url.empty()) options = {.write_url = settings.victoria_write_url, .read_url = settings.victoria_read_url};
  options.credential = {.user = settings.victoria_user, .password = settings.victoria_password, .token = settings.victoria_token};
  return options;
}

}  // namespace pv::app
