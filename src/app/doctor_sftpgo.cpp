#include "app/doctor_sftpgo.h"

#include <unistd.h>

#include <chrono>
#include <sstream>

#include <fmt/format.h>

#include "base/file.h"
#include "base/http_client.h"

namespace pv::app {
namespace {

/// Of a file of lines NAME=value; "" when it has none of this name.
std::string variable_of(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name + "=")) return line.substr(name.size() + 1);
  }
  return "";
}

void examine_variables(std::vector<Diagnosis>& all, const Settings& settings, const std::string& file, const std::string& text) {
  const std::string port = variable_of(text, "SFTPGO_SFTPD__BINDINGS__0__PORT"), program = variable_of(text, "SFTPGO_COMMON__ACTIONS__HOOK");
  if (settings.sftp == Switch::on && (port.empty() ? "2022" : port) == std::to_string(settings.sftp_port)) {
    all.push_back({"sftpgo", Health::wrong, fmt::format("{}: SFTPGo has the port of sftp.port, {}; give one of them another, or set sftp.server = \"off\"", file, settings.sftp_port)});
  }
  if (!program.empty() && !program.starts_with("http") && ::access(program.c_str(), X_OK) != 0) {
    all.push_back({"sftpgo", Health::wrong, fmt::format("{}: its hook {} is no program; render the file again", file, program)});
  }
}

}  // namespace

std::vector<Diagnosis> examine_sftpgo(const Settings& settings, const SftpgoPlaces& places) {
  std::vector<Diagnosis> all;
  std::string pages = places.pages;
  if (const auto variables = read_text_file(places.variables, 1U << 16)) {
    examine_variables(all, settings, places.variables.string(), *variables);
    if (const std::string port = variable_of(*variables, "SFTPGO_HTTPD__BINDINGS__0__PORT"); !port.empty()) pages = "http://127.0.0.1:" + port;
  } else {
    std::error_code code;
    if (std::filesystem::is_empty(places.stack_folder, code) || code) return all;
  }
  const auto http = HttpClient::open({.base_url = pages, .answer_time = std::chrono::seconds(5)});
  if (!http) {
    all.push_back({"sftpgo", Health::warning, http.error().message()});
    return all;
  }
  const auto answer = (*http)->send({.target = "/healthz"});
  if (answer && answer->status == 200) {
    all.push_back({"sftpgo", Health::well, "alive"});
  } else {
    const std::string found = answer ? fmt::format("answers {}", answer->status) : "does not answer: is it running?";
    all.push_back({"sftpgo", Health::warning, fmt::format("a hook is set up for it, but {}/healthz {}", pages, found)});
  }
  return all;
}

}  // namespace pv::app
