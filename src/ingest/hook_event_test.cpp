#include "ingest/hook_event.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "testing/temp_folder.h"

namespace pv::ingest {
namespace {

using Variables = std::map<std::string, std::string>;
using Kind = HookMeaning::Kind;

constexpr const char* kData = "/srv/data";
constexpr const char* kUploaded = "acme/north/02001084/T302_250803_031500.tsv";

/// As SFTPGo sets them for a file that came whole.
Variables upload_variables() {
  return {{"SFTPGO_ACTION", "upload"},
          {"SFTPGO_ACTION_USERNAME", "acme"},
          {"SFTPGO_ACTION_PATH", "/srv/data/acme/north/02001084/T302_250803_031500.tsv"},
          {"SFTPGO_ACTION_TARGET", ""},
          {"SFTPGO_ACTION_VIRTUAL_PATH", "/north/02001084/T302_250803_031500.tsv"},
          {"SFTPGO_ACTION_VIRTUAL_TARGET", ""},
          {"SFTPGO_ACTION_SSH_CMD", ""},
          {"SFTPGO_ACTION_FILE_SIZE", "20480"},
          {"SFTPGO_ACTION_ELAPSED", "12"},
          {"SFTPGO_ACTION_FS_PROVIDER", "0"},
          {"SFTPGO_ACTION_STATUS", "1"},
          {"SFTPGO_ACTION_PROTOCOL", "SFTP"},
          {"SFTPGO_ACTION_IP", "203.0.113.7"},
          {"SFTPGO_ACTION_SESSION_ID", "SFTP_c0ffee_1"},
          {"SFTPGO_ACTION_ROLE", ""},
          {"SFTPGO_ACTION_TIMESTAMP", "1754190905123456789"}};
}

HookEvent event_of(const std::string& action, const std::string& path, const std::string& target = "") {
  HookEvent event;
  event.action = action;
  event.username = "acme";
  event.path = path;
  event.target = target;
  return event;
}

HookMeaning meaning_of_variables(Variables changes) {
  Variables variables = upload_variables();
  changes.merge(variables);
  const auto event = event_of_variables(changes);
  EXPECT_TRUE(event) << event.error().message();
  return meaning_of(*event, kData);
}

// --- what the variables say

TEST(HookEventTest, EveryVariableOfAnUploadIsTaken) {
  const auto event = event_of_variables(upload_variables());
  ASSERT_TRUE(event) << event.error().message();
  EXPECT_EQ(event->action, "upload");
  EXPECT_EQ(event->username, "acme");
  EXPECT_EQ(event->path, "/srv/data/acme/north/02001084/T302_250803_031500.tsv");
  EXPECT_EQ(event->target, "");
  EXPECT_EQ(event->virtual_path, "/north/02001084/T302_250803_031500.tsv");
  EXPECT_EQ(event->status, 1);
  EXPECT_EQ(event->protocol, "SFTP");
  EXPECT_EQ(event->ip, "203.0.113.7");
  EXPECT_EQ(event->session, "SFTP_c0ffee_1");
  EXPECT_EQ(event->timestamp_ns, 1754190905123456789);
}

TEST(HookEventTest, AConnectionThatEndsSaysWhoButNotWhat) {
  const auto event = event_of_variables({{"SFTPGO_CONNECTION_IP", "203.0.113.7"},
                                         {"SFTPGO_CONNECTION_USERNAME", "acme"},
                                         {"SFTPGO_CONNECTION_DURATION", "1500"},
                                         {"SFTPGO_CONNECTION_PROTOCOL", "SFTP"}});
  ASSERT_TRUE(event) << event.error().message();
  EXPECT_EQ(event->action, "");
  EXPECT_EQ(event->username, "acme");
  EXPECT_EQ(event->ip, "203.0.113.7");
  EXPECT_EQ(event->protocol, "SFTP");
  EXPECT_EQ(meaning_of(*event, kData).kind, Kind::scan);
}

TEST(HookEventTest, WithoutAnyOfTheVariablesItIsNoHook) {
  for (const Variables& variables : {Variables{}, Variables{{"PATH", "/bin"}}, Variables{{"SFTPGO_COMMON__UPLOAD_MODE", "1"}}}) {
    const auto event = event_of_variables(variables);
    ASSERT_FALSE(event);
    EXPECT_EQ(event.error().kind(), Errc::invalid_input);
    EXPECT_NE(event.error().message().find("SFTPGO_ACTION"), std::string::npos);
  }
}

TEST(HookEventTest, AStatusOrTimeThatIsNoNumberIsRefusedByName) {
  for (const char* name : {"SFTPGO_ACTION_STATUS", "SFTPGO_ACTION_TIMESTAMP"}) {
    for (const char* value : {"one", "1x", " 1", "0x1", "99999999999999999999999"}) {
      Variables variables = upload_variables();
      variables[name] = value;
      const auto event = event_of_variables(variables);
      ASSERT_FALSE(event) << name << "=" << value;
      EXPECT_EQ(event.error().kind(), Errc::invalid_input);
      EXPECT_NE(event.error().message().find(name), std::string::npos);
    }
  }
}

TEST(HookEventTest, TheProcessesOwnVariablesAreFound) {
  ASSERT_EQ(setenv("SFTPGO_ACTION", "mkdir", 1), 0);
  ASSERT_EQ(setenv("SFTPGO_ACTION_PATH", "/srv/data/acme/north", 1), 0);
  const Variables variables = hook_variables();
  unsetenv("SFTPGO_ACTION");
  unsetenv("SFTPGO_ACTION_PATH");
  EXPECT_EQ(variables, (Variables{{"SFTPGO_ACTION", "mkdir"}, {"SFTPGO_ACTION_PATH", "/srv/data/acme/north"}}));
  EXPECT_EQ(hook_variables(), Variables{});
}

// --- what JSON says

TEST(HookEventTest, TheBodyOfAnHttpHookSaysTheSame) {
  const auto event = event_of_json(R"({"action":"upload","username":"acme","path":"/srv/data/acme/north/02001084/T302_250803_031500.tsv",
    "virtual_path":"/north/02001084/T302_250803_031500.tsv","file_size":20480,"elapsed":12,"fs_provider":0,"status":1,"protocol":"SFTP",
    "ip":"203.0.113.7","session_id":"SFTP_c0ffee_1","timestamp":1754190905123456789,"metadata":{"a":"b"}})");
  ASSERT_TRUE(event) << event.error().message();
  EXPECT_EQ(*event, event_of_variables(upload_variables()).value());
}

TEST(HookEventTest, ARenameInJsonHasItsTarget) {
  const auto event = event_of_json(R"({"action":"rename","path":"/srv/data/a/b/c/x.tsv.part","target_path":"/srv/data/a/b/c/x.tsv",
    "virtual_path":"/b/c/x.tsv.part","virtual_target_path":"/b/c/x.tsv","username":null,"status":1})");
  ASSERT_TRUE(event) << event.error().message();
  EXPECT_EQ(event->target, "/srv/data/a/b/c/x.tsv");
  EXPECT_EQ(event->virtual_target, "/b/c/x.tsv");
  EXPECT_EQ(event->username, "");
}

