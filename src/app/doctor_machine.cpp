#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include <chrono>
#include <cstring>

#include <fmt/format.h>

#include "app/access.h"
#include "app/doctor.h"
#include "base/http_client.h"
#include "ingest/ledger.h"
#include "store/directory.h"
#include "store/reader.h"
#include "tenancy/registry.h"

namespace pv::app {
namespace {

constexpr std::uint64_t kLittleSpace = 2'000'000'000;
constexpr std::uint64_t kNoSpace = 200'000'000;

enum class Content : std::uint8_t { files, secret };

void examine_folder(std::vector<Diagnosis>& all, const char* about, const char* setting, const std::filesystem::path& folder, Content content) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) {
    all.push_back({about, Health::wrong, fmt::format("{}: {}; make it, or set {}", folder.string(), std::strerror(errno), setting)});
    return;
  }
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
    all.push_back({about, Health::wrong, fmt::format("{} cannot be written by this user; run as the user of the service, or give it the folder (chown)", folder.string())});
  } else if (content == Content::secret && (status.st_mode & 0007) != 0) {
    all.push_back({about, Health::wrong, fmt::format("{} can be entered by everybody: chmod 0710 {}", folder.string(), folder.string())});
  } else {
    all.push_back({about, Health::well, folder.string()});
  }
  std::error_code code;
  const auto space = std::filesystem::space(folder, code);
  if (code) return;
  const Health health = space.available < kNoSpace ? Health::wrong : space.available < kLittleSpace ? Health::warning : Health::well;
  all.push_back({fmt::format("disk of {}", about), health,
                 fmt::format("{} free{}", bytes_text(space.available), health == Health::well ? "" : "; files wait, and none is lost, when it is full: make room, or move the folder")});
}

void examine_clock(std::vector<Diagnosis>& all) {
  struct timex now {};
  const int state = adjtimex(&now);
  if (state < 0) return;
  if (state == TIME_ERROR || (now.status & STA_UNSYNC) != 0) {
    all.push_back({"clock", Health::warning, "this machine's clock is not kept by a time server; rows of loggers are judged by it: install systemd-timesyncd or chrony"});
  } else {
    all.push_back({"clock", Health::well, "kept by a time server"});
  }
}

/// Whether something listens there, and whether it could be listened on.
enum class Port : std::uint8_t { in_use, free, unusable };
Port look_at(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return Port::unusable;
  const int handle = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const int bound = ::bind(handle, found->ai_addr, found->ai_addrlen);
  const int why = errno;
  ::close(handle);
  freeaddrinfo(found);
  if (bound == 0) return Port::free;
  return why == EADDRINUSE ? Port::in_use : Port::unusable;
}

void examine_port(std::vector<Diagnosis>& all, const std::string& about, const char* setting, const std::string& host, int port) {
  if (port == 0) return;
  switch (look_at(host, port)) {
    case Port::free: all.push_back({about, Health::warning, fmt::format("nothing listens on {}:{}: start it with 'powerview serve' (systemctl start powerview)", host, port)}); return;
    case Port::unusable: all.push_back({about, Health::wrong, fmt::format("{}:{} cannot be listened on by this user; change {}, or the address beside it", host, port, setting)}); return;
    case Port::in_use: all.push_back({about, Health::well, fmt::format("{}:{} is listened on", host, port)}); return;
  }
}

void examine_pages(std::vector<Diagnosis>& all, const Settings& settings) {
  if (settings.port == 0) return;
  const std::string host = settings.host == "0.0.0.0" || settings.host == "::" ? "127.0.0.1" : settings.host;
  const auto http = HttpClient::open({.base_url = fmt::format("http://{}:{}", host, settings.port), .answer_time = std::chrono::seconds(5)});
  if (!http) return;
  const auto answer = (*http)->send({.target = "/readyz"});
  if (!answer) {
    all.push_back({"serve", Health::warning, answer.error().message()});
  } else if (answer->status != 200) {
    all.push_back({"serve", Health::wrong, fmt::format("/readyz answers {}: {}", answer->status, answer->body.substr(0, 200))});
  } else {
    all.push_back({"serve", Health::well, "ready"});
  }
  if (settings.host != "127.0.0.1" && settings.host != "::1" && settings.host != "localhost" && !settings.public_url.starts_with("https://")) {
    all.push_back({"pages", Health::warning, fmt::format("they are served on {} without HTTPS: put a proxy in front ('powerview deploy render') and set server.public_url", settings.host)});
  }
}

