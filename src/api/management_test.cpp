/// Companies, settings, users, tokens, SFTP accounts, the audit trail, files and their fates: what the routes do.
#include <atomic>

#include <gtest/gtest.h>
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "api/running_server_test.h"

namespace pv::api {
namespace {

using nlohmann::json;

class ManagementTest : public ::testing::Test {
 protected:
  ManagementTest() {
    running.options.bytes_used = [](const model::TenantName&) -> Result<std::uint64_t> { return 4711U; };
    running.options.sftp = {2022, {"SHA256:abc"}};
    running.options.wake_intake = [this] { ++wakes; };
    running.options.hook_secret = Secret("s3cret");
    running.options.take_hook = [this](std::string_view body) -> Result<std::string> {
      hooks.emplace_back(body);
      if (body == "{") return fail(Errc::invalid_input, "this is no JSON object");
      if (hook_is_away) return fail(Errc::io, "/srv/spool: disk full");
      return std::string("queued");
    };
    running.options.more_metrics = [](std::string& out) { out += "powerview_intake_files 3\n"; };
    running.start();
  }
  struct Answer {
    int status;
    json body;
  };
  Answer call(const std::string& user, const std::string& method, const std::string& path, const json& body = {}) {
    httplib::Client client("127.0.0.1", running.server->port());
    const auto headers = running.as(user);
    httplib::Request request;
    request.method = method;
    request.path = (path.starts_with("/hooks") ? "" : "/api/v1") + path;
    request.headers = {headers.begin(), headers.end()};
    if (!body.is_null()) request.body = body.dump();
    const auto response = client.send(request);
    if (!response) return {0, {}};
    return {response->status, response->body.empty() ? json() : json::parse(response->body)};
  }
  httplib::Result hook(const std::string& secret, const std::string& body) {
    return httplib::Client("127.0.0.1", running.server->port()).Post("/hooks/sftpgo", {{"X-PowerView-Hook", secret}}, body, "application/json");
  }

