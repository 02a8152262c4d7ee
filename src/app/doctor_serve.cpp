#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "app/command.h"
#include "app/doctor.h"
#include "app/doctor_sftpgo.h"
#include "app/doctor_unit.h"
#include "base/file.h"
#include "base/http_client.h"

namespace pv::app {
namespace {

constexpr int kConnect_ms = 5'000;
constexpr int kGreeting_ms = 10'000;
constexpr std::size_t kLongestGreeting = 255;
constexpr std::chrono::seconds kStart{20};
constexpr std::chrono::milliseconds kBetweenLooks{100};

/// Where this machine reaches a server that listens on `host`.
std::string near_address(const std::string& host) { return host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host; }

std::string in_url(const std::string& host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

bool waits_for(int handle, short events, int most_ms) {
  pollfd one{handle, events, 0};
  return ::poll(&one, 1, most_ms) == 1;
}

struct Greeting {
  bool is_connected = false;
  std::string line;  // the first, without its end
};

/// Closed where nothing listens.
FileDescriptor connected_to(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return FileDescriptor();
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  FileDescriptor handle(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (handle.is_open() && ::connect(handle.get(), found->ai_addr, found->ai_addrlen) != 0) {
    int trouble = errno;
    socklen_t size = sizeof trouble;
    if (trouble == EINPROGRESS && waits_for(handle.get(), POLLOUT, kConnect_ms)) ::getsockopt(handle.get(), SOL_SOCKET, SO_ERROR, &trouble, &size);
    if (trouble != 0) return FileDescriptor();
  }
  return handle;
}

Greeting greeting_of(const std::string& host, int port) {
  Greeting greeting;
  const FileDescriptor handle = connected_to(host, port);
  greeting.is_connected = handle.is_open();
  if (!greeting.is_connected) return greeting;
  for (char byte = 0; greeting.line.size() < kLongestGreeting && waits_for(handle.get(), POLLIN, kGreeting_ms) && ::read(handle.get(), &byte, 1) == 1 && byte != '\n';) {
    if (byte != '\r') greeting.line += byte;
  }
  return greeting;
}

/// Just after an installation or an upgrade systemd has started it, and it does not listen yet.
void wait_for_start(const Settings& settings) {
  const auto unit = look_at_unit(settings.file);
  if (!unit || !unit->is_started) return;
  const auto listens = [](const std::string& host, int port) { return port == 0 || connected_to(near_address(host), port).is_open(); };
  const auto is_up = [&] { return listens(settings.host, settings.port) && (settings.sftp == Switch::off || listens(settings.sftp_host, settings.sftp_port)); };
  for (const auto end = std::chrono::steady_clock::now() + kStart; !is_up() && std::chrono::steady_clock::now() < end;) std::this_thread::sleep_for(kBetweenLooks);
}

void examine_sftp(std::vector<Diagnosis>& all, const Settings& settings) {
  if (settings.sftp == Switch::off || settings.sftp_port == 0) return;
  const Greeting greeting = greeting_of(near_address(settings.sftp_host), settings.sftp_port);
  const std::string where = fmt::format("{}:{}", settings.sftp_host, settings.sftp_port);
  Diagnosis one{"sftp", Health::wrong, ""};
  if (!greeting.is_connected) {
    one.words = fmt::format("nothing listens on {} (sftp.host, sftp.port): systemctl start powerview; 'journalctl -u powerview' tells why it stopped", where);
  } else if (greeting.line.starts_with("SSH-2.0-PowerView")) {
    one = {"sftp", Health::well, where + " answers"};
  } else if (greeting.line.empty() && !settings.sftp_allow.empty()) {
    one = {"sftp", Health::well, where + " is listened on; sftp.allow keeps this machine from more"};
  } else if (greeting.line.starts_with("SSH-")) {
    one.words = fmt::format("{} is another server's ({}), and 'powerview serve' cannot start: change sftp.port, or that server's port (SFTPGo's is 2022 as shipped), or set sftp.server = \"off\"",
                            where, shown(greeting.line));
  } else {
    one.words = fmt::format("{} is listened on by something that is no SFTP server; change sftp.port", where);
  }
  all.push_back(std::move(one));
}

/// Whether it is ready.
bool examine_pages(std::vector<Diagnosis>& all, const Settings& settings) {
  if (settings.host != "127.0.0.1" && settings.host != "::1" && settings.host != "localhost" && !settings.public_url.starts_with("https://")) {
    all.push_back({"pages", Health::warning, fmt::format("they are served on {} without HTTPS: put a proxy in front ('powerview deploy render') and set server.public_url", settings.host)});
  }
  if (settings.port == 0) return false;
  const auto http = HttpClient::open({.base_url = fmt::format("http://{}:{}", in_url(near_address(settings.host)), settings.port), .answer_time = std::chrono::seconds(10)});
  const auto answer = http ? (*http)->send({.target = "/readyz"}) : Result<HttpResponse>(fail(http.error()));
  if (!answer) {
    all.push_back({"serve", Health::wrong, answer.error().message() + "; systemctl start powerview; 'journalctl -u powerview' tells why it stopped"});
  } else if (answer->status == 503 || (answer->status == 200 && answer->body.find("\"ready\"") != std::string::npos)) {
    const bool is_ready = answer->status == 200;
    all.push_back({"serve", is_ready ? Health::well : Health::wrong, is_ready ? "ready" : fmt::format("/readyz answers: {}", shown(answer->body.substr(0, 200)))});
    return is_ready;
  } else {
    all.push_back({"serve", Health::wrong, fmt::format("port {} answers {} as no 'powerview serve' does: another server has it; change server.port", settings.port, answer->status)});
  }
  return false;
}

/// An event that means nothing to it, with the secret of the settings.
void examine_hook(std::vector<Diagnosis>& all, const Settings& settings) {
  if (settings.hook_secret.empty()) return;
  const auto http = HttpClient::open({.base_url = fmt::format("http://{}:{}", in_url(near_address(settings.host)), settings.port), .answer_time = std::chrono::seconds(10)});
  if (!http) return;
  HttpRequest request{.method = "POST", .target = "/hooks/sftpgo"};
  request.headers = {{"X-PowerView-Hook", settings.hook_secret.reveal()}};
  request.body = R"({"action":"download","status":1})";
  request.content_type = "application/json";
  const auto answer = (*http)->send(request);
  if (!answer) {
    all.push_back({"hook", Health::wrong, answer.error().message()});
  } else if (answer->status == 200) {
    all.push_back({"hook", Health::well, "/hooks/sftpgo takes the secret of the settings"});
  } else {
    all.push_back({"hook", Health::wrong, fmt::format("/hooks/sftpgo answers {} to the secret of the settings: systemctl restart powerview", answer->status)});
  }
}

void examine_public_url(std::vector<Diagnosis>& all, const Settings& settings) {
  if (settings.public_url.empty()) return;
  const auto http = HttpClient::open({.base_url = settings.public_url, .answer_time = std::chrono::seconds(10)});
  const auto answer = http ? (*http)->send({.target = "/healthz"}) : Result<HttpResponse>(fail(http.error()));
  if (answer && answer->status == 200 && answer->body.find("\"ok\"") != std::string::npos) {
    all.push_back({"public address", Health::well, settings.public_url});
    return;
  }
  const std::string found = answer ? fmt::format("{}/healthz answers {}", settings.public_url, answer->status) : answer.error().message();
  all.push_back({"public address", Health::warning, fmt::format("{} (server.public_url): does the name lead to this machine, does the proxy run (systemctl status caddy)? Behind some "
                                                                "routers a machine does not reach itself by its public name: try it from elsewhere", found)});
}

}  // namespace

std::vector<Diagnosis> examine_serve(const Settings& settings) {
  std::vector<Diagnosis> all;
  wait_for_start(settings);
  const bool is_ready = examine_pages(all, settings);
  examine_sftp(all, settings);
  if (is_ready) examine_hook(all, settings);
  examine_public_url(all, settings);
  for (Diagnosis& one : examine_sftpgo(settings)) all.push_back(std::move(one));
  return all;
}

}  // namespace pv::app
