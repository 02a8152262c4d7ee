#include "app/command.h"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <date/date.h>
#include <fmt/format.h>

namespace pv::app {
namespace {

/// Digits only, of an exact length.
std::optional<int> number_at(std::string_view text, std::size_t at, std::size_t length) {
  if (at + length > text.size()) return std::nullopt;
  int value = 0;
  const auto [end, code] = std::from_chars(text.data() + at, text.data() + at + length, value);
  if (code != std::errc{} || end != text.data() + at + length || text[at] == '-') return std::nullopt;
  return value;
}

struct ParsedTime {
  std::int64_t local_s = 0;
  std::optional<std::int64_t> offset_s;  // set when the text says it
};

/// "YYYY-MM-DD", then optionally [T or space]HH:MM[:SS], then optionally Z or ±HH[:]MM.
std::optional<ParsedTime> parse_iso(std::string_view text) {
  const auto year = number_at(text, 0, 4);
  const auto month = number_at(text, 5, 2);
  const auto day = number_at(text, 8, 2);
  if (!year || !month || !day || text[4] != '-' || text[7] != '-') return std::nullopt;
  const date::year_month_day date{date::year{*year}, date::month{static_cast<unsigned>(*month)}, date::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  ParsedTime parsed;
  parsed.local_s = date::sys_seconds(date::sys_days(date)).time_since_epoch().count();
  std::size_t at = 10;
  if (at == text.size()) return parsed;
  if (text[at] != 'T' && text[at] != ' ') return std::nullopt;
  const auto hour = number_at(text, at + 1, 2);
  const auto minute = number_at(text, at + 4, 2);
  if (!hour || !minute || *hour > 23 || *minute > 59 || text[at + 3] != ':') return std::nullopt;
  parsed.local_s += *hour * 3600 + *minute * 60;
  at += 6;
  if (at < text.size() && text[at] == ':') {
    const auto second = number_at(text, at + 1, 2);
    if (!second || *second > 59) return std::nullopt;
    parsed.local_s += *second;
    at += 3;
  }
  if (at == text.size()) return parsed;
  const std::string_view tail = text.substr(at);
  if (tail == "Z") {
    parsed.offset_s = 0;
    return parsed;
  }
  if (tail.front() != '+' && tail.front() != '-') return std::nullopt;
  const auto hours = number_at(tail, 1, 2);
  const auto minutes = number_at(tail, tail.size() == 6 && tail[3] == ':' ? 4 : 3, 2);
  if (!hours || !minutes || (tail.size() != 5 && tail.size() != 6)) return std::nullopt;
  parsed.offset_s = (*hours * 3600 + *minutes * 60) * (tail.front() == '-' ? -1 : 1);
  return parsed;
}

}  // namespace

ExitCode report(const Error& error) {
  fmt::print(stderr, "powerview: {}\n", shown(error.message()));
  switch (error.kind()) {
    case Errc::not_found:
    case Errc::invalid_input:
    case Errc::denied: return ExitCode::wrong_use;
    case Errc::corrupt: return ExitCode::some_failed;
    case Errc::io:
    case Errc::conflict:
    case Errc::unavailable: return ExitCode::unavailable;
  }
  return ExitCode::unavailable;
}

void add_common_options(const Command& command, CommonOptions& options) {
  command.add_option("--config", options.config, "Settings file (default: $POWERVIEW_CONFIG, /etc/powerview/powerview.toml)")
      .type_name("FILE");
  command.add_option("--state-dir", options.state_dir, "Where the program keeps its stores (setting state_dir)").type_name("DIR");
}

void add_zone_option(const Command& command, CommonOptions& options) {
  command.add_option("--zone", options.zone, "Time zone of files that do not say their own, such as Europe/Paris").type_name("ZONE");
}

Result<Settings> settings_for(const CommonOptions& options) {
  PV_TRY(Settings settings, load_settings(options.config, process_environment));
  if (options.state_dir) settings.state_dir = *options.state_dir;
  if (options.zone) {
    auto zone = model::Zone::from_name(*options.zone);
    if (!zone) return fail(Errc::invalid_input, fmt::format("--zone: '{}' is no time zone of this system; give a name like Europe/Paris or UTC", *options.zone));
    settings.zone = std::move(*zone);
    settings.zone_for_all = true;
  }
  return settings;
}

std::filesystem::path real_folder(const std::filesystem::path& folder) {
  std::error_code code;
  const std::filesystem::path absolute = std::filesystem::absolute(folder);
  std::filesystem::path real = std::filesystem::weakly_canonical(absolute, code);
  if (code) real = absolute.lexically_normal();
  return real.has_filename() ? real : real.parent_path();
}

std::optional<std::string> process_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Result<std::int64_t> parse_instant(const std::string& text, const model::Zone& zone, std::string_view option) {
  std::int64_t unix_s = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), unix_s);
  if (code == std::errc{} && end == text.data() + text.size()) return unix_s;
  if (const auto parsed = parse_iso(text)) {
    if (parsed->offset_s) return parsed->local_s - *parsed->offset_s;
    return zone.to_utc(parsed->local_s).earlier_s;
  }
  return fail(Errc::invalid_input, fmt::format("{}: '{}' is no instant; give 2025-08-03, 2025-08-03T03:20:00Z or Unix seconds", option, text));
}

std::string local_text(std::int64_t unix_s, const model::Zone& zone) {
  const std::int64_t local_s = unix_s + zone.offset_at(unix_s).offset_s;
  return date::format("%F %T", date::sys_seconds(std::chrono::seconds(local_s)));
}

std::string shown(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      safe += fmt::format("\\x{:02x}", byte);
    } else {
      safe += c;
    }
  }
  return safe;
}

bool print(std::string_view text) { return std::fwrite(text.data(), 1, text.size(), stdout) == text.size(); }

}  // namespace pv::app
