#include "app/doctor_sftpgo.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "testing/raw_server.h"
#include "testing/temp_folder.h"

namespace pv::app {
namespace {

class DoctorSftpgo : public ::testing::Test {
 protected:
  testing::TempFolder folder_;
  Settings settings_;
  SftpgoPlaces places_{folder_ / "powerview.env", folder_ / "stack", "http://127.0.0.1:1"};

  std::string with(const std::string& variables) {
    folder_.given_file("powerview.env", variables);
    return found();
  }
  /// "<health> <words>" a line.
  std::string found() {
    std::string text;
    for (const Diagnosis& one : examine_sftpgo(settings_, places_)) text += fmt::format("{} {}\n", to_string(one.health), one.words);
    return text;
  }
};

TEST_F(DoctorSftpgo, SaysNothingWhereNoneWasSetUp) {
  EXPECT_EQ(found(), "");
  std::filesystem::create_directory(places_.stack_folder);
  EXPECT_EQ(found(), "") << "its container has not run yet";
}

TEST_F(DoctorSftpgo, MissesTheOneOfTheStackWhenItDoesNotRun) {
  folder_.given_file("stack/sftpgo.db", "x");
  EXPECT_EQ(found(), "warning a hook is set up for it, but http://127.0.0.1:1/healthz does not answer: is it running?\n");
}

TEST_F(DoctorSftpgo, FindsItAliveAtThePortOfItsVariables) {
  const testing::RawServer alive("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  EXPECT_EQ(with(fmt::format("# of a setup\nSFTPGO_HTTPD__BINDINGS__0__PORT={}\nSFTPGO_SFTPD__BINDINGS__0__PORT=2099\nSFTPGO_COMMON__ACTIONS__HOOK=/bin/true\n", alive.port())),
            "ok alive\n");
  places_.pages = alive.url();
  EXPECT_EQ(with("SFTPGO_SFTPD__BINDINGS__0__PORT=2099\n"), "ok alive\n");
}

TEST_F(DoctorSftpgo, TellsOfAnAnswerThatIsNone) {
  const testing::RawServer ill("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  places_.pages = ill.url();
  EXPECT_EQ(with("SFTPGO_SFTPD__BINDINGS__0__PORT=2099\n"), fmt::format("warning a hook is set up for it, but {}/healthz answers 503\n", ill.url()));
}

TEST_F(DoctorSftpgo, ItsPortIsNotThatOfServe) {
  settings_.sftp_port = 2099;
  const std::string same = with("SFTPGO_SFTPD__BINDINGS__0__PORT=2099\n");
  EXPECT_NE(same.find("wrong"), std::string::npos) << same;
  EXPECT_NE(same.find("SFTPGo has the port of sftp.port, 2099"), std::string::npos) << same;
  settings_.sftp_port = 2022;
  EXPECT_NE(with("# its own default\n").find("SFTPGo has the port of sftp.port, 2022"), std::string::npos);
  settings_.sftp = Switch::off;
  EXPECT_EQ(with("SFTPGO_SFTPD__BINDINGS__0__PORT=2022\n").find("wrong"), std::string::npos);
}

TEST_F(DoctorSftpgo, ItsHookIsAProgramOrAnAddress) {
  settings_.sftp = Switch::off;
  const std::string gone = folder_ / "gone";
  EXPECT_NE(with("SFTPGO_COMMON__ACTIONS__HOOK=" + gone + "\n").find("its hook " + gone + " is no program"), std::string::npos);
  EXPECT_EQ(with("SFTPGO_COMMON__ACTIONS__HOOK=https://example.org/hooks/sftpgo\n").find("is no program"), std::string::npos);
}

}  // namespace
}  // namespace pv::app
