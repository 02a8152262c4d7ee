// What was there before: whose it may be, what is taken over, what is left to a person, and what a removal gives back.

#include <fmt/format.h>

#include "grafana/provisioning_test.h"
#include "grafana/record.h"

namespace pv::grafana {
namespace {

using testing::Fault;
using testing::Person;

class AdoptionTest : public ::testing::TestWithParam<Isolation> {
 protected:
  [[nodiscard]] Desired desired(std::string_view name, Attendance attendance = Attendance::person) const {
    Desired wanted = desired_for(name, GetParam(), {"north"});
    wanted.attendance = attendance;
    return wanted;
  }
  std::int64_t account(const std::string& login) {
    const auto found = JsonValue::parse(admin_.ask("GET", "/api/users/lookup?loginOrEmail=" + login).body);
    return found ? found->integer("id") : 0;
  }
  /// Somebody who was there before, in Grafana's main organization.
  void given_account(const std::string& login, const std::string& password) {
    ASSERT_EQ(admin_.ask("POST", "/api/admin/users", fmt::format(R"({{"login":"{}","password":"{}","OrgId":1}})", login, password)).status, 200);
  }
  [[nodiscard]] std::string organizations_of(const std::string& login) {
    return admin_.ask("GET", fmt::format("/api/users/{}/orgs", account(login))).body;
  }
  Installation installation_;
  Person admin_{installation_.grafana().url(), "admin", "admin-secret", 1};
};

INSTANTIATE_TEST_SUITE_P(Isolations, AdoptionTest, ::testing::Values(Isolation::organization, Isolation::team), [](const auto& chosen) { return std::string(to_string(chosen.param)); });

TEST_P(AdoptionTest, AViewerWhoTakesTheLoginOfAnotherCompanysUserGetsNothing) {
  const auto made = installation_.apply(desired("acme"));
  ASSERT_TRUE(made && made->user);
  Person viewer(installation_.grafana().url(), "admin_acme", made->user->password.reveal());
  ASSERT_EQ(viewer.ask("PUT", "/api/user", R"({"login":"admin_newco","email":"x@example.org"})").status, 200);

  const auto by_hand = installation_.apply(desired("newco"));
  ASSERT_FALSE(by_hand);
  EXPECT_EQ(by_hand.error().kind(), Errc::conflict);
  EXPECT_NE(by_hand.error().message().find("company 'acme'"), std::string::npos) << by_hand.error().message();
  const auto by_itself = installation_.apply(desired("newco", Attendance::nobody));
  ASSERT_TRUE(by_itself) << by_itself.error().message();
  EXPECT_NE(words(by_itself->done).find("note user 'admin_newco'"), std::string::npos) << words(by_itself->done);
  EXPECT_NE(words(by_itself->done).find("make dashboard"), std::string::npos) << "the rest goes on: " << words(by_itself->done);
  EXPECT_EQ(organizations_of("admin_newco").find("newco"), std::string::npos);
  EXPECT_EQ(installation_.grafana().state().find("admin_newco 0"), installation_.grafana().state().rfind("admin_newco 0")) << "in one team, acme's: " << installation_.grafana().state();
}

TEST_P(AdoptionTest, AViewerWhoseEmailIsTheLoginOfAnotherCompanysUserStopsNothing) {
  const auto made = installation_.apply(desired("acme"));
  ASSERT_TRUE(made && made->user);
  Person viewer(installation_.grafana().url(), "admin_acme", made->user->password.reveal());
  ASSERT_EQ(viewer.ask("PUT", "/api/user", R"({"login":"admin_acme","email":"admin_newco"})").status, 200);
  EXPECT_EQ(installation_.apply(desired("newco")).error().kind(), Errc::conflict);
  const auto by_itself = installation_.apply(desired("newco", Attendance::nobody));
  ASSERT_TRUE(by_itself) << by_itself.error().message();
  EXPECT_NE(words(by_itself->done).find("e-mail address of 'admin_acme'"), std::string::npos) << words(by_itself->done);
  EXPECT_NE(words(by_itself->done).find("make dashboard"), std::string::npos) << words(by_itself->done);
  EXPECT_EQ(organizations_of("admin_acme").find("newco"), std::string::npos);
}

TEST_P(AdoptionTest, AnAccountThatServeFindsElsewhereIsLeftToAPerson) {
  given_account("admin_newco", "ChangeMe123!");
  const auto by_itself = installation_.apply(desired("newco", Attendance::nobody));
  ASSERT_TRUE(by_itself) << by_itself.error().message();
  EXPECT_NE(words(by_itself->done).find("is left alone"), std::string::npos) << words(by_itself->done);
  EXPECT_EQ(installation_.grafana().state().find("admin_newco 0"), std::string::npos);
  const auto by_hand = installation_.apply(desired("newco"));
  ASSERT_TRUE(by_hand) << by_hand.error().message();
  EXPECT_NE(installation_.grafana().state().find("admin_newco 0"), std::string::npos);
  const auto then = installation_.apply(desired("newco", Attendance::nobody));
  ASSERT_TRUE(then);
  EXPECT_TRUE(then->done.is_empty()) << words(then->done);
  EXPECT_EQ(words(then->done).find("is left alone"), std::string::npos) << "it has been taken by hand: " << words(then->done);
}

TEST_P(AdoptionTest, AnOldPasswordIsToldOfAndAGivenOneTakesItsPlace) {
  given_account("admin_acme", "ChangeMe123!");
  Desired acme = desired("acme");
  const auto adopted = installation_.apply(acme);
  ASSERT_TRUE(adopted) << adopted.error().message();
  EXPECT_FALSE(adopted->user);
  EXPECT_NE(words(adopted->done).find("old password stays valid"), std::string::npos) << words(adopted->done);
  EXPECT_NE(words(adopted->done).find("--password-file"), std::string::npos) << words(adopted->done);

  acme.user->password = Secret("given by hand");
  acme.user->email = "Boss@Acme.example";
  const auto given = installation_.apply(acme);
  ASSERT_TRUE(given) << given.error().message();
  EXPECT_FALSE(given->user) << "who gave it knows it";
  EXPECT_TRUE(installation_.grafana().accepts("admin_acme", "given by hand"));
  EXPECT_FALSE(installation_.grafana().accepts("admin_acme", "ChangeMe123!"));
  EXPECT_EQ(account("boss@acme.example"), account("admin_acme"));
  acme.user->password.reset();
  const auto again = installation_.apply(acme);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->done.is_empty()) << words(again->done);
}

TEST_P(AdoptionTest, ARemovalDeletesOnlyAccountsThatPowerviewHasMade) {
  given_account("jo", "hers");
  ASSERT_TRUE(installation_.apply(desired("acme")));
  const UserAddition jo{.company = company_called("acme"), .isolation = GetParam(), .user = {.login = "jo"}};
  ASSERT_TRUE(installation_.provisioner()->add_user(jo));
  const UserAddition new_one{.company = company_called("acme"), .isolation = GetParam(), .user = {.login = "anna"}};
  ASSERT_TRUE(installation_.provisioner()->add_user(new_one));
  // The only organization of hers is then the company's.
  if (GetParam() == Isolation::organization) {
    ASSERT_EQ(admin_.ask("DELETE", fmt::format("/api/orgs/1/users/{}", account("jo"))).status, 200);
  }
  const auto removed = installation_.provisioner()->remove({.company = company_called("acme"), .isolation = GetParam(), .user = Removal::User::remove});
  ASSERT_TRUE(removed) << removed.error().message();
  EXPECT_NE(account("jo"), 0) << words(*removed);
  EXPECT_NE(words(*removed).find("user 'jo' was not made by PowerView"), std::string::npos) << words(*removed);
  EXPECT_EQ(organizations_of("jo").find("acme"), std::string::npos);
  EXPECT_EQ(account("anna"), 0);
  EXPECT_EQ(account("admin_acme"), 0);
}

TEST_P(AdoptionTest, WhoMadeAnAccountIsKnownAfterARemovalThatKeptIt) {
  ASSERT_TRUE(installation_.apply(desired("acme")));
  ASSERT_TRUE(installation_.provisioner()->remove({.company = company_called("acme"), .isolation = GetParam()}));
  ASSERT_NE(account("admin_acme"), 0);
  const auto back = installation_.apply(desired("acme"));
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(words(back->done).find("adopt user"), std::string::npos) << words(back->done);
  ASSERT_TRUE(installation_.provisioner()->remove({.company = company_called("acme"), .isolation = GetParam(), .user = Removal::User::remove}));
  EXPECT_EQ(account("admin_acme"), 0);
}

TEST_P(AdoptionTest, AnAccountThatGrafanaRefusesIsNotTakenForOursLater) {
  Desired acme = desired("acme");
  acme.user->email = "taken@example.org";
  ASSERT_EQ(admin_.ask("POST", "/api/admin/users", R"({"login":"third","email":"taken@example.org","password":"pass"})").status, 200);
  const auto refused = installation_.apply(acme);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Errc::conflict) << refused.error().message();
  given_account("admin_acme", "made by hand");
  acme.user->email.clear();
  ASSERT_TRUE(installation_.apply(acme));
  EXPECT_TRUE(installation_.grafana().accepts("admin_acme", "made by hand")) << "its password was taken for one that reached nobody";
}

