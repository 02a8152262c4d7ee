// The server's bounds: who may connect, for how long, how many; and clients that mean harm.

#include <cstdint>
#include <fstream>

#include <gtest/gtest.h>

#include "sftp/packet.h"
#include "sftp/running_server_test.h"

namespace pv::sftp {
namespace {

using testing::Child;
using testing::Ended;
using testing::HeldChannel;
using testing::RawClient;
using testing::RunningServer;
using namespace std::chrono_literals;

std::string text_of(const std::vector<std::byte>& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::string greeting() {
  std::vector<std::byte> out;
  PacketWriter(out, Type::init).number(3);
  return text_of(out);
}

/// A place becomes free a moment after the log has told of the connection's end.
bool is_let_in_soon(const RunningServer& server) {
  for (int i = 0; i < 100; ++i) {
    if (server.sftp("ls\n").code == 0) return true;
    std::this_thread::sleep_for(50ms);
  }
  return false;
}

// Sanitizers keep shadows of all memory, and what was freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsOurs = false;
#else
constexpr bool kMemoryIsOurs = true;
#endif

long resident_kb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") {
      long kb = 0;
      status >> kb;
      return kb;
    }
  }
  return 0;
}

TEST(Server, AByteNowAndThenIsNoSignIn) {
  Options options = RunningServer::usual();
  options.sign_in_time = 500ms;
  const RunningServer here(options);
  const RawClient silent(here.server->port()), slow(here.server->port()), greets(here.server->port());
  ASSERT_TRUE(greets.send("SSH-2.0-slow\r\n"));
  const std::string banner = "SSH-2.0-a client that takes its time and never comes to the end of its greeting";
  std::thread dribble([&] {
    for (const char c : banner) {
      if (!slow.send({&c, 1}) || !greets.send({&c, 1})) break;
      std::this_thread::sleep_for(50ms);
    }
  });
  EXPECT_TRUE(silent.is_dropped_within(10s));
  EXPECT_TRUE(slow.is_dropped_within(10s));
  EXPECT_TRUE(greets.is_dropped_within(10s));
  dribble.join();
  EXPECT_TRUE(here.logs({"sftp.connection account=-", "end=\"no sign-in in time\""}));
}

