/// Size and speed of the column codec: on made-up columns like those of a 30-channel logger, and on the real files below
/// $PV_SHARED_DIR/data (or ../shared/data) where there are any. Prints bytes a value (counters B/value).

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include "codec/column_codec.h"
#include "codec/group_codec.h"
#include "codec/scratch.h"
#include "codec/summary.h"
#include "model/column.h"

namespace {

using pv::codec::Effort;
using pv::model::Column;

constexpr std::size_t kBlockRows = 7008;
constexpr std::size_t kDayRows = 144;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  int below(int count) { return static_cast<int>((bits() >> 32) * static_cast<std::uint64_t>(count) >> 32); }
  int noise(int width) { return below(width + 1) + below(width + 1) - width; }

 private:
  std::uint64_t bits() {
    std::uint64_t x = state_ += 0x9E3779B97F4A7C15U;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
  }
  std::uint64_t state_;
};

enum class Load { voltage, unused, standby, offset, fridge, office, lighting, boiler, heating, ventilation, reversed, solar };
constexpr std::size_t kLoads = 12;
constexpr const char* kLoadNames[kLoads] = {"voltage",  "unused", "standby", "offset",      "fridge",   "office",
                                            "lighting", "boiler", "heating", "ventilation", "reversed", "solar"};

/// One channel at ten-minute steps.
class Curve {
 public:
  Curve(Load load, std::uint64_t seed) : load_(load), random_(seed), idle_(20 + random_.below(600)), peak_(1000 + random_.below(20000)) {}

  int read(int row) {
    const int slot = row % 144;
    const int day = row / 144;
    const bool busy = slot > 48 && slot < 114 && day % 7 < 5;
    switch (load_) {
      case Load::voltage:
        level_ += random_.noise(25) - level_ / 12;
        return 23800 + static_cast<int>(150 * std::sin(row * 6.283 / 144)) + level_ + random_.noise(12);
      case Load::unused: return 0;
      case Load::standby: return idle_ + drift(3, 2);
      case Load::offset: return -(8 + idle_ % 50) + drift(3, 2);
      case Load::fridge: return cycles(row, 3, 5) ? around(900 + peak_ % 2400, 50) : idle_ % 40 + 8;
      case Load::office: return busy ? 300 + around(peak_ / 2, 10) : 300 + idle_ + drift(4, 3);
      case Load::lighting: return busy && (slot < 66 || slot > 100) ? around(1500 + peak_ / 3, 300) : 0;
      case Load::boiler:
        if (slot == 0) switches_ = 12 + random_.below(20);
        return slot < switches_ ? around(12000 + peak_ / 2, 200) : 0;
      case Load::heating: return (day % 365 < 120 || day % 365 > 290) && cycles(row, 4, 4) ? around(15000 + peak_, 60) : 0;
      case Load::ventilation: return around(150 + idle_ * 2, 60);
      case Load::reversed: return -around(150 + idle_ * 2, 60);
      case Load::solar: {
        if (slot < 40 || slot > 110) return -5 + drift(4, 1);
        const double height = std::sin((slot - 40) * 3.1416 / 70);
        return -around(static_cast<int>(30000 * height * height) + 1, 40);
      }
    }
    return 0;
  }

 private:
  int around(int value, int share) { return value + random_.noise(value / share + 1); }
  int drift(int seldom, int width) {
    if (random_.below(seldom) == 0) level_ = random_.noise(width);
    return level_;
  }
  bool cycles(int row, int on, int off) {
    if (row >= switches_) {
      on_ = !on_;
      const int lasts = on_ ? on : off;
      switches_ = row + std::max(1, lasts / 2 + random_.below(lasts + 1));
    }
    return on_;
  }

  Load load_;
  Random random_;
  int idle_;
  int peak_;
  int level_ = 0;
  int switches_ = 0;
  bool on_ = false;
};

Column synthetic(Load load, std::size_t rows, std::uint64_t seed) {
  Curve curve(load, seed);
  Column column;
  for (std::size_t row = 0; row < rows; ++row) column.push_decimal(curve.read(static_cast<int>(row)), load == Load::voltage ? 2 : 1);
  return column;
}

/// 30 channels: 37 % zeros, 62 % repeats, 13 % negative.
const std::vector<Column>& logger() {
  static const std::vector<Column> columns = [] {
    constexpr std::size_t kCounts[kLoads] = {3, 5, 4, 2, 3, 2, 4, 2, 2, 1, 1, 1};
    std::vector<Column> made;
    for (std::size_t load = 0; load < kLoads; ++load) {
      for (std::size_t i = 0; i < kCounts[load]; ++i) made.push_back(synthetic(static_cast<Load>(load), kBlockRows, made.size() + 1));
    }
    return made;
  }();
  return columns;
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t end = std::min(line.find('\t', at), line.size());
    fields.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return fields;
}

using Rows = std::map<std::string, std::vector<std::string>>;  // sortable stamp -> fields

/// Good enough to measure with: rows of a master and a channel list, by time, the last file wins.
std::map<std::string, Rows> read_files(const std::filesystem::path& folder) {
  std::map<std::string, Rows> loggers;
  std::error_code ignored;
  for (std::filesystem::recursive_directory_iterator it(folder, ignored), end; it != end; it.increment(ignored)) {
    if (it->path().extension() != ".tsv") continue;
    std::ifstream file(it->path());
    std::string serials;
    std::string layout;
    for (std::string line; std::getline(file, line) && !file.eof();) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      const std::vector<std::string_view> fields = split(line);
      if (fields.size() < 2) continue;
      if (fields[0].starts_with("MV_")) {
        layout = serials + line;
      } else if (fields[0].size() == 17 && fields[0][2] == '/') {
        const std::string_view stamp = fields[0];
        if (std::all_of(fields.begin() + 1, fields.end(), [](std::string_view field) { return field == "0"; })) continue;
        const std::string key = std::string(stamp.substr(6, 2)) + std::string(stamp.substr(3, 2)) + std::string(stamp.substr(0, 2)) + std::string(stamp.substr(8));
        loggers[layout][key].assign(fields.begin() + 1, fields.end());
      } else {
        serials = line;
      }
    }
  }
  return loggers;
}

