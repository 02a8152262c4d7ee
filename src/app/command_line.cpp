#include "app/command_line.h"

#include <cstdint>
#include <filesystem>
#include <vector>

#include <CLI/CLI.hpp>

namespace pv::app {

CommandOption CommandOption::required() const { return CommandOption(*option_->required()); }
CommandOption CommandOption::type_name(const std::string& name) const { return CommandOption(*option_->type_name(name)); }
CommandOption CommandOption::one_of(std::initializer_list<std::string> words) const { return CommandOption(*option_->check(CLI::IsMember(std::vector<std::string>(words)))); }
CommandOption CommandOption::between(std::int64_t least, std::int64_t most) const { return CommandOption(*option_->check(CLI::Range(least, most))); }
CommandOption CommandOption::not_negative() const { return CommandOption(*option_->check(CLI::NonNegativeNumber)); }
CommandOption CommandOption::capture_default_str() const { return CommandOption(*option_->capture_default_str()); }
CommandOption CommandOption::excludes(const CommandOption& other) const { return CommandOption(*option_->excludes(other.option_)); }
CommandOption CommandOption::delimiter(char between_values) const { return CommandOption(*option_->delimiter(between_values)); }

Command Command::add_subcommand(const std::string& name, const std::string& help) const { return Command(*app_->add_subcommand(name, help)); }
void Command::require_subcommand() const { app_->require_subcommand(1); }
void Command::allow_subcommand() const { app_->require_subcommand(0, 1); }
bool Command::has_subcommand() const { return !app_->get_subcommands().empty(); }
void Command::alias(const std::string& name) const { app_->alias(name); }
void Command::callback(std::function<void()> chosen) const { app_->callback(std::move(chosen)); }

template <class Value>
CommandOption Command::add_option(const std::string& name, Value& into, const std::string& help) const {
  return CommandOption(*app_->add_option(name, into, help));
}
template CommandOption Command::add_option(const std::string&, std::string&, const std::string&) const;
template CommandOption Command::add_option(const std::string&, std::optional<std::string>&, const std::string&) const;
template CommandOption Command::add_option(const std::string&, std::filesystem::path&, const std::string&) const;
template CommandOption Command::add_option(const std::string&, std::optional<std::filesystem::path>&, const std::string&) const;
template CommandOption Command::add_option(const std::string&, std::vector<std::string>&, const std::string&) const;
template CommandOption Command::add_option(const std::string&, std::vector<std::filesystem::path>&, const std::string&) const;
template CommandOption Command::add_option(const std::string&, int&, const std::string&) const;
template CommandOption Command::add_option(const std::string&, std::optional<int>&, const std::string&) const;
template CommandOption Command::add_option(const std::string&, std::int64_t&, const std::string&) const;
template CommandOption Command::add_option(const std::string&, std::optional<std::int64_t>&, const std::string&) const;
template CommandOption Command::add_option(const std::string&, std::uint32_t&, const std::string&) const;
template CommandOption Command::add_option(const std::string&, std::uint64_t&, const std::string&) const;

CommandOption Command::add_flag(const std::string& name, bool& into, const std::string& help) const { return CommandOption(*app_->add_flag(name, into, help)); }
CommandOption Command::add_flag_callback(const std::string& name, std::function<void()> given, const std::string& help) const {
  return CommandOption(*app_->add_flag_callback(name, std::move(given), help));
}

CommandLine::CommandLine(const std::string& about, const std::string& program, const std::string& version) : app_(std::make_unique<CLI::App>(about, program)) {
  app_->set_version_flag("--version", version);
  app_->require_subcommand(1);
  app_->failure_message(CLI::FailureMessage::simple);
}
CommandLine::~CommandLine() = default;

Command CommandLine::root() const { return Command(*app_); }

std::optional<int> CommandLine::parse(int count, const char* const* words) const {
  constexpr int kWrongUse = 2;
  try {
    app_->parse(count, words);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    return app_->exit(error) == 0 ? 0 : kWrongUse;
  }
}

}  // namespace pv::app
