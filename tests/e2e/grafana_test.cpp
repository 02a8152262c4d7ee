/// Grafana told by `serve` and by hand, with the real program against strict fakes of Grafana and InfluxDB.

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "e2e/serving.h"
#include "fakes/grafana/fake_grafana.h"
#include "fakes/grafana/person.h"
#include "fakes/influxdb/server.h"

namespace pv::testing {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

class GrafanaStack : public ::testing::Test {
 protected:
  void SetUp() override { influx.start(); }

  /// Settings that send samples to InfluxDB and tell Grafana.
  [[nodiscard]] std::string sections(const std::string& grafana_more = "", const std::string& influx_more = "", const std::string& more = "") const {
    return fmt::format("{}[influxdb]\nurl = \"{}\"\norg = \"powerview\"\nadmin_token = \"operator-token\"\n{}[grafana]\nurl = \"{}\"\nusername = \"admin\"\npassword = \"admin-secret\"\n{}",
                       more, influx.url(), influx_more, grafana.url(), grafana_more);
  }
  void given_settings(const std::string& text) {
    std::filesystem::create_directories(here.data());
    write_file(settings(), fmt::format("data_folder = \"{}\"\nstate_dir = \"{}\"\nzone = \"Europe/Paris\"\n{}", here.data().string(), here.state().string(), text));
  }
  void given_campaign(const std::string& path) { std::filesystem::create_directories(here.data() / path); }
  void given_file(const std::string& tenant) { here.given(tenant + "/north/02001084/" + kFile, file_text()); }
  [[nodiscard]] static std::string file_text() { return "02001084\t02001084\t02001084\nMV_T302_V002\tPh 1 V\tVoie1 W\n01/08/25 10:00:00\t230.10\t10.0\n01/08/25 10:10:00\t230.20\t11.0\n"; }
  [[nodiscard]] std::filesystem::path settings() const { return here.path() / "powerview.toml"; }
  [[nodiscard]] Ended grafana_command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin() + 1, {"--config", settings().string()});
    arguments.insert(arguments.begin(), "grafana");
    return run_program(std::move(arguments));
  }
  bool comes(Serving& serving, const std::string& what) {
    const bool came = eventually([&] { return grafana.state().find(what) != std::string::npos; }, 120s);
    EXPECT_TRUE(came) << serving.child().err_so_far();
    return came;
  }

  static constexpr const char* kFile = "T302_250801_235950.tsv";
  Installation here;
  influxdb::Server influx;
  FakeGrafana grafana;
};

TEST_F(GrafanaStack, WhatAPersonRemovedServeDoesNotBringBack) {
  const std::string text = sections("", "", "[ingest]\ngrace_s = 1\nscan_interval_s = 1\n");
  given_settings(text);
  given_campaign("acme/north");
  given_campaign("other/north");
  ASSERT_EQ(grafana_command({"apply", "acme", "--login", "paul"}).code, 0);
  EXPECT_EQ(grafana.state().find("admin_acme"), std::string::npos);
  const Ended again = grafana_command({"apply", "acme"});
  EXPECT_NE(again.out.find("as it should be"), std::string::npos) << "the chosen login lasts: " << again.out;
  const Ended removed = grafana_command({"remove", "acme", "--yes"});
  ASSERT_EQ(removed.code, 0) << removed.out << removed.err;
  Serving serving(here, {.environment = {}, .settings = text});
  // The other company's part tells that the start's look at all companies has come by.
  ASSERT_TRUE(comes(serving, "powerview_other_north"));
  EXPECT_EQ(grafana.state().find("powerview_acme_north"), std::string::npos);
  EXPECT_EQ(serving.stop().code, 0);
}

TEST_F(GrafanaStack, ARemovalThatFailsIsNotUndoneByServe) {
  given_settings(sections());
  given_campaign("acme/north");
  given_campaign("other/north");
  ASSERT_EQ(grafana_command({"apply", "acme"}).code, 0);
  // The first request that changes something: what was looked at has been told, and a person has agreed.
  grafana.forget_requests();
  ASSERT_EQ(grafana_command({"remove", "acme", "--yes"}).code, 0);
  std::size_t first_change = 0;
  for (std::size_t i = 0; first_change == 0; ++i) first_change = grafana.requests().at(i).is_change ? i + 1 : 0;
  ASSERT_EQ(grafana_command({"apply", "acme"}).code, 0);
  grafana.go_wrong(first_change + 1, Fault::refuse);
  EXPECT_NE(grafana_command({"remove", "acme", "--yes"}).code, 0);
  grafana.forget_requests();
  Serving serving(here, {.environment = {}, .settings = sections()});
  ASSERT_TRUE(comes(serving, "powerview_other_north"));
  EXPECT_EQ(serving.stop().code, 0);
  EXPECT_EQ(serving.child().err_so_far().find("grafana tenant=acme"), std::string::npos) << serving.child().err_so_far();
}

