#include "grafana/provisioner.h"

#include <future>
#include <tuple>

#include "grafana/provisioning_test.h"
#include "grafana/turn.h"

namespace pv::grafana {
namespace {

using testing::Person;
using Case = std::tuple<int, Isolation>;

class ProvisionTest : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (is_real() && !RealServer().is_given()) GTEST_SKIP() << kNoRealServer;
  }
  [[nodiscard]] static bool is_real() { return std::get<0>(GetParam()) == kRealServer; }
  [[nodiscard]] Desired desired(std::string_view name = "acme", const std::vector<std::string>& campaigns = {"north", "south"}) const {
    return desired_for(installation_.named(name), std::get<1>(GetParam()), campaigns);
  }
  /// Once it is done, a further apply only reads.
  void expect_settled(const Desired& desired) {
    installation_.grafana().forget_requests();
    const auto again = installation_.apply(desired);
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(installation_.grafana().changes(), 0U) << words(again->done);
    EXPECT_TRUE(again->done.is_empty()) << words(again->done);
    EXPECT_FALSE(again->user);
  }
  Installation installation_{{.version = std::get<0>(GetParam())}};
};

INSTANTIATE_TEST_SUITE_P(All, ProvisionTest, ::testing::Combine(::testing::Values(10, 11, 12, kRealServer), ::testing::Values(Isolation::organization, Isolation::team)),
                         [](const auto& chosen) { return std::string(to_string(std::get<1>(chosen.param))) + (std::get<0>(chosen.param) == kRealServer ? "Real" : std::to_string(std::get<0>(chosen.param))); });

TEST_P(ProvisionTest, MakesWhatIsWantedForItsTeamAloneAndNothingTheSecondTime) {
  const Desired acme = desired();
  const auto plan = installation_.provisioner()->plan(acme);
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_GE(plan->actions.size(), 6U) << words(*plan);
  EXPECT_EQ(installation_.grafana().changes(), 0U) << "a plan only reads";

  const auto done = installation_.apply(acme);
  ASSERT_TRUE(done) << done.error().message();
  ASSERT_TRUE(done->user);
  EXPECT_TRUE(installation_.accepts(*done->user));
  EXPECT_GE(done->user->password.reveal().size(), 40U);
  Person admin = installation_.administrator(acme);
  const std::string folder_rights = admin.ask("GET", "/api/folders/" + folder_uid(acme.company) + "/permissions").body;
  EXPECT_EQ(folder_rights.find("\"Viewer\""), std::string::npos) << folder_rights;
  EXPECT_EQ(folder_rights.find("\"Editor\""), std::string::npos) << folder_rights;
  const std::string dashboard = admin.ask("GET", "/api/dashboards/uid/" + acme.dashboards[0].uid).body;
  EXPECT_NE(dashboard.find("\"folderUid\":\"" + folder_uid(acme.company) + "\""), std::string::npos) << dashboard;
  expect_settled(acme);
  if (is_real()) return;
  const std::int64_t place = installation_.place_of(acme);
  EXPECT_EQ(installation_.grafana().secret_of(place, "influxdb_acme", "token"), "token of acme");
  EXPECT_EQ(installation_.grafana().secret_of(place, "influxdb_acme", "httpHeaderValue1"), "Token token of acme");
  const std::string state = installation_.grafana().state();
  EXPECT_EQ(state.find("user admin"), std::string::npos) << "rights of single people: " << state;
  EXPECT_EQ(state.find("admin 4"), std::string::npos) << "who made the team is in it: " << state;
  EXPECT_NE(state.find("admin_acme 0"), std::string::npos) << state;
}

