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
  const model::Place at_ = place("c", "d");
  std::optional<std::uint64_t> quota_, campaign_quota_, device_quota_;
  std::vector<std::string> warnings_;

  UsageOptions options() {
    return {.data_folder = folder_.path(),
            .quotas_of = [this](const model::Place&) -> Result<Quotas> { return Quotas{quota_, campaign_quota_, device_quota_}; },
            .warn = [this](std::string_view whose, std::uint64_t used, std::uint64_t quota) {
              warnings_.push_back(std::string(whose) + " " + std::to_string(used) + "/" + std::to_string(quota));
            },
            .quiet = std::chrono::milliseconds(0)};
  }
  model::Place place(std::string_view campaign, std::string_view device) const {
    return {acme_, model::CampaignName::parse(campaign).value(), model::DeviceName::parse(device).value()};
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
  EXPECT_TRUE(usage.take(at_, 7));
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
  ASSERT_TRUE(usage.take(at_, 5));
  usage.give_back(at_, 15);
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
  usage.give_back(at_, 60);  // not counted yet: what is on disk counts
  EXPECT_EQ(usage.bytes_used(acme_).value(), 100U);
  usage.give_back(at_, 101);
  EXPECT_EQ(usage.bytes_used(acme_).value(), 0U);
}

TEST_F(UsageTest, AQuotaIsFilledToTheLastByteAndNotBeyond) {
  given("acme/c/d/a.tsv", 1500);
  quota_ = 2000;
  Usage usage(options());
  EXPECT_TRUE(usage.take(at_, 499));
  const auto too_much = usage.take(at_, 2);
  ASSERT_FALSE(too_much);
  EXPECT_EQ(too_much.error().kind(), Errc::denied);
  EXPECT_NE(too_much.error().message().find("quota"), std::string::npos);
  EXPECT_NE(too_much.error().message().find("2000"), std::string::npos) << "the sender is told how much there may be";
  EXPECT_EQ(usage.bytes_used(acme_).value(), 1999U) << "what was refused is not taken";
  EXPECT_TRUE(usage.take(at_, 1));
  EXPECT_TRUE(usage.take(at_, 0)) << "nothing has room everywhere";
  usage.give_back(at_, 10);
  EXPECT_TRUE(usage.take(at_, 10));
  EXPECT_FALSE(usage.take(at_, 1));
}

TEST_F(UsageTest, HugeFiguresDoNotWrapAround) {
  quota_ = 1000;
  Usage usage(options());
  ASSERT_TRUE(usage.take(at_, 10));
  EXPECT_FALSE(usage.take(at_, ~std::uint64_t{0}));
  EXPECT_FALSE(usage.take(at_, ~std::uint64_t{0} - 5));
  EXPECT_EQ(usage.bytes_used(acme_).value(), 10U);
}

TEST_F(UsageTest, AQuotaThatWasLoweredDeniesMoreAndKeepsWhatIsThere) {
  given("acme/c/d/a.tsv", 500);
  quota_ = 1000;
  Usage usage(options());
  ASSERT_TRUE(usage.take(at_, 1));
  quota_ = 100;
  EXPECT_FALSE(usage.take(at_, 1));
  quota_.reset();
  EXPECT_TRUE(usage.take(at_, 1'000'000));
}

TEST_F(UsageTest, PassingFourFifthsIsSaidOnce) {
  quota_ = 100;
  Usage usage(options());
  ASSERT_TRUE(usage.take(at_, 79));
  EXPECT_TRUE(warnings_.empty());
  ASSERT_TRUE(usage.take(at_, 2));
  ASSERT_TRUE(usage.take(at_, 5));
  EXPECT_EQ(warnings_, std::vector<std::string>{"acme 81/100"});
  usage.give_back(at_, 5);
  ASSERT_TRUE(usage.take(at_, 5));
  EXPECT_EQ(warnings_.size(), 1U) << "it never fell below";
}

TEST_F(UsageTest, FourFifthsAreSaidAgainAfterItFellBelow) {
  quota_ = 100;
  Usage usage(options());
  ASSERT_TRUE(usage.take(at_, 85));
  usage.give_back(at_, 10);
  ASSERT_TRUE(usage.take(at_, 10));
  EXPECT_EQ(warnings_, (std::vector<std::string>{"acme 85/100", "acme 85/100"}));
}