TEST_F(GrafanaStack, ACampaignsFirstFolderOverSftpIsEnough) {
  grafana.go_wrong(3, Fault::refuse);
  Serving serving(here, {.environment = {}, .settings = sections()});
  serving.create_acme();
  const Ended sent = serving.sftp("mkdir north\n");
  EXPECT_EQ(sent.code, 0) << sent.err;
  ASSERT_TRUE(comes(serving, "powerview_acme_north"));
  EXPECT_NE(grafana.organization("acme"), 0);
  const std::filesystem::path handed = here.state() / "grafana-users" / "acme";
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(handed); }));
  EXPECT_EQ(std::filesystem::status(handed).permissions() & std::filesystem::perms(077), std::filesystem::perms::none);
  EXPECT_EQ(serving.stop().code, 0);
  const Ended plan = grafana_command({"plan", "acme"});
  EXPECT_EQ(plan.code, 0) << plan.err;
  EXPECT_NE(plan.out.find("as it should be"), std::string::npos) << plan.out;
}

TEST_F(GrafanaStack, AnUploadIsTakenAndStoredWhileGrafanaAnswersNothing) {
  grafana.hold();
  const std::string text = sections("", "", "[ingest]\ngrace_s = 1\nscan_interval_s = 1\n");
  given_campaign("other/north");
  Serving serving(here, {.environment = {}, .settings = text});
  serving.create_acme();
  write_file(here.path() / kFile, file_text());
  const Ended sent = serving.sftp(fmt::format("mkdir north\nmkdir north/02001084\nput {} north/02001084/{}\n", (here.path() / kFile).string(), kFile));
  EXPECT_EQ(sent.code, 0) << sent.err;
  const std::string path = std::string("acme/north/02001084/") + kFile;
  EXPECT_TRUE(eventually([&] { return serving.fate_of(path) == "stored" || std::filesystem::exists(here.data() / "acme/north/02001084/parsed" / kFile); }, 120s)) << serving.run({"files"}).out;
  EXPECT_TRUE(grafana.requests().empty()) << "Grafana has answered: this shows nothing";
  grafana.let_go();
  EXPECT_TRUE(comes(serving, "powerview_acme_north"));
  EXPECT_EQ(serving.stop().code, 0);
}

TEST_F(GrafanaStack, SftpgosHookAndAnUploadOverHttpAreEnoughToo) {
  // Nothing is found by looking: the scan comes once an hour.
  const std::string text = sections("", "", "[ingest]\ngrace_s = 3600\nscan_interval_s = 3600\n[hooks]\nsecret = \"0123456789abcdef\"\n");
  Serving serving(here, {.environment = {}, .settings = text});
  serving.create_acme();
  given_campaign("acme/south");
  const Ended hook = Serving::curl({"-w", "%{http_code}", "-H", "X-PowerView-Hook: 0123456789abcdef", "-H", "Content-Type: application/json", "-d",
                                    Json{{"action", "mkdir"}, {"path", (here.data() / "acme/south").string()}, {"status", 1}, {"session_id", "s"}, {"timestamp", 5}}.dump(),
                                    serving.http() + "hooks/sftpgo"});
  EXPECT_TRUE(hook.out.ends_with("200")) << hook.out << hook.err;
  EXPECT_TRUE(comes(serving, "powerview_acme_south"));

  std::string token = serving.run({"token", "create", "logger", "--tenant", "acme", "--scope", "write"}).out;
  token.resize(std::min(token.find('\n'), token.size()));
  const std::filesystem::path file = write_file(here.path() / kFile, file_text());
  const Ended put = Serving::curl({"-f", "-H", "Authorization: Bearer " + token, "-T", file.string(),
                                   serving.http() + "api/v1/tenants/acme/campaigns/east/devices/02001084/files/" + kFile});
  EXPECT_EQ(put.code, 0) << put.out << put.err;
  EXPECT_TRUE(comes(serving, "powerview_acme_east"));
  EXPECT_EQ(serving.stop().code, 0);
}

TEST_F(GrafanaStack, ACampaignThatCameWhileGrafanaWasAwayIsThereAfterARestart) {
  const std::string text = sections();
  std::string away = text;
  away.replace(away.find(grafana.url()), grafana.url().size(), "http://127.0.0.1:1");
  {
    Serving serving(here, {.environment = {}, .settings = away});
    serving.create_acme();
    EXPECT_EQ(serving.sftp("mkdir north\n").code, 0);
    ASSERT_TRUE(eventually([&] { return serving.child().err_so_far().find("grafana.setback tenant=acme") != std::string::npos; }, 60s)) << serving.child().err_so_far();
    serving.child().send(SIGKILL);
    (void)serving.child().wait();
  }
  Serving serving(here, {.environment = {}, .settings = text});
  EXPECT_TRUE(comes(serving, "powerview_acme_north"));
  EXPECT_EQ(serving.stop().code, 0);
}

