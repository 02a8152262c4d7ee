#include "sftp/host_keys.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "sftp/log_text.h"
#include "testing/temp_folder.h"

namespace pv::sftp {
namespace {

unsigned rights_of(const std::filesystem::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777;
}

TEST(HostKeys, AreMadeOnceAndForTheirOwnerOnly) {
  const pv::testing::TempFolder folder;
  const auto made = load_or_make_host_keys(folder / "keys");
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(rights_of(folder / "keys"), 0700u);
  ASSERT_EQ(made->files.size(), 2u);
  for (const auto& file : made->files) EXPECT_EQ(rights_of(file), 0600u);
  EXPECT_EQ(made->fingerprints[1].substr(0, 15), "ssh-rsa SHA256:");
  EXPECT_EQ(load_or_make_host_keys(folder / "keys").value().fingerprints, made->fingerprints);
}

TEST(HostKeys, ThatOthersCanReadOrThatAreNoneAreRefusedByName) {
  const pv::testing::TempFolder folder;
  const auto made = load_or_make_host_keys(folder / "keys").value();
  ASSERT_EQ(chmod(made.files[0].c_str(), 0640), 0);
  const auto open = load_or_make_host_keys(folder / "keys");
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().kind(), Errc::denied);
  EXPECT_NE(open.error().message().find(made.files[0].string()), std::string::npos);
  (void)pv::testing::write_file(made.files[0], "not a key");
  ASSERT_EQ(chmod(made.files[0].c_str(), 0600), 0);
  EXPECT_EQ(load_or_make_host_keys(folder / "keys").error().kind(), Errc::corrupt);
}

TEST(LogText, HoldsNothingThatALineOrATerminalMinds) {
  EXPECT_EQ(in_quotes("a\nb\x1b[2J \"c\" \\"), R"("a?b?[2J \"c\" \\")");
  EXPECT_EQ(harmless("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(harmless("caf\xc3"), "caf?");
  EXPECT_EQ(harmless("\xc2\x9b"), "??");
  EXPECT_EQ(harmless(std::string(499, 'a') + "\xc3\xa9"), std::string(499, 'a'));
}

}  // namespace
}  // namespace pv::sftp
