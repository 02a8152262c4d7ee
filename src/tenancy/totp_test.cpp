#include "tenancy/totp.h"

#include <span>
#include <string>

#include <gtest/gtest.h>

namespace pv::tenancy {
namespace {

const std::string kRfcSecret = "12345678901234567890";
std::span<const std::byte> secret() { return std::as_bytes(std::span(kRfcSecret)); }

TEST(Totp, GivesTheCodesOfRfc6238) {
  // Appendix B, SHA-1, the last six of its eight digits.
  EXPECT_EQ(totp_code(secret(), totp_step(59)), "287082");
  EXPECT_EQ(totp_code(secret(), totp_step(1'111'111'109)), "081804");
  EXPECT_EQ(totp_code(secret(), totp_step(1'111'111'111)), "050471");
  EXPECT_EQ(totp_code(secret(), totp_step(1'234'567'890)), "005924");
  EXPECT_EQ(totp_code(secret(), totp_step(2'000'000'000)), "279037");
  EXPECT_EQ(totp_code(secret(), totp_step(20'000'000'000)), "353130");
}

TEST(Totp, TakesOneStepEarlyOrLateAndNoMore) {
  const std::int64_t now_s = 1'111'111'111;
  const std::int64_t step = totp_step(now_s);
  EXPECT_FALSE(totp_match(secret(), totp_code(secret(), step - 2), now_s, 0));
  EXPECT_EQ(totp_match(secret(), totp_code(secret(), step - 1), now_s, 0), step - 1);
  EXPECT_EQ(totp_match(secret(), totp_code(secret(), step), now_s, 0), step);
  EXPECT_EQ(totp_match(secret(), totp_code(secret(), step + 1), now_s, 0), step + 1);
  EXPECT_FALSE(totp_match(secret(), totp_code(secret(), step + 2), now_s, 0));
}

TEST(Totp, ACodeCountsOnceAndEarlierOnesNoMore) {
  const std::int64_t now_s = 1'111'111'111;
  const std::int64_t step = totp_step(now_s);
  EXPECT_FALSE(totp_match(secret(), totp_code(secret(), step), now_s, step));
  EXPECT_FALSE(totp_match(secret(), totp_code(secret(), step - 1), now_s, step));
  EXPECT_TRUE(totp_match(secret(), totp_code(secret(), step + 1), now_s, step));
}

TEST(Totp, RefusesWhatIsNotSixDigits) {
  for (const char* code : {"", "05047", "0504711", "05047a", " 050471"}) EXPECT_FALSE(totp_match(secret(), code, 1'111'111'111, 0)) << code;
}

TEST(Totp, TheUriNamesSecretAndAccount) {
  EXPECT_EQ(totp_uri(secret(), "alice"),
            "otpauth://totp/PowerView:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=PowerView&algorithm=SHA1&digits=6&period=30");
}

}  // namespace
}  // namespace pv::tenancy
