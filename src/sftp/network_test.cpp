#include "sftp/network.h"

#include <gtest/gtest.h>

namespace pv::sftp {
namespace {

bool contains(std::string_view network, std::string_view address) { return Network::parse(network).value().contains(Address::parse(address).value()); }

TEST(Network, HoldsTheAddressesOfItsPrefix) {
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(contains("192.168.4.0/22", "192.168.7.255"));
  EXPECT_FALSE(contains("192.168.4.0/22", "192.168.8.0"));
  EXPECT_TRUE(contains("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(contains("192.0.2.7", "192.0.2.6"));
  EXPECT_TRUE(contains("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(contains("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(contains("::/0", "203.0.113.9"));
}

TEST(Network, AMappedAddressIsItsIpv4Address) {
  EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
  EXPECT_EQ(Address::parse("::ffff:10.1.2.3").value().text(), "10.1.2.3");
}

TEST(Network, OtherTextsAreRefusedByName) {
  for (const std::string_view text : {"", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0/8", "2001:db8::/129", "example.org", "10.0.0.0/8 "}) {
    const auto network = Network::parse(text);
    ASSERT_FALSE(network) << text;
    EXPECT_EQ(network.error().kind(), Errc::invalid_input);
    EXPECT_NE(network.error().message().find(text), std::string::npos);
  }
}

}  // namespace
}  // namespace pv::sftp
