#pragma once
/// The settings of an installation: defaults, then powerview.toml, then a `.env` beside it, then the environment. Options of
/// a command come last and are applied by the command.
///   Errors: invalid_input, naming the file and the key (or the variable), what was found and what is allowed; not_found for
///   a file that was named and is not there.
///   Threads: a value; immutable once loaded.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "grafana/desired.h"
#include "influx/token_book.h"
#include "ingest/layout.h"
#include "model/channel.h"
#include "model/zone.h"
#include "sftp/server.h"
#include "tsv/reader.h"

namespace pv::app {

/// Settings of a tenant, of one of its campaigns, or of one device there; the narrowest that is set counts.
struct DeviceSettings {
  std::optional<model::Zone> zone;
};
struct CampaignSettings {
  std::optional<model::Zone> zone;
  std::map<std::string, DeviceSettings> devices;
};
struct TenantSettings {
  std::optional<model::Zone> zone;
  std::map<std::string, CampaignSettings> campaigns;
};

enum class Switch : std::uint8_t { on, off };
enum class LogLevel : std::uint8_t { debug, info, warning, error };

struct Settings {
  std::filesystem::path file;  // where they were read from; empty when there is no file

  std::filesystem::path data_folder;
  std::filesystem::path state_dir;
  model::Zone zone = model::Zone::utc();
  bool zone_for_all = false;  // --zone: nothing narrower counts
  LogLevel log_level = LogLevel::info;

  std::vector<std::string> extra_formats;
  tsv::RestartRows restart_rows = tsv::RestartRows::events;
  std::uint64_t max_file_bytes = 0;
  unsigned threads = 2;
  std::filesystem::path report_dir;  // empty: logs/reports beside the data folder

  std::int64_t grace_s = 0, scan_interval_s = 0;

  std::string host;
  int port = 0;
  std::string public_url;  // "https://…" behind a proxy; empty: as it listens
  Secret hook_secret;      // of POST /hooks/sftpgo; empty: there is no such route

  Switch sftp = Switch::on;
  sftp::OldClients sftp_old_clients = sftp::OldClients::host_key;
  std::string sftp_host;
  int sftp_port = 0;
  std::vector<sftp::Network> sftp_allow;  // empty: all
  std::size_t sftp_max_sessions = 0;
  std::int64_t sftp_idle_s = 0, sftp_sign_in_s = 0;

  Switch embedded_store = Switch::on;

  std::string influxdb_url, influxdb_org, influxdb_meta_bucket;
  Secret influxdb_admin_token;
  Switch influxdb_write = Switch::on, influxdb_downsample = Switch::on;
  influx::TokenRights influxdb_token_rights = influx::TokenRights::read;
  model::ChannelIdStyle influxdb_style = model::ChannelIdStyle::device_first;

  std::string victoria_url, victoria_write_url, victoria_read_url, victoria_user;
  Secret victoria_password, victoria_token;
  Switch victoria_write = Switch::on;

  std::string grafana_url, grafana_username;
  Secret grafana_password, grafana_api_token;
  grafana::Isolation grafana_isolation = grafana::Isolation::organization;
  std::string grafana_datasource_type, grafana_influxdb_url;
  std::filesystem::path grafana_templates;
  Switch grafana_provision = Switch::on, grafana_make_user = Switch::on;

  /// Whether samples go there.
  [[nodiscard]] bool sends_to_influxdb() const;
  [[nodiscard]] bool sends_to_victoria() const;

  std::map<std::string, TenantSettings> tenants;  // app/zones.h says what counts

  [[nodiscard]] std::filesystem::path reports() const;
};

/// A day from now: a row stamped later was stamped by a clock that was wrong. (A zone set wrongly accounts for half a day.)
[[nodiscard]] std::int64_t latest_believable_s();

/// Looks a variable up; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const char*)>;

/// Finds the file: `named` if given, else $POWERVIEW_CONFIG, else /etc/powerview/powerview.toml if it is there.
Result<Settings> load_settings(const std::optional<std::filesystem::path>& named, const Environment& environment);

/// What `config show` prints: every key with its value, where the value came from, and what it means, as a
/// powerview.toml that could be used as it is. Secrets show as set or not set.
Result<std::string> describe_settings(const std::optional<std::filesystem::path>& named, const Environment& environment,
                                      const std::optional<std::filesystem::path>& state_dir_option = {});

}  // namespace pv::app
