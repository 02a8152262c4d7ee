#include "fakes/grafana/fake_grafana.h"

#include <thread>

#include <gtest/gtest.h>

#include "base/http_client.h"
#include "fakes/grafana/person.h"

namespace pv::testing {
namespace {

class FakeGrafanaTest : public ::testing::TestWithParam<int> {
 protected:
  int status(const std::string& method, const std::string& target, const std::string& body = {}) { return admin_.ask(method, target, body).status; }
  std::string body(const std::string& method, const std::string& target, const std::string& sent = {}) { return admin_.ask(method, target, sent).body; }

  FakeGrafana grafana_{{.version = GetParam()}};
  Person admin_{grafana_.url(), "admin", "admin-secret", 1};
};

INSTANTIATE_TEST_SUITE_P(Versions, FakeGrafanaTest, ::testing::Values(10, 11, 12), [](const auto& version) { return "Grafana" + std::to_string(version.param); });

TEST_P(FakeGrafanaTest, AFolderUidThatIsThereIs412AndATitleThatIsThereIs409UpTo11) {
  EXPECT_EQ(status("POST", "/api/folders", R"({"uid":"f1","title":"A"})"), 200);
  EXPECT_EQ(status("POST", "/api/folders", R"({"uid":"f1","title":"B"})"), 412);
  EXPECT_EQ(status("POST", "/api/folders", R"({"uid":"f2","title":"A"})"), GetParam() < 12 ? 409 : 200);
  EXPECT_EQ(status("POST", "/api/folders", R"({"uid":"bad uid","title":"C"})"), 400);
  EXPECT_EQ(body("DELETE", "/api/folders/f1") == "\"\"", GetParam() == 10);
}

TEST_P(FakeGrafanaTest, ANewFolderIsForEverybodyUntilItsListIsReplaced) {
  status("POST", "/api/folders", R"({"uid":"f1","title":"A"})");
  EXPECT_NE(body("GET", "/api/folders/f1/permissions").find("\"Viewer\""), std::string::npos);
  EXPECT_EQ(status("POST", "/api/folders/f1/permissions", R"({"items":[{"role":"Editor","permission":1}]})"), 200);
  EXPECT_EQ(body("GET", "/api/folders/f1/permissions").find("\"Viewer\""), std::string::npos);
  EXPECT_EQ(status("POST", "/api/folders/f1/permissions", R"({"items":[{"teamId":99,"permission":1}]})"), 500);
  EXPECT_EQ(status("POST", "/api/folders/f1/permissions", R"({"items":[{"teamId":1,"role":"Viewer","permission":1}]})"), 400);
}

TEST_P(FakeGrafanaTest, WhoeverMakesATeamIsInItAndATokenIsNot) {
  status("POST", "/api/teams", R"({"name":"t"})");
  EXPECT_EQ(status("POST", "/api/teams", R"({"name":"t"})"), 409);
  EXPECT_NE(body("GET", "/api/teams/search?name=t").find("\"memberCount\":1"), std::string::npos);
  EXPECT_NE(body("GET", "/api/teams/search?name=none").find("\"teams\":[]"), std::string::npos);
  const std::string token = grafana_.service_account(1, "Admin");
  auto client = HttpClient::open({.base_url = grafana_.url()});
  const auto made = (*client)->send({.method = "POST", .target = "/api/teams", .headers = {{"Authorization", "Bearer " + token}}, .body = R"({"name":"u"})", .content_type = "application/json"});
  EXPECT_EQ(made->status, 200);
  EXPECT_NE(body("GET", "/api/teams/search?name=u").find("\"memberCount\":0"), std::string::npos);
  const auto refused = (*client)->send({.target = "/api/orgs/name/x", .headers = {{"Authorization", "Bearer " + token}}});
  EXPECT_EQ(refused->status, 403);
}

TEST_P(FakeGrafanaTest, ATeamMemberTwiceIs400AndOneFromElsewhereIsIgnored) {
  const std::string team = body("POST", "/api/teams", R"({"name":"t"})");
  const std::string id = team.substr(team.find("\"teamId\":") + 9, team.find('}') - team.find("\"teamId\":") - 9);
  EXPECT_EQ(status("POST", "/api/teams/" + id + "/members", R"({"userId":1})"), 400) << team;
  EXPECT_EQ(status("POST", "/api/teams/" + id + "/members", R"({"userId":4711})"), 500);
}

TEST_P(FakeGrafanaTest, ADashboardIsSavedAgainOnlyWithItsVersionAndNeverUnderATakenTitle) {
  status("POST", "/api/folders", R"({"uid":"f1","title":"A"})");
  EXPECT_EQ(status("POST", "/api/dashboards/db", R"({"dashboard":{"id":null,"uid":"d1","title":"D"},"folderUid":"f1"})"), 200);
  EXPECT_EQ(status("POST", "/api/dashboards/db", R"({"dashboard":{"id":null,"uid":"d1","title":"E"},"folderUid":"f1"})"), 412);
  EXPECT_EQ(status("POST", "/api/dashboards/db", R"({"dashboard":{"id":null,"uid":"d1","title":"E","version":1},"folderUid":"f1"})"), 200);
  EXPECT_EQ(status("POST", "/api/dashboards/db", R"({"dashboard":{"id":null,"uid":"d2","title":"E"},"folderUid":"f1"})"), GetParam() < 12 ? 412 : 200);
  EXPECT_EQ(status("POST", "/api/dashboards/db", R"({"dashboard":{"id":null,"uid":"d3","title":"A"},"folderUid":"f1"})"), GetParam() == 10 ? 400 : 200);
  EXPECT_EQ(status("POST", "/api/dashboards/db", R"({"dashboard":{"id":7,"uid":"d4","title":"F"},"folderUid":"f1"})"), 404);
  EXPECT_EQ(body("GET", "/api/dashboards/uid/d1/versions").front(), GetParam() == 10 ? '[' : '{');
  EXPECT_EQ(status("GET", "/api/search?limit=5001"), 422);
}

TEST_P(FakeGrafanaTest, SecretsNeverComeBackAndAreMerged) {
  const std::string source = R"({"uid":"s","name":"n","type":"influxdb","access":"proxy","url":"http://x","secureJsonData":{"token":"abc","other":"def"}})";
  EXPECT_EQ(status("POST", "/api/datasources", source), 200);
  EXPECT_EQ(status("POST", "/api/datasources", source), 409);
  EXPECT_EQ(body("GET", "/api/datasources/uid/s").find("abc"), std::string::npos);
  EXPECT_NE(body("GET", "/api/datasources/uid/s").find(R"("secureJsonFields":{"other":true,"token":true})"), std::string::npos);
  EXPECT_EQ(status("PUT", "/api/datasources/uid/s", R"({"name":"n","type":"influxdb","access":"proxy","url":"http://x","secureJsonData":{"token":"new"}})"), 200);
  EXPECT_EQ(grafana_.secret_of(1, "s", "token"), "new");
  EXPECT_EQ(grafana_.secret_of(1, "s", "other"), "def");
  EXPECT_EQ(status("PUT", "/api/datasources/uid/s", R"({"name":"n","type":"influxdb","access":"proxy","url":"http://x","version":1})"), 409);
  EXPECT_EQ(status("POST", "/api/datasources", R"({"uid":"bad uid","name":"m","type":"influxdb","access":"proxy","url":"http://x"})"), GetParam() == 12 ? 400 : 200);
  grafana_.make_read_only(1, "s");
  EXPECT_EQ(status("DELETE", "/api/datasources/uid/s"), 403);
}

TEST_P(FakeGrafanaTest, OnlyMembersReachAnOrganizationAndNobodyDeletesTheOneInUse) {
  status("POST", "/api/orgs", R"({"name":"other"})");
  EXPECT_EQ(status("POST", "/api/orgs", R"({"name":"other"})"), 409);
  const std::int64_t other = grafana_.organization("other");
  ASSERT_NE(other, 0);
  status("POST", "/api/admin/users", R"({"login":"V","password":"pass","OrgId":)" + std::to_string(other) + "}");
  EXPECT_EQ(status("POST", "/api/admin/users", R"({"login":"v","password":"pass"})"), 412);
  Person viewer(grafana_.url(), "v", "pass", 1);
  EXPECT_EQ(viewer.ask("GET", "/api/datasources").status, 401);
  Person at_home(grafana_.url(), "v", "pass");
  EXPECT_EQ(at_home.ask("GET", "/api/datasources").status, 200);
  Person inside(grafana_.url(), "admin", "admin-secret", other);
  EXPECT_EQ(inside.ask("DELETE", "/api/orgs/" + std::to_string(other)).status, 400);
  EXPECT_EQ(status("DELETE", "/api/orgs/" + std::to_string(other)), 200);
}

TEST_P(FakeGrafanaTest, WithoutAutoAssignAUserGetsAnOrganizationOfItsOwn) {
  grafana_.reset({.version = GetParam(), .assigns_organization = false});
  status("POST", "/api/admin/users", R"({"login":"v","password":"pass","OrgId":1})");
  EXPECT_NE(grafana_.organization("v"), 0);
  EXPECT_EQ(body("GET", "/api/orgs/1/users").find("\"v\""), std::string::npos);
}

TEST_P(FakeGrafanaTest, FiveWrongPasswordsLockEvenTheRightOne) {
  Person wrong(grafana_.url(), "admin", "guess");
  for (int i = 0; i < 4; ++i) wrong.ask("GET", "/api/folders");
  EXPECT_EQ(status("GET", "/api/folders"), 200);
  for (int i = 0; i < 5; ++i) wrong.ask("GET", "/api/folders");
  EXPECT_EQ(status("GET", "/api/folders"), 401);
}

TEST_P(FakeGrafanaTest, EveryViewerQueriesEveryDatasourceOfTheOrganization) {
  status("POST", "/api/datasources", R"({"uid":"s","name":"n","type":"influxdb","access":"proxy","url":"http://x","secureJsonData":{"token":"abc"}})");
  status("POST", "/api/admin/users", R"({"login":"v","password":"pass","OrgId":1})");
  std::vector<FakeGrafana::Forwarded> reached;
  grafana_.forward_to([&](const FakeGrafana::Forwarded& forwarded) {
    reached.push_back(forwarded);
    return std::string("data");
  });
  Person viewer(grafana_.url(), "v", "pass", 1);
  EXPECT_EQ(viewer.ask("POST", "/api/ds/query", R"({"queries":[{"datasource":{"uid":"s"}}]})").body, "data");
  EXPECT_EQ(viewer.ask("DELETE", "/api/datasources/proxy/uid/s/api/v2/buckets").body, "data");
  ASSERT_EQ(reached.size(), 2U);
  EXPECT_EQ(reached[1].path, "/api/v2/buckets");
  EXPECT_EQ(reached[1].authorization, "Token abc");
}

TEST_P(FakeGrafanaTest, ADatasourceIsReachedByItsNumberToo) {
  const std::string made = body("POST", "/api/datasources", R"({"uid":"s","name":"n","type":"influxdb","access":"proxy","url":"http://x","secureJsonData":{"token":"abc"}})");
  const std::size_t at = made.find("\"id\":") + 5;
  const std::string id = made.substr(at, made.find(',', at) - at);
  EXPECT_EQ(status("GET", "/api/datasources/" + id), 200) << made;
  EXPECT_EQ(status("GET", "/api/datasources/uid/s/health"), 400) << "InfluxDB does not answer";
  grafana_.forward_to([](const FakeGrafana::Forwarded& forwarded) { return forwarded.path; });
  EXPECT_EQ(status("GET", "/api/datasources/uid/s/health"), 200);
  EXPECT_EQ(body("POST", "/api/datasources/proxy/" + id + "/api/v2/query", "{}"), "/api/v2/query");
  EXPECT_EQ(status("POST", "/api/datasources/proxy/4711/api/v2/query", "{}"), 404);
}

TEST_P(FakeGrafanaTest, APersonNamesTheirAccountAsTheyLikeAndGoesOnlyWhereTheyAreMember) {
  status("POST", "/api/admin/users", R"({"login":"v","password":"pass","OrgId":1})");
  status("POST", "/api/orgs", R"({"name":"other"})");
  Person viewer(grafana_.url(), "v", "pass");
  EXPECT_EQ(viewer.ask("PUT", "/api/user", R"({"login":"admin","email":"v"})").status, 409);
  EXPECT_EQ(viewer.ask("POST", "/api/user/using/" + std::to_string(grafana_.organization("other"))).status, 401);
  EXPECT_EQ(viewer.ask("POST", "/api/user/using/1").status, 200);
  EXPECT_EQ(viewer.ask("PUT", "/api/user", R"({"login":"\u00c9LAN \u0152 \u0178","email":"v"})").status, 200);
  EXPECT_EQ(status("GET", "/api/users/lookup?loginOrEmail=%C3%A9lan%20%C5%93%20%C3%BF"), 200) << "as Go lowers letters";
}

TEST_P(FakeGrafanaTest, HoldsItsAnswersUntilItIsLetGo) {
  grafana_.hold();
  std::thread later([this] { grafana_.let_go(); });
  EXPECT_EQ(status("GET", "/api/folders"), 200);
  later.join();
}

TEST_P(FakeGrafanaTest, GoesWrongOnceAsToldAndLogsWhatWasDone) {
  grafana_.go_wrong(1, Fault::refuse);
  EXPECT_EQ(status("POST", "/api/teams", R"({"name":"t"})"), 500);
  EXPECT_EQ(grafana_.changes(), 0U);
  grafana_.go_wrong(1, Fault::cut_after);
  EXPECT_THROW(status("POST", "/api/teams", R"({"name":"t"})"), std::runtime_error);
  EXPECT_EQ(grafana_.changes(), 1U);
  EXPECT_EQ(status("POST", "/api/teams", R"({"name":"t"})"), 409);
  grafana_.go_wrong(1, Fault::page);
  EXPECT_EQ(body("GET", "/api/folders").front(), '<');
  grafana_.go_wrong(1, Fault::broken_after);
  EXPECT_EQ(body("GET", "/api/org/users").back() == ']', false);
  EXPECT_EQ(status("GET", "/api/teams/search?name=a\"b"), 400);
}

}  // namespace
}  // namespace pv::testing
