#include "ingest/forwarder.h"

#include <atomic>
#include <set>

#include <gtest/gtest.h>

#include "ingest/outbox_sink.h"
#include "base/database.h"
#include "testing/memory_source.h"
#include "testing/temp_folder.h"

namespace pv::ingest {
namespace {

using namespace std::chrono_literals;

const model::TenantName kAcme = *model::TenantName::parse("acme");
const model::CampaignName kSite = *model::CampaignName::parse("site");

/// One logger's file of ten rows from `first_s` on.
struct SmallFile {
  explicit SmallFile(std::int64_t first_s, std::string name = "a.tsv", std::string sn = "1") {
    origin.name = std::move(name);
    origin.device_folder = sn;
    origin.digest[0] = static_cast<std::byte>(first_s / 600);
    model::LoggerTable& table = tables.emplace_back();
    table.channels.push_back({.master_sn = sn, .device_sn = sn, .label = "U1", .name = "Ph 1", .unit = "V"});
    table.rows.columns.resize(1);
    for (int i = 0; i < 10; ++i) {
      table.rows.time_s.push_back(first_s + i * 600);
      table.rows.columns[0].push_decimal(2300 + i, 1);
    }
  }
  [[nodiscard]] model::Delivery delivery() const { return {.campaign = &kSite, .origin = &origin, .tables = tables, .events = {}, .logger_sn = tables[0].channels[0].master_sn}; }
  model::FileOrigin origin;
  std::vector<model::LoggerTable> tables;
};

/// A store that says what it is told to.
class ToldStore final : public model::SampleSink {
 public:
  model::DeliveryOutcome says{.samples_new = 10};
  bool fails = false;
  Result<std::vector<model::DeliveryOutcome>> write(std::span<const model::Delivery> deliveries) override {
    if (fails) return fail(Errc::io, "disk full");
    return std::vector<model::DeliveryOutcome>(deliveries.size(), says);
  }
};

class ToldMirror final : public model::Mirror {
 public:
  Result<model::MirrorOutcome> put(model::SampleSnapshot&, std::span<const model::Stretch> stretches) override {
    const std::lock_guard lock(mutex);
    ++calls;
    if (error) return fail(*error);
    put_.insert(put_.end(), stretches.begin(), stretches.end());
    return says;
  }
  [[nodiscard]] std::int64_t not_before_s() const override { return 0; }
  std::vector<model::Stretch> got() {
    const std::lock_guard lock(mutex);
    return put_;
  }
  void set_error(std::optional<Error> to) {
    const std::lock_guard lock(mutex);
    error = std::move(to);
  }
  std::mutex mutex;
  std::optional<Error> error;
  model::MirrorOutcome says;
  int calls = 0;

 private:
  std::vector<model::Stretch> put_;
};

class MemoryDirectory final : public model::SourceDirectory {
 public:
  std::shared_ptr<testing::MemorySource> source = std::make_shared<testing::MemorySource>();
  Result<std::vector<model::TenantName>> tenants() override { return std::vector{kAcme}; }
  Result<std::shared_ptr<model::SampleSource>> open(const model::TenantName&) override { return std::shared_ptr<model::SampleSource>(source); }
};

class OutboxTest : public ::testing::Test {
 protected:
  void SetUp() override { reopen(); }
  void reopen(std::vector<std::string> sinks = {"influxdb"}) {
    outbox.reset();
    auto opened = Outbox::open(folder.path(), std::move(sinks), Outbox::Access::read_write, [this] { return clock.load(); });
    ASSERT_TRUE(opened) << opened.error().message();
    outbox = std::move(*opened);
  }
  void write(const SmallFile& file) {
    OutboxSink sink(kAcme, store, *outbox, [] {});
    const auto delivery = file.delivery();
    const auto written = sink.write(std::span(&delivery, 1));
    ASSERT_TRUE(written) << written.error().message();
  }
  std::size_t waiting(const std::string& sink = "influxdb") { return outbox->next(sink, 1000)->size(); }
  std::unique_ptr<Forwarder> forward() {
    ForwarderOptions options;
    options.sink = "influxdb";
    options.outbox = outbox.get();
    options.truth = &directory;
    options.mirror_of = [this](const model::TenantName&) -> Result<model::Mirror*> { return &mirror; };
    options.first_wait = 5ms;
    options.longest_wait = 20ms;
    options.log = [this](std::string_view line) { log += std::string(line) + "\n"; };
    return Forwarder::start(std::move(options));
  }

