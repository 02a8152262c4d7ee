#include "ingest/hook_event.h"

#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ingest/layout.h"

namespace pv::ingest {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMostBytes = 64U << 10U;
constexpr std::array kVariables = {
    "SFTPGO_ACTION", "SFTPGO_ACTION_USERNAME", "SFTPGO_ACTION_PATH", "SFTPGO_ACTION_TARGET", "SFTPGO_ACTION_VIRTUAL_PATH",
    "SFTPGO_ACTION_VIRTUAL_TARGET", "SFTPGO_ACTION_STATUS", "SFTPGO_ACTION_PROTOCOL", "SFTPGO_ACTION_IP", "SFTPGO_ACTION_SESSION_ID",
    "SFTPGO_ACTION_TIMESTAMP", "SFTPGO_CONNECTION_IP", "SFTPGO_CONNECTION_USERNAME", "SFTPGO_CONNECTION_PROTOCOL"};

/// Members of the event that are texts, with their names in JSON.
struct TextMember {
  const char* name;
  std::string HookEvent::*member;
};
constexpr TextMember kTexts[] = {{"action", &HookEvent::action},
                                 {"username", &HookEvent::username},
                                 {"ip", &HookEvent::ip},
                                 {"protocol", &HookEvent::protocol},
                                 {"session_id", &HookEvent::session},
                                 {"path", &HookEvent::path},
                                 {"target_path", &HookEvent::target},
                                 {"virtual_path", &HookEvent::virtual_path},
                                 {"virtual_target_path", &HookEvent::virtual_target}};

template <class Number>
Result<Number> number_of(std::string_view name, std::string_view text) {
  Number number{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return fail(Errc::invalid_input, fmt::format("{}: '{}' is no whole number", name, text.substr(0, 40)));
  return number;
}

std::optional<fs::path> inside(const fs::path& folder, const fs::path& path) {
  const fs::path relative = path.lexically_relative(folder);
  if (relative.empty() || relative == "." || *relative.begin() == "..") return std::nullopt;
  return relative;
}

/// Relative to the data folder; nothing when it is not path_below it, or not plainly so.
std::optional<fs::path> path_below(const fs::path& data_folder, std::string_view text) {
  if (text.empty() || text.front() != '/' || text.find('\0') != std::string_view::npos) return std::nullopt;
  const fs::path path = fs::path(text).lexically_normal();
  if (auto plainly = inside(fs::absolute(data_folder).lexically_normal(), path)) return plainly;
  // The other server may reach the folder by a link.
  std::error_code code;
  const fs::path folder = fs::weakly_canonical(fs::absolute(data_folder), code);
  if (code) return std::nullopt;
  const fs::path real = fs::weakly_canonical(path.parent_path(), code);
  return code ? std::nullopt : inside(folder, real / path.filename());
}

/// "/campaign/device/file" of an account that is named like a tenant.
std::optional<fs::path> of_account(const std::string& account, std::string_view virtual_path) {
  if (virtual_path.empty() || virtual_path.front() != '/' || !model::TenantName::parse(account)) return std::nullopt;
  const fs::path inside = fs::path(virtual_path.substr(1)).lexically_normal();
  if (inside.empty() || inside.is_absolute() || *inside.begin() == "..") return std::nullopt;
  return fs::path(account) / inside;
}

HookMeaning nothing(std::string note) { return {HookMeaning::Kind::nothing, {}, std::move(note)}; }

std::size_t depth_of_path(const fs::path& path) { return static_cast<std::size_t>(std::distance(path.begin(), path.end())); }

}  // namespace

Result<HookEvent> event_of_variables(const std::map<std::string, std::string>& variables) {
  const auto value = [&variables](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second.substr(0, kMostBytes);
  };
  HookEvent event;
  bool any = false;
  for (const char* name : kVariables) any = any || variables.contains(name);
  if (!any) {
    return fail(Errc::invalid_input, "none of the variables SFTPGO_ACTION… or SFTPGO_CONNECTION_… is set: 'powerview hook' is what SFTPGo runs for its events "
                                     "(common.actions.hook)");
  }
  event.action = value("SFTPGO_ACTION");
  event.username = value("SFTPGO_ACTION_USERNAME");
  if (event.username.empty()) event.username = value("SFTPGO_CONNECTION_USERNAME");
  event.path = value("SFTPGO_ACTION_PATH");
  event.target = value("SFTPGO_ACTION_TARGET");
  event.virtual_path = value("SFTPGO_ACTION_VIRTUAL_PATH");
  event.virtual_target = value("SFTPGO_ACTION_VIRTUAL_TARGET");
  event.ip = value("SFTPGO_ACTION_IP");
  if (event.ip.empty()) event.ip = value("SFTPGO_CONNECTION_IP");
  event.protocol = value("SFTPGO_ACTION_PROTOCOL");
  if (event.protocol.empty()) event.protocol = value("SFTPGO_CONNECTION_PROTOCOL");
  event.session = value("SFTPGO_ACTION_SESSION_ID");
  if (const std::string status = value("SFTPGO_ACTION_STATUS"); !status.empty()) {
    PV_TRY(event.status, number_of<int>("SFTPGO_ACTION_STATUS", status));
  }
  if (const std::string timestamp = value("SFTPGO_ACTION_TIMESTAMP"); !timestamp.empty()) {
    PV_TRY(event.timestamp_ns, number_of<std::int64_t>("SFTPGO_ACTION_TIMESTAMP", timestamp));
  }
  return event;
}

std::map<std::string, std::string> hook_variables() {
  std::map<std::string, std::string> variables;
  for (const char* name : kVariables) {
    if (const char* const value = std::getenv(name)) variables[name] = value;
  }
  return variables;
}

Result<HookEvent> event_of_json(std::string_view text) {
  if (text.size() > kMostBytes) return fail(Errc::invalid_input, fmt::format("the event is longer than {} bytes", kMostBytes));
  const json body = json::parse(text, nullptr, false);
  if (!body.is_object()) return fail(Errc::invalid_input, "the event is no JSON object");
  HookEvent event;
  for (const TextMember& member : kTexts) {
    const auto found = body.find(member.name);
    if (found == body.end() || found->is_null()) continue;
    if (!found->is_string()) return fail(Errc::invalid_input, fmt::format("'{}' of the event is no text", member.name));
    event.*member.member = found->get<std::string>();
  }
  const auto whole_number = [&body](const char* name) -> Result<std::optional<std::int64_t>> {
    const auto found = body.find(name);
    if (found == body.end() || found->is_null()) return std::optional<std::int64_t>();
    if (!found->is_number_integer()) return fail(Errc::invalid_input, fmt::format("'{}' of the event is no whole number", name));
    return std::optional(found->get<std::int64_t>());
  };
  PV_TRY(const auto status, whole_number("status"));
  PV_TRY(const auto timestamp, whole_number("timestamp"));
  if (status) event.status = *status >= 0 && *status <= 1000 ? static_cast<int>(*status) : -1;
  event.timestamp_ns = timestamp.value_or(0);
  return event;
}

std::string to_json(const HookEvent& event) {
  json body;
  for (const TextMember& member : kTexts) body[member.name] = event.*member.member;
  body["status"] = event.status;
  body["timestamp"] = event.timestamp_ns;
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

HookMeaning meaning_of(const HookEvent& event, const std::filesystem::path& data_folder) {
  if (event.status != 1) return nothing(fmt::format("the transfer failed (status {})", event.status));
  const bool takes_target = event.action == "rename" || event.action == "copy";
  const bool is_upload = event.action == "upload" || event.action == "first-upload" || event.action.empty();
  if (!takes_target && !is_upload && event.action != "mkdir") return nothing(fmt::format("'{}' brings no file", event.action.substr(0, 40)));
  const std::string& path = takes_target ? event.target : event.path;
  const std::string& virtual_path = takes_target ? event.virtual_target : event.virtual_path;
  if (path.empty() && virtual_path.empty()) return {HookMeaning::Kind::scan, {}, "no path is given: all folders are looked through"};
  std::optional<fs::path> found = path_below(data_folder, path);
  if (!found && path.empty()) found = of_account(event.username, virtual_path);
  if (!found) {
    if (event.action == "mkdir") return nothing("the folder does not lie in the data folder");
    return {HookMeaning::Kind::scan, {}, "the path does not lie in the data folder for certain: all folders are looked through"};
  }
  if (event.action == "mkdir") {
    if (depth_of_path(*found) < 2 || depth_of_path(*found) > 3) return nothing("no campaign's and no device's folder");
    return {HookMeaning::Kind::folder, *found, "a folder was made"};
  }
  const std::string name = found->filename().string();
  if (!model::is_logger_file_name(name)) return nothing(fmt::format("'{}' is no logger file's name", name.substr(0, 100)));
  for (const fs::path& part : *found) {
    if (part == kParsedFolder || part == kErrorFolder) return nothing("what lies in parsed/ and error/ has been dealt with");
    if (part.native().starts_with('.')) return nothing("what lies in a folder whose name begins with '.' is passed over");
  }
  return {HookMeaning::Kind::file, *found, "the file is whole"};
}

}  // namespace pv::ingest
