/// VictoriaMetrics beside and instead of the embedded store, the program and the real one.

#include <unistd.h>

#include <map>
#include <string>

#include <fmt/format.h>

#include "e2e/day_file.h"
#include "e2e/serving.h"
#include "testing/raw_server.h"
#include "testing/victoria_server.h"

namespace pv::testing {
namespace {

using namespace std::chrono_literals;

const std::string kFolder = "acme/north/02001084/";

class Victoria : public ::testing::Test {
 protected:
  void SetUp() override {
    PV_NEEDS_VICTORIA_METRICS();
    victoria = std::make_unique<VictoriaServer>();
  }
  [[nodiscard]] std::string section() const { return fmt::format("[victoriametrics]\nurl = \"{}\"\n", victoria->url()); }
  void given_settings(const std::string& more) {
    std::filesystem::create_directories(here.data());
    write_file(settings(), fmt::format("data_folder = \"{}\"\nstate_dir = \"{}\"\nzone = \"Europe/Paris\"\n{}", here.data().string(), here.state().string(), more));
  }
  std::filesystem::path settings() { return here.path() / "powerview.toml"; }
  /// `words` name the command.
  Ended at(std::vector<std::string> arguments, std::ptrdiff_t words = 1) {
    arguments.insert(arguments.begin() + words, {"--config", settings().string()});
    return run_program(std::move(arguments));
  }
  void given_day(int day, double base = 230, int version = 0) { here.given(kFolder + day_name(day, version), day_file(day, base)); }
  std::string stored() {
    const Ended ended = at({"export", "--tenant", "acme", "--campaign", "north", "--to", "samples"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    return ended.out;
  }
  /// What those files give in peace, in an embedded store.
  static std::string calmly(const std::map<std::string, std::string>& files) {
    Installation calm;
    for (const auto& [name, text] : files) calm.given(kFolder + name, text);
    EXPECT_EQ(calm.ingest().code, 0);
    return calm.export_samples("acme", "north").out;
  }

  Installation here;
  std::unique_ptr<VictoriaServer> victoria;
};

TEST_F(Victoria, WithoutTheStoreAndWithoutTheFilesACorrectionKeepsWhatIsThere) {
  given_settings(section());
  for (const int day : {1, 2, 3}) given_day(day);
  ASSERT_EQ(at({"ingest"}).code, 0);
  given_settings("[store]\nembedded = \"off\"\n" + section());
  // What this installation has passed on is not on record, and one day's file was archived.
  std::filesystem::remove(here.data() / kFolder / "parsed" / day_name(1));
  given_day(3, 240, 9);
  given_day(2, 240, 8);
  const Ended corrected = at({"ingest"});
  ASSERT_EQ(corrected.code, 0) << corrected.out << corrected.err;
  EXPECT_EQ(stored(), calmly({{day_name(1), day_file(1)}, {day_name(2), day_file(2, 240)}, {day_name(3), day_file(3, 240)}}));

  for (const int day : {2, 3}) std::filesystem::remove(here.data() / kFolder / "parsed" / day_name(day, day == 2 ? 8 : 9));
  given_day(2, 250, 9);
  ASSERT_EQ(at({"ingest"}).code, 0);
  EXPECT_EQ(stored(), calmly({{day_name(1), day_file(1)}, {day_name(2), day_file(2, 250)}, {day_name(3), day_file(3, 240)}}));
}

TEST_F(Victoria, WithoutTheStoreFilesWaitWhileItIsAway) {
  given_settings("[store]\nembedded = \"off\"\n" + section());
  victoria->kill();
  given_day(1);
  EXPECT_EQ(at({"ingest"}).code, 3);
  EXPECT_TRUE(std::filesystem::exists(here.data() / kFolder / day_name(1))) << "it stays where it is";
  const Ended waiting = at({"files", "show", kFolder + day_name(1)}, 2);
  EXPECT_NE(line_with(waiting.out, "fate:").find("wait"), std::string::npos) << waiting.out << waiting.err;
  victoria->start();
  ASSERT_TRUE(eventually([&] { return at({"ingest"}).code == 0 && !std::filesystem::exists(here.data() / kFolder / day_name(1)); }, 60s));
  EXPECT_EQ(stored(), calmly({{day_name(1), day_file(1)}}));
}

TEST_F(Victoria, ABackfillBringsWhatWasThereBeforeItWasSwitchedOn) {
  given_settings("");
  for (const int day : {1, 2, 3}) given_day(day);
  ASSERT_EQ(at({"ingest"}).code, 0);
  const std::string truth = stored();
  given_settings(section());
  const Ended filled = at({"victoria", "backfill"}, 2);
  ASSERT_EQ(filled.code, 0) << filled.out << filled.err;
  given_settings("[store]\nembedded = \"off\"\n" + section());
  EXPECT_EQ(stored(), truth);
  const Ended again = at({"victoria", "backfill"}, 2);
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_NE(again.out.find("1 loggers compared, 0 points sent"), std::string::npos) << again.out;
  EXPECT_EQ(stored(), truth);
}

TEST_F(Victoria, ABackfillRunsBesideServeAndRemovesOnlyWhenTold) {
  given_settings("");
  given_day(1);
  ASSERT_EQ(at({"ingest"}).code, 0);
  const std::string day = stored();
  Serving serving(here, {.environment = {}, .settings = "[ingest]\ngrace_s = 1\nscan_interval_s = 1\n" + section()});
  given_day(2);
  EXPECT_EQ(at({"victoria", "backfill"}, 2).code, 0);
  ASSERT_TRUE(eventually([&] { return at({"files", "show", kFolder + day_name(2)}, 2).out.find("waiting") == std::string::npos && stored().size() > day.size(); }, 60s));
  const std::string truth = stored();
  EXPECT_EQ(serving.stop().code, 0);
  const auto there = [&] {
    given_settings("[store]\nembedded = \"off\"\n" + section());
    const std::string text = stored();
    given_settings(section());
    return text;
  };
  EXPECT_EQ(there(), truth);

  ASSERT_EQ(at({"campaign", "erase", "--tenant", "acme", "--campaign", "north", "--yes"}, 2).code, 0);
  std::filesystem::rename(here.data() / kFolder / "parsed" / day_name(1), here.data() / kFolder / day_name(1));
  ASSERT_EQ(at({"ingest"}).code, 0);
  EXPECT_EQ(there(), truth);
  EXPECT_EQ(at({"victoria", "backfill"}, 2).code, 0);
  EXPECT_EQ(there(), truth);
  EXPECT_EQ(at({"victoria", "backfill", "--remove-extra"}, 2).code, 0);
  EXPECT_EQ(there(), day);
}

TEST(SilentVictoria, ServeAnswersAndEndsAndTheFileStaysWhereItIs) {
  const RawServer silent;
  Installation here;
  here.given(kFolder + day_name(1), day_file(1));
  Serving serving(here, {.environment = {}, .settings = fmt::format("[ingest]\ngrace_s = 1\nscan_interval_s = 1\n[store]\nembedded = \"off\"\n[victoriametrics]\nurl = \"{}\"\n", silent.url())});
  const auto status_of = [&](const std::string& path) { return Serving::curl({"-o", "/dev/null", "-w", "%{http_code}", serving.http() + path}).out; };
  EXPECT_EQ(status_of("healthz"), "200");
  EXPECT_EQ(status_of("readyz"), "503");
  EXPECT_EQ(status_of("metrics"), "200");
  EXPECT_EQ(serving.stop().code, 0) << serving.child().err_so_far();
  EXPECT_TRUE(std::filesystem::exists(here.data() / kFolder / day_name(1)));
}

}  // namespace
}  // namespace pv::testing