void push_text(Column& column, std::string_view text) {
  const std::size_t point = text.find('.');
  std::string digits(text);
  if (point != std::string_view::npos) digits.erase(point, 1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return column.push_missing();
  column.push_decimal(value, point == std::string_view::npos ? 0U : static_cast<unsigned>(text.size() - point - 1));
}

std::vector<Column> real_columns() {
  const char* shared = std::getenv("PV_SHARED_DIR");
  std::vector<Column> columns;
  for (const auto& [layout, rows] : read_files(std::filesystem::path(shared ? shared : "../shared") / "data")) {
    std::size_t width = 0;
    for (const auto& [stamp, fields] : rows) width = std::max(width, fields.size());
    std::vector<Column> table(width);
    for (const auto& [stamp, fields] : rows) {
      for (std::size_t i = 0; i < width; ++i) push_text(table[i], i < fields.size() ? std::string_view(fields[i]) : std::string_view());
    }
    columns.insert(columns.end(), table.begin(), table.end());
  }
  return columns;
}

std::size_t cells_of(const std::vector<Column>& columns) {
  std::size_t cells = 0;
  for (const Column& column : columns) cells += column.size();
  return cells;
}

void encode(benchmark::State& state, const std::vector<Column>& columns, Effort effort) {
  pv::codec::Scratch scratch;
  std::vector<std::byte> out;
  for (auto _ : state) {
    out.clear();
    for (const Column& column : columns) pv::codec::encode_column(column, {.effort = effort}, scratch, out);
    benchmark::DoNotOptimize(out.data());
  }
  const std::size_t cells = cells_of(columns);
  state.SetItemsProcessed(static_cast<std::int64_t>(cells) * state.iterations());
  state.counters["B/value"] = static_cast<double>(out.size()) / static_cast<double>(cells);
}

void decode(benchmark::State& state, const std::vector<Column>& columns, Effort effort) {
  pv::codec::Scratch scratch;
  std::vector<std::vector<std::byte>> encoded(columns.size());
  std::size_t size = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    pv::codec::encode_column(columns[i], {.effort = effort}, scratch, encoded[i]);
    size += encoded[i].size();
  }
  Column out;
  for (auto _ : state) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (!pv::codec::decode_column(encoded[i], columns[i].size(), scratch, out)) return state.SkipWithError("does not read back");
      benchmark::DoNotOptimize(out.mantissa.data());
    }
  }
  const std::size_t cells = cells_of(columns);
  state.SetItemsProcessed(static_cast<std::int64_t>(cells) * state.iterations());
  state.counters["B/value"] = static_cast<double>(size) / static_cast<double>(cells);
}

std::vector<Column> one_day() {
  std::vector<Column> day;
  for (const Column& column : logger()) day.emplace_back().append(column, 40 * kDayRows, 41 * kDayRows);
  return day;
}

void pack_day(benchmark::State& state) {
  const std::vector<Column> day = one_day();
  pv::codec::Scratch scratch;
  std::vector<std::byte> out;
  for (auto _ : state) {
    out.clear();
    pv::codec::pack_group(day, 1, scratch, out);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(cells_of(day)) * state.iterations());
  state.counters["B/value"] = static_cast<double>(out.size()) / static_cast<double>(cells_of(day));
}
BENCHMARK(pack_day)->Unit(benchmark::kMicrosecond);

void unpack_day(benchmark::State& state) {
  const std::vector<Column> day = one_day();
  pv::codec::Scratch scratch;
  std::vector<std::byte> packed;
  pv::codec::pack_group(day, 1, scratch, packed);
  pv::codec::ColumnGroup group;
  Column out;
  for (auto _ : state) {
    if (!pv::codec::unpack_group(packed, day.size(), kDayRows, scratch, group)) return state.SkipWithError("does not read back");
    for (const auto& bytes : group.columns) {
      if (!pv::codec::decode_column(bytes, kDayRows, scratch, out)) return state.SkipWithError("does not read back");
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(cells_of(day)) * state.iterations());
}
BENCHMARK(unpack_day)->Unit(benchmark::kMicrosecond);

void summarize_logger(benchmark::State& state) {
  for (auto _ : state) {
    for (const Column& column : logger()) benchmark::DoNotOptimize(pv::codec::summarize(column));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(cells_of(logger())) * state.iterations());
}
BENCHMARK(summarize_logger)->Unit(benchmark::kMicrosecond);

void add_pair(const std::string& name, const std::vector<Column>& columns) {
  benchmark::RegisterBenchmark(("encode/" + name).c_str(), [columns](benchmark::State& state) { encode(state, columns, Effort::thorough); })->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark(("decode/" + name).c_str(), [columns](benchmark::State& state) { decode(state, columns, Effort::thorough); })->Unit(benchmark::kMicrosecond);
}

}  // namespace

int main(int argc, char** argv) {
  add_pair("logger", logger());
  benchmark::RegisterBenchmark("encode_quick/day", [](benchmark::State& state) { encode(state, one_day(), Effort::quick); })->Unit(benchmark::kMicrosecond);
  for (std::size_t load = 0; load < kLoads; ++load) add_pair(kLoadNames[load], {synthetic(static_cast<Load>(load), kBlockRows, load + 1)});
  const std::vector<Column> real = real_columns();
  if (!real.empty()) add_pair("real_files", real);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
