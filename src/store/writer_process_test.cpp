// Several processes on one store file.

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "store/writer.h"
#include "testing/campaign_content.h"
#include "testing/temp_folder.h"

namespace pv::store {
namespace {

using testing::GivenFile;
using testing::must;

using testing::kStart;

/// Runs `work` in a child process; 0 when it ended well.
template <class Work>
pid_t in_child(Work work) {
  const pid_t child = fork();
  if (child != 0) return child;
  int code = 1;
  try {
    work();
    code = 0;
  } catch (const std::exception& error) {
    static_cast<void>(std::fputs(error.what(), stderr));
  }
  _exit(code);
}

bool ended_well(pid_t child) {
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void write_one_by_one(const std::filesystem::path& path, const std::vector<GivenFile>& files) {
  const auto writer = must(Writer::open(path));
  for (const GivenFile& file : files) {
    const model::Delivery delivery = file.delivery();
    must(writer->write(std::span(&delivery, 1)));
  }
  must(writer->settle());
}

TEST(WriterProcess, TwoThatWriteAtTheSameTimeLoseNothing) {
  const testing::Seed seed;
  testing::Dice dice(seed.value());
  const testing::TempFolder folder;
  const std::filesystem::path path = folder / "store.sqlite";
  const std::vector<GivenFile> files = testing::quarrelling_files(dice, 80);
  std::vector<GivenFile> odd, even;
  for (std::size_t f = 0; f < files.size(); ++f) {
    if (f % 2 == 1 || dice.chance(20)) odd.push_back(files[f]);
    if (f % 2 == 0 || dice.chance(20)) even.push_back(files[f]);
  }
  // The file does not exist yet: they make it at the same time, too.
  const pid_t first = in_child([&] { write_one_by_one(path, odd); });
  const pid_t second = in_child([&] { write_one_by_one(path, even); });
  EXPECT_TRUE(ended_well(first));
  EXPECT_TRUE(ended_well(second));
  testing::expect_same_content(testing::content_of_store(path), testing::content_of_files(files));
  EXPECT_TRUE(must(must(Reader::open(path))->verify()).empty());
}

TEST(WriterProcess, ManyThatMakeTheSameStoreAtOnceAllSucceed) {
  for (int round = 0; round < 10; ++round) {
    const testing::TempFolder folder;
    const std::filesystem::path path = folder / "store.sqlite";
    std::vector<pid_t> children;
    for (int child = 0; child < 4; ++child) {
      children.push_back(in_child([&] {
        write_one_by_one(path, {testing::steady_file("f" + std::to_string(child), "02000001", 1, kStart + child * 6000, 5)});
      }));
    }
    for (const pid_t child : children) EXPECT_TRUE(ended_well(child));
    EXPECT_EQ(testing::content_of_store(path).at("camp").samples.size(), 20U);
  }
}

TEST(WriterProcess, KilledAtAnyMomentLeavesWholeWritesOnly) {
  const testing::Seed seed;
  testing::Dice dice(seed.value());
  const testing::TempFolder folder;
  const std::filesystem::path path = folder / "store.sqlite";
  std::vector<GivenFile> files;
  for (int f = 0; f < 400; ++f) files.push_back(testing::steady_file("f" + std::to_string(f), "02000001", 5, kStart + f % 7 * 30'000 + f, 50));
  for (int round = 0; round < 8; ++round) {
    const pid_t child = in_child([&] { write_one_by_one(path, files); });
    usleep(static_cast<useconds_t>(dice.between(500, 60'000)));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    if (!std::filesystem::exists(path)) continue;
    const auto reader = Reader::open(path);
    if (!reader) {
      EXPECT_EQ(reader.error().kind(), Errc::unavailable) << reader.error().message();
      continue;
    }
    EXPECT_TRUE(must((*reader)->verify()).empty());
    const auto content = testing::content_of_store(path);
    if (!content.contains("camp")) continue;
    // Each file that is listed has all its samples: the naive store of the listed files is what is there.
    std::vector<GivenFile> listed;
    for (const GivenFile& file : files) {
      if (content.at("camp").files.contains(file.origin.name + " " + to_hex(file.origin.digest))) listed.push_back(file);
    }
    testing::expect_same_content(content, testing::content_of_files(listed));
    if (HasFailure()) return;
  }
  write_one_by_one(path, files);
  testing::expect_same_content(testing::content_of_store(path), testing::content_of_files(files));
}

}  // namespace
}  // namespace pv::store
