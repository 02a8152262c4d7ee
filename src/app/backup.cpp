#include "app/backup.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>

#include <date/date.h>
#include <fmt/format.h>

#include "app/backup_manifest.h"
#include "base/database.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/private_file.h"

namespace pv::app {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 6;
constexpr const char* kLedger = "ledger.sqlite";
constexpr std::string_view kSettings = "settings/";

/// A database, held as it was when it was looked at.
struct Held {
  std::string path;  // below the state folder
  std::uint64_t bytes = 0;
  std::unique_ptr<Database> database;
  std::unique_ptr<Transaction> look;
};

struct Contents {
  std::vector<std::string> databases, files;  // below the state folder
};

bool is_passed_over(const std::string& name) {
  return name == "intake.lock" || name == "spool" || name.starts_with('.') || name.ends_with("-wal") || name.ends_with("-shm") || name.ends_with("-journal");
}

/// Links are followed: a store may lie on another disk.
Result<void> list(const fs::path& root, const std::string& below, int depth, Contents& found) {
  if (depth > kDeepest) return fail(Errc::io, fmt::format("{}: folders too deep", (root / below).string()));
  std::error_code code;
  fs::directory_iterator entry(root / below, code);
  if (code) return fail(system_error("cannot list the folder", root / below, code.value()));
  for (; entry != fs::directory_iterator(); entry.increment(code)) {
    const std::string name = entry->path().filename().string();
    if (is_passed_over(name)) continue;
    const std::string path = below.empty() ? name : below + "/" + name;
    if (entry->is_directory(code)) {
      PV_TRY_VOID(list(root, path, depth + 1, found));
    } else if (entry->is_regular_file(code)) {
      (entry->path().extension() == ".sqlite" ? found.databases : found.files).push_back(path);
    }
    if (code) break;
  }
  if (code) return fail(system_error("cannot list the folder", root / below, code.value()));
  return {};
}

/// Nothing when the file has gone meanwhile.
Result<std::optional<Held>> look_at(const fs::path& root, const std::string& path) {
  std::error_code code;
  auto opened = Database::open(root / path, Database::Access::read_only);
  if (!opened) {
    if (!fs::exists(root / path, code)) return std::optional<Held>();
    return fail(std::move(opened).error());
  }
  Held held{path, 0, std::move(*opened), nullptr};
  PV_TRY(Transaction look, Transaction::begin(*held.database, Transaction::Kind::read));
  held.look = std::make_unique<Transaction>(std::move(look));
  // What a transaction sees is settled by its first read.
  PV_TRY(Statement first, held.database->prepare("SELECT count(*) FROM sqlite_schema"));
  PV_TRY([[maybe_unused]] const bool row, first.step());
  held.bytes = fs::file_size(root / path, code);
  return std::optional<Held>(std::move(held));
}

/// One file descriptor for the database, one each for what SQLite keeps beside it, for every company.
void allow_many_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

Result<void> check_database(const fs::path& file) {
  // Not read-only: what SQLite makes beside it goes when it is closed.
  PV_TRY(const auto database, Database::open(file, Database::Access::read_write));
  PV_TRY(Statement check, database->prepare("PRAGMA quick_check(1)"));
  PV_TRY(const bool row, check.step());
  if (row && check.text(0) == "ok") return {};
  return fail(Errc::corrupt, fmt::format("{}: {}", file.filename().string(), row ? check.text(0) : "it cannot be checked"));
}

Result<void> copy_bytes(const fs::path& from, const fs::path& to) {
  const FileDescriptor in(open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in.is_open()) return fail(system_error("cannot read it", from, errno));
  const FileDescriptor out(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!out.is_open()) return fail(system_error("cannot write it", to, errno));
  std::vector<char> piece(1U << 20);
  while (true) {
    const ssize_t got = read(in.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(system_error("cannot read it", from, errno));
    if (got == 0) break;
    for (ssize_t at = 0; at < got;) {
      const ssize_t put = write(out.get(), piece.data() + at, static_cast<std::size_t>(got - at));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return fail(system_error("cannot write it", to, errno));
      at += put;
    }
  }
  if (fsync(out.get()) != 0) return fail(system_error("cannot write it", to, errno));
  return {};
}

Result<void> sync_folders(const fs::path& root) {
  const auto sync = [](const fs::path& folder) -> Result<void> {
    const FileDescriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened.is_open() || fsync(opened.get()) != 0) return fail(system_error("cannot make it durable", folder, errno));
    return {};
  };
  std::error_code code;
  for (const auto& entry : fs::recursive_directory_iterator(root, code)) {
    if (entry.is_directory()) PV_TRY_VOID(sync(entry.path()));
  }
  return sync(root);
}

/// A folder under another name until it is whole; gone with everything in it when it never is.
class Growing {
 public:
  static Result<Growing> begin(const fs::path& target, GroupMay group) {
    std::error_code code;
    const fs::path whole = fs::absolute(target).lexically_normal();
    Growing growing(whole.has_filename() ? whole : whole.parent_path());
    if (fs::exists(growing.target_, code) && !fs::is_empty(growing.target_, code)) {
      return fail(Errc::conflict, fmt::format("{}: it is there, and not empty", growing.target_.string()));
    }
    // Left by one that was killed.
    fs::remove_all(growing.path_, code);
    PV_TRY_VOID(make_private_folder(growing.path_, group));
    growing.is_made_ = true;
    return growing;
  }
  Growing(Growing&& other) noexcept : target_(std::move(other.target_)), path_(std::move(other.path_)), is_made_(std::exchange(other.is_made_, false)) {}
  Growing& operator=(Growing&&) = delete;
  ~Growing() {
    std::error_code code;
    if (is_made_) fs::remove_all(path_, code);
  }

