/// `powerview deploy render`: what it writes is what the program reads.
#include <sys/stat.h>

#include <cstdlib>

#include "e2e/program.h"

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
  EXPECT_FALSE(fs::exists(folder / "out"));
}

}  // namespace
}  // namespace pv
