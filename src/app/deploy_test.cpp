#include "app/deploy.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "testing/temp_folder.h"

namespace pv::app {
namespace {

using testing::content_of;
using testing::TempFolder;
using testing::write_file;

bool is_allowed(Placeholder type, std::string_view value) { return check_placeholder(type, "NAME", value).has_value(); }

TEST(DeployPlaceholder, ADomainIsADomain) {
  for (const char* good : {"example.org", "power-view.example.org", "xn--nergie-9ua.fr", "pv.localhost", "3com.com"}) EXPECT_TRUE(is_allowed(Placeholder::domain, good)) << good;
  const std::string label(64, 'a');
  for (const std::string& bad : {std::string("localhost"), std::string("https://example.org"), std::string("example.org/"), std::string("Example.org"), std::string("a..org"),
                                 std::string(".org"), std::string("example.org."), std::string("-a.org"), std::string("a-.org"), std::string("a b.org"), std::string("127.0.0.1"),
                                 std::string("a.org {"), std::string("a.org\nb"), std::string("énergie.fr"), std::string(), label + ".org", std::string("*.example.org")}) {
    EXPECT_FALSE(is_allowed(Placeholder::domain, bad)) << bad;
  }
}

TEST(DeployPlaceholder, NoValueCanLeaveTheWordItStandsIn) {
  for (const char* bad : {"relative", "/", "/a b", "/a/../b", "/a//b", "/a/", "/a\"b", "/a$b", "/a\n", "/a%i", "/a:b"}) EXPECT_FALSE(is_allowed(Placeholder::path, bad)) << bad;
  EXPECT_TRUE(is_allowed(Placeholder::path, "/srv/power_view-1.2/data+x"));
  for (const char* bad : {"", "0", "65536", "80 ", "-1", "8380}"}) EXPECT_FALSE(is_allowed(Placeholder::port, bad)) << bad;
  EXPECT_TRUE(is_allowed(Placeholder::port, "65535"));
  for (const char* bad : {"", "Mars/Base", "UTC\"", "../etc/passwd"}) EXPECT_FALSE(is_allowed(Placeholder::zone, bad)) << bad;
  EXPECT_TRUE(is_allowed(Placeholder::zone, "Europe/Paris"));
  for (const char* bad : {"short", "0123456789abcdef\n", "0123456789abcdef$", "0123456789abcdef \""}) EXPECT_FALSE(is_allowed(Placeholder::secret, bad)) << bad;
}

TEST(DeployPlaceholder, AFolderThatTheUnitHidesIsRefused) {
  for (const char* bad : {"/home", "/home/anna/data", "/root/x", "/run/x", "/tmp/x", "/var/tmp/x", "/dev/shm/x", "/proc/1", "/sys/x"}) {
    const auto checked = check_service_folder("DATA_FOLDER", bad);
    ASSERT_FALSE(checked) << bad;
    EXPECT_NE(checked.error().message().find("--data-folder"), std::string::npos) << checked.error().message();
  }
  for (const char* good : {"/srv/loggers", "/homes/data", "/var/lib/powerview/data", "/mnt/tmp/x", "/data"}) EXPECT_TRUE(check_service_folder("DATA_FOLDER", good)) << good;
}

TEST(DeployPlaceholder, NoTwoServersGetOnePort) {
  using Ports = std::vector<std::pair<std::string_view, std::string_view>>;
  EXPECT_TRUE(check_ports(Ports{{"PORT", "8380"}, {"SFTP_PORT", "2022"}, {"SFTPGO_PORT", "2222"}}));
  const auto twice = check_ports(Ports{{"PORT", "8380"}, {"SFTP_PORT", "2022"}, {"SFTPGO_PORT", "2022"}});
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().message().find("--sftp-port and --sftpgo-port"), std::string::npos) << twice.error().message();
  for (const char* taken : {"80", "443", "3000", "8086", "8080"}) EXPECT_FALSE(check_ports(Ports{{"PORT", taken}})) << taken;
}

TEST(DeployPlaceholder, AWrongSecretIsNotQuoted) {
  const auto checked = check_placeholder(Placeholder::secret, "GRAFANA_PASSWORD", "hunter2 hunter2 hunter2");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message().find("hunter2"), std::string::npos);
}