  std::atomic<int> wakes{0};
  std::vector<std::string> hooks;
  bool hook_is_away = false;
  RunningServer running;
};

TEST_F(ManagementTest, CompaniesAreCreatedDisabledAndRemoved) {
  const auto created = call("root", "POST", "/tenants", {{"name", "Été & Cie"}, {"zone", "Europe/Paris"}, {"quota", 1000}});
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.body["name"], "Été & Cie");
  EXPECT_EQ(created.body["settings"], json::parse(R"({"zone":"Europe/Paris","expected_step":null,"quota":1000})"));
  EXPECT_EQ(created.body["quota_used"], 4711);
  EXPECT_EQ(created.body["registered"], true);
  EXPECT_EQ(call("root", "POST", "/tenants", {{"name", "Été & Cie"}}).status, 409);
  EXPECT_EQ(call("root", "POST", "/tenants", {{"name", "../x"}}).status, 400);
  EXPECT_EQ(call("root", "POST", "/tenants", {{"name", "x"}, {"zone", "Mars/Olympus"}}).status, 400);
  const std::string path = "/tenants/%C3%89t%C3%A9%20%26%20Cie";
  EXPECT_EQ(call("root", "GET", path).status, 200);
  EXPECT_EQ(call("root", "PATCH", path, {{"standing", "disabled"}}).body["standing"], "disabled");
  EXPECT_EQ(call("root", "PATCH", path, {{"standing", "asleep"}}).status, 400);
  EXPECT_EQ(call("root", "DELETE", path).status, 204);
  EXPECT_EQ(call("root", "GET", path).status, 404);
  EXPECT_EQ(call("root", "GET", "/tenants/empty").body["registered"], false);
  EXPECT_EQ(call("root", "DELETE", "/tenants/empty").status, 409);
}

TEST_F(ManagementTest, SettingsAreSetAndUnsetWhole) {
  const json zone = {{"campaign", "site 1"}, {"zone", "Europe/Paris"}, {"expected_step", 600}, {"quota", nullptr}};
  EXPECT_EQ(call("acme.owner", "PUT", "/tenants/acme/settings", zone).status, 204);
  EXPECT_EQ(call("acme.viewer", "GET", "/tenants/acme/settings").body,
            json::parse(R"({"settings":[{"campaign":"site 1","device":null,"zone":"Europe/Paris","expected_step":600,"quota":null}]})"));
  EXPECT_EQ(call("acme.owner", "PUT", "/tenants/acme/settings", {{"zone", nullptr}, {"quota", nullptr}}).status, 400);
  EXPECT_EQ(call("acme.owner", "PUT", "/tenants/acme/settings", {{"device", "d"}, {"zone", nullptr}, {"expected_step", nullptr}, {"quota", nullptr}}).status, 400);
  EXPECT_EQ(call("acme.owner", "PUT", "/tenants/acme/settings",
                 {{"campaign", "site 1"}, {"zone", nullptr}, {"expected_step", nullptr}, {"quota", nullptr}}).status, 204);
  EXPECT_TRUE(call("acme.viewer", "GET", "/tenants/acme/settings").body["settings"].empty());
}

TEST_F(ManagementTest, OwnersManageTheUsersOfTheirCompany) {
  const auto created = call("acme.owner", "POST", "/tenants/acme/users", {{"name", "new"}, {"role", "editor"}});
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.body["user"]["must_change_password"], true);
  EXPECT_FALSE(created.body["password"].get<std::string>().empty());
  EXPECT_TRUE(created.body["user"]["last_sign_in"].is_null());
  EXPECT_EQ(call("acme.owner", "GET", "/tenants/acme/users").body["users"].size(), 4U);
  EXPECT_EQ(call("acme.owner", "POST", "/tenants/acme/users", {{"name", "boss"}, {"role", "admin"}}).status, 400);
  EXPECT_EQ(call("acme.owner", "PATCH", "/tenants/acme/users/new", {{"role", "admin"}}).status, 400);
  EXPECT_EQ(call("acme.owner", "PATCH", "/tenants/acme/users/new", {{"role", "viewer"}, {"standing", "disabled"}}).body["user"]["standing"], "disabled");
  const auto reset = call("acme.owner", "PATCH", "/tenants/acme/users/new", {{"reset_password", true}});
  EXPECT_NE(reset.body["password"], created.body["password"]);
  EXPECT_EQ(call("acme.owner", "DELETE", "/tenants/acme/users/new").status, 204);
  EXPECT_EQ(call("acme.owner", "DELETE", "/tenants/acme/users/new").status, 404);
  EXPECT_EQ(call("acme.owner", "PATCH", "/tenants/acme/users/root", {{"reset_password", true}}).status, 404);
  // That a name is taken elsewhere must be told; whose it is must not.
  const auto taken = call("acme.owner", "POST", "/tenants/acme/users", {{"name", "rival.owner"}, {"role", "viewer"}});
  EXPECT_EQ(taken.status, 409);
  EXPECT_EQ(taken.body["detail"].get<std::string>().find("company"), std::string::npos);
}

TEST_F(ManagementTest, AdministratorsManageAdministrators) {
  EXPECT_EQ(call("root", "POST", "/users", {{"name", "second"}}).body["user"]["role"], "admin");
  EXPECT_EQ(call("root", "POST", "/users", {{"name", "third"}, {"role", "viewer"}}).status, 400);
  EXPECT_EQ(call("root", "GET", "/users").body["users"].size(), 2U);
  EXPECT_EQ(call("root", "PATCH", "/users/acme.owner", {{"reset_password", true}}).status, 404);
  EXPECT_EQ(call("root", "DELETE", "/users/second").status, 204);
  EXPECT_EQ(call("root", "DELETE", "/users/root").status, 409);  // the last one stays
}

TEST_F(ManagementTest, TokensAreShownOnce) {
  const auto created = call("acme.owner", "POST", "/tenants/acme/tokens", {{"name", "nightly"}, {"scope", "read"}});
  ASSERT_EQ(created.status, 201);
  const std::string secret = created.body["secret"];
  EXPECT_TRUE(secret.starts_with("pv_"));
  EXPECT_EQ(created.body["token"]["created_by"], "acme.owner");
  EXPECT_EQ(call("acme.owner", "GET", "/tenants/acme/tokens").body.dump().find(secret), std::string::npos);
  httplib::Client program("127.0.0.1", running.server->port());
  const httplib::Headers bearer = {{"Authorization", "Bearer " + secret}};
  EXPECT_EQ(program.Get("/api/v1/tenants", bearer)->status, 200);
  EXPECT_EQ(call("acme.owner", "PATCH", "/tenants/acme/tokens/nightly", {{"standing", "disabled"}}).status, 200);
  EXPECT_EQ(program.Get("/api/v1/tenants", bearer)->status, 401);
  EXPECT_EQ(call("acme.owner", "DELETE", "/tenants/acme/tokens/nightly").status, 204);
  EXPECT_EQ(call("acme.owner", "DELETE", "/tenants/acme/tokens/nightly").status, 404);
  EXPECT_EQ(call("acme.owner", "POST", "/tenants/acme/tokens", {{"name", "t"}, {"scope", "all"}}).status, 400);
  EXPECT_EQ(call("acme.owner", "POST", "/tenants/acme/tokens", {{"name", "t"}, {"scope", "read"}, {"expires", 5}}).status, 400);
}

