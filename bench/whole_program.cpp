/// The whole path on a synthetic fleet, and the questions a dashboard asks of it: bench/run calls this.
/// Prints one line a figure: what, measured, goal. Figures never fail; what was stored is checked.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "base/database.h"
#include "fleet/fleet.h"
#include "ingest/pipeline.h"
#include "query/buckets.h"
#include "query/energy.h"
#include "query/resample.h"
#include "store/directory.h"
#include "store/reader.h"
#include "store/writer.h"

namespace {

namespace fs = std::filesystem;
using namespace pv;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

template <class T>
T value_of(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "whole_program: {}\n", result.error().message());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

void line(std::string_view what, std::string_view measured, std::string_view goal) {
  fmt::print("{:<58} {:>26}   {}\n", what, measured, goal);
  std::fflush(stdout);
}

struct Quantiles {
  double median, p99;
};
Quantiles quantiles(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values[std::min(values.size() - 1, values.size() * 99 / 100)]};
}

/// Best and median of some runs, in milliseconds.
struct Timing {
  double best, median;
};
Timing timed(int runs, const std::function<void()>& work) {
  std::vector<double> all;
  for (int i = 0; i < runs; ++i) {
    const auto start = Clock::now();
    work();
    all.push_back(ms_since(start));
  }
  std::sort(all.begin(), all.end());
  return {all.front(), all[all.size() / 2]};
}
std::string text(const Timing& t) { return fmt::format("{:.2f} ms (best {:.2f})", t.median, t.best); }

/// A data folder and its state, removed at the end.
struct Installation {
  fs::path root, data, state;
  explicit Installation(const fs::path& folder, const std::string& name) : root(folder / name), data(root / "data"), state(root / "state") {
    fs::create_directories(data);
  }
  ~Installation() {
    std::error_code code;
    fs::remove_all(root, code);
  }
};

ingest::RunReport ingest_all(Installation& at, std::vector<ingest::FoundFile> files, store::Writer*& writer_out,
                             std::unique_ptr<store::Writer>& writer) {
  store::Directory directory(at.state);
  value_of(directory.create());
  ingest::RunOptions options;
  options.rules.zone_of = [](const ingest::Place&) { return *model::Zone::from_name("Europe/Paris"); };
  options.stored = &directory;
  options.sink_of = [&](const model::TenantName& tenant) -> Result<model::SampleSink*> {
    if (!writer) writer = value_of(store::Writer::open(directory.file_of(tenant)));
    return writer.get();
  };
  ingest::RunReport report = ingest::run(std::move(files), options);
  writer_out = writer.get();
  return report;
}

fleet::FleetOptions fleet_of(unsigned loggers, unsigned days, fleet::Layout layout) {
  fleet::FleetOptions options;
  options.companies = 1;
  options.loggers = loggers;
  options.days = days;
  options.layout = layout;
  options.quirks = fleet::Quirks::none();
  return options;
}

struct Store {
  std::shared_ptr<store::Reader> reader;
  std::uint64_t samples = 0;
};

Store bulk(Installation& at, const fleet::FleetOptions& options, double& ms) {
  const fleet::FleetSummary made = value_of(fleet::generate(options, at.data));
  auto files = value_of(ingest::find_files(at.data)).files;
  std::unique_ptr<store::Writer> writer;
  store::Writer* open = nullptr;
  const auto start = Clock::now();
  const ingest::RunReport report = ingest_all(at, std::move(files), open, writer);
  value_of(open->settle());
  ms = ms_since(start);
  PV_CHECK(report.stored() == made.files && report.samples() == made.samples && report.problems.empty());
  store::Directory directory(at.state);
  const auto tenants = value_of(directory.tenants());
  return {value_of(store::Reader::open(directory.file_of(tenants.front()))), made.samples};
}

/// A campaign opened for questions.
struct Asked {
  std::unique_ptr<model::SampleSnapshot> snapshot;
  std::vector<model::CampaignSummary> campaigns;
  std::vector<std::vector<model::ChannelSummary>> channels;

  explicit Asked(store::Reader& reader) : snapshot(value_of(reader.snapshot(2))), campaigns(value_of(snapshot->campaigns())) {
    for (const auto& campaign : campaigns) channels.push_back(value_of(snapshot->channels(campaign.id)));
  }
};

void one_file_at_a_time(const fs::path& folder) {
  Installation at(folder, "single");
  auto options = fleet_of(1, 400, fleet::Layout::daily);
  value_of(fleet::generate(options, at.data));
  auto files = value_of(ingest::find_files(at.data)).files;
  std::unique_ptr<store::Writer> writer;
  store::Writer* open = nullptr;
  std::vector<double> all;
  for (ingest::FoundFile& file : files) {
    const auto start = Clock::now();
    const auto report = ingest_all(at, {std::move(file)}, open, writer);
    all.push_back(ms_since(start));
    PV_CHECK(report.stored() == 1);
    if (all.size() % 20 == 0) value_of(open->settle());  // as after a run; not part of the file's own time
  }
  // The first files open the store and fill caches.
  const std::vector<double> settled(all.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(5, all.size())), all.end());
  const Quantiles q = quantiles(settled);
  line("one daily file, read, durable and filed (400 in turn)", fmt::format("{:.2f} ms, p99 {:.2f}", q.median, q.p99), "< 1 ms, p99 3 ms");
}