TEST_P(ProvisionTest, RenamedAndDeletedThingsAreAsWantedAfterTheNextApply) {
  const Desired acme = desired();
  ASSERT_TRUE(installation_.apply(acme));
  const std::string wanted = installation_.grafana().state();
  const std::int64_t place = installation_.place_of(acme);
  Person admin = installation_.administrator(acme);
  const std::string teams = admin.ask("GET", "/api/teams/search?name=" + acme.company.str()).body;
  const std::string team = "/api/teams/" + std::to_string(JsonValue::parse(teams)->at("teams").items().front().integer("id"));
  const bool is_default = acme.isolation == Isolation::organization || std::get<0>(GetParam()) == 12;
  const std::string source = std::string(is_default ? R"({"isDefault":true,)" : R"({"isDefault":false,)") + R"("name":"mine)" + acme.company.str() +
                             R"(","type":"influxdb","access":"proxy","url":"http://elsewhere","jsonData":{"version":"Flux","organization":"plant","defaultBucket":")" +
                             acme.company.str() + R"(","httpHeaderName1":"Authorization"}})";
  const std::string folder = "/api/folders/" + folder_uid(acme.company), datasource = "/api/datasources/uid/" + datasource_uid(acme.company);
  const std::string north = "/api/dashboards/uid/" + acme.dashboards[0].uid, south = "/api/dashboards/uid/" + acme.dashboards[1].uid;
  const std::string renamed = R"({"name":")" + installation_.named("renamed") + R"("})";
  using Deed = std::tuple<std::string, std::string, std::string>;
  std::vector<Deed> deeds = {
      {"PUT", team, renamed},
      {"DELETE", team, ""},
      {"PUT", folder, R"({"title":"renamed","overwrite":true})"},
      {"DELETE", folder, ""},
      {"POST", folder + "/permissions", R"({"items":[{"role":"Viewer","permission":1}]})"},
      {"POST", south + "/permissions", R"({"items":[{"role":"Viewer","permission":1}]})"},
      {"PUT", datasource, source},
      {"DELETE", datasource, ""},
      {"DELETE", north, ""},
  };
  if (acme.isolation == Isolation::organization) deeds.push_back({"PUT", "/api/orgs/" + std::to_string(place), renamed});
  for (const auto& [method, target, body] : deeds) {
    ASSERT_EQ(admin.ask(method, target, body).status, 200) << target;
    ASSERT_TRUE(is_real() || installation_.grafana().state() != wanted) << method << " " << target;
    const auto done = installation_.apply(acme);
    ASSERT_TRUE(done) << method << " " << target << ": " << done.error().message();
    EXPECT_FALSE(done->done.is_empty()) << method << " " << target;
    EXPECT_TRUE(is_real() || installation_.grafana().state() == wanted) << method << " " << target << "\n" << words(done->done) << installation_.grafana().state();
    expect_settled(acme);
  }
}

TEST_P(ProvisionTest, ARotatedTokenIsExactlyOneChange) {
  Desired acme = desired();
  ASSERT_TRUE(installation_.apply(acme));
  acme.datasource.token = Secret("rotated");
  installation_.grafana().forget_requests();
  const auto done = installation_.apply(acme);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->done.actions.size(), 1U) << words(done->done);
  if (!is_real()) {
    EXPECT_EQ(installation_.grafana().changes(), 1U) << words(done->done);
    EXPECT_EQ(installation_.grafana().secret_of(installation_.place_of(acme), "influxdb_acme", "token"), "rotated");
  }
  expect_settled(acme);
}

