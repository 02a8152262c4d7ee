#pragma once
/// What the commands of the program share. Each command has a file of its own, command_<name>.cpp.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "app/command_line.h"
#include "app/settings.h"
#include "base/result.h"

namespace pv::app {

enum class ExitCode : std::uint8_t {
  done = 0,
  some_failed = 1,  // some files were rejected or have to wait; a check found something
  wrong_use = 2,    // options, settings or a name are wrong
  unavailable = 3,  // something needed is away: disk, store, port
};

/// Options every command takes.
struct CommonOptions {
  std::optional<std::filesystem::path> config;
  std::optional<std::filesystem::path> state_dir;
  std::optional<std::string> zone;  // of bare files; only where files are read
};

/// The command that was chosen; main() runs it once the line is parsed.
using Chosen = std::function<ExitCode()>;

/// Prints "powerview: <message>" to standard error and gives the exit code for that kind of error.
ExitCode report(const Error& error);

void add_common_options(const Command& command, CommonOptions& options);
void add_zone_option(const Command& command, CommonOptions& options);

/// Settings with the command's own options on top.
Result<Settings> settings_for(const CommonOptions& options);

/// A folder however it is spelled: absolute, links followed as far as it exists. Paths in the ledger are below the data folder's.
std::filesystem::path real_folder(const std::filesystem::path& folder);

/// The process environment, as settings read it.
std::optional<std::string> process_environment(const char* name);

/// Unix seconds of "1754184000", "2025-08-03", "2025-08-03 03:20[:00]" (local time of `zone`) or an ISO 8601 instant with 'Z' or an
/// offset. Errors: invalid_input, naming the option.
Result<std::int64_t> parse_instant(const std::string& text, const model::Zone& zone, std::string_view option);

/// "3 Aug 2025"-like text is for pages; the terminal shows "2025-08-03 03:20:00" in the zone.
std::string local_text(std::int64_t unix_s, const model::Zone& zone);

/// Text from a file or a path as a terminal may show it: control characters become "\xNN".
std::string shown(std::string_view text);

/// Writes to standard output; false when the reader has gone away.
bool print(std::string_view text);

void add_ingest(const Command& app, Chosen& chosen);
void add_serve(const Command& app, Chosen& chosen);
void add_inspect(const Command& app, Chosen& chosen);
void add_convert(const Command& app, Chosen& chosen);
void add_query(const Command& app, Chosen& chosen);
void add_export(const Command& app, Chosen& chosen);
void add_generate(const Command& app, Chosen& chosen);
void add_verify(const Command& app, Chosen& chosen);
void add_campaign(const Command& app, Chosen& chosen);
void add_config(const Command& app, Chosen& chosen);
void add_tenant(const Command& app, Chosen& chosen);
void add_user(const Command& app, Chosen& chosen);
void add_token(const Command& app, Chosen& chosen);
void add_sftp_key(const Command& app, Chosen& chosen);
void add_files(const Command& app, Chosen& chosen);
void add_hook(const Command& app, Chosen& chosen);
void add_influx(const Command& app, Chosen& chosen);
void add_victoria(const Command& app, Chosen& chosen);
void add_grafana(const Command& app, Chosen& chosen);
void add_doctor(const Command& app, Chosen& chosen);
void add_deploy(const Command& app, Chosen& chosen);
void add_backup(const Command& app, Chosen& chosen);
void add_restore(const Command& app, Chosen& chosen);

}  // namespace pv::app