TEST(Server, NoiseInsteadOfSshIsDropped) {
  const RunningServer here;
  const RawClient http(here.server->port()), endless(here.server->port()), packets(here.server->port());
  (void)http.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(http.is_dropped_within(10s));
  (void)endless.send(std::string(100'000, 'a'));
  EXPECT_TRUE(endless.is_dropped_within(10s));
  (void)packets.send("SSH-2.0-x\r\n" + std::string(1000, '\xff'));
  EXPECT_TRUE(packets.is_dropped_within(10s));
}

TEST(Server, OnlyAllowedNetworksGetAGreeting) {
  Options options = RunningServer::usual();
  options.allowed = {Network::parse("10.0.0.0/8").value(), Network::parse("2001:db8::/32").value()};
  const RunningServer closed(options);
  EXPECT_TRUE(RawClient(closed.server->port()).is_dropped_within(10s));
  EXPECT_TRUE(closed.logs({"sftp.refused address=127.0.0.1", "allowed networks"}));
  options.allowed.push_back(Network::parse("127.0.0.0/8").value());
  EXPECT_EQ(RunningServer(options).sftp("ls\n").code, 0);
}

TEST(Server, AnAddressAndTheServerHaveSoManyConnections) {
  Options options = RunningServer::usual();
  options.most_of_address = 2;
  const RunningServer here(options);
  {
    const RawClient first(here.server->port()), second(here.server->port()), third(here.server->port());
    EXPECT_TRUE(third.is_dropped_within(10s));
    EXPECT_FALSE(first.is_dropped_within(100ms));
  }
  EXPECT_TRUE(here.logs({"sftp.refused", "the address has as many connections"}));
  EXPECT_TRUE(here.logs({"sftp.connection", "left before it signed in"}));
  EXPECT_TRUE(is_let_in_soon(here)) << "their places are free again";

  options.most_of_address = 256;
  options.most_connections = 1;
  const RunningServer small(options);
  const RawClient only(small.server->port()), turned_away(small.server->port());
  EXPECT_TRUE(turned_away.is_dropped_within(10s));
}

TEST(Server, AnAccountHasSoManyConnections) {
  Options options = RunningServer::usual();
  options.most_of_account = 1;
  const RunningServer here(options);
  {
    const HeldChannel only(here);
    ASSERT_TRUE(only.send(greeting()));
    ASSERT_TRUE(only.is_answered_within(60s));
    EXPECT_NE(here.sftp("ls\n").code, 0);
    EXPECT_TRUE(here.logs({"sftp.refused account=logger", "the account has as many connections"}));
  }
  EXPECT_TRUE(here.logs({"sftp.connection account=logger"}));
  EXPECT_TRUE(is_let_in_soon(here)) << "its place is free again";
}

TEST(Server, SixWrongPasswordsEndTheConnection) {
  const RunningServer here;
  const auto ask = here.files.given_file("ask", "#!/bin/sh\necho wrong\n");
  std::filesystem::permissions(ask, std::filesystem::perms::owner_all);
  const Ended ended = Child({"/usr/bin/setsid", "/usr/bin/ssh", "-F", "/dev/null", "-p", std::to_string(here.server->port()), "-oStrictHostKeyChecking=no",
                             "-oUserKnownHostsFile=/dev/null", "-oPreferredAuthentications=password", "-oPubkeyAuthentication=no", "-oNumberOfPasswordPrompts=20", "-s",
                             "logger@127.0.0.1", "sftp"},
                            {{"SSH_ASKPASS", ask.string()}, {"SSH_ASKPASS_REQUIRE", "force"}, {"DISPLAY", ":0"}})
                          .wait();
  EXPECT_NE(ended.code, 0);
  EXPECT_TRUE(here.logs({"sftp.connection account=-", "end=\"too many attempts to sign in\""})) << ended.err;
}

TEST(Server, APacketThatIsNeverWholeEndsTheConnectionAndSilenceDoesToo) {
  Options options = RunningServer::usual();
  options.packet_time = 400ms;
  options.idle_time = 1500ms;
  const RunningServer here(options);
  const HeldChannel half(here);
  EXPECT_TRUE(half.send(greeting() + std::string("\0\0\x10\0\x06half a write", 17)));
  EXPECT_TRUE(here.logs({"sftp.connection account=logger", "end=\"a packet did not come whole in time\""}));
  const HeldChannel hello(here);
  EXPECT_TRUE(hello.send(greeting()));
  EXPECT_TRUE(here.logs({"sftp.connection account=logger", "end=\"idle\""}));
}

TEST(Server, PacketsOfImpossibleLengthAndWrongSpeechEndTheConnection) {
  const RunningServer here;
  using namespace std::string_literals;
  const HeldChannel endless(here);
  EXPECT_TRUE(endless.send(greeting() + "\xff\xff\xff\xff" + std::string(1000, 'a')));
  EXPECT_TRUE(here.logs({"end=\"a packet of an impossible length\""}));
  const HeldChannel stranger(here);
  EXPECT_TRUE(stranger.send("\0\0\0\x05\x03\0\0\0\x01"s));
  EXPECT_TRUE(here.logs({"end=\"the client does not speak SFTP version 3\""}));
  EXPECT_EQ(here.sftp("ls\n").code, 0) << "others are served";
}

TEST(Server, AClientThatTakesNoAnswersIsDroppedInBoundedMemory) {
  Options options = RunningServer::usual();
  options.packet_time = 1000ms;
  const RunningServer here(options);
  std::vector<std::byte> asks;
  PacketWriter(asks, Type::init).number(3);
  for (std::uint32_t i = 0; i < 60'000; ++i) PacketWriter(asks, Type::realpath).number(i).text("/" + std::string(200, 'a') + "/" + std::string(200, 'b'));
  const std::string text = text_of(asks);
  const long before = resident_kb();
  const HeldChannel deaf(here);
  (void)deaf.send(text);  // until it is dropped
  EXPECT_TRUE(here.logs({"sftp.connection account=logger", "end=\"the client takes no answers\""}));
  if (kMemoryIsOurs) {
    EXPECT_LT(resident_kb() - before, 32 * 1024);
  }
}

TEST(Server, StopCutsConnectionsAndKeepsWhatCame) {
  RunningServer here;
  std::vector<std::byte> asks;
  PacketWriter(asks, Type::init).number(3);
  PacketWriter(asks, Type::open).number(1).text("/c/d/x.tsv").number(open_flag::kWrite | open_flag::kCreate | open_flag::kTruncate).attributes({});
  const HeldChannel client(here);
  ASSERT_TRUE(client.send(text_of(asks)));
  const auto partial = here.data / "acme/c/d/.incoming~x.tsv";
  for (int i = 0; i < 1000 && !std::filesystem::exists(partial); ++i) std::this_thread::sleep_for(10ms);
  const RawClient waiting(here.server->port());
  here.server->stop();
  EXPECT_TRUE(waiting.is_dropped_within(10s));
  EXPECT_TRUE(std::filesystem::exists(partial));
  EXPECT_TRUE(here.logs({"sftp.upload", "fate=interrupted"}));
  EXPECT_FALSE(RawClient(here.server->port()).is_connected());
  here.server->stop();
}

TEST(Server, SettingsThatCannotWorkAreRefusedByName) {
  const pv::testing::TempFolder data;
  testing::FolderDesk desk(data.path());
  Options options;
  options.data_folder = data.path();
  options.host_key_folder = testing::Keys::of_this_process().folder / "host";
  options.host = "localhost";
  EXPECT_EQ(Server::start(desk, options).error().kind(), Errc::invalid_input);
  options.host = "127.0.0.1";
  options.port = 70000;
  EXPECT_EQ(Server::start(desk, options).error().kind(), Errc::invalid_input);
  const RunningServer here;
  options.port = here.server->port();
  EXPECT_EQ(Server::start(desk, options).error().kind(), Errc::unavailable);
  options.port = 0;
  options.data_folder = data / "missing";
  EXPECT_EQ(Server::start(desk, options).error().kind(), Errc::not_found);
  options.data_folder = data.path();
  options.host = "::1";
  EXPECT_TRUE(Server::start(desk, options));
}

TEST(Server, TwoHundredSessionsAtOnce) {
  constexpr int kSessions = 200;
  const RunningServer here;
  (void)here.files.given_file("a.tsv", std::string(30'000, 'a'));
  const std::string folder = here.files.path().string();
  const long before = resident_kb();
  std::vector<std::unique_ptr<Child>> clients;
  for (int i = 0; i < kSessions; ++i) {
    const auto batch = here.files.given_file(fmt::format("batch{}", i), fmt::format("put {0}/a.tsv /c/d/f{1}.tsv\n!touch {0}/ready{1}; while [ ! -e {0}/go ]; do sleep 0.5; done\n"
                                                                                   "put {0}/a.tsv /c/d/g{1}.tsv\n",
                                                                                   folder, i));
    std::vector<std::string> argv = {"/usr/bin/sftp", "-b", batch.string(), "-P", std::to_string(here.server->port())};
    for (const auto& option : here.ssh_options()) argv.push_back(option);
    argv.push_back("logger@127.0.0.1");
    clients.push_back(std::make_unique<Child>(argv));
  }
  const auto ready = [&] {
    int count = 0;
    for (int i = 0; i < kSessions; ++i) count += std::filesystem::exists(here.files / fmt::format("ready{}", i)) ? 1 : 0;
    return count;
  };
  for (int i = 0; i < 1200 && ready() < kSessions; ++i) std::this_thread::sleep_for(100ms);
  EXPECT_EQ(ready(), kSessions) << "all of them are connected and have handed a file in";
  const long with_all = resident_kb();
  ::testing::Test::RecordProperty("kilobytes_a_session", static_cast<int>((with_all - before) / kSessions));
  if (kMemoryIsOurs) {
    EXPECT_LT(with_all - before, 128 * 1024);
  }
  (void)here.files.given_file("go", "");
  for (auto& client : clients) EXPECT_EQ(client->wait().code, 0);
  EXPECT_EQ(here.desk->taken().size(), 2u * kSessions);
}

}  // namespace
}  // namespace pv::sftp
