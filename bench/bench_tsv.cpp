// Bytes of a logger file to columns, one core: values a second and bytes a second, on synthetic daily and yearly files and
// on every real file below $PV_SHARED_DIR/data.

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "tsv/reader.h"

namespace {

/// A bare file of one logger: three voltages and 27 powers, a row every ten minutes, in the style of real files.
std::string synthetic_file(int rows) {
  std::mt19937 random(42);
  std::string text = "02001171";
  for (int c = 0; c < 30; ++c) text += fmt::format("\t{:08}", c < 6 ? 2001171 : 4000466 + c / 6);
  text += "\nMV_T302_V002\tPh 1 V\tPh 2 V\tPh 3 V";
  for (int c = 3; c < 30; ++c) text += fmt::format("\tVoie{} W", c % 6 + 1);
  text += '\n';
  // Some channels idle around zero, some draw tens, some hundreds, some thousands of watts.
  const double scale[] = {30, 35, 4, 160, 600, 150, 1300, 1300, 2300, 4500, 2300, 4100, 5, 2, 2, 0, 0, 26, 0, 0, 0, 2, 0.4, 0.3, 69, 0.1, 0};
  std::uniform_real_distribution<double> unit(-0.1, 1.0);
  for (int row = 0; row < rows; ++row) {
    const int minutes = row * 10;
    const int day = minutes / 1440;
    text += fmt::format("{:02}/{:02}/{:02} {:02}:{:02}:00", day % 28 + 1, day / 28 % 12 + 1, 24 + day / 336, minutes / 60 % 24, minutes % 60);
    for (int c = 0; c < 3; ++c) text += fmt::format("\t{:.2f}", 240 + 4 * unit(random));
    for (const double watts : scale) text += fmt::format("\t{:.1f}", watts * unit(random));
    text += '\n';
  }
  return text;
}

void read_text(benchmark::State& state, const std::string& text, const pv::tsv::ReadOptions& options) {
  std::uint64_t values = 0;
  for (auto _ : state) {
    auto file = pv::tsv::read(text, options);
    if (!file) return state.SkipWithError(file.error().message().c_str());
    values += file->report.samples;
    benchmark::DoNotOptimize(file->tables.data());
  }
  state.counters["values/s"] = benchmark::Counter(static_cast<double>(values), benchmark::Counter::kIsRate);
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}

void synthetic(benchmark::State& state) { read_text(state, synthetic_file(static_cast<int>(state.range(0))), {}); }
BENCHMARK(synthetic)->Name("tsv_read/daily_30_channels")->Arg(144);
BENCHMARK(synthetic)->Name("tsv_read/yearly_30_channels")->Arg(52'560)->Unit(benchmark::kMillisecond);

void register_real_files() {
  const char* shared = std::getenv("PV_SHARED_DIR");
  if (shared == nullptr) return;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(std::filesystem::path(shared) / "data")) {
    if (entry.path().extension() != ".tsv") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    pv::tsv::ReadOptions options;
    if (auto paris = pv::model::Zone::from_name("Europe/Paris")) options.bare_zone = *paris;
    if (!pv::tsv::read(text, options)) continue;
    benchmark::RegisterBenchmark(("tsv_read/real/" + entry.path().filename().string()).c_str(),
                                 [text, options](benchmark::State& state) { read_text(state, text, options); });
  }
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  register_real_files();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
