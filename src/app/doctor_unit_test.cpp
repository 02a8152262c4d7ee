#include "app/doctor_unit.h"

#include <gtest/gtest.h>

namespace pv::app {
namespace {

constexpr const char* kShown =
    "ExecStart={ path=/usr/bin/powerview ; argv[]=/usr/bin/powerview serve --config /etc/powerview/powerview.toml ; ignore_errors=no }\n"
    "ReadWritePaths=-/var/lib/powerview/data -/srv/loggers/data\n"
    "ProtectSystem=strict\nProtectHome=yes\nPrivateTmp=yes\nStateDirectory=powerview\nUser=powerview\nLoadState=loaded\nActiveState=active\n";

TEST(ServiceUnit, MayWriteWhereItsUnitSays) {
  const auto unit = parse_unit(kShown);
  ASSERT_TRUE(unit);
  EXPECT_NE(unit->command.find("--config /etc/powerview/powerview.toml"), std::string::npos);
  for (const char* good : {"/var/lib/powerview/state", "/var/lib/powerview", "/srv/loggers/data", "/srv/loggers/data/acme"}) EXPECT_EQ(unit->obstacle(good), "") << good;
  for (const char* bad : {"/srv/loggers", "/srv/loggers/data2", "/srv", "/var/lib/powerview2", "/mnt/x"}) {
    EXPECT_NE(unit->obstacle(bad).find("ReadWritePaths"), std::string::npos) << bad << ": " << unit->obstacle(bad);
  }
  EXPECT_NE(unit->obstacle("/home/anna/data").find("ProtectHome"), std::string::npos);
  EXPECT_NE(unit->obstacle("/tmp/data").find("PrivateTmp"), std::string::npos);
}

TEST(ServiceUnit, HasItsUserAndIsStartedOrNot) {
  const auto unit = parse_unit(kShown);
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->user, "powerview");
  EXPECT_TRUE(unit->is_started);
  for (const char* state : {"inactive", "failed", "deactivating"}) EXPECT_FALSE(parse_unit(std::string("LoadState=loaded\nActiveState=") + state + "\n")->is_started) << state;
  EXPECT_TRUE(parse_unit("LoadState=loaded\nActiveState=activating\n")->is_started);
  EXPECT_EQ(parse_unit("LoadState=loaded\nUser=\n")->user, "");
}

TEST(ServiceUnit, WithoutASandboxIsInNobodysWay) {
  const auto unit = parse_unit("ExecStart=x\nReadWritePaths=\nProtectSystem=no\nProtectHome=no\nPrivateTmp=no\nStateDirectory=\nLoadState=loaded\n");
  ASSERT_TRUE(unit);
  for (const char* good : {"/srv/x", "/home/anna", "/tmp/x"}) EXPECT_EQ(unit->obstacle(good), "") << good;
}

TEST(ServiceUnit, IsNotThereWhereSystemdKnowsNone) {
  EXPECT_FALSE(parse_unit(""));
  EXPECT_FALSE(parse_unit("LoadState=not-found\nReadWritePaths=\n"));
}

}  // namespace
}  // namespace pv::app