/// Bytes a sample that blocks take, of which none is left out: values, times, presence, provenance, checksums.
std::string block_bytes(const fs::path& file) {
  auto database = value_of(Database::open(file, Database::Access::read_write));
  auto statement = value_of(database->prepare("SELECT sum(length(data)), sum(samples) FROM block"));
  PV_CHECK(value_of(statement.step()));
  return fmt::format("{:.3f} bytes a sample", statement.real(0) / statement.real(1));
}

/// The real files, where there are some: $PV_SHARED_DIR, or `shared` beside the checkout's parent.
void real_files(const fs::path& folder) {
  const char* named = std::getenv("PV_SHARED_DIR");
  const fs::path shared = named != nullptr ? fs::path(named) : fs::path(PV_SOURCE_DIR) / ".." / "shared";
  if (!fs::is_directory(shared / "data")) {
    fmt::print("no real files in {}: their size is not measured\n", shared.string());
    return;
  }
  Installation at(folder, "real");
  fs::copy(shared / "data", at.data, fs::copy_options::recursive);
  for (const auto& entry : fs::recursive_directory_iterator(at.data)) fs::permissions(entry, fs::perms::owner_write, fs::perm_options::add);
  std::map<model::TenantName, std::unique_ptr<store::Writer>> writers;
  store::Directory directory(at.state);
  value_of(directory.create());
  ingest::RunOptions options;
  options.rules.zone_of = [](const ingest::Place&) { return *model::Zone::from_name("Europe/Paris"); };
  options.sink_of = [&](const model::TenantName& tenant) -> Result<model::SampleSink*> {
    auto& writer = writers[tenant];
    if (!writer) writer = value_of(store::Writer::open(directory.file_of(tenant)));
    return writer.get();
  };
  const ingest::RunReport report = ingest::run(value_of(ingest::find_files(at.data)).files, options);
  double bytes = 0;
  double samples = 0;
  for (auto& [tenant, writer] : writers) {
    value_of(writer->settle());
    auto database = value_of(Database::open(directory.file_of(tenant), Database::Access::read_write));
    auto statement = value_of(database->prepare("SELECT sum(length(data)), sum(samples) FROM block"));
    PV_CHECK(value_of(statement.step()));
    bytes += statement.real(0);
    samples += statement.real(1);
  }
  line(fmt::format("blocks, real files ({} stored, {:.0f} samples)", report.stored(), samples), fmt::format("{:.3f} bytes a sample", bytes / samples),
       "<= 0.70 (VictoriaMetrics 0.99 and InfluxDB 4.01 on the synthetic year)");
}

