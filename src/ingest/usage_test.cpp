#include "ingest/usage.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "testing/rights.h"
#include "testing/temp_folder.h"

namespace pv::ingest {
namespace {

namespace fs = std::filesystem;

class UsageTest : public ::testing::Test {
 protected:
  testing::TempFolder folder_;
  const model::TenantName acme_ = model::TenantName::parse("acme").value();
  const model::TenantName other_ = model::TenantName::parse("other").value();
  std::optional<std::uint64_t> quota_;
  std::vector<std::string> warnings_;

  UsageOptions options() {
    return {.data_folder = folder_.path(),
            .quota_of = [this](const model::TenantName&) -> Result<std::optional<std::uint64_t>> { return quota_; },
            .warn = [this](const model::TenantName& tenant, std::uint64_t used, std::uint64_t quota) {
              warnings_.push_back(tenant.str() + " " + std::to_string(used) + "/" + std::to_string(quota));
            }};
  }
  void given(std::string_view name, std::size_t bytes) const { folder_.given_file(name, std::string(bytes, 'x')); }
};

TEST_F(UsageTest, EveryFileOfATenantCountsWhereverItLies) {
  given("acme/c/d/a.tsv", 100);
  given("acme/c/d/parsed/b.tsv", 20);
  given("acme/c/d/error/b.tsv.reason.json", 3);
  given("acme/c/d/.incoming~c.tsv", 4000);
  given("other/c/d/a.tsv", 50000);
  Usage usage(options());
  EXPECT_EQ(usage.bytes_used(acme_).value(), 4123U);
  EXPECT_EQ(usage.bytes_used(other_).value(), 50000U);
}

TEST_F(UsageTest, ATenantWithoutAFolderHasNothing) {
  Usage usage(options());
  EXPECT_EQ(usage.bytes_used(acme_).value(), 0U);
  EXPECT_TRUE(usage.take(acme_, 7));
  EXPECT_EQ(usage.bytes_used(acme_).value(), 7U);
}

TEST_F(UsageTest, LinksAreNotFollowed) {
  given("other/c/d/a.tsv", 1000);
  given("acme/c/d/a.tsv", 1);
  fs::create_symlink(folder_ / "other/c/d/a.tsv", folder_ / "acme/c/d/b.tsv");
  fs::create_directory_symlink(folder_ / "other", folder_ / "acme/c/e");
  fs::create_directory_symlink(folder_ / "acme", folder_ / "acme/c/d/round");
  fs::create_directory_symlink(folder_ / "other", folder_ / "linked");
  Usage usage(options());
  EXPECT_EQ(usage.bytes_used(acme_).value(), 1U);
  EXPECT_EQ(usage.bytes_used(model::TenantName::parse("linked").value()).value(), 0U);
}

TEST_F(UsageTest, ItIsCountedOnceAndThenKept) {
  given("acme/c/d/a.tsv", 100);
  Usage usage(options());
  ASSERT_EQ(usage.bytes_used(acme_).value(), 100U);
  given("acme/c/d/b.tsv", 1000);
  EXPECT_EQ(usage.bytes_used(acme_).value(), 100U);
  ASSERT_TRUE(usage.take(acme_, 5));
  usage.give_back(acme_, 15);
  EXPECT_EQ(usage.bytes_used(acme_).value(), 90U);
  usage.recount();
  EXPECT_EQ(usage.bytes_used(acme_).value(), 1100U);
}

TEST_F(UsageTest, AFolderThatWentAwayCountsNothingFromThenOn) {
  given("acme/c/d/a.tsv", 100);
  Usage usage(options());
  ASSERT_EQ(usage.bytes_used(acme_).value(), 100U);
  fs::remove_all(folder_ / "acme");
  usage.recount();
  EXPECT_EQ(usage.bytes_used(acme_).value(), 0U);
}

TEST_F(UsageTest, NobodyGivesBackMoreThanThereIs) {
  given("acme/c/d/a.tsv", 100);
  Usage usage(options());
  usage.give_back(acme_, 60);  // not counted yet: what is on disk counts
  EXPECT_EQ(usage.bytes_used(acme_).value(), 100U);
  usage.give_back(acme_, 101);
  EXPECT_EQ(usage.bytes_used(acme_).value(), 0U);
}

TEST_F(UsageTest, AQuotaIsFilledToTheLastByteAndNotBeyond) {
  given("acme/c/d/a.tsv", 1500);
  quota_ = 2000;
  Usage usage(options());
  EXPECT_TRUE(usage.take(acme_, 499));
  const auto too_much = usage.take(acme_, 2);
  ASSERT_FALSE(too_much);
  EXPECT_EQ(too_much.error().kind(), Errc::denied);
  EXPECT_NE(too_much.error().message().find("quota"), std::string::npos);
  EXPECT_NE(too_much.error().message().find("2000"), std::string::npos) << "the sender is told how much there may be";
  EXPECT_EQ(usage.bytes_used(acme_).value(), 1999U) << "what was refused is not taken";
  EXPECT_TRUE(usage.take(acme_, 1));
  EXPECT_TRUE(usage.take(acme_, 0)) << "nothing has room everywhere";
  usage.give_back(acme_, 10);
  EXPECT_TRUE(usage.take(acme_, 10));
  EXPECT_FALSE(usage.take(acme_, 1));
}

TEST_F(UsageTest, HugeFiguresDoNotWrapAround) {
  quota_ = 1000;
  Usage usage(options());
  ASSERT_TRUE(usage.take(acme_, 10));
  EXPECT_FALSE(usage.take(acme_, ~std::uint64_t{0}));
  EXPECT_FALSE(usage.take(acme_, ~std::uint64_t{0} - 5));
  EXPECT_EQ(usage.bytes_used(acme_).value(), 10U);
}

TEST_F(UsageTest, AQuotaThatWasLoweredDeniesMoreAndKeepsWhatIsThere) {
  given("acme/c/d/a.tsv", 500);
  quota_ = 1000;
  Usage usage(options());
  ASSERT_TRUE(usage.take(acme_, 1));
  quota_ = 100;
  EXPECT_FALSE(usage.take(acme_, 1));
  quota_.reset();
  EXPECT_TRUE(usage.take(acme_, 1'000'000));
}

TEST_F(UsageTest, PassingFourFifthsIsSaidOnce) {
  quota_ = 100;
  Usage usage(options());
  ASSERT_TRUE(usage.take(acme_, 79));
  EXPECT_TRUE(warnings_.empty());
  ASSERT_TRUE(usage.take(acme_, 2));
  ASSERT_TRUE(usage.take(acme_, 5));
  EXPECT_EQ(warnings_, std::vector<std::string>{"acme 81/100"});
  usage.give_back(acme_, 5);
  ASSERT_TRUE(usage.take(acme_, 5));
  EXPECT_EQ(warnings_.size(), 1U) << "it never fell below";
}

TEST_F(UsageTest, FourFifthsAreSaidAgainAfterItFellBelow) {
  quota_ = 100;
  Usage usage(options());
  ASSERT_TRUE(usage.take(acme_, 85));
  usage.give_back(acme_, 10);
  ASSERT_TRUE(usage.take(acme_, 10));
  EXPECT_EQ(warnings_, (std::vector<std::string>{"acme 85/100", "acme 85/100"}));
}

TEST_F(UsageTest, WithoutAQuotaThereIsNothingToSay) {
  Usage bare({.data_folder = folder_.path()});
  EXPECT_TRUE(bare.take(acme_, 1'000'000));
  Usage usage(options());
  EXPECT_TRUE(usage.take(acme_, 1'000'000));
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(UsageTest, WhoWarnsMayAsk) {
  quota_ = 10;
  UsageOptions asking = options();
  Usage* asked = nullptr;
  std::uint64_t heard = 0;
  asking.warn = [&](const model::TenantName& tenant, std::uint64_t, std::uint64_t) { heard = asked->bytes_used(tenant).value(); };
  Usage usage(asking);
  asked = &usage;
  ASSERT_TRUE(usage.take(acme_, 9));
  EXPECT_EQ(heard, 9U);
}

TEST_F(UsageTest, AQuotaThatCannotBeAskedForIsAnError) {
  UsageOptions broken = options();
  broken.quota_of = [](const model::TenantName&) -> Result<std::optional<std::uint64_t>> { return fail(Errc::unavailable, "registry.sqlite: locked"); };
  Usage usage(broken);
  const auto taken = usage.take(acme_, 1);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().kind(), Errc::unavailable);
  EXPECT_EQ(usage.bytes_used(acme_).value(), 0U);
}

TEST_F(UsageTest, AFolderOfTheSystemStopsNobody) {
  given("acme/c/d/a.tsv", 100);
  given("acme/lost+found/x", 50);
  given("acme/z/d/a.tsv", 7);
  fs::permissions(folder_.path(), fs::perms::all);
  fs::permissions(folder_ / "acme/lost+found", fs::perms::none);
  const testing::AsNobody nobody;
  Usage usage(options());
  EXPECT_EQ(usage.bytes_used(acme_).value(), 107U);
}

TEST_F(UsageTest, ManyAtOnceNeverPassTheQuota) {
  quota_ = 1000;
  UsageOptions quiet = options();
  quiet.warn = {};
  Usage usage(quiet);
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 300; ++k) {
        if (usage.take(acme_, 1)) ++taken;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 1000);
  EXPECT_EQ(usage.bytes_used(acme_).value(), 1000U);
}

}  // namespace
}  // namespace pv::ingest
