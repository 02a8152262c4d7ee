#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>

#include <fmt/format.h>
#include <malloc.h>

#include "app/command.h"

int main(int argc, char** argv) {
  // The C library would keep up to eight heaps a core, each with what its threads freed: twice the memory of a busy serve.
  mallopt(M_ARENA_MAX, 2);
  // A reader that goes away (| head) ends a command quietly.
  std::signal(SIGPIPE, SIG_IGN);
  using namespace pv::app;
  const CommandLine line("PowerView: the files of electrical loggers in, curves a person can trust out.", "powerview", std::string("powerview ") + PV_VERSION);
  const Command app = line.root();
  Chosen chosen;
  add_serve(app, chosen);
  add_ingest(app, chosen);
  add_inspect(app, chosen);
  add_convert(app, chosen);
  add_query(app, chosen);
  add_export(app, chosen);
  add_generate(app, chosen);
  add_verify(app, chosen);
  add_campaign(app, chosen);
  add_tenant(app, chosen);
  add_user(app, chosen);
  add_token(app, chosen);
  add_sftp_key(app, chosen);
  add_files(app, chosen);
  add_hook(app, chosen);
  add_influx(app, chosen);
  add_victoria(app, chosen);
  add_grafana(app, chosen);
  add_doctor(app, chosen);
  add_backup(app, chosen);
  add_restore(app, chosen);
  add_deploy(app, chosen);
  add_config(app, chosen);
  try {
    if (const auto ended = line.parse(argc, argv)) return *ended;
    const ExitCode code = chosen();
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return static_cast<int>(code);
    // Nobody is there to read a word about a closed pipe.
    if (errno != EPIPE) fmt::print(stderr, "powerview: standard output: {}\n", std::strerror(errno));
    return static_cast<int>(code == ExitCode::done ? ExitCode::unavailable : code);
  } catch (const std::exception& error) {
    fmt::print(stderr, "powerview: BUG: {}. Please report this with the command you ran.\n", error.what());
    return static_cast<int>(ExitCode::unavailable);
  }
}