/// What the disk itself asks for one durable append: nothing that answers "stored" can be faster.
void disk(const fs::path& folder) {
  const fs::path path = folder / "append";
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  PV_CHECK(file >= 0);
  const std::vector<char> bytes(16'384, 'x');
  std::vector<double> all;
  for (int i = 0; i < 400; ++i) {
    const auto start = Clock::now();
    PV_CHECK(write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && fsync(file) == 0);
    all.push_back(ms_since(start));
  }
  close(file);
  fs::remove(path);
  const Quantiles q = quantiles(all);
  line("the disk alone: append 16 KiB and fsync", fmt::format("{:.2f} ms, p99 {:.2f}", q.median, q.p99), "");
}

void questions(store::Reader& reader, std::int64_t years, bool days_too) {
  const model::Zone zone = *model::Zone::from_name("Europe/Paris");
  Asked warm(reader);
  model::CampaignSummary campaign = warm.campaigns.front();
  campaign.loggers.resize(1);
  std::vector<model::ChannelSummary> channels;
  for (const auto& channel : warm.channels.front()) {
    if (channel.logger == campaign.loggers.front().id) channels.push_back(channel);
  }
  const model::Period all = *campaign.loggers.front().period;
  // A request as the server gets it: snapshot, campaign, answer.
  const auto ask = [&](model::Period period) {
    auto snapshot = value_of(reader.snapshot(2));
    const query::Scope scope{*snapshot, campaign, channels, 2};
    const auto curves = value_of(query::resample(scope, period, zone, {.points = 1500, .step_s = 0}));
    PV_CHECK(curves.summary.front().count > 0);
  };
  if (days_too) {
    const model::Period day{all.to_s - 40 * 86'400, all.to_s - 39 * 86'400};
    line("30 channels x 1 day", text(timed(200, [&] { ask(day); })), "< 1 ms (VictoriaMetrics 2.5, InfluxDB 25)");
  }
  for (const std::int64_t span : {std::int64_t{1}, std::int64_t{5}, std::int64_t{10}}) {
    if (span > years) continue;
    const std::string goal = span == 1 ? "< 5 ms (VictoriaMetrics 26, InfluxDB 1,651)" : span == 10 ? "< 40 ms" : "linear";
    line(fmt::format("30 channels x {} year{} to 1,500 points", span, span == 1 ? "" : "s"),
         text(timed(span == 10 ? 20 : 50, [&] { ask({all.to_s - span * 365 * 86'400, all.to_s}); })), goal);
  }
}

void fleet_energy(store::Reader& reader) {
  const model::Zone zone = *model::Zone::from_name("Europe/Paris");
  std::uint64_t channel_count = 0;
  const Timing t = timed(15, [&] {
    Asked asked(reader);
    channel_count = 0;
    for (std::size_t c = 0; c < asked.campaigns.size(); ++c) {
      model::Period period = *asked.campaigns[c].loggers.front().period;
      for (const auto& logger : asked.campaigns[c].loggers) {
        period.from_s = std::min(period.from_s, logger.period->from_s);
        period.to_s = std::max(period.to_s, logger.period->to_s);
      }
      const auto edges = value_of(query::calendar_edges(period, zone, query::Calendar::day));
      const query::Scope scope{*asked.snapshot, asked.campaigns[c], asked.channels[c], 2};
      const auto energies = value_of(query::energy(scope, edges));
      channel_count += energies.size();
    }
  });
  line(fmt::format("{} channels x 1 year to daily energy", channel_count), text(t), "< 60 ms (VictoriaMetrics 422, InfluxDB 17,500)");
}

void sizes(store::Reader& reader, const fs::path& file, std::uint64_t samples) {
  PV_CHECK(value_of(reader.verify()).empty());
  // What an idle store occupies, its write-ahead log folded in.
  const auto bytes = static_cast<double>(fs::file_size(file));
  line("store file, synthetic year", fmt::format("{:.3f} bytes a sample", bytes / static_cast<double>(samples)), "<= 0.57 (VictoriaMetrics 0.99, InfluxDB 4.01)");
}

fs::path only_store(const Installation& at) { return fs::directory_iterator(at.state / "stores")->path(); }

}  // namespace

int main(int argc, char** argv) {
  const fs::path folder = fs::path(argc > 1 ? argv[1] : fs::temp_directory_path().string()) / fmt::format("pv-bench-{}", getpid());
  fs::create_directories(folder);
  fmt::print("{:<58} {:>26}   {}\n", "figure (median, best of some runs)", "measured", "goal (what others measure)");

  {
    Installation at(folder, "fleet");
    double ms = 0;
    const Store store = bulk(at, fleet_of(20, 365, fleet::Layout::daily), ms);
    line("7,300 daily files, 31.5 M samples, durable and filed", fmt::format("{:.2f} s, {:.1f} M/s", ms / 1000, static_cast<double>(store.samples) / ms / 1000),
         "< 2 s (VictoriaMetrics 46, InfluxDB 82, Python 680)");
    fleet_energy(*store.reader);
    questions(*store.reader, 1, true);
    fs::path file = only_store(at);
    for (const auto& entry : fs::directory_iterator(at.state / "stores")) {
      if (entry.path().extension() == ".sqlite") file = entry.path();
    }
    sizes(*store.reader, file, store.samples);
    line("blocks, synthetic year", block_bytes(file), "");
  }
  real_files(folder);
  disk(folder);
  one_file_at_a_time(folder);
  disk(folder);
  {
    Installation at(folder, "decade");
    double ms = 0;
    const Store store = bulk(at, fleet_of(1, 3650, fleet::Layout::yearly), ms);
    line("10 yearly files of 30 channels, 15.8 M samples", fmt::format("{:.2f} s, {:.1f} M/s", ms / 1000, static_cast<double>(store.samples) / ms / 1000), "");
    questions(*store.reader, 10, false);
  }
  for (const unsigned loggers : {1U, 10U, 100U, 1000U}) {
    Installation at(folder, "scale");
    double ms = 0;
    const Store store = bulk(at, fleet_of(loggers, 7, fleet::Layout::daily), ms);
    line(fmt::format("ingest a week of {} logger{}", loggers, loggers == 1 ? "" : "s"),
         fmt::format("{:.1f} ms, {:.1f} M/s", ms, static_cast<double>(store.samples) / ms / 1000), "linear or better");
  }
  std::error_code code;
  fs::remove_all(folder, code);
  struct rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  line("memory of all of the above, peak", fmt::format("{} MB", usage.ru_maxrss / 1024), "");
  return 0;
}
