/// `powerview doctor` on installations that something is wrong with.
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "e2e/serving.h"
#include "fakes/grafana/fake_grafana.h"
#include "fakes/influxdb/server.h"
#include "testing/logger_text.h"

namespace pv::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A listening socket on a port of this machine's choice.
class Listener {
 public:
  Listener() : handle_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(handle_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(handle_, 8), 0);
    EXPECT_EQ(::getsockname(handle_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() {
    ::shutdown(handle_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(handle_);
  }
  /// Says this to everybody, as another SSH server does.
  void greet_with(const std::string& line) {
    thread_ = std::thread([this, line] {
      for (int client = 0; (client = ::accept(handle_, nullptr, nullptr)) >= 0; ::close(client)) EXPECT_GT(::write(client, line.data(), line.size()), 0);
    });
  }
  [[nodiscard]] int port() const { return port_; }

 private:
  int handle_;
  int port_ = 0;
  std::thread thread_;
};

constexpr uid_t kNobody = 65534;

class Doctor : public ::testing::Test {
 protected:
  Doctor() {
    const Listener one, two;
    port_ = one.port();
    sftp_port_ = two.port();
    fs::create_directories(here.data());
  }
  [[nodiscard]] fs::path file() const { return here.path() / "powerview.toml"; }
  void given_settings(const std::string& more = "", int sftp_port = 0, const std::string& of_server = "") {
    write_file(file(), fmt::format("data_folder = \"{}\"\nstate_dir = \"{}\"\nzone = \"Europe/Paris\"\n[server]\nport = {}\n{}[sftp]\nport = {}\n{}", here.data().string(),
                                   here.state().string(), port_, of_server, sftp_port == 0 ? sftp_port_ : sftp_port, more));
  }
  void given_samples() {
    here.given(kPath, LoggerText{}.text());
    ASSERT_EQ(run_program({"ingest", "--config", file().string()}).code, 0);
  }
  [[nodiscard]] Ended doctor(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"doctor", "--json", "--config", file().string()});
    return run_program(std::move(more));
  }
  /// Stands in for systemd's: it says this of a unit that serves with file(), and leaves a file "asked" behind.
  [[nodiscard]] fs::path given_systemctl(const std::string& says) const {
    fs::path program = write_file(here.path() / "bin/systemctl", fmt::format("#!/bin/sh\ntouch {} 2>/dev/null\ncat <<END\nLoadState=loaded\nExecStart={{ argv[]=/usr/bin/powerview serve --config {} ; }}\n{}END\n",
                                                                             (here.path() / "asked").string(), file().string(), says));
    chmod(program.c_str(), 0755);
    return program;
  }
  [[nodiscard]] std::vector<std::string> beside_systemctl(const std::vector<std::string>& more) const {
    std::vector<std::string> line = {"/usr/bin/env", "PATH=" + (here.path() / "bin").string() + ":/usr/bin:/bin", PV_BINARY, "doctor", "--json", "--config", file().string()};
    line.insert(line.end(), more.begin(), more.end());
    return line;
  }
  void given_state_of(uid_t owner) const {
    chmod(here.path().c_str(), 0755);
    ASSERT_EQ(chown(here.state().c_str(), owner, owner), 0);
    for (const auto& entry : fs::recursive_directory_iterator(here.state())) ASSERT_EQ(chown(entry.path().c_str(), owner, owner), 0);
  }
  /// What is said of a thing: "wrong: …"; "" when nothing is.
  static std::string said(const Ended& ended, const std::string& about) {
    std::string all;
    for (const json& one : json::parse(ended.out, nullptr, false)) {
      if (one["about"] == about) all += (all.empty() ? "" : "\n") + one["health"].get<std::string>() + ": " + one["words"].get<std::string>();
    }
    return all;
  }

  Installation here;
  int port_ = 0, sftp_port_ = 0;
};

TEST_F(Doctor, AServeThatIsDownIsWrongUnlessItIsStoppedOnPurpose) {
  given_settings();
  given_samples();
  const Ended down = doctor();
  EXPECT_EQ(down.code, 1) << down.out;
  EXPECT_TRUE(said(down, "serve").starts_with("wrong: ")) << down.out;
  EXPECT_NE(said(down, "serve").find("journalctl"), std::string::npos) << down.out;
  EXPECT_TRUE(said(down, "sftp").starts_with("wrong: nothing listens")) << down.out;
  const Ended on_purpose = doctor({"--without-serve"});
  EXPECT_EQ(on_purpose.code, 0) << on_purpose.out;
  EXPECT_EQ(said(on_purpose, "serve"), "");
}

TEST_F(Doctor, AServeAtWorkIsWellAndItsHookToo) {
  given_settings("[hooks]\nsecret = \"0123456789abcdef\"\n");
  chmod(file().c_str(), 0600);
  given_samples();
  Child serve({PV_BINARY, "serve", "--config", file().string()});
  ASSERT_TRUE(eventually([&] { return !line_with(serve.out_so_far(), "sftp://").empty() || serve.has_ended(); })) << serve.err_so_far();
  const Ended well = doctor();
  EXPECT_EQ(well.code, 0) << well.out;
  EXPECT_EQ(said(well, "serve"), "ok: ready");
  EXPECT_TRUE(said(well, "sftp").starts_with("ok: ")) << well.out;
  EXPECT_TRUE(said(well, "hook").starts_with("ok: ")) << well.out;
  if (!fs::exists("/etc/sftpgo") && !fs::exists("/opt/powerview-stack")) {
    EXPECT_EQ(said(well, "sftpgo"), "") << "a secret alone makes no SFTPGo";
  }
  given_settings("[hooks]\nsecret = \"another secret of the settings\"\n");
  const Ended changed = doctor();
  EXPECT_EQ(changed.code, 1);
  EXPECT_TRUE(said(changed, "hook").starts_with("wrong: ")) << changed.out;
  serve.send(SIGTERM);
  EXPECT_EQ(serve.wait().code, 0);
}

TEST_F(Doctor, AnotherServersPortIsWrongAndNamesIt) {
  Listener other;
  other.greet_with("SSH-2.0-SFTPGo_2.6.6\r\n");
  given_settings("", other.port());
  given_samples();
  const Ended found = doctor();
  EXPECT_EQ(found.code, 1);
  EXPECT_NE(said(found, "sftp").find("SFTPGo_2.6.6"), std::string::npos) << found.out;
  EXPECT_NE(said(found, "sftp").find("sftp.port"), std::string::npos) << found.out;
}

TEST_F(Doctor, APublicAddressThatLeadsNowhereIsToldOf) {
  given_settings("", 0, fmt::format("public_url = \"https://127.0.0.1:{}\"\n", sftp_port_));
  given_samples();
  const Ended found = doctor();
  EXPECT_TRUE(said(found, "public address").starts_with("warning: ")) << found.out;
  EXPECT_NE(said(found, "public address").find("server.public_url"), std::string::npos) << found.out;
}

TEST_F(Doctor, ARegistryThatDoesNotReadIsNotCalledNoneYet) {
  given_settings();
  given_samples();
  EXPECT_TRUE(said(doctor({"--without-serve"}), "registry").starts_with("warning: there is none yet"));
  write_file(here.state() / "registry.sqlite", std::string(8192, 'x'));
  const Ended damaged = doctor({"--without-serve"});
  EXPECT_EQ(damaged.code, 1);
  EXPECT_TRUE(said(damaged, "registry").starts_with("wrong: ")) << damaged.out;
}

TEST_F(Doctor, AFolderThatIsNotThereAndSecretsThatOthersReadAreWrong) {
  given_settings();
  given_samples();
  write_file(here.path() / ".env", "POWERVIEW_HOOK_SECRET=0123456789abcdef\n");
  chmod((here.path() / ".env").c_str(), 0644);
  EXPECT_TRUE(said(doctor({"--without-serve"}), ".env").starts_with("wrong: everybody"));
  chmod((here.path() / ".env").c_str(), 0640);
  EXPECT_TRUE(said(doctor({"--without-serve"}), ".env").starts_with("warning: its group"));
  chmod((here.path() / ".env").c_str(), 0600);
  const Ended well = doctor({"--without-serve"});
  EXPECT_TRUE(said(well, ".env").starts_with("ok: ")) << well.out;
  EXPECT_EQ(well.code, 0) << well.out;
  fs::rename(here.data(), here.path() / "elsewhere");
  const Ended gone = doctor({"--without-serve"});
  EXPECT_EQ(gone.code, 1);
  EXPECT_TRUE(said(gone, "data folder").starts_with("wrong: ")) << gone.out;
  EXPECT_FALSE(fs::exists(here.data()));
}

TEST_F(Doctor, MakesNothing) {
  influxdb::Server influx;
  influx.start();
  FakeGrafana grafana;
  given_settings(fmt::format("[influxdb]\nurl = \"{}\"\norg = \"powerview\"\nadmin_token = \"operator-token\"\nwrite = \"off\"\n[grafana]\nurl = \"{}\"\nusername = \"admin\"\n"
                             "password = \"admin-secret\"\n", influx.url(), grafana.url()));
  given_samples();
  const auto names = [&] {
    std::set<std::string> all;
    for (const auto& [name, content] : tree_of(here.path())) all.insert(name);
    return all;
  };
  const auto before = names();
  const Ended looked = doctor();
  EXPECT_NE(said(looked, "grafana companies").find("grafana plan"), std::string::npos) << looked.out;
  EXPECT_EQ(names(), before);
  fs::remove_all(here.state());
  fs::remove_all(here.path() / "logs");
  const auto bare = names();
  EXPECT_EQ(doctor().code, 1);
  EXPECT_EQ(names(), bare);
}

TEST_F(Doctor, ATokenThatMayNotWriteIsNamed) {
  influxdb::Server influx;
  influx.start();
  influx.given("powerview_meta", "old value=1 1754184000");
  const std::string token = influx.given_token("reads", R"([{"action":"read","resource":{"type":"orgs"}},{"action":"read","resource":{"type":"buckets"}}])");
  const auto section = [&](const std::string& which) { return fmt::format("[influxdb]\nurl = \"{}\"\norg = \"powerview\"\nadmin_token = \"{}\"\n", influx.url(), which); };
  given_settings(section(token));
  given_samples();
  const Ended poor = doctor({"--without-serve"});
  EXPECT_EQ(poor.code, 1);
  EXPECT_NE(said(poor, "influxdb token").find("may not write"), std::string::npos) << poor.out;
  given_settings(section("operator-token"));
  EXPECT_EQ(said(doctor({"--without-serve"}), "influxdb token").find("may not write"), std::string::npos);
  EXPECT_EQ(influx.count("powerview_meta"), 1U) << "asking wrote nothing";
}

TEST_F(Doctor, AFolderThatTheUnitDoesNotLetTheServiceWriteIsWrong) {
  given_settings();
  given_samples();
  const fs::path systemctl = given_systemctl(fmt::format("ProtectSystem=strict\nProtectHome=yes\nPrivateTmp=no\nStateDirectory=powerview\nReadWritePaths=-{} -{}\n", here.state().string(),
                                                         (here.path() / "logs").string()));
  const auto look = [&] { return Child(beside_systemctl({"--without-serve"})).wait(); };
  const Ended outside = look();
  EXPECT_EQ(outside.code, 1) << outside.out;
  EXPECT_TRUE(said(outside, "service").starts_with("wrong: data_folder")) << outside.out;
  EXPECT_NE(said(outside, "service").find("deploy render"), std::string::npos) << outside.out;
  write_file(systemctl, content_of(systemctl).replace(content_of(systemctl).find("ReadWritePaths="), 15, "ReadWritePaths=" + here.data().string() + " "));
  const Ended inside = look();
  EXPECT_EQ(inside.code, 0) << inside.out;
  EXPECT_TRUE(said(inside, "service").starts_with("ok: ")) << inside.out;
}

TEST_F(Doctor, RootSeesWhatTheServicesUserSees) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  given_settings();
  given_samples();
  given_state_of(kNobody);
  const Ended found = doctor({"--without-serve"});
  EXPECT_EQ(found.code, 1);
  EXPECT_TRUE(said(found, "data folder").starts_with("wrong: ")) << found.out;
  EXPECT_TRUE(said(found, "state folder").starts_with("ok: ")) << found.out;
  EXPECT_TRUE(said(found, "report folder").starts_with("wrong: ")) << found.out;
  for (const auto& entry : fs::recursive_directory_iterator(here.state())) {
    struct stat status {};
    ASSERT_EQ(lstat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, kNobody) << entry.path();
  }
}

