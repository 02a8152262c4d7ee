/// `powerview backup` of an installation at work, and `powerview restore` of it elsewhere.
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include <nlohmann/json.hpp>

#include "e2e/serving.h"
#include "fakes/influxdb/server.h"
#include "testing/logger_text.h"

namespace pv {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::content_of;
using testing::Ended;
using testing::Installation;
using testing::LoggerText;
using testing::Serving;

Ended back_up(const Installation& at, const fs::path& target) {
  return testing::run_program({"backup", target.string(), "--config", (at.path() / "powerview.toml").string()});
}

Ended restore(const Installation& at, const fs::path& backup) {
  return testing::run_program({"restore", backup.string(), "--state-dir", at.state().string()});
}

json verified(const Installation& at) {
  return json::parse(testing::run_program({"verify", "--data-folder", at.data().string(), "--state-dir", at.state().string(), "--json"}).out, nullptr, false);
}

/// As docs/guide tells it: what the backup does not know of goes back to its device folder, and is taken again. How many files that were.
std::size_t take_in_what_came_after(const Installation& at) {
  std::size_t back = 0;
  const json outcome = verified(at);
  for (const json& found : outcome["differences"]) {
    // What the ledger calls stored is in the store: then the sample is lost for whoever has the files no more.
    EXPECT_NE(found["kind"], "not_in_store") << found.dump();
    if (found["kind"] != "unknown_filed_file") continue;
    const fs::path file = at.data() / found["path"].get<std::string>();
    fs::rename(file, file.parent_path().parent_path() / file.filename());
    ++back;
  }
  const Ended taken = at.ingest();
  EXPECT_TRUE(taken.code == 0 || taken.code == 1) << taken.err;
  return back;
}

/// Brings a fleet's files into a data folder, one after the other.
class Loggers {
 public:
  Loggers(const fs::path& made, const fs::path& data) : made_(made), data_(data) {
    for (const auto& entry : fs::recursive_directory_iterator(made)) {
      if (entry.is_regular_file()) files_.push_back(entry.path().lexically_relative(made));
    }
    thread_ = std::thread([this] {
      for (const fs::path& file : files_) {
        fs::create_directories((data_ / file).parent_path());
        fs::rename(made_ / file, data_ / file);
        if (!hurry_) std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    });
  }
  ~Loggers() { finish(); }
  void finish() {
    hurry_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  fs::path made_, data_;
  std::vector<fs::path> files_;
  std::atomic<bool> hurry_ = false;
  std::thread thread_;
};

bool signs_in(const std::string& http, const std::string& user, const std::string& password) {
  const Ended answer = Serving::curl({"-o", "/dev/null", "-w", "%{http_code}", "-H", "X-PowerView: 1", "-H", "Content-Type: application/json", "-d",
                                      json({{"user", user}, {"password", password}}).dump(), http + "api/v1/session"});
  return answer.out.starts_with("2");
}

void add_user(const Serving& serving, const std::string& name, const std::string& password) {
  const fs::path file = testing::write_file(serving.settings().parent_path() / "password", password + "\n");
  const Ended made = testing::Child({"/bin/sh", "-c", "exec '" PV_BINARY "' user add " + name + " --role admin --password-stdin --config '" + serving.settings().string() +
                                                          "' <'" + file.string() + "'"}).wait();
  ASSERT_EQ(made.code, 0) << made.err;
}

TEST(Backup, OfAServeAtWorkIsRestoredElsewhereWithEverySample) {
  const Installation made;
  made.given_fleet({"--companies", "3", "--loggers", "4", "--days", "60", "--channels", "4"});
  const Installation calm;
  fs::copy(made.data(), calm.data(), fs::copy_options::recursive);
  static_cast<void>(calm.ingest());
  const auto expected = calm.export_all();

  const Installation at;
  Serving serving(at, {.settings = "[ingest]\ngrace_s = 0\nscan_interval_s = 1\n"});
  add_user(serving, "anna", "a long password of anna");
  Loggers loggers(made.data(), at.data());
  std::vector<fs::path> backups;
  for (const char* name : {"first", "second", "third"}) {
    backups.push_back(at.path() / name);
    const Ended done = back_up(at, backups.back());
    ASSERT_EQ(done.code, 0) << done.err;
  }
  loggers.finish();
  ASSERT_EQ(serving.run({"ingest"}).err, "");
  ASSERT_TRUE(testing::eventually([&] { return json::parse(serving.run({"files", "list", "--waiting", "--json"}).out).empty(); }, std::chrono::seconds(120)));
  EXPECT_EQ(serving.stop().code, 0);

  std::size_t came_after = 0;
  for (const fs::path& backup : backups) {
    const Installation elsewhere;
    fs::copy(at.data(), elsewhere.data(), fs::copy_options::recursive);
    const Ended restored = restore(elsewhere, backup);
    ASSERT_EQ(restored.code, 0) << restored.err;
    came_after += take_in_what_came_after(elsewhere);
    const json after = verified(elsewhere);
    EXPECT_EQ(after["well"], true) << after.dump(2).substr(0, 2000);
    // Not EXPECT_EQ: showing where two long texts differ takes more memory than a machine has.
    EXPECT_TRUE(elsewhere.export_all() == expected);
    if (backup != backups.back()) continue;
    Serving again(elsewhere);
    EXPECT_TRUE(signs_in(again.http(), "anna", "a long password of anna"));
    EXPECT_FALSE(signs_in(again.http(), "anna", "another long password"));
    EXPECT_EQ(again.stop().code, 0);
  }
  EXPECT_GT(came_after, 0U) << "the backups were made when all was over";
}

TEST(Backup, HoldsWhateverLiesInTheStateFolderAndTheSettingsForTheOwnerAlone) {
  const Installation at;
  Serving serving(at);
  serving.create_acme();
  testing::write_file(at.state() / "influx-tokens/acme", "a token");
  testing::write_file(at.path() / ".env", "TSV_LOG_LEVEL=info\n");
  const fs::path backup = at.path() / "backup";
  ASSERT_EQ(back_up(at, backup).code, 0);
  EXPECT_EQ(content_of(backup / "state/influx-tokens/acme"), "a token");
  EXPECT_EQ(content_of(backup / "settings/powerview.toml"), content_of(serving.settings()));
  EXPECT_EQ(content_of(backup / "settings/.env"), "TSV_LOG_LEVEL=info\n");
  EXPECT_EQ(content_of(backup / "state/host-keys/ssh_host_ed25519_key"), content_of(at.state() / "host-keys/ssh_host_ed25519_key"));
  for (const auto& entry : fs::recursive_directory_iterator(backup)) {
    struct stat status {};
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0077U, 0U) << entry.path();
  }
  EXPECT_EQ(serving.stop().code, 0);
  const Installation elsewhere;
  ASSERT_EQ(restore(elsewhere, backup).code, 0);
  EXPECT_EQ(content_of(elsewhere.state() / "influx-tokens/acme"), "a token");
  // The same server for its loggers: the key, and the account.
  Serving again(elsewhere);
  ASSERT_EQ(testing::Child({"/bin/cp", serving.key(), again.key()}).wait().code, 0);
  EXPECT_EQ(again.sftp("ls /\n").code, 0) << again.sftp("ls /\n").err;
  EXPECT_EQ(again.stop().code, 0);
}

class WholeBackup : public ::testing::Test {
 protected:
  void SetUp() override {
    at_.given(testing::kPath, LoggerText{}.text());
    ASSERT_EQ(at_.ingest().code, 0);
    testing::write_file(at_.path() / "powerview.toml", "data_folder = \"" + at_.data().string() + "\"\nstate_dir = \"" + at_.state().string() + "\"\n");
    const Ended made = back_up(at_, backup());
    ASSERT_EQ(made.code, 0) << made.err;
    EXPECT_NE(made.out.find(at_.data().string()), std::string::npos) << "it says what is not in it: " << made.out;
  }
  [[nodiscard]] fs::path backup() const { return at_.path() / "backup"; }
  void expect_refused(const std::string& word) const {
    const Installation elsewhere;
    const Ended refused = restore(elsewhere, backup());
    EXPECT_NE(refused.code, 0);
    EXPECT_NE(refused.err.find(word), std::string::npos) << refused.err;
    EXPECT_TRUE(testing::tree_of(elsewhere.path()).empty()) << "nothing stays behind";
  }
  Installation at_;
};

TEST_F(WholeBackup, IsNotRestoredOverAnInstallation) {
  const auto before = testing::tree_of(at_.state());
  const Ended refused = restore(at_, backup());
  EXPECT_EQ(refused.code, 3);
  EXPECT_NE(refused.err.find("move that folder away"), std::string::npos) << refused.err;
  EXPECT_EQ(testing::tree_of(at_.state()), before);
}

TEST_F(WholeBackup, BringsItsSettingsBackWhenAskedTo) {
  testing::write_file(at_.path() / ".env", "TSV_LOG_LEVEL=info\n");
  const fs::path second = at_.path() / "second";
  ASSERT_EQ(back_up(at_, second).code, 0);
  const std::string settings = content_of(at_.path() / "powerview.toml");
  const fs::path put_away = at_.path() / "state.before", etc = at_.path() / "etc";
  fs::rename(at_.state(), put_away);
  testing::write_file(etc / "powerview.toml", "zone = \"UTC\"\n");
  const Ended refused = testing::run_program({"restore", second.string(), "--settings", etc.string()});
  EXPECT_EQ(refused.code, 3);
  EXPECT_NE(refused.err.find("powerview.toml"), std::string::npos) << refused.err;
  EXPECT_FALSE(fs::exists(at_.state())) << "nothing is done by halves";
  fs::remove(etc / "powerview.toml");
  const Ended restored = testing::run_program({"restore", second.string(), "--settings", etc.string()});
  ASSERT_EQ(restored.code, 0) << restored.err;
  EXPECT_EQ(content_of(etc / "powerview.toml"), settings);
  EXPECT_EQ(content_of(etc / ".env"), "TSV_LOG_LEVEL=info\n");
  struct stat status {};
  ASSERT_EQ(stat((etc / ".env").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_TRUE(fs::exists(at_.state() / "ledger.sqlite")) << "where the settings of the backup say: " << restored.out;
}

TEST_F(WholeBackup, AsRootBelowAFolderOfRootsGoesToTheUserPowerview) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  constexpr uid_t kPowerview = 64'123;
  const Installation elsewhere;
  const fs::path etc = elsewhere.path() / "etc";
  const fs::path users = testing::write_file(at_.path() / "passwd", "powerview:x:64123:64123::/:/usr/sbin/nologin\n" + content_of("/etc/passwd"));
  chmod(users.c_str(), 0644);
  // A user of this name, in a mount namespace which ends with the program.
  const Ended restored = testing::run_program({"restore", backup().string(), "--state-dir", elsewhere.state().string(), "--settings", etc.string()}, {}, [&] {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 || mount(users.c_str(), "/etc/passwd", nullptr, MS_BIND, nullptr) != 0) _exit(99);
  });
  if (restored.code == 99) GTEST_SKIP() << "this machine lets nobody mount";
  ASSERT_EQ(restored.code, 0) << restored.err;
  for (const fs::path& path : {elsewhere.state(), elsewhere.state() / "ledger.sqlite", elsewhere.state() / "stores/acme.sqlite", etc / "powerview.toml"}) {
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0) << path;
    EXPECT_EQ(status.st_uid, kPowerview) << path;
    EXPECT_EQ(status.st_gid, kPowerview) << path;
  }
}

TEST_F(WholeBackup, IsNotMadeOverAnother) {
  const auto before = testing::tree_of(backup());
  EXPECT_EQ(back_up(at_, backup()).code, 3);
  EXPECT_EQ(testing::tree_of(backup()), before);
}

TEST_F(WholeBackup, HasTheDigestsThatSha256sumPrints) {
  testing::write_file(at_.state() / "large", std::string(3'000'000, 'x'));
  ASSERT_EQ(back_up(at_, at_.path() / "second").code, 0);
  const json manifest = json::parse(content_of(at_.path() / "second/manifest.json"));
  std::string list;
  for (const json& file : manifest["files"]) list += file["sha256"].get<std::string>() + "  " + (at_.path() / "second" / file["path"].get<std::string>()).string() + "\n";
  EXPECT_NE(list.find("state/large"), std::string::npos) << list;
  const Ended checked = testing::Child({"/usr/bin/sha256sum", "--check", "--strict", "--quiet", testing::write_file(at_.path() / "sums", list).string()}).wait();
  EXPECT_EQ(checked.code, 0) << checked.out << checked.err;
}

TEST_F(WholeBackup, WithOneByteChangedIsRefused) {
  const fs::path store = backup() / "state/stores/acme.sqlite";
  std::string bytes = content_of(store);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  testing::write_file(store, bytes);
  expect_refused("acme.sqlite");
  EXPECT_EQ(testing::run_program({"restore", "--check", backup().string()}).code, 1);
}

TEST_F(WholeBackup, WithAFileMissingIsRefused) {
  fs::remove(backup() / "state/ledger.sqlite");
  expect_refused("not whole");
}

TEST_F(WholeBackup, WithAPathThatLeadsOutIsRefused) {
  json manifest = json::parse(content_of(backup() / "manifest.json"));
  manifest["files"][0]["path"] = "state/../../escaped";
  testing::write_file(backup() / "manifest.json", manifest.dump());
  expect_refused("cannot be in a backup");
}

TEST_F(WholeBackup, OfALaterKindIsRefused) {
  json manifest = json::parse(content_of(backup() / "manifest.json"));
  manifest["powerview_backup"] = 2;
  testing::write_file(backup() / "manifest.json", manifest.dump());
  expect_refused("kind 2");
}

TEST_F(WholeBackup, OfADamagedStoreIsNotMade) {
  const fs::path store = at_.state() / "stores/acme.sqlite";
  std::string bytes = content_of(store);
  for (std::size_t at = 4096; at < bytes.size() && at < 3 * 4096; ++at) bytes[at] = '\x5a';
  testing::write_file(store, bytes);
  const Ended refused = back_up(at_, at_.path() / "second");
  EXPECT_NE(refused.code, 0) << refused.out;
  EXPECT_FALSE(fs::exists(at_.path() / "second"));
}

TEST(Backup, BringsBackWhatACopyStillLacks) {
  const Installation at;
  testing::influxdb::Server influx;
  influx.start();
  const std::string url = influx.url();
  influx.stop();
  const std::string section = "[influxdb]\nurl = \"" + url + "\"\norg = \"powerview\"\nadmin_token = \"operator-token\"\n";
  const auto settings_at = [&section](const Installation& where) {
    return testing::write_file(where.path() / "powerview.toml", "data_folder = \"" + where.data().string() + "\"\nstate_dir = \"" + where.state().string() + "\"\n" + section);
  };
  at.given(testing::kPath, LoggerText{}.text());
  const Ended taken = testing::run_program({"ingest", "--config", settings_at(at).string()});
  ASSERT_EQ(taken.code, 0) << taken.err;
  const fs::path backup = at.path() / "backup";
  ASSERT_EQ(back_up(at, backup).code, 0);
  const Installation elsewhere;
  fs::copy(at.data(), elsewhere.data(), fs::copy_options::recursive);
  ASSERT_EQ(restore(elsewhere, backup).code, 0);
  // Back again, it gets what waited in the backup.
  influx.start();
  ASSERT_EQ(influx.url(), url);
  ASSERT_EQ(influx.count("acme"), 0U);
  Serving serving(elsewhere, {.settings = section});
  EXPECT_TRUE(testing::eventually([&] { return influx.count("acme") > 0; })) << serving.child().err_so_far();
  EXPECT_EQ(serving.stop().code, 0);
}

TEST(Backup, OfAnEmptyFolderIsNotMade) {
  const Installation at;
  const Ended refused = testing::run_program({"backup", (at.path() / "backup").string(), "--state-dir", at.state().string()});
  EXPECT_NE(refused.code, 0);
  EXPECT_FALSE(fs::exists(at.path() / "backup"));
}

}  // namespace
}  // namespace pv
