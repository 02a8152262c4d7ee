#include "victoria/mirror.h"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <ctime>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "testing/victoria_server.h"
#include "victoria/given_copy_test.h"

namespace pv::victoria {
namespace {

/// Whose truth is whole.
MirrorOptions of_whole(const std::string& url) { return {.server = Options::single(url), .beyond = Beyond::erase}; }

constexpr std::int64_t kFirst = 1'735'689'600;  // 2025-01-01

class VictoriaMirror : public ::testing::Test {
 protected:
  void SetUp() override {
    PV_NEEDS_VICTORIA_METRICS();
    victoria_ = std::make_unique<testing::VictoriaServer>();
    server_ = *Server::open(Options::single(victoria_->url()));
    mirror_ = *Mirror::open(of_whole(victoria_->url()), tenant_named("acme"));
    truth_.campaigns.push_back({"camp", {steady_logger("02000001", 3, kFirst, 1000)}, {}, {}});
    truth_.campaigns[0].loggers[0].restarts_s = {kFirst + 60, kFirst + 600'060};
    truth_.block_rows = 300;
  }
  model::MirrorOutcome put(model::Period period, model::Change change = model::Change::added) { return put_through(*mirror_, period, change); }
  model::MirrorOutcome put_through(Mirror& mirror, model::Period period, model::Change change) {
    const auto snapshot = truth_.snapshot(1);
    const model::Stretch stretch{camp(), "02000001", period, change};
    auto outcome = mirror.put(**snapshot, {&stretch, 1});
    EXPECT_TRUE(outcome) << outcome.error().message();
    return outcome ? *outcome : model::MirrorOutcome();
  }
  testing::MemoryLogger& logger() { return truth_.campaigns[0].loggers[0]; }
  void set(std::size_t column, std::size_t row, double value) { logger().rows.columns[column].mantissa[row] = static_cast<int>(value * 10); }
  static model::Period rows(std::int64_t from, std::int64_t to) { return {kFirst + from * 600, kFirst + to * 600}; }

  std::unique_ptr<testing::VictoriaServer> victoria_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Mirror> mirror_;
  testing::MemorySource truth_;
};

TEST_F(VictoriaMirror, EverythingIsThereOnceHoweverOftenItIsPut) {
  EXPECT_EQ(put(rows(0, 400)).points, 1201U);
  EXPECT_EQ(put(rows(100, 1001)).points, 1801U);
  EXPECT_EQ(put(rows(0, 1001)).points, 0U);
  auto another = *Mirror::open(of_whole(victoria_->url()), tenant_named("acme"));
  EXPECT_EQ(put_through(*another, rows(0, 1001), model::Change::added).points, 0U);
  EXPECT_EQ(held_by(*server_, "acme"), held_by_truth(truth_));
}

TEST_F(VictoriaMirror, ALoggerThatIsGoneIsPassedOver) {
  const auto snapshot = truth_.snapshot(1);
  const model::Stretch stretch{camp(), "02009999", rows(0, 10), model::Change::added};
  EXPECT_TRUE(mirror_->put(**snapshot, {&stretch, 1}));
}

TEST_F(VictoriaMirror, ACorrectionReplacesTheValueEverywhere) {
  put(rows(0, 1001));
  set(1, 500, 77.7);
  logger().rows.columns[2].mantissa[501] = model::Column::kMissing;
  logger().rows.columns[2].missing = 1;
  put(rows(500, 502), model::Change::changed);
  EXPECT_EQ(held_by(*server_, "acme"), held_by_truth(truth_));
  EXPECT_EQ(put(rows(0, 1001), model::Change::changed).points, 0U);
}

TEST_F(VictoriaMirror, ADifferenceInAnAddedStretchIsCorrectedToo) {
  put(rows(0, 1001));
  set(0, 10, 1.5);
  logger().restarts_s = {kFirst + 120};
  put(rows(0, 20));
  EXPECT_EQ(held_by(*server_, "acme").at({field_of(logger().channels[0]), kFirst + 6000}), std::vector<double>{1.5});
  EXPECT_EQ(held_by(*server_, "acme"), held_by_truth(truth_));
}

TEST_F(VictoriaMirror, AValueThatStandsTwiceIsMadeOne) {
  put(rows(0, 1001));
  const std::string line = fmt::format("{}{} {}\n", line_head(tenant_named("acme"), camp(), logger().channels[0], model::ChannelIdStyle::device_first),
                                       logger().rows.columns[0].value(3), kFirst + 1800);
  ASSERT_TRUE(server_->write(tenant_named("acme"), line, Server::Precision::seconds));
  ASSERT_NE(held_by(*server_, "acme"), held_by_truth(truth_));
  put(rows(0, 10));
  EXPECT_EQ(held_by(*server_, "acme"), held_by_truth(truth_));
}

TEST_F(VictoriaMirror, AHoleBetweenDeletingAndWritingIsFound) {
  put(rows(0, 1001));
  Selector all(tenant_named("acme"));
  all.channels();
  ASSERT_TRUE(server_->delete_series(all.text()));
  put(rows(500, 510), model::Change::changed);
  EXPECT_EQ(held_by(*server_, "acme"), held_by_truth(truth_)) << "a changed stretch is done when the whole series is there";

  const std::string note = note_head(tenant_named("acme"), camp(), "02000001", "rewriting") + fmt::format("1 {}\n", std::time(nullptr));
  ASSERT_TRUE(server_->write(tenant_named("acme"), note, Server::Precision::seconds));
  ASSERT_TRUE(server_->delete_series(all.text()));
  ASSERT_TRUE(server_->settle());
  put(rows(500, 510));
  EXPECT_EQ(held_by(*server_, "acme"), held_by_truth(truth_)) << "the note asks for the whole series";
  ASSERT_TRUE(server_->delete_series(all.text()));
  put(rows(500, 510));
  EXPECT_EQ(held_by(*server_, "acme").size(), 32U) << "the note is gone: only the stretch is looked at";
}

TEST_F(VictoriaMirror, KilledAtAnyMomentTheNextPutEndsRight) {
  put(rows(0, 1001));
  for (int i = 0; i < 12; ++i) {
    set(static_cast<std::size_t>(i % 3), 500, 100.5 + i);
    const pid_t child = fork();
    if (child == 0) {
      auto mirror = Mirror::open(of_whole(victoria_->url()), tenant_named("acme"));
      const auto snapshot = truth_.snapshot(1);
      const model::Stretch stretch{camp(), "02000001", rows(500, 501), i % 2 == 0 ? model::Change::changed : model::Change::added};
      _exit(mirror && (*mirror)->put(**snapshot, {&stretch, 1}) ? 0 : 1);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(3 + i * 5));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    if (i % 4 == 3) victoria_->kill_and_restart();
    auto mirror = *Mirror::open(of_whole(victoria_->url()), tenant_named("acme"));
    put_through(*mirror, rows(500, 501), i % 2 == 0 ? model::Change::changed : model::Change::added);
    server_ = *Server::open(Options::single(victoria_->url()));
    ASSERT_EQ(held_by(*server_, "acme"), held_by_truth(truth_)) << "round " << i;
  }
}

/// A mirror whose truth is what the files at hand say.
class VictoriaMirrorOfAPart : public VictoriaMirror {
 protected:
  void SetUp() override {
    VictoriaMirror::SetUp();
    if (IsSkipped()) return;
    put(rows(0, 1001));
    wanted_ = held_by_truth(truth_);
    part_ = *Mirror::open({Options::single(victoria_->url())}, tenant_named("acme"));
    // One file is at hand: rows 490 to 510 of two of the three channels.
    testing::MemoryLogger& all = logger();
    testing::MemoryLogger cut{all.sn, all.step_s, {all.channels[0], all.channels[1]}, {}, {}};
    for (std::size_t row = 490; row < 510; ++row) cut.rows.time_s.push_back(all.rows.time_s[row]);
    cut.rows.columns.resize(2);
    for (std::size_t c = 0; c < 2; ++c) cut.rows.columns[c].append(all.rows.columns[c], 490, 510);
    all = std::move(cut);
  }
  /// The file says another value at row 500 of the first channel.
  void correct(double value) {
    set(0, 10, value);
    wanted_[{field_of(logger().channels[0]), kFirst + 500 * 600}] = {value};
  }
  Held wanted_;
  std::unique_ptr<Mirror> part_;
};

TEST_F(VictoriaMirrorOfAPart, ErasesNothingThatItsFilesDoNotSay) {
  EXPECT_EQ(put_through(*part_, rows(490, 510), model::Change::added).points, 0U);
  EXPECT_EQ(put_through(*part_, rows(490, 510), model::Change::changed).points, 0U);
  EXPECT_EQ(held_by(*server_, "acme"), wanted_);
}

TEST_F(VictoriaMirrorOfAPart, ACorrectionKeepsWhatNoFileAtHandSays) {
  // A channel that was renamed has two series; both stay.
  const model::Channel renamed = [&] {
    model::Channel channel = logger().channels[0];
    channel.name = "Another name";
    return channel;
  }();
  const std::string line = fmt::format("{}7.5 {}\n", line_head(tenant_named("acme"), camp(), renamed, model::ChannelIdStyle::device_first), kFirst - 600);
  ASSERT_TRUE(server_->write(tenant_named("acme"), line, Server::Precision::seconds));
  wanted_[{field_of(renamed), kFirst - 600}] = {7.5};
  correct(77.7);
  put_through(*part_, rows(490, 510), model::Change::changed);
  EXPECT_EQ(held_by(*server_, "acme"), wanted_);
  logger().restarts_s = {kFirst + 500 * 600 + 30};
  wanted_[{std::string(kRestartMetric), kFirst + 500 * 600 + 30}] = {1};
  correct(66.6);
  put_through(*part_, rows(490, 510), model::Change::added);
  EXPECT_EQ(held_by(*server_, "acme"), wanted_);
  Selector aside(tenant_named("acme"));
  aside.all_aside();
  std::uint64_t left = 0;
  ASSERT_TRUE(server_->export_series(aside.text(), kAllTime, [&](const ExportedRun& run) -> Result<void> {
    left += run.time_s.size();
    return {};
  }));
  EXPECT_EQ(left, 0U);
}

TEST_F(VictoriaMirrorOfAPart, AnOldCopyThatACrashBroughtBackIsNotGivenBack) {
  const std::string line = fmt::format("{}1.25 {}\n", line_head(tenant_named("acme"), camp(), logger().channels[0], model::ChannelIdStyle::device_first, Shelf::aside), kFirst);
  ASSERT_TRUE(server_->write(tenant_named("acme"), line, Server::Precision::seconds));
  ASSERT_TRUE(server_->settle());
  correct(77.7);
  put_through(*part_, rows(490, 510), model::Change::changed);
  EXPECT_EQ(held_by(*server_, "acme"), wanted_);
}

TEST_F(VictoriaMirrorOfAPart, KilledAtAnyMomentTheNextPutOfAnyLoggerGivesBack) {
  for (int i = 0; i < 12; ++i) {
    correct(100.5 + i);
    const pid_t child = fork();
    if (child == 0) {
      auto mirror = Mirror::open({Options::single(victoria_->url())}, tenant_named("acme"));
      const auto snapshot = truth_.snapshot(1);
      const model::Stretch stretch{camp(), "02000001", rows(490, 510), model::Change::changed};
      _exit(mirror && (*mirror)->put(**snapshot, {&stretch, 1}) ? 0 : 1);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(3 + i * 5));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    if (i % 4 == 3) victoria_->kill_and_restart();
    server_ = *Server::open(Options::single(victoria_->url()));
    auto mirror = *Mirror::open({Options::single(victoria_->url())}, tenant_named("acme"));
    const auto snapshot = truth_.snapshot(1);
    ASSERT_TRUE(mirror->put(**snapshot, {}));
    EXPECT_EQ(held_by(*server_, "acme").size(), wanted_.size()) << "round " << i;
    put_through(*mirror, rows(490, 510), model::Change::changed);
    ASSERT_EQ(held_by(*server_, "acme"), wanted_) << "round " << i;
  }
}

TEST_F(VictoriaMirror, SamplesThatARestartLostAreBroughtAgainHoweverOldTheyAre) {
  Between between(victoria_->url());
  auto mirror = *Mirror::open(of_whole(between.url()), tenant_named("acme"));
  between.lose_writes(1);
  EXPECT_EQ(put_through(*mirror, rows(0, 400), model::Change::added).refused_total, 0U);
  const auto snapshot = truth_.snapshot(1);
  const model::Stretch stretch{camp(), "02000001", rows(300, 1001), model::Change::added};
  between.lose_writes(1);
  const auto outcome = mirror->put(**snapshot, {&stretch, 1});
  ASSERT_FALSE(outcome) << "what is younger than what is there is no matter of retention";
  EXPECT_EQ(outcome.error().kind(), Errc::unavailable);
  EXPECT_EQ(put_through(*mirror, rows(300, 1001), model::Change::added).refused_total, 0U);
  EXPECT_EQ(held_by(*server_, "acme"), held_by_truth(truth_));
}

TEST_F(VictoriaMirror, ARestartAfterTheLastLookIsNoticed) {
  Between between(victoria_->url());
  auto mirror = *Mirror::open(of_whole(between.url()), tenant_named("acme"));
  // The second write tells readers of the change.
  between.before("/write", 2, [this] { victoria_->kill_and_restart(); });
  const auto snapshot = truth_.snapshot(1);
  const model::Stretch stretch{camp(), "02000001", rows(0, 1001), model::Change::added};
  const auto outcome = mirror->put(**snapshot, {&stretch, 1});
  server_ = *Server::open(Options::single(victoria_->url()));
  if (outcome) {
    EXPECT_EQ(held_by(*server_, "acme"), held_by_truth(truth_));
  } else {
    EXPECT_EQ(outcome.error().kind(), Errc::unavailable);
  }
}

TEST_F(VictoriaMirror, AwayIsUnavailableAndNothingIsLost) {
  put(rows(0, 500));
  auto nowhere = *Mirror::open({Options::single("http://127.0.0.1:1")}, tenant_named("acme"));
  const auto snapshot = truth_.snapshot(1);
  const model::Stretch stretch{camp(), "02000001", rows(0, 1001), model::Change::added};
  const auto outcome = nowhere->put(**snapshot, {&stretch, 1});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind(), Errc::unavailable);
  EXPECT_EQ(Mirror::open({Options::single("")}, tenant_named("acme")).error().kind(), Errc::invalid_input);
}

TEST(VictoriaRetention, WhatLiesOutsideItIsRefusedInWords) {
  PV_NEEDS_VICTORIA_METRICS();
  const testing::VictoriaServer victoria(std::vector<std::string>{});
  auto mirror = *Mirror::open({Options::single(victoria.url())}, tenant_named("acme"));
  const std::int64_t now = std::time(nullptr);
  testing::MemorySource truth;
  truth.campaigns.push_back({"camp", {steady_logger("02000001", 2, now - 100 * 86'400, 101, 86'400)}, {}, {}});
  const auto snapshot = truth.snapshot(1);
  const model::Stretch stretch{camp(), "02000001", {0, now + 1}, model::Change::added};
  const auto outcome = mirror->put(**snapshot, {&stretch, 1});
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_GT(outcome->refused_total, 2U * 60);
  EXPECT_LT(outcome->refused_total, 2U * 80);
  EXPECT_EQ(outcome->refused_total + outcome->points, 2U * 101);
  ASSERT_FALSE(outcome->refused.empty());
  EXPECT_NE(outcome->refused[0].reason.find("-retentionPeriod"), std::string::npos);
}

}  // namespace
}  // namespace pv::victoria