TEST_F(Doctor, AStateOfRootsIsWrongWhereTheServiceHasAUserOfItsOwn) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  given_settings();
  given_samples();
  chmod(here.path().c_str(), 0755);
  [[maybe_unused]] const fs::path systemctl = given_systemctl("User=nobody\n");
  const Ended found = Child(beside_systemctl({"--without-serve"})).wait();
  EXPECT_EQ(found.code, 1);
  EXPECT_TRUE(said(found, "state folder").starts_with("wrong: ")) << found.out;
  EXPECT_NE(said(found, "state folder").find("chown"), std::string::npos) << found.out;
}

TEST_F(Doctor, AFolderAboveThatLetsNobodyThroughIsNamed) {
  const fs::path locked = here.path() / "locked", data = locked / "of/data";
  fs::create_directories(data);
  given_settings();
  given_samples();
  std::string settings = content_of(file());
  write_file(file(), settings.replace(settings.find(here.data().string()), here.data().string().size(), data.string()));
  // Rights do not bind root, but whom it takes on.
  if (geteuid() == 0) given_state_of(kNobody);
  chmod(locked.c_str(), 0);
  const Ended found = doctor({"--without-serve"});
  chmod(locked.c_str(), 0700);
  EXPECT_EQ(found.code, 1);
  EXPECT_NE(said(found, "data folder").find(locked.string() + " does not let this user through"), std::string::npos) << found.out;
  EXPECT_EQ(said(found, "data folder").find("make it, or set"), std::string::npos) << found.out;
}

