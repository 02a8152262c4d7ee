#include "app/announced.h"

#include <gtest/gtest.h>

namespace pv::app {
namespace {

const model::TenantName kAcme = model::TenantName::parse("acme").value();
const model::TenantName kOther = model::TenantName::parse("other").value();
model::CampaignName campaign(const std::string& name) { return model::CampaignName::parse(name).value(); }

TEST(AnnouncedCampaigns, EachCampaignOfEachCompanyIsFirstOnce) {
  AnnouncedCampaigns announced;
  EXPECT_TRUE(announced.is_first(kAcme, campaign("north")));
  EXPECT_FALSE(announced.is_first(kAcme, campaign("north")));
  EXPECT_TRUE(announced.is_first(kOther, campaign("north")));
  EXPECT_TRUE(announced.is_first(kAcme, campaign("south")));
  EXPECT_FALSE(announced.is_first(kAcme, campaign("north")));
}

TEST(AnnouncedCampaigns, TheOldestIsForgottenWhenThereAreTooMany) {
  AnnouncedCampaigns announced(2);
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(announced.is_first(kAcme, campaign(name)));
  EXPECT_FALSE(announced.is_first(kAcme, campaign("c")));
  EXPECT_FALSE(announced.is_first(kAcme, campaign("b")));
  EXPECT_TRUE(announced.is_first(kAcme, campaign("a")));
}

}  // namespace
}  // namespace pv::app
