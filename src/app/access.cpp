#include "app/access.h"

#include <pwd.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iostream>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace pv::app {
namespace {

/// Keeps what is typed off the screen.
class Unseen {
 public:
  Unseen() {
    if (tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  ~Unseen() {
    if (hidden_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  termios before_{};
  bool hidden_ = false;
};

struct Amount {
  std::uint64_t number;
  std::string unit;  // lower case
};

std::optional<Amount> amount_of(std::string_view text) {
  Amount amount{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), amount.number);
  if (code != std::errc{}) return std::nullopt;
  for (const char* at = end; at != text.data() + text.size(); ++at) {
    if (*at != ' ') amount.unit += static_cast<char>(*at >= 'A' && *at <= 'Z' ? *at | 0x20 : *at);
  }
  return amount;
}

template <std::size_t N>
std::optional<std::uint64_t> scaled(const Amount& amount, const std::array<std::pair<std::string_view, std::uint64_t>, N>& units) {
  for (const auto& [name, factor] : units) {
    if (amount.unit != name) continue;
    if (amount.number > std::uint64_t{std::numeric_limits<std::int64_t>::max()} / factor) return std::nullopt;
    return amount.number * factor;
  }
  return std::nullopt;
}

}  // namespace

Command add_action(const Command& command, const char* name, const char* help, CommonOptions& options, Chosen& chosen,
                     std::function<Result<void>()> action) {
  Command sub = command.add_subcommand(name, help);
  add_common_options(sub, options);
  sub.callback([&chosen, action = std::move(action)] {
    chosen = [action] {
      const Result<void> done = action();
      return done ? ExitCode::done : report(done.error());
    };
  });
  return sub;
}

Result<std::unique_ptr<tenancy::Registry>> open_registry(const CommonOptions& options) {
  PV_TRY(const Settings settings, settings_for(options));
  return tenancy::Registry::open(settings.state_dir);
}

std::unique_ptr<tenancy::Registry> existing_registry(const Settings& settings) {
  std::error_code code;
  if (!std::filesystem::exists(settings.state_dir / "registry.sqlite", code)) return nullptr;
  auto registry = tenancy::Registry::open(settings.state_dir);
  return registry ? std::move(*registry) : nullptr;
}

tenancy::Actor command_line() {
  const passwd* const user = getpwuid(getuid());
  return {user == nullptr ? "command line" : fmt::format("command line ({})", user->pw_name), ""};
}

Result<void> ask(std::string_view question, Consent consent) {
  if (consent == Consent::given) return {};
  if (isatty(STDIN_FILENO) == 0) return fail(Errc::invalid_input, fmt::format("{} There is no terminal to ask on: add --yes to do it", question));
  fmt::print(stderr, "{} [y/N] ", question);
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes" || answer == "o" || answer == "oui") return {};
  return fail(Errc::invalid_input, "nothing was changed");
}

Result<Secret> read_password(std::string_view prompt) {
  std::string line;
  if (isatty(STDIN_FILENO) != 0) {
    fmt::print(stderr, "{}: ", prompt);
    const Unseen unseen;
    std::getline(std::cin, line);
    fmt::print(stderr, "\n");
  } else {
    std::getline(std::cin, line);
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.empty()) return fail(Errc::invalid_input, "no password was given on standard input");
  return Secret(std::move(line));
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 10> kUnits = {{{"", 1}, {"b", 1}, {"kb", 1'000}, {"mb", 1'000'000},
      {"gb", 1'000'000'000}, {"tb", 1'000'000'000'000}, {"kib", 1ULL << 10}, {"mib", 1ULL << 20}, {"gib", 1ULL << 30}, {"tib", 1ULL << 40}}};
  if (const auto amount = amount_of(text)) {
    if (const auto bytes = scaled(*amount, kUnits)) return *bytes;
  }
  return fail(Errc::invalid_input, fmt::format("'{}' is no size; give bytes or a number with kB, MB, GB, TB", text));
}

Result<std::int64_t> parse_step(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 6> kUnits = {{{"", 1}, {"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"d", 86'400}}};
  if (const auto amount = amount_of(text)) {
    if (const auto seconds = scaled(*amount, kUnits)) return static_cast<std::int64_t>(*seconds);
  }
  return fail(Errc::invalid_input, fmt::format("'{}' is no step; give seconds, or a number with s, min or h", text));
}

std::string moment_text(std::int64_t unix_s) { return unix_s == 0 ? "never" : local_text(unix_s, model::Zone::utc()) + " UTC"; }

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  auto number = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (number >= 1000 && unit + 1 < kUnits.size()) {
    number /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", number, kUnits[unit]);
}

}  // namespace pv::app
