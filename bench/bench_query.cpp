/// Curves and energy over a source in memory whose "decoding" is a copy: what the query room itself costs.
#include <benchmark/benchmark.h>

#include "query/buckets.h"
#include "query/energy.h"
#include "query/export.h"
#include "query/resample.h"
#include "testing/random_campaign.h"

namespace {

using namespace pv;

constexpr std::int64_t kFrom = 1'735'689'600;
constexpr std::int64_t kYear = 365 * 86'400;

struct Fleet {
  Fleet(std::size_t loggers, std::int64_t years) {
    source.campaigns.push_back(testing::random_campaign(
        "c", 1,
        {.loggers = loggers, .rows = static_cast<std::size_t>(years * 52'560), .channels = 30, .from_s = kFrom, .tidy = true}));
    snapshot = *source.snapshot(2);
    campaign = (*snapshot->campaigns()).front();
    channels = *snapshot->channels(campaign.id);
  }
  query::Scope scope(benchmark::State& state) {
    return {*snapshot, campaign, channels, static_cast<unsigned>(state.range(0))};
  }
  testing::MemorySource source;
  std::unique_ptr<model::SampleSnapshot> snapshot;
  model::CampaignSummary campaign;
  std::vector<model::ChannelSummary> channels;
};

void count_samples(benchmark::State& state, const Fleet& fleet) {
  std::uint64_t samples = 0;
  for (const auto& logger : fleet.campaign.loggers) samples += logger.samples;
  state.SetItemsProcessed(static_cast<std::int64_t>(samples) * state.iterations());
}

void BM_CopyOneYear(benchmark::State& state) {
  static Fleet fleet(1, 1);
  const auto logger = fleet.campaign.loggers[0];
  const auto blocks = *fleet.snapshot->blocks(logger.id, *logger.period);
  std::vector<model::ChannelId> wanted;
  for (const auto& channel : fleet.channels) wanted.push_back(channel.id);
  for (auto _ : state) {
    model::SampleBlock rows;
    for (const auto& block : blocks) benchmark::DoNotOptimize(fleet.snapshot->read(0, block, wanted, rows));
  }
  count_samples(state, fleet);
}
BENCHMARK(BM_CopyOneYear)->Unit(benchmark::kMillisecond);

void BM_OneYearTo1500Points(benchmark::State& state) {
  static Fleet fleet(1, 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(query::resample(fleet.scope(state), {kFrom, kFrom + kYear}, model::Zone::utc(), {.points = 1500}));
  }
  count_samples(state, fleet);
}
BENCHMARK(BM_OneYearTo1500Points)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_TenYearsTo1500Points(benchmark::State& state) {
  static Fleet fleet(1, 10);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        query::resample(fleet.scope(state), {kFrom, kFrom + 10 * kYear}, model::Zone::utc(), {.points = 1500}));
  }
  count_samples(state, fleet);
}
BENCHMARK(BM_TenYearsTo1500Points)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_OneDayRaw(benchmark::State& state) {
  static Fleet fleet(1, 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(query::resample(fleet.scope(state), {kFrom + 100 * 86'400, kFrom + 101 * 86'400},
                                             model::Zone::utc(), {.points = 1500}));
  }
}
BENCHMARK(BM_OneDayRaw)->Arg(1)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_FleetYearToDailyEnergy(benchmark::State& state) {
  static Fleet fleet(20, 1);
  const auto edges = query::calendar_edges({kFrom, kFrom + kYear}, model::Zone::utc(), query::Calendar::day);
  for (auto _ : state) benchmark::DoNotOptimize(query::energy(fleet.scope(state), *edges));
  count_samples(state, fleet);
}
BENCHMARK(BM_FleetYearToDailyEnergy)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_ExportOneMonth(benchmark::State& state) {
  static Fleet fleet(1, 1);
  std::size_t bytes = 0;
  for (auto _ : state) {
    const auto done = query::export_text(fleet.scope(state), {kFrom, kFrom + 30 * 86'400}, {}, [&](std::string_view piece) {
      bytes += piece.size();
      return true;
    });
    benchmark::DoNotOptimize(done);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(BM_ExportOneMonth)->Arg(1)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
BENCHMARK_MAIN();
