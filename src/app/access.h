#pragma once
/// What the commands about companies, people, programs and loggers share.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/command.h"
#include "base/secret.h"
#include "tenancy/registry.h"

namespace pv::app {

/// A command below another, as `tenant create`; what it does answers for the exit code.
Command add_action(const Command& command, const char* name, const char* help, CommonOptions& options, Chosen& chosen,
                     std::function<Result<void>()> action);

enum class Consent : std::uint8_t { ask, given };

/// The registry of the installation, made when there is none.
Result<std::unique_ptr<tenancy::Registry>> open_registry(const CommonOptions& options);

/// The one that is there; nothing when none is, or it cannot be opened.
std::unique_ptr<tenancy::Registry> existing_registry(const Settings& settings);

/// Who works at the command line: "command line (<system user>)".
tenancy::Actor command_line();

/// Asks a yes-or-no question on the terminal. Errors: invalid_input when there is no terminal to ask on, or the answer is no.
Result<void> ask(std::string_view question, Consent consent);

/// A password from standard input: its first line; asked for without echo on a terminal.
Result<Secret> read_password(std::string_view prompt);

/// "500 MB", "2GB", "1048576": bytes, by powers of 1000 (kB, MB, GB, TB) or 1024 (KiB, MiB, GiB, TiB).
Result<std::uint64_t> parse_bytes(std::string_view text);
/// "600", "10min", "1h", "30s": seconds.
Result<std::int64_t> parse_step(std::string_view text);

/// "2025-08-03 03:20:00 UTC"; "never" for 0.
std::string moment_text(std::int64_t unix_s);
/// "1.5 GB".
std::string bytes_text(std::uint64_t bytes);

}  // namespace pv::app
