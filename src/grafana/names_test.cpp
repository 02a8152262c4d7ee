#include "grafana/names.h"

#include <set>

#include <gtest/gtest.h>

namespace pv::grafana {
namespace {

model::TenantName company(std::string_view name) { return *model::TenantName::parse(name); }
std::string uid(std::string_view company_name, std::string_view campaign) { return dashboard_uid(company(company_name), *model::CampaignName::parse(campaign)); }

TEST(NamesTest, PlainNamesAreInTheUidAsTheyAre) {
  EXPECT_EQ(uid("acme", "north"), "powerview_acme_north");
  EXPECT_EQ(uid("acme", "north_2"), "powerview_acme_north_2");
  EXPECT_EQ(folder_uid(company("acme")), "powerview-acme");
  EXPECT_EQ(datasource_uid(company("acme")), "influxdb_acme");
  EXPECT_EQ(datasource_name(company("a\"b")), "influxdb_a\"b");
  EXPECT_EQ(user_login(company("Acme")), "admin_acme");
}

TEST(NamesTest, EveryUidIsOneForGrafanaAndNobodyElses) {
  const std::string longest(128, 'x');
  const std::vector<std::string> names = {"a", "a_b", "b_c", "c", "a b", "a\"b", "a'b", "a-b", "\u00e9", "\u00e8", longest, longest.substr(1), "b", "a_b_c", "general"};
  std::set<std::string> uids;
  for (const std::string& name : names) {
    EXPECT_TRUE(is_uid(datasource_uid(company(name)))) << name;
    EXPECT_TRUE(is_uid(folder_uid(company(name)))) << name;
    EXPECT_TRUE(uids.insert(folder_uid(company(name))).second) << name;
    for (const std::string& campaign : names) {
      EXPECT_TRUE(is_uid(uid(name, campaign))) << name << "/" << campaign;
      EXPECT_TRUE(uids.insert(uid(name, campaign)).second) << name << "/" << campaign << " has the uid of another";
    }
  }
}

TEST(NamesTest, WhatIsNoUidIsRefused) {
  for (const char* text : {"", "a b", "a/b", "a.b", "\u00e9", "01234567890123456789012345678901234567890"}) EXPECT_FALSE(is_uid(text)) << text;
}

}  // namespace
}  // namespace pv::grafana