TEST_F(Doctor, ATokenInTheSettingsIsASecretAndWhatItMayIsNone) {
  given_settings("[influxdb]\ntoken_rights = \"read\"\n# token = \"in a remark\"\n");
  given_samples();
  chmod(file().c_str(), 0644);
  EXPECT_TRUE(said(doctor({"--without-serve"}), "powerview.toml").starts_with("ok: "));
  given_settings("[victoriametrics]\n  token = \"a bearer token\"\n");
  EXPECT_TRUE(said(doctor({"--without-serve"}), "powerview.toml").starts_with("wrong: everybody"));
}

TEST_F(Doctor, WaitsForAServeThatSystemdHasJustStarted) {
  given_settings();
  given_samples();
  [[maybe_unused]] const fs::path systemctl = given_systemctl("ActiveState=active\n");
  Child look(beside_systemctl({}));
  ASSERT_TRUE(eventually([&] { return fs::exists(here.path() / "asked"); }));
  Child serve({PV_BINARY, "serve", "--config", file().string()});
  const Ended found = look.wait();
  EXPECT_EQ(said(found, "serve"), "ok: ready") << found.out;
  EXPECT_TRUE(said(found, "sftp").starts_with("ok: ")) << found.out;
  serve.send(SIGTERM);
  EXPECT_EQ(serve.wait().code, 0);
}

TEST_F(Doctor, AFullDiskIsWrong) {
  given_settings();
  given_samples();
  const std::string data = here.data();
  // In a mount namespace of its own, which ends with it.
  const Ended full = run_program({"doctor", "--json", "--without-serve", "--config", file().string()}, {}, [&] {
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 || mount("none", data.c_str(), "tmpfs", 0, "size=1m") != 0) _exit(99);
  });
  if (full.code == 99) GTEST_SKIP() << "this machine lets nobody mount";
  EXPECT_EQ(full.code, 1) << full.out;
  EXPECT_TRUE(said(full, "disk of data folder").starts_with("wrong: ")) << full.out;
  EXPECT_NE(said(full, "clock"), "") << full.out;
}

}  // namespace
}  // namespace pv::testing
