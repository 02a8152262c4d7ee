// `serve` ended at every place where its state has just changed, by kill -9 and by a power cut, and started again: the same samples,
// one fate a file, nothing twice.

#include <regex>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "e2e/serving.h"
#include "fakes/influxdb/server.h"
#include "testing/logger_text.h"
#include "testing/power_cut.h"

namespace pv {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::content_of;
using testing::Ended;
using testing::eventually;
using testing::Installation;
using testing::LoggerText;
using testing::Serving;
using testing::write_file;

constexpr const char* kFolder = "acme/north/02001084";
const std::vector<std::string> kNames = {"T302_250803_031500.tsv", "T302_250804_031500.tsv", "T302_250805_031500.tsv"};

/// Every name that the sources give to a place where a test may end the program.
std::set<std::string> fault_points() {
  std::set<std::string> names;
  const std::regex call(R"re(fault_point\("([^"]+)"\))re");
  for (const auto& entry : fs::recursive_directory_iterator(PV_SOURCE_DIR "/src")) {
    if (entry.path().extension() != ".cpp" || entry.path().filename().string().ends_with("_test.cpp")) continue;
    const std::string text = content_of(entry.path());
    for (std::sregex_iterator at(text.begin(), text.end(), call), end; at != end; ++at) {
      // Tokens are made for dashboards, samples are passed on without a store: no upload comes by here.
      const std::string point = (*at)[1];
      if (!point.starts_with("influx.") && !point.starts_with("passing.")) names.insert(point);
    }
  }
  return names;
}

/// Three days of one logger that overlap by some rows; the last one is no logger file.
std::vector<std::string> given_texts() {
  std::vector<std::string> texts;
  for (int day = 0; day < 2; ++day) {
    LoggerText text;
    text.first_s += day * 18 * 600;
    texts.push_back(text.text());
  }
  texts.emplace_back("no\tlogger\nfile\tat all\n");
  return texts;
}

/// What a copy in InfluxDB has, as `export --to samples` would tell it.
std::set<std::string> copied(const testing::influxdb::Server& copy) {
  std::set<std::string> lines;
  for (const testing::influxdb::Stored& one : copy.points("acme")) {
    if (one.measurement == "electrical") lines.insert(std::to_string(one.time_s) + "\t" + one.field + "\t" + std::to_string(std::get<double>(one.value)));
  }
  return lines;
}

/// The same lines of an export.
std::set<std::string> sample_lines(const std::string& samples) {
  std::set<std::string> lines;
  std::istringstream text(samples);
  std::string time_s, field;
  double value = 0;
  while (text >> time_s >> field >> value) lines.insert(time_s + "\t" + field + "\t" + std::to_string(value));
  return lines;
}

/// Settings of a `serve` that looks often and keeps a copy.
std::string settings_with(const testing::influxdb::Server& copy) {
  return "[ingest]\ngrace_s = 1\nscan_interval_s = 1\n[influxdb]\nurl = \"" + copy.url() + "\"\norg = \"powerview\"\nadmin_token = \"operator-token\"\n";
}

struct Outcome {
  std::string samples;
  std::multiset<std::pair<std::string, std::string>> files;
  bool operator==(const Outcome&) const = default;
};

Outcome outcome_of(const Installation& at) {
  Outcome outcome;
  outcome.samples = at.export_samples("acme", "north").out;
  outcome.files = at.fates();
  return outcome;
}

/// Hands all files in that the client does not know to be there, as a person would after an error.
void hand_in(const Installation& at, const Serving& serving, std::set<std::string>& told_ok) {
  const std::vector<std::string> texts = given_texts();
  const Ended made = serving.sftp("-mkdir north\n-mkdir north/02001084\n");
  if (made.code != 0) return;  // the server is gone
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (told_ok.contains(kNames[i])) continue;
    const fs::path local = write_file(at.path() / "local" / kNames[i], texts[i]);
    const Ended put = serving.sftp("put " + local.string() + " north/02001084/" + kNames[i] + "\n");
    if (put.code == 0) told_ok.insert(kNames[i]);
  }
}

/// Until the client knows of both logger files: what was interrupted may still have the name when it comes back, and then it tries again.
void hand_in_again(const Installation& at, const Serving& serving, std::set<std::string>& told_ok) {
  EXPECT_TRUE(eventually([&] {
    hand_in(at, serving, told_ok);
    return told_ok.size() == 2;
  }));
}

bool all_settled(const Installation& at, const Serving& serving) {
  // What lies there and nobody has reported yet is found by the scan.
  for (const auto& [content, fate] : at.fates()) {
    if (fate == "waiting") return false;
  }
  const json waiting = json::parse(serving.run({"files", "--waiting", "--json"}).out, nullptr, false);
  return waiting.is_array() && waiting.empty();
}

void expect_settled(const Installation& at, const Serving& serving, const Outcome& expected, const std::set<std::string>& told_ok) {
  EXPECT_TRUE(eventually([&] { return all_settled(at, serving); })) << serving.run({"files"}).out;
  const Outcome outcome = outcome_of(at);
  EXPECT_EQ(outcome.samples, expected.samples);
  // A file the client was not told of may have come twice; then its bytes lie twice, and their samples once.
  std::set<std::pair<std::string, std::string>> kinds(outcome.files.begin(), outcome.files.end());
  const std::set<std::pair<std::string, std::string>> wanted(expected.files.begin(), expected.files.end());
  EXPECT_EQ(kinds, wanted);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(told_ok.contains(kNames[i])) << kNames[i];
    EXPECT_EQ(serving.fate_of(std::string(kFolder) + "/" + kNames[i]), "committed");
  }
  const Ended verified = serving.run({"verify"});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
}

