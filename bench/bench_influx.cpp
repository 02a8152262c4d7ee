/// Samples to line protocol: 30 channels, 8,192 rows of two and of one decimal.

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "influx/line_protocol.h"
#include "model/sample_block.h"

namespace {

struct Given {
  std::vector<pv::model::Channel> channels;
  pv::model::SampleBlock block;
};

Given given(unsigned decimals) {
  constexpr std::size_t kRows = 8'192;
  constexpr std::size_t kChannels = 30;
  Given all;
  for (std::size_t row = 0; row < kRows; ++row) all.block.time_s.push_back(1'750'000'000 + static_cast<std::int64_t>(row) * 600);
  for (std::size_t c = 0; c < kChannels; ++c) {
    pv::model::Channel channel{"02001171", c < 3 ? "02001171" : "04000466", "Ch" + std::to_string(c), "Voie" + std::to_string(c), "W",
                               c < 3 ? pv::model::DeviceType::master : pv::model::DeviceType::slave, pv::model::DeviceSubtype::none};
    all.channels.push_back(std::move(channel));
    pv::model::Column& column = all.block.columns.emplace_back();
    column.decimals = static_cast<std::uint8_t>(decimals);
    std::uint32_t state = static_cast<std::uint32_t>(c) + 1;
    for (std::size_t row = 0; row < kRows; ++row) {
      state = state * 1'664'525U + 1'013'904'223U;
      column.mantissa.push_back(static_cast<std::int32_t>(state >> 15));
    }
  }
  return all;
}

void lines(benchmark::State& state) {
  const Given all = given(static_cast<unsigned>(state.range(0)));
  const pv::influx::ChannelHeads heads(*pv::model::CampaignName::parse("campaign1"), all.channels, pv::model::ChannelIdStyle::device_first);
  pv::influx::LineBatch batch;
  std::size_t points = 0, bytes = 0;
  for (auto _ : state) {
    pv::influx::BlockLines from(heads, all.block, {0, 2'000'000'000});
    bool more = true;
    while (more) {
      more = from.fill(batch, {});
      benchmark::DoNotOptimize(batch.text().data());
      points += batch.lines();
      bytes += batch.text().size();
      batch.clear();
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(points));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(lines)->Arg(1)->Arg(2)->Arg(3)->ArgName("decimals");

}  // namespace

BENCHMARK_MAIN();
