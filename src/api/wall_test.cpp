/// The walls between companies, made from docs/openapi.yaml: each operation is called as everybody who may not use it. An operation
/// without a role, or with one that the tests do not know, fails.
#include <algorithm>
#include <map>

#include <gtest/gtest.h>
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "api/documented_test.h"
#include "api/running_server_test.h"

namespace pv::api {
namespace {

using nlohmann::json;
using Headers = std::multimap<std::string, std::string>;

class WallTest : public ::testing::Test {
 protected:
  WallTest() {
    running.options.take_hook = [](std::string_view) -> Result<std::string> { return std::string("kept"); };
    running.options.hook_secret = Secret("the hook's");
    running.start();
    const auto rival = given(model::TenantName::parse("rival"));
    given(running.people.registry->create_sftp_account("rival-site", rival, Secret("another long password"), running.people.by));
    given(running.people.registry->create_sftp_account("acme-site", given(model::TenantName::parse("acme")), std::nullopt, running.people.by));
    rival_file = running.given_arrival("rival", "T302_r.tsv");
    acme_file = running.given_arrival("acme", "T302_a.tsv");
    running.hold(rival_file);
    running.hold(acme_file);
  }

  /// Real things of that company stand for the parameters.
  std::string path_of(const DocumentedOperation& operation, const std::string& company) const {
    const std::map<std::string, std::string> values = {
        {"{tenant}", company},
        {"{campaign}", "site%201"},
        {"{device}", "02001000"},
        {"{name}", "T302_1.tsv"},
        {"{user}", company + ".viewer"},
        {"{token}", "reader"},
        {"{account}", company + "-site"},
        {"{fingerprint}", "SHA256:x"},
        {"{file}", std::to_string((company == "rival" ? rival_file : acme_file).value)},
        {"{session}", "1"},
    };
    std::string path = operation.path;
    for (const auto& [name, value] : values) {
      if (const auto at = path.find(name); at != std::string::npos) path.replace(at, name.size(), value);
    }
    EXPECT_EQ(path.find('{'), std::string::npos) << path << ": this test has no value for the parameter";
    return path;
  }

  httplib::Result call(const std::string& method, const std::string& path, const Headers& headers) const {
    httplib::Client client("127.0.0.1", running.server->port());
    httplib::Request request;
    request.method = method;
    std::transform(method.begin(), method.end(), request.method.begin(), [](char c) { return static_cast<char>(c - 32); });
    request.path = path;
    request.headers = {headers.begin(), headers.end()};
    if (method != "get") request.body = "{}";
    // Streams without end are left once their head is there.
    request.response_handler = [](const httplib::Response& response) {
      return response.get_header_value("Content-Type") != "text/event-stream";
    };
    return client.send(request);
  }
  int status(const std::string& method, const std::string& path, const Headers& headers) const {
    const auto response = call(method, path, headers);
    return response ? response->status : 0;
  }