TEST_P(AdoptionTest, CapitalsOfOtherAlphabetsAreNoOtherLogin) {
  const std::string login = "admin_\u00e9cole \u0153uvre \u017eiv";
  const Desired school = desired("\u00c9cole \u0152UVRE \u017DIV");
  ASSERT_EQ(school.user->login, login);
  Desired as_written = school;
  as_written.user->login = "admin_\u00c9cole \u0152UVRE \u017DIV";
  // The answer to the making of the account is lost.
  std::size_t making = 0;
  {
    Installation trial;
    ASSERT_TRUE(trial.apply(school));
    const auto requests = trial.grafana().requests();
    for (std::size_t i = 0; i < requests.size() && making == 0; ++i) making = requests[i].target == "/api/admin/users" ? i + 1 : 0;
  }
  ASSERT_GT(making, 0U);
  installation_.grafana().reset({});
  installation_.grafana().go_wrong(making, Fault::cut_after);
  EXPECT_FALSE(installation_.apply(as_written));
  const auto done = installation_.apply(as_written);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(words(done->done).find("is called"), std::string::npos) << words(done->done);
  const auto again = installation_.apply(as_written);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->done.is_empty()) << words(again->done);
  const auto removed = installation_.provisioner()->remove({.company = school.company, .isolation = GetParam(), .user = Removal::User::remove});
  ASSERT_TRUE(removed) << removed.error().message();
  EXPECT_EQ(installation_.grafana().state().find(login), std::string::npos) << words(*removed);
}

