#include "app/deploy.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/private_file.h"
#include "model/zone.h"

namespace pv::app {
namespace {

constexpr std::uint64_t kMostBytes = 1U << 20;
constexpr const char* kNote = ".rendered";  // as sha256sum prints it

bool all_of_set(std::string_view text, std::string_view set) { return text.find_first_not_of(set) == std::string_view::npos; }
constexpr std::string_view kWord = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && all_of_set(label, "abcdefghijklmnopqrstuvwxyz0123456789-") && label.front() != '-' && label.back() != '-';
}

bool is_domain(std::string_view text) {
  if (text.size() > 240 || text.find('.') == std::string_view::npos) return false;  // room for "influxdb." in front
  bool has_letter = false;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (!is_label(label)) return false;
    has_letter = !all_of_set(label, "0123456789");
    if (dot == std::string_view::npos) return has_letter;  // the last one: "127.0.0.1" is no domain
    text.remove_prefix(dot + 1);
  }
}

bool is_path(std::string_view text) {
  return text.size() > 1 && text.size() < 512 && text.front() == '/' && text.back() != '/' && all_of_set(text.substr(1), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/+-") &&
         std::filesystem::path(text).lexically_normal().native() == text;
}

bool is_number(std::string_view text, std::uint32_t low, std::uint32_t high) {
  std::uint32_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return code == std::errc{} && end == text.data() + text.size() && number >= low && number <= high;
}

std::string digest_of(std::string_view text) { return to_hex(sha256(std::as_bytes(std::span(text.data(), text.size())))); }

Result<std::optional<std::string>> content_of(const std::filesystem::path& file) {
  auto text = read_text_file(file, kMostBytes);
  if (text) return std::optional<std::string>(std::move(*text));
  if (text.error().kind() == Errc::not_found) return std::optional<std::string>();
  return fail(std::move(text).error());
}

/// "<digest>  <path>" lines.
std::map<std::string, std::string> parse_note(const std::string& text) {
  std::map<std::string, std::string> digests;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.size() > 66) digests[line.substr(66)] = line.substr(0, 64);
  }
  return digests;
}

/// With the usual rights, as they are copied from here to their place.
Result<void> make_folders(const std::filesystem::path& root, const std::filesystem::path& below) {
  std::filesystem::path path = root;
  for (const auto& part : below) {
    path /= part;
    if (mkdir(path.c_str(), 0755) == 0) {
      if (chmod(path.c_str(), 0755) != 0) return fail(system_error("cannot set the rights of the folder", path, errno));
    } else if (errno != EEXIST) {
      return fail(system_error("cannot make the folder", path, errno));
    }
  }
  return {};
}

std::string option_of(std::string_view name) {
  std::string option = "--";
  for (const char c : name) option += c == '_' ? '-' : static_cast<char>(c | 0x20);
  return option;
}

}  // namespace

Result<void> check_placeholder(Placeholder type, std::string_view name, std::string_view value) {
  const auto check = [&](bool is_right, std::string_view allowed) -> Result<void> {
    if (is_right) return {};
    if (type == Placeholder::secret) return fail(Errc::invalid_input, fmt::format("{}: give {}", name, allowed));
    return fail(Errc::invalid_input, fmt::format("{}: '{}' is not allowed; give {}", option_of(name), value, allowed));
  };
  switch (type) {
    case Placeholder::domain: return check(is_domain(value), "a domain such as powerview.example.org, in lower case and without https://");
    case Placeholder::path: return check(is_path(value), "an absolute path of letters, digits and . _ + - / alone");
    case Placeholder::port: return check(is_number(value, 1, 65535), "a port from 1 to 65535");
    case Placeholder::number: return check(is_number(value, 0, 4'294'967'294U), "a number");
    case Placeholder::zone: return check(all_of_set(value, std::string(kWord) + "/+") && model::Zone::from_name(std::string(value)), "a time zone such as Europe/Paris or UTC");
    case Placeholder::capability: return check(value.empty() || value == "CAP_NET_BIND_SERVICE", "CAP_NET_BIND_SERVICE or nothing");
    case Placeholder::secret: return check(value.size() >= 16 && value.size() <= 128 && all_of_set(value, kWord), "16 to 128 letters, digits, _ and -");
  }
  return fail(Errc::invalid_input, "a placeholder of no type");
}

Result<void> check_service_folder(std::string_view name, std::string_view folder) {
  // By ProtectHome, PrivateTmp, PrivateDevices, ProtectKernelTunables and what systemd itself keeps.
  for (const std::string_view hidden : {"/home", "/root", "/run", "/tmp", "/var/tmp", "/dev", "/proc", "/sys"}) {
    if (folder == hidden || (folder.starts_with(hidden) && folder[hidden.size()] == '/')) {
      return fail(Errc::invalid_input, fmt::format("{}: the service does not see what lies in {}; give a folder below /srv or /var/lib", option_of(name), hidden));
    }
  }
  return {};
}

Result<void> check_ports(std::span<const std::pair<std::string_view, std::string_view>> ports) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kTaken = {{{"80", "Caddy"}, {"443", "Caddy"}, {"3000", "Grafana"}, {"8086", "InfluxDB"}, {"8080", "SFTPGo's pages"}}};
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const auto& [name, port] = ports[i];
    for (const auto& [taken, by] : kTaken) {
      if (port == taken) return fail(Errc::invalid_input, fmt::format("{}: port {} is that of {}; give another", option_of(name), port, by));
    }
    for (const auto& [other, same] : ports.subspan(i + 1)) {
      if (port == same) return fail(Errc::invalid_input, fmt::format("{} and {}: both are {}; give each its own port", option_of(name), option_of(other), port));
    }
  }
  return {};
}

