/// What a sender and the pages see of files coming in: one daily file from its close to what can be queried, and a night's burst.
/// Everything real but the wire: desk, ledger, intake, quality, store, receipts, all durable. Figures print; what was stored is checked.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "app/arrivals.h"
#include "base/check.h"
#include "base/file.h"
#include "fleet/fleet.h"
#include "ingest/layout.h"
#include "testing/temp_folder.h"

namespace {

namespace fs = std::filesystem;
using namespace pv;
using Clock = std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::minutes(5);
constexpr unsigned kSenders = 8;

double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

template <class T>
T value_of(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "bench_arrivals: {}\n", result.error().message());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// An installation that runs, and files that are not in it yet.
class Bench {
 public:
  explicit Bench(const fleet::FleetOptions& fleet) {
    value_of(fleet::generate(fleet, folder_ / "given"));
    files_ = value_of(ingest::find_files(folder_ / "given")).files;
    settings_ = value_of(app::load_settings(folder_.given_file("powerview.toml", "zone = \"Europe/Paris\"\n"), [](const char*) { return std::nullopt; }));
    settings_.data_folder = folder_ / "data";
    settings_.state_dir = folder_ / "state";
    settings_.sftp = app::Switch::off;
    registry_ = value_of(tenancy::Registry::open(settings_.state_dir));
    zones_.emplace(settings_, registry_.get());
    directory_.emplace(settings_.state_dir);
    arrivals_ = value_of(app::Arrivals::start(settings_, *zones_, *registry_, *directory_, *directory_, [](std::string_view) {}));
  }

  [[nodiscard]] std::size_t files() const { return files_.size(); }
  app::Arrivals& arrivals() { return *arrivals_; }

  /// Writes a file at the desk and closes it; `closing` is when the close began.
  model::FileId send(std::size_t index, Clock::time_point& closing) {
    const ingest::FoundFile& file = files_[index];
    const std::string text = value_of(read_text_file(file.path, 1U << 26));
    auto incoming = value_of(arrivals_->desk().begin(*file.place, file.path.filename().string(), model::ArrivalDesk::Start::fresh, {model::Way::sftp, "bench", ""}));
    value_of(incoming->write(0, std::as_bytes(std::span(text))));
    closing = Clock::now();
    return value_of(incoming->finish());
  }
  void wait_for(model::FileId id) {
    const auto entry = value_of(arrivals_->intake().wait_settled(id, kPatience));
    PV_CHECK(entry.state == ingest::FileState::committed && entry.is_settled());
  }

 private:
  testing::TempFolder folder_;
  std::vector<ingest::FoundFile> files_;
  app::Settings settings_;
  std::unique_ptr<tenancy::Registry> registry_;
  std::optional<app::Zones> zones_;
  std::optional<store::Directory> directory_;
  std::unique_ptr<app::Arrivals> arrivals_;
};

fleet::FleetOptions fleet_of(unsigned companies, unsigned loggers, unsigned days, unsigned channels) {
  fleet::FleetOptions options;
  options.companies = companies;
  options.loggers = loggers;
  options.days = days;
  options.channels = channels;
  options.quirks = fleet::Quirks::none();
  return options;
}

void one_after_the_other() {
  Bench bench(fleet_of(2, 10, 50, 30));
  std::vector<double> told, settled;
  for (std::size_t i = 0; i < bench.files(); ++i) {
    Clock::time_point closing;
    const model::FileId id = bench.send(i, closing);
    told.push_back(ms_since(closing));
    bench.wait_for(id);
    settled.push_back(ms_since(closing));
  }
  const auto line = [](const char* what, std::vector<double> values, const char* goal) {
    std::sort(values.begin(), values.end());
    fmt::print("{:<66} median {:.2f} ms, p99 {:.2f} ms{}\n", what, values[values.size() / 2], values[values.size() * 99 / 100], goal);
  };
  line(fmt::format("daily file of 30 channels, close to answer ({} in turn)", bench.files()).c_str(), told, "");
  line("daily file of 30 channels, close to stored, filed, with its receipt", settled, " (goal < 20)");
}

std::uint64_t peak_kb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kb = 0;
    if (word == "VmHWM:" && status >> kb) return kb;
  }
  return 0;
}

void burst() {
  Bench bench(fleet_of(4, 250, 10, 6));
  std::ofstream("/proc/self/clear_refs") << "5";  // peaks count from here
  const std::uint64_t before = peak_kb();
  std::atomic<std::size_t> next{0};
  std::vector<model::FileId> ids(bench.files());
  const auto start = Clock::now();
  {
    std::vector<std::jthread> senders;
    for (unsigned i = 0; i < kSenders; ++i) {
      senders.emplace_back([&] {
        Clock::time_point closing;
        for (std::size_t at = next++; at < ids.size(); at = next++) ids[at] = bench.send(at, closing);
      });
    }
  }
  const double told = ms_since(start) / 1000;
  for (const model::FileId id : ids) bench.wait_for(id);
  const double settled = ms_since(start) / 1000;
  fmt::print("burst of {} files of 1,000 loggers by {} senders: all told OK after {:.1f} s, all stored and filed after {:.1f} s ({:.0f} files/s); "
             "memory {:.0f} MB before, {:.0f} MB at its peak\n",
             ids.size(), kSenders, told, settled, static_cast<double>(ids.size()) / settled, static_cast<double>(before) / 1024, static_cast<double>(peak_kb()) / 1024);
}

}  // namespace

int main() {
  one_after_the_other();
  burst();
}