void examine_state(std::vector<Diagnosis>& all, const Settings& settings) {
  const auto registry = existing_registry(settings);
  if (!registry) {
    all.push_back({"registry", Health::warning, "there is none yet; the first 'powerview serve' makes it, and prints the administrator's password"});
  } else if (const auto tenants = registry->tenants()) {
    all.push_back({"registry", Health::well, fmt::format("{} companies", tenants->size())});
  } else {
    all.push_back({"registry", Health::wrong, tenants.error().message()});
  }
  const auto ledger = ingest::Ledger::open(settings.state_dir, ingest::Ledger::Access::read_only);
  if (!ledger) {
    const bool none = ledger.error().kind() == Errc::not_found;
    all.push_back({"ledger", none ? Health::well : Health::wrong, none ? "no file was handed in yet" : ledger.error().message()});
  } else if (const auto counts = (*ledger)->counts()) {
    std::uint64_t held = 0, rejected = 0;
    for (const ingest::StateCount& count : *counts) {
      if (count.state == ingest::FileState::held) held += count.files;
      if (count.state == ingest::FileState::rejected) rejected += count.files;
    }
    all.push_back({"files", held > 0 ? Health::warning : Health::well,
                   fmt::format("{} held, {} rejected{}", held, rejected, held > 0 ? "; 'powerview files --state held' shows what to decide" : "")});
  } else {
    all.push_back({"ledger", Health::wrong, counts.error().message()});
  }
  if (settings.embedded_store == Switch::off) return;
  store::Directory directory(settings.state_dir);
  const auto tenants = directory.tenants();
  if (!tenants) {
    all.push_back({"stores", Health::wrong, tenants.error().message()});
    return;
  }
  std::size_t good = 0;
  for (const model::TenantName& tenant : *tenants) {
    const auto source = directory.open(tenant);
    const auto snapshot = source ? (*source)->snapshot(1) : Result<std::unique_ptr<model::SampleSnapshot>>(fail(source.error()));
    if (snapshot) {
      ++good;
    } else {
      all.push_back({"store of " + tenant.str(), Health::wrong, snapshot.error().message() + "; 'powerview verify' tells more, 'powerview restore' brings a backup back"});
    }
  }
  all.push_back({"stores", Health::well, fmt::format("{} open ('powerview verify' reads every block)", good)});
}

}  // namespace

std::string_view to_string(Health health) noexcept {
  switch (health) {
    case Health::well: return "ok";
    case Health::warning: return "warning";
    case Health::wrong: return "wrong";
  }
  return "";
}

std::vector<Diagnosis> examine_machine(const Settings& settings) {
  std::vector<Diagnosis> all;
  all.push_back({"powerview", Health::well, fmt::format("version {}, settings {}", PV_VERSION, settings.file.empty() ? "as shipped" : settings.file.string())});
  examine_folder(all, "data folder", "data_folder", settings.data_folder, Content::files);
  examine_folder(all, "state folder", "state_dir", settings.state_dir, Content::secret);
  examine_clock(all);
  examine_port(all, "port of the pages", "server.port", settings.host, settings.port);
  if (settings.sftp == Switch::on) examine_port(all, "port of SFTP", "sftp.port", settings.sftp_host, settings.sftp_port);
  examine_pages(all, settings);
  examine_state(all, settings);
  return all;
}

}  // namespace pv::app