TEST_P(ProvisionTest, APersonsEditAndANewTemplateBothSurviveAndAConflictIsToldOnce) {
  Desired acme = desired();
  ASSERT_TRUE(installation_.apply(acme));
  Person admin = installation_.administrator(acme);
  const std::string north = "/api/dashboards/uid/" + acme.dashboards[0].uid;
  const auto rename_panel = [&](const std::string& from, const std::string& to) {
    std::string stored = JsonValue::parse(admin.ask("GET", north).body)->at("dashboard").dump();
    stored.replace(stored.find(from), from.size(), to);
    const std::string id = "\"id\":" + std::to_string(JsonValue::parse(stored)->integer("id")) + ",";
    stored.replace(stored.find(id), id.size(), "");
    return admin.ask("POST", "/api/dashboards/db", R"({"folderUid":")" + folder_uid(acme.company) + R"(","dashboard":)" + stored + "}").status;
  };
  ASSERT_EQ(rename_panel("Power\"", "Our power\""), 200);
  expect_settled(acme);

  acme.dashboards[0].json = generated_dashboard(acme.company, "kwatt");
  const auto merged = installation_.apply(acme);
  ASSERT_TRUE(merged) << merged.error().message();
  const std::string both = admin.ask("GET", north).body;
  EXPECT_NE(both.find("Our power"), std::string::npos) << both;
  EXPECT_NE(both.find("kwatt"), std::string::npos) << both;
  expect_settled(acme);

  ASSERT_EQ(rename_panel("kwatt", "megwatt"), 200);
  acme.dashboards[0].json = generated_dashboard(acme.company, "gwatt");
  const auto conflict = installation_.apply(acme);
  ASSERT_TRUE(conflict);
  EXPECT_NE(words(conflict->done).find("unit"), std::string::npos) << words(conflict->done);
  EXPECT_NE(admin.ask("GET", north).body.find("megwatt"), std::string::npos);
  expect_settled(acme);
}

TEST_P(ProvisionTest, RemovingACompanyLeavesGrafanaAsItWasAndTheOtherCompanyAlone) {
  const std::string empty = installation_.grafana().state();
  const Desired acme = desired();
  const Desired other = desired("beta");
  ASSERT_TRUE(installation_.apply(other));
  const std::string only_other = installation_.grafana().state();
  ASSERT_TRUE(installation_.apply(acme));
  const Removal removal{.company = acme.company, .isolation = acme.isolation, .user = Removal::User::remove};
  const auto plan = installation_.provisioner()->plan_removal(removal);
  ASSERT_TRUE(plan) << plan.error().message();
  const auto removed = installation_.provisioner()->remove(removal);
  ASSERT_TRUE(removed) << removed.error().message();
  EXPECT_EQ(words(*plan), words(*removed));
  EXPECT_TRUE(is_real() || installation_.grafana().state() == only_other) << installation_.grafana().state();
  const auto again = installation_.provisioner()->remove(removal);
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_TRUE(again->is_empty()) << words(*again);
  expect_settled(other);
  ASSERT_TRUE(installation_.provisioner()->remove({.company = other.company, .isolation = other.isolation, .user = Removal::User::remove}));
  EXPECT_TRUE(is_real() || installation_.grafana().state() == empty) << installation_.grafana().state();
}

TEST_P(ProvisionTest, WhatPeopleHaveMadeInTheFolderOutlivesTheCompany) {
  const Desired acme = desired();
  ASSERT_TRUE(installation_.apply(acme));
  Person admin = installation_.administrator(acme);
  const std::string theirs = installation_.named("theirs");
  const std::string saved = R"({"folderUid":")" + folder_uid(acme.company) + R"(","dashboard":{"id":null,"uid":")" + theirs + R"(","title":"Theirs"}})";
  ASSERT_EQ(admin.ask("POST", "/api/dashboards/db", saved).status, 200);
  const auto removed = installation_.provisioner()->remove({.company = acme.company, .isolation = acme.isolation});
  ASSERT_TRUE(removed) << removed.error().message();
  EXPECT_NE(words(*removed).find("folder '" + acme.company.str() + "' stays"), std::string::npos) << words(*removed);
  EXPECT_EQ(admin.ask("GET", "/api/dashboards/uid/" + theirs).status, 200);
  EXPECT_EQ(admin.ask("GET", "/api/dashboards/uid/" + acme.dashboards[0].uid).status, 404);
  admin.ask("DELETE", "/api/folders/" + folder_uid(acme.company));
}

