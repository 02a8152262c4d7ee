#include "app/sources.h"

#include "app/other_systems.h"
#include "influx/source.h"
#include "store/directory.h"
#include "victoria/source.h"

namespace pv::app {

Error no_store_at_all() {
  return {Errc::invalid_input, "store.embedded is \"off\", so samples need another place: set influxdb.url, influxdb.org and influxdb.admin_token, or victoriametrics.url"};
}

Result<std::unique_ptr<model::SourceDirectory>> open_sources(const Settings& settings) {
  if (settings.embedded_store == Switch::on) return std::unique_ptr<model::SourceDirectory>(std::make_unique<store::Directory>(settings.state_dir));
  if (settings.sends_to_influxdb()) {
    influx::SourceOptions options;
    options.meta_bucket = settings.influxdb_meta_bucket;
    return influx::open_directory(influx_access(settings), std::move(options));
  }
  if (!settings.sends_to_victoria()) return fail(no_store_at_all());
  PV_TRY(std::unique_ptr<model::SourceDirectory> directory, victoria::Directory::open(victoria_options(settings)));
  return directory;
}

}  // namespace pv::app