TEST_F(GrafanaStack, AWrongPasswordIsSentOnceHoweverManyCompaniesThereAre) {
  for (const char* company : {"a", "b", "c", "d", "e", "f"}) given_campaign(std::string(company) + "/north");
  std::string text = sections();
  text.replace(text.find("admin-secret"), std::string("admin-secret").size(), "a guess");
  Serving serving(here, {.environment = {}, .settings = text});
  serving.create_acme();
  ASSERT_TRUE(eventually([&] { return serving.child().err_so_far().find("Grafana is left alone for 600 s") != std::string::npos; }, 60s)) << serving.child().err_so_far();
  EXPECT_EQ(serving.sftp("mkdir north\n").code, 0);
  const auto refused = [&] {
    std::size_t count = 0;
    for (const FakeGrafana::Request& request : grafana.requests()) count += request.status == 401 ? 1 : 0;
    return count;
  };
  EXPECT_FALSE(eventually([&] { return refused() > 1; }, 1s));
  EXPECT_EQ(serving.stop().code, 0);
  EXPECT_EQ(refused(), 1U);
  EXPECT_EQ(serving.child().err_so_far().find("a guess"), std::string::npos);
}

TEST_F(GrafanaStack, WhatServeLeavesToAPersonIsInItsLog) {
  given_campaign("acme/north");
  Person admin(grafana.url(), "admin", "admin-secret", 1);
  ASSERT_EQ(admin.ask("POST", "/api/admin/users", R"({"login":"admin_acme","password":"ChangeMe123!","OrgId":1})").status, 200);
  Serving serving(here, {.environment = {}, .settings = sections()});
  EXPECT_TRUE(comes(serving, "powerview_acme_north"));
  EXPECT_TRUE(eventually([&] { return serving.child().err_so_far().find("note: user 'admin_acme' is in Grafana and is left alone") != std::string::npos; })) << serving.child().err_so_far();
  EXPECT_EQ(serving.stop().code, 0);
}

TEST_F(GrafanaStack, GrafanaNeverHasATokenThatMayWrite) {
  given_settings(sections("", "token_rights = \"read_write\"\n"));
  given_campaign("acme/north");
  ASSERT_EQ(grafana_command({"apply", "acme"}).code, 0);
  const std::string token = grafana.secret_of(grafana.organization("acme"), "influxdb_acme", "token");
  const auto write = [&](const std::string& with) {
    return Serving::curl({"-o", "/dev/null", "-w", "%{http_code}", "-H", "Authorization: Token " + with, "--data-binary", "electrical,campaign=north x=1 1754000000",
                          influx.url() + "/api/v2/write?org=powerview&bucket=acme&precision=s"})
        .out;
  };
  EXPECT_EQ(write(token), "403");
  std::string scripts = run_program({"influx", "token", "--config", settings().string(), "--bucket", "acme"}).out;
  scripts.resize(std::min(scripts.find('\n'), scripts.size()));
  EXPECT_EQ(write(scripts), "204") << "what scripts get is as the setting says";
}

TEST_F(GrafanaStack, TheChosenUserStaysAndAddedOnesKeepTheirRole) {
  given_settings(sections());
  given_campaign("acme/north");
  ASSERT_EQ(grafana_command({"apply", "acme", "--login", "paul"}).code, 0);
  const Ended added = grafana_command({"add-user", "acme", "--login", "anna", "--role", "editor"});
  ASSERT_EQ(added.code, 0) << added.err;
  EXPECT_NE(added.out.find("user 'anna' has the password "), std::string::npos) << added.out;
  EXPECT_NE(grafana.state().find(R"("anna": "Editor")"), std::string::npos) << grafana.state();
  const Ended again = grafana_command({"apply", "acme"});
  EXPECT_NE(again.out.find("as it should be"), std::string::npos) << again.out;
  EXPECT_NE(grafana.state().find(R"("anna": "Editor")"), std::string::npos) << grafana.state();
  EXPECT_EQ(grafana.state().find("admin_acme"), std::string::npos);
  EXPECT_EQ(grafana_command({"add-user", "acme", "--login", "eve", "--role", "owner"}).code, 2);
}

