#include <csignal>
#include <memory>
#include <pthread.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "api/server.h"
#include "app/command.h"
#include "app/pages.h"
#include "store/directory.h"

namespace pv::app {
namespace {

struct Options {
  CommonOptions common;
  std::optional<std::string> host;
  std::optional<int> port;
};

std::shared_ptr<spdlog::logger> make_log(LogLevel level) {
  auto log = std::make_shared<spdlog::logger>("powerview", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  switch (level) {
    case LogLevel::debug: log->set_level(spdlog::level::debug); break;
    case LogLevel::info: log->set_level(spdlog::level::info); break;
    case LogLevel::warning: log->set_level(spdlog::level::warn); break;
    case LogLevel::error: log->set_level(spdlog::level::err); break;
  }
  log->flush_on(spdlog::level::info);
  return log;
}

ExitCode run_serve(const Options& options) {
  auto settings = settings_for(options.common);
  if (!settings) return report(settings.error());
  if (options.host) settings->host = *options.host;
  if (options.port) settings->port = *options.port;

  // Blocked before any thread starts, so that only the wait below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const std::shared_ptr<spdlog::logger> log = make_log(settings->log_level);
  store::Directory directory(settings->state_dir);
  api::ServerOptions server_options;
  server_options.host = settings->host;
  server_options.port = settings->port;
  server_options.version = PV_VERSION;
  server_options.query_workers = settings->threads;
  server_options.pages = pages();
  server_options.zone_of = [&](const model::TenantName& tenant, const model::CampaignName& campaign) {
    return settings->zone_of(tenant, campaign);
  };
  server_options.log = [log](std::string_view line) { log->warn(line); };
  auto server = api::Server::start(directory, server_options);
  if (!server) return report(server.error());
  // The address goes to standard output, where a program that asked for port 0 reads it.
  const bool ipv6 = settings->host.find(':') != std::string::npos;
  fmt::print("http://{}{}{}:{}/\n", ipv6 ? "[" : "", settings->host, ipv6 ? "]" : "", (*server)->port());
  std::fflush(stdout);
  log->info("serving port={} state_dir={}", (*server)->port(), settings->state_dir.string());

  int signal = 0;
  sigwait(&signals, &signal);
  log->info("stopping");
  (*server)->stop();
  return ExitCode::done;
}

}  // namespace

void add_serve(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("serve", "Serve the pages and the API on this machine");
  add_common_options(*command, options->common);
  command->add_option("--host", options->host, "Loopback address to listen on (setting server.host)");
  command->add_option("--port", options->port, "Port; 0: any free one (setting server.port)")->check(CLI::Range(0, 65535));
  command->callback([options, &chosen] { chosen = [options] { return run_serve(*options); }; });
}

}  // namespace pv::app