TEST_P(AdoptionTest, AnAccountThatWasRenamedKeepsItsRights) {
  Desired acme = desired("acme");
  ASSERT_TRUE(installation_.apply(acme));
  const std::int64_t number = account("admin_acme");
  ASSERT_EQ(admin_.ask("PUT", fmt::format("/api/users/{}", number), R"({"login":"boss","email":"boss","name":""})").status, 200);
  const std::int64_t place = installation_.place_of(acme);
  ASSERT_EQ(admin_.ask("PATCH", fmt::format("/api/orgs/{}/users/{}", place, number), R"({"role":"Editor"})").status, 200);
  const auto done = installation_.apply(acme);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_NE(words(done->done).find("is called 'boss'"), std::string::npos) << words(done->done);
  EXPECT_NE(words(done->done).find("Viewer of the organization, from Editor"), std::string::npos) << words(done->done);
  EXPECT_EQ(account("admin_acme"), 0) << "it was made a second time";
}

TEST(OrganizationAdoptionTest, AnOrganizationRenamedLikeANewCompanyIsNobodyElses) {
  const Installation installation;
  ASSERT_TRUE(installation.apply(desired_for("acme", Isolation::organization)));
  const std::int64_t number = installation.grafana().organization("acme");
  Person admin(installation.grafana().url(), "admin", "admin-secret", 1);
  // With the last proof of whose it is gone.
  Person inside(installation.grafana().url(), "admin", "admin-secret", number);
  ASSERT_EQ(inside.ask("DELETE", "/api/datasources/uid/influxdb_acme").status, 200);
  ASSERT_EQ(admin.ask("PUT", fmt::format("/api/orgs/{}", number), R"({"name":"newco"})").status, 200);
  for (const Attendance attendance : {Attendance::person, Attendance::nobody}) {
    Desired newco = desired_for("newco", Isolation::organization);
    newco.attendance = attendance;
    installation.grafana().forget_requests();
    const auto done = installation.apply(newco);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind(), Errc::conflict);
    EXPECT_NE(done.error().message().find("company 'acme', renamed"), std::string::npos) << done.error().message();
    EXPECT_EQ(installation.grafana().changes(), 0U);
  }
  EXPECT_FALSE(installation.provisioner()->remove({.company = company_called("newco"), .isolation = Isolation::organization})) << "nor is it taken away under that name";
}

