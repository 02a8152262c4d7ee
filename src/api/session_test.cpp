/// Signing in and out, cookies, other sites' pages, accounts.
#include <gtest/gtest.h>
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "api/running_server_test.h"
#include "tenancy/totp.h"

namespace pv::api {
namespace {

using nlohmann::json;

/// The secret of an "otpauth://" address, as an authenticator reads it (base32 of RFC 4648).
std::vector<std::byte> secret_of(const std::string& uri) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::vector<std::byte> bytes;
  unsigned buffer = 0, bits = 0;
  for (std::size_t at = uri.find("secret=") + 7; at < uri.size() && uri[at] != '&'; ++at) {
    buffer = (buffer << 5U | static_cast<unsigned>(kLetters.find(uri[at]))) & 0xfffU;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<std::byte>(buffer >> bits & 0xffU));
  }
  return bytes;
}

class SessionTest : public ::testing::Test {
 protected:
  explicit SessionTest(Transport transport = Transport::http) {
    running.options.transport = transport;
    running.start();
  }
  httplib::Client client() const { return httplib::Client("127.0.0.1", running.server->port()); }
  httplib::Headers as(const std::string& user) {
    const auto headers = running.as(user);
    return {headers.begin(), headers.end()};
  }
  httplib::Result sign_in(const std::string& user, const std::string& password, httplib::Headers headers = {}) const {
    return client().Post("/api/v1/session", headers, json{{"user", user}, {"password", password}}.dump(), "application/json");
  }
  /// "powerview=…" of a reply.
  static std::string cookie_of(const httplib::Result& reply) {
    const std::string set = reply->get_header_value("Set-Cookie");
    return set.substr(0, set.find(';'));
  }

  RunningServer running;
};

class BehindHttpsTest : public SessionTest {
 protected:
  BehindHttpsTest() : SessionTest(Transport::https) {}
};

TEST_F(SessionTest, SigningInGivesACookieThatScriptsAndOtherSitesNeverSee) {
  const auto reply = sign_in("acme.viewer", People::kPassword);
  ASSERT_EQ(reply->status, 200) << reply->body;
  EXPECT_EQ(json::parse(reply->body), json::parse(R"({"user":{"name":"acme.viewer","role":"viewer","tenant":"acme","second_factor":false,
            "must_change_password":false}})"));
  const std::string set = reply->get_header_value("Set-Cookie");
  EXPECT_TRUE(set.starts_with("powerview="));
  for (const char* attribute : {"; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age="}) EXPECT_NE(set.find(attribute), std::string::npos) << set;
  EXPECT_EQ(set.find("Domain"), std::string::npos);
  EXPECT_EQ(reply->get_header_value("Cache-Control"), "no-store");
  EXPECT_FALSE(reply->has_header("Strict-Transport-Security"));
  const auto shown = client().Get("/api/v1/session", {{"Cookie", "theme=dark; " + cookie_of(reply) + "; x=y"}});
  EXPECT_EQ(json::parse(shown->body)["user"]["name"], "acme.viewer");
  EXPECT_EQ(json::parse(shown->body)["version"], "1.2.3");
  const auto admin = client().Get("/api/v1/session", as("root"));
  EXPECT_TRUE(json::parse(admin->body)["user"]["tenant"].is_null());
}

TEST_F(BehindHttpsTest, CookiesAreSecureAndOfThisHostOnly) {
  const auto reply = sign_in("acme.viewer", People::kPassword);
  const std::string set = reply->get_header_value("Set-Cookie");
  EXPECT_TRUE(set.starts_with("__Host-powerview="));
  EXPECT_NE(set.find("; Secure"), std::string::npos);
  EXPECT_NE(set.find("; Path=/"), std::string::npos);
  EXPECT_NE(reply->get_header_value("Strict-Transport-Security"), "");
  EXPECT_EQ(client().Get("/api/v1/session", {{"Cookie", cookie_of(reply)}})->status, 200);
  const std::string without_prefix = cookie_of(reply).substr(std::string("__Host-").size());
  EXPECT_EQ(client().Get("/api/v1/session", {{"Cookie", without_prefix}})->status, 401);
}

TEST_F(BehindHttpsTest, TheProxySaysWhereAClientIs) {
  const auto reply = sign_in("acme.viewer", People::kPassword, {{"X-Forwarded-For", "203.0.113.9, 198.51.100.7"}, {"User-Agent", "a\tb"}});
  const auto sessions = json::parse(client().Get("/api/v1/account/sessions", {{"Cookie", cookie_of(reply)}})->body)["sessions"];
  ASSERT_EQ(sessions.size(), 1U);
  EXPECT_EQ(sessions[0]["address"], "198.51.100.7");
  EXPECT_EQ(sessions[0]["current"], true);
}

