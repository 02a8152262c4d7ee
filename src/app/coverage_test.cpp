/// What receipts tell of a file beside what is stored, with real stores and a real ledger.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "app/reading_rules.h"
#include "app/tenant_sinks.h"
#include "ingest/errand.h"
#include "ingest/pipeline.h"
#include "store/directory.h"
#include "tenancy/registry.h"
#include "testing/logger_text.h"
#include "testing/temp_folder.h"

namespace pv::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::LoggerText;

constexpr std::int64_t kBegin_s = 1'754'179'200;  // 2025-08-03 00:00
constexpr const char* kDevice = "acme/north/02001084/";

class CoverageOfFilesTest : public ::testing::Test {
 protected:
  testing::TempFolder folder_;
  Settings settings_;
  store::Directory directory_{folder_ / "state"};
  std::unique_ptr<tenancy::Registry> registry_;

  CoverageOfFilesTest() {
    settings_.data_folder = folder_ / "data";
    settings_.state_dir = folder_ / "state";
    settings_.max_file_bytes = 1 << 20;
    registry_ = std::move(tenancy::Registry::open(settings_.state_dir)).value();
  }

  /// Rows [from, to) of a logger that writes every ten minutes.
  void hand_in(const std::string& name, std::int64_t from, std::int64_t to) const {
    const LoggerText text{.first_s = kBegin_s + from * 600, .rows = static_cast<std::size_t>(to - from)};
    folder_.given_file("data/" + (kDevice + name), text.text());
  }
  void hand_in(const std::string& name, std::initializer_list<std::int64_t> rows) const {
    const LoggerText logger;
    std::string text = logger.header();
    for (const std::int64_t row : rows) text += logger.row(kBegin_s + row * 600);
    folder_.given_file("data/" + (kDevice + name), text);
  }
  ingest::RunReport run() {
    const Zones zones(settings_, registry_.get());
    TenantSinks sinks(directory_, 1);
    const auto ledger = std::move(ingest::Ledger::open(settings_.state_dir)).value();
    ingest::ErrandOptions errand;
    errand.run.rules = reading_rules(settings_, zones, directory_);
    errand.run.stored = &directory_;
    errand.run.sink_of = [&](const model::TenantName& tenant) { return sinks.sink_of(tenant); };
    errand.run.ledger = ledger.get();
    errand.run.data_folder = settings_.data_folder;
    errand.run.receipts = ingest::Receipts::beside;
    errand.state_dir = settings_.state_dir;
    auto report = ingest::run_errand(std::move(ingest::find_files(settings_.data_folder)).value().files, errand);
    EXPECT_TRUE(report) << report.error().message();
    return report ? std::move(*report) : ingest::RunReport{};
  }
  /// The file's receipt as the ledger keeps it, for the commands, the API and the pages.
  json receipt(const std::string& name) const {
    const auto ledger = std::move(ingest::Ledger::open(settings_.state_dir)).value();
    const auto entry = ledger->entry_at(kDevice + name).value();
    return json::parse(entry.value().receipt_json);
  }
  json coverage(const std::string& name) const { return receipt(name)["coverage"]; }
  std::string receipt_text(const std::string& name) const { return testing::content_of(folder_ / "data" / kDevice / "parsed" / (name + ".receipt.txt")); }
  static json span(const char* from, const char* to) {
    return {{"from", std::string("2025-08-03T") + from + ":00Z"}, {"to", std::string("2025-08-03T") + to + ":00Z"}};
  }
};

TEST_F(CoverageOfFilesTest, TheFirstFileOfALoggerIsAllNew) {
  hand_in("T302_250803_010000.tsv", {0, 1, 2, 5, 6});
  const ingest::RunReport report = run();
  const json told = coverage("T302_250803_010000.tsv");
  EXPECT_EQ(told["rows_new"], 5);
  EXPECT_EQ(told["rows_known"], 0);
  EXPECT_EQ(told["gaps_left"], json({{"count", 1}, {"seconds", 1200}, {"first", {span("00:20", "00:40")}}}));
  EXPECT_TRUE(told["gap_before"].is_null());
  EXPECT_EQ(json::parse(to_json(report))["files"][0]["coverage"], told) << "the run's report says the same";
}

TEST_F(CoverageOfFilesTest, AFileAfterAGapTellsWhatIsMissingBeforeIt) {
  hand_in("T302_250803_010000.tsv", 0, 6);
  run();
  hand_in("T302_250803_030000.tsv", 12, 18);
  run();
  const json told = coverage("T302_250803_030000.tsv");
  EXPECT_EQ(told["gap_before"], span("00:50", "01:50"));
  EXPECT_EQ(told["rows_new"], 6);
  EXPECT_NE(receipt_text("T302_250803_030000.tsv").find("nothing from 2025-08-03T00:50:00Z to 2025-08-03T01:50:00Z, before this file"), std::string::npos)
      << receipt_text("T302_250803_030000.tsv");
}

TEST_F(CoverageOfFilesTest, ALaterFileTellsOfTheGapThatItCloses) {
  hand_in("T302_250803_010000.tsv", 0, 6);
  hand_in("T302_250803_030000.tsv", 12, 18);
  run();
  hand_in("T302_250803_040000.tsv", 5, 13);
  run();
  const json told = coverage("T302_250803_040000.tsv");
  EXPECT_EQ(told["gaps_closed"], json({{"count", 1}, {"seconds", 3600}, {"first", {span("00:50", "01:50")}}}));
  EXPECT_EQ(told["rows_known"], 2);
  EXPECT_EQ(told["rows_new"], 6);
  EXPECT_NE(receipt_text("T302_250803_040000.tsv").find("1 gap that this file closes (3600 s)"), std::string::npos);
}

