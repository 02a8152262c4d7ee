#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/command.h"
#include "store/directory.h"

namespace pv::app {
namespace {

ExitCode run_verify(const CommonOptions& options) {
  const auto settings = settings_for(options);
  if (!settings) return report(settings.error());
  store::Directory directory(settings->state_dir);
  auto tenants = directory.tenants();
  if (!tenants) return report(tenants.error());
  if (tenants->empty()) {
    return report({Errc::not_found, fmt::format("there is no store in {}; check --state-dir", settings->state_dir.string())});
  }
  std::size_t findings = 0;
  for (const model::TenantName& tenant : *tenants) {
    auto reader = store::Reader::open(directory.file_of(tenant));
    auto found = reader ? (*reader)->verify() : Result<std::vector<std::string>>(fail(reader.error()));
    if (!found) {
      fmt::print("{}\n", found.error().message());
      ++findings;
      continue;
    }
    for (const std::string& line : *found) fmt::print("{}\n", line);
    findings += found->size();
  }
  fmt::print("{} stores checked in {}: {}\n", tenants->size(), settings->state_dir.string(),
             findings == 0 ? "all well" : fmt::format("{} findings", findings));
  return findings == 0 ? ExitCode::done : ExitCode::some_failed;
}

}  // namespace

void add_verify(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<CommonOptions>();
  CLI::App* command = app.add_subcommand("verify", "Read every block of every store and report damage");
  add_common_options(*command, *options);
  command->callback([options, &chosen] { chosen = [options] { return run_verify(*options); }; });
}

}  // namespace pv::app
