#include "tenancy/ssh_key.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pv::tenancy {
namespace {

struct Known {
  std::string line, fingerprint;  // as ssh-keygen made them
};
const std::vector<Known> kKeys = {
    {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdg3L8ZffAGa2xuzQH8kS6GMR9f88HT7MeViFf+yAD3 logger-ed25519-256",
      "SHA256:pKdgXO5hFQyVZ+DUpaxE6l+E3HI1sLxFxnW0JI8sRM8"},
    {"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCaume/fldDA8f/ANeq709sLlMOc+6MPdVHECLi3QBHOcAIqGblY76KuUOodVSmvcZx38W7Ug"
      "sU2KmuEPpToX8PUebhEyfeUQmQmBXW/Hszn2z0ULdJV9GbsyK6D3TBewPjIeA3yoj/cifvxh2Rao9yglvfvMpbb+tnznRw9BoJgr1qHUxRlA1K"
      "B1Tmd0K/mG/os+msXaN1InxT6lvSV1O5qm6g66wO7MNbO+Gp90XSg1nk35oxzZZW/VBTJJqSW6RCnhch5hIEbvJYYvZ3xXYAwZ7JHlGN4oeLrX"
      "93K0C9y3oECxSNbe8PILdQC91wBtSH2/S7ywko4TMxol7J/Vad logger-rsa-2048",
      "SHA256:gF4Imrv734au7+3rhvlJglLipa0cmHCVSbSP7PR1zWg"},
    {"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPHsg2k4wMB7XVmF8sic5Z2UCzdfuq4ywBtJIW"
      "X0mKwa/1F9a/kC+0e6wM2bAUJ62D1BypqLe0HGljt5q/hLOuw= logger-ecdsa-256",
      "SHA256:rqDagch6XpNjltFrE4GD+pjQhcRVhXV1GeXrALkXSbw"},
    {"ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBKpB2h8q0lYA4+oEHFe/miJB28XA74DZXJvJ0Q"
      "m9OnAkzP6Eps94mU9Kpw3OSulrPLiyxGb96koJsxVA0bY8mXJ6QoXY+4YOgr96CDWZmQ13wQ4WqZQ+cJpuRFNJ4VCaWw== logger-ecdsa-38"
      "4",
      "SHA256:FSuUGJ8kKp4/XM09TnGAPIIXvHKP4MgoFFKudl3NNFM"},
    {"ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBABBiObGtZibVlbCHF0D7bLuFUa6Zt7iW/Ybhx"
      "dDI3xFBg1EVvH2S1fwJu6B9yDfpKpsq7FDxMSPB0p5V9Hq/6CuZgCz1BjVnMJfcDOy3QnKubr9AD5F0qHVkRifsNkiMa7w9sWR1awSp2C6m8IN"
      "xiKh5mIMkCc3oITftlan/ZVTOdq2Nw== logger-ecdsa-521",
      "SHA256:x864zolM4i5B2i3fgpCxBjaANlaAz5srSY6kSaG2Nno"}};
const std::string kShortRsa =
      "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDNSLrxjLq6zlhO8rboql7M9C/fiYGajs5bC33XhZ/99m6K1/nAmnlwPWQJuyfKSdGEk1I5fA"
      "e1UGtLYVHMXwEg0yMk0J2lCvrlJKwNsffhQTMBU+kjoiGVG6lIGcl2CUyZvJF2v/vi27+WBlN3VtKu1CBPiEOMZwczrDwPyc4QxQ== logger-"
      "rsa-1024";

std::string field(const std::string& line, int index) {
  std::size_t begin = 0;
  for (; index > 0; --index) begin = line.find(' ', begin) + 1;
  return line.substr(begin, line.find(' ', begin) - begin);
}

std::string why(const std::string& line) {
  const auto key = parse_authorized_key(line);
  if (key) return "";
  EXPECT_EQ(key.error().kind(), Errc::invalid_input);
  return key.error().message();
}

TEST(SshKey, TakesWhatSshKeygenMakesWithItsFingerprint) {
  for (const Known& known : kKeys) {
    const auto key = parse_authorized_key(known.line + "\n");
    ASSERT_TRUE(key) << key.error().message();
    EXPECT_EQ(key->type, field(known.line, 0));
    EXPECT_EQ(key->base64, field(known.line, 1));
    EXPECT_EQ(key->comment, field(known.line, 2));
    EXPECT_EQ(key->fingerprint, known.fingerprint);
  }
}

TEST(SshKey, TakesCommentsWithSpacesNoCommentAndAnyBlanks) {
  const std::string& line = kKeys[0].line;
  const std::string bare = field(line, 0) + "  \t" + field(line, 1);
  EXPECT_EQ(parse_authorized_key(bare).value().comment, "");
  EXPECT_EQ(parse_authorized_key("  " + bare + "  the roof's logger ").value().comment, "the roof's logger");
}

TEST(SshKey, RefusesAShortRsaKey) { EXPECT_NE(why(kShortRsa).find("1024 bits"), std::string::npos); }

TEST(SshKey, RefusesOptionsAndOtherTypes) {
  const std::string& line = kKeys[0].line;
  EXPECT_NE(why("command=\"/bin/sh\" " + line).find("options"), std::string::npos);
  EXPECT_NE(why("no-pty " + line).find("options"), std::string::npos);
  EXPECT_NE(why("ssh-dss " + field(line, 1)).find("ssh-dss"), std::string::npos);
  EXPECT_NE(why("ssh-ed25519-cert-v01@openssh.com " + field(line, 1)), "");
  EXPECT_NE(why("rsa-sha2-512 " + field(kKeys[1].line, 1)), "");
}

TEST(SshKey, RefusesBytesOfAnotherTypeThanTheLineSays) {
  EXPECT_NE(why("ssh-rsa " + field(kKeys[0].line, 1)).find("not of type ssh-rsa"), std::string::npos);
  EXPECT_NE(why("ecdsa-sha2-nistp384 " + field(kKeys[2].line, 1)), "");
}

TEST(SshKey, RefusesEveryCutOfAKey) {
  for (const Known& known : kKeys) {
    const std::string base64 = field(known.line, 1);
    const std::string bare = base64.substr(0, base64.find('='));
    for (std::size_t size = 0; size < bare.size(); ++size) {
      EXPECT_NE(why(field(known.line, 0) + " " + bare.substr(0, size)), "") << size;
    }
    EXPECT_NE(why(field(known.line, 0) + " " + bare + "AAAA"), "");
  }
}

TEST(SshKey, RefusesPrivateKeysSeveralLinesAndNothing) {
  EXPECT_NE(why("-----BEGIN OPENSSH PRIVATE KEY-----").find("never the private key"), std::string::npos);
  EXPECT_NE(why(kKeys[0].line + "\n" + kKeys[1].line).find("one line"), std::string::npos);
  EXPECT_NE(why(" \n"), "");
  EXPECT_NE(why("ssh-ed25519"), "");
  EXPECT_NE(why("ssh-ed25519 not*base64"), "");
  EXPECT_NE(why("ssh-ed25519 " + std::string(9000, 'A')), "");
}

TEST(SshKey, AnRsaSignaturesNameStandsForAnRsaKeyOnly) {
  EXPECT_TRUE(is_key_type("ssh-rsa", "rsa-sha2-512"));
  EXPECT_TRUE(is_key_type("ssh-ed25519", "ssh-ed25519"));
  EXPECT_FALSE(is_key_type("ssh-ed25519", "rsa-sha2-512"));
}

}  // namespace
}  // namespace pv::tenancy
