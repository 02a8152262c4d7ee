#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include <fmt/format.h>

#include "app/access.h"
#include "app/doctor.h"
#include "app/doctor_unit.h"
#include "base/file.h"
#include "ingest/ledger.h"
#include "store/directory.h"
#include "store/reader.h"
#include "tenancy/registry.h"

namespace pv::app {
namespace {

constexpr std::uint64_t kLittleSpace = 2'000'000'000;
constexpr std::uint64_t kNoSpace = 200'000'000;

enum class Content : std::uint8_t { files, secret };

/// Of the folders above it, the uppermost that this user may not go through.
std::filesystem::path locked_above(const std::filesystem::path& folder) {
  std::filesystem::path locked = folder.parent_path();
  while (locked.has_relative_path() && ::access(locked.parent_path().c_str(), X_OK) != 0) locked = locked.parent_path();
  return locked;
}

void examine_folder(std::vector<Diagnosis>& all, const char* about, const char* setting, const std::filesystem::path& folder, Content content) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) {
    const int trouble = errno;
    const std::string advice = trouble == EACCES ? fmt::format("{} does not let this user through: make the user of the service a member of its group (usermod -aG), then restart the service",
                                                               locked_above(folder).string())
                                                 : fmt::format("make it, or set {}", setting);
    all.push_back({about, Health::wrong, fmt::format("{}: {}; {}", folder.string(), std::strerror(trouble), advice)});
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

bool has_secrets(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::string_view key = std::string_view(line).substr(0, line.find('='));
    key = key.substr(0, key.find_last_not_of(" \t") + 1);
    key.remove_prefix(std::min(key.find_first_not_of(" \t"), key.size()));
    for (const std::string_view secret : {"admin_token", "password", "token", "api_token", "secret"}) {
      if (key == secret && line.find("\"\"") == std::string::npos) return true;
    }
  }
  return false;
}

/// Read by this user, and its secrets by nobody else.
void examine_settings_file(std::vector<Diagnosis>& all, const std::filesystem::path& file, Content content) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return;
  const auto text = read_text_file(file, 1U << 20);
  const bool is_secret = content == Content::secret || (text && has_secrets(*text));
  if (!text) {
    all.push_back({file.filename().string(), Health::wrong, text.error().message() + "; the service cannot read it either: chown powerview, and chmod 600"});
  } else if (is_secret && (status.st_mode & 0007) != 0) {
    all.push_back({file.filename().string(), Health::wrong, fmt::format("everybody on this machine can read the secrets in {}: chmod 600, owner the user of the service", file.string())});
  } else if (is_secret && (status.st_mode & 0070) != 0) {
    all.push_back({file.filename().string(), Health::warning, fmt::format("its group can read the secrets in {}, and SFTPGo may be in it: chmod 600, owner the user of the service", file.string())});
  } else {
    all.push_back({file.filename().string(), Health::well, file.string()});
  }
}

/// It is made with the first report: what counts is the first folder above that is there.
void examine_reports(std::vector<Diagnosis>& all, const Settings& settings) {
  std::error_code code;
  std::filesystem::path there = settings.reports();
  while (there.has_relative_path() && !std::filesystem::exists(there, code)) there = there.parent_path();
  if (::access(there.c_str(), W_OK | X_OK) == 0) {
    all.push_back({"report folder", Health::well, settings.reports().string()});
  } else {
    all.push_back({"report folder", Health::wrong, fmt::format("{} cannot be made or written by this user: make it and give it to the user of the service, or set ingest.report_dir", settings.reports().string())});
  }
}

void examine_unit(std::vector<Diagnosis>& all, const Settings& settings) {
  const auto unit = look_at_unit(settings.file);
  if (!unit) return;
  std::size_t before = all.size();
  for (const auto& [setting, folder] : {std::pair{"data_folder", settings.data_folder}, {"state_dir", settings.state_dir}, {"ingest.report_dir", settings.reports()}}) {
    if (std::string why = unit->obstacle(folder); !why.empty()) all.push_back({"service", Health::wrong, fmt::format("{} {}: {}", setting, folder.string(), why)});
  }
  if (all.size() == before) all.push_back({"service", Health::well, "powerview.service may write to its folders"});
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

void examine_registry(std::vector<Diagnosis>& all, const Settings& settings) {
  struct stat status {};
  const std::filesystem::path file = settings.state_dir / "registry.sqlite";
  if (::stat(file.c_str(), &status) != 0) {
    const bool none = errno == ENOENT;
    all.push_back({"registry", none ? Health::warning : Health::wrong,
                   none ? "there is none yet; the first 'powerview serve' makes it, and prints the administrator's password" : fmt::format("{}: {}", file.string(), std::strerror(errno))});
    return;
  }
  const auto registry = tenancy::Registry::open(settings.state_dir);
  const auto tenants = registry ? (*registry)->tenants() : Result<std::vector<tenancy::Tenant>>(fail(registry.error()));
  if (!tenants) {
    all.push_back({"registry", Health::wrong, tenants.error().message() + "; 'powerview restore' brings a backup back"});
    return;
  }
  all.push_back({"registry", Health::well, fmt::format("{} companies", tenants->size())});
}

void examine_state(std::vector<Diagnosis>& all, const Settings& settings) {
  examine_registry(all, settings);
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

Result<void> take_on_service_user(const Settings& settings) {
  if (geteuid() != 0) return {};
  struct stat status {};
  const bool is_there = ::stat(settings.state_dir.c_str(), &status) == 0;
  const bool is_roots = is_there && status.st_uid == 0;
  const auto unit = is_roots ? look_at_unit(settings.file) : std::nullopt;
  if (is_roots && (!unit || unit->user.empty())) return {};  // the service is root's
  const passwd* const user = is_roots ? getpwnam(unit->user.c_str()) : is_there ? getpwuid(status.st_uid) : getpwnam("powerview");
  if (user == nullptr && (is_roots || !is_there)) return {};
  const uid_t uid = user != nullptr ? user->pw_uid : status.st_uid;
  const gid_t gid = user != nullptr ? user->pw_gid : status.st_gid;
  const int groups = user != nullptr ? initgroups(user->pw_name, gid) : setgroups(1, &gid);
  if (groups == 0 && setgid(gid) == 0 && setuid(uid) == 0) return {};
  return fail(Errc::denied, fmt::format("cannot take on the user {} of {}: {}; run this as that user", uid, settings.state_dir.string(), std::strerror(errno)));
}

std::vector<Diagnosis> examine_machine(const Settings& settings) {
  std::vector<Diagnosis> all;
  const passwd* const user = getpwuid(geteuid());
  all.push_back({"powerview", Health::well, fmt::format("version {}, as user {}, settings {}", PV_VERSION, user != nullptr ? user->pw_name : std::to_string(geteuid()), settings.file.empty() ? "as shipped" : settings.file.string())});
  if (!settings.file.empty()) {
    examine_settings_file(all, settings.file, Content::files);
    examine_settings_file(all, settings.file.parent_path() / ".env", Content::secret);
  }
  examine_folder(all, "data folder", "data_folder", settings.data_folder, Content::files);
  examine_folder(all, "state folder", "state_dir", settings.state_dir, Content::secret);
  examine_reports(all, settings);
  examine_unit(all, settings);
  examine_clock(all);
  examine_state(all, settings);
  return all;
}

}  // namespace pv::app