TEST_F(ManagementTest, SftpAccountsHavePasswordsAndKeys) {
  const std::string key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPmEPAPwY47SMAK7F8dArkICYuBw3Yf4ePeeBcIrTn1X site@acme";
  const auto created = call("acme.owner", "POST", "/tenants/acme/sftp-accounts", {{"name", "site-a"}, {"key", key}});
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.body["account"]["has_password"], false);
  ASSERT_EQ(created.body["account"]["keys"].size(), 1U);
  const std::string fingerprint = created.body["account"]["keys"][0]["fingerprint"];
  const auto listed = call("acme.owner", "GET", "/tenants/acme/sftp-accounts");
  EXPECT_EQ(listed.body["server"], json::parse(R"({"port":2022,"fingerprints":["SHA256:abc"]})"));
  EXPECT_EQ(call("acme.owner", "PATCH", "/tenants/acme/sftp-accounts/site-a", {{"password", "a long enough password"}}).body["account"]["has_password"], true);
  EXPECT_EQ(call("acme.owner", "PATCH", "/tenants/acme/sftp-accounts/site-a", {{"password", nullptr}}).body["account"]["has_password"], false);
  EXPECT_EQ(call("acme.owner", "POST", "/tenants/acme/sftp-accounts/site-a/keys", {{"key", key}}).status, 409);
  std::string encoded;
  for (const char c : fingerprint) encoded += c == '/' ? "%2F" : c == '+' ? "%2B" : std::string(1, c);
  EXPECT_EQ(call("acme.owner", "DELETE", "/tenants/acme/sftp-accounts/site-a/keys/" + encoded).status, 204);
  EXPECT_EQ(call("acme.owner", "POST", "/tenants/acme/sftp-accounts", {{"name", "site-b"}, {"key", "rubbish"}}).status, 400);
  EXPECT_EQ(call("acme.owner", "GET", "/tenants/acme/sftp-accounts").body["accounts"].size(), 1U);  // nothing is left of site-b
  EXPECT_EQ(call("acme.owner", "DELETE", "/tenants/acme/sftp-accounts/site-a").status, 204);
}

TEST_F(ManagementTest, FilesAreShownAndDecidedOn) {
  for (const char* user : {"acme.viewer", "acme.editor", "acme.owner", "root"}) running.as(user);  // signing in is on the audit trail, too
  const auto held = running.given_arrival("acme", "T302_h.tsv");
  running.hold(held);
  const auto other = running.given_arrival("acme", "T302_o.tsv");
  const std::string path = "/tenants/acme/arrivals/" + std::to_string(held.value);
  const auto shown = call("acme.viewer", "GET", path);
  EXPECT_EQ(shown.body["state"], "held");
  EXPECT_EQ(shown.body["path"], "acme/site 1/02001000/T302_h.tsv");
  EXPECT_EQ(shown.body["way"], "sftp");
  EXPECT_EQ(shown.body["evidence"], json::parse(R"([{"what":"229.1 to 246.8","column":"Voie1"}])"));
  EXPECT_EQ(shown.body["receipt"]["nb_rows"], 3);
  EXPECT_TRUE(call("acme.viewer", "GET", "/tenants/acme/arrivals?state=held").body["files"][0]["receipt"].is_null());
  EXPECT_EQ(call("acme.viewer", "GET", "/tenants/acme/arrivals?waiting=1&limit=1").body["files"].size(), 1U);
  EXPECT_EQ(call("acme.viewer", "GET", "/tenants/acme/arrivals?campaign=other").body["files"].size(), 0U);
  EXPECT_EQ(call("acme.viewer", "GET", "/tenants/acme/arrivals?before=" + std::to_string(other.value)).body["files"].size(), 1U);
  EXPECT_EQ(call("acme.viewer", "GET", "/tenants/acme/arrivals?state=lost").status, 400);
  EXPECT_EQ(call("acme.viewer", "GET", "/tenants/acme/arrivals/none").status, 404);

  EXPECT_EQ(call("acme.editor", "POST", path + "/accept", {{"header_of", "rival/site 1/02001000/T302_r.tsv"}}).status, 400);
  EXPECT_EQ(wakes, 0);
  const auto accepted = call("acme.editor", "POST", path + "/accept", {{"header_of", "acme/site 1/02001000/T302_o.tsv"}});
  ASSERT_EQ(accepted.status, 200) << accepted.body;
  EXPECT_EQ(accepted.body["accepted_by"], "acme.editor");
  EXPECT_EQ(accepted.body["header_of"], "acme/site 1/02001000/T302_o.tsv");
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(call("acme.editor", "POST", path + "/accept", json::object()).status, 409);
  const auto audit = call("acme.owner", "GET", "/tenants/acme/audit?limit=1").body["entries"][0];
  EXPECT_EQ(audit["action"], "file.accept");
  EXPECT_EQ(audit["who"], "acme.editor");
  EXPECT_EQ(audit["subject"], "acme/site 1/02001000/T302_h.tsv");
  EXPECT_FALSE(audit.contains("tenant"));
  EXPECT_EQ(call("root", "GET", "/audit?limit=1").body["entries"][0]["tenant"], "acme");
}

