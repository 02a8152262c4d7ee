#include "app/other_systems.h"

namespace pv::app {

influx::Access influx_access(const Settings& settings) {
  influx::Access access;
  access.url = settings.influxdb_url;
  access.organization = settings.influxdb_org;
  access.token = settings.influxdb_admin_token;
  return access;
}

influx::Cover token_cover(const Settings& settings, std::string_view bucket) {
  return settings.influxdb_downsample == Switch::on && bucket != settings.influxdb_meta_bucket ? influx::Cover::all : influx::Cover::existing;
}

victoria::Options victoria_options(const Settings& settings) {
  if (settings.victoria_write_url.empty()) return victoria::Options::single(settings.victoria_url);
  return {settings.victoria_write_url, settings.victoria_read_url};
}

}  // namespace pv::app
