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
  std::function<void()> on_write = {};
  Result<std::vector<model::DeliveryOutcome>> write(std::span<const model::Delivery> deliveries) override {
    if (fails) return fail(Errc::io, "disk full");
    if (on_write) on_write();
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
    options.longest_hold = 20ms;
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
  EXPECT_EQ(standing->front().trouble, "acme: away");
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
  options.longest_wait = options.longest_hold = 20ms;
  const auto forwarder = Forwarder::start(std::move(options));
  while (mirror.got().empty()) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(mirror.got().front().logger_sn, "9");
  EXPECT_EQ(waiting(), 1U);
  EXPECT_NE(outbox->standing()->front().trouble.find("acme"), std::string::npos);
  refuses = false;
  while (waiting() > 0) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(mirror.got().back().logger_sn, "1");
}

/// Mirrors of several companies, each of which may fail by itself, and a sink that may fail as a whole.
class ManyCompanies : public OutboxTest {
 protected:
  class Counting final : public model::Mirror {
   public:
    explicit Counting(ManyCompanies& of, std::string name) : of_(of), name_(std::move(name)) {}
    Result<model::MirrorOutcome> put(model::SampleSnapshot&, std::span<const model::Stretch>) override {
      const std::lock_guard lock(of_.mutex_);
      ++of_.puts_[name_];
      const auto broken = of_.broken_.find(name_);
      if (of_.is_away_) return fail(Errc::unavailable, "away");
      if (broken != of_.broken_.end()) return fail(broken->second, "broken");
      ++of_.served_[name_];
      return model::MirrorOutcome();
    }
    [[nodiscard]] std::int64_t not_before_s() const override {
      const std::lock_guard lock(of_.mutex_);
      return of_.not_before_s_;
    }

   private:
    ManyCompanies& of_;
    std::string name_;
  };
  std::unique_ptr<Forwarder> forward_all() {
    ForwarderOptions options;
    options.sink = "influxdb";
    options.outbox = outbox.get();
    options.truth = &directory;
    options.mirror_of = [this](const model::TenantName& tenant) -> Result<model::Mirror*> {
      auto& one = mirrors_[tenant.str()];
      if (!one) one = std::make_unique<Counting>(*this, tenant.str());
      return one.get();
    };
    options.probe = [this]() -> Result<void> {
      const std::lock_guard lock(mutex_);
      ++probes_;
      if (is_away_) return fail(Errc::unavailable, "away");
      return {};
    };
    options.send_lines = [this](std::string_view, std::int64_t&) -> Result<void> {
      const std::lock_guard lock(mutex_);
      ++line_sends_;
      if (lines_fail_) return fail(Errc::denied, "no meta bucket for you");
      return {};
    };
    options.first_wait = 1ms;
    options.longest_wait = 2ms;
    options.longest_hold = 500ms;
    return Forwarder::start(std::move(options));
  }
  void add(const std::string& tenant) {
    const model::Stretch stretch{.campaign = kSite, .logger_sn = "9", .period = {0, 10}};
    ASSERT_TRUE(outbox->add("influxdb", *model::TenantName::parse(tenant), std::span(&stretch, 1)));
  }
  template <class Done>
  static void until(Done done) {
    while (!done()) std::this_thread::sleep_for(1ms);
  }
  int puts(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return puts_[name];
  }
  int served(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return served_[name];
  }
  void set(bool is_away, std::map<std::string, Errc> broken) {
    const std::lock_guard lock(mutex_);
    is_away_ = is_away;
    broken_ = std::move(broken);
  }
  mutable std::mutex mutex_;
  std::map<std::string, int> puts_, served_;
  std::map<std::string, Errc> broken_;
  bool is_away_ = false, lines_fail_ = false;
  int probes_ = 0, line_sends_ = 0;
  std::int64_t not_before_s_ = 0;
  std::map<std::string, std::unique_ptr<Counting>> mirrors_;
};

TEST_F(ManyCompanies, OneThatWasRefusedAgainAndAgainLetsALaterOneThrough) {
  std::uint64_t added = 0;  // for a
  for (const Errc kind : {Errc::denied, Errc::unavailable, Errc::invalid_input}) {
    set(false, {{"a", kind}});
    add("a");
    const auto forwarder = forward_all();
    const int before = puts("a");
    until([&] { return puts("a") >= before + 4; });
    const int served_before = served("b");
    add("b");
    ASSERT_TRUE(outbox->add_line("influxdb", "tsv_parser_run x=1i 5\n"));
    forwarder->wake();
    until([&] { return served("b") > served_before; });
    until([&] { return outbox->next_lines("influxdb", 10)->empty(); });
    EXPECT_EQ(outbox->standing()->front().waiting, ++added);
    EXPECT_EQ(outbox->standing()->front().trouble, "a: broken");
  }
}

TEST_F(ManyCompanies, AnOutageCostsWorkForOneCompanyAndNotForEach) {
  set(true, {});
  for (int i = 0; i < 200; ++i) add("c" + std::to_string(i));
  const auto forwarder = forward_all();
  until([&] { return forwarder->figures().setbacks >= 10; });
  {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(puts_.size(), 1U) << "the sink is away: nobody else has to find out";
    EXPECT_EQ(outbox->standing()->front().waiting, 200U);
    is_away_ = false;
  }
  until([&] { return forwarder->wait_drained(1s); });
  EXPECT_EQ(outbox->standing()->front().waiting, 0U);
  EXPECT_EQ(outbox->standing()->front().trouble, "");
  for (int i = 0; i < 200; ++i) EXPECT_EQ(served("c" + std::to_string(i)), 1);
}