TEST_F(SessionTest, WithoutAProxyAClientCannotSayWhereItIs) {
  const auto reply = sign_in("acme.viewer", People::kPassword, {{"X-Forwarded-For", "198.51.100.7"}});
  const auto sessions = json::parse(client().Get("/api/v1/account/sessions", {{"Cookie", cookie_of(reply)}})->body)["sessions"];
  EXPECT_EQ(sessions[0]["address"], "127.0.0.1");
}

TEST_F(SessionTest, ARefusalDoesNotTellWhetherThereIsSuchAnAccount) {
  given(running.people.registry->set_standing(given(running.people.registry->user("rival.viewer")), tenancy::Standing::disabled, running.people.by));
  const auto wrong = sign_in("acme.viewer", "not the password");
  EXPECT_EQ(wrong->status, 401);
  EXPECT_EQ(json::parse(wrong->body)["reason"], "wrong");
  EXPECT_FALSE(wrong->has_header("Set-Cookie"));
  EXPECT_EQ(sign_in("nobody", "not the password")->body, wrong->body);
  EXPECT_EQ(sign_in("rival.viewer", People::kPassword)->body, wrong->body);
  EXPECT_EQ(sign_in(std::string(5000, 'x'), "y")->body, wrong->body);
}

TEST_F(SessionTest, ManyAttemptsAreThrottledAndOthersAreNot) {
  httplib::Result last = sign_in("acme.viewer", "not the password");
  for (int i = 0; i < 30 && last->status == 401; ++i) last = sign_in("acme.viewer", "not the password");
  ASSERT_EQ(last->status, 429);
  EXPECT_EQ(json::parse(last->body)["reason"], "throttled");
  EXPECT_GE(std::stoi(last->get_header_value("Retry-After")), 1);
  EXPECT_EQ(sign_in("acme.editor", People::kPassword)->status, 200);
}

TEST_F(SessionTest, ASessionThatWasThereBeforeIsNeverTakenOver) {
  const std::string planted = running.people.session("rival.viewer");
  const auto reply = sign_in("acme.viewer", People::kPassword, {{"Cookie", "powerview=" + planted}, {"X-PowerView", "1"}});
  ASSERT_EQ(reply->status, 200);
  EXPECT_NE(cookie_of(reply), "powerview=" + planted);
  EXPECT_EQ(client().Get("/api/v1/session", {{"Cookie", "powerview=" + planted}})->status, 401);
  const auto made_up = sign_in("acme.viewer", People::kPassword, {{"Cookie", "powerview=chosen-by-somebody"}, {"X-PowerView", "1"}});
  EXPECT_NE(cookie_of(made_up), "powerview=chosen-by-somebody");
  EXPECT_EQ(client().Get("/api/v1/session", {{"Cookie", "powerview=chosen-by-somebody"}})->status, 401);
  // Two cookies of the name: one of them may be another host's.
  EXPECT_EQ(client().Get("/api/v1/session", {{"Cookie", cookie_of(reply) + "; powerview=x"}})->status, 401);
}

TEST_F(SessionTest, SigningOutEndsTheSession) {
  const auto out = client().Delete("/api/v1/session", as("acme.viewer"));
  EXPECT_EQ(out->status, 204);
  EXPECT_NE(out->get_header_value("Set-Cookie").find("Max-Age=0"), std::string::npos);
  const auto after = client().Get("/api/v1/session", as("acme.viewer"));
  EXPECT_EQ(after->status, 401);
  EXPECT_EQ(after->get_header_value("WWW-Authenticate"), "Bearer");
}

TEST_F(SessionTest, ASessionExpiresAndEndsWithItsCompany) {
  EXPECT_EQ(client().Get("/api/v1/session", as("acme.viewer"))->status, 200);
  EXPECT_EQ(client().Get("/api/v1/session", as("rival.viewer"))->status, 200);
  given(running.people.registry->set_standing(given(model::TenantName::parse("rival")), tenancy::Standing::disabled, running.people.by));
  EXPECT_EQ(client().Get("/api/v1/session", as("rival.viewer"))->status, 401);
  EXPECT_EQ(client().Get("/api/v1/tenants", {{"Authorization", "Bearer " + running.people.tokens.at("rival.read")}})->status, 401);
  running.people.ahead_s = 8 * 86'400;
  EXPECT_EQ(client().Get("/api/v1/session", as("acme.viewer"))->status, 401);
}

