#include <memory>

#include "app/command.h"

namespace pv::app {

void add_config(const Command& app, Chosen& chosen) {
  auto options = std::make_shared<CommonOptions>();
  Command command = app.add_subcommand("config", "Look at the settings");
  command.require_subcommand();
  Command show = command.add_subcommand("show", "Print the settings in force and where each comes from; secrets stay hidden");
  add_common_options(show, *options);
  show.callback([options, &chosen] {
    chosen = [options] {
      auto text = describe_settings(options->config, process_environment, options->state_dir);
      if (!text) return report(text.error());
      print(*text);
      return ExitCode::done;
    };
  });
}

}  // namespace pv::app