TEST_F(ManyCompanies, NothingIsTriedBeforeTheMomentThatRetryAfterNames) {
  set(false, {{"a", Errc::unavailable}});
  {
    const std::lock_guard lock(mutex_);
    not_before_s_ = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count() + 3600;
  }
  add("a");
  add("b");
  const auto forwarder = forward_all();
  until([&] { return forwarder->figures().setbacks > 0; });
  forwarder->wake();
  EXPECT_FALSE(forwarder->wait_drained(1s));
  EXPECT_EQ(puts("a"), 1);
  EXPECT_EQ(puts("b"), 0) << "it is the server that asks for rest";
}

TEST_F(ManyCompanies, LinesThatAreRefusedDoNotHoldUpSamples) {
  {
    const std::lock_guard lock(mutex_);
    lines_fail_ = true;
  }
  ASSERT_TRUE(outbox->add_line("influxdb", "tsv_parser_run x=1i 5\n"));
  const auto forwarder = forward_all();
  until([&] { return forwarder->figures().setbacks > 1; });
  add("a");
  forwarder->wake();
  until([&] { return served("a") == 1; });
  EXPECT_EQ(outbox->next_lines("influxdb", 10)->size(), 1U);
  {
    const std::lock_guard lock(mutex_);
    lines_fail_ = false;
  }
  until([&] { return outbox->next_lines("influxdb", 10)->empty(); });
}

TEST_F(OutboxTest, LinesComeInPiecesOfAboutAMegabyte) {
  const std::string report(400'000, 'x');
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(outbox->add_line("influxdb", report));
  EXPECT_EQ(outbox->next_lines("influxdb", 100)->size(), 2U);
  ASSERT_TRUE(outbox->add_line("influxdb", std::string(3'000'000, 'x')));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(outbox->lines_done(*outbox->next_lines("influxdb", 100)));
  EXPECT_EQ(outbox->next_lines("influxdb", 100)->size(), 1U) << "one at least";
}

TEST_F(OutboxTest, TurnsAreTakenOneAfterTheOtherAndAStopEndsTheWait) {
  auto first = SinkTurn::take(folder.path(), "influxdb");
  ASSERT_TRUE(first);
  ASSERT_TRUE(SinkTurn::take(folder.path(), "victoriametrics")) << "another sink, another turn";
  int asked = 0;
  const auto stopped = SinkTurn::take(folder.path(), "influxdb", [&asked] { return ++asked > 2; });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind(), Errc::unavailable);
  std::atomic<bool> has_it{false};
  std::jthread other([&] { has_it = SinkTurn::take(folder.path(), "influxdb").has_value(); });
  first = fail(Errc::io, "given back");
  other.join();
  EXPECT_TRUE(has_it);
}

TEST_F(OutboxTest, WhatIsTakenAfterARepairIsNoLongerListedAsRefused) {
  write(SmallFile(600, "bad.tsv"));
  mirror.says.refused_total = 1;
  mirror.says.refused.push_back({.campaign = "site", .logger_sn = "1", .field = "M1_U1_M1_V", .time_s = 1200, .reason = "field type conflict"});
  ASSERT_TRUE(forward()->wait_drained(5s));
  ASSERT_EQ(outbox->refused(kAcme, 10)->size(), 1U);
  mirror.says = {};
  const model::Stretch elsewhere{.campaign = kSite, .logger_sn = "1", .period = {1201, 9000}};
  ASSERT_TRUE(outbox->add("influxdb", kAcme, std::span(&elsewhere, 1)));
  ASSERT_TRUE(forward()->wait_drained(5s));
  EXPECT_EQ(outbox->refused(kAcme, 10)->size(), 1U);
  const model::Stretch stretch{.campaign = kSite, .logger_sn = "1", .period = {1200, 1201}};
  ASSERT_TRUE(outbox->add("influxdb", kAcme, std::span(&stretch, 1)));
  ASSERT_TRUE(forward()->wait_drained(5s));
  EXPECT_TRUE(outbox->refused(kAcme, 10)->empty());
}

TEST_F(OutboxTest, WhatIsCommittedWhileTheOutboxCannotBeWrittenIsSentAllTheSame) {
  const SmallFile file(600);
  const auto delivery = file.delivery();
  OutboxSink sink(kAcme, store, *outbox, [] {});
  auto other = Database::open(folder.path() / "outbox.sqlite", Database::Access::read_write);
  ASSERT_TRUE(other);
  // From the moment of the commit on.
  store.on_write = [&] { ASSERT_TRUE((*other)->run("CREATE TRIGGER full BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'disk full'); END")); };
  EXPECT_FALSE(sink.write(std::span(&delivery, 1))) << "the outbox could not be told";
  ASSERT_TRUE((*other)->run("DROP TRIGGER full"));
  EXPECT_EQ(waiting(), 0U);
  // The file is tried again, and by then the store knows it.
  store.on_write = {};
  store.says = {.samples_same = 10, .known_file = true};
  ASSERT_TRUE(sink.write(std::span(&delivery, 1)));
  EXPECT_EQ(waiting(), 1U);
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
