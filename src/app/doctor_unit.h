#pragma once
/// What systemd lets the service do: the sandbox of powerview.service as it is in force, drop-ins included. From outside of it everything looks
/// writable.
///   Threads: no state.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pv::app {

struct ServiceUnit {
  std::string command;                          // its ExecStart
  std::string user;                             // empty: root
  bool is_started = false;                      // or about to be: it need not answer yet
  bool is_strict = false;                       // nothing is writable but…
  std::vector<std::filesystem::path> writable;  // …what lies below these
  bool hides_homes = false, has_own_tmp = false;

  /// Why the service cannot write there, in words; "" when it can.
  [[nodiscard]] std::string obstacle(const std::filesystem::path& folder) const;
};

/// Of the lines that `systemctl show` prints. Nothing when no such unit is loaded.
[[nodiscard]] std::optional<ServiceUnit> parse_unit(const std::string& shown);

/// Asks systemd for the unit that serves with these settings. Nothing where systemd does not run, or its unit is not this installation's.
[[nodiscard]] std::optional<ServiceUnit> look_at_unit(const std::filesystem::path& settings_file);

}  // namespace pv::app
