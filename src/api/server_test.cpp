/// The server as a client meets it: hosts, methods, compression, pages, metrics, its start and its end.
#include "api/server.h"

#include <atomic>
#include <thread>

#include <nlohmann/json.hpp>

#include "api/server_fixture_test.h"

namespace pv::api {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

TEST(ServerStartTest, ListensWhereItIsToldTo) {
  testing::MemoryDirectory directory;
  People people;
  for (const char* host : {"0.0.0.0", "127.0.0.1", "localhost", "::"}) {
    ServerOptions options;
    options.host = host;
    options.registry = people.registry.get();
    const auto server = Server::start(directory, options);
    ASSERT_TRUE(server) << host;
    EXPECT_EQ(httplib::Client("127.0.0.1", (*server)->port()).Get("/healthz")->status, 200) << host;
  }
}

TEST(ServerStartTest, WhatCannotBeIsRefused) {
  testing::MemoryDirectory directory;
  People people;
  const auto start = [&](std::string host, int port, tenancy::Registry* registry) {
    ServerOptions options;
    options.host = std::move(host);
    options.port = port;
    options.registry = registry;
    return Server::start(directory, options).error().kind();
  };
  EXPECT_EQ(start("127.0.0.1", 70'000, people.registry.get()), Errc::invalid_input);
  EXPECT_EQ(start("", 0, people.registry.get()), Errc::invalid_input);
  EXPECT_EQ(start("127.0.0.1", 0, nullptr), Errc::invalid_input);
  EXPECT_EQ(start("192.0.2.1", 0, people.registry.get()), Errc::unavailable);  // an address that no machine has
}

TEST_F(ServerTest, ATakenPortIsNotShared) {
  ServerOptions options;
  options.port = running.server->port();
  options.registry = running.people.registry.get();
  const auto second = Server::start(running.directory, options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), Errc::unavailable);
}

TEST_F(ServerTest, PagesOfOtherSitesMayNotAsk) {
  auto one = client();
  for (const char* path : {"/api/v1/tenants", "/api/v1/stream", "/metrics"}) {
    const auto response = one.Get(path, {{"Sec-Fetch-Site", "cross-site"}});
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 403) << path;
    EXPECT_EQ(response->get_header_value("Content-Type"), "application/problem+json");
  }
  EXPECT_EQ(one.Get("/", {{"Sec-Fetch-Site", "cross-site"}})->status, 200);  // a link from elsewhere
  EXPECT_EQ(one.Get("/api/v1/tenants", {{"Sec-Fetch-Site", "same-origin"}})->status, 200);
}

TEST_F(ServerTest, HealthAndReadiness) {
  auto one = client();
  EXPECT_EQ(one.Get("/healthz")->body, R"({"status":"ok"})");
  EXPECT_EQ(one.Get("/readyz")->body, R"({"status":"ready"})");
  running.directory.unreadable = true;
  EXPECT_EQ(one.Get("/healthz")->status, 200);
  const auto unready = one.Get("/readyz");
  EXPECT_EQ(unready->status, 503);
  EXPECT_EQ(unready->get_header_value("Content-Type"), "application/problem+json");
}

TEST_F(ServerTest, HeadHasTheHeadersOfGet) {
  auto one = client();
  for (const char* path : {"/", "/api/v1/tenants", "/assets/app-1.js"}) {
    const auto get = one.Get(path);
    const auto head = one.Head(path);
    ASSERT_TRUE(get && head);
    EXPECT_EQ(head->status, 200);
    EXPECT_TRUE(head->body.empty());
    EXPECT_EQ(head->get_header_value("Content-Length"), std::to_string(get->body.size())) << path;
    EXPECT_EQ(head->get_header_value("ETag"), get->get_header_value("ETag"));
  }
  EXPECT_EQ(one.Head("/api/v1/stream")->status, 200);
  EXPECT_EQ(one.Head(query.substr(0, query.size() - 5) + "export?to=csv")->status, 200);
}

TEST_F(ServerTest, OtherMethodsAreRefused) {
  auto one = client();
  const auto post = one.Post("/api/v1/tenants/acme/campaigns", "{}", "application/json");
  ASSERT_TRUE(post);
  EXPECT_EQ(post->status, 405);
  EXPECT_EQ(post->get_header_value("Allow"), "GET, HEAD");
  EXPECT_EQ(json::parse(post->body)["status"], 405);
  EXPECT_EQ(one.Delete("/api/v1/tenants")->status, 405);
  EXPECT_EQ(one.Options("/api/v1/session")->get_header_value("Allow"), "POST, GET, HEAD, DELETE");
  EXPECT_EQ(one.Post("/", std::string(100'000, 'x'), "text/plain")->status, 405);
  EXPECT_EQ(one.Post("/api/v1/tenants", std::string(100'000, 'x'), "text/plain")->status, 413);
  EXPECT_EQ(one.Get("/healthz")->status, 200);
}

TEST_F(ServerTest, LargeBodiesAreGzippedWhenAskedFor) {
  auto one = client();
  const auto plain = one.Get(query);
  const auto packed = one.Get(query, {{"Accept-Encoding", "br, gzip"}});
  EXPECT_FALSE(plain->has_header("Content-Encoding"));
  EXPECT_EQ(packed->get_header_value("Content-Encoding"), "gzip");
  EXPECT_LT(packed->body.size(), plain->body.size() / 2);
  EXPECT_EQ(packed->get_header_value("Content-Length"), std::to_string(packed->body.size()));
  one.set_decompress(true);
  EXPECT_EQ(one.Get(query, {{"Accept-Encoding", "gzip"}})->body, plain->body);
  EXPECT_FALSE(one.Get("/healthz", {{"Accept-Encoding", "gzip"}})->has_header("Content-Encoding"));
  EXPECT_FALSE(one.Get(query, {{"Accept-Encoding", "br"}})->has_header("Content-Encoding"));

  const std::string exported = query.substr(0, query.size() - 5) + "export?to=csv";
  const auto text = one.Get(exported);
  const auto packed_text = one.Get(exported, {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(packed_text->get_header_value("Content-Encoding"), "gzip");
  EXPECT_EQ(packed_text->body, text->body);
}

TEST_F(ServerTest, PagesHaveTagsCachingAndCompression) {
  auto one = client();
  const auto index = one.Get("/");
  EXPECT_EQ(index->body, kIndex);
  EXPECT_EQ(index->get_header_value("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(index->get_header_value("Cache-Control"), "no-cache");
  EXPECT_EQ(one.Get("/", {{"If-None-Match", "\"i1\""}})->status, 304);
  EXPECT_EQ(one.Get("/acme/site%201/curves?x=1")->body, kIndex);
  const auto script = one.Get("/assets/app-1.js", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(script->body, script_gzip);
  EXPECT_EQ(script->get_header_value("Content-Encoding"), "gzip");
  EXPECT_EQ(script->get_header_value("ETag"), "\"s1-gz\"");
  EXPECT_NE(script->get_header_value("Cache-Control").find("immutable"), std::string::npos);
  EXPECT_EQ(one.Get("/assets/app-1.js")->body, kScript);
  EXPECT_EQ(one.Get("/assets/app-2.js")->status, 404);
  EXPECT_EQ(one.Get("/api/v2/x")->status, 404);
}

TEST_F(ServerTest, RangesAreNotServedButDoNoHarm) {
  auto one = client();
  const auto response = one.Get("/assets/app-1.js", {{"Range", "bytes=0-9"}});
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, kScript);
}

TEST_F(ServerTest, EveryAnswerHasTheSecurityHeaders) {
  auto one = client();
  for (const char* path : {"/", "/api/v1/tenants", "/api/v1/none", "/assets/none"}) {
    const auto response = one.Get(path);
    EXPECT_NE(response->get_header_value("Content-Security-Policy").find("frame-ancestors 'none'"), std::string::npos) << path;
    EXPECT_EQ(response->get_header_value("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(response->get_header_value("Referrer-Policy"), "same-origin");
    EXPECT_EQ(response->get_header_value("Cross-Origin-Resource-Policy"), "same-origin");
  }
}

TEST_F(ServerTest, MetricsCountByRouteAndNeverByPath) {
  auto one = client();
  one.Get("/api/v1/tenants");
  one.Get("/api/v1/tenants/nobody/campaigns");
  one.Get("/some/page");
  const std::string text = one.Get("/metrics")->body;
  for (const char* line : {"powerview_build_info{version=\"1.2.3\"} 1\n", "powerview_tenants 2\n", "powerview_campaigns 3\n",
                           "powerview_files 1\n", "powerview_conflicts 1\n", "powerview_stream_listeners 0\n",
                           "powerview_http_requests_total{route=\"/api/v1/tenants\",status=\"200\"} 1\n",
                           "powerview_http_requests_total{route=\"/api/v1/tenants/{tenant}/campaigns\",status=\"404\"} 1\n",
                           "powerview_http_requests_total{route=\"pages\",status=\"200\"} 1\n",
                           "powerview_http_request_seconds_count{route=\"pages\"} 1\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  EXPECT_EQ(text.find("nobody"), std::string::npos);
}

TEST_F(ServerTest, ManyRequestsAtOnceGetTheSameAnswer) {
  const std::string expected = client().Get(query + "?points=50")->body;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      auto one = client();
      one.set_keep_alive(true);
      for (int i = 0; i < 30; ++i) {
        const auto response = one.Get(query + "?points=50");
        if (!response || response->body != expected) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(StopTest, BreaksARunningExportOff) {
  RunningServer running;
  running.source->campaigns.push_back(testing::random_campaign("large", 3, {.loggers = 1, .rows = 400'000, .channels = 6}));
  running.start();
  httplib::Client one = admin_client(running.people, running.server->port());
  std::thread stopping;
  std::size_t bytes = 0;
  const auto response = one.Get("/api/v1/tenants/acme/campaigns/large/export?to=samples", [&](const char*, std::size_t size) {
    bytes += size;
    if (stopping.joinable()) return true;
    stopping = std::thread([&] { running.server->stop(); });
    // No more is read until the server takes no connection, when it is stopping for certain.
    while (httplib::Client("127.0.0.1", running.server->port()).Get("/healthz")) std::this_thread::sleep_for(1ms);
    return true;
  });
  EXPECT_GT(bytes, 0U);
  EXPECT_FALSE(response);
  ASSERT_TRUE(stopping.joinable());
  stopping.join();
}

TEST_F(ServerTest, StopEndsTheServerAndMayBeRepeated) {
  running.server->stop();
  running.server->stop();
  EXPECT_FALSE(client().Get("/healthz"));
}

}  // namespace
}  // namespace pv::api