TEST_F(SessionTest, PagesOfOtherSitesCannotChangeAnything) {
  const std::string path = "/api/v1/account/password";
  const std::string body = json{{"current", People::kPassword}, {"next", "another long password"}}.dump();
  const std::string cookie = "powerview=" + running.people.session("acme.viewer");
  const auto put = [&](httplib::Headers headers) {
    headers.emplace("Cookie", cookie);
    return client().Put(path, headers, body, "application/json")->status;
  };
  EXPECT_EQ(put({}), 403);
  EXPECT_EQ(put({{"X-PowerView", "0"}}), 403);
  for (const char* site : {"cross-site", "same-site", "none"}) EXPECT_EQ(put({{"X-PowerView", "1"}, {"Sec-Fetch-Site", site}}), 403) << site;
  for (const char* origin : {"null", "https://evil.example", "http://localhost.evil.example", "file://"}) {
    EXPECT_EQ(put({{"X-PowerView", "1"}, {"Origin", origin}}), 403) << origin;
  }
  // A sign-in, too, would let them put somebody else's session into the browser.
  EXPECT_EQ(sign_in("acme.viewer", People::kPassword, {{"Origin", "https://evil.example"}})->status, 403);
  EXPECT_EQ(sign_in("acme.viewer", People::kPassword, {{"Sec-Fetch-Site", "cross-site"}})->status, 403);
  const std::string own = "http://127.0.0.1:" + std::to_string(running.server->port());
  EXPECT_EQ(put({{"X-PowerView", "1"}, {"Origin", own}}), 204);
}

TEST_F(SessionTest, ChangingThePasswordEndsAllOtherSessions) {
  const auto other = sign_in("acme.viewer", People::kPassword);
  const auto change = [&](const std::string& current, const std::string& next) {
    return client().Put("/api/v1/account/password", as("acme.viewer"), json{{"current", current}, {"next", next}}.dump(), "application/json");
  };
  EXPECT_EQ(change("wrong", "another long password")->status, 403);
  EXPECT_EQ(change(People::kPassword, "short")->status, 400);
  EXPECT_EQ(change(People::kPassword, "another long password")->status, 204);
  EXPECT_EQ(client().Get("/api/v1/session", as("acme.viewer"))->status, 200);
  EXPECT_EQ(client().Get("/api/v1/session", {{"Cookie", cookie_of(other)}})->status, 401);
  EXPECT_EQ(sign_in("acme.viewer", People::kPassword)->status, 401);
}

TEST_F(SessionTest, WhoMustChangeHisPasswordCanDoNothingElse) {
  const Secret made = given(running.people.registry->reset_password(given(running.people.registry->user("acme.viewer")), running.people.by));
  const auto signed_in = sign_in("acme.viewer", made.reveal());
  EXPECT_EQ(json::parse(signed_in->body)["user"]["must_change_password"], true);
  const httplib::Headers headers = {{"Cookie", cookie_of(signed_in)}, {"X-PowerView", "1"}};
  const auto refused = client().Get("/api/v1/tenants", headers);
  EXPECT_EQ(refused->status, 403);
  EXPECT_EQ(json::parse(refused->body)["reason"], "password_change_needed");
  EXPECT_EQ(client().Get("/api/v1/tenants/acme/campaigns", headers)->status, 403);
  EXPECT_EQ(client().Get("/api/v1/session", headers)->status, 200);
  EXPECT_EQ(client().Put("/api/v1/account/password", headers, json{{"current", made.reveal()}, {"next", "another long password"}}.dump(),
                         "application/json")->status, 204);
  EXPECT_EQ(client().Get("/api/v1/tenants", headers)->status, 200);
}

TEST_F(SessionTest, OnesSessionsAreListedAndEnded) {
  const auto other = sign_in("acme.viewer", People::kPassword, {{"User-Agent", "phone"}});
  const json sessions = json::parse(client().Get("/api/v1/account/sessions", as("acme.viewer"))->body)["sessions"];
  ASSERT_EQ(sessions.size(), 2U);
  const json& phone = sessions[0]["agent"] == "phone" ? sessions[0] : sessions[1];
  EXPECT_EQ(phone["current"], false);
  const std::string path = "/api/v1/account/sessions/" + std::to_string(phone["id"].get<int>());
  EXPECT_EQ(client().Delete(path, as("rival.viewer"))->status, 404);
  EXPECT_EQ(client().Delete("/api/v1/account/sessions/x", as("acme.viewer"))->status, 404);
  EXPECT_EQ(client().Delete(path, as("acme.viewer"))->status, 204);
  EXPECT_EQ(client().Get("/api/v1/session", {{"Cookie", cookie_of(other)}})->status, 401);
}