TEST_P(ProvisionTest, NamesOfEveryKindWork) {
  const std::string longest(80, 'x');
  for (const std::string& name : {std::string("a\"b"), std::string("caf\u00e9 d'Alen\u00e7on"), longest, std::string("a+b & c%20?"), std::string("with_underscore")}) {
    const Desired company = desired(name, {"c\"d", std::string(80, 'y'), name});
    const auto done = installation_.apply(company);
    ASSERT_TRUE(done) << name << ": " << done.error().message();
    expect_settled(company);
    EXPECT_NE(installation_.place_of(company), 0) << name;
  }
}

TEST_P(ProvisionTest, OneWhoSavesAtTheSameMomentLosesNothing) {
  if (is_real()) GTEST_SKIP() << "only the fake can be told to wait for it";
  Desired acme = desired();
  ASSERT_TRUE(installation_.apply(acme));
  acme.dashboards[0].json = generated_dashboard(acme.company, "kwatt");
  Person admin = installation_.administrator(acme);
  const std::string edit = R"({"folderUid":"powerview-acme","dashboard":{"uid":"powerview_acme_north","title":"Ours","version":1,"panels":[]}})";
  std::size_t save = 0;
  {
    // Which request saves is seen in a trial.
    Installation trial{{.version = std::get<0>(GetParam())}};
    ASSERT_TRUE(trial.apply(desired()));
    trial.grafana().forget_requests();
    ASSERT_TRUE(trial.apply(acme));
    const auto requests = trial.grafana().requests();
    for (std::size_t i = 0; i < requests.size() && save == 0; ++i) save = requests[i].target == "/api/dashboards/db" ? i + 1 : 0;
  }
  ASSERT_GT(save, 0U);
  Installation raced{{.version = std::get<0>(GetParam())}};
  ASSERT_TRUE(raced.apply(desired()));
  raced.grafana().meanwhile(save, [&] { ASSERT_EQ(admin.ask("POST", "/api/dashboards/db", edit).status, 200); });
  const auto done = raced.apply(acme);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_NE(admin.ask("GET", "/api/dashboards/uid/powerview_acme_north").body.find("\"title\":\"Ours\""), std::string::npos);
}

TEST_P(ProvisionTest, ADashboardCalledLikeAFolderOrAnotherDashboardGetsAnotherTitle) {
  Desired acme = desired();
  acme.dashboards[0].title = acme.company.str();
  acme.dashboards[1].title = "Theirs";
  ASSERT_TRUE(installation_.apply(desired("acme", {})));
  Person admin = installation_.administrator(acme);
  const std::string saved = R"({"folderUid":")" + folder_uid(acme.company) + R"(","dashboard":{"id":null,"uid":")" + installation_.named("theirs") + R"(","title":"Theirs"}})";
  ASSERT_EQ(admin.ask("POST", "/api/dashboards/db", saved).status, 200);
  const auto done = installation_.apply(acme);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_NE(admin.ask("GET", "/api/dashboards/uid/" + acme.dashboards[0].uid).body.find("\"title\":\"" + acme.company.str() + " dashboard\""), std::string::npos);
  EXPECT_NE(admin.ask("GET", "/api/dashboards/uid/" + acme.dashboards[1].uid).body.find("\"title\":\"Theirs dashboard\""), std::string::npos);
  expect_settled(acme);
  admin.ask("DELETE", "/api/dashboards/uid/" + installation_.named("theirs"));
}