Outcome undisturbed() {
  const Installation at;
  Serving serving(at);
  serving.create_acme();
  std::set<std::string> told_ok;
  hand_in(at, serving, told_ok);
  EXPECT_EQ(told_ok.size(), 2U);
  EXPECT_TRUE(eventually([&] { return all_settled(at, serving); }));
  return outcome_of(at);
}

TEST(Crash, EndedAtEveryChangeOfStateAndStartedAgainNothingIsLostOrTwice) {
  const std::set<std::string> points = fault_points();
  ASSERT_GE(points.size(), 8U);
  const Outcome expected = undisturbed();
  std::set<std::string> passed;
  for (const std::string& point : points) {
    for (const int pass : {1, 2}) {
      SCOPED_TRACE(point + ":" + std::to_string(pass));
      const Installation at;
      testing::influxdb::Server copy;
      copy.start();
      Serving serving(at, {.environment = {}, .settings = settings_with(copy)});
      serving.create_acme();
      ASSERT_EQ(serving.stop().code, 0);
      serving.start({{"POWERVIEW_FAULT", point + ":" + std::to_string(pass)}});
      std::set<std::string> told_ok;
      hand_in(at, serving, told_ok);
      if (eventually([&] { return serving.child().has_ended(); }, std::chrono::seconds(pass == 1 ? 3 : 1))) passed.insert(point);
      else serving.stop();
      serving.start();
      hand_in_again(at, serving, told_ok);
      expect_settled(at, serving, expected, told_ok);
      EXPECT_TRUE(eventually([&] { return copied(copy) == sample_lines(expected.samples); })) << copied(copy).size() << " samples in the copy";
      if (HasFatalFailure()) return;
    }
  }
  passed.insert("desk.moved_aside");  // the test below
  EXPECT_EQ(passed, points) << "places that no upload comes by are not tested by this";
}

TEST(Crash, EndedWhileAHeldFileMakesRoomForAnotherOfItsName) {
  const Installation at;
  Serving serving(at, {.settings = "[ingest]\ngrace_s = 1\nscan_interval_s = 1\n"});
  serving.create_acme();
  const fs::path dump = write_file(at.path() / "local/dump", testing::stale_header_dump());
  const std::string put = " north/02001084/" + kNames[0] + "\n";
  ASSERT_EQ(serving.sftp("mkdir north\nmkdir north/02001084\nput " + dump.string() + put).code, 0);
  const std::string path = std::string(kFolder) + "/" + kNames[0];
  ASSERT_TRUE(eventually([&] { return serving.fate_of(path) == "held"; }));
  serving.stop();
  serving.start({{"POWERVIEW_FAULT", "desk.moved_aside"}});
  const std::string good = given_texts()[0];
  const fs::path local = write_file(at.path() / "local/good", good);
  EXPECT_NE(serving.sftp("put " + local.string() + put).code, 0);
  ASSERT_TRUE(eventually([&] { return serving.child().has_ended(); }));
  serving.start();
  ASSERT_EQ(serving.sftp("put " + local.string() + put).code, 0);
  ASSERT_TRUE(eventually([&] { return serving.fate_of(path) == "committed" && at.fates().contains({good, "parsed"}); })) << serving.run({"files"}).out;
  EXPECT_EQ(at.fates(), (std::multiset<std::pair<std::string, std::string>>{{good, "parsed"}, {testing::stale_header_dump(), "waiting"}}));
  json held;
  const auto is_held = [&] { return (held = json::parse(serving.run({"files", "--state", "held", "--json"}).out)).size() == 1; };
  ASSERT_TRUE(eventually(is_held)) << serving.run({"files"}).out;
  EXPECT_EQ(content_of(at.data() / held[0]["path"].get<std::string>()), testing::stale_header_dump());
}

TEST(Crash, APowerCutAtEveryChangeOfStateLosesNothingThatTheClientWasToldOf) {
  const std::set<std::string> points = fault_points();
  const Outcome expected = undisturbed();
  for (const std::string& point : points) {
    SCOPED_TRACE(point);
    const Installation before;
    testing::influxdb::Server copy;
    copy.start();
    Serving first(before, {.environment = {}, .settings = settings_with(copy)});
    first.create_acme();
    ASSERT_EQ(first.stop().code, 0);
    const testing::PowerCut cut(before.path());
    auto environment = cut.environment();
    environment["POWERVIEW_FAULT"] = point;
    first.start(environment);
    std::set<std::string> told_ok;
    hand_in(before, first, told_ok);
    if (!eventually([&] { return first.child().has_ended(); }, std::chrono::seconds(2))) first.child().send(SIGKILL);
    first.child().wait();

    // The tree as the disk has it, where the installation lies.
    const fs::path kept = before.path() / "after";
    cut.after(kept);
    for (const char* folder : {"data", "state"}) {
      fs::remove_all(before.path() / folder);
      if (fs::exists(kept / folder)) fs::rename(kept / folder, before.path() / folder);
      else fs::create_directories(before.path() / folder);
    }
    first.start();
    hand_in_again(before, first, told_ok);
    expect_settled(before, first, expected, told_ok);
    EXPECT_TRUE(eventually([&] { return copied(copy) == sample_lines(expected.samples); })) << copied(copy).size() << " samples in the copy";
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace pv
