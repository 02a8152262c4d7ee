/// What an operator does with the companies' copies in InfluxDB, and what reaches them in odd weeks: renamed channels, clock changes, unreadable
/// files, stopped commands.

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <map>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/file_periods.h"
#include "app/sent_series.h"
#include "e2e/serving.h"
#include "fakes/influxdb/server.h"
#include "ingest/intake_lock.h"
#include "ingest/sink_turn.h"

namespace pv::testing {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

/// field -> instant -> value of a bucket's samples of one campaign.
using Samples = std::map<std::string, std::map<std::int64_t, double>>;

constexpr const char* kPhase = "M02001084_U1_M02001084_V";
constexpr const char* kPower = "M02001084_Ch1_M02001084_W";

struct Day {
  int day = 1, month = 8;
  double base = 230;
  int version = 0;  // a later one wins
  std::string title = "Voie1";
  std::string sn = "02001084";
};

/// Rows each ten minutes of a local day; `hours` in their order.
std::string text_of(const Day& day, const std::vector<int>& hours) {
  std::string text = day.sn + "\t" + day.sn + "\t" + day.sn + "\nMV_T302_V002\tPh 1 V\t" + day.title + " W\n";
  int row = 0;
  for (const int hour : hours) {
    for (int minute = 0; minute < 60; minute += 10, ++row) {
      text += fmt::format("{:02}/{:02}/25 {:02}:{:02}:00\t{:.2f}\t{}.0\n", day.day, day.month, hour, minute, day.base + row / 100.0, row);
    }
  }
  return text;
}
std::vector<int> hours_of_a_day() {
  std::vector<int> hours;
  for (int hour = 0; hour < 24; ++hour) hours.push_back(hour);
  return hours;
}

class InfluxCopy : public ::testing::Test {
 protected:
  void SetUp() override { influx.start(); }
  Ended at(std::vector<std::string> arguments, const Child::Environment& environment = {}) {
    const std::size_t words = arguments.front() == "influx" || (arguments.front() == "files" && arguments.size() > 1) ? 2 : 1;
    arguments.insert(arguments.begin() + static_cast<std::ptrdiff_t>(words), {"--config", settings().string()});
    return run_program(std::move(arguments), environment);
  }
  std::filesystem::path settings() { return here.path() / "powerview.toml"; }
  void given_settings(const std::string& more) {
    std::filesystem::create_directories(here.data());
    write_file(settings(), fmt::format("data_folder = \"{}\"\nstate_dir = \"{}\"\nzone = \"Europe/Paris\"\n{}", here.data().string(), here.state().string(), more));
    std::filesystem::permissions(settings(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  std::string section() { return fmt::format("[influxdb]\nurl = \"{}\"\norg = \"powerview\"\nadmin_token = \"operator-token\"\n", influx.url()); }
  std::string without_store() { return "[store]\nembedded = \"off\"\n" + section(); }
  std::string given(const Day& day, const std::vector<int>& hours = hours_of_a_day()) {
    const std::string name = fmt::format("T302_25{:02}{:02}_23595{}.tsv", day.month, day.day, day.version);
    here.given(fmt::format("acme/north/{}/{}", day.sn, name), text_of(day, hours));
    return name;
  }
  void ingest() {
    const Ended ended = at({"ingest"});
    ASSERT_EQ(ended.code, 0) << ended.out << ended.err;
  }
  Samples stored() {
    const Ended ended = at({"export", "--tenant", "acme", "--campaign", "north", "--to", "samples"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    Samples all;
    std::istringstream lines(ended.out);
    std::int64_t time_s = 0;
    std::string field;
    double value = 0;
    while (lines >> time_s >> field >> value) all[field][time_s] = value;
    return all;
  }
  /// What a bucket has; a field has one value an instant there, whatever its tags.
  Samples copied(const std::string& bucket = "acme") {
    Samples all;
    for (const influxdb::Stored& one : influx.points(bucket)) {
      if (one.measurement != "electrical") continue;
      const bool is_first = all[one.field].emplace(one.time_s, std::get<double>(one.value)).second;
      EXPECT_TRUE(is_first) << bucket << " has two values of " << one.field << " at " << one.time_s;
    }
    return all;
  }
  /// Means of (end - length, end), as they should be.
  void expect_means(const std::string& bucket, const Samples& truth, const std::function<std::int64_t(std::int64_t)>& begin_of) {
    const Samples means = copied(bucket);
    ASSERT_EQ(means.size(), truth.size()) << bucket;
    for (const auto& [field, values] : means) {
      std::size_t covered = 0;
      for (const auto& [end, mean] : values) {
        double sum = 0;
        std::size_t count = 0;
        const auto& samples = truth.at(field);
        for (auto it = samples.lower_bound(begin_of(end)); it != samples.end() && it->first < end; ++it) sum += it->second, ++count;
        covered += count;
        ASSERT_GT(count, 0U) << bucket << " " << field << " " << end;
        EXPECT_NEAR(mean, sum / static_cast<double>(count), 1e-9) << bucket << " " << field << " " << end;
      }
      EXPECT_EQ(covered, truth.at(field).size()) << bucket << " " << field << ": every sample is in one window";
    }
  }
  void expect_summer_means(const Samples& truth) {
    expect_means("acme_1h", truth, [](std::int64_t end) { return end - 3600; });
    expect_means("acme_1d", truth, [](std::int64_t end) { return end - 86'400; });
    expect_means("acme_1w", truth, [](std::int64_t end) { return end - 7 * 86'400; });
  }
  std::string point(const char* field, double value, std::int64_t time_s) {
    const bool is_phase = std::string_view(field) == kPhase;
    return fmt::format("electrical,campaign=north,channel_id={},channel_label={},channel_name={},channel_unit={},device=MV2,device_master_sn=02001084,device_sn=02001084,"
                       "device_subtype=mono,device_type=master {}={} {}\n",
                       std::string(field).substr(0, std::string(field).size() - 2), is_phase ? "U1" : "Ch1", is_phase ? "Ph\\ 1" : "Voie1", is_phase ? "V" : "W", field, value, time_s);
  }

  Installation here;
  influxdb::Server influx;
};

TEST_F(InfluxCopy, AChannelThatWasRenamedHasOneValueAnInstantAndAWindow) {
  given_settings(section());
  for (const int day : {4, 5}) given({.day = day});
  ingest();
  given({.day = 5, .base = 240, .version = 9, .title = "Four"});
  given({.day = 6, .title = "Four"});
  ingest();
  EXPECT_EQ(copied(), stored());
  expect_summer_means(stored());
  std::map<std::string, std::size_t> names;
  for (const influxdb::Stored& one : influx.points("acme")) {
    if (one.field == kPower) ++names[one.tags.at("channel_name")];
  }
  EXPECT_EQ(names, (std::map<std::string, std::size_t>{{"Four", 288}, {"Voie1", 144}})) << "what was not sent again keeps its name";
  // A late correction of a day that has the former name.
  given({.day = 4, .base = 250, .version = 9, .title = "Four"});
  ingest();
  EXPECT_EQ(copied(), stored());
  expect_summer_means(stored());
  const Ended checked = at({"influx", "check"});
  EXPECT_EQ(checked.code, 0) << checked.out;
}

TEST_F(InfluxCopy, WithoutAStoreARenamedChannelCostsNoSampleOfAFileThatIsGone) {
  given_settings(without_store());
  given({.day = 4}, {10, 11, 12});
  ingest();
  ASSERT_TRUE(std::filesystem::remove(here.data() / "acme/north/02001084/parsed/T302_250804_235950.tsv"));
  // It speaks of instants before and after, under another name.
  given({.day = 4, .version = 9, .title = "Four"}, {0, 23});
  ingest();
  const Samples there = copied();
  EXPECT_EQ(there.at(kPhase).size(), 30U);
  EXPECT_EQ(there.at(kPower).size(), 30U);
}

TEST_F(InfluxCopy, FormerTagsThatAllPointsHaveDeleteNothing) {
  given_settings(section());
  given({.day = 4}, {0, 23});
  const auto acme = *model::TenantName::parse("acme");
  const auto north = *model::CampaignName::parse("north");
  ingest();
  const std::int64_t first = copied().at(kPower).begin()->first;
  {
    // A channel that had no name, and one sample of another time under the name it has.
    auto sent = app::SentSeries::open(here.state());
    ASSERT_TRUE(sent);
    auto known = (*sent)->of(acme, north, "02001084");
    ASSERT_TRUE(known);
    ASSERT_EQ(known->count(kPower), 1U);
    app::SentSeries::Series former = known->find(kPower)->second;
    former.tags.erase("channel_name");
    ASSERT_TRUE((*sent)->note(acme, north, "02001084", {former}));
  }
  influx.given("acme", point(kPower, 7, first + 40'000));
  given({.day = 4, .base = 240, .version = 9}, {0, 23});
  ingest();
  EXPECT_EQ(copied().at(kPower).count(first + 40'000), 1U);
}

TEST_F(InfluxCopy, MeansAreOfLocalDaysAndWeeksAcrossBothClockChanges) {
  given_settings(section());
  std::vector<int> spring = hours_of_a_day(), autumn = hours_of_a_day();
  spring.erase(spring.begin() + 2);
  autumn.insert(autumn.begin() + 2, 2);
  given({.day = 29, .month = 3});
  given({.day = 30, .month = 3}, spring);
  given({.day = 31, .month = 3});
  ingest();
  given({.day = 25, .month = 10});
  given({.day = 26, .month = 10}, autumn);
  given({.day = 27, .month = 10});
  ingest();
  const Samples truth = stored();
  ASSERT_EQ(truth.at(kPhase).size(), 4U * 144 + 138 + 150);
  // Midnights of Paris, by hand.
  constexpr std::int64_t kMarch30 = 1'743'289'200, kMarch31 = 1'743'372'000, kOctober26 = 1'761'429'600, kOctober27 = 1'761'519'600;
  ASSERT_EQ(kMarch31 - kMarch30, 23 * 3600);
  ASSERT_EQ(kOctober27 - kOctober26, 25 * 3600);
  expect_means("acme_1h", truth, [](std::int64_t end) { return end - 3600; });
  const auto day_begin = [&](std::int64_t end) {
    if (end == kMarch31) return kMarch30;
    if (end == kOctober27) return kOctober26;
    return end - 86'400;
  };
  expect_means("acme_1d", truth, day_begin);
  EXPECT_EQ(copied("acme_1d").at(kPhase).count(kMarch31), 1U);
  EXPECT_EQ(copied("acme_1d").at(kPhase).count(kOctober27), 1U);
  expect_means("acme_1w", truth, [&](std::int64_t end) {
    if (end == kMarch31) return end - 7 * 86'400 + 3600;
    if (end == kOctober27) return end - 7 * 86'400 - 3600;
    return end - 7 * 86'400;
  });
  EXPECT_EQ(copied("acme_1w").at(kPhase).size(), 4U);
  EXPECT_EQ(at({"influx", "check"}).code, 0);
}

TEST_F(InfluxCopy, CheckFindsMissingWrongAndExtraValuesAndRepairsThem) {
  given_settings(section());
  for (const int day : {4, 5, 6}) given({.day = day});
  ingest();
  const Samples truth = stored();
  const auto& phase = truth.at(kPhase);
  const std::int64_t first = phase.begin()->first, last = phase.rbegin()->first;
  // Of the first day a value is wrong, of the second one is missing, of the third there is one too many.
  influx.given("acme", point(kPhase, 1, first));
  influx.remove("acme", first + 86'400, first + 86'400);
  influx.given("acme", point(kPhase, 1, last - 7));
  const Ended found = at({"influx", "check"});
  EXPECT_EQ(found.code, 1);
  EXPECT_NE(found.out.find("2025-08-04  " + std::string(kPhase) + "  144 samples here, 144 there"), std::string::npos) << found.out;
  EXPECT_NE(found.out.find("2025-08-05  " + std::string(kPhase) + "  144 samples here, 143 there"), std::string::npos) << found.out;
  EXPECT_NE(found.out.find("2025-08-06  " + std::string(kPhase) + "  144 samples here, 145 there"), std::string::npos) << found.out;
  EXPECT_NE(found.out.find("4 differ"), std::string::npos) << "the missing instant had two fields: " << found.out;
  EXPECT_EQ(at({"influx", "check", "--apply"}).code, 1) << "what only the bucket has stays unless it is asked for";
  EXPECT_EQ(copied().at(kPhase).size(), phase.size() + 1);
  const Ended repaired = at({"influx", "check", "--apply", "--remove-extra"});
  EXPECT_EQ(repaired.code, 0) << repaired.out << repaired.err;
  EXPECT_EQ(copied(), truth);
  expect_summer_means(truth);
}

TEST_F(InfluxCopy, ADayThatIsGoneHereGoesThereWithItsMeansAndEvents) {
  given_settings(section());
  for (const int day : {4, 5}) given({.day = day});
  ingest();
  const Samples truth = stored();
  // As after an erased day: samples, means and an event that the store knows nothing of.
  const std::int64_t end = truth.at(kPhase).rbegin()->first + 600;
  influx.given("acme", point(kPhase, 1, end + 3000) + fmt::format("logger_event,campaign=north,device_master_sn=02001084 restart=1i {}\n", end + 3000));
  influx.given("acme_1h", point(kPhase, 1, end + 3600));
  influx.given("acme_1d", point(kPhase, 1, end + 86'400));
  const std::int64_t week = copied("acme_1w").at(kPhase).begin()->first;
  influx.given("acme_1w", point(kPhase, 7, week));
  const Ended repaired = at({"influx", "check", "--apply", "--remove-extra"});
  EXPECT_EQ(repaired.code, 0) << repaired.out << repaired.err;
  EXPECT_EQ(copied(), truth);
  expect_summer_means(truth);
  for (const influxdb::Stored& one : influx.points("acme")) EXPECT_NE(one.time_s, end + 3000) << one.measurement;
}

TEST_F(InfluxCopy, NothingIsRemovedThereWhileAFileHereCannotBeRead) {
  given_settings(without_store());
  given({.day = 4});
  const std::string name = given({.day = 5});
  ingest();
  const Samples all = copied();
  write_file(here.data() / "acme/north/02001084/parsed" / name, "not a logger file any more\n");
  const Ended refused = at({"influx", "check", "--apply", "--remove-extra"});
  EXPECT_NE(refused.code, 0);
  EXPECT_NE(refused.err.find("only copy"), std::string::npos) << refused.err;
  EXPECT_EQ(copied(), all);
}

TEST_F(InfluxCopy, NothingIsRemovedThereWhileFilesThatWereSentAreNotHere) {
  given_settings(without_store());
  for (const int day : {4, 20}) given({.day = day});
  ingest();
  const Samples all = copied();
  const std::filesystem::path company = here.data() / "acme", device = company / "north/02001084", away = here.path() / "away";
  const auto expect_refused = [&](const std::string& what, const std::string& why, std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"influx", "check", "--tenant", "acme", "--apply", "--remove-extra"};
    words.insert(words.end(), more.begin(), more.end());
    const Ended refused = at(words);
    EXPECT_NE(refused.code, 0) << what;
    EXPECT_NE(refused.err.find("only copy"), std::string::npos) << what << ": " << refused.out << refused.err;
    EXPECT_NE(refused.err.find(why), std::string::npos) << what << ": " << refused.err;
    EXPECT_EQ(copied(), all) << what;
  };
  for (const auto& folder : {company, company / "north", device}) {
    std::filesystem::rename(folder, away);
    expect_refused(folder.string() + " is away", "2 files that were sent are not in parsed/ any more (north/02001084/T302_2508");
    std::filesystem::create_directory_symlink(away, folder);
    if (folder != company) expect_refused(folder.string() + " is a link", "is not followed");
    std::filesystem::remove(folder);
    std::filesystem::rename(away, folder);
  }
  EXPECT_EQ(at({"influx", "check", "--apply", "--remove-extra"}).code, 0) << "all are back";
  std::filesystem::rename(company, away);
  std::filesystem::create_directory(company);
  expect_refused("its disk is not there", "2 files that were sent");
  std::filesystem::remove(company);
  given_settings(section());
  expect_refused("beside a store", "data_folder", {"--from-parsed"});
  std::filesystem::rename(away, company);
  given_settings(without_store());

  // What lies far from what is gone may be removed.
  std::filesystem::rename(device / "parsed/T302_250804_235950.tsv", away);
  influx.given("acme", point(kPhase, 1, all.at(kPhase).rbegin()->first - 7));
  EXPECT_NE(at({"influx", "check", "--apply", "--remove-extra"}).code, 0);
  EXPECT_EQ(copied().at(kPhase).size(), all.at(kPhase).size() + 1);
  const Ended repaired = at({"influx", "check", "--apply", "--remove-extra", "--from", "2025-08-19"});
  EXPECT_EQ(repaired.code, 0) << repaired.out << repaired.err;
  EXPECT_EQ(copied(), all);
}

TEST_F(InfluxCopy, ABackfillThatWasKilledGoesOnAndAnotherBucketOrSourceBeginsAnew) {
  given_settings("");
  for (const std::string sn : {"02001084", "02001085", "02001086"}) given({.day = 4, .sn = sn});
  ingest();
  const Samples truth = stored();
  given_settings(section());
  const Child::Environment kill = {{"POWERVIEW_FAULT", "influx.backfill_step_done:1"}};
  EXPECT_EQ(at({"influx", "backfill"}, kill).signal, SIGKILL);
  EXPECT_EQ(copied().size(), 2U) << "one logger";
  // From the files, it is another backfill; it ends, and the first one goes on all the same.
  const Ended parsed = at({"influx", "backfill", "--from-parsed"});
  EXPECT_EQ(parsed.code, 0) << parsed.err;
  EXPECT_EQ(parsed.out.find("goes on"), std::string::npos) << parsed.out;
  EXPECT_EQ(copied(), truth);
  const Ended resumed = at({"influx", "backfill"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_NE(resumed.out.find("goes on after 1 months"), std::string::npos) << resumed.out;
  EXPECT_EQ(at({"influx", "backfill"}, kill).signal, SIGKILL);
  influx.drop_bucket("acme");
  const Ended anew = at({"influx", "backfill"});
  EXPECT_EQ(anew.code, 0) << anew.err;
  EXPECT_EQ(anew.out.find("goes on"), std::string::npos) << "the months done are gone with the bucket: " << anew.out;
  EXPECT_EQ(copied(), truth);
  expect_summer_means(truth);
}

TEST_F(InfluxCopy, ABackfillWaitsForABusyServerAndListsWhatItRefuses) {
  given_settings("");
  given({.day = 4});
  ingest();
  const Samples truth = stored();
  given_settings(section());
  influx.fail_next(1, {.status = 429, .retry_after = "1", .path = "/api/v2/write"});
  influx.given("acme", "electrical,x=y " + std::string(kPower) + "=1i " + std::to_string(truth.at(kPower).begin()->first) + "\n");
  const Ended filled = at({"influx", "backfill"});
  EXPECT_EQ(filled.code, 0) << filled.err;
  EXPECT_NE(filled.err.find("tried again in"), std::string::npos) << filled.err;
  EXPECT_NE(filled.out.find("144 refused"), std::string::npos) << filled.out;
  EXPECT_EQ(Json::parse(at({"files", "refused", "--json"}).out).size(), 144U);
}

TEST_F(InfluxCopy, DownsampleReportsOldTasksRemovesThemAndReplacesTheirMeans) {
  given_settings(section());
  for (const int day : {4, 5}) given({.day = day});
  ingest();
  const Samples truth = stored();
  for (const char* level : {"_1h", "_1d", "_1w"}) influx.given_task("downsample_acme" + std::string(level));
  influx.given_task("somebody's");
  // What they wrote bears other stamps, and nobody knows how wrong it is.
  influx.given("acme_1h", point(kPhase, 99, truth.at(kPhase).begin()->first + 1800));
  influx.given("acme_1d", point(kPhase, 99, copied("acme_1d").at(kPhase).begin()->first - 7200));
  const Ended reported = at({"influx", "downsample"});
  EXPECT_EQ(reported.code, 0) << reported.err;
  for (const char* level : {"_1h", "_1d", "_1w"}) EXPECT_NE(reported.out.find("downsample_acme" + std::string(level)), std::string::npos) << reported.out;
  EXPECT_NE(reported.out.find("--remove-old-tasks"), std::string::npos);
  EXPECT_EQ(influx.tasks().size(), 4U);
  expect_summer_means(truth);
  const Ended removed = at({"influx", "downsample", "--remove-old-tasks"});
  EXPECT_EQ(removed.code, 0) << removed.err;
  EXPECT_EQ(influx.tasks(), std::vector<std::string>{"somebody's"});
  expect_summer_means(truth);
}

TEST_F(InfluxCopy, WithoutAStoreFilesOfBeforeCountInMeansAndInRank) {
  given_settings("");
  given({.day = 4, .base = 240, .version = 9});  // Monday
  ingest();
  const Samples monday = stored();
  // The store is given up: its files are the past, and go to the new bucket by hand.
  given_settings(without_store());
  ASSERT_EQ(at({"influx", "backfill", "--from-parsed"}).code, 0);
  std::filesystem::remove(here.state() / "file_periods.sqlite");
  given({.day = 4, .base = 230});
  given({.day = 5});
  ingest();
  EXPECT_EQ(copied().at(kPhase).begin()->second, monday.at(kPhase).begin()->second) << "the later version wins";
  expect_summer_means(copied());
}

TEST_F(InfluxCopy, WithoutAStoreAFileThatCouldNotBeReadOnceIsWeighedLater) {
  given_settings("");
  const std::string winner = given({.day = 4, .base = 240, .version = 9});
  ingest();
  given_settings(without_store());
  ASSERT_EQ(at({"influx", "backfill", "--from-parsed"}).code, 0);
  std::filesystem::remove(here.state() / "file_periods.sqlite");
  const int writing = ::open((here.data() / "acme/north/02001084/parsed" / winner).c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(writing, 0);
  given({.day = 20});
  ingest();
  ::close(writing);
  given({.day = 4, .base = 230});
  ingest();
  EXPECT_EQ(copied().at(kPhase).begin()->second, 240) << "the later version wins";
}

TEST_F(InfluxCopy, WithoutAStoreWhatIsTakenInIsCountedByCompanyAndGoesWithIt) {
  given_settings(without_store());
  const auto acme = *model::TenantName::parse("acme"), other = *model::TenantName::parse("other");
  const auto north = *model::CampaignName::parse("north");
  here.given("other/north/02001084/T302_250804_235950.tsv", text_of({.day = 4}, {0, 1}));
  ingest();
  {
    auto periods = app::FilePeriods::open(here.state());
    ASSERT_TRUE(periods);
    const auto acme_before = (*periods)->changes(acme), other_before = (*periods)->changes(other);
    ASSERT_TRUE(acme_before && other_before);
    given({.day = 4}, {0, 1});
    ingest();
    EXPECT_NE(*(*periods)->changes(acme), *acme_before);
    EXPECT_EQ(*(*periods)->changes(other), *other_before);
    EXPECT_EQ((*periods)->beside(acme, {})->size(), 1U);
  }
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"--config", settings().string()});
    return run_program(words).code;
  };
  ASSERT_EQ(run({"tenant", "create", "acme"}), 0);
  ASSERT_EQ(run({"tenant", "remove", "acme", "--yes", "--erase-data"}), 0);
  auto periods = app::FilePeriods::open(here.state());
  auto sent = app::SentSeries::open(here.state());
  ASSERT_TRUE(periods && sent);
  EXPECT_TRUE((*periods)->beside(acme, {})->empty());
  EXPECT_FALSE(*(*periods)->is_complete(acme));
  EXPECT_TRUE((*sent)->of(acme, north, "02001084")->empty());
  EXPECT_EQ((*periods)->beside(other, {})->size(), 1U);
  EXPECT_FALSE((*sent)->of(other, north, "02001084")->empty());
}

TEST_F(InfluxCopy, WithoutAStoreMeansAreRightAlsoWhereFilesAreGone) {
  given_settings(without_store());
  const std::string monday = given({.day = 4});
  ingest();
  ASSERT_TRUE(std::filesystem::remove(here.data() / "acme/north/02001084/parsed" / monday));
  given({.day = 5, .base = 260});
  ingest();
  ASSERT_EQ(copied().at(kPhase).size(), 288U);
  expect_summer_means(copied());
}

TEST_F(InfluxCopy, WithoutAStoreCommandsAverageWhatTheBucketHasWhereFilesAreGone) {
  given_settings(without_store());
  const std::string monday = given({.day = 4});
  given({.day = 5, .base = 260});
  ingest();
  const Samples all = copied();
  ASSERT_TRUE(std::filesystem::remove(here.data() / "acme/north/02001084/parsed" / monday));
  const Ended averaged = at({"influx", "downsample"});
  EXPECT_EQ(averaged.code, 0) << averaged.err;
  expect_summer_means(all);
  const auto [time_s, value] = *all.at(kPhase).rbegin();
  influx.given("acme", point(kPhase, value + 1, time_s));
  EXPECT_NE(at({"influx", "check", "--apply"}).code, 0) << "Monday's are extra";
  EXPECT_EQ(copied(), all);
  expect_summer_means(all);
  ASSERT_EQ(at({"influx", "backfill"}).code, 0);
  EXPECT_EQ(copied(), all);
  expect_summer_means(all);
}

TEST_F(InfluxCopy, ABackfillOfParsedFilesBesideAStoreAveragesWhatTheBucketHas) {
  given_settings(section());
  const std::string monday = given({.day = 4});
  given({.day = 5, .base = 260});
  ingest();
  ASSERT_TRUE(std::filesystem::remove(here.data() / "acme/north/02001084/parsed" / monday));
  for (const char* deed : {"backfill", "downsample"}) {
    const Ended done = at({"influx", deed, "--from-parsed"});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(copied(), stored()) << deed;
    expect_summer_means(stored());
  }
}

TEST_F(InfluxCopy, WithoutAStoreRefusedRowsAreListedWithFileAndLine) {
  given_settings(without_store());
  given({.day = 5});
  ingest();
  influx.keep_only_from("acme", copied().at(kPhase).begin()->first - 3600);
  const std::string name = given({.day = 4});
  ingest();
  const Json rows = Json::parse(at({"files", "refused", "--json", "--limit", "1000"}).out);
  EXPECT_EQ(rows.size(), 2U * 138);
  bool has_first_line = false;
  for (const Json& row : rows) {
    EXPECT_EQ(row["file"], "north/02001084/" + name);
    has_first_line = has_first_line || row["line"] == 3;
  }
  EXPECT_TRUE(has_first_line);
}

/// Whether somebody waits for the turn that this test has.
bool somebody_waits(const std::filesystem::path& state) {
  const int file = ::open((state / ".sink-influxdb.next").c_str(), O_RDWR | O_CLOEXEC);
  const bool waits = file >= 0 && ::flock(file, LOCK_EX | LOCK_NB) != 0;
  ::close(file);
  return waits;
}

TEST_F(InfluxCopy, WhatACommandReadsItReadsInItsTurnSoThatACorrectionIsNotWrittenOver) {
  for (const char* command : {"backfill", "downsample"}) {
    given_settings(section());
    given({.day = 4});
    ingest();
    auto turn = ingest::SinkTurn::take(here.state(), "influxdb");
    ASSERT_TRUE(turn);
    Child sending({PV_BINARY, "influx", command, "--config", settings().string()});
    ASSERT_TRUE(eventually([&] { return somebody_waits(here.state()) || sending.has_ended(); }));
    const std::string name = given({.day = 4, .base = command[0] == 'b' ? 240.0 : 250.0, .version = command[0] == 'b' ? 8 : 9});
    Child correcting({PV_BINARY, "ingest", "--config", settings().string()});
    ASSERT_TRUE(eventually([&] { return line_with(at({"files", "show", "acme/north/02001084/" + name}).out, "fate:").find("1 of 2 sinks waiting") != std::string::npos; }));
    turn = fail(Errc::io, "given back");
    EXPECT_EQ(sending.wait().code, 0);
    EXPECT_EQ(correcting.wait().code, 0);
    EXPECT_EQ(copied(), stored()) << command;
    expect_summer_means(stored());
  }
}

TEST_F(InfluxCopy, AStopEndsAnIngestThatWaitsForACopy) {
  given_settings(section());
  const std::string name = given({.day = 4});
  auto turn = ingest::SinkTurn::take(here.state(), "influxdb");
  ASSERT_TRUE(turn);
  Child child({PV_BINARY, "ingest", "--config", settings().string()});
  ASSERT_TRUE(eventually([&] { return somebody_waits(here.state()); }));
  ASSERT_TRUE(eventually([&] { return line_with(at({"files", "show", "acme/north/02001084/" + name}).out, "fate:").find("1 of 2 sinks waiting") != std::string::npos; }));
  child.send(SIGTERM);
  const Ended ended = child.wait();
  EXPECT_NE(ended.err.find("stretches wait"), std::string::npos) << ended.err;
}

TEST_F(InfluxCopy, WithoutAStoreAStopEndsTheWaitForTheTurnOfAnother) {
  given_settings(without_store());
  const std::string name = given({.day = 4});
  auto turn = ingest::SinkTurn::take(here.state(), "influxdb");
  ASSERT_TRUE(turn);
  {
    Child child({PV_BINARY, "ingest", "--config", settings().string()});
    ASSERT_TRUE(eventually([&] { return somebody_waits(here.state()); }));
    child.send(SIGTERM);
    ASSERT_TRUE(eventually([&] { return child.has_ended(); }));
    child.wait();
  }
  Serving serving(here, {.environment = {}, .settings = "[ingest]\ngrace_s = 1\nscan_interval_s = 1\n" + without_store()});
  std::filesystem::permissions(settings(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  ASSERT_TRUE(eventually([&] { return somebody_waits(here.state()); }, 60s)) << serving.child().err_so_far();
  serving.child().send(SIGTERM);
  EXPECT_TRUE(eventually([&] { return serving.child().has_ended(); }));
  turn = fail(Errc::io, "given back");
  EXPECT_EQ(serving.child().wait().code, 0);
  EXPECT_TRUE(std::filesystem::exists(here.data() / "acme/north/02001084" / name)) << "it stays where it is";
  ingest();
  EXPECT_EQ(copied().at(kPhase).size(), 144U);
}

TEST_F(InfluxCopy, AnIngestThatWaitedForAnotherTakesItsFilesItself) {
  given_settings(section());
  const std::string name = given({.day = 4});
  auto other = ingest::IntakeLock::take(here.state());
  ASSERT_TRUE(other);
  Child child({PV_BINARY, "ingest", "--config", settings().string()});
  ASSERT_TRUE(eventually([&] { return at({"files", "show", "acme/north/02001084/" + name}).code == 0; }));
  EXPECT_FALSE(child.has_ended());
  other = fail(Errc::io, "gone");
  const Ended ended = child.wait();
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
  EXPECT_EQ(copied(), stored());
}

}  // namespace
}  // namespace pv::testing
