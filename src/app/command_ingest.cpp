#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "app/access.h"
#include "app/command.h"
#include "app/reading_rules.h"
#include "app/run_sinks.h"
#include "app/sources.h"
#include "app/zones.h"
#include "base/clock.h"
#include "base/file.h"
#include "ingest/errand.h"
#include "ingest/layout.h"
#include "ingest/pipeline.h"

namespace pv::app {
namespace ingest_command {
namespace {

enum class Output : std::uint8_t { text, json };

struct Options {
  CommonOptions common;
  std::optional<std::filesystem::path> data_folder;
  std::optional<std::filesystem::path> tsv_file;
  ingest::Mode mode = ingest::Mode::store;
  Output output = Output::text;
};

std::string new_run_id(std::int64_t start_ms) {
  std::random_device random;
  return fmt::format("{:%Y%m%dT%H%M%SZ}-{:08x}", fmt::gmtime(static_cast<std::time_t>(start_ms / 1000)), random());
}

/// Ctrl-C ends the run after the batch at hand.
std::stop_source& stop_on_signal() {
  static std::stop_source source;
  const auto handler = +[](int) { source.request_stop(); };
  std::signal(SIGINT, handler);
  std::signal(SIGTERM, handler);
  return source;
}

void draw_progress(const ingest::Progress& progress) {
  constexpr std::uint64_t kWidth = 30;
  const std::uint64_t filled = progress.files_total == 0 ? kWidth : kWidth * progress.files_done / progress.files_total;
  fmt::print(stderr, "\r[{:#<{}}{:.<{}}] {}/{} files, {} samples ", "", filled, "", kWidth - filled, progress.files_done,
             progress.files_total, progress.samples);
}

std::string relative_to(const std::string& path, const std::filesystem::path& folder) {
  const std::filesystem::path relative = std::filesystem::path(path).lexically_relative(folder);
  return relative.empty() || *relative.begin() == ".." ? path : relative.string();
}

void print_outcome(const ingest::RunReport& run, const std::string& report_path) {
  const std::filesystem::path base = run.base_folder;
  for (const ingest::FileRecord& file : run.files) {
    switch (file.fate) {
      case ingest::Fate::would_store:
        fmt::print("would store   {}  {} rows, {} samples\n", shown(relative_to(file.path, base)), file.rows, file.samples);
        break;
      case ingest::Fate::would_reject:
      case ingest::Fate::rejected:
      case ingest::Fate::deferred:
        fmt::print("{:<13} {}  {}: {}\n", file.fate == ingest::Fate::would_reject ? "would reject" : to_string(file.fate),
                   shown(relative_to(file.path, base)), file.reason, shown(file.message));
        break;
      case ingest::Fate::stored: break;
    }
    for (const std::string& warning : file.warnings) fmt::print("note          {}  {}\n", shown(relative_to(file.path, base)), shown(warning));
  }
  for (const std::string& problem : run.problems) fmt::print("problem       {}\n", shown(problem));
  const double seconds = static_cast<double>(run.end_ms - run.start_ms) / 1000;
  fmt::print("{} files: {} {}, {} {}, {} deferred; {} samples in {:.2f} s\n", run.files.size(), run.stored(),
             run.mode == "dry_run" ? "would be stored" : "stored", run.rejected(),
             run.mode == "dry_run" ? "would be rejected" : "rejected", run.count(ingest::Fate::deferred), run.samples(), seconds);
  if (!report_path.empty()) fmt::print("report: {}\n", report_path);
}

ExitCode exit_code(const ingest::RunReport& run) {
  for (const ingest::FileRecord& file : run.files) {
    if (file.reason == "store_unavailable") return ExitCode::unavailable;
  }
  return run.stored() == run.files.size() && run.not_reached == 0 && run.problems.empty() ? ExitCode::done : ExitCode::some_failed;
}

/// `given`: the data folder as it was spelled.
Result<ingest::Found> files_for(const Options& options, const Settings& settings, const std::filesystem::path& given) {
  if (!options.tsv_file) return ingest::find_files(settings.data_folder);
  std::error_code code;
  if (!std::filesystem::exists(std::filesystem::symlink_status(*options.tsv_file, code))) {
    return fail(Errc::not_found, fmt::format("--tsv-file: {}: there is no such file", options.tsv_file->string()));
  }
  if (std::filesystem::is_directory(*options.tsv_file, code)) {
    return fail(Errc::invalid_input, fmt::format("--tsv-file: {} is a folder; name one file, or a data folder with --data-folder", options.tsv_file->string()));
  }
  std::filesystem::path file = std::filesystem::absolute(*options.tsv_file).lexically_normal();
  if (const auto inside = file.lexically_relative(given); !inside.empty() && *inside.begin() != "..") file = settings.data_folder / inside;
  ingest::Found found;
  found.files.push_back(ingest::classify(settings.data_folder, file));
  return found;
}

/// A dry run leaves no trace, so not in the ledger either.
Result<ingest::RunReport> take(std::vector<ingest::FoundFile> files, ingest::RunOptions& options, const std::filesystem::path& state_dir) {
  if (options.mode == ingest::Mode::dry_run) return ingest::run(std::move(files), options);
  PV_TRY(const auto ledger, ingest::Ledger::open(state_dir));
  options.ledger = ledger.get();
  ingest::ErrandOptions errand;
  errand.run = options;
  errand.state_dir = state_dir;
  errand.sender.who = command_line().name;
  return ingest::run_errand(std::move(files), errand);
}

ExitCode run_ingest(const Options& options) {
  auto settings = settings_for(options.common);
  if (!settings) return report(settings.error());
  if (options.data_folder) settings->data_folder = *options.data_folder;
  const std::filesystem::path given = std::filesystem::absolute(settings->data_folder).lexically_normal();
  settings->data_folder = real_folder(settings->data_folder);

  const std::int64_t start_ms = unix_now_ms();
  auto found = files_for(options, *settings, given);
  if (!found) return report(found.error());

  const auto sources = open_sources(*settings);
  if (!sources) return report(sources.error());
  const auto registry = existing_registry(*settings);
  const Zones zones(*settings, registry.get());
  RunSinks sinks(*settings, zones, stop_on_signal().get_token());
  ingest::RunOptions run_options;
  run_options.mode = options.mode;
  run_options.rules = reading_rules(*settings, zones, **sources);
  run_options.stored = sources->get();
  run_options.sink_of = [&](const model::TenantName& tenant) { return sinks.sink_of(tenant); };
  run_options.readers = settings->threads;
  run_options.stop = stop_on_signal().get_token();
  const bool on_terminal = isatty(STDERR_FILENO) != 0;
  if (on_terminal) run_options.progress = draw_progress;

  run_options.data_folder = settings->data_folder;
  auto outcome = take(std::move(found->files), run_options, settings->state_dir);
  if (!outcome) return report(outcome.error());
  ingest::RunReport run = std::move(*outcome);
  run.problems.insert(run.problems.begin(), found->unreadable.begin(), found->unreadable.end());
  run.run_id = new_run_id(start_ms);
  run.start_ms = start_ms;
  run.end_ms = unix_now_ms();
  run.base_folder = settings->data_folder.string();
  if (on_terminal) fmt::print(stderr, "\r\033[K");

  std::string report_path;
  if (options.mode == ingest::Mode::store) {
    if (auto settled = sinks.settle(); !settled) run.problems.push_back(settled.error().message());
    const std::filesystem::path folder = settings->reports();
    std::error_code code;
    std::filesystem::create_directories(folder, code);
    report_path = (folder / fmt::format("run-{}.json", run.run_id)).string();
    if (auto written = replace_file(report_path, to_json(run)); !written) {
      run.problems.push_back(fmt::format("the report could not be written: {}; set ingest.report_dir", written.error().message()));
      report_path.clear();
    }
  }
  if (options.output == Output::json) {
    print(to_json(run));
  } else {
    print_outcome(run, report_path);
  }
  sinks.bring_copies(run);
  return exit_code(run);
}

}  // namespace
}  // namespace ingest_command

void add_ingest(const Command& app, Chosen& chosen) {
  using namespace ingest_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("ingest", "Read logger files into the stores and file them away");
  add_common_options(command, options->common);
  add_zone_option(command, options->common);
  command.add_option("-d,--data-folder,--dataFolder", options->data_folder, "Folder of <company>/<campaign>/<device>/<file>.tsv (setting data_folder)")
      .type_name("DIR");
  command.add_option("-t,--tsv-file,--tsvFile", options->tsv_file, "This one file instead of all").type_name("FILE");
  command.add_flag_callback("--dry-run", [options] { options->mode = ingest::Mode::dry_run; }, "Show what would happen and touch nothing");
  command.add_flag_callback("--json", [options] { options->output = Output::json; }, "Print the run report as JSON");
  command.callback([options, &chosen] { chosen = [options] { return run_ingest(*options); }; });
}

}  // namespace pv::app
