// Files that come in while something is in the way: full disks, and somebody who guesses passwords.

#include <sys/mount.h>

#include <fstream>

#include <nlohmann/json.hpp>

#include "e2e/serving.h"
#include "testing/logger_text.h"

namespace pv {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Child;
using testing::content_of;
using testing::Ended;
using testing::eventually;
using testing::Installation;
using testing::kName;
using testing::kPath;
using testing::LoggerText;
using testing::samples_of;
using testing::Serving;
using testing::write_file;

/// A small disk at a folder, as long as it lives.
class SmallDisk {
 public:
  SmallDisk(fs::path at, const char* size) : at_(std::move(at)) {
    fs::create_directories(at_);
    is_there_ = mount("tmpfs", at_.c_str(), "tmpfs", 0, size) == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (is_there_) umount2(at_.c_str(), MNT_DETACH);
  }
  [[nodiscard]] bool is_there() const { return is_there_; }
  /// Takes all the room but `left` bytes.
  void fill(std::size_t left) const {
    std::ofstream filler(at_ / "filler", std::ios::binary);
    const std::string piece(4096, 'x');
    while (filler.write(piece.data(), static_cast<std::streamsize>(piece.size())).flush()) {
    }
    filler.close();
    std::error_code code;
    const auto size = fs::file_size(at_ / "filler", code);
    fs::resize_file(at_ / "filler", size > left ? size - left : 0, code);
  }
  void make_room() const { fs::remove(at_ / "filler"); }

 private:
  fs::path at_;
  bool is_there_ = false;
};

/// Sends the file until the client is told OK.
bool sent(const Serving& serving, const fs::path& local) {
  return eventually([&] { return serving.sftp("-mkdir north\n-mkdir north/02001084\nput " + local.string() + " north/02001084/\n").code == 0; });
}

TEST(Disturbed, WithTheLedgersAndStoresDiskFullNothingIsLost) {
  const Installation at;
  const SmallDisk disk(at.state(), "size=24m");
  if (!disk.is_there()) GTEST_SKIP() << "no right to mount a small disk here";
  Serving serving(at, {.settings = "[ingest]\ngrace_s = 1\nscan_interval_s = 1\n"});
  serving.create_acme();
  LoggerText given;
  given.rows = 2000;
  const fs::path local = write_file(at.path() / kName, given.text());
  for (const std::size_t left : {0U, 8192U, 40'960U}) {
    SCOPED_TRACE(left);
    disk.fill(left);
    const bool told_ok = serving.sftp("-mkdir north\n-mkdir north/02001084\nput " + local.string() + " north/02001084/\n").code == 0;
    EXPECT_FALSE(serving.child().has_ended());
    if (left == 0) {
      EXPECT_FALSE(told_ok) << "nothing could be put on record";
    }
    disk.make_room();
    // Whatever it was told: a logger that heard no OK sends again.
    if (!told_ok) {
      ASSERT_TRUE(sent(serving, local)) << serving.child().err_so_far();
    }
    ASSERT_TRUE(eventually([&] { return serving.fate_of(kPath) == "committed" && at.fates().count({given.text(), "waiting"}) == 0; }, std::chrono::seconds(60)))
        << serving.run({"files"}).out << serving.child().err_so_far();
    EXPECT_EQ(at.export_samples("acme", "north").out, samples_of(given.text()));
    // For the next round other bytes.
    given.rows += 1500;
    write_file(local, given.text());
  }
  EXPECT_EQ(serving.stop().code, 0);
  const Ended verified = serving.run({"verify"});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
}

TEST(Disturbed, WithTheFilesDiskFullTheClientHearsOfItAndGoesOnLater) {
  const Installation at;
  const SmallDisk disk(at.data(), "size=2m");
  if (!disk.is_there()) GTEST_SKIP() << "no right to mount a small disk here";
  Serving serving(at);
  serving.create_acme();
  LoggerText given;
  given.rows = 8000;
  const std::string text = given.text();
  const fs::path local = write_file(at.path() / kName, text);
  ASSERT_EQ(serving.sftp("mkdir north\nmkdir north/02001084\n").code, 0);
  disk.fill(100'000);
  const Ended put = serving.sftp("put " + local.string() + " north/02001084/\n");
  EXPECT_NE(put.code, 0);
  EXPECT_FALSE(fs::exists(at.data() / kPath)) << "half a file never has its name";
  disk.make_room();
  const Ended again = serving.sftp("reput " + local.string() + " north/02001084/" + kName + "\n");
  ASSERT_EQ(again.code, 0) << again.err;
  ASSERT_TRUE(eventually([&] { return serving.fate_of(kPath) == "committed"; })) << serving.run({"files"}).out;
  EXPECT_EQ(at.export_samples("acme", "north").out, samples_of(text));
}

TEST(Disturbed, TwoHundredWrongPasswordsDoNotLockAnotherAccountOutOfTheSameAddress) {
  const Installation at;
  Serving serving(at);
  serving.create_acme();
  const auto given_password = [&](const std::string& account, const std::string& more) {
    return Child({"/bin/sh", "-c", "echo 'correct horse battery' | " PV_BINARY " sftp-key add " + account + " --tenant acme --password-stdin " + more + " --config " + serving.settings().string()}).wait();
  };
  ASSERT_EQ(given_password("attacked", "").code, 0);
  ASSERT_EQ(given_password("neighbour", "").code, 0);
  const std::string address = "sftp://127.0.0.1:" + serving.sftp_port() + "/";
  const Ended guessed = Child({"/bin/sh", "-c", "seq 200 | xargs -P 8 -I% sh -c 'curl -sk --max-time 60 -u attacked:wrong% " + address + " >/dev/null 2>&1 && echo in; true'"}).wait();
  EXPECT_EQ(guessed.out, "") << "nobody gets in by guessing";
  const Ended neighbour = Serving::curl({"-k", "-u", "neighbour:correct horse battery", address});
  EXPECT_EQ(neighbour.code, 0) << neighbour.err;
  const Ended by_key = serving.sftp("ls\n");
  EXPECT_EQ(by_key.code, 0) << by_key.err;
}

}  // namespace
}  // namespace pv