TEST_F(GrafanaStack, APasswordIsPrintedOnceWhereItWasDrawnAndNeverWhereItWasGiven) {
  given_settings(sections());
  given_campaign("acme/north");
  given_campaign("beta/north");
  const Ended both = grafana_command({"apply", "--json"});
  ASSERT_EQ(both.code, 0) << both.err;
  const Json told = Json::parse(both.out);
  ASSERT_EQ(told.size(), 2U) << both.out;
  EXPECT_EQ(told[1]["company"], "beta");
  EXPECT_TRUE(grafana.accepts("admin_acme", told[0]["user"]["password"].get<std::string>()));
  EXPECT_FALSE(told[0]["actions"].empty());
  const Json again = Json::parse(grafana_command({"apply", "--json"}).out);
  EXPECT_FALSE(again[0].contains("user"));

  write_file(here.path() / "password", "given by hand\n");
  const Ended given = grafana_command({"apply", "acme", "--password-file", (here.path() / "password").string()});
  ASSERT_EQ(given.code, 0) << given.err;
  EXPECT_TRUE(grafana.accepts("admin_acme", "given by hand")) << "also an account that is there gets it";
  EXPECT_EQ(given.out.find("given by hand"), std::string::npos) << given.out;
  EXPECT_NE(given.out.find("the password that was given"), std::string::npos) << given.out;
}

TEST_F(GrafanaStack, ADrawnPasswordIsOutBeforeAnythingElseCanFail) {
  given_settings(sections());
  given_campaign("acme/north");
  // A standard output that takes nothing: the user is not counted as made, and the next apply draws another password.
  const Ended closed = run_program({"grafana", "apply", "--config", settings().string(), "acme"}, {}, [] { ::close(STDOUT_FILENO); ::open("/dev/full", O_WRONLY); });
  EXPECT_NE(closed.code, 0);
  EXPECT_NE(closed.err.find("cannot be told"), std::string::npos) << closed.err;
  const Ended next = grafana_command({"apply", "acme"});
  EXPECT_NE(next.out.find("user 'admin_acme' has the password "), std::string::npos) << next.out;
}

TEST_F(GrafanaStack, ADoctorsAttackFindsTheWallsStandingAndTheTeamLayoutOpen) {
  // What a datasource asks for reaches InfluxDB with the token it was given.
  grafana.forward_to([this](const FakeGrafana::Forwarded& asked) {
    // Grafana takes the query out of its own form; what InfluxDB refuses it tells as an error.
    const Json form = Json::parse(asked.body, nullptr, false);
    const bool is_form = form.is_object() && form.contains("queries");
    const std::string body = is_form ? form["queries"][0]["query"].get<std::string>() : asked.body;
    const Json query = is_form ? Json{{"query", body}, {"type", "flux"}} : Json::parse(body, nullptr, false);
    std::string sent = body;
    if (query.is_object() && query.contains("query")) sent = Json{{"query", query["query"]}, {"type", "flux"}, {"dialect", {{"annotations", {"datatype", "group", "default"}}}}}.dump();
    const Ended ended = Serving::curl({"-f", "-X", asked.method, "-H", "Authorization: " + asked.authorization, "-H", "Content-Type: application/json", "--data-binary", sent,
                                       influx.url() + asked.path + (asked.path.find('?') == std::string::npos ? "?" : "&") + "org=powerview"});
    return ended.code == 0 ? ended.out : std::string(R"({"error":"refused by InfluxDB"})");
  });
  given_settings(sections("isolation = \"organization\"\n"));
  for (const char* company : {"acme", "other", "third"}) given_file(company);
  ASSERT_EQ(run_program({"ingest", "--config", settings().string()}).code, 0);
  const Ended applied = grafana_command({"apply"});
  ASSERT_EQ(applied.code, 0) << applied.out << applied.err;
  const auto attack = [&] { return run_program({"doctor", "--config", settings().string(), "--attack"}); };
  const Ended well = attack();
  for (const auto& [viewer, victim] : {std::pair("acme", "other"), std::pair("other", "third"), std::pair("third", "acme")}) {
    EXPECT_NE(well.out.find(fmt::format("the token of {} neither reads nor writes the bucket of {}", viewer, victim)), std::string::npos) << well.out;
    const std::size_t at = well.out.find(fmt::format("a viewer of {} tried ", viewer));
    ASSERT_NE(at, std::string::npos) << well.out << well.err;
    EXPECT_NE(line_with(well.out, fmt::format("a viewer of {} tried ", viewer)).find(fmt::format("ways to {}, all refused", victim)), std::string::npos) << well.out;
  }
  EXPECT_EQ(grafana.state().find("powerview_doctor"), std::string::npos) << "the viewers are gone";
  given_settings(sections("isolation = \"team\"\n"));
  ASSERT_EQ(grafana_command({"apply"}).code, 0);
  const Ended open = attack();
  EXPECT_EQ(open.code, 1);
  EXPECT_NE(open.out.find("a query to their datasource"), std::string::npos) << open.out;
}

}  // namespace
}  // namespace pv::testing