TEST(ProvisionerTest, AnOrganizationThatIsThereIsJoinedAndAdoptedWithWhatIsInIt) {
  const Installation installation;
  Person admin(installation.grafana().url(), "admin", "admin-secret", 1);
  admin.ask("POST", "/api/orgs", R"({"name":"acme"})");
  const std::string place = "/api/orgs/" + std::to_string(installation.grafana().organization("acme")) + "/users";
  admin.ask("POST", "/api/admin/users", R"({"login":"boss","password":"pass","OrgId":1})");
  ASSERT_EQ(admin.ask("POST", place, R"({"loginOrEmail":"boss","role":"Admin"})").status, 200);
  ASSERT_EQ(admin.ask("DELETE", place + "/1").status, 200);
  const Desired acme = desired_for("acme", Isolation::organization);
  const auto plan = installation.provisioner()->plan(acme);
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_NE(words(*plan).find("joins it as Admin"), std::string::npos) << words(*plan);
  ASSERT_TRUE(installation.apply(acme));
  EXPECT_NE(admin.ask("GET", place).body.find("boss"), std::string::npos);
  const auto removed = installation.provisioner()->remove({.company = acme.company, .isolation = acme.isolation, .user = Removal::User::remove});
  ASSERT_TRUE(removed) << removed.error().message();
  EXPECT_NE(installation.grafana().organization("acme"), 0) << "somebody else is in it";
}

TEST(ProvisionerTest, NumbersOfAnOlderGrafanaAreNotTakenForOnesOfANewOne) {
  const Installation installation;
  const Desired acme = desired_for("acme", Isolation::organization);
  ASSERT_TRUE(installation.apply(acme));
  const std::int64_t number = installation.grafana().organization("acme");
  installation.grafana().reset({});
  Person admin(installation.grafana().url(), "admin", "admin-secret", 1);
  while (installation.grafana().organization("Sales") != number) {
    const std::int64_t before = installation.grafana().organization("Sales");
    if (before != 0) admin.ask("PUT", "/api/orgs/" + std::to_string(before), R"({"name":"Other"})");
    ASSERT_LT(before, number);
    admin.ask("POST", "/api/orgs", R"({"name":"Sales"})");
  }
  const auto done = installation.apply(acme);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(installation.grafana().organization("Sales"), number);
  EXPECT_NE(installation.grafana().organization("acme"), 0);
}

TEST(ProvisionerTest, TwoAppliesAtOnceTakeTurns) {
  const Installation installation;
  const auto work = [&installation] { return installation.provisioner(installation.access(), std::chrono::seconds(60))->apply(desired_for("acme", Isolation::organization)).has_value(); };
  auto other = std::async(std::launch::async, work);
  EXPECT_TRUE(work());
  EXPECT_TRUE(other.get());
  installation.grafana().forget_requests();
  EXPECT_TRUE(work());
  EXPECT_EQ(installation.grafana().changes(), 0U);
}

TEST(ProvisionerTest, ASlowAnswerIsWaitedFor) {
  const Installation installation;
  installation.grafana().go_wrong(5, testing::Fault::slow);
  EXPECT_TRUE(installation.apply(desired_for("acme", Isolation::team)));
}

TEST(ProvisionerTest, NoSecretIsInTheStateFolder) {
  const Installation installation;
  const auto done = installation.apply(desired_for("acme", Isolation::organization));
  ASSERT_TRUE(done && done->user);
  for (const auto& [name, content] : testing::tree_of(installation.state())) {
    EXPECT_EQ(content.find("token of acme"), std::string::npos) << name;
    EXPECT_EQ(content.find(done->user->password.reveal()), std::string::npos) << name;
    EXPECT_EQ(std::filesystem::status(installation.state() / name).permissions() & (std::filesystem::perms::group_all | std::filesystem::perms::others_all), std::filesystem::perms::none) << name;
  }
}

TEST(ProvisionerTest, APlanWithoutTheTokenTellsTheSameAndAnApplyWithoutItIsRefused) {
  const Installation installation;
  Desired acme = desired_for("acme", Isolation::organization);
  Desired without = acme;
  without.datasource.token = Secret();
  const auto before = installation.provisioner()->plan(without);
  ASSERT_TRUE(before) << before.error().message();
  EXPECT_EQ(words(*before), words(*installation.provisioner()->plan(acme)));
  EXPECT_EQ(installation.apply(without).error().kind(), Errc::invalid_input);
  ASSERT_TRUE(installation.apply(acme));
  EXPECT_TRUE(installation.provisioner()->plan(without)->is_empty());
}

