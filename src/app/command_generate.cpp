#include <chrono>
#include <memory>

#include <fmt/format.h>

#include "app/command.h"
#include "fleet/fleet.h"

namespace pv::app {
namespace generate_command {
namespace {

struct Options {
  CommonOptions common;  // taken as every command takes them; nothing here reads settings
  fleet::FleetOptions fleet;
  std::filesystem::path out;
  std::string layout = "daily";
  std::string last_day = "2025-11-16";
};

ExitCode run_generate(Options options) {
  options.fleet.layout = options.layout == "daily" ? fleet::Layout::daily : fleet::Layout::yearly;
  const auto last_s = parse_instant(options.last_day, model::Zone::utc(), "--until");
  if (!last_s) return report(last_s.error());
  options.fleet.last_day = std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(*last_s)));
  auto made = fleet::generate(options.fleet, options.out);
  if (!made) return report(made.error());
  fmt::print("{} loggers, {} files, {} bytes, {} samples in {}\n", made->loggers, made->files, made->bytes, made->samples,
             options.out.string());
  fmt::print("Bare files among them are in local time: read them with --zone Europe/Paris.\n");
  return ExitCode::done;
}

}  // namespace
}  // namespace generate_command

void add_generate(const Command& app, Chosen& chosen) {
  using namespace generate_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("generate", "Write a synthetic fleet's files; the same seed gives the same bytes");
  add_common_options(command, options->common);
  command.add_option("--out", options->out, "Folder to write to; nothing in it is overwritten").required().type_name("DIR");
  command.add_option("--companies", options->fleet.companies, "Companies").capture_default_str();
  command.add_option("--loggers", options->fleet.loggers, "Loggers of each company").capture_default_str();
  command.add_option("--channels", options->fleet.channels, "Channels of each logger, voltages included").capture_default_str();
  command.add_option("--days", options->fleet.days, "Days").capture_default_str();
  command.add_option("--until", options->last_day, "The last day; fixed, so that the bytes do not depend on when they are made").capture_default_str();
  command.add_option("--step", options->fleet.step_s, "Seconds between rows").capture_default_str();
  command.add_option("--seed", options->fleet.seed, "Seed of everything random").not_negative().capture_default_str();
  command.add_option("--layout", options->layout, "A file a day, or one for each year").one_of({"daily", "yearly"}).capture_default_str();
  command.add_flag_callback("--clean", [options] { options->fleet.quirks = fleet::Quirks::none(); }, "Nothing goes wrong: no resent, cut or empty files, no power cuts");
  command.callback([options, &chosen] { chosen = [options] { return run_generate(*options); }; });
}

}  // namespace pv::app