TEST_F(ManagementTest, TheServersOwnTroublesWithAFileAreToldInShort) {
  const auto file = running.given_arrival("acme", "T302_w.tsv");
  given(running.ledger->claim_these(std::span(&file, 1)));
  const ingest::Ledger::Step step{.id = file, .event = ingest::FileEvent::postpone, .reason = "store_unavailable",
                                  .message = "/var/lib/state/stores/acme.sqlite: opening failed"};
  given(running.ledger->record(std::span(&step, 1)));
  const auto shown = call("acme.viewer", "GET", "/tenants/acme/arrivals/" + std::to_string(file.value));
  EXPECT_EQ(shown.body["reason"], "store_unavailable");
  EXPECT_EQ(shown.body["message"], "the server could not reach the company's store; it tries again by itself");
  EXPECT_EQ(given(running.ledger->entry(file)).message, "/var/lib/state/stores/acme.sqlite: opening failed") << "in full for administrators on the machine";
}

TEST_F(ManagementTest, TheHookKeepsWhatItIsToldAndAnswers200) {
  EXPECT_EQ(hook("s3cret", R"({"action":"upload"})")->body, R"({"result":"queued"})");
  EXPECT_EQ(hook("s3cret", R"({"action":"upload"})")->status, 200);  // duplicates are harmless
  EXPECT_EQ(hooks.size(), 2U);
  EXPECT_EQ(hook("s3cre", "{}")->status, 401);
  EXPECT_EQ(hook("", "{}")->status, 401);
  EXPECT_EQ(hooks.size(), 2U);
  EXPECT_EQ(hook("s3cret", "{")->status, 400);
  hook_is_away = true;
  const auto away = hook("s3cret", "{}");
  EXPECT_EQ(away->status, 503);
  EXPECT_EQ(away->body.find("/srv"), std::string::npos);
}

TEST(HookTest, WithoutASecretThereIsNoSuchRoute) {
  RunningServer running;
  running.options.take_hook = [](std::string_view) -> Result<std::string> { return std::string("kept"); };
  running.start();
  httplib::Client client("127.0.0.1", running.server->port());
  const auto none = client.Post("/hooks/none", "{}", "application/json");
  EXPECT_EQ(none->status, 404);
  for (const char* secret : {"", "x"}) {
    const auto answer = client.Post("/hooks/sftpgo", {{"X-PowerView-Hook", secret}}, "{}", "application/json");
    EXPECT_EQ(answer->body, none->body);
  }
  EXPECT_EQ(client.Get("/hooks/sftpgo")->body, none->body);
}

TEST_F(ManagementTest, MetricsHoldTheIntakesToo) {
  EXPECT_NE(httplib::Client("127.0.0.1", running.server->port()).Get("/metrics")->body.find("powerview_intake_files 3\n"), std::string::npos);
}

}  // namespace
}  // namespace pv::api
