#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/doctor.h"

namespace pv::app {
namespace doctor_command {
namespace {

enum class Output : std::uint8_t { text, json };
enum class Walls : std::uint8_t { leave, attack };
enum class Serving : std::uint8_t { expected, stopped };

struct Options {
  CommonOptions common;
  Output output = Output::text;
  Walls walls = Walls::leave;
  Serving serving = Serving::expected;
};

void print_text(const std::vector<Diagnosis>& all) {
  for (const Diagnosis& one : all) fmt::print("{:<8} {:<26} {}\n", to_string(one.health), shown(one.about), shown(one.words));
  const auto count = [&all](Health health) { return std::count_if(all.begin(), all.end(), [health](const Diagnosis& one) { return one.health == health; }); };
  fmt::print("{} looked at: {} wrong, {} warnings\n", all.size(), count(Health::wrong), count(Health::warning));
}

void print_json(const std::vector<Diagnosis>& all) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const Diagnosis& one : all) json.push_back({{"about", one.about}, {"health", to_string(one.health)}, {"words", one.words}});
  print(json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

ExitCode run_doctor(const Options& options) {
  auto settings = settings_for(options.common);
  if (!settings) return report(settings.error());
  settings->data_folder = real_folder(settings->data_folder);
  if (const auto taken_on = take_on_service_user(*settings); !taken_on) return report(taken_on.error());
  std::vector<Diagnosis> all = examine_machine(*settings);
  const auto add = [&all](std::vector<Diagnosis> more) { all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end())); };
  if (options.serving == Serving::expected) add(examine_serve(*settings));
  add(examine_systems(*settings));
  if (options.walls == Walls::attack) add(examine_walls(*settings));
  options.output == Output::json ? print_json(all) : print_text(all);
  const bool wrong = std::any_of(all.begin(), all.end(), [](const Diagnosis& one) { return one.health == Health::wrong; });
  return wrong ? ExitCode::some_failed : ExitCode::done;
}

}  // namespace
}  // namespace doctor_command

void add_doctor(const Command& app, Chosen& chosen) {
  using namespace doctor_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("doctor", "Look the whole installation over, and say what to do");
  add_common_options(command, options->common);
  command.add_flag_callback("--json", [options] { options->output = Output::json; }, "Print JSON");
  command.add_flag_callback("--without-serve", [options] { options->serving = Serving::stopped; },
                             "'powerview serve' is stopped on purpose, or files are taken in by 'powerview ingest' alone: do not look for it");
  command.add_flag_callback("--attack", [options] { options->walls = Walls::attack; },
                             "Also try, as a viewer made for the purpose and with a company's token, to get at another company's samples");
  command.callback([options, &chosen] { chosen = [options] { return run_doctor(*options); }; });
}

}  // namespace pv::app
