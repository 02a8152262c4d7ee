#pragma once
/// What the commands ask of the command line. CLI11 does the work, in one source: with its header in each, the commands took a third of the build.
///   Handles of commands and options are values, good as long as their CommandLine. What an option fills in must outlive parse().
///   Errors: a wrong line ends in parse(), which tells the user. Threads: confined to one.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace pv::app {

class CommandOption {
 public:
  explicit CommandOption(CLI::Option& option) : option_(&option) {}
  CommandOption required() const;
  CommandOption type_name(const std::string& name) const;  // of its value, for the help
  CommandOption one_of(std::initializer_list<std::string> words) const;
  CommandOption between(std::int64_t least, std::int64_t most) const;
  CommandOption not_negative() const;
  CommandOption capture_default_str() const;  // the help tells the value it has now
  CommandOption excludes(const CommandOption& other) const;
  CommandOption delimiter(char between_values) const;

 private:
  CLI::Option* option_;
};

class Command {
 public:
  explicit Command(CLI::App& app) : app_(&app) {}
  [[nodiscard]] Command add_subcommand(const std::string& name, const std::string& help) const;
  void require_subcommand() const;
  void allow_subcommand() const;
  [[nodiscard]] bool has_subcommand() const;  // whether one was named
  void alias(const std::string& name) const;
  /// Run when the command is named, once all options are filled in.
  void callback(std::function<void()> chosen) const;

  /// "--name", "-n,--name", or "NAME" for an argument. Of a text, path or whole number, std::optional of these, or a list of texts or paths.
  template <class Value>
  CommandOption add_option(const std::string& name, Value& into, const std::string& help) const;
  CommandOption add_flag(const std::string& name, bool& into, const std::string& help) const;
  CommandOption add_flag_callback(const std::string& name, std::function<void()> given, const std::string& help) const;

 private:
  CLI::App* app_;
};

class CommandLine {
 public:
  CommandLine(const std::string& about, const std::string& program, const std::string& version);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  [[nodiscard]] Command root() const;
  /// The exit code where there is nothing to run: 0 after --help or --version, 2 for a wrong line, which it tells on standard error.
  [[nodiscard]] std::optional<int> parse(int count, const char* const* words) const;

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace pv::app