Result<std::vector<DeployFile>> fill_templates(std::span<const DeployTemplate> templates, const DeployValues& values) {
  for (const auto& [name, value] : values) PV_TRY_VOID(check_placeholder(value.type, name, value.text));
  std::vector<DeployFile> files;
  for (const DeployTemplate& from : templates) {
    DeployFile file{std::string(from.path), "", false};
    std::string_view rest = from.text;
    while (true) {
      const std::size_t at = rest.find('@');
      file.text += rest.substr(0, at);
      if (at == std::string_view::npos) break;
      rest.remove_prefix(at);
      const std::size_t end = rest.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", 1);
      if (end == std::string_view::npos || end < 2 || rest[end] != '@') {
        file.text += '@';
        rest.remove_prefix(1);
        continue;
      }
      const auto value = values.find(rest.substr(1, end - 1));
      if (value == values.end()) return fail(Errc::corrupt, fmt::format("{}: nothing is known for {}", from.path, rest.substr(0, end + 1)));
      file.text += value->second.text;
      file.is_secret = file.is_secret || value->second.type == Placeholder::secret;
      rest.remove_prefix(end + 1);
    }
    files.push_back(std::move(file));
  }
  return files;
}

Result<std::map<std::string, std::string>> drawn_before(const std::filesystem::path& env_file, std::span<const std::string_view> names) {
  std::map<std::string, std::string> drawn;
  PV_TRY(const auto text, content_of(env_file));
  if (!text) return drawn;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = line.substr(0, equals);
    if (std::find(names.begin(), names.end(), name) != names.end()) drawn[name] = line.substr(equals + 1);
  }
  return drawn;
}

Result<Rendered> write_rendered(const std::filesystem::path& folder, std::span<const DeployFile> files) {
  PV_TRY(const auto note, content_of(folder / kNote));
  std::map<std::string, std::string> digests = parse_note(note.value_or(""));
  Rendered rendered;
  std::string changed;
  for (const DeployFile& file : files) {
    PV_TRY(const auto there, content_of(folder / file.path));
    if (there && *there == file.text) {
      rendered.unchanged.push_back(file.path);
      continue;
    }
    const auto before = digests.find(file.path);
    if (there && (before == digests.end() || before->second != digest_of(*there))) changed += (changed.empty() ? "" : ", ") + file.path;
    rendered.written.push_back(file.path);
  }
  if (!changed.empty()) {
    return fail(Errc::invalid_input, fmt::format("{}: changed since they were written, or not written by this command: {}. Nothing was written; move them away, or "
                                                 "render into another folder (--out) and compare", folder.string(), changed));
  }
  PV_TRY_VOID(make_private_folder(folder, GroupMay::nothing));
  std::string text;
  for (const DeployFile& file : files) {
    const std::filesystem::path path = folder / file.path;
    PV_TRY_VOID(make_folders(folder, std::filesystem::path(file.path).parent_path()));
    if (std::find(rendered.written.begin(), rendered.written.end(), file.path) != rendered.written.end()) PV_TRY_VOID(replace_file(path, file.text));
    if (chmod(path.c_str(), file.is_secret ? 0600 : 0644) != 0) return fail(system_error("cannot set the rights of the file", path, errno));
    digests[file.path] = digest_of(file.text);
  }
  for (const auto& [path, digest] : digests) text += fmt::format("{}  {}\n", digest, path);
  PV_TRY_VOID(replace_file(folder / kNote, text));
  return rendered;
}

}  // namespace pv::app
