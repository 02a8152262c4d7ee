#include "api/routes.h"

#include <limits>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "api/documented_test.h"
#include "api/gzip.h"
#include "api/host_guard.h"
#include "api/json_text.h"
#include "api/pages.h"
#include "api/parameters.h"
#include "api/problem.h"

namespace pv::api {
namespace {

TEST(RoutesTest, EveryRouteIsDocumentedWithWhoMayUseItAndNothingElse) {
  std::set<std::string> documented;
  for (const DocumentedOperation& operation : documented_operations()) {
    documented.insert(operation.method + " " + operation.path + " " + operation.role);
  }
  std::set<std::string> known;
  for (const Route& route : kRoutes) {
    known.insert(fmt::format("{} {} {}", to_string(route.method), route.pattern, to_string(route.access)));
  }
  EXPECT_EQ(known.size(), kRoutes.size());
  EXPECT_EQ(known, documented);
}

TEST(RoutesTest, SegmentsAreDecodedAfterTheyAreParted) {
  const auto match = match_route(Method::get, "/api/v1/tenants/a%2Fb/campaigns/l%27%C3%A9t%C3%A9%20%222%22");
  ASSERT_TRUE(match && *match);
  EXPECT_EQ((*match)->route->id, RouteId::campaign);
  EXPECT_EQ((*match)->segments, (std::vector<std::string>{"a/b", "l'été \"2\""}));
}

TEST(RoutesTest, UnknownPathsAndBrokenEscapesAreToldApart) {
  for (const char* path : {"/api/v1/tenant", "/api/v1/tenants/", "/api/v1/tenants//campaigns", "/api/v1/tenants/x/campaigns/y/z",
                           "/healthz/", "", "healthz"}) {
    const auto match = match_route(Method::get, path);
    ASSERT_TRUE(match) << path;
    EXPECT_FALSE(*match) << path;
  }
  for (const char* path : {"/api/v1/tenants/%/campaigns", "/api/v1/tenants/%2/campaigns", "/api/v1/tenants/%zz/campaigns"}) {
    EXPECT_EQ(match_route(Method::get, path).error().kind(), Errc::invalid_input) << path;
  }
}

TEST(ProblemTest, EveryErrorKindHasItsStatus) {
  EXPECT_EQ(status_of(Errc::not_found), 404);
  EXPECT_EQ(status_of(Errc::invalid_input), 400);
  EXPECT_EQ(status_of(Errc::corrupt), 500);
  EXPECT_EQ(status_of(Errc::io), 500);
  EXPECT_EQ(status_of(Errc::conflict), 409);
  EXPECT_EQ(status_of(Errc::unavailable), 503);
  EXPECT_EQ(status_of(Errc::denied), 403);
}

TEST(ProblemTest, WhatWentWrongInsideIsToldWithoutPaths) {
  for (const Errc kind : {Errc::corrupt, Errc::io, Errc::unavailable, Errc::conflict}) {
    EXPECT_TRUE(is_internal(Error(kind, "broken")));
    EXPECT_EQ(problem(Error(kind, "/srv/state/acme.sqlite: broken")).body.find("/srv"), std::string::npos);
  }
  for (const Errc kind : {Errc::not_found, Errc::invalid_input, Errc::denied}) {
    EXPECT_FALSE(is_internal(Error(kind, "parameter points")));
    EXPECT_NE(problem(Error(kind, "parameter points")).body.find("parameter points"), std::string::npos);
    // What the system denied or did not find: its text tells where the server keeps things.
    const Error of_the_system(kind, "/srv/data/acme: cannot open the folder: Permission denied");
    EXPECT_TRUE(is_internal(of_the_system));
    EXPECT_EQ(problem(of_the_system).body.find("/srv"), std::string::npos);
  }
}

TEST(ProblemTest, WhatTheServerMayNotDoIsNoRefusalOfTheClient) {
  EXPECT_EQ(problem(Error(Errc::denied, "/srv/data/acme: cannot open the folder: Permission denied")).status, 500);
  EXPECT_EQ(problem(Error(Errc::denied, "this name is the server's own")).status, 403);
  EXPECT_EQ(problem_told(Error(Errc::conflict, "/srv/data/acme/x: cannot move it: the name is taken")).body.find("/srv"), std::string::npos);
}

TEST(JsonTextTest, EscapesAndPutsCommas) {
  JsonText text;
  text.begin_object();
  text.member("a\"\\\n", "x\x01y");
  text.member("n", std::int64_t{-5});
  text.key("v");
  text.values(std::vector<double>{1.5, std::numeric_limits<double>::quiet_NaN(), 0.1});
  text.key("o");
  text.begin_array();
  text.begin_object();
  text.end_object();
  text.null();
  text.value(true);
  text.end_array();
  text.end_object();
  EXPECT_EQ(std::move(text).take(), R"({"a\"\\\u000a":"x\u0001y","n":-5,"v":[1.5,null,0.1],"o":[{},null,true]})");
}

TEST(JsonTextTest, TextThatIsNoUtf8CannotBreakTheDocument) {
  JsonText text;
  text.value("a\xff" "b");
  EXPECT_EQ(std::move(text).take(), "\"a?b\"");
}

TEST(HostGuardTest, OnlyLoopbackPasses) {
  for (const char* host : {"localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:8080", "127.1.2.3", "[::1]", "[::1]:8080"}) {
    EXPECT_TRUE(names_loopback(host)) << host;
  }
  for (const char* host : {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1:80@evil", "::1",
                           "[::1", "[::1]x", "[127.0.0.1]", "0.0.0.0", "10.0.0.1", "[::2]", "localhost:123456",
                           "2130706433", "127.1"}) {
    EXPECT_FALSE(names_loopback(host)) << host;
  }
}

TEST(GzipTest, AcceptEncodingIsReadWithItsWeights) {
  for (const char* header : {"gzip", "br, gzip", "GZIP;q=0.5", "deflate, *;q=0.1", "gzip ; q=1", "*;q=0, gzip", "gzip, *;q=0"}) EXPECT_TRUE(accepts_gzip(header)) << header;
  for (const char* header : {"", "br", "gzip;q=0", "gzip;q=0.000", "xgzip", "identity", "*;q=0", "*, gzip;q=0"}) EXPECT_FALSE(accepts_gzip(header)) << header;
}

TEST(PagesTest, EntityTagsCompareWeakly) {
  EXPECT_TRUE(etag_matches("\"a\"", "\"a\""));
  EXPECT_TRUE(etag_matches("\"x\", W/\"a\"", "W/\"a\""));
  EXPECT_TRUE(etag_matches("*", "\"a\""));
  EXPECT_FALSE(etag_matches("\"ab\"", "\"a\""));
  EXPECT_FALSE(etag_matches("", "\"a\""));
}

TEST(ParametersTest, InstantsAreUnixSecondsOrIso8601) {
  const auto at = [](const char* text) { return parse_instant("from", text); };
  EXPECT_EQ(*at("1761440400"), 1'761'440'400);
  EXPECT_EQ(*at("-5"), -5);
  EXPECT_EQ(*at("2025-10-26T01:00:00Z"), 1'761'440'400);
  EXPECT_EQ(*at("2025-10-26T02:00:00+01:00"), 1'761'440'400);
  EXPECT_EQ(*at("2025-10-26T02:00:00 01:00"), 1'761'440'400);
  EXPECT_EQ(*at("2025-10-25T20:30:00.123-0430"), 1'761'440'400);
  EXPECT_EQ(*at("2025-10-26T01:00Z"), 1'761'440'400);
  for (const char* text : {"", "x", "2025-10-26", "2025-10-26T01:00:00", "2025-02-30T01:00:00Z", "2025-10-26T25:00:00Z", "1e9",
                           "2025-10-26T01:00:00Zx", "99999999999999999999"}) {
    const auto refused = at(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_NE(refused.error().message().find("from"), std::string::npos);
  }
}

}  // namespace
}  // namespace pv::api
