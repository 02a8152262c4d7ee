#pragma once
/// A real server on a free port over samples in memory, for this room's tests.

#include <memory>
#include <mutex>
#include <string>

#include "api/server.h"
#include "testing/random_campaign.h"

namespace pv::api {

inline constexpr std::int64_t kTestFrom = 1'735'689'600;

/// Tenant "acme": campaign "site 1", two loggers with five channels of 300 rows, ten minutes apart, and "l'été".
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

  void start(std::span<const StaticFile> pages = {}) {
    ServerOptions options;
    options.version = "1.2.3";
    options.pages = pages;
    options.zone_of = [](const model::TenantName&, const model::CampaignName& campaign) {
      return campaign.str() == "site 1" ? *model::Zone::from_name("Europe/Paris") : model::Zone::utc();
    };
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

  testing::MemoryDirectory directory;
  std::shared_ptr<testing::MemorySource> source;
  std::mutex log_mutex;
  std::string log;
  std::unique_ptr<Server> server;
};

}  // namespace pv::api
