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

TEST(NamesTest, ANameThatLooksLikeADigestIsNobodyElsesUid) {
  // What another is shortened to may be anybody's name.
  for (const std::string& name : {std::string("a b"), std::string(100, 'x')}) {
    const std::string dashboard = uid("acme", name), source = datasource_uid(company(name)), folder = folder_uid(company(name));
    EXPECT_NE(uid("acme", dashboard.substr(std::string("powerview_acme_").size())), dashboard);
    EXPECT_NE(datasource_uid(company(source.substr(std::string("influxdb_").size()))), source);
    EXPECT_NE(folder_uid(company(folder.substr(std::string("powerview-").size()))), folder);
  }
  EXPECT_EQ(uid("acme", "north-2024"), "powerview_acme_north-2024");
}

TEST(NamesTest, LettersOfEveryScriptAreLoweredAsGrafanaDoes) {
  EXPECT_EQ(lower_case("ADMIN_\u00c9COLE \u0152UVRE"), "admin_\u00e9cole \u0153uvre");
  EXPECT_EQ(lower_case("\u0416\u03a9\u01f1"), "\u0436\u03c9\u01f3");
  EXPECT_EQ(lower_case("\u00df\u00d7\u4e2d\U0001f600 1"), "\u00df\u00d7\u4e2d\U0001f600 1");
  EXPECT_EQ(lower_case("\U00010400"), "\U00010428");
  EXPECT_EQ(lower_case("A\xff"), "A\xff") << "no UTF-8";
}

TEST(NamesTest, WhatIsNoUidIsRefused) {
  for (const char* text : {"", "a b", "a/b", "a.b", "\u00e9", "01234567890123456789012345678901234567890"}) EXPECT_FALSE(is_uid(text)) << text;
}

}  // namespace
}  // namespace pv::grafana
