/// `powerview deploy render`: what it writes is what the program reads.
#include <sys/stat.h>

#include <cstdlib>
#include <sstream>

#include "e2e/serving.h"
#include "testing/logger_text.h"

namespace pv {
namespace {

namespace fs = std::filesystem;
using testing::content_of;
using testing::Ended;
using testing::run_program;

Ended render(const fs::path& out, const std::string& domain, const std::vector<std::string>& more = {}) {
  std::vector<std::string> line = {"deploy", "render", "--domain", domain, "--out", out.string()};
  line.insert(line.end(), more.begin(), more.end());
  return run_program(line);
}

std::string value_of(const std::string& environment, const std::string& name) {
  const std::size_t at = environment.find("\n" + name + "=");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 2;
  return environment.substr(begin, environment.find('\n', begin) - begin);
}

TEST(DeployRender, WritesSettingsThatTheProgramTakes) {
  const testing::TempFolder folder;
  const fs::path out = folder / "out";
  const Ended rendered = render(out, "power.example.org", {"--data-folder", "/srv/loggers", "--zone", "Europe/Paris", "--port", "8444"});
  ASSERT_EQ(rendered.code, 0) << rendered.err;
  const Ended shown = run_program({"config", "show", "--config", (out / "etc/powerview/powerview.toml").string()});
  ASSERT_EQ(shown.code, 0) << shown.err;
  for (const char* line : {"public_url = 'https://power.example.org'", "data_folder = '/srv/loggers'", "zone = 'Europe/Paris'", "port = 8444",
                           "# secret = \"(set, not shown)\"", "# admin_token = \"(set, not shown)\"", "# password = \"(set, not shown)\""}) {
    EXPECT_NE(shown.out.find(line), std::string::npos) << line << "\n" << shown.out;
  }
  const Ended hook = run_program({"config", "show", "--config", (out / "etc/powerview/hook/powerview.toml").string()});
  EXPECT_EQ(hook.code, 0) << hook.err;
  EXPECT_NE(hook.out.find("data_folder = '/srv/loggers'"), std::string::npos) << hook.out;
  for (const auto& entry : fs::recursive_directory_iterator(out)) {
    EXPECT_TRUE(entry.is_directory() || content_of(entry.path()).find("@DOMAIN@") == std::string::npos) << entry.path();
  }
}

TEST(DeployRender, DrawsPasswordsOnceAndShowsThemToTheirOwnerAlone) {
  const testing::TempFolder folder;
  ASSERT_EQ(render(folder / "one", "power.example.org").code, 0);
  ASSERT_EQ(render(folder / "two", "power.example.org").code, 0);
  const char* const kStack = "opt/powerview-stack/.env";
  const std::string one = content_of(folder / "one" / kStack);
  const std::string two = content_of(folder / "two" / kStack);
  for (const char* name : {"POWERVIEW_HOOK_SECRET", "INFLUXDB_ADMIN_TOKEN", "INFLUXDB_ADMIN_PASSWORD", "GRAFANA_PASSWORD", "SFTPGO_DEFAULT_ADMIN_PASSWORD"}) {
    EXPECT_GE(value_of(one, name).size(), 32U) << name;
    EXPECT_NE(value_of(one, name), value_of(two, name)) << name;
  }
  for (const char* path : {kStack, "etc/powerview/.env"}) {
    struct stat status {};
    ASSERT_EQ(stat((folder / "one" / path).c_str(), &status), 0) << path;
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << path;
  }
  const Ended again = render(folder / "one", "other.example.org");
  ASSERT_EQ(again.code, 0) << again.err;
  const std::string moved = content_of(folder / "one" / kStack);
  EXPECT_EQ(value_of(moved, "GRAFANA_PASSWORD"), value_of(one, "GRAFANA_PASSWORD"));
  EXPECT_EQ(value_of(moved, "DOMAIN"), "other.example.org");
}

TEST(DeployRender, KeepsThePasswordsThatAStackInPlaceKnows) {
  const testing::TempFolder folder;
  ASSERT_EQ(render(folder / "one", "power.example.org").code, 0);
  const char* const kStack = "opt/powerview-stack/.env";
  const fs::path in_place = folder / "installed.env";
  fs::copy_file(folder / "one" / kStack, in_place);
  ASSERT_EQ(render(folder / "anew", "power.example.org", {"--passwords-of", in_place.string()}).code, 0);
  EXPECT_EQ(content_of(folder / "anew" / kStack), content_of(in_place));
  const Ended none = render(folder / "none", "power.example.org", {"--passwords-of", (folder / "no.env").string()});
  EXPECT_EQ(none.code, 2);
  EXPECT_FALSE(fs::exists(folder / "none"));
}

TEST(DeployRender, TheUnitMayWriteWhereTheSettingsSay) {
  const testing::TempFolder folder;
  const fs::path out = folder / "out";
  ASSERT_EQ(render(out, "power.example.org", {"--data-folder", "/srv/loggers/data", "--state-dir", "/srv/state"}).code, 0);
  for (const char* unit : {"etc/systemd/system/powerview.service", "etc/systemd/system/powerview.service.d/powerview.conf"}) {
    const std::string text = content_of(out / unit);
    EXPECT_NE(text.find("ReadWritePaths=-/srv/loggers/data -/srv/state -/srv/loggers/logs\n"), std::string::npos) << text;
    EXPECT_NE(text.find("\nAmbientCapabilities=\n"), std::string::npos) << text;
  }
  ASSERT_EQ(render(folder / "low", "power.example.org", {"--sftp-port", "22"}).code, 0);
  const std::string low = content_of(folder / "low/etc/systemd/system/powerview.service.d/powerview.conf");
  EXPECT_NE(low.find("\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n"), std::string::npos) << low;
}

TEST(DeployRender, EachServerHasItsOwnPortEverywhere) {
  const testing::TempFolder folder;
  const fs::path out = folder / "out";
  ASSERT_EQ(render(out, "power.example.org", {"--sftp-port", "2122", "--sftpgo-port", "2022"}).code, 0);
  EXPECT_NE(content_of(out / "etc/sftpgo/env.d/powerview.env").find("\nSFTPGO_SFTPD__BINDINGS__0__PORT=2022\n"), std::string::npos);
  EXPECT_NE(content_of(out / "opt/powerview-stack/.env").find("\nSFTPGO_PORT=2022\n"), std::string::npos);
  EXPECT_NE(content_of(out / "etc/powerview/powerview.toml").find("\nport = 2122\n"), std::string::npos);
  for (const char* port : {"2022", "2122"}) EXPECT_NE(content_of(out / "etc/nftables.d/powerview.nft").find(std::string("tcp dport ") + port + " accept"), std::string::npos);
  const Ended same = render(folder / "same", "power.example.org", {"--sftp-port", "2222"});
  EXPECT_EQ(same.code, 2);
  EXPECT_NE(same.err.find("--sftpgo-port"), std::string::npos) << same.err;
}

std::string with(std::string text, const std::string& word, const std::string& other) {
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += other.size()) text.replace(at, word.size(), other);
  return text;
}

TEST(DeployRender, SftpgosHookRunsAsItIsWrittenThere) {
  const testing::TempFolder folder;
  ASSERT_EQ(render(folder / "out", "power.example.org", {"--data-folder", "/srv/loggers/data", "--state-dir", "/srv/loggers/state", "--program", PV_BINARY}).code, 0);
  const testing::Installation at;
  testing::Serving serving(at, {.settings = "[ingest]\ngrace_s = 3600\nscan_interval_s = 3600\n"});
  // Folders of this test's own in the place of those of the machine.
  const std::string settings = content_of(folder / "out/etc/powerview/hook/powerview.toml");
  const fs::path hook_settings = testing::write_file(folder / "hook/powerview.toml", with(with(settings, "/srv/loggers/data", at.data()), "/srv/loggers/state", at.state()));
  const std::string variables = "\n" + content_of(folder / "out/etc/sftpgo/env.d/powerview.env");
  const std::string program = value_of(variables, "SFTPGO_COMMON__ACTIONS__HOOK");
  EXPECT_EQ(program, value_of(variables, "SFTPGO_COMMAND__COMMANDS__0__PATH"));
  at.given(testing::kPath, testing::LoggerText{}.text());
  // SFTPGo gives its hook these variables and no others: no PATH, no HOME.
  std::vector<std::string> line = {"/usr/bin/env", "-i", "SFTPGO_ACTION=upload", "SFTPGO_ACTION_USERNAME=acme", "SFTPGO_ACTION_PATH=" + (at.data() / testing::kPath).string(),
                                   "SFTPGO_ACTION_TARGET=", "SFTPGO_ACTION_VIRTUAL_PATH=/north/02001084/x.tsv", "SFTPGO_ACTION_VIRTUAL_TARGET=", "SFTPGO_ACTION_SSH_CMD=",
                                   "SFTPGO_ACTION_FILE_SIZE=4000", "SFTPGO_ACTION_ELAPSED=12", "SFTPGO_ACTION_FS_PROVIDER=0", "SFTPGO_ACTION_STATUS=1", "SFTPGO_ACTION_PROTOCOL=SFTP",
                                   "SFTPGO_ACTION_IP=192.0.2.7", "SFTPGO_ACTION_SESSION_ID=s", "SFTPGO_ACTION_TIMESTAMP=1754184000000000000", program};
  std::istringstream arguments(with(value_of(variables, "SFTPGO_COMMAND__COMMANDS__0__ARGS"), "/etc/powerview/hook/powerview.toml", hook_settings));
  for (std::string argument; std::getline(arguments, argument, ',');) line.push_back(argument);
  const Ended hook = testing::Child(line).wait();
  EXPECT_EQ(hook.code, 0) << hook.err;
  EXPECT_NE(hook.out.find("kept"), std::string::npos) << hook.out;
  EXPECT_TRUE(testing::eventually([&] { return serving.fate_of(testing::kPath) == "committed"; })) << serving.run({"files"}).out;
  EXPECT_EQ(serving.stop().code, 0);
}

TEST(DeployRender, WritesNothingOverWhatSomebodyChanged) {
  const testing::TempFolder folder;
  const fs::path out = folder / "out";
  ASSERT_EQ(render(out, "power.example.org").code, 0);
  const std::string caddy = content_of(out / "etc/caddy/Caddyfile");
  testing::write_file(out / "etc/caddy/Caddyfile", caddy + "# mine\n");
  const auto before = testing::tree_of(out);
  const Ended refused = render(out, "other.example.org");
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("etc/caddy/Caddyfile"), std::string::npos) << refused.err;
  EXPECT_EQ(testing::tree_of(out), before);
}

TEST(DeployRender, RefusesWhatIsNoDomainAndNamesTheOption) {
  const testing::TempFolder folder;
  for (const char* domain : {"https://example.org", "example", "a.org { respond hi }", "127.0.0.1"}) {
    const Ended refused = render(folder / "out", domain);
    EXPECT_EQ(refused.code, 2) << domain;
    EXPECT_NE(refused.err.find("--domain"), std::string::npos) << refused.err;
  }
  EXPECT_NE(render(folder / "out", "a.org", {"--data-folder", "/srv/two words"}).err.find("--data-folder"), std::string::npos);
  EXPECT_NE(render(folder / "out", "a.org", {"--data-folder", "/home/anna/data"}).err.find("--data-folder"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder / "out"));
}

}  // namespace
}  // namespace pv
