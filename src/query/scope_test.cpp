#include "query/scope.h"

#include <gtest/gtest.h>

namespace pv::query {
namespace {

TEST(WholePeriodTest, BeginsWithTheIntervalOfTheFirstRowAndHoldsTheLast) {
  model::CampaignSummary campaign;
  EXPECT_FALSE(whole_period(campaign));
  campaign.loggers.resize(3);
  EXPECT_FALSE(whole_period(campaign)) << "loggers without rows";
  campaign.loggers[0].period = model::Period{6000, 9001};
  campaign.loggers[0].step_s = 600;
  campaign.loggers[2].period = model::Period{5500, 7001};
  campaign.loggers[2].step_s = 60;
  EXPECT_EQ(whole_period(campaign), (model::Period{5400, 9001}));
}

}  // namespace
}  // namespace pv::query