TEST_F(SessionTest, TheSecondFactorIsBegunWithASecretAndRefusesWrongCodes) {
  const std::string path = "/api/v1/account/second-factor";
  const auto begun = client().Post(path, as("acme.viewer"), "{}", "application/json");
  ASSERT_EQ(begun->status, 200);
  EXPECT_TRUE(json::parse(begun->body)["secret_uri"].get<std::string>().starts_with("otpauth://totp/"));
  EXPECT_EQ(client().Put(path, as("acme.viewer"), R"({"code":"abcdef"})", "application/json")->status, 400);
  EXPECT_EQ(client().Delete(path, as("acme.viewer"), json{{"password", People::kPassword}}.dump(), "application/json")->status, 404);
  EXPECT_EQ(json::parse(client().Get("/api/v1/session", as("acme.viewer"))->body)["user"]["second_factor"], false);
}

TEST_F(SessionTest, WithASecondFactorAPasswordNeedsItsCode) {
  const std::string path = "/api/v1/account/second-factor";
  const auto begun = client().Post(path, as("acme.viewer"), "{}", "application/json");
  const std::string uri = json::parse(begun->body)["secret_uri"];
  const std::vector<std::byte> secret = secret_of(uri);
  ASSERT_EQ(secret.size(), tenancy::kTotpSecretBytes) << uri;
  // The people's clock is moved, so that each code is of a step that was not used yet.
  const auto code_now = [&] { return tenancy::totp_code(secret, tenancy::totp_step(std::time(nullptr) + running.people.ahead_s)); };
  const auto with_code = [&](const std::string& password, const std::string& code) {
    return client().Post("/api/v1/session", json{{"user", "acme.viewer"}, {"password", password}, {"code", code}}.dump(), "application/json");
  };
  const auto confirmed = client().Put(path, as("acme.viewer"), json{{"code", code_now()}}.dump(), "application/json");
  ASSERT_LT(confirmed->status, 300) << confirmed->body;

  const auto without = sign_in("acme.viewer", People::kPassword);
  EXPECT_EQ(without->status, 401);
  EXPECT_EQ(json::parse(without->body)["reason"], "code_needed");
  EXPECT_FALSE(without->has_header("Set-Cookie"));
  running.people.ahead_s += 90;
  const std::string code = code_now();
  EXPECT_EQ(with_code("not the password", code)->status, 401);
  const auto signed_in = with_code(People::kPassword, code);
  ASSERT_EQ(signed_in->status, 200) << signed_in->body;
  EXPECT_EQ(json::parse(signed_in->body)["user"]["second_factor"], true);
  EXPECT_EQ(client().Get("/api/v1/session", {{"Cookie", cookie_of(signed_in)}})->status, 200);
  EXPECT_EQ(with_code(People::kPassword, code)->status, 401) << "a code counts once";
  running.people.ahead_s += 90;
  EXPECT_EQ(with_code(People::kPassword, "000000" == code_now() ? "000001" : "000000")->status, 401);
  EXPECT_EQ(with_code(People::kPassword, code_now())->status, 200);
}

TEST_F(SessionTest, BodiesAreFlatObjectsOfWhatIsKnown) {
  const auto post = [&](const std::string& body) { return client().Post("/api/v1/session", body, "application/json"); };
  for (const char* body : {"", "{}", "[]", "1", "{", "{\"user\":1,\"password\":\"x\"}", "{\"user\":\"a\",\"password\":{\"x\":1}}",
                           "{\"user\":\"a\",\"password\":\"b\",\"admin\":true}", "{\"user\":\"a\",\"user\":\"b\",\"password\":\"c\"}",
                           "{\"user\":\"a\",\"password\":\"\xff\"}", "{\"user\":\"a\",\"password\":null}"}) {
    EXPECT_EQ(post(body)->status, 400) << body;
  }
  EXPECT_EQ(post(std::string(60'000, '['))->status, 400);
  EXPECT_EQ(post("{\"user\":\"" + std::string(70'000, 'x') + "\"}")->status, 413);
}

}  // namespace
}  // namespace pv::api