  [[nodiscard]] const fs::path& path() const noexcept { return path_; }
  /// Where a file of it goes; its folders are made.
  [[nodiscard]] Result<fs::path> place(const std::string& below) const {
    fs::path folder = path_;
    for (const auto& part : fs::path(below).parent_path()) {
      folder /= part;
      PV_TRY_VOID(make_private_folder(folder, GroupMay::nothing));
    }
    return path_ / below;
  }
  Result<void> finish() {
    PV_TRY_VOID(sync_folders(path_));
    // Over an empty folder rename(2) goes, over any other it does not.
    if (rename(path_.c_str(), target_.c_str()) != 0) return fail(system_error("cannot give it its name", target_, errno));
    is_made_ = false;
    const FileDescriptor above(open(target_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!above.is_open() || fsync(above.get()) != 0) return fail(system_error("cannot make it durable", target_, errno));
    return {};
  }

 private:
  explicit Growing(fs::path target) : target_(std::move(target)), path_(target_.parent_path() / ("." + target_.filename().string() + ".partial")) {}
  fs::path target_, path_;
  bool is_made_ = false;
};

Result<void> note(const Growing& growing, std::string path, Manifest& manifest) {
  std::error_code code;
  const fs::path file = growing.path() / path;
  PV_TRY(const auto digest, sha256_of_file(file));
  const std::uint64_t bytes = fs::file_size(file, code);
  if (code) return fail(system_error("cannot read it", file, code.value()));
  manifest.files.push_back({std::move(path), bytes, to_hex(digest)});
  return {};
}

std::string now_text() {
  return date::format("%FT%TZ", std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
}

/// The databases of the state folder, all as they were within moments; the ledger first.
Result<std::vector<Held>> look_at_all(const fs::path& state_dir, Contents& found) {
  std::error_code code;
  std::vector<Held> held;
  const auto look = [&](const std::string& path) -> Result<void> {
    PV_TRY(std::optional<Held> one, look_at(state_dir, path));
    if (one) held.push_back(std::move(*one));
    return {};
  };
  if (fs::exists(state_dir / kLedger, code)) PV_TRY_VOID(look(kLedger));
  PV_TRY_VOID(list(state_dir, "", 0, found));
  std::sort(found.databases.begin(), found.databases.end());
  // What tells of samples to be sent on comes after the samples: sent twice does no harm, not at all would.
  std::stable_partition(found.databases.begin(), found.databases.end(), [](const std::string& path) { return path.starts_with("stores/"); });
  for (const std::string& path : found.databases) {
    if (path != kLedger) PV_TRY_VOID(look(path));
  }
  // The small ones are let go first.
  std::stable_sort(held.begin(), held.end(), [](const Held& a, const Held& b) { return a.bytes < b.bytes; });
  return held;
}

/// As root: what the service's own user has to read must be its own. That is the owner of the folder above; where root made that one, the package's user.
Result<void> give_to_service(const fs::path& root) {
  struct stat above {};
  if (geteuid() != 0 || stat(root.parent_path().c_str(), &above) != 0) return {};
  const passwd* const user = above.st_uid == 0 ? getpwnam("powerview") : nullptr;
  if (above.st_uid == 0 && user == nullptr) return {};
  const uid_t uid = user != nullptr ? user->pw_uid : above.st_uid;
  const gid_t gid = user != nullptr ? user->pw_gid : above.st_gid;
  const auto give = [&](const fs::path& path) -> Result<void> {
    if (lchown(path.c_str(), uid, gid) != 0) return fail(system_error("cannot give it to the user of the service", path, errno));
    return {};
  };
  std::error_code code;
  for (const auto& entry : fs::recursive_directory_iterator(root, code)) PV_TRY_VOID(give(entry.path()));
  return give(root);
}

}  // namespace

std::uint64_t Manifest::bytes() const {
  std::uint64_t sum = 0;
  for (const BackupFile& file : files) sum += file.bytes;
  return sum;
}

Result<Manifest> back_up(const BackupOf& of, const fs::path& target) {
  allow_many_files();
  PV_TRY(Growing growing, Growing::begin(target, GroupMay::nothing));
  Manifest manifest;
  manifest.version = PV_VERSION;
  manifest.made_at = now_text();
  manifest.state_dir = of.state_dir.string();
  manifest.data_folder = of.data_folder.string();
  Contents found;
  PV_TRY(std::vector<Held> held, look_at_all(of.state_dir, found));
  for (Held& one : held) {
    const std::string path = "state/" + one.path;
    PV_TRY(const fs::path place, growing.place(path));
    PV_TRY_VOID(keep_private(place));
    PV_TRY_VOID(one.database->copy_to(place));
    one.look.reset();
    one.database.reset();
    if (auto checked = check_database(place); !checked) return fail(std::move(checked).error().with("the copy does not read back, and what was copied may not"));
    PV_TRY_VOID(note(growing, path, manifest));
  }
  for (const std::string& file : found.files) {
    PV_TRY(const fs::path place, growing.place("state/" + file));
    auto copied = copy_bytes(of.state_dir / file, place);
    if (!copied && copied.error().kind() == Errc::not_found) continue;
    PV_TRY_VOID(copied);
    PV_TRY_VOID(note(growing, "state/" + file, manifest));
  }
  for (const fs::path& file : of.settings) {
    std::error_code code;
    if (!fs::exists(file, code)) continue;
    const std::string path = "settings/" + file.filename().string();
    PV_TRY(const fs::path place, growing.place(path));
    PV_TRY_VOID(copy_bytes(file, place));
    PV_TRY_VOID(note(growing, path, manifest));
  }
  if (manifest.files.empty()) return fail(Errc::not_found, fmt::format("there is nothing in {}; check --state-dir", of.state_dir.string()));
  PV_TRY_VOID(replace_file(growing.path() / kManifestFile, manifest_text(manifest)));
  PV_TRY_VOID(keep_private(growing.path() / kManifestFile));
  PV_TRY_VOID(growing.finish());
  return manifest;
}

Result<Manifest> check_backup(const fs::path& backup) {
  PV_TRY(Manifest manifest, read_manifest(backup));
  for (const BackupFile& file : manifest.files) {
    auto digest = sha256_of_file(backup / file.path);
    if (!digest) return fail(Errc::corrupt, fmt::format("this backup is not whole: {}", digest.error().message()));
    if (to_hex(*digest) != file.sha256) {
      return fail(Errc::corrupt, fmt::format("{}: not the bytes that were backed up; take another backup", (backup / file.path).string()));
    }
  }
  return manifest;
}

Result<Manifest> restore(const fs::path& backup, const fs::path& state_dir) {
  PV_TRY(Growing growing, Growing::begin(state_dir, GroupMay::pass));
  PV_TRY(Manifest manifest, check_backup(backup));
  for (const BackupFile& file : manifest.files) {
    if (!file.path.starts_with("state/")) continue;
    const std::string path = file.path.substr(6);
    PV_TRY(const fs::path place, growing.place(path));
    PV_TRY_VOID(copy_bytes(backup / file.path, place));
    PV_TRY(const auto digest, sha256_of_file(place));
    if (to_hex(digest) != file.sha256) return fail(Errc::corrupt, fmt::format("{}: not the bytes of the backup; check the disk", place.string()));
  }
  PV_TRY_VOID(give_to_service(growing.path()));
  PV_TRY_VOID(growing.finish());
  return manifest;
}

Result<void> check_settings_are_free(const Manifest& manifest, const fs::path& folder) {
  for (const BackupFile& file : manifest.files) {
    std::error_code code;
    const fs::path place = folder / fs::path(file.path).filename();
    if (file.path.starts_with(kSettings) && fs::exists(fs::symlink_status(place, code))) {
      return fail(Errc::conflict, fmt::format("{}: it is there, and a restore goes over nothing: move it away, or leave --settings out", place.string()));
    }
  }
  return {};
}

Result<std::vector<fs::path>> restore_settings(const fs::path& backup, const Manifest& manifest, const fs::path& folder, const fs::path& state_dir) {
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) return fail(system_error("cannot make the folder", folder, code.value()));
  struct stat owner {};
  const bool gives = geteuid() == 0 && stat(state_dir.c_str(), &owner) == 0 && owner.st_uid != 0;
  std::vector<fs::path> places;
  for (const BackupFile& file : manifest.files) {
    if (!file.path.starts_with(kSettings)) continue;
    fs::path place = folder / fs::path(file.path).filename();
    PV_TRY_VOID(copy_bytes(backup / file.path, place));
    if (gives && lchown(place.c_str(), owner.st_uid, owner.st_gid) != 0) return fail(system_error("cannot give it to the owner of the state folder", place, errno));
    places.push_back(std::move(place));
  }
  PV_TRY_VOID(sync_folders(folder));
  return places;
}

}  // namespace pv::app
