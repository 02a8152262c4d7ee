#include "model/names.h"

#include <gtest/gtest.h>

namespace pv::model {
namespace {

TEST(NamesTest, AcceptsSpacesAccentsAndQuotes) {
  for (const char* name : {"campaign1", "Écoles de l'été", "a\"b", "site 12 (nord)", "工場"}) {
    const auto parsed = CampaignName::parse(name);
    ASSERT_TRUE(parsed) << name;
    EXPECT_EQ(parsed->str(), name);
  }
}

TEST(NamesTest, RefusesWhatCouldLeaveTheFolderOrHide) {
  for (const std::string name : {"", ".", "..", ".hidden", "a/b", "a\\b", "a\nb", " a", "a ", "\xff", "\xc0\xaf"}) {
    EXPECT_FALSE(TenantName::parse(name)) << name;
  }
  EXPECT_FALSE(TenantName::parse(std::string("a\0b", 3)));
  EXPECT_FALSE(TenantName::parse(std::string(129, 'a')));
  EXPECT_TRUE(TenantName::parse(std::string(128, 'a')));
}

TEST(NamesTest, RefusalNamesTheRule) {
  const auto refused = CampaignName::parse("../x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Errc::invalid_input);
  EXPECT_NE(refused.error().message().find("may not start with '.'"), std::string::npos);
}

TEST(NamesTest, SerialNumbersAreLettersAndDigits) {
  EXPECT_TRUE(SerialNumber::parse("02001171"));
  EXPECT_FALSE(SerialNumber::parse("02 01"));
  EXPECT_FALSE(SerialNumber::parse(""));
  EXPECT_FALSE(SerialNumber::parse(std::string(33, '1')));
}

TEST(NamesTest, Utf8IsStrict) {
  EXPECT_TRUE(is_valid_utf8("é€😀"));
  EXPECT_FALSE(is_valid_utf8("\xed\xa0\x80"));  // surrogate
  EXPECT_FALSE(is_valid_utf8("\xe2\x82"));      // cut
  EXPECT_FALSE(is_valid_utf8("\xf5\x80\x80\x80"));
}

}  // namespace
}  // namespace pv::model