TEST_F(CoverageOfFilesTest, AnOverlappingResendTellsWhatWasKnownAndWhatDiffers) {
  hand_in("T302_250803_010000.tsv", 0, 6);
  run();
  hand_in("T302_250803_020000.tsv", 3, 9);
  run();
  json told = receipt("T302_250803_020000.tsv");
  EXPECT_EQ(told["coverage"]["rows_known"], 3);
  EXPECT_EQ(told["coverage"]["rows_new"], 3);
  EXPECT_EQ(told["nb_points_same"], 9);
  EXPECT_EQ(told["nb_points_new"], 9);
  EXPECT_EQ(told["nb_points_replaced"], 0);
  LoggerText other{.first_s = kBegin_s, .rows = 0};
  std::string text = other.header() + testing::stamp_text(kBegin_s) + "\t231.07\t1.5\t2.5\n";
  folder_.given_file("data/" + (kDevice + std::string("T302_250803_050000.tsv")), text);
  run();
  told = receipt("T302_250803_050000.tsv");
  EXPECT_EQ(told["coverage"]["rows_known"], 1);
  EXPECT_EQ(told["nb_points_replaced"], 3);
}

TEST_F(CoverageOfFilesTest, AFileThatComesLateLiesBetweenThoseThatAreStored) {
  hand_in("T302_250803_050000.tsv", 24, 30);
  run();
  hand_in("T302_250803_010000.tsv", 0, 6);
  run();
  const json told = coverage("T302_250803_010000.tsv");
  EXPECT_TRUE(told["gap_before"].is_null());
  EXPECT_EQ(told["gap_after"], span("00:50", "03:50"));
  EXPECT_EQ(told["gaps_closed"]["count"], 0);
}

TEST_F(CoverageOfFilesTest, FilesThatAreTakenTogetherKnowOfEachOther) {
  hand_in("T302_250803_010000.tsv", 0, 6);
  run();
  hand_in("T302_250803_020000.tsv", 6, 12);
  hand_in("T302_250803_030000.tsv", 12, 18);
  hand_in("T302_250803_050000.tsv", 24, 30);
  run();
  EXPECT_TRUE(coverage("T302_250803_020000.tsv")["gap_before"].is_null());
  EXPECT_TRUE(coverage("T302_250803_030000.tsv")["gap_before"].is_null());
  EXPECT_EQ(coverage("T302_250803_050000.tsv")["gap_before"], span("02:50", "03:50"));
}

TEST_F(CoverageOfFilesTest, TheExpectedStepOfADeviceCountsOverThatOfItsRows) {
  const tenancy::Actor by{"test", ""};
  const auto tenant = model::TenantName::parse("acme").value();
  const auto campaign = model::CampaignName::parse("north").value();
  const auto device = model::DeviceName::parse("02001084").value();
  ASSERT_TRUE(registry_->create_tenant(tenant, {}, by));
  hand_in("T302_250803_010000.tsv", 0, 3);
  run();
  EXPECT_EQ(receipt("T302_250803_010000.tsv")["nb_gaps"], 0);
  tenancy::ScopeSettings five_minutes;
  five_minutes.expected_step_s = 300;
  ASSERT_TRUE(registry_->set_settings({tenant, campaign, device}, five_minutes, {}, by));
  hand_in("T302_250803_020000.tsv", 3, 6);
  run();
  const json told = receipt("T302_250803_020000.tsv");
  EXPECT_EQ(told["nb_gaps"], 2);
  EXPECT_EQ(told["gap_s"], 600);
  EXPECT_EQ(told["coverage"]["gaps_left"]["count"], 2);
  EXPECT_EQ(told["coverage"]["gap_before"], span("00:20", "00:25"));
  EXPECT_EQ(Zones(settings_, registry_.get()).expected_steps_of(tenant, campaign).of("02001084"), 300);
}

TEST_F(CoverageOfFilesTest, TheNarrowestExpectedStepCounts) {
  const tenancy::Actor by{"test", ""};
  const auto tenant = model::TenantName::parse("acme").value();
  const auto campaign = model::CampaignName::parse("north").value();
  tenancy::ScopeSettings step;
  step.expected_step_s = 900;
  ASSERT_TRUE(registry_->create_tenant(tenant, step, by));
  const auto steps = [&](const char* of_campaign) {
    return Zones(settings_, registry_.get()).expected_steps_of(tenant, model::CampaignName::parse(of_campaign).value());
  };
  EXPECT_EQ(steps("north"), (model::ExpectedSteps{900, {}}));
  step.expected_step_s = 600;
  ASSERT_TRUE(registry_->set_settings({tenant, campaign, {}}, step, {}, by));
  step.expected_step_s = 60;
  ASSERT_TRUE(registry_->set_settings({tenant, campaign, model::DeviceName::parse("02001084").value()}, step, {}, by));
  EXPECT_EQ(steps("north"), (model::ExpectedSteps{600, {{"02001084", 60}}}));
  EXPECT_EQ(steps("south"), (model::ExpectedSteps{900, {}}));
}

}  // namespace
}  // namespace pv::app