TEST(OrganizationAdoptionTest, OneWithPeopleInItIsLeftToAPerson) {
  const Installation installation;
  Person admin(installation.grafana().url(), "admin", "admin-secret", 1);
  admin.ask("POST", "/api/orgs", R"({"name":"acme"})");
  admin.ask("POST", "/api/admin/users", fmt::format(R"({{"login":"boss","password":"pass","OrgId":{}}})", installation.grafana().organization("acme")));
  Desired acme = desired_for("acme", Isolation::organization);
  acme.attendance = Attendance::nobody;
  installation.grafana().forget_requests();
  const auto refused = installation.apply(acme);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("'powerview grafana plan'"), std::string::npos) << refused.error().message();
  EXPECT_EQ(installation.grafana().changes(), 0U);
  acme.attendance = Attendance::person;
  ASSERT_TRUE(installation.apply(acme));
  acme.attendance = Attendance::nobody;
  EXPECT_TRUE(installation.apply(acme)) << "a person has taken it";
}

TEST(OrganizationAdoptionTest, NumbersThatANewGrafanaGivesOutAgainStopNobody) {
  const Installation installation;
  const Desired acme = desired_for("acme", Isolation::organization), beta = desired_for("beta", Isolation::organization);
  ASSERT_TRUE(installation.apply(acme));
  ASSERT_TRUE(installation.apply(beta));
  installation.grafana().reset({});
  for (const Desired* desired : {&beta, &acme, &beta, &acme}) {
    const auto done = installation.apply(*desired);
    ASSERT_TRUE(done) << done.error().message();
  }
  EXPECT_TRUE(installation.provisioner()->plan(acme)->is_empty());
  EXPECT_TRUE(installation.provisioner()->plan(beta)->is_empty());
}

TEST(OrganizationAdoptionTest, AUserOfTheTeamLayoutIsKnownInAnOrganizationOfItsOwn) {
  const Installation installation;
  ASSERT_TRUE(installation.apply(desired_for("acme", Isolation::team)));
  Desired acme = desired_for("acme", Isolation::organization);
  acme.attendance = Attendance::nobody;
  const auto done = installation.apply(acme);
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_NE(words(done->done).find("user 'admin_acme': into the organization"), std::string::npos) << words(done->done);
}

TEST(OrganizationAdoptionTest, WhatPeopleHaveInItKeepsAnOrganization) {
  const Installation installation;
  const Desired acme = desired_for("acme", Isolation::organization);
  ASSERT_TRUE(installation.apply(acme));
  Person inside(installation.grafana().url(), "admin", "admin-secret", installation.grafana().organization("acme"));
  ASSERT_EQ(inside.ask("POST", "/api/playlists", R"({"name":"hall"})").status, 200);
  const auto removed = installation.provisioner()->remove({.company = acme.company, .isolation = acme.isolation, .user = Removal::User::remove});
  ASSERT_TRUE(removed) << removed.error().message();
  EXPECT_NE(words(*removed).find("organization 'acme' stays"), std::string::npos) << words(*removed);
  EXPECT_NE(installation.grafana().organization("acme"), 0);
}

TEST(OwnUserTest, StaysTheOneThatWasAppliedWhoeverIsAdded) {
  const Installation installation;
  Desired acme = desired_for("acme", Isolation::organization);
  acme.user->login = "Paul";
  ASSERT_TRUE(installation.apply(acme));
  const UserAddition anna{.company = acme.company, .isolation = acme.isolation, .user = {.login = "anna", .role = Role::editor}};
  ASSERT_TRUE(installation.provisioner()->add_user(anna));
  const auto record = Record::open(installation.state());
  ASSERT_TRUE(record);
  EXPECT_EQ((*record)->own_login({"acme", Isolation::organization}), "paul");
  const UserAddition paul{.company = acme.company, .isolation = acme.isolation, .user = {.login = "PAUL", .role = Role::editor}};
  EXPECT_EQ(installation.provisioner()->add_user(paul).error().kind(), Errc::invalid_input) << "the next apply would make him a viewer again";
  EXPECT_TRUE(installation.apply(acme)->done.is_empty());
}

}  // namespace
}  // namespace pv::grafana
