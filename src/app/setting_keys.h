#pragma once
/// The settings there are: a table of keys, with what is allowed and what each does. For settings.cpp.
///   Threads: constant.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "app/settings.h"

namespace pv::app {

enum class SettingKind : std::uint8_t { text, secret, integer, list };

/// One setting: where it stands in the file, which variables override it, and what puts it into Settings.
struct SettingKey {
  const char* section;  // "" for the top of the file
  const char* name;
  SettingKind kind;
  std::array<const char*, 2> variables;  // the first one set wins
  const char* fallback;                  // as TOML would have it
  const char* comment;
  Result<void> (*apply)(Settings&, const std::string& value);
};

/// Errors: invalid_input: no zone of this system.
Result<model::Zone> zone_named(const std::string& value);
/// A list's entries, as a value of kind `list` holds them: parted by commas.
std::vector<std::string> words_of(const std::string& value);

/// In the order in which `config show` tells them.
[[nodiscard]] std::span<const SettingKey> setting_keys();

}  // namespace pv::app
