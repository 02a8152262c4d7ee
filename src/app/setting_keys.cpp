#include "app/setting_keys.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/format.h>

namespace pv::app {

Result<model::Zone> zone_named(const std::string& value) {
  auto zone = model::Zone::from_name(value);
  if (!zone) return fail(Errc::invalid_input, fmt::format("'{}' is no time zone of this system; give a name like Europe/Paris or UTC", value));
  return zone;
}

std::vector<std::string> words_of(const std::string& value) {
  std::vector<std::string> list;
  std::string word;
  for (const char c : value + ",") {
    if (c != ',') {
      word += c;
      continue;
    }
    if (!word.empty()) list.push_back(std::move(word));
    word.clear();
  }
  return list;
}

namespace {

using Kind = SettingKind;

Result<void> refuse(std::string_view allowed, std::string_view value) {
  return fail(Errc::invalid_input, fmt::format("'{}' is not allowed; {}", value, allowed));
}

Result<std::int64_t> integer(const std::string& value, std::int64_t low, std::int64_t high) {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (code != std::errc{} || end != value.data() + value.size() || number < low || number > high) {
    return fail(Errc::invalid_input, fmt::format("'{}' is not allowed; a whole number from {} to {} is", value, low, high));
  }
  return number;
}

Result<void> check_url(const std::string& value) {
  if (value.empty()) return {};
  // A password in an address would be shown wherever the address is.
  if (value.find('@') != std::string::npos) return fail(Errc::invalid_input, "an address may not carry a user or password; set those by their own keys");
  const bool known = value.starts_with("http://") || value.starts_with("https://");
  return known ? Result<void>{} : refuse("give an address that starts with http:// or https://", value);
}

Result<Switch> on_or_off(const std::string& value) {
  if (value == "on") return Switch::on;
  if (value == "off") return Switch::off;
  return fail(Errc::invalid_input, fmt::format("'{}' is not allowed; \"on\" or \"off\" is", value));
}

const SettingKey kKeys[] = {
    {"", "data_folder", Kind::text, {"POWERVIEW_DATA_FOLDER", nullptr}, "/var/lib/powerview/data",
     "Logger files: <data_folder>/<company>/<campaign>/<device>/<file>.tsv",
     [](Settings& s, const std::string& v) -> Result<void> {
       if (v.empty()) return refuse("name a folder", v);
       s.data_folder = v;
       return {};
     }},
    {"", "state_dir", Kind::text, {"POWERVIEW_STATE_DIR", nullptr}, "/var/lib/powerview/state",
     "What the program keeps for itself: one store a company.",
     [](Settings& s, const std::string& v) -> Result<void> {
       if (v.empty()) return refuse("name a folder", v);
       s.state_dir = v;
       return {};
     }},
    {"", "zone", Kind::text, {"POWERVIEW_ZONE", nullptr}, "UTC",
     "Time zone of files that do not say their own, and of the days on the pages. [tenants] below can be more exact.",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(s.zone, zone_named(v));
       return {};
     }},
    {"", "log_level", Kind::text, {"TSV_LOG_LEVEL", nullptr}, "info", "debug, info, warning or error",
     [](Settings& s, const std::string& v) -> Result<void> {
       std::string level = v;
       std::transform(level.begin(), level.end(), level.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
       if (level == "debug") s.log_level = LogLevel::debug;
       else if (level == "info") s.log_level = LogLevel::info;
       else if (level == "warning" || level == "warn") s.log_level = LogLevel::warning;
       else if (level == "error" || level == "critical") s.log_level = LogLevel::error;
       else return refuse("debug, info, warning or error is", v);
       return {};
     }},
    {"ingest", "extra_formats", Kind::list, {nullptr, nullptr}, "",
     "Format names that share the layout of MV_T302_V002, for loggers newer than this program.",
     [](Settings& s, const std::string& v) -> Result<void> {
       s.extra_formats = words_of(v);
       return {};
     }},
    {"ingest", "restart_rows", Kind::text, {nullptr, nullptr}, "events",
     "What a logger's all-zero row is: \"events\" (a restart, no samples) or \"zeros\" (samples of 0 as well).",
     [](Settings& s, const std::string& v) -> Result<void> {
       if (v == "events") s.restart_rows = tsv::RestartRows::events;
       else if (v == "zeros") s.restart_rows = tsv::RestartRows::zeros;
       else return refuse("events or zeros is", v);
       return {};
     }},
    {"ingest", "max_file_bytes", Kind::integer, {nullptr, nullptr}, "268435456", "A larger file is rejected unread. A file is read whole into memory, so this bounds that too.",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(const std::int64_t bytes, integer(v, 1, std::int64_t{1} << 40));
       s.max_file_bytes = static_cast<std::uint64_t>(bytes);
       return {};
     }},
    {"ingest", "threads", Kind::integer, {nullptr, nullptr}, "2", "Threads that read files, compress blocks or answer one query.",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(const std::int64_t threads, integer(v, 1, 64));
       s.threads = static_cast<unsigned>(threads);
       return {};
     }},
    {"ingest", "report_dir", Kind::text, {"TSV_REPORT_DIR", nullptr}, "",
     "Where run reports go; empty: logs/reports beside the data folder.",
     [](Settings& s, const std::string& v) -> Result<void> {
       s.report_dir = v;
       return {};
     }},
    {"ingest", "grace_s", Kind::integer, {nullptr, nullptr}, "60",
     "A file that others put into the data folder counts as whole when it stood still for so long (or ends in END_DATA, or a hook named it).",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(s.grace_s, integer(v, 0, 86'400));
       return {};
     }},
    {"ingest", "scan_interval_s", Kind::integer, {nullptr, nullptr}, "60",
     "So often serve looks through the whole data folder for what it was not told of.",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(s.scan_interval_s, integer(v, 1, 86'400));
       return {};
     }},
    {"server", "host", Kind::text, {nullptr, nullptr}, "127.0.0.1",
     "Address of the pages; 0.0.0.0 or :: for all. Over a network put a proxy with HTTPS in front and set public_url.",
     [](Settings& s, const std::string& v) -> Result<void> {
       if (v.empty()) return refuse("give an address such as 127.0.0.1", v);
       s.host = v;
       return {};
     }},
    {"server", "port", Kind::integer, {nullptr, nullptr}, "8380", "Port of the pages; 0: any free one.",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(const std::int64_t port, integer(v, 0, 65535));
       s.port = static_cast<int>(port);
       return {};
     }},
    {"server", "public_url", Kind::text, {nullptr, nullptr}, "",
     "Address people open, when a proxy with HTTPS is in front: https://powerview.example.org",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY_VOID(check_url(v));
       s.public_url = v;
       return {};
     }},
    {"sftp", "server", Kind::text, {nullptr, nullptr}, "on", "The SFTP server of serve: \"on\" or \"off\"",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(s.sftp, on_or_off(v));
       return {};
     }},
    {"sftp", "host", Kind::text, {nullptr, nullptr}, "127.0.0.1", "Address loggers connect to; 0.0.0.0 or :: for all.",
     [](Settings& s, const std::string& v) -> Result<void> {
       if (v.empty()) return refuse("give an address such as 0.0.0.0", v);
       s.sftp_host = v;
       return {};
     }},
    {"sftp", "port", Kind::integer, {nullptr, nullptr}, "2022", "Port of SFTP; 0: any free one.",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(const std::int64_t port, integer(v, 0, 65535));
       s.sftp_port = static_cast<int>(port);
       return {};
     }},
    {"sftp", "allow", Kind::list, {nullptr, nullptr}, "", "Networks that may connect, such as \"192.0.2.0/24\"; empty: all.",
     [](Settings& s, const std::string& v) -> Result<void> {
       s.sftp_allow.clear();
       for (const std::string& word : words_of(v)) {
         PV_TRY(const sftp::Network network, sftp::Network::parse(word));
         s.sftp_allow.push_back(network);
       }
       return {};
     }},
    {"sftp", "max_sessions", Kind::integer, {nullptr, nullptr}, "256", "Sessions at once; more are turned away.",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(const std::int64_t most, integer(v, 1, 4096));
       s.sftp_max_sessions = static_cast<std::size_t>(most);
       return {};
     }},
    {"sftp", "idle_s", Kind::integer, {nullptr, nullptr}, "600", "A session that does nothing for so long is closed.",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(s.sftp_idle_s, integer(v, 1, 86'400));
       return {};
     }},
    {"sftp", "sign_in_s", Kind::integer, {nullptr, nullptr}, "30", "A connection that has not signed in after so long is closed.",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(s.sftp_sign_in_s, integer(v, 1, 600));
       return {};
     }},
    {"sftp", "old_clients", Kind::text, {nullptr, nullptr}, "host_key",
     "SHA-1 for old firmware: \"refused\", \"host_key\" (the server proves itself so when asked), or \"everything\".",
     [](Settings& s, const std::string& v) -> Result<void> {
       if (v == "refused") s.sftp_old_clients = sftp::OldClients::refused;
       else if (v == "host_key") s.sftp_old_clients = sftp::OldClients::host_key;
       else if (v == "everything") s.sftp_old_clients = sftp::OldClients::everything;
       else return refuse("refused, host_key or everything is", v);
       return {};
     }},
    {"hooks", "secret", Kind::secret, {"POWERVIEW_HOOK_SECRET", nullptr}, "",
     "What SFTPGo sends in the header X-PowerView-Hook to POST /hooks/sftpgo; empty: there is no such route.",
     [](Settings& s, const std::string& v) -> Result<void> {
       if (!v.empty() && v.size() < 16) return fail(Errc::invalid_input, "give at least 16 characters");
       s.hook_secret = Secret(v);
       return {};
     }},
    {"store", "embedded", Kind::text, {nullptr, nullptr}, "on",
     "\"off\": samples are kept in InfluxDB or VictoriaMetrics alone, and the pages read them there; files wait while it is away.",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(s.embedded_store, on_or_off(v));
       return {};
     }},
    {"influxdb", "url", Kind::text, {"INFLUXDB_URL", "INFLUXDB_HOST"}, "",
     "InfluxDB 2, Cloud or Clustered: http://localhost:8086. With org and admin_token set, each company's samples go to a bucket of its name.",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY_VOID(check_url(v));
       s.influxdb_url = v;
       return {};
     }},
    {"influxdb", "org", Kind::text, {"INFLUXDB_ORG", nullptr}, "", "Organization of the buckets.",
     [](Settings& s, const std::string& v) -> Result<void> {
       s.influxdb_org = v;
       return {};
     }},
    {"influxdb", "admin_token", Kind::secret, {"INFLUXDB_ADMIN_TOKEN", nullptr}, "",
     "A token that may make buckets and tokens of that organization and write to them.",
     [](Settings& s, const std::string& v) -> Result<void> {
       s.influxdb_admin_token = Secret(v);
       return {};
     }},
    {"influxdb", "write", Kind::text, {nullptr, nullptr}, "on", "\"off\": nothing is sent there, whatever else is set.",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(s.influxdb_write, on_or_off(v));
       return {};
     }},
    {"influxdb", "downsample", Kind::text, {nullptr, nullptr}, "on",
     "Means by hour, local day and local week go to <bucket>_1h, _1d and _1w as samples arrive, late ones too.",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(s.influxdb_downsample, on_or_off(v));
       return {};
     }},
    {"influxdb", "token_rights", Kind::text, {nullptr, nullptr}, "read",
     "What the company's own token that scripts get may do: \"read\" or \"read_write\". The one that Grafana gets only reads.",
     [](Settings& s, const std::string& v) -> Result<void> {
       if (v == "read") s.influxdb_token_rights = influx::TokenRights::read;
       else if (v == "read_write") s.influxdb_token_rights = influx::TokenRights::read_write;
       else return refuse("read or read_write is", v);
       return {};
     }},
    {"influxdb", "channel_id", Kind::text, {nullptr, nullptr}, "device-first",
     "How channels are called there: \"device-first\" (M<sn>_<label>_M<master>, what the documented dashboards use) or \"master-first\".",
     [](Settings& s, const std::string& v) -> Result<void> {
       if (v == "device-first") s.influxdb_style = model::ChannelIdStyle::device_first;
       else if (v == "master-first") s.influxdb_style = model::ChannelIdStyle::master_first;
       else return refuse("device-first or master-first is", v);
       return {};
     }},
    {"influxdb", "meta_bucket", Kind::text, {"TSV_META_BUCKET", nullptr}, "powerview_meta",
     "Bucket of what was ingested: measurements tsv_parser_run and tsv_parser_file.",
     [](Settings& s, const std::string& v) -> Result<void> {
       if (v.empty()) return refuse("name a bucket", v);
       s.influxdb_meta_bucket = v;
       return {};
     }},
    {"victoriametrics", "url", Kind::text, {nullptr, nullptr}, "", "A single node: http://localhost:8428. Start it with -retentionPeriod: it forgets after a month as shipped.",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY_VOID(check_url(v));
       s.victoria_url = v;
       return {};
     }},
    {"victoriametrics", "write_url", Kind::text, {nullptr, nullptr}, "", "A cluster, with its account: http://vminsert:8480/insert/42/influx",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY_VOID(check_url(v));
       s.victoria_write_url = v;
       return {};
     }},
    {"victoriametrics", "read_url", Kind::text, {nullptr, nullptr}, "", "A cluster, with its account: http://vmselect:8481/select/42/prometheus",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY_VOID(check_url(v));
       s.victoria_read_url = v;
       return {};
     }},
    {"victoriametrics", "user", Kind::text, {nullptr, nullptr}, "", "Of what stands before it (-httpAuth.username, vmauth, a proxy); empty: nothing does.",
     [](Settings& s, const std::string& v) -> Result<void> {
       if (v.find(':') != std::string::npos) return refuse("a name without a colon is", v);
       s.victoria_user = v;
       return {};
     }},
    {"victoriametrics", "password", Kind::secret, {"POWERVIEW_VICTORIAMETRICS_PASSWORD", nullptr}, "", "Of that user.",
     [](Settings& s, const std::string& v) -> Result<void> {
       s.victoria_password = Secret(v);
       return {};
     }},
    {"victoriametrics", "token", Kind::secret, {"POWERVIEW_VICTORIAMETRICS_TOKEN", nullptr}, "", "A bearer token (vmauth) instead of user and password.",
     [](Settings& s, const std::string& v) -> Result<void> {
       s.victoria_token = Secret(v);
       return {};
     }},
    {"victoriametrics", "write", Kind::text, {nullptr, nullptr}, "on", "\"off\": nothing is sent there, whatever else is set.",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(s.victoria_write, on_or_off(v));
       return {};
     }},
    {"grafana", "url", Kind::text, {"GRAFANA_URL", nullptr}, "", "Grafana 10 to 12: http://localhost:3000",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY_VOID(check_url(v));
       s.grafana_url = v;
       return {};
     }},
    {"grafana", "username", Kind::text, {"GRAFANA_USERNAME", nullptr}, "", "A server administrator of Grafana; organizations and users can be made in no other way.",
     [](Settings& s, const std::string& v) -> Result<void> {
       s.grafana_username = v;
       return {};
     }},
    {"grafana", "password", Kind::secret, {"GRAFANA_PASSWORD", nullptr}, "", "The administrator's password.",
     [](Settings& s, const std::string& v) -> Result<void> {
       s.grafana_password = Secret(v);
       return {};
     }},
    {"grafana", "api_token", Kind::secret, {"GRAFANA_API_TOKEN", nullptr}, "", "A service account token instead; enough for isolation = \"team\" with users made by hand.",
     [](Settings& s, const std::string& v) -> Result<void> {
       s.grafana_api_token = Secret(v);
       return {};
     }},
    {"grafana", "isolation", Kind::text, {nullptr, nullptr}, "organization",
     "\"organization\": one a company, so that no viewer can query another's samples; \"team\": one organization for all, which does not keep them apart.",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(s.grafana_isolation, grafana::parse_isolation(v));
       return {};
     }},
    {"grafana", "datasource_type", Kind::text, {nullptr, nullptr}, "influxdb", "\"influxdb\", or \"influxdb-adecwatts-datasource\" where that plugin is installed.",
     [](Settings& s, const std::string& v) -> Result<void> {
       if (v != "influxdb" && v != "influxdb-adecwatts-datasource") return refuse("influxdb or influxdb-adecwatts-datasource is", v);
       s.grafana_datasource_type = v;
       return {};
     }},
    {"grafana", "influxdb_url", Kind::text, {nullptr, nullptr}, "", "InfluxDB as Grafana reaches it; empty: influxdb.url",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY_VOID(check_url(v));
       s.grafana_influxdb_url = v;
       return {};
     }},
    {"grafana", "templates", Kind::text, {nullptr, nullptr}, "", "Folder of your own dashboard templates (campaign.json, operators.json); empty: those of the program.",
     [](Settings& s, const std::string& v) -> Result<void> {
       s.grafana_templates = v;
       return {};
     }},
    {"grafana", "make_user", Kind::text, {nullptr, nullptr}, "on", "\"off\": no user admin_<company> is made; users are made by hand ('powerview grafana add-user').",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(s.grafana_make_user, on_or_off(v));
       return {};
     }},
    {"grafana", "provision", Kind::text, {nullptr, nullptr}, "on", "\"off\": serve makes nothing in Grafana by itself on a campaign's first folder or file.",
     [](Settings& s, const std::string& v) -> Result<void> {
       PV_TRY(s.grafana_provision, on_or_off(v));
       return {};
     }},
};

}  // namespace

std::span<const SettingKey> setting_keys() { return kKeys; }

bool Settings::sends_to_influxdb() const {
  return influxdb_write == Switch::on && !influxdb_url.empty() && !influxdb_org.empty() && !influxdb_admin_token.empty();
}

bool Settings::sends_to_victoria() const { return victoria_write == Switch::on && (!victoria_url.empty() || !victoria_write_url.empty()); }

}  // namespace pv::app