  RunningServer running;
  model::FileId rival_file, acme_file;
};

const std::map<std::string, int> kRanks = {{"viewer", 0}, {"hand_in", 1}, {"editor", 1}, {"owner", 2}, {"admin", 3}};

bool is_of_a_company(const DocumentedOperation& operation) { return operation.path.find("{tenant}") != std::string::npos; }

TEST_F(WallTest, EveryOperationHasARoleThatIsKnown) {
  const auto operations = documented_operations();
  EXPECT_GT(operations.size(), 50U);
  for (const DocumentedOperation& operation : operations) {
    const bool other = operation.role == "open" || operation.role == "signed_in" || operation.role == "person" || operation.role == "hook" ||
                       operation.role == "metrics";
    EXPECT_TRUE(other || kRanks.contains(operation.role)) << operation.method << ' ' << operation.path << ": x-powerview-role";
    // What belongs to a company is nobody's else: such a path may not be open to everybody who is signed in.
    EXPECT_TRUE(!is_of_a_company(operation) || kRanks.contains(operation.role)) << operation.path;
  }
}

TEST_F(WallTest, NobodyGetsAnythingThatIsNotOpen) {
  for (const DocumentedOperation& operation : documented_operations()) {
    if (operation.role == "open" || operation.role == "metrics") continue;
    for (const Headers& headers : {Headers{}, Headers{{"Authorization", "Bearer pv_0000000000000000000000000000000000000000000"}},
                                   Headers{{"Authorization", "Basic cm9vdDpyb290"}}, Headers{{"Cookie", "powerview=unknown"}, {"X-PowerView", "1"}},
                                   Headers{{"X-PowerView-Hook", "the hook'"}}}) {
      const auto response = call(operation.method, path_of(operation, "acme"), headers);
      ASSERT_TRUE(response) << operation.method << ' ' << operation.path;
      EXPECT_EQ(response->status, 401) << operation.method << ' ' << operation.path;
      EXPECT_EQ(response->body.find("acme"), std::string::npos) << operation.path;
    }
  }
}

/// All that the answer says but what was asked for.
std::string likeness(const httplib::Result& response, const std::string& name) {
  if (!response) return "none";
  std::string text = std::to_string(response->status) + response->body;
  for (const auto& [key, value] : response->headers) text += key + value;
  for (std::size_t at = 0; (at = text.find(name)) != std::string::npos;) text.replace(at, name.size(), "?");
  return text;
}

TEST_F(WallTest, WhatIsAnothersAnswersAsWhatIsNotThere) {
  const Headers callers[] = {running.as("acme.viewer"), running.as("acme.editor"), running.as("acme.owner"), running.with("acme.read"),
                             running.with("acme.write")};
  for (const DocumentedOperation& operation : documented_operations()) {
    if (!is_of_a_company(operation)) continue;
    std::string nowhere = path_of(operation, "rival");
    nowhere.replace(nowhere.find("rival"), 5, "ghost");
    for (const Headers& caller : callers) {
      const auto another = call(operation.method, path_of(operation, "rival"), caller);
      ASSERT_TRUE(another) << operation.path;
      EXPECT_EQ(another->status, 404) << operation.method << ' ' << operation.path << another->body;
      EXPECT_EQ(likeness(another, "rival"), likeness(call(operation.method, nowhere, caller), "ghost")) << operation.method << ' ' << operation.path;
    }
  }
  // Nothing of it was done.
  EXPECT_EQ(running.people.registry->users(given(model::TenantName::parse("rival")))->size(), 3U);
  EXPECT_EQ(running.people.registry->tokens(given(model::TenantName::parse("rival")))->size(), 2U);
  EXPECT_EQ(running.ledger->entry(rival_file)->state, ingest::FileState::held);
  EXPECT_TRUE(running.desk->files().empty());
}

TEST_F(WallTest, IdsOfAnotherCompanyUnderOnesOwnAreNotThere) {
  int tried = 0;
  for (const DocumentedOperation& operation : documented_operations()) {
    const bool has_id = operation.path.find("{user}") != std::string::npos || operation.path.find("{file}") != std::string::npos ||
                        operation.path.find("{account}") != std::string::npos;
    if (!is_of_a_company(operation) || !has_id) continue;
    std::string path = path_of(operation, "rival");
    path.replace(path.find("/tenants/rival/"), 15, "/tenants/acme/");
    httplib::Client client("127.0.0.1", running.server->port());
    const auto headers = running.as("acme.owner");
    httplib::Request request;
    request.method = operation.method;
    std::transform(operation.method.begin(), operation.method.end(), request.method.begin(), [](char c) { return static_cast<char>(c - 32); });
    request.path = path;
    request.headers = {headers.begin(), headers.end()};
    request.body = operation.path.ends_with("/keys") ? R"({"key":"x"})" : "{}";
    const auto response = client.send(request);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 404) << operation.method << ' ' << path << response->body;
    EXPECT_EQ(response->body.find("rival"), std::string::npos) << response->body;
    ++tried;
  }
  EXPECT_GT(tried, 8);
  EXPECT_EQ(running.people.registry->sftp_account("rival-site")->has_password, true);
  EXPECT_EQ(running.ledger->entry(rival_file)->state, ingest::FileState::held);
}

TEST_F(WallTest, ARoleThatIsTooSmallIsTold) {
  const std::map<std::string, int> users = {{"acme.viewer", 0}, {"acme.editor", 1}, {"acme.owner", 2}};
  for (const DocumentedOperation& operation : documented_operations()) {
    const auto rank = kRanks.find(operation.role);
    if (rank == kRanks.end()) continue;
    const std::string path = path_of(operation, "acme");
    for (const auto& [user, own] : users) {
      if (own >= rank->second) continue;
      EXPECT_EQ(status(operation.method, path, running.as(user)), 403) << user << ' ' << operation.method << ' ' << path;
    }
    if (rank->second == 0) continue;
    EXPECT_EQ(status(operation.method, path, running.with("acme.read")), 403) << operation.method << ' ' << path;
    if (operation.role != "hand_in") {
      EXPECT_EQ(status(operation.method, path, running.with("acme.write")), 403) << operation.method << ' ' << path;
      EXPECT_EQ(status(operation.method, path, running.with("installation")), 403) << operation.method << ' ' << path;
    }
  }
}

TEST_F(WallTest, ARefusalSaysInWordsWhatIsNeeded) {
  httplib::Client client("127.0.0.1", running.server->port());
  const auto viewer = running.as("acme.viewer");
  const auto refused = client.Put("/api/v1/tenants/acme/campaigns/c/devices/d/files/T302_1.tsv", {viewer.begin(), viewer.end()}, "T302", "text/plain");
  EXPECT_EQ(refused->status, 403);
  EXPECT_NE(refused->body.find("editor of the company"), std::string::npos) << refused->body;
  EXPECT_EQ(refused->body.find("hand_in"), std::string::npos) << refused->body;
}

TEST_F(WallTest, TokensHaveNoAccount) {
  for (const DocumentedOperation& operation : documented_operations()) {
    if (operation.role != "person") continue;
    EXPECT_EQ(status(operation.method, path_of(operation, "acme"), running.with("acme.write")), 403) << operation.path;
  }
}

TEST_F(WallTest, WhoMayReadDoes) {
  for (const DocumentedOperation& operation : documented_operations()) {
    if (operation.method != "get" || operation.role == "open" || operation.role == "admin") continue;
    std::string path = path_of(operation, "acme");
    if (path.ends_with("/export")) path += "?to=csv";
    const bool for_owners = operation.role == "owner";
    if (operation.role == "metrics") continue;
    EXPECT_EQ(status("get", path, running.as(for_owners ? "acme.owner" : "acme.viewer")), operation.path == "/api/v1/stream" ? 0 : 200) << path;
    if (!for_owners && operation.role != "person") {
      EXPECT_EQ(status("get", path, running.with("acme.read")), operation.path == "/api/v1/stream" ? 0 : 200) << path;
    }
    EXPECT_EQ(status("get", path, running.as("root")), operation.path == "/api/v1/stream" ? 0 : 200) << path;
  }
}

TEST_F(WallTest, ListsHoldWhatIsOnesOwn) {
  const auto listed = [&](const std::string& path, const Headers& headers) { return call("get", path, headers)->body; };
  EXPECT_EQ(json::parse(listed("/api/v1/tenants", running.as("acme.viewer")))["tenants"].size(), 1U);
  EXPECT_EQ(json::parse(listed("/api/v1/tenants", running.with("rival.read")))["tenants"][0]["name"], "rival");
  EXPECT_EQ(json::parse(listed("/api/v1/tenants", running.as("root")))["tenants"].size(), 3U);
  EXPECT_EQ(json::parse(listed("/api/v1/tenants", running.with("installation")))["tenants"].size(), 3U);
  const json own = json::parse(listed("/api/v1/tenants/acme/arrivals", running.as("acme.viewer")));
  EXPECT_EQ(own["files"].size(), 1U);
  EXPECT_EQ(own["counts"], json::parse(R"({"received":0,"claimed":0,"parsed":0,"committed":0,"held":1,"rejected":0})"));
  EXPECT_EQ(json::parse(listed("/api/v1/arrivals", running.as("root")))["files"].size(), 2U);
  for (const char* path : {"/users", "/tokens", "/sftp-accounts", "/audit", "/settings", "/arrivals"}) {
    EXPECT_EQ(listed("/api/v1/tenants/acme" + std::string(path), running.as("acme.owner")).find("rival"), std::string::npos) << path;
  }
  EXPECT_EQ(listed("/api/v1/users", running.as("root")).find("acme"), std::string::npos);
}

TEST_F(WallTest, RepliesAreNotSharedBetweenPeople) {
  const std::string path = "/api/v1/tenants/acme/campaigns/site%201";
  const auto viewer = call("get", path, running.as("acme.viewer"));
  EXPECT_NE(viewer->get_header_value("Cache-Control").find("private"), std::string::npos);
  EXPECT_NE(viewer->get_header_value("Vary").find("Cookie"), std::string::npos);
  EXPECT_NE(viewer->get_header_value("ETag"), call("get", path, running.as("acme.owner"))->get_header_value("ETag"));
  for (const char* rest : {"/session", "/account/sessions", "/tenants", "/tenants/acme/users", "/tenants/acme/tokens", "/tenants/acme/arrivals"}) {
    EXPECT_EQ(call("get", "/api/v1" + std::string(rest), running.as("acme.owner"))->get_header_value("Cache-Control"), "no-store") << rest;
  }
  Headers stale = running.as("rival.viewer");
  stale.emplace("If-None-Match", viewer->get_header_value("ETag"));
  EXPECT_EQ(call("get", path, stale)->status, 404);
  stale = {{"If-None-Match", "*"}};
  EXPECT_EQ(call("get", path, stale)->status, 401);
}

TEST_F(WallTest, MetricsAreForThisMachineAndThoseWhoSeeAll) {
  EXPECT_EQ(status("get", "/metrics", {}), 200);
  EXPECT_EQ(status("get", "/metrics", {{"Host", "evil.example"}}), 401);
  EXPECT_EQ(status("get", "/metrics", {{"X-Forwarded-For", "192.0.2.7"}}), 401);
  EXPECT_EQ(status("get", "/metrics", running.as("acme.owner")), 403);
  EXPECT_EQ(status("get", "/metrics", running.with("acme.read")), 403);
  EXPECT_EQ(status("get", "/metrics", running.as("root")), 200);
  EXPECT_EQ(status("get", "/metrics", running.with("installation")), 200);
}

}  // namespace
}  // namespace pv::api
