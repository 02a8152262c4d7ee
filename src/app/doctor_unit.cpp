#include "app/doctor_unit.h"

#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <sstream>

#include <fmt/format.h>

namespace pv::app {
namespace {

bool lies_in(const std::filesystem::path& folder, const std::filesystem::path& above) {
  std::error_code code;
  const auto inside = std::filesystem::weakly_canonical(folder, code).lexically_relative(std::filesystem::weakly_canonical(above, code));
  return !inside.empty() && *inside.begin() != "..";
}

struct CloseProcess {
  void operator()(std::FILE* process) const { ::pclose(process); }
};

}  // namespace

std::string ServiceUnit::obstacle(const std::filesystem::path& folder) const {
  for (const char* home : {"/home", "/root", "/run/user"}) {
    if (hides_homes && lies_in(folder, home)) return fmt::format("powerview.service does not see what lies in {} (ProtectHome); move it below /srv or /var/lib", home);
  }
  for (const char* tmp : {"/tmp", "/var/tmp"}) {
    if (has_own_tmp && lies_in(folder, tmp)) return fmt::format("powerview.service has a {} of its own (PrivateTmp); move it below /srv or /var/lib", tmp);
  }
  if (!is_strict) return "";
  for (const std::filesystem::path& one : writable) {
    if (lies_in(folder, one)) return "";
  }
  return "powerview.service may not write there (ReadWritePaths): install the drop-in powerview.service.d that 'powerview deploy render' writes with --data-folder and "
         "--state-dir, then systemctl daemon-reload && systemctl restart powerview";
}

std::optional<ServiceUnit> parse_unit(const std::string& shown) {
  std::map<std::string, std::string> values;
  std::istringstream lines(shown);
  for (std::string line; std::getline(lines, line);) {
    if (const std::size_t equals = line.find('='); equals != std::string::npos) values[line.substr(0, equals)] = line.substr(equals + 1);
  }
  if (values["LoadState"] != "loaded") return std::nullopt;
  ServiceUnit unit;
  unit.command = values["ExecStart"];
  unit.user = values["User"];
  unit.is_started = values["ActiveState"] == "active" || values["ActiveState"] == "activating" || values["ActiveState"] == "reloading";
  unit.is_strict = values["ProtectSystem"] == "strict";
  unit.hides_homes = !values["ProtectHome"].empty() && values["ProtectHome"] != "no";
  unit.has_own_tmp = values["PrivateTmp"] == "yes";
  std::istringstream paths(values["ReadWritePaths"]);
  for (std::string path; paths >> path;) unit.writable.emplace_back(path.substr(std::min(path.find_first_not_of("-+"), path.size())));
  std::istringstream names(values["StateDirectory"]);
  for (std::string name; names >> name;) unit.writable.push_back(std::filesystem::path("/var/lib") / name);
  return unit;
}

std::optional<ServiceUnit> look_at_unit(const std::filesystem::path& settings_file) {
  if (settings_file.empty()) return std::nullopt;
  const std::unique_ptr<std::FILE, CloseProcess> process(
      ::popen("systemctl show --no-pager -p LoadState,ActiveState,User,ExecStart,ProtectSystem,ProtectHome,PrivateTmp,ReadWritePaths,StateDirectory powerview.service 2>/dev/null", "re"));
  if (!process) return std::nullopt;
  std::string shown;
  std::array<char, 4096> piece{};
  while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), process.get())) shown.append(piece.data(), got);
  auto unit = parse_unit(shown);
  if (unit && unit->command.find(std::filesystem::absolute(settings_file).lexically_normal().string()) == std::string::npos) return std::nullopt;
  return unit;
}

}  // namespace pv::app
