#include <csignal>
#include <memory>
#include <pthread.h>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "api/server.h"
#include "app/arrivals.h"
#include "app/command.h"
#include "app/pages.h"
#include "app/sources.h"
#include "app/zones.h"
#include "store/directory.h"

namespace pv::app {
namespace serve_command {
namespace {

struct Options {
  CommonOptions common;
  std::optional<std::string> data_folder;
  std::optional<std::string> host;
  std::optional<int> port;
  std::optional<int> sftp_port;
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

/// "[::1]:80" for an address with colons.
std::string host_and_port(const std::string& host, int port) {
  const bool ipv6 = host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", ipv6 ? "[" : "", host, ipv6 ? "]" : "", port);
}

/// A first start makes an administrator, and says so this once.
Result<void> greet_first_administrator(tenancy::Registry& registry) {
  PV_TRY(const std::optional<Secret> password, registry.make_first_administrator());
  if (password) {
    fmt::print("first start: administrator \"admin\", password {} (shown this once; it must be changed at the first sign-in)\n", password->reveal());
  }
  return {};
}

struct Logs {
  Arrivals::Log trouble, upload;
};

api::ServerOptions server_options(const Settings& settings, const Zones& zones, tenancy::Registry& registry, Arrivals& arrivals, Logs logs) {
  api::ServerOptions options;
  options.host = settings.host;
  options.port = settings.port;
  options.transport = settings.public_url.starts_with("https://") ? api::Transport::https : api::Transport::http;
  options.version = PV_VERSION;
  options.query_workers = settings.threads;
  options.pages = pages();
  options.zone_of = [&zones](const model::TenantName& tenant, const model::CampaignName& campaign) { return zones.zone_of(tenant, campaign); };
  options.expected_steps_of = [&zones](const model::TenantName& tenant, const model::CampaignName& campaign) { return zones.expected_steps_of(tenant, campaign); };
  options.log = std::move(logs.trouble);
  options.log_upload = std::move(logs.upload);
  options.registry = &registry;
  options.ledger = &arrivals.ledger();
  options.desk = &arrivals.desk();
  options.max_file_bytes = settings.max_file_bytes;
  options.wake_intake = [&arrivals] { arrivals.intake().wake(); };
  options.wait_settled = [&arrivals](model::FileId id, std::chrono::milliseconds most) { return arrivals.intake().wait_settled(id, most); };
  options.bytes_used = [&arrivals](const model::TenantName& tenant) { return arrivals.usage().bytes_used(tenant); };
  if (Copies* const copies = arrivals.copies()) {
    options.sinks_of = [copies](std::span<const std::string> digests) { return copies->outbox().standing_of(digests); };
  }
  options.take_hook = [&arrivals](std::string_view json) { return arrivals.take_hook(json); };
  options.hook_secret = settings.hook_secret;
  if (const sftp::Server* const server = arrivals.sftp_server()) options.sftp = {server->port(), server->fingerprints()};
  options.more_metrics = [&arrivals](std::string& out) {
    arrivals.intake().write_metrics(out);
    if (Copies* const copies = arrivals.copies()) copies->write_metrics(out);
  };
  return options;
}

ExitCode run_serve(const Options& options) {
  auto settings = settings_for(options.common);
  if (!settings) return report(settings.error());
  if (options.data_folder) settings->data_folder = *options.data_folder;
  settings->data_folder = real_folder(settings->data_folder);
  if (options.host) settings->host = *options.host;
  if (options.port) settings->port = *options.port;
  if (options.sftp_port) settings->sftp_port = *options.sftp_port;

  // Blocked before any thread starts, so that only the wait below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const std::shared_ptr<spdlog::logger> log = make_log(settings->log_level);
  const auto warn = [log](std::string_view line) { log->warn(line); };
  const auto info = [log](std::string_view line) { log->info(line); };
  const auto registry = tenancy::Registry::open(settings->state_dir);
  if (!registry) return report(registry.error());
  const Zones zones(*settings, registry->get());
  store::Directory directory(settings->state_dir);
  const auto sources = open_sources(*settings);
  if (!sources) return report(sources.error());
  const auto arrivals = Arrivals::start(*settings, zones, **registry, directory, **sources, info);
  if (!arrivals) return report(arrivals.error());
  const auto server = api::Server::start(**sources, server_options(*settings, zones, **registry, **arrivals, {warn, info}));
  if (!server) return report(server.error());
  if (const auto greeted = greet_first_administrator(**registry); !greeted) return report(greeted.error());
  // Addresses go to standard output, where a program that asked for port 0 reads them.
  fmt::print("http://{}/\n", host_and_port(settings->host, (*server)->port()));
  if (const sftp::Server* const sftp = (*arrivals)->sftp_server()) fmt::print("sftp://{}\n", host_and_port(settings->sftp_host, sftp->port()));
  std::fflush(stdout);
  log->info("serving port={} state_dir={}", (*server)->port(), settings->state_dir.string());

  int signal = 0;
  sigwait(&signals, &signal);
  log->info("stopping");
  (*server)->stop();
  (*arrivals)->stop();
  return ExitCode::done;
}

}  // namespace
}  // namespace serve_command

void add_serve(const Command& app, Chosen& chosen) {
  using namespace serve_command;
  auto options = std::make_shared<Options>();
  Command command = app.add_subcommand("serve", "Serve the pages, the API and SFTP, and take in what comes");
  add_common_options(command, options->common);
  command.add_option("--data-folder", options->data_folder, "Where the files lie and come in (setting data_folder)").type_name("DIR");
  command.add_option("--host", options->host, "Address to listen on (setting server.host)");
  command.add_option("--port", options->port, "Port; 0: any free one (setting server.port)").between(0, 65535);
  command.add_option("--sftp-port", options->sftp_port, "Port of SFTP; 0: any free one (setting sftp.port)").between(0, 65535);
  command.callback([options, &chosen] { chosen = [options] { return run_serve(*options); }; });
}

}  // namespace pv::app
