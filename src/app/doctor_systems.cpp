#include <algorithm>
#include <cmath>
#include <ctime>
#include <memory>

#include <fmt/format.h>

#include "app/access.h"
#include "app/copies.h"
#include "app/doctor.h"
#include "app/other_systems.h"
#include "app/provisioning.h"
#include "app/sources.h"
#include "grafana/attack.h"
#include "grafana/names.h"
#include "grafana/provisioner.h"
#include "influx/bucket.h"
#include "influx/flux.h"
#include "influx/task.h"
#include "influx/token_book.h"
#include "influx/writer.h"

namespace pv::app {
namespace {

constexpr std::int64_t kClockSlack_s = 30;
constexpr std::uint64_t kManyWaiting = 10'000;
constexpr std::size_t kMostAttacks = 100;

/// The hour that another system's answers are stamped with, against ours.
void examine_clock_of(std::vector<Diagnosis>& all, const char* about, const std::string& url) {
  const auto http = HttpClient::open({.base_url = url, .answer_time = std::chrono::seconds(10)});
  if (!http) return;
  const auto answer = (*http)->send({.target = "/"});
  if (!answer) return;
  const std::string date(answer->header("date"));
  std::tm broken{};
  if (date.empty() || ::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &broken) == nullptr) return;
  const std::int64_t apart_s = static_cast<std::int64_t>(::timegm(&broken)) - static_cast<std::int64_t>(std::time(nullptr));
  if (std::abs(apart_s) <= kClockSlack_s) return;
  all.push_back({fmt::format("clock of {}", about), Health::warning, fmt::format("{} s from this machine's: give both a time server", apart_s)});
}

/// A write of nothing: 204 where the token may, and nothing is there afterwards that was not before.
void examine_writing(std::vector<Diagnosis>& all, influx::Connection& connection, const Settings& settings, const std::vector<influx::Bucket>& buckets) {
  if (settings.influxdb_write == Switch::off) return;
  for (const influx::Bucket& bucket : buckets) {
    if (bucket.name != settings.influxdb_meta_bucket && !influx::tenant_of(bucket.name)) continue;
    HttpRequest request{.method = "POST", .target = fmt::format("/api/v2/write?org={}&bucket={}&precision=s", percent_encoded(settings.influxdb_org), percent_encoded(bucket.name))};
    request.content_type = "text/plain; charset=utf-8";
    const auto answer = connection.send(std::move(request), "asking whether it may be written to");
    if (!answer) return;  // told of above, or away since
    if (answer->status == 401 || answer->status == 403) {
      all.push_back({"influxdb token", Health::wrong, fmt::format("influxdb.admin_token may not write to bucket {}: give PowerView an all-access token of the organization", bucket.name)});
      return;
    }
  }
}

void examine_influxdb(std::vector<Diagnosis>& all, const Settings& settings) {
  if (settings.influxdb_url.empty()) return;
  if (settings.influxdb_org.empty() || settings.influxdb_admin_token.empty()) {
    all.push_back({"influxdb", Health::wrong, "influxdb.url is set, influxdb.org or influxdb.admin_token is not: nothing is sent there"});
    return;
  }
  const auto connection = influx::Connection::open(influx_access(settings));
  if (!connection) {
    all.push_back({"influxdb", Health::wrong, connection.error().message()});
    return;
  }
  const auto version = (*connection)->version();
  if (!version) {
    all.push_back({"influxdb", Health::wrong, version.error().message()});
    return;
  }
  const bool is_known = version->empty() || version->starts_with("v2.") || version->starts_with("2.");
  all.push_back({"influxdb", is_known ? Health::well : Health::warning,
                 fmt::format("{}, {}{}", settings.influxdb_url, version->empty() ? "version not told" : *version, is_known ? "" : "; this program was made for the API of version 2")});
  examine_clock_of(all, "influxdb", settings.influxdb_url);
  if (const auto organization = (*connection)->organization_id(); !organization) {
    all.push_back({"influxdb organization", Health::wrong, organization.error().message()});
    return;
  }
  const auto buckets = influx::list_buckets(**connection);
  if (!buckets) {
    all.push_back({"influxdb token", Health::wrong, buckets.error().message()});
    return;
  }
  all.push_back({"influxdb token", Health::well, fmt::format("influxdb.admin_token sees {} buckets", buckets->size())});
  examine_writing(all, **connection, settings, *buckets);
  std::size_t old_tasks = 0;
  for (const influx::Bucket& bucket : *buckets) {
    if (!influx::tenant_of(bucket.name)) continue;
    if (const auto tasks = influx::old_downsampling_tasks(**connection, bucket.name)) old_tasks += tasks->size();
    if (bucket.kept_for_s > 0) {
      all.push_back({"bucket " + bucket.name, Health::warning, fmt::format("keeps samples for {} days only; older ones are refused", bucket.kept_for_s / 86'400)});
    }
  }
  if (old_tasks > 0) {
    all.push_back({"influxdb tasks", Health::warning,
                   fmt::format("{} tasks of the old scheme average by the clock and never see what comes late: 'powerview influx downsample --remove-old-tasks'", old_tasks)});
  }
}

void examine_outbox(std::vector<Diagnosis>& all, const Settings& settings) {
  const std::vector<std::string> sinks = copy_sinks(settings);
  if (sinks.empty()) return;
  const auto outbox = ingest::Outbox::open(settings.state_dir, sinks, ingest::Outbox::Access::read_only);
  if (!outbox) {
    if (outbox.error().kind() != Errc::not_found) all.push_back({"outbox", Health::wrong, outbox.error().message()});
    return;
  }
  const auto standing = (*outbox)->standing();
  if (!standing) {
    all.push_back({"outbox", Health::wrong, standing.error().message()});
    return;
  }
  for (const ingest::SinkStanding& sink : *standing) {
    Diagnosis one{"sink " + sink.sink, Health::well, fmt::format("{} stretches wait", sink.waiting)};
    if (sink.waiting > kManyWaiting) one.health = Health::warning;
    if (sink.refused > 0) {
      one.health = Health::warning;
      one.words += fmt::format(", {} points refused ('powerview files refused')", sink.refused);
    }
    if (!sink.trouble.empty()) {
      one.health = Health::wrong;
      one.words += fmt::format("; since {}: {}", moment_text(sink.trouble_since_s), sink.trouble);
    }
    all.push_back(std::move(one));
  }
}

void examine_victoria(std::vector<Diagnosis>& all, const Settings& settings) {
  if (!settings.sends_to_victoria()) return;
  const victoria::Options options = victoria_options(settings);
  const auto http = HttpClient::open({.base_url = options.read_url, .credential = options.credential, .answer_time = std::chrono::seconds(10)});
  if (!http) {
    all.push_back({"victoriametrics", Health::wrong, http.error().message()});
    return;
  }
  const auto answer = (*http)->send({.target = "/api/v1/labels?start=1"});
  if (!answer || answer->status != 200) {
    all.push_back({"victoriametrics", Health::wrong, answer ? fmt::format("{} answers {}", options.read_url, answer->status) : answer.error().message()});
    return;
  }
  all.push_back({"victoriametrics", Health::well, options.read_url});
}

void examine_grafana(std::vector<Diagnosis>& all, const Settings& settings) {
  if (settings.grafana_url.empty()) return;
  const auto client = grafana::Client::open(grafana_access(settings));
  if (!client) {
    all.push_back({"grafana", Health::wrong, client.error().message()});
    return;
  }
  const auto version = (*client)->version();
  if (!version) {
    all.push_back({"grafana", Health::wrong, version.error().message()});
    return;
  }
  const int major = version->empty() ? 0 : std::atoi(version->c_str());
  const bool known = major == 0 || (major >= 10 && major <= 12);
  all.push_back({"grafana", known ? Health::well : Health::warning,
                 fmt::format("{}, {}{}", settings.grafana_url, version->empty() ? "version not told" : *version, known ? "" : "; this program was made for 10 to 12")});
  examine_clock_of(all, "grafana", settings.grafana_url);
  if (settings.grafana_isolation == grafana::Isolation::team) {
    all.push_back({"grafana isolation", Health::warning, "\"team\" hides folders and dashboards, not samples: every viewer can query every company's datasource; \"organization\" keeps them apart"});
  }
  const auto companies = companies_for_grafana(settings);
  std::error_code code;
  // Looking would make the record of what is there.
  if (companies && !std::filesystem::exists(settings.state_dir / "grafana.sqlite", code)) {
    if (!companies->empty()) all.push_back({"grafana companies", Health::warning, fmt::format("nothing was made for any of {} yet: 'powerview grafana plan' shows what would be", companies->size())});
    return;
  }
  const auto provisioner = grafana::Provisioner::open(grafana_access(settings), settings.state_dir);
  if (!companies || !provisioner) {
    all.push_back({"grafana", Health::wrong, !companies ? companies.error().message() : provisioner.error().message()});
    return;
  }
  std::size_t as_they_should_be = 0;
  for (const model::TenantName& company : *companies) {
    const auto desired = desired_of(settings, company, Preparation::none);
    if (desired && desired->datasource.token.empty()) {
      all.push_back({"influxdb token of " + company.str(), Health::warning, "missing or revoked: 'powerview grafana apply' makes one and gives it to the datasource"});
    }
    const auto plan = desired ? (*provisioner)->plan(*desired) : Result<grafana::Plan>(fail(desired.error()));
    if (!plan) {
      all.push_back({"grafana of " + company.str(), Health::wrong, plan.error().message()});
      if (plan.error().kind() == Errc::denied) return;  // five wrong passwords lock an account
    } else if (!plan->is_empty()) {
      all.push_back({"grafana of " + company.str(), Health::warning, fmt::format("{} things to do: 'powerview grafana plan' shows them, 'apply' does them", plan->actions.size())});
    } else {
      ++as_they_should_be;
    }
  }
  all.push_back({"grafana companies", Health::well, fmt::format("{} of {} as they should be", as_they_should_be, companies->size())});
}

/// A company's own token, tried on another company's bucket.
Result<std::vector<std::string>> try_token(const Settings& settings, const Secret& token, influx::TokenRights rights, const std::string& own, const std::string& theirs) {
  std::vector<std::string> leaks;
  influx::Access access = influx_access(settings);
  access.token = token;
  access.token_setting = "the company's token";
  PV_TRY(const auto connection, influx::Connection::open(std::move(access)));
  std::uint64_t rows = 0;
  const auto queried = influx::run_query(*connection, fmt::format("from(bucket: {}) |> range(start: 1970-01-01T00:00:00Z, stop: 2100-01-01T00:00:00Z) |> first()", influx::flux_string(theirs)), "an attack",
                                         [&rows](const influx::CsvBlock&, std::span<const std::string_view>) -> Result<void> {
                                           ++rows;
                                           return {};
                                         });
  if (queried) leaks.push_back(fmt::format("it reads bucket {} ({} rows)", theirs, rows));
  if (!queried && queried.error().kind() == Errc::unavailable) return fail(queried.error());
  for (const std::string& bucket : {own, theirs}) {
    if (bucket == own && rights == influx::TokenRights::read_write) continue;
    HttpRequest request{.method = "POST", .target = fmt::format("/api/v2/write?org={}&bucket={}&precision=s", percent_encoded(settings.influxdb_org), percent_encoded(bucket))};
    PV_TRY(const HttpResponse answer, connection->send(std::move(request), "an attack"));
    if (answer.status / 100 == 2) leaks.push_back(fmt::format("it may write to bucket {}", bucket));
  }
  return leaks;
}

/// A company's tokens - what Grafana has, and what scripts have - on its neighbour's bucket.
void attack_influxdb(std::vector<Diagnosis>& all, const Settings& settings, const model::TenantName& viewer, const model::TenantName& victim) {
  const std::string own = influx::bucket_of(viewer), theirs = influx::bucket_of(victim);
  const auto leaks = [&]() -> Result<std::vector<std::string>> {
    PV_TRY(const auto connection, influx::Connection::open(influx_access(settings)));
    influx::TokenBook book(*connection, settings.state_dir / "influx-tokens", token_cover(settings, own));
    PV_TRY(const auto bucket, influx::find_bucket(*connection, theirs));
    if (!bucket) return fail(Errc::not_found, fmt::format("{} has no bucket yet", victim.str()));
    std::vector<std::string> found;
    bool has_token = false;
    for (const influx::TokenRights rights : {influx::TokenRights::read, influx::TokenRights::read_write}) {
      PV_TRY(const std::optional<Secret> token, book.look(own, rights));
      if (!token) continue;
      has_token = true;
      PV_TRY(auto more, try_token(settings, *token, rights, own, theirs));
      found.insert(found.end(), more.begin(), more.end());
    }
    if (!has_token) return fail(Errc::not_found, fmt::format("{} has no token to attack with: 'powerview grafana apply' or 'powerview influx token' makes one", viewer.str()));
    return found;
  }();
  if (!leaks) {
    all.push_back({"wall of influxdb", leaks.error().kind() == Errc::not_found ? Health::warning : Health::wrong, leaks.error().message()});
  } else if (leaks->empty()) {
    all.push_back({"wall of influxdb", Health::well, fmt::format("the token of {} neither reads nor writes the bucket of {}", viewer.str(), victim.str())});
  } else {
    for (const std::string& leak : *leaks) all.push_back({"wall of influxdb", Health::wrong, fmt::format("the token of {}: {}", viewer.str(), leak)});
  }
}

/// False when nobody else is to be tried: credentials were refused, and each further try counts towards the lock of the account.
bool attack_grafana(std::vector<Diagnosis>& all, const Settings& settings, const model::TenantName& viewer, const model::TenantName& victim) {
  grafana::Attack attack{.access = grafana_access(settings), .isolation = settings.grafana_isolation, .viewer = viewer, .victim = victim, .victim_bucket = influx::bucket_of(victim)};
  attack.datasource_type = settings.grafana_datasource_type;
  if (auto uids = dashboard_uids_of(settings, victim)) attack.victim_dashboards = std::move(*uids);
  const auto outcome = grafana::attack(attack);
  if (!outcome) {
    all.push_back({"wall of grafana", Health::wrong, outcome.error().message()});
    return outcome.error().kind() != Errc::denied;
  }
  if (outcome->leaks.empty()) {
    all.push_back({"wall of grafana", Health::well, fmt::format("a viewer of {} tried {} ways to {}, all refused", viewer.str(), outcome->tried, victim.str())});
  }
  for (const std::string& leak : outcome->leaks) {
    all.push_back({"wall of grafana", Health::wrong, fmt::format("a viewer of {} gets at {}: {}", viewer.str(), victim.str(), leak)});
  }
  return true;
}

}  // namespace

std::vector<Diagnosis> examine_systems(const Settings& settings) {
  std::vector<Diagnosis> all;
  examine_influxdb(all, settings);
  examine_victoria(all, settings);
  examine_outbox(all, settings);
  examine_grafana(all, settings);
  return all;
}

std::vector<Diagnosis> examine_walls(const Settings& settings) {
  std::vector<Diagnosis> all;
  const auto companies = companies_for_grafana(settings);
  if (!companies) return {{"walls", Health::wrong, companies.error().message()}};
  if (companies->size() < 2) return {{"walls", Health::well, "there is no second company to attack"}};
  // Each attacks the next, the last one the first: no company is left out on either side.
  const std::size_t attacks = std::min(companies->size(), kMostAttacks);
  bool asks_grafana = !settings.grafana_url.empty();
  for (std::size_t i = 0; i < attacks; ++i) {
    const model::TenantName& viewer = (*companies)[i];
    const model::TenantName& victim = (*companies)[(i + 1) % companies->size()];
    if (settings.sends_to_influxdb()) attack_influxdb(all, settings, viewer, victim);
    if (asks_grafana) asks_grafana = attack_grafana(all, settings, viewer, victim);
  }
  if (attacks < companies->size()) all.push_back({"walls", Health::well, fmt::format("{} of {} companies were tried", attacks, companies->size())});
  return all;
}

}  // namespace pv::app
