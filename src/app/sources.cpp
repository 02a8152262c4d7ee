#include "app/sources.h"

#include <chrono>

#include "app/other_systems.h"
#include "influx/source.h"
#include "store/directory.h"
#include "victoria/source.h"

namespace pv::app {
namespace {

/// Somebody sits before the page that waits for it, and a thread with him.
constexpr std::chrono::seconds kConnect{2};
constexpr std::chrono::seconds kAnswer{30};

}  // namespace

Error no_store_at_all() {
  return {Errc::invalid_input, "store.embedded is \"off\", so samples need another place: set influxdb.url, influxdb.org and influxdb.admin_token, or victoriametrics.url"};
}

Result<std::unique_ptr<model::SourceDirectory>> open_sources(const Settings& settings) {
  if (settings.embedded_store == Switch::on) return std::unique_ptr<model::SourceDirectory>(std::make_unique<store::Directory>(settings.state_dir));
  if (settings.sends_to_influxdb()) {
    influx::SourceOptions options;
    options.meta_bucket = settings.influxdb_meta_bucket;
    influx::Access access = influx_access(settings);
    access.connect_time = kConnect;
    access.answer_time = kAnswer;
    return influx::open_directory(std::move(access), std::move(options));
  }
  if (!settings.sends_to_victoria()) return fail(no_store_at_all());
  victoria::Options options = victoria_options(settings);
  options.connect_time = kConnect;
  options.answer_time = kAnswer;
  PV_TRY(std::unique_ptr<model::SourceDirectory> directory, victoria::Directory::open(options));
  return directory;
}

}  // namespace pv::app
