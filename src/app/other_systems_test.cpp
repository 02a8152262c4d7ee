#include "app/other_systems.h"

#include <gtest/gtest.h>

#include "testing/temp_folder.h"

namespace pv::app {
namespace {

std::string toml(const std::string& url, const std::string& token) {
  return "[influxdb]\nurl = \"" + url + "\"\norg = \"powerview\"\nadmin_token = \"" + token + "\"\n";
}

TEST(OtherSystems, ANewTokenOfInfluxdbIsFoundWithoutARestart) {
  const testing::TempFolder folder;
  const auto file = folder.given_file("powerview.toml", toml("http://127.0.0.1:1", "first"));
  const auto settings = load_settings(file, [](const char*) { return std::optional<std::string>(); });
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_EQ(current_influx_access(*settings).token.reveal(), "first");
  testing::write_file(file, toml("http://127.0.0.1:1", "second"));
  EXPECT_EQ(current_influx_access(*settings).token.reveal(), "second");
  EXPECT_EQ(influx_access(*settings).token.reveal(), "first");
  testing::write_file(file, toml("http://127.0.0.1:2", "third"));
  EXPECT_EQ(current_influx_access(*settings).token.reveal(), "first") << "it is another server's";
  testing::write_file(file, "[influxdb\n");
  EXPECT_EQ(current_influx_access(*settings).token.reveal(), "first");
}

}  // namespace
}  // namespace pv::app