  testing::TempFolder folder;
  std::atomic<std::int64_t> clock{1000};
  std::unique_ptr<Outbox> outbox;
  ToldStore store;
  ToldMirror mirror;
  MemoryDirectory directory;
  std::string log;
};

TEST_F(OutboxTest, WhatIsCommittedWaitsForEverySinkWithItsStretch) {
  reopen({"influxdb", "victoriametrics"});
  const SmallFile file(600);
  write(file);
  for (const char* sink : {"influxdb", "victoriametrics"}) {
    const auto entries = outbox->next(sink, 10);
    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 1U);
    EXPECT_EQ(entries->front().stretch.logger_sn, "1");
    EXPECT_EQ(entries->front().stretch.period, (model::Period{600, 600 + 9 * 600 + 1}));
    EXPECT_EQ(entries->front().stretch.change, model::Change::added);
    EXPECT_EQ(entries->front().file, "a.tsv");
  }
  ASSERT_TRUE(outbox->done(*outbox->next("influxdb", 10)));
  const std::string digest = outbox->next("victoriametrics", 1)->front().digest;
  const auto standing = outbox->standing_of(std::vector{digest});
  ASSERT_TRUE(standing);
  EXPECT_EQ(standing->at(digest).waiting, std::set<std::string>{"victoriametrics"});
}

TEST_F(OutboxTest, AFileThatWasStoredBeforeSendsNothing) {
  store.says = {.samples_same = 10, .known_file = true};
  write(SmallFile(600));
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(OutboxTest, AChangedCellIsSaidToBeOne) {
  store.says = {.samples_replaced = 1};
  write(SmallFile(600));
  EXPECT_EQ(outbox->next("influxdb", 1)->front().stretch.change, model::Change::changed);
}

TEST_F(OutboxTest, AFailedCommitLeavesNothingToSend) {
  store.fails = true;
  const SmallFile file(600);
  OutboxSink sink(kAcme, store, *outbox, [] {});
  const auto delivery = file.delivery();
  EXPECT_FALSE(sink.write(std::span(&delivery, 1)));
  ASSERT_TRUE(outbox->recover());
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(OutboxTest, ACrashBetweenAnnouncementAndCommitCostsOneLookTooMany) {
  const SmallFile file(600);
  const auto delivery = file.delivery();
  ASSERT_TRUE(outbox->announce(kAcme, std::span(&delivery, 1)));
  EXPECT_EQ(waiting(), 0U) << "not committed: nothing to read yet";
  reopen();
  EXPECT_EQ(*outbox->recover(), 1U);
  EXPECT_EQ(waiting(), 1U);
  EXPECT_EQ(outbox->next("influxdb", 1)->front().stretch.change, model::Change::changed);
}

TEST_F(OutboxTest, ANewerFileIsRefused) {
  outbox.reset();
  { std::unique_ptr<Database> database = std::move(*Database::open(folder.path() / "outbox.sqlite", Database::Access::read_write)); ASSERT_TRUE(database->run("PRAGMA user_version=99")); }
  const auto opened = Outbox::open(folder.path(), {"influxdb"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind(), Errc::corrupt);
}

TEST_F(OutboxTest, TouchingStretchesOfALoggerAreSentOnce) {
  for (const std::int64_t first : {600, 6600, 60'000}) write(SmallFile(first, "f" + std::to_string(first)));
  write(SmallFile(600, "other", "2"));
  store.says = {.samples_replaced = 1};
  write(SmallFile(3600, "late"));
  const auto entries = outbox->next("influxdb", 100);
  const std::vector<model::Stretch> all = joined(*entries);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[2].period, (model::Period{600, 6600 + 9 * 600 + 1}));
  EXPECT_EQ(all[2].change, model::Change::changed);
}

TEST_F(OutboxTest, TheForwarderSendsWhatWaitsAndThenNothingAgain) {
  write(SmallFile(600));
  {
    const auto forwarder = forward();
    EXPECT_TRUE(forwarder->wait_drained(5s));
    EXPECT_EQ(mirror.got().size(), 1U);
    write(SmallFile(60'000));
    EXPECT_TRUE(forwarder->wait_drained(5s));
    EXPECT_EQ(mirror.got().size(), 2U);
  }
  reopen();
  const auto again = forward();
  EXPECT_TRUE(again->wait_drained(5s));
  EXPECT_EQ(mirror.got().size(), 2U) << "a restart with an empty outbox sends nothing";
}

TEST_F(OutboxTest, AnOutageLosesNothingAndKeepsTheOrder) {
  mirror.set_error(Error(Errc::unavailable, "away"));
  const auto forwarder = forward();
  for (int day = 0; day < 50; ++day) write(SmallFile(day * 86'400 + 600, "f" + std::to_string(day)));
  EXPECT_FALSE(forwarder->wait_drained(2s));
  EXPECT_EQ(waiting(), 50U);
  const auto standing = outbox->standing();
  ASSERT_TRUE(standing);
  EXPECT_EQ(standing->front().waiting, 50U);
  EXPECT_EQ(standing->front().trouble, "away");
  mirror.set_error({});
  for (int i = 0; i < 500 && !forwarder->wait_drained(1s); ++i) std::this_thread::sleep_for(10ms);
  const auto got = mirror.got();
  ASSERT_EQ(got.size(), 50U);
  for (std::size_t day = 0; day < got.size(); ++day) EXPECT_EQ(got[day].period.from_s, static_cast<std::int64_t>(day) * 86'400 + 600);
  EXPECT_EQ(outbox->standing()->front().trouble, "");
}

TEST_F(OutboxTest, ADeniedCredentialIsSaidOnceAndANewOneFoundByItself) {
  mirror.set_error(Error(Errc::denied, "influxdb.admin_token is refused"));
  write(SmallFile(600));
  const auto forwarder = forward();
  while (forwarder->figures().setbacks < 3) std::this_thread::sleep_for(1ms);
  mirror.set_error({});
  for (int i = 0; i < 500 && !forwarder->wait_drained(1s); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(waiting(), 0U);
  std::size_t said = 0;
  for (std::size_t at = log.find("setback"); at != std::string::npos; at = log.find("setback", at + 1)) ++said;
  EXPECT_EQ(said, 1U) << log;
}

TEST_F(OutboxTest, ACompanyThatCannotBeServedDoesNotHoldUpTheOthers) {
  const model::TenantName other = *model::TenantName::parse("other");
  write(SmallFile(600));
  const model::Stretch stretch{.campaign = kSite, .logger_sn = "9", .period = {0, 10}};
  ASSERT_TRUE(outbox->add("influxdb", other, std::span(&stretch, 1)));
  std::atomic<bool> refuses{true};
  ForwarderOptions options;
  options.sink = "influxdb";
  options.outbox = outbox.get();
  options.truth = &directory;
  options.mirror_of = [&](const model::TenantName& tenant) -> Result<model::Mirror*> {
    if (tenant == kAcme && refuses) return fail(Errc::denied, "not this bucket");
    return &mirror;
  };
  options.longest_wait = 20ms;
  const auto forwarder = Forwarder::start(std::move(options));
  while (mirror.got().empty()) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(mirror.got().front().logger_sn, "9");
  EXPECT_EQ(waiting(), 1U);
  EXPECT_NE(outbox->standing()->front().trouble.find("acme"), std::string::npos);
  refuses = false;
  while (waiting() > 0) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(mirror.got().back().logger_sn, "1");
}

TEST_F(OutboxTest, ARefusedPointIsListedWithItsFile) {
  write(SmallFile(600, "bad.tsv"));
  mirror.says.refused_total = 1;
  mirror.says.refused.push_back({.campaign = "site", .logger_sn = "1", .field = "M1_U1_M1_V", .time_s = 1200, .reason = "field type conflict"});
  const auto forwarder = forward();
  EXPECT_TRUE(forwarder->wait_drained(5s));
  const auto rows = outbox->refused(kAcme, 10);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().file, "site/1/bad.tsv");
  EXPECT_EQ(rows->front().point.reason, "field type conflict");
  const auto standing = outbox->standing_of(std::vector{rows->front().digest});
  EXPECT_EQ(standing->at(rows->front().digest).refused, std::set<std::string>{"influxdb"});
  EXPECT_TRUE(standing->at(rows->front().digest).waiting.empty());
}

}  // namespace
}  // namespace pv::ingest
