// Files a second and MB/s through the real `sftp` client: our server (SSH on loopback, key sign-in, each file durable before its
// close is answered) beside OpenSSH's own sftp-server, which `sftp -D` runs on a pipe: no encryption, no sign-in, no fsync. So
// theirs is what the client alone allows, not what a rival server does.
//   bench_sftp [FILES] [MEGABYTES]      (2000 daily files of 36 kB; one file of 200 MB)

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "sftp/running_server_test.h"

namespace {

using pv::sftp::testing::RunningServer;

constexpr std::size_t kDailyFile = 36'000;  // a logger's day: 144 rows of some 30 channels

struct Figure {
  double seconds = 0;
  int code = 0;
};

Figure timed(const std::vector<std::string>& argv) {
  const auto begun = std::chrono::steady_clock::now();
  const int code = pv::testing::Child(argv).wait().code;
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count(), code};
}

void print(const char* server, const char* what, std::size_t files, double megabytes, const Figure& figure) {
  if (figure.code != 0) {
    std::printf("%-28s %-22s failed (exit code %d)\n", server, what, figure.code);
    return;
  }
  std::printf("%-28s %-22s %8.0f files/s %8.1f MB/s %8.2f s\n", server, what, static_cast<double>(files) / figure.seconds, megabytes / figure.seconds, figure.seconds);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t files = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 2000;
  const std::size_t megabytes = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 200;
  const RunningServer here;
  for (std::size_t i = 0; i < files; ++i) (void)here.files.given_file("tree/dev/day" + std::to_string(i) + ".tsv", std::string(kDailyFile, 'd'));
  const std::string big = here.files.given_file("big.tsv", std::string(megabytes * 1'000'000, 'b')).string();
  const std::string tree = (here.files / "tree").string(), back = (here.files / "back.tsv").string();
  const pv::testing::TempFolder theirs;
  std::filesystem::create_directories(theirs / "c/d");

  const auto ours_argv = [&](const std::string& commands, const char* name) {
    std::vector<std::string> arguments = {"/usr/bin/sftp", "-q", "-b", here.files.given_file(name, commands).string(), "-P", std::to_string(here.server->port())};
    for (const auto& option : here.ssh_options()) arguments.push_back(option);
    arguments.push_back("logger@127.0.0.1");
    return arguments;
  };
  const auto theirs_argv = [&](const std::string& commands, const char* name) {
    const auto batch = here.files.given_file(name, "cd " + theirs.path().string() + "\n" + commands).string();
    return std::vector<std::string>{"/usr/bin/sftp", "-q", "-b", batch, "-D", "/usr/lib/openssh/sftp-server"};
  };
  const double daily_megabytes = static_cast<double>(files * kDailyFile) / 1e6;
  const auto whole = static_cast<double>(megabytes);
  (void)timed(ours_argv("mkdir c\nmkdir c/d\n", "prepare"));
  print("powerview", "put, daily files", files, daily_megabytes, timed(ours_argv("put -r " + tree + " camp\n", "many")));
  print("powerview", "put, one large file", 1, whole, timed(ours_argv("put " + big + " c/d/big.tsv\n", "big")));
  print("powerview", "get, one large file", 1, whole, timed(ours_argv("get c/d/big.tsv " + back + "\n", "back")));
  print("sftp-server, no encryption", "put, daily files", files, daily_megabytes, timed(theirs_argv("put -r " + tree + " camp\n", "many2")));
  print("sftp-server, no encryption", "put, one large file", 1, whole, timed(theirs_argv("put " + big + " c/d/big.tsv\n", "big2")));
  print("sftp-server, no encryption", "get, one large file", 1, whole, timed(theirs_argv("get c/d/big.tsv " + back + "\n", "back2")));
  return 0;
}