TEST_F(UsageTest, WithoutAQuotaThereIsNothingToSay) {
  Usage bare({.data_folder = folder_.path()});
  EXPECT_TRUE(bare.take(at_, 1'000'000));
  Usage usage(options());
  EXPECT_TRUE(usage.take(at_, 1'000'000));
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(UsageTest, WhoWarnsMayAsk) {
  quota_ = 10;
  UsageOptions asking = options();
  Usage* asked = nullptr;
  std::uint64_t heard = 0;
  asking.warn = [&](std::string_view, std::uint64_t, std::uint64_t) { heard = asked->bytes_used(acme_).value(); };
  Usage usage(asking);
  asked = &usage;
  ASSERT_TRUE(usage.take(at_, 9));
  EXPECT_EQ(heard, 9U);
}

TEST_F(UsageTest, AQuotaThatCannotBeAskedForIsAnError) {
  UsageOptions broken = options();
  broken.quotas_of = [](const model::Place&) -> Result<Quotas> { return fail(Errc::unavailable, "registry.sqlite: locked"); };
  Usage usage(broken);
  const auto taken = usage.take(at_, 1);
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

TEST_F(UsageTest, ACampaignAndADeviceHaveQuotasOfTheirOwn) {
  given("acme/north/one/parsed/a.tsv", 60);
  given("acme/north/two/a.tsv", 20);
  given("acme/south/one/a.tsv", 500);
  given("acme/north/a.txt", 5);
  campaign_quota_ = 100;
  Usage usage(options());
  EXPECT_TRUE(usage.take(place("north", "one"), 10));
  const auto refused = usage.take(place("north", "two"), 6);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Errc::denied);
  EXPECT_NE(refused.error().message().find("campaign acme/north "), std::string::npos) << refused.error().message();
  EXPECT_NE(refused.error().message().find("95 of 100"), std::string::npos) << refused.error().message();
  device_quota_ = 25;
  const auto of_device = usage.take(place("north", "two"), 6);
  ASSERT_FALSE(of_device);
  EXPECT_NE(of_device.error().message().find("device acme/north/two "), std::string::npos) << of_device.error().message();
  EXPECT_TRUE(usage.take(place("north", "two"), 5));
  campaign_quota_.reset();
  EXPECT_FALSE(usage.take(place("north", "two"), 1));
  EXPECT_TRUE(usage.take(place("north", "three"), 25));
  usage.give_back(place("north", "two"), 5);
  EXPECT_TRUE(usage.take(place("north", "two"), 5));
  EXPECT_EQ(usage.bytes_used(acme_).value(), 585U + 10 + 5 + 25);
}

TEST_F(UsageTest, EachQuotaWarnsForItself) {
  quota_ = 1000;
  campaign_quota_ = 100;
  Usage usage(options());
  ASSERT_TRUE(usage.take(place("north", "one"), 81));
  ASSERT_TRUE(usage.take(place("north", "one"), 1));
  ASSERT_TRUE(usage.take(place("south", "one"), 90));
  EXPECT_EQ(warnings_, (std::vector<std::string>{"acme/north 81/100", "acme/south 90/100"}));
}

TEST_F(UsageTest, ARecountIsOfCampaignsAndDevicesToo) {
  given("acme/north/one/a.tsv", 90);
  campaign_quota_ = 100;
  Usage usage(options());
  ASSERT_FALSE(usage.take(place("north", "two"), 11));
  fs::remove(folder_ / "acme/north/one/a.tsv");
  usage.recount();
  EXPECT_TRUE(usage.take(place("north", "two"), 11));
}

TEST_F(UsageTest, ARecountLosesNothingOfWhatComesMeanwhile) {
  constexpr std::uint64_t kFiles = 500;
  for (std::uint64_t i = 0; i < kFiles; ++i) given("acme/c/d" + std::to_string(i % 50) + "/" + std::to_string(i), 1);
  Usage usage({.data_folder = folder_.path()});
  ASSERT_EQ(usage.bytes_used(acme_).value(), kFiles);
  std::atomic<bool> ends{false};
  std::uint64_t came = 0;
  std::thread sender([&] {
    while (!ends) {
      // As the desk does: room first, then the bytes.
      ASSERT_TRUE(usage.take(at_, 1));
      given("acme/c/d/" + std::to_string(came++), 1);
    }
  });
  for (int i = 0; i < 20; ++i) usage.recount();
  ends = true;
  sender.join();
  EXPECT_EQ(usage.bytes_used(acme_).value(), kFiles + came);
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
        if (usage.take(at_, 1)) ++taken;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 1000);
  EXPECT_EQ(usage.bytes_used(acme_).value(), 1000U);
}

}  // namespace
}  // namespace pv::ingest