TEST(ProvisionerTest, AHundredAppliesMakeNoVersionOfADashboard) {
  const Installation installation;
  const Desired acme = desired_for("acme", Isolation::organization);
  ASSERT_TRUE(installation.apply(acme));
  const std::size_t versions = installation.grafana().dashboard_versions();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(installation.apply(acme));
  EXPECT_EQ(installation.grafana().dashboard_versions(), versions);
}

TEST(ProvisionerTest, MissingRightsAreNamedBeforeAnythingIsChanged) {
  const Installation installation;
  const auto refusal = [&](const std::string& token, Isolation isolation) {
    Access access = installation.access();
    access.password = Secret();
    access.api_token = Secret(token);
    const auto done = installation.provisioner(access)->apply(desired_for("acme", isolation));
    EXPECT_EQ(installation.grafana().changes(), 0U);
    return done ? std::string("done") : done.error().message();
  };
  const std::string organization = refusal(installation.grafana().service_account(1, "Admin"), Isolation::organization);
  EXPECT_NE(organization.find("grafana.username and grafana.password"), std::string::npos) << organization;
  const std::string user = refusal(installation.grafana().service_account(1, "Admin"), Isolation::team);
  EXPECT_NE(user.find("making user 'admin_acme'"), std::string::npos) << user;
  const std::string editor = refusal(installation.grafana().service_account(1, "Editor"), Isolation::team);
  EXPECT_NE(editor.find("no Admin"), std::string::npos) << editor;
}

TEST(ProvisionerTest, AServiceAccountIsEnoughForATeamWithoutANewUser) {
  const Installation installation;
  Access access = installation.access();
  access.password = Secret();
  access.api_token = Secret(installation.grafana().service_account(1, "Admin"));
  Desired acme = desired_for("acme", Isolation::team);
  acme.user.reset();
  const auto done = installation.provisioner(access)->apply(acme);
  ASSERT_TRUE(done) << done.error().message();
  installation.grafana().forget_requests();
  ASSERT_TRUE(installation.provisioner(access)->apply(acme));
  EXPECT_EQ(installation.grafana().changes(), 0U);
  EXPECT_NE(words(done->done).find("does NOT isolate samples"), std::string::npos);
}

TEST(ProvisionerTest, AWrongPasswordIsTriedOnce) {
  const Installation installation;
  Access access = installation.access();
  access.password = Secret("guess");
  const auto provisioner = installation.provisioner(access);
  for (int i = 0; i < 10; ++i) {
    const auto done = provisioner->apply(desired_for("acme", Isolation::team));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind(), Errc::denied);
    EXPECT_EQ(done.error().message().find("guess"), std::string::npos);
  }
  EXPECT_TRUE(installation.apply(desired_for("acme", Isolation::team))) << "the account is locked";
}

TEST(ProvisionerTest, APageInsteadOfAnAnswerIsAWrongAddress) {
  const Installation installation;
  installation.grafana().go_wrong(1, testing::Fault::page);
  const auto done = installation.apply(desired_for("acme", Isolation::team));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), Errc::invalid_input);
  EXPECT_NE(done.error().message().find("grafana.url"), std::string::npos) << done.error().message();
}

TEST(ProvisionerTest, AnotherAppliesTurnIsWaitedForOnlySoLong) {
  const Installation installation;
  const auto provisioner = installation.provisioner();
  const auto turn = Turn::take(installation.state(), std::chrono::milliseconds(0));
  ASSERT_TRUE(turn);
  const auto done = provisioner->apply(desired_for("acme", Isolation::team));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), Errc::conflict);
  EXPECT_TRUE(installation.grafana().requests().empty());
}

