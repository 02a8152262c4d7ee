#include <memory>

#include <fmt/format.h>

#include "app/command.h"
#include "ingest/hook_event.h"
#include "ingest/spool.h"

namespace pv::app {
namespace hook_command {
namespace {

/// Leaves word and goes: the other server waits for this program, and kills it when it takes long.
ExitCode run_hook(const CommonOptions& options) {
  const auto settings = settings_for(options);
  if (!settings) return report(settings.error());
  const auto event = ingest::event_of_variables(ingest::hook_variables());
  if (!event) return report(event.error());
  const ingest::HookMeaning meaning = ingest::meaning_of(*event, settings->data_folder);
  if (meaning.kind == ingest::HookMeaning::Kind::nothing) {
    fmt::print("ignored: {}\n", shown(meaning.note));
    return ExitCode::done;
  }
  const auto spool = ingest::Spool::open(settings->state_dir);
  if (!spool) return report(spool.error());
  const auto kept = spool->put(*event);
  if (!kept) return report(kept.error());
  fmt::print("{}\n", *kept);
  return ExitCode::done;
}

}  // namespace
}  // namespace hook_command

void add_hook(const Command& app, Chosen& chosen) {
  using namespace hook_command;
  auto options = std::make_shared<CommonOptions>();
  Command command = app.add_subcommand("hook", "What SFTPGo runs for its events (variables SFTPGO_ACTION…): tells 'powerview serve' of a file");
  add_common_options(command, *options);
  command.callback([options, &chosen] { chosen = [options] { return run_hook(*options); }; });
}

}  // namespace pv::app