TEST(HookEventTest, WhatIsNoSuchJsonIsRefused) {
  const std::string deep(50'000, '[');
  for (const std::string& text : {std::string(), std::string("upload"), std::string("[]"), std::string("null"), std::string("{"), std::string("{}x"), deep,
                                  std::string(R"({"action":1})"), std::string(R"({"path":["/srv/data/a"]})"), std::string(R"({"status":"1"})"),
                                  std::string(R"({"status":1.5})"), std::string(R"({"timestamp":true})"), std::string("{\"path\":\"\xff\"}"),
                                  "{\"path\":\"" + std::string(1 << 20, 'x') + "\"}"}) {
    const auto event = event_of_json(text);
    ASSERT_FALSE(event) << text.substr(0, 60);
    EXPECT_EQ(event.error().kind(), Errc::invalid_input);
    EXPECT_LT(event.error().message().size(), 300U);
  }
}

TEST(HookEventTest, StatusesThatDoNotFitAreNeverASuccess) {
  for (const char* status : {"4294967297", "18446744073709551615", "-4294967295", "1000000000000"}) {
    const auto event = event_of_json(std::string(R"({"action":"upload","path":"/srv/data/a/b/c/x.tsv","status":)") + status + "}");
    EXPECT_TRUE(!event || meaning_of(*event, kData).kind == Kind::nothing) << status;
  }
}

TEST(HookEventTest, WhatIsWrittenReadsBack) {
  HookEvent event = event_of_variables(upload_variables()).value();
  event.status = 3;
  event.target = "/srv/data/acme/n\"ord\\ \n/é €.tsv";
  event.virtual_target = "/x";
  const auto back = event_of_json(to_json(event));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(*back, event);
  EXPECT_EQ(event_of_json(to_json(HookEvent{})).value(), HookEvent{});
}

TEST(HookEventTest, ANameThatIsNoUtf8StillMakesAnEvent) {
  const auto back = event_of_json(to_json(event_of("upload", "/srv/data/acme/north/02001084/\xe9t\xe9.tsv")));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->action, "upload");
}

// --- what it means

TEST(HookMeaningTest, AWholeFileIsNamedBelowTheDataFolder) {
  const HookMeaning meaning = meaning_of_variables({});
  EXPECT_EQ(meaning.kind, Kind::file);
  EXPECT_EQ(meaning.path, kUploaded);
  EXPECT_FALSE(meaning.note.empty());
  EXPECT_EQ(meaning_of_variables({{"SFTPGO_ACTION", "first-upload"}}).path, kUploaded);
}

TEST(HookMeaningTest, ADataFolderWithASlashAtItsEndIsTheSame) {
  const HookEvent event = event_of_variables(upload_variables()).value();
  EXPECT_EQ(meaning_of(event, "/srv/data/").path, kUploaded);
  EXPECT_EQ(meaning_of(event, "/srv/./x/../data").path, kUploaded);
}

TEST(HookMeaningTest, AFailedTransferNamesNoFile) {
  for (const char* status : {"2", "3", "0", "-1"}) {
    const HookMeaning meaning = meaning_of_variables({{"SFTPGO_ACTION_STATUS", status}});
    EXPECT_EQ(meaning.kind, Kind::nothing) << status;
    EXPECT_NE(meaning.note.find(status), std::string::npos);
  }
}

TEST(HookMeaningTest, AnUploadWithoutAPathMeansALook) {
  EXPECT_EQ(meaning_of_variables({{"SFTPGO_ACTION_PATH", ""}, {"SFTPGO_ACTION_VIRTUAL_PATH", ""}}).kind, Kind::scan);
  EXPECT_EQ(meaning_of_variables({{"SFTPGO_ACTION", "rename"}}).kind, Kind::scan) << "a rename without a target";
}

TEST(HookMeaningTest, ARenamedFileCountsUnderItsNewName) {
  const HookMeaning meaning = meaning_of_variables({{"SFTPGO_ACTION", "rename"},
                                                    {"SFTPGO_ACTION_PATH", "/srv/data/acme/north/02001084/x.tsv.filepart"},
                                                    {"SFTPGO_ACTION_TARGET", "/srv/data/acme/north/02001084/x.tsv"}});
  EXPECT_EQ(meaning.kind, Kind::file);
  EXPECT_EQ(meaning.path, "acme/north/02001084/x.tsv");
}

TEST(HookMeaningTest, ACopiedFileCountsWhereItWasCopiedTo) {
  EXPECT_EQ(meaning_of(event_of("copy", "/elsewhere/x.tsv", "/srv/data/acme/north/d/x.tsv"), kData).path, "acme/north/d/x.tsv");
}

TEST(HookMeaningTest, NamesThatUploadsHaveOnTheirWayAreIgnored) {
  for (const char* name : {"x.tsv.filepart", "x.tsv.part", "x.tsv.tmp", ".sftpgo-upload.abc.x.tsv", ".incoming~x.tsv", ".x.tsv", "x.csv", "x"}) {
    const HookMeaning meaning = meaning_of(event_of("upload", std::string("/srv/data/acme/north/02001084/") + name), kData);
    EXPECT_EQ(meaning.kind, Kind::nothing) << name;
    EXPECT_FALSE(meaning.note.empty());
  }
}

TEST(HookMeaningTest, WhatHasBeenFiledIsIgnored) {
  for (const char* folder : {"parsed", "error"}) {
    EXPECT_EQ(meaning_of(event_of("upload", std::string("/srv/data/acme/north/d/") + folder + "/x.tsv"), kData).kind, Kind::nothing);
  }
}

TEST(HookMeaningTest, WhatLiesInAHiddenFolderIsIgnored) {
  for (const char* path : {"/srv/data/.trash/c/d/x.tsv", "/srv/data/acme/.trash/d/x.tsv", "/srv/data/acme/north/.d/x.tsv"}) {
    EXPECT_EQ(meaning_of(event_of("upload", path), kData).kind, Kind::nothing) << path;
  }
}

TEST(HookMeaningTest, ANewCampaignOrDeviceIsAFolder) {
  const HookMeaning campaign = meaning_of(event_of("mkdir", "/srv/data/acme/north"), kData);
  EXPECT_EQ(campaign.kind, Kind::folder);
  EXPECT_EQ(campaign.path, "acme/north");
  EXPECT_EQ(meaning_of(event_of("mkdir", "/srv/data/acme/north/02001084"), kData).path, "acme/north/02001084");
  EXPECT_EQ(meaning_of(event_of("mkdir", "/srv/data/acme/north/02001084/deeper"), kData).kind, Kind::nothing);
}

TEST(HookMeaningTest, OtherEventsBringNoFile) {
  for (const char* action : {"download", "first-download", "pre-download", "pre-upload", "delete", "pre-delete", "rmdir", "UPLOAD", "nonsense"}) {
    EXPECT_EQ(meaning_of_variables({{"SFTPGO_ACTION", action}}).kind, Kind::nothing) << action;
  }
  EXPECT_LT(meaning_of(event_of(std::string(4000, 'x'), ""), kData).note.size(), 200U) << "what a stranger says does not fill the log";
}

TEST(HookMeaningTest, AVirtualPathCountsForAnAccountNamedLikeATenant) {
  HookEvent event;
  event.action = "upload";
  event.username = "acme";
  event.virtual_path = "/north/02001084/x.tsv";
  EXPECT_EQ(meaning_of(event, kData).kind, Kind::file);
  EXPECT_EQ(meaning_of(event, kData).path, "acme/north/02001084/x.tsv");
  for (const char* username : {"", "..", ".", ".hidden", "a/b", "../other", "a\nb", "acme "}) {
    event.username = username;
    EXPECT_EQ(meaning_of(event, kData).kind, Kind::scan) << "'" << username << "'";
  }
}

TEST(HookMeaningTest, NoVirtualPathLeadsToAnotherTenant) {
  HookEvent event;
  event.action = "upload";
  event.username = "acme";
  for (const char* path : {"/../other/c/d/x.tsv", "/c/../../other/c/d/x.tsv", "/../../etc/x.tsv", "//../other/x.tsv", "/./../other/d/x.tsv", "c/d/x.tsv"}) {
    event.virtual_path = path;
    const HookMeaning meaning = meaning_of(event, kData);
    EXPECT_TRUE(meaning.kind != Kind::file || meaning.path.string().starts_with("acme/")) << path << " -> " << meaning.path;
    EXPECT_EQ(meaning.path.string().find(".."), std::string::npos) << path;
  }
}

TEST(HookMeaningTest, WhatLiesElsewhereIsNeverAPathOfOurs) {
  using namespace std::string_literals;
  for (const std::string& path : {"/etc/passwd.tsv"s, "/srv/database/acme/north/d/x.tsv"s, "/srv/data"s, "/srv/data/"s, "/srv/data/../x/c/d/x.tsv"s,
                                  "/srv/data/acme/../../x.tsv"s, "/srv/data/../../../../x.tsv"s, "srv/data/acme/north/d/x.tsv"s, "x.tsv"s, "../x.tsv"s,
                                  "/srv/data/acme/north/d/x\0.tsv"s, "/"s, "//"s}) {
    for (const char* action : {"upload", "rename", "mkdir"}) {
      const HookMeaning meaning = meaning_of(event_of(action, path, path), kData);
      EXPECT_NE(meaning.kind, Kind::file) << action << " " << path;
      EXPECT_NE(meaning.kind, Kind::folder) << action << " " << path;
      EXPECT_TRUE(meaning.path.empty());
    }
    EXPECT_EQ(meaning_of(event_of("upload", path), kData).kind, Kind::scan) << path << ": a file may have come all the same";
  }
}

TEST(HookMeaningTest, AResolvedPathIsRelativeAndPlain) {
  for (const char* path : {"/srv/data/acme/north/d/x.tsv", "/srv/data//acme/./north/d//x.tsv", "//srv/data/acme/north/d/x.tsv"}) {
    const HookMeaning meaning = meaning_of(event_of("upload", path), kData);
    if (meaning.kind == Kind::scan) continue;
    EXPECT_EQ(meaning.kind, Kind::file) << path;
    EXPECT_EQ(meaning.path, "acme/north/d/x.tsv") << path;
  }
  EXPECT_EQ(meaning_of(event_of("upload", "/srv/data/acme/north/d/x.tsv"), kData).kind, Kind::file);
}

TEST(HookMeaningTest, ALinkToTheDataFolderLeadsThere) {
  const testing::TempFolder folder;
  std::filesystem::create_directories(folder / "disk/acme/north/d");
  std::filesystem::create_directory_symlink(folder / "disk", folder / "data");
  for (const auto& [data, given] : {std::pair{"disk", "data"}, std::pair{"data", "disk"}}) {
    const HookMeaning meaning = meaning_of(event_of("upload", (folder / given / "acme/north/d/x.tsv").string()), folder / data);
    EXPECT_EQ(meaning.kind, Kind::file) << given;
    EXPECT_EQ(meaning.path, "acme/north/d/x.tsv") << given;
  }
}

}  // namespace
}  // namespace pv::ingest
