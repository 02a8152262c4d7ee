#pragma once
/// A real server on a free port, for this room's tests: samples and a desk in memory, a real registry and a real ledger.

#include <memory>
#include <mutex>
#include <string>

#include "api/people_test.h"
#include "api/server.h"
#include "api/test_desk_test.h"
#include "testing/random_campaign.h"

namespace pv::api {

inline constexpr std::int64_t kTestFrom = 1'735'689'600;

/// The people of People. Tenant "acme": campaign "site 1", two loggers with five channels of 300 rows, ten minutes apart, and
/// "l'été"; "empty", which was never created: a campaign without rows; "rival": nothing.
struct RunningServer {
  RunningServer() {
    source = std::make_shared<testing::MemorySource>();
    source->block_rows = 64;
    source->campaigns.push_back(
        testing::random_campaign("site 1", 1, {.loggers = 2, .rows = 300, .channels = 5, .from_s = kTestFrom, .tidy = true}));
    source->campaigns.push_back(testing::random_campaign("l'été \"a\"", 2, {.loggers = 1, .rows = 200, .channels = 3}));
    testing::MemoryCampaign& campaign = source->campaigns[0];
    campaign.loggers[0].restarts_s = {kTestFrom + 6000};
    campaign.files = {{"T302_250101_000000.tsv", "02001000", "ab12", 7000, "Europe/Paris", 1'735'700'000}};
    campaign.conflicts = {{{10'001 * 10'000 + 2}, kTestFrom + 600, 1.25, "T302_250101_000000.tsv"}};
    directory.sources["acme"] = source;
    directory.sources["empty"] = std::make_shared<testing::MemorySource>();
    directory.sources["empty"]->campaigns.push_back({"nothing", {}, {}, {}});
  }

  /// Everything a server needs; to be changed before start().
  ServerOptions options;

  void start(std::span<const StaticFile> pages = {}) {
    ledger = given(ingest::Ledger::open(people.folder.path()));
    desk = std::make_unique<TestDesk>(*ledger);
    options.registry = people.registry.get();
    options.ledger = ledger.get();
    options.desk = desk.get();
    options.version = "1.2.3";
    options.pages = pages;
    options.zone_of = [](const model::TenantName&, const model::CampaignName& campaign) {
      return campaign.str() == "site 1" ? *model::Zone::from_name("Europe/Paris") : model::Zone::utc();
    };
    options.expected_steps_of = [this](const model::TenantName&, const model::CampaignName&) { return expected_steps; };
    options.log = [this](std::string_view line) {
      const std::lock_guard lock(log_mutex);
      log += line;
    };
    auto started = Server::start(directory, options);
    if (!started) throw std::runtime_error(started.error().message());
    server = std::move(*started);
  }

  std::string logged() {
    const std::lock_guard lock(log_mutex);
    return log;
  }

  /// Headers of a request with that user's session; with a token ("acme.write", …).
  std::multimap<std::string, std::string> as(const std::string& user) {
    return {{"Cookie", "powerview=" + people.session(user)}, {"X-PowerView", "1"}};
  }
  std::multimap<std::string, std::string> with(const std::string& token) {
    return {{"Authorization", "Bearer " + people.tokens.at(token)}};
  }
  /// A file on record of acme or rival; state `received`.
  model::FileId given_arrival(const std::string& tenant, const std::string& name) {
    const std::string path = tenant + "/site 1/02001000/" + name;
    model::Place place{given(model::TenantName::parse(tenant)), given(model::CampaignName::parse("site 1")),
                       given(model::DeviceName::parse("02001000"))};
    const ingest::Ledger::Arrival arrival{{"/nowhere/" + path, place, {}, {}, 10}, path, std::nullopt, {model::Way::sftp, "site", "192.0.2.1"}, {}};
    return given(ledger->arrive(std::span(&arrival, 1))).at(0).id;
  }
  /// As a worker would: claimed, then held because of what it saw.
  void hold(model::FileId id) {
    given(ledger->claim_these(std::span(&id, 1)));
    const ingest::Ledger::Step step{.id = id, .event = ingest::FileEvent::hold, .reason = "header_against_values",
                                    .message = "Voie1 W looks like volts", .evidence = {{"229.1 to 246.8", "Voie1"}},
                                    .receipt_json = R"({"nb_rows":3})"};
    given(ledger->record(std::span(&step, 1)));
  }

  model::ExpectedSteps expected_steps;  // not to be changed while a request runs
  People people;
  std::unique_ptr<ingest::Ledger> ledger;
  std::unique_ptr<TestDesk> desk;
  testing::MemoryDirectory directory;
  std::shared_ptr<testing::MemorySource> source;
  std::mutex log_mutex;
  std::string log;
  std::unique_ptr<Server> server;
};

}  // namespace pv::api