TEST(ProvisionerTest, WhatIsNotOursStopsItBeforeAnythingIsChanged) {
  const Installation installation;
  Person admin(installation.grafana().url(), "admin", "admin-secret", 1);
  const auto refusal = [&](const Desired& desired) {
    installation.grafana().forget_requests();
    const auto done = installation.apply(desired);
    EXPECT_EQ(installation.grafana().changes(), 0U);
    return done ? std::string("done") : done.error().message();
  };
  EXPECT_NE(refusal(desired_for("Main Org.", Isolation::organization)).find("main organization"), std::string::npos);
  Desired with_admin = desired_for("acme", Isolation::team);
  with_admin.user->login = "ADMIN";
  EXPECT_NE(refusal(with_admin).find("server administrator"), std::string::npos);
  admin.ask("POST", "/api/datasources", R"({"uid":"old","name":"influxdb_acme","type":"influxdb-adecwatts-datasource","access":"proxy","url":"http://x"})");
  EXPECT_NE(refusal(desired_for("acme", Isolation::team)).find("grafana.datasource_type"), std::string::npos);
  Desired plugin = desired_for("acme", Isolation::team);
  plugin.datasource.type = "not-there-datasource";
  EXPECT_NE(refusal(plugin).find("no plugin"), std::string::npos);
  ASSERT_TRUE(installation.apply(desired_for("beta", Isolation::team)));
  Desired same_login = desired_for("gamma", Isolation::team);
  same_login.user->login = "admin_beta";
  EXPECT_NE(refusal(same_login).find("company 'beta'"), std::string::npos);
}

TEST(ProvisionerTest, TheDocumentedLayoutIsAdoptedWithItsUids) {
  const Installation installation;
  Person admin(installation.grafana().url(), "admin", "admin-secret", 1);
  admin.ask("POST", "/api/teams", R"({"name":"acme"})");
  admin.ask("POST", "/api/folders", R"({"uid":"oldfolder","title":"acme"})");
  admin.ask("POST", "/api/datasources", R"({"uid":"oldsource","name":"influxdb_acme","type":"influxdb","access":"proxy","url":"http://old","jsonData":{"timeInterval":"10s","httpHeaderName1":"X-Own","httpHeaderName2":"authorization"}})");
  const Desired acme = desired_for("acme", Isolation::team);
  const auto done = installation.apply(acme);
  ASSERT_TRUE(done) << done.error().message();
  const std::string source = admin.ask("GET", "/api/datasources/uid/oldsource").body;
  EXPECT_NE(source.find("\"timeInterval\":\"10s\""), std::string::npos) << "what people have set stays: " << source;
  EXPECT_EQ(installation.grafana().secret_of(1, "oldsource", "httpHeaderValue2"), "Token token of acme");
  const std::string dashboard = admin.ask("GET", "/api/dashboards/uid/powerview_acme_north").body;
  EXPECT_NE(dashboard.find("\"uid\":\"oldsource\""), std::string::npos) << dashboard;
  EXPECT_NE(dashboard.find("\"folderUid\":\"oldfolder\""), std::string::npos) << dashboard;
  EXPECT_NE(words(done->done).find("adopt folder"), std::string::npos) << words(done->done);
  installation.grafana().forget_requests();
  ASSERT_TRUE(installation.apply(acme));
  EXPECT_EQ(installation.grafana().changes(), 0U);
}

TEST(ProvisionerTest, ADashboardInTheNewFormatIsLeftAlone) {
  const Installation installation;
  Desired acme = desired_for("acme", Isolation::team);
  ASSERT_TRUE(installation.apply(acme));
  installation.grafana().store_in_new_format(1, "powerview_acme_north");
  acme.dashboards[0].json = generated_dashboard(acme.company, "kwatt");
  const std::size_t versions = installation.grafana().dashboard_versions();
  const auto done = installation.apply(acme);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(installation.grafana().dashboard_versions(), versions);
  EXPECT_NE(words(done->done).find("new format"), std::string::npos);
}

TEST(ProvisionerTest, ACampaignThatIsNoMoreLosesItsDashboardUnlessPeopleHaveChangedIt) {
  const Installation installation;
  Desired acme = desired_for("acme", Isolation::team, {"north", "south", "west"});
  ASSERT_TRUE(installation.apply(acme));
  Person admin(installation.grafana().url(), "admin", "admin-secret", 1);
  ASSERT_EQ(admin.ask("POST", "/api/dashboards/db", R"({"folderUid":"powerview-acme","dashboard":{"uid":"powerview_acme_west","title":"Ours","version":1}})").status, 200);
  acme.dashboards.resize(1);
  const auto done = installation.apply(acme);
  ASSERT_TRUE(done);
  EXPECT_EQ(admin.ask("GET", "/api/dashboards/uid/powerview_acme_south").status, 404);
  EXPECT_EQ(admin.ask("GET", "/api/dashboards/uid/powerview_acme_west").status, 200) << words(done->done);
}

TEST(ProvisionerTest, AUserThatGrafanaPutsElsewhereEndsInItsCompanyAlone) {
  const Installation installation{{.version = 11, .assigns_organization = false}};
  for (const Isolation isolation : {Isolation::organization, Isolation::team}) {
    const Desired acme = desired_for(isolation == Isolation::team ? "beta" : "acme", isolation);
    const auto done = installation.apply(acme);
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(installation.grafana().organization(acme.user->login), 0);
    EXPECT_NE(installation.grafana().state().find(R"("active": ")" + (isolation == Isolation::team ? std::string("Main Org.") : "acme")), std::string::npos);
  }
}

TEST(ProvisionerTest, AFurtherUserIsAddedOnceTheCompanyIsThere) {
  const Installation installation;
  const Desired acme = desired_for("acme", Isolation::organization);
  const UserAddition addition{.company = acme.company, .isolation = acme.isolation, .user = {.login = "jo@acme.example", .email = "jo@acme.example", .password = Secret("given by Jo")}};
  EXPECT_EQ(installation.provisioner()->add_user(addition).error().kind(), Errc::not_found);
  ASSERT_TRUE(installation.apply(acme));
  const auto added = installation.provisioner()->add_user(addition);
  ASSERT_TRUE(added) << added.error().message();
  EXPECT_TRUE(installation.grafana().accepts("jo@acme.example", "given by Jo"));
  EXPECT_FALSE(added->user) << "who gave the password knows it";
  UserAddition without_password = addition;
  without_password.user.password.reset();
  installation.grafana().forget_requests();
  ASSERT_TRUE(installation.provisioner()->add_user(without_password));
  ASSERT_TRUE(installation.apply(acme));
  EXPECT_EQ(installation.grafana().changes(), 0U);
  UserAddition with_role = without_password;
  with_role.user.role = Role::editor;
  ASSERT_TRUE(installation.provisioner()->add_user(with_role));
  EXPECT_NE(installation.grafana().state().find(R"("jo@acme.example": "Editor")"), std::string::npos) << installation.grafana().state();
  ASSERT_TRUE(installation.apply(acme));
  EXPECT_NE(installation.grafana().state().find(R"("jo@acme.example": "Editor")"), std::string::npos) << "an apply leaves added users alone";
}

TEST(ProvisionerTest, WhatIsNoLongerWantedWhenItsTurnComesIsNotDone) {
  const Installation installation;
  const auto done = installation.provisioner()->apply(desired_for("acme", Isolation::organization), {.is_wanted = [] { return false; }});
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->done.is_empty());
  EXPECT_TRUE(installation.grafana().requests().empty());
}

TEST(ProvisionerTest, OneThatIsToStopSendsNothingMore) {
  const Installation installation;
  std::stop_source stop;
  Access access = installation.access();
  access.stop = stop.get_token();
  const auto provisioner = installation.provisioner(access);
  installation.grafana().meanwhile(3, [&stop] { stop.request_stop(); });
  const auto done = provisioner->apply(desired_for("acme", Isolation::organization));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), Errc::unavailable);
  EXPECT_EQ(installation.grafana().requests().size(), 3U);
}

}  // namespace
}  // namespace pv::grafana