TEST(DeployTemplates, AreFilledAndOthersSignsStay) {
  const DeployTemplate templates[] = {{"a", "x@DOMAIN@y @system-service user@host @ @@ @DOMAIN@@DOMAIN@"}, {"b", "p=@PASSWORD@"}};
  const DeployValues values = {{"DOMAIN", {Placeholder::domain, "e.org"}}, {"PASSWORD", {Placeholder::secret, "0123456789abcdef"}}};
  const auto files = fill_templates(templates, values);
  ASSERT_TRUE(files) << files.error().message();
  EXPECT_EQ((*files)[0].text, "xe.orgy @system-service user@host @ @@ e.orge.org");
  EXPECT_FALSE((*files)[0].is_secret);
  EXPECT_EQ((*files)[1].text, "p=0123456789abcdef");
  EXPECT_TRUE((*files)[1].is_secret);
  const DeployTemplate unknown[] = {{"a", "@OTHER@"}};
  EXPECT_EQ(fill_templates(unknown, values).error().kind(), Errc::corrupt);
}

class DeployFolder : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path out() const { return folder_ / "out"; }
  [[nodiscard]] unsigned mode_of(const std::string& path) const {
    struct stat status {};
    EXPECT_EQ(stat((out() / path).c_str(), &status), 0) << path;
    return status.st_mode & 0777U;
  }
  TempFolder folder_;
};

TEST_F(DeployFolder, SecretsAreTheirOwnersAlone) {
  const std::vector<DeployFile> files = {{"etc/a", "one", false}, {"etc/b", "two", true}};
  ASSERT_TRUE(write_rendered(out(), files));
  EXPECT_EQ(mode_of("etc/a"), 0644U);
  EXPECT_EQ(mode_of("etc/b"), 0600U);
  EXPECT_EQ(content_of(out() / "etc/b"), "two");
}

TEST_F(DeployFolder, IsRenderedAgainWithOtherValues) {
  ASSERT_TRUE(write_rendered(out(), std::vector<DeployFile>{{"a", "one", false}, {"b", "two", false}}));
  const auto again = write_rendered(out(), std::vector<DeployFile>{{"a", "new", false}, {"b", "two", false}});
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->written, std::vector<std::string>{"a"});
  EXPECT_EQ(again->unchanged, std::vector<std::string>{"b"});
  EXPECT_EQ(content_of(out() / "a"), "new");
}

TEST_F(DeployFolder, WhatSomebodyChangedIsKeptAndNothingElseIsWrittenThen) {
  ASSERT_TRUE(write_rendered(out(), std::vector<DeployFile>{{"a", "one", false}, {"b", "two", false}}));
  write_file(out() / "a", "mine");
  write_file(out() / "c", "also mine");
  const auto again = write_rendered(out(), std::vector<DeployFile>{{"a", "one", false}, {"b", "new", false}, {"c", "theirs", false}});
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message().find("a, c"), std::string::npos) << again.error().message();
  EXPECT_EQ(content_of(out() / "a"), "mine");
  EXPECT_EQ(content_of(out() / "b"), "two");
  EXPECT_EQ(content_of(out() / "c"), "also mine");
}

TEST_F(DeployFolder, WhatWasDrawnBeforeIsFoundAgain) {
  write_file(out() / ".env", "# A=no\nA=drawn=once\nB=other\n");
  const std::string_view names[] = {"A", "C"};
  const auto drawn = drawn_before(out() / ".env", names);
  ASSERT_TRUE(drawn);
  EXPECT_EQ(*drawn, (std::map<std::string, std::string>{{"A", "drawn=once"}}));
  EXPECT_TRUE(drawn_before(folder_ / "none/.env", names)->empty());
}

}  // namespace
}  // namespace pv::app
