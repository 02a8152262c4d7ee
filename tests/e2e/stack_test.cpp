/// The larger stack: InfluxDB and VictoriaMetrics beside or instead of the embedded store, Grafana told by itself.

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "e2e/day_file.h"
#include "e2e/serving.h"
#include "fakes/grafana/fake_grafana.h"
#include "fakes/influxdb/server.h"
#include "testing/victoria_server.h"

namespace pv::testing {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

/// field -> instant -> value of a bucket's samples of one campaign.
using Samples = std::map<std::string, std::map<std::int64_t, double>>;

Samples samples_in(const influxdb::Server& server, const std::string& bucket) {
  Samples all;
  for (const influxdb::Stored& one : server.points(bucket)) {
    if (one.measurement != "electrical") continue;
    const bool is_first = all[one.field].emplace(one.time_s, std::get<double>(one.value)).second;
    EXPECT_TRUE(is_first) << bucket << " has two values of " << one.field << " at " << one.time_s;
  }
  return all;
}

/// The same from `powerview export --to samples`: "field<TAB>unix seconds<TAB>value" lines.
Samples samples_of_export(const std::string& text);

/// The settings that send samples to a server.
std::string sends_to(const influxdb::Server& server, const std::string& token = "operator-token") {
  return fmt::format("[influxdb]\nurl = \"{}\"\norg = \"powerview\"\nadmin_token = \"{}\"\n", server.url(), token);
}


class Stack : public ::testing::Test {
 protected:
  Ended at(std::vector<std::string> arguments) {
    std::size_t words = arguments.front() == "influx" || arguments.front() == "grafana" || (arguments.front() == "files" && arguments.size() > 1 && !arguments[1].starts_with('-')) ? 2 : 1;
    arguments.insert(arguments.begin() + static_cast<std::ptrdiff_t>(words), {"--config", settings().string()});
    return run_program(std::move(arguments));
  }
  std::filesystem::path settings() { return here.path() / "powerview.toml"; }
  void given_settings(const std::string& more, const std::string& top = "") {
    std::filesystem::create_directories(here.data());
    write_file(settings(), fmt::format("data_folder = \"{}\"\nstate_dir = \"{}\"\nzone = \"Europe/Paris\"\n{}{}", here.data().string(), here.state().string(), top, more));
    std::filesystem::permissions(settings(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);  // it has secrets
  }
  Ended ingest() { return at({"ingest"}); }
  void given_day(int day, double base = 230, int version = 0, const std::string& tenant = "acme") {
    here.given(fmt::format("{}/north/02001084/{}", tenant, day_name(day, version)), day_file(day, base));
  }
  Samples stored(const std::string& tenant = "acme") {
    const Ended ended = at({"export", "--tenant", tenant, "--campaign", "north", "--to", "samples"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    return samples_of_export(ended.out);
  }
  std::string fate(const std::string& path) {
    const Ended shown = at({"files", "show", path});
    return line_with(shown.out, "fate:");
  }

  Installation here;
  influxdb::Server influx;
};

Samples samples_of_export(const std::string& text) {
  Samples all;
  std::istringstream lines(text);
  std::int64_t time_s = 0;
  std::string field;
  double value = 0;
  while (lines >> time_s >> field >> value) all[field][time_s] = value;
  return all;
}

TEST_F(Stack, InfluxdbGetsWhatTheStoreHoldsAndTheRunIsOnRecordThere) {
  influx.start();
  given_settings(sends_to(influx));
  given_day(1);
  given_day(2);
  here.given("acme/north/02001084/T302_250803_000000.tsv", "not a logger file\n");
  EXPECT_EQ(ingest().code, 1);
  const Samples truth = stored();
  ASSERT_EQ(truth.size(), 2U);
  EXPECT_EQ(samples_in(influx, "acme"), truth);
  EXPECT_NE(fate("acme/north/02001084/" + day_name(1)).find("stored"), std::string::npos);
  std::map<std::string, int> files_by_status;
  for (const influxdb::Stored& one : influx.points("powerview_meta")) {
    if (one.measurement == "tsv_parser_file" && one.field == "nb_points") ++files_by_status[one.tags.at("status")];
    if (one.measurement == "tsv_parser_file" && one.field == "error") {
      EXPECT_NE(std::get<std::string>(one.value), "");
    }
  }
  EXPECT_EQ(files_by_status, (std::map<std::string, int>{{"failed", 1}, {"success", 2}}));
  // Nothing new: nothing is sent.
  influx.forget_requests();
  EXPECT_EQ(ingest().code, 0);
  for (const influxdb::Request& request : influx.requests()) EXPECT_EQ(request.target.find("bucket=acme"), std::string::npos) << request.target;
}

TEST_F(Stack, ACorrectionByALaterFileReachesTheCopy) {
  influx.start();
  given_settings(sends_to(influx));
  given_day(1, 230);
  ASSERT_EQ(ingest().code, 0);
  given_day(1, 240, 9);
  ASSERT_EQ(ingest().code, 0);
  const Samples truth = stored();
  EXPECT_DOUBLE_EQ(truth.at("M02001084_U1_M02001084_V").begin()->second, 240.0);
  EXPECT_EQ(samples_in(influx, "acme"), truth);
}

TEST_F(Stack, AnOutageWithKillsLosesNothingAndTheFateSaysWhoWaits) {
  influx.start();
  const std::string url = influx.url();
  given_settings(sends_to(influx));
  influx.stop();
  Serving serving(here, {.environment = {}, .settings = "[ingest]\ngrace_s = 1\nscan_interval_s = 1\n" + sends_to(influx)});
  for (int day = 1; day <= 6; ++day) given_day(day);
  ASSERT_TRUE(eventually([&] { return fate("acme/north/02001084/" + day_name(6)).find("1 of 2 sinks waiting") != std::string::npos; }, 60s)) << serving.child().err_so_far();
  serving.child().send(SIGKILL);
  serving.child().wait();
  for (int day = 7; day <= 9; ++day) given_day(day);
  serving.start();
  ASSERT_TRUE(eventually([&] { return fate("acme/north/02001084/" + day_name(9)).find("1 of 2 sinks waiting") != std::string::npos; }, 60s)) << serving.child().err_so_far();
  influx.start();
  ASSERT_EQ(influx.url(), url);
  const Samples truth = stored();
  ASSERT_EQ(truth.begin()->second.size(), 9U * 144);
  EXPECT_TRUE(eventually([&] { return samples_in(influx, "acme") == truth; }, 120s));
  EXPECT_TRUE(eventually([&] { return fate("acme/north/02001084/" + day_name(9)).find("waiting") == std::string::npos; }, 60s));
  EXPECT_EQ(serving.stop().code, 0);
}

TEST_F(Stack, ARevokedTokenHoldsTheSinkAndANewOneGoesOn) {
  influx.start();
  given_settings(sends_to(influx, "revoked"));
  given_day(1);
  const Ended held = ingest();
  EXPECT_EQ(held.code, 0) << "the file itself is safe";
  EXPECT_NE(held.err.find("influxdb.admin_token"), std::string::npos) << held.err;
  EXPECT_NE(fate("acme/north/02001084/" + day_name(1)).find("1 of 2 sinks waiting"), std::string::npos);
  const Ended doctor = at({"doctor"});
  EXPECT_NE(doctor.out.find("sink influxdb"), std::string::npos) << doctor.out;
  given_settings(sends_to(influx));
  given_day(2);
  EXPECT_EQ(ingest().code, 0);
  EXPECT_EQ(samples_in(influx, "acme"), stored());
}

TEST_F(Stack, ARowThatInfluxdbWillNeverTakeIsListedWithFileAndLineAndTheOthersLand) {
  influx.start();
  given_settings(sends_to(influx));
  given_day(3);
  ASSERT_EQ(ingest().code, 0);
  const Samples before = [&] {
    Installation calm;
    calm.given("acme/north/02001084/" + day_name(1), day_file(1));
    EXPECT_EQ(calm.ingest().code, 0);
    return samples_of_export(calm.export_samples("acme", "north").out);
  }();
  // Somebody has shortened what the bucket keeps.
  given_day(1);
  given_day(2);
  influx.keep_only_from("acme", before.begin()->second.rbegin()->first + 1);
  EXPECT_EQ(ingest().code, 0);
  const Samples sent = samples_in(influx, "acme");
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent.begin()->second.size(), 2U * 144) << "the second day landed";
  const Ended refused = at({"files", "refused", "--json"});
  const Json rows = Json::parse(refused.out);
  ASSERT_FALSE(rows.empty()) << refused.err;
  bool has_first_line = false;
  for (const Json& row : rows) {
    EXPECT_EQ(row["file"], "north/02001084/" + day_name(1));
    EXPECT_GE(row["line"].get<int>(), 3);
    has_first_line = has_first_line || row["line"] == 3;
  }
  EXPECT_TRUE(has_first_line);
  EXPECT_NE(fate("acme/north/02001084/" + day_name(1)).find("refused some points"), std::string::npos);
}

TEST_F(Stack, MeansByHourDayAndWeekFollowLateFilesInLocalDays) {
  influx.start();
  given_settings(sends_to(influx));
  given_day(2);
  ASSERT_EQ(ingest().code, 0);
  given_day(1);
  ASSERT_EQ(ingest().code, 0);
  const Samples truth = stored();
  const std::string field = truth.begin()->first;
  const auto mean_of = [&](std::int64_t from, std::int64_t to) {
    double sum = 0;
    int count = 0;
    for (auto it = truth.at(field).lower_bound(from); it != truth.at(field).end() && it->first < to; ++it) sum += it->second, ++count;
    return sum / count;
  };
  const auto check = [&](const std::string& bucket, std::int64_t length) {
    const Samples means = samples_in(influx, bucket);
    ASSERT_TRUE(means.contains(field)) << bucket;
    for (const auto& [end, mean] : means.at(field)) EXPECT_NEAR(mean, mean_of(end - length, end), 1e-9) << bucket << " " << end;
  };
  check("acme_1h", 3600);
  check("acme_1d", 86'400);
  check("acme_1w", 7 * 86'400);
  EXPECT_EQ(samples_in(influx, "acme_1d").at(field).size(), 2U);
  // Midnight of Paris in August.
  EXPECT_EQ(samples_in(influx, "acme_1d").at(field).begin()->first % 86'400, 22 * 3600);
}

TEST_F(Stack, CheckFindsAndRepairsWhatDiffersAndBackfillFillsAnEmptyBucket) {
  given_settings("");
  given_day(1);
  given_day(2);
  ASSERT_EQ(ingest().code, 0);
  influx.start();
  given_settings(sends_to(influx));
  EXPECT_EQ(at({"influx", "check", "--tenant", "acme"}).code, 1);
  const Ended filled = at({"influx", "backfill", "--tenant", "acme"});
  EXPECT_EQ(filled.code, 0) << filled.err;
  EXPECT_EQ(samples_in(influx, "acme"), stored());
  EXPECT_EQ(at({"influx", "check", "--tenant", "acme"}).code, 0);
  // A point too many, and one that is wrong.
  const std::string head = "electrical,campaign=north,channel_id=M02001084_U1_M02001084,channel_label=U1,channel_name=Ph\\ 1,channel_unit=V,device=MV2,device_master_sn=02001084,"
                           "device_sn=02001084,device_subtype=mono,device_type=master M02001084_U1_M02001084_V=";
  influx.given("acme", fmt::format("{}1.5 {}\n", head, stored().begin()->second.begin()->first + 7));
  const Ended found = at({"influx", "check", "--tenant", "acme"});
  EXPECT_EQ(found.code, 1) << found.out;
  EXPECT_NE(found.out.find("M02001084_U1_M02001084_V"), std::string::npos);
  EXPECT_EQ(at({"influx", "check", "--tenant", "acme", "--apply"}).code, 1) << "what only the bucket has stays unless it is asked for";
  EXPECT_NE(samples_in(influx, "acme"), stored());
  const Ended repaired = at({"influx", "check", "--tenant", "acme", "--apply", "--remove-extra"});
  EXPECT_EQ(repaired.code, 0) << repaired.out << repaired.err;
  EXPECT_EQ(samples_in(influx, "acme"), stored());
}

TEST_F(Stack, TheTokenIsPrintedAloneAndIsTheSameTheNextTime) {
  influx.start();
  given_settings(sends_to(influx));
  const Ended first = at({"influx", "token", "--bucket", "acme"});
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(first.err, "");
  EXPECT_EQ(std::count(first.out.begin(), first.out.end(), '\n'), 1);
  EXPECT_EQ(at({"influx", "token", "--bucket", "acme"}).out, first.out);
  const Ended shown = at({"config", "show"});
  EXPECT_EQ(shown.out.find("operator-token"), std::string::npos);
}

TEST_F(Stack, WithoutAnEmbeddedStoreTheSamplesAreTheSameInAnyOrderAndReadBack) {
  Installation calm;
  calm.given("acme/north/02001084/" + day_name(1), day_file(1, 230));
  calm.given("acme/north/02001084/" + day_name(1, 9), day_file(1, 240));
  ASSERT_EQ(calm.ingest().code, 0);
  const Samples truth = samples_of_export(calm.export_samples("acme", "north").out);
  influx.start();
  given_settings("[store]\nembedded = \"off\"\n" + sends_to(influx));
  // The file that wins comes first.
  given_day(1, 240, 9);
  ASSERT_EQ(ingest().code, 0);
  given_day(1, 230);
  const Ended second = ingest();
  ASSERT_EQ(second.code, 0) << second.out << second.err;
  EXPECT_EQ(samples_in(influx, "acme"), truth);
  EXPECT_EQ(stored(), truth) << "read through Flux";
  EXPECT_FALSE(std::filesystem::exists(here.state() / "stores"));
  EXPECT_EQ(at({"verify"}).code, 0);
}

TEST_F(Stack, WithoutAnEmbeddedStoreFilesWaitForInfluxdb) {
  influx.start();
  given_settings("[store]\nembedded = \"off\"\n" + sends_to(influx));
  influx.stop();
  given_day(1);
  EXPECT_EQ(ingest().code, 3);
  EXPECT_TRUE(std::filesystem::exists(here.data() / "acme/north/02001084" / day_name(1))) << "it stays where it is";
  influx.start();
  ASSERT_TRUE(eventually([&] { return ingest().code == 0 && !samples_in(influx, "acme").empty(); }, 60s));
  EXPECT_EQ(samples_in(influx, "acme").begin()->second.size(), 144U);
}

TEST_F(Stack, VictoriametricsGetsTheSameAndReadsTheSame) {
  PV_NEEDS_VICTORIA_METRICS();
  VictoriaServer victoria;
  const std::string section = fmt::format("[victoriametrics]\nurl = \"{}\"\n", victoria.url());
  given_settings(section);
  given_day(1);
  ASSERT_EQ(ingest().code, 0);
  given_day(1, 240, 9);
  const Ended corrected = ingest();
  ASSERT_EQ(corrected.code, 0) << corrected.err;
  const Samples truth = stored();
  given_settings("[store]\nembedded = \"off\"\n" + section);
  EXPECT_EQ(stored(), truth);
}

TEST_F(Stack, WithoutAnEmbeddedStoreACorrectionInVictoriametricsKeepsALoggersPast) {
  PV_NEEDS_VICTORIA_METRICS();
  VictoriaServer victoria;
  given_settings(fmt::format("[store]\nembedded = \"off\"\n[victoriametrics]\nurl = \"{}\"\n", victoria.url()));
  for (const int day : {1, 2, 3}) {
    given_day(day);
    ASSERT_EQ(ingest().code, 0);
  }
  given_day(3, 240, 9);
  const Ended corrected = ingest();
  ASSERT_EQ(corrected.code, 0) << corrected.out << corrected.err;
  Installation calm;
  for (const int day : {1, 2, 3}) calm.given("acme/north/02001084/" + day_name(day), day_file(day));
  calm.given("acme/north/02001084/" + day_name(3, 9), day_file(3, 240));
  ASSERT_EQ(calm.ingest().code, 0);
  EXPECT_EQ(stored(), samples_of_export(calm.export_samples("acme", "north").out));
}

TEST_F(Stack, WithoutAnEmbeddedStoreMeansAreOfTheWholeWeek) {
  influx.start();
  given_settings("[store]\nembedded = \"off\"\n" + sends_to(influx));
  for (const int day : {4, 5, 6}) {  // Monday to Wednesday
    given_day(day);
    ASSERT_EQ(ingest().code, 0);
  }
  const std::string field = "M02001084_U1_M02001084_V";
  double sum = 0;
  const Samples samples = samples_in(influx, "acme");
  for (const auto& [time_s, value] : samples.at(field)) sum += value;
  const Samples weeks = samples_in(influx, "acme_1w");
  ASSERT_EQ(weeks.at(field).size(), 1U);
  EXPECT_NEAR(weeks.at(field).begin()->second, sum / static_cast<double>(samples.at(field).size()), 1e-9);
}

TEST_F(Stack, ATokenIsTheSameBeforeAndAfterTheFirstSamplesAndADoctorChangesNothing) {
  influx.start();
  FakeGrafana grafana;
  given_settings(sends_to(influx) + fmt::format("[grafana]\nurl = \"{}\"\nusername = \"admin\"\npassword = \"admin-secret\"\n", grafana.url()));
  std::filesystem::create_directories(here.data() / "acme/north");
  ASSERT_EQ(at({"grafana", "apply", "acme"}).code, 0);
  const std::string token = at({"influx", "token", "--bucket", "acme"}).out;
  given_day(1);
  ASSERT_EQ(ingest().code, 0);
  EXPECT_EQ(at({"influx", "token", "--bucket", "acme"}).out, token);
  const Ended plan = at({"grafana", "plan", "acme"});
  EXPECT_NE(plan.out.find("as it should be"), std::string::npos) << plan.out;
  influx.forget_requests();
  grafana.forget_requests();
  const Samples before = samples_in(influx, "acme");
  const Ended looked = at({"doctor", "--without-serve"});
  EXPECT_EQ(looked.code, 0) << looked.out;
  EXPECT_EQ(grafana.changes(), 0U);
  // A write of nothing tells whether the token may.
  for (const influxdb::Request& request : influx.requests()) {
    EXPECT_TRUE(request.method == "GET" || request.target.starts_with("/api/v2/query") || request.target.starts_with("/api/v2/write")) << request.method << " " << request.target;
  }
  EXPECT_EQ(samples_in(influx, "acme"), before);
}

}  // namespace
}  // namespace pv::testing
