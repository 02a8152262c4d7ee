// Real clients against the server: OpenSSH's sftp and scp, lftp, curl (libssh2).

#include <atomic>
#include <filesystem>

#include <gtest/gtest.h>

#include "sftp/running_server_test.h"

namespace pv::sftp {
namespace {

using testing::Child;
using testing::Ended;
using testing::RunningServer;
using Names = std::vector<std::string>;
using namespace std::chrono_literals;

struct Clients : ::testing::Test {
  RunningServer here;
  std::string big = std::string(3'000'000, 'x') + "end";

  [[nodiscard]] std::string own(std::string_view name) const { return (here.files / name).string(); }
};

TEST_F(Clients, OpenSshPutsListsAndGetsBack) {
  (void)here.files.given_file("a.tsv", big);
  const Ended ended = here.sftp(fmt::format("mkdir c\nmkdir c/d\ncd c/d\nput -p {}\nls -l\nget a.tsv {}\n", own("a.tsv"), own("back.tsv")));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(here.content("acme/c/d/a.tsv"), big);
  EXPECT_EQ(pv::testing::content_of(own("back.tsv")), big);
  EXPECT_NE(ended.out.find("a.tsv"), std::string::npos) << ended.out;
  EXPECT_EQ(here.desk->taken(), Names{"acme/c/d/a.tsv"});
  EXPECT_TRUE(here.logs({"sftp.upload account=logger", "tenant=\"acme\"", "address=127.0.0.1", "a.tsv\"", "bytes=3000003", "fate=taken", "file=1"}));
  EXPECT_TRUE(here.logs({"sftp.connection account=logger", "uploads=1", "end=\"the client left\""}));
}

TEST_F(Clients, OpenSshPutsAWholeTreeAndManyFilesInOneSession) {
  for (int device = 0; device < 3; ++device) {
    for (int file = 0; file < 40; ++file) (void)here.files.given_file(fmt::format("tree/device {}/f{}.tsv", device, file), fmt::format("content {} {}", device, file));
  }
  EXPECT_EQ(here.sftp(fmt::format("put -r {} camp\n", own("tree"))).code, 0);
  EXPECT_EQ(here.desk->taken().size(), 120u);
  EXPECT_EQ(here.content("acme/camp/device 2/f39.tsv"), "content 2 39");
  EXPECT_EQ(here.sftp(fmt::format("put -r {}/* camp\n", own("tree"))).code, 0) << "folders that are there are no error";
  EXPECT_EQ(here.desk->taken().size(), 240u);
}

TEST_F(Clients, AWrongFileShowsInTheExitCodeAndOnTheScreen) {
  (void)here.files.given_file("a.tsv", "BAD");
  const Ended ended = here.sftp(fmt::format("put {} /c/d/a.tsv\n", own("a.tsv")));
  EXPECT_NE(ended.code, 0);
  EXPECT_NE(ended.err.find("powerview: /c/d/a.tsv: line 1: this is no logger file"), std::string::npos) << ended.err;
  EXPECT_TRUE(here.logs({"sftp.upload", "fate=refused", "reason=\"line 1: this is no logger file\""}));
  const Ended curl = here.run({"/usr/bin/curl", "-sS", "-k", "-u", "logger:right", "-T", own("a.tsv"), fmt::format("sftp://127.0.0.1:{}/c/d/b.tsv", here.server->port())});
  EXPECT_TRUE(here.logs({"path=\"/c/d/b.tsv\"", "fate=refused"})) << "curl (libssh2) does not look at the answer to its close: " << curl.code;
}

TEST_F(Clients, RemovingAndRenamingFollowTheDesk) {
  (void)here.files.given_file("a.tsv", "a");
  const std::string put = fmt::format("mkdir c\nmkdir c/d\nput {0} c/d/x.tsv.filepart\nrename c/d/x.tsv.filepart c/d/x.tsv\nput {0} c/d/taken.tsv\nput {0} c/d/y.tsv\nrm c/d/y.tsv\n", own("a.tsv"));
  EXPECT_EQ(here.sftp(put).code, 0);
  EXPECT_NE(here.sftp("rm c/d/taken.tsv\n").code, 0);
  EXPECT_NE(here.sftp("rename c/d/x.tsv c/d/parsed/x.tsv\n").code, 0);
  EXPECT_NE(here.sftp("symlink c/d/x.tsv c/d/l.tsv\n").code, 0);
  EXPECT_NE(here.sftp("ln c/d/x.tsv c/d/l.tsv\n").code, 0);
  EXPECT_NE(here.sftp("rmdir c/d\n").code, 0);
  EXPECT_TRUE(std::filesystem::exists(here.data / "acme/c/d/taken.tsv"));
}

TEST_F(Clients, AClientThatIsKilledGoesOnWithReput) {
  const std::string content(40'000'000, 'y');
  (void)here.files.given_file("a.tsv", content);
  const auto batch = here.files.given_file("cut", fmt::format("mkdir c\nmkdir c/d\nput {} c/d/a.tsv\n", own("a.tsv")));
  std::vector<std::string> argv = {"/usr/bin/sftp", "-l", "20000", "-b", batch.string(), "-P", std::to_string(here.server->port())};
  for (const auto& option : here.ssh_options()) argv.push_back(option);
  argv.push_back("logger@127.0.0.1");
  const auto partial = here.data / "acme/c/d/.incoming~a.tsv";
  {
    Child client(argv);
    std::error_code missing;
    for (int i = 0; i < 1000 && (!std::filesystem::exists(partial) || std::filesystem::file_size(partial, missing) < 1'000'000); ++i) std::this_thread::sleep_for(10ms);
    client.send(SIGKILL);
    (void)client.wait();
  }
  EXPECT_TRUE(here.logs({"sftp.upload", "fate=interrupted"}));
  EXPECT_TRUE(here.desk->taken().empty());
  const auto kept = std::filesystem::file_size(partial);
  EXPECT_GT(kept, 0u);
  EXPECT_LT(kept, content.size());
  EXPECT_EQ(here.sftp(fmt::format("reput {} c/d/a.tsv\n", own("a.tsv"))).code, 0);
  EXPECT_TRUE(here.content("acme/c/d/a.tsv") == content);
  EXPECT_TRUE(here.logs({fmt::format("bytes={}", content.size() - kept), "fate=taken"}));
}

TEST_F(Clients, LftpMirrorsATreeAndResumes) {
  for (int file = 0; file < 10; ++file) (void)here.files.given_file(fmt::format("tree/dev/f{}.tsv", file), std::string(100'000, 'z'));
  (void)here.data.given_file("acme/camp/dev/.incoming~f0.tsv", std::string(50'000, 'z'));
  std::string ssh = "ssh -a -x";
  for (const auto& option : here.ssh_options()) ssh += " " + option;
  const std::string start = fmt::format("set sftp:connect-program '{}'; set net:max-retries 1; set net:timeout 10; open -u logger, -p {} sftp://127.0.0.1; ", ssh, here.server->port());
  const Ended resumed = here.run({"/usr/bin/lftp", "-c", start + fmt::format("cd camp/dev && put -c {}", own("tree/dev/f0.tsv"))});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(here.content("acme/camp/dev/f0.tsv").size(), 100'000u);
  EXPECT_TRUE(here.logs({"f0.tsv", "bytes=50000", "fate=taken"}));
  const Ended mirrored = here.run({"/usr/bin/lftp", "-c", start + fmt::format("mirror -R {} camp2; cls -l camp2/dev", own("tree"))});
  EXPECT_EQ(mirrored.code, 0) << mirrored.err;
  EXPECT_NE(mirrored.out.find("f9.tsv"), std::string::npos) << mirrored.out;
  EXPECT_EQ(here.content("acme/camp2/dev/f9.tsv").size(), 100'000u);
}

TEST_F(Clients, CurlUploadsWithAPasswordDownloadsAndResumes) {
  (void)here.files.given_file("a.tsv", big);
  const std::string url = fmt::format("sftp://127.0.0.1:{}/c/d/a.tsv", here.server->port());
  (void)here.data.given_file("acme/c/d/.incoming~a.tsv", big.substr(0, 1000));
  const Ended resumed = here.run({"/usr/bin/curl", "-sS", "-k", "-u", "logger:right", "-C", "1000", "-T", own("a.tsv"), url});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_TRUE(here.content("acme/c/d/a.tsv") == big);
  const Ended back = here.run({"/usr/bin/curl", "-sS", "-k", "-u", "logger:right", "-o", own("back.tsv"), url});
  EXPECT_EQ(back.code, 0) << back.err;
  EXPECT_TRUE(pv::testing::content_of(own("back.tsv")) == big);
  EXPECT_EQ(here.run({"/usr/bin/curl", "-sS", "-k", "-u", "logger:right", "-T", own("a.tsv"), fmt::format("sftp://127.0.0.1:{}/new/dev/a.tsv", here.server->port())}).code, 0);
  EXPECT_NE(here.run({"/usr/bin/curl", "-sS", "-k", "-u", "logger:wrong", "-T", own("a.tsv"), url}).code, 0);
}

TEST_F(Clients, ScpUploadsThroughTheSubsystemAndNotThroughACommand) {
  (void)here.files.given_file("a.tsv", "scp");
  const auto scp = [&](std::string_view protocol, std::string_view target) {
    std::vector<std::string> argv = {"/usr/bin/scp", std::string(protocol), "-P", std::to_string(here.server->port())};
    for (const auto& option : here.ssh_options()) argv.push_back(option);
    argv.insert(argv.end(), {own("a.tsv"), fmt::format("logger@127.0.0.1:{}", target)});
    return here.run(argv);
  };
  (void)here.sftp("mkdir c\nmkdir c/d\n");
  const Ended ended = scp("-s", "/c/d/a.tsv");
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(here.content("acme/c/d/a.tsv"), "scp");
  EXPECT_NE(scp("-O", "/c/d/b.tsv").code, 0);
}

TEST_F(Clients, PasswordsAndKeysSignInAndNothingElse) {
  const auto with_password = [&](std::string_view password, std::string_view method, std::string_view user) {
    const auto batch = here.files.given_file("pwd", "ls\n");
    return here.run({"/usr/bin/sshpass", "-p", std::string(password), "/usr/bin/sftp", "-P", std::to_string(here.server->port()), "-F", "/dev/null", "-oBatchMode=no",
                     "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", fmt::format("-oPreferredAuthentications={}", method), "-oNumberOfPasswordPrompts=1",
                     "-oPubkeyAuthentication=no", "-b", batch.string(), fmt::format("{}@127.0.0.1", user)});
  };
  EXPECT_EQ(with_password("right", "password", "logger").code, 0);
  EXPECT_EQ(with_password("right", "keyboard-interactive", "logger").code, 0);
  EXPECT_NE(with_password("wrong", "password", "logger").code, 0);
  EXPECT_NE(with_password("wrong", "keyboard-interactive", "logger").code, 0);
  EXPECT_NE(with_password("", "password", "logger").code, 0);
  EXPECT_NE(with_password("right", "password", "nobody").code, 0);
  EXPECT_EQ(here.sftp("ls\n").code, 0);
  EXPECT_EQ(here.sftp("ls\n", {}, "rsa").code, 0);
  EXPECT_NE(here.sftp("ls\n", {}, "stranger").code, 0);
  EXPECT_NE(here.sftp("ls\n", {}, "client", "other").code, 0) << "the key of another account";
  EXPECT_NE(here.sftp("ls\n", {}, "client", "nobody").code, 0);
  EXPECT_TRUE(here.logs({"sftp.connection account=-", "tried=\"logger\"", "refused=\"a wrong password"}));
  EXPECT_TRUE(here.logs({"sftp.connection account=-", "tried=\"nobody\"", "refused=\"a wrong password"}));
  EXPECT_TRUE(here.logs({"sftp.connection account=-", "tried=\"other\"", "refused=\"a key that is not this account's"}));
  for (const std::string& line : here.lines()) {
    const bool is_signed_in = line.find("account=logger") != std::string::npos;
    EXPECT_FALSE(is_signed_in && line.find("tried=") != std::string::npos) << line;
  }
}

TEST_F(Clients, AnAccountThatIsDisabledIsCutAtOnce) {
  Options options = RunningServer::usual();
  std::atomic<bool> may{true};
  options.may_go_on = [&may](const tenancy::SftpAccount& account) { return account.name != "logger" || may; };
  options.recheck_time = 100ms;
  const RunningServer cutting(options);
  const std::string big_one(40'000'000, 'y');
  (void)cutting.files.given_file("a.tsv", big_one);
  const auto batch = cutting.files.given_file("slow", fmt::format("mkdir c\nmkdir c/d\nput {} c/d/a.tsv\n", (cutting.files / "a.tsv").string()));
  std::vector<std::string> argv = {"/usr/bin/sftp", "-l", "20000", "-b", batch.string(), "-P", std::to_string(cutting.server->port())};
  for (const auto& option : cutting.ssh_options()) argv.push_back(option);
  argv.push_back("logger@127.0.0.1");
  Child writes(argv);  // in the middle of a file
  const auto has_begun = [&] {
    std::error_code missing;
    const auto size = std::filesystem::file_size(cutting.data / "acme/c/d/.incoming~a.tsv", missing);
    return !missing && size > 100'000;
  };
  for (int i = 0; i < 1000 && !has_begun(); ++i) std::this_thread::sleep_for(10ms);
  ASSERT_TRUE(has_begun());
  may = false;
  EXPECT_NE(writes.wait().code, 0);
  EXPECT_TRUE(cutting.logs({"sftp.connection account=logger", "was disabled or removed"}));
  EXPECT_TRUE(cutting.logs({"sftp.upload", "fate=interrupted"}));
  EXPECT_TRUE(cutting.desk->taken().empty());
}

TEST_F(Clients, WhatADisabledAccountAsksForIsNotDoneAnyMore) {
  Options options = RunningServer::usual();
  int looks = 0;
  // Signed in and greeted; from the first name on it may not.
  options.may_go_on = [&looks](const tenancy::SftpAccount&) { return ++looks <= 1; };
  options.recheck_time = 1h;
  const RunningServer cutting(options);
  EXPECT_NE(cutting.sftp("mkdir c\n").code, 0);
  EXPECT_FALSE(std::filesystem::exists(cutting.data / "acme/c"));
  EXPECT_TRUE(cutting.logs({"sftp.connection account=logger", "was disabled or removed"}));
}

TEST_F(Clients, ThereIsNoShellNoCommandAndNoForwarding) {
  std::vector<std::string> argv = {"/usr/bin/ssh", "-p", std::to_string(here.server->port())};
  for (const auto& option : here.ssh_options()) argv.push_back(option);
  const auto ssh = [&](const std::vector<std::string>& more) {
    auto all = argv;
    all.insert(all.end(), more.begin(), more.end());
    return here.run(all);
  };
  EXPECT_NE(ssh({"logger@127.0.0.1", "echo hello"}).code, 0);
  EXPECT_EQ(ssh({"logger@127.0.0.1", "echo hello"}).out, "");
  EXPECT_NE(ssh({"-T", "logger@127.0.0.1"}).code, 0);
  EXPECT_NE(ssh({"-W", fmt::format("127.0.0.1:{}", here.server->port()), "logger@127.0.0.1"}).code, 0);
  EXPECT_NE(ssh({"-oExitOnForwardFailure=yes", "-R", "0:127.0.0.1:22", "-N", "logger@127.0.0.1"}).code, 0);
  EXPECT_NE(ssh({"-s", "logger@127.0.0.1", "netconf"}).code, 0);
}

TEST_F(Clients, BothHostKeysAreOfferedAndNewKeysAreAgreedOnUnderway) {
  (void)here.files.given_file("a.tsv", big);
  const std::string put = fmt::format("put {} c/d/a.tsv\n", own("a.tsv"));
  EXPECT_EQ(here.sftp("mkdir c\nmkdir c/d\n").code, 0);
  for (const std::string_view algorithm : {"ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"}) {
    EXPECT_EQ(here.sftp("ls\n", {fmt::format("-oHostKeyAlgorithms={}", algorithm), "-oRequiredRSASize=1024"}).code, 0) << algorithm;
  }
  EXPECT_EQ(here.sftp(put, {"-oRekeyLimit=300K"}).code, 0);
  EXPECT_TRUE(here.content("acme/c/d/a.tsv") == big);
  EXPECT_EQ(here.sftp(fmt::format("get c/d/a.tsv {}\n", own("back.tsv")), {"-oRekeyLimit=300K"}).code, 0);
  EXPECT_TRUE(pv::testing::content_of(own("back.tsv")) == big);
  ASSERT_EQ(here.server->fingerprints().size(), 2u);
  EXPECT_EQ(here.server->fingerprints()[0].substr(0, 19), "ssh-ed25519 SHA256:");
}

TEST(OldClients, GetWhatIsSet) {
  const auto works = [](OldClients old, const std::vector<std::string>& more) {
    Options options = RunningServer::usual();
    options.old_clients = old;
    return RunningServer(options).sftp("ls\n", more, "rsa").code == 0;
  };
  const std::vector<std::string> host_key = {"-oHostKeyAlgorithms=ssh-rsa"};
  const std::vector<std::string> ancient = {"-oHostKeyAlgorithms=ssh-rsa", "-oPubkeyAcceptedAlgorithms=ssh-rsa", "-oKexAlgorithms=diffie-hellman-group14-sha1",
                                            "-oCiphers=aes128-cbc", "-oMACs=hmac-sha1"};
  EXPECT_FALSE(works(OldClients::refused, host_key));
  EXPECT_TRUE(works(OldClients::host_key, host_key));
  EXPECT_FALSE(works(OldClients::host_key, ancient));
  EXPECT_TRUE(works(OldClients::everything, ancient));
}

}  // namespace
}  // namespace pv::sftp
