#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <thread>
#include <vector>

#include "tenancy/book.h"
#include "tenancy/registry_test.h"
#include "tenancy/schema.h"

namespace pv::tenancy {
namespace {

class RegistryFileTest : public RegistryTest {
 protected:
  static unsigned mode_of(const std::filesystem::path& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
  }
  Errc kind_of_opening() {
    const auto opened = Registry::open(folder.path());
    EXPECT_FALSE(opened);
    return opened ? Errc::io : opened.error().kind();
  }
};

TEST_F(RegistryFileTest, NobodyButItsOwnerMayReadTheFileOrItsLog) {
  given_tenant("acme");
  for (const char* name : {"registry.sqlite", "registry.sqlite-wal", "registry.sqlite-shm"}) EXPECT_EQ(mode_of(folder / name), 0600U) << name;
}

TEST_F(RegistryFileTest, RightsThatOthersWereGivenAreTakenAtTheNextStart) {
  given_tenant("acme");
  for (const char* name : {"registry.sqlite", "registry.sqlite-wal"}) ASSERT_EQ(chmod((folder / name).c_str(), 0644), 0);
  registry = reopened();
  for (const char* name : {"registry.sqlite", "registry.sqlite-wal"}) EXPECT_EQ(mode_of(folder / name), 0600U) << name;
}

TEST_F(RegistryFileTest, TwoRegistriesOfOneFileSeeEachOthersChangesAtOnce) {
  const auto other = reopened();
  const User user = given_user("alice");
  const std::string session = session_of("alice");
  EXPECT_TRUE(other->identity_of_session(session));
  ASSERT_TRUE(registry->identity_of_session(session));
  ASSERT_TRUE(other->set_standing(user, Standing::disabled, kBoss));
  EXPECT_FALSE(registry->identity_of_session(session));
  EXPECT_EQ(registry->user("alice").value().standing, Standing::disabled);
}

TEST_F(RegistryFileTest, EverythingIsThereAfterAReopening) {
  given_user("alice");
  const std::string session = session_of("alice");
  registry.reset();
  registry = reopened();
  EXPECT_TRUE(registry->identity_of_session(session));
}

TEST_F(RegistryFileTest, SeveralMayMakeTheFileAtOnce) {
  const testing::TempFolder fresh;
  std::vector<std::string> failures(8);
  {
    std::vector<std::jthread> threads;
    for (std::string& failure : failures) {
      threads.emplace_back([&] {
        auto opened = Registry::open(fresh.path() / "state", {.now_s = {}, .steady_s = {}, .hash_cost = HashCost::least});
        if (!opened) {
          failure = opened.error().message();
        } else if (auto made = (*opened)->make_first_administrator(); !made) {
          failure = made.error().message();
        } else if (*made) {
          failure = "made one";
        }
      });
    }
  }
  std::sort(failures.begin(), failures.end());
  std::vector<std::string> expected(8);
  expected.back() = "made one";
  EXPECT_EQ(failures, expected);
}

TEST_F(RegistryFileTest, ADamagedFileIsRefused) {
  registry.reset();
  folder.given_file("registry.sqlite", std::string(4096, 'x'));
  EXPECT_EQ(kind_of_opening(), Errc::corrupt);
}

TEST_F(RegistryFileTest, ANewerVersionIsRefused) {
  registry.reset();
  {
    const auto database = Database::open(folder / "registry.sqlite", Database::Access::read_write).value();
    ASSERT_TRUE(database->run(("PRAGMA user_version=" + std::to_string(kRegistryVersion + 1)).c_str()));
  }
  const auto opened = Registry::open(folder.path());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind(), Errc::corrupt);
  EXPECT_NE(opened.error().message().find("update powerview"), std::string::npos);
}

TEST_F(RegistryFileTest, AnotherProgramsDatabaseIsRefused) {
  registry.reset();
  std::filesystem::remove(folder / "registry.sqlite");
  {
    const auto database = Database::open(folder / "registry.sqlite", Database::Access::create).value();
    ASSERT_TRUE(database->run("CREATE TABLE mine(x)"));
  }
  EXPECT_EQ(kind_of_opening(), Errc::corrupt);
}

TEST_F(RegistryFileTest, ALinkInItsPlaceIsNotFollowed) {
  registry.reset();
  std::filesystem::rename(folder / "registry.sqlite", folder / "elsewhere");
  std::filesystem::create_symlink(folder / "elsewhere", folder / "registry.sqlite");
  EXPECT_FALSE(Registry::open(folder.path()));
}

TEST_F(RegistryFileTest, TheAuditTrailIsNewestFirstByTenantAndCut) {
  ASSERT_TRUE(registry->note({.time_s = 5, .who = "a\n", .address = "", .action = "one", .subject = "s", .detail = "", .tenant = "acme"}));
  ASSERT_TRUE(registry->note(
      {.time_s = 0, .who = "b", .address = "", .action = "two", .subject = std::string(600, 'x'), .detail = "", .tenant = "other"}));
  ASSERT_TRUE(registry->note({.time_s = 0, .who = "c", .address = "", .action = "three", .subject = "", .detail = "", .tenant = "acme"}));
  const auto all = registry->audit({}, 2).value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].action, "three");
  EXPECT_EQ(all[1].subject.size(), 500U);
  EXPECT_EQ(all[1].time_s, now_s);
  const auto acmes = registry->audit(tenant_named("acme"), 10).value();
  ASSERT_EQ(acmes.size(), 2U);
  EXPECT_EQ(acmes[1].who, "a?");
  EXPECT_EQ(acmes[1].time_s, 5);
}

TEST_F(RegistryFileTest, RefusalsAreBoundedAndPushNothingElseOut) {
  given_tenant("acme");
  {
    const auto book = Book::open(folder / "registry.sqlite", [this] { return now_s; }).value();
    {
      auto turn = book->write().value();
      for (int i = 0; i < 25'000; ++i) ASSERT_TRUE(turn.note(kBoss, {.action = "sign_in.refused"}));
      ASSERT_TRUE(turn.commit());
    }
    auto look = book->read().value();
    Query count = look.query("SELECT count(*) FROM audit WHERE action='sign_in.refused'").value();
    ASSERT_TRUE(count.next().value());
    EXPECT_GE(count.row().integer(0), 20'000);
    EXPECT_LT(count.row().integer(0), 20'256);
  }
  EXPECT_EQ(registry->audit(tenant_named("acme"), 10).value().at(0).action, "tenant.create");
}

}  // namespace
}  // namespace pv::tenancy
