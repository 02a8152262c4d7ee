/// The server as a client meets it: hosts, methods, compression, pages, the stream of changes, metrics.
#include "api/server.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "api/gzip.h"
#include "api/running_server_test.h"

namespace pv::api {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const std::string kIndex = "<!doctype html><title>PowerView</title>";
const std::string kScript(5000, 'x');

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    script_gzip = gzip(kScript);
    pages = {{"/index.html", "text/html; charset=utf-8", kIndex, {}, "\"i1\""},
             {"/assets/app-1.js", "text/javascript", kScript, script_gzip, "\"s1\""}};
    running.start(pages);
  }
  httplib::Client client() {
    httplib::Client one("127.0.0.1", running.server->port());
    one.set_decompress(false);
    return one;
  }

  std::string script_gzip;
  std::vector<StaticFile> pages;
  RunningServer running;
  const std::string query = "/api/v1/tenants/acme/campaigns/site%201/query";
};

TEST(ServerStartTest, ListensOnLoopbackOnly) {
  testing::MemoryDirectory directory;
  for (const char* host : {"0.0.0.0", "::", "192.168.1.10", "example.org", ""}) {
    ServerOptions options;
    options.host = host;
    const auto refused = Server::start(directory, options);
    ASSERT_FALSE(refused) << host;
    EXPECT_EQ(refused.error().kind(), Errc::denied);
    EXPECT_NE(refused.error().message().find("no login"), std::string::npos);
  }
  ServerOptions options;
  options.port = 70'000;
  EXPECT_EQ(Server::start(directory, options).error().kind(), Errc::invalid_input);
}

TEST_F(ServerTest, ATakenPortIsNotShared) {
  ServerOptions options;
  options.port = running.server->port();
  const auto second = Server::start(running.directory, options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), Errc::unavailable);
}

TEST_F(ServerTest, ForeignHostNamesAreRefusedEverywhere) {
  auto one = client();
  for (const char* path : {"/", "/api/v1/tenants", "/healthz", "/metrics"}) {
    const auto response = one.Get(path, {{"Host", "evil.example:8080"}});
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 421) << path;
    EXPECT_EQ(one.Get(path, {{"Host", "localhost:1"}})->status, 200) << path;
    EXPECT_EQ(one.Get(path, {{"Host", "localhost"}, {"Host", "evil.example"}})->status, 421) << path;
  }
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
  const auto post = one.Post("/api/v1/tenants", "{}", "application/json");
  ASSERT_TRUE(post);
  EXPECT_EQ(post->status, 405);
  EXPECT_EQ(post->get_header_value("Allow"), "GET, HEAD");
  EXPECT_EQ(json::parse(post->body)["status"], 405);
  EXPECT_EQ(one.Delete("/api/v1/tenants")->status, 405);
  EXPECT_EQ(one.Post("/", std::string(100'000, 'x'), "text/plain")->status, 413);
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

/// Reads the stream on a thread of its own until told to stop.
class StreamReader {
 public:
  explicit StreamReader(int port) : thread_([this, port] {
      httplib::Client one("127.0.0.1", port);
      one.set_read_timeout(30);
      one.Get("/api/v1/stream", {{"Accept-Encoding", "gzip"}}, [this](const char* data, std::size_t size) {
        const std::lock_guard lock(mutex_);
        text_.append(data, size);
        return !stop_;
      });
      ended_ = true;
    }) {}
  ~StreamReader() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  bool saw(const std::string& what) {
    for (int i = 0; i < 500; ++i) {
      {
        const std::lock_guard lock(mutex_);
        if (text_.find(what) != std::string::npos) return true;
      }
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }
  void wait_for_end() { thread_.join(); }

 private:
  std::mutex mutex_;
  std::string text_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

TEST_F(ServerTest, TheStreamTellsOfChanges) {
  StreamReader reader(running.server->port());
  EXPECT_TRUE(reader.saw("retry: 2000\n\n"));
  running.source->set_generation(7);
  EXPECT_TRUE(reader.saw("event: change\ndata: {\"tenant\":\"acme\",\"generation\":7}\n\n"));
  running.server->stop();
  reader.wait_for_end();
}

TEST_F(ServerTest, TooManyListenersAreRefusedAndOthersStillServed) {
  std::vector<std::unique_ptr<StreamReader>> readers;
  for (std::size_t i = 0; i < kMaxStreamListeners; ++i) readers.push_back(std::make_unique<StreamReader>(running.server->port()));
  for (const auto& reader : readers) EXPECT_TRUE(reader->saw("retry"));
  auto one = client();
  EXPECT_EQ(one.Get("/api/v1/stream")->status, 503);
  EXPECT_EQ(one.Get(query)->status, 200);
  EXPECT_NE(one.Get("/metrics")->body.find("powerview_stream_listeners 64\n"), std::string::npos);
  running.server->stop();
  for (const auto& reader : readers) reader->wait_for_end();
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

TEST_F(ServerTest, AnExceptionIsA500AndALineInTheLog) {
  class Throwing final : public model::SourceDirectory {
   public:
    Result<std::vector<model::TenantName>> tenants() override { throw std::runtime_error("boom"); }
    Result<std::shared_ptr<model::SampleSource>> open(const model::TenantName&) override { throw 5; }
  } directory;
  std::string log;
  ServerOptions options;
  options.log = [&log](std::string_view line) { log += line; };
  auto server = Server::start(directory, options);
  ASSERT_TRUE(server);
  httplib::Client one("127.0.0.1", (*server)->port());
  EXPECT_EQ(one.Get("/api/v1/tenants")->status, 500);
  EXPECT_NE(log.find("BUG: GET /api/v1/tenants: boom"), std::string::npos);
  EXPECT_EQ(one.Get("/api/v1/tenants/a/campaigns")->status, 500);
  EXPECT_EQ(one.Get("/")->status, 404);  // no pages
}

TEST_F(ServerTest, StopEndsTheServerAndMayBeRepeated) {
  running.server->stop();
  running.server->stop();
  EXPECT_FALSE(client().Get("/healthz"));
}

}  // namespace
}  // namespace pv::api
