/// The server as a client meets it: hosts, methods, compression, pages, the stream of changes, metrics.
#include "api/server.h"

#include <atomic>
#include <cerrno>
#include <latch>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#include <httplib.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "api/gzip.h"
#include "api/running_server_test.h"

namespace pv::api {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const std::string kIndex = "<!doctype html><title>PowerView</title>";
const std::string kScript(5000, 'x');

class LockedLog {
 public:
  void add(std::string_view line) {
    const std::lock_guard lock(mutex_);
    text_ += line;
  }
  std::string text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

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
    const auto admin = running.as("root");
    one.set_default_headers({admin.begin(), admin.end()});
    return one;
  }

  httplib::Headers stream_headers(const std::string& user) {
    const auto headers = running.as(user);
    return {headers.begin(), headers.end()};
  }

  std::string script_gzip;
  std::vector<StaticFile> pages;
  RunningServer running;
  const std::string query = "/api/v1/tenants/acme/campaigns/site%201/query";
};

/// A client with the administrator's session.
httplib::Client admin_client(People& people, int port) {
  httplib::Client one("127.0.0.1", port);
  one.set_default_headers({{"Cookie", "powerview=" + people.session("root")}, {"X-PowerView", "1"}});
  return one;
}

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

/// Reads the stream on a thread of its own until told to stop.
class StreamReader {
 public:
  StreamReader(int port, httplib::Headers headers) : thread_([this, port, headers = std::move(headers)]() mutable {
      httplib::Client one("127.0.0.1", port);
      one.set_read_timeout(30);
      headers.emplace("Accept-Encoding", "gzip");
      one.Get("/api/v1/stream", headers, [this](const char* data, std::size_t size) {
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
  std::string text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::string text_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

TEST_F(ServerTest, TheStreamTellsOfChanges) {
  StreamReader reader(running.server->port(), stream_headers("root"));
  EXPECT_TRUE(reader.saw("retry: 2000\n\n"));
  running.source->set_generation(7);
  EXPECT_TRUE(reader.saw("event: change\ndata: {\"tenant\":\"acme\",\"generation\":7}\n\n"));
  running.server->stop();
  reader.wait_for_end();
}

TEST_F(ServerTest, TheStreamTellsEachOfHisOwnCompanyOnly) {
  StreamReader all(running.server->port(), stream_headers("root"));
  StreamReader acme(running.server->port(), stream_headers("acme.viewer"));
  StreamReader rival(running.server->port(), stream_headers("rival.viewer"));
  for (StreamReader* one : {&all, &acme, &rival}) EXPECT_TRUE(one->saw("retry"));
  running.source->set_generation(7);
  running.given_arrival("acme", "T302_1.tsv");
  EXPECT_TRUE(acme.saw("event: change\ndata: {\"tenant\":\"acme\",\"generation\":7}\n\n"));
  EXPECT_TRUE(acme.saw("event: arrivals\ndata: {\"tenant\":\"acme\"}\n\n"));
  const auto id = running.given_arrival("rival", "T302_2.tsv");
  EXPECT_TRUE(rival.saw("event: arrivals\ndata: {\"tenant\":\"rival\"}\n\n"));
  EXPECT_TRUE(all.saw("{\"tenant\":\"rival\"}"));
  running.hold(id);
  EXPECT_EQ(rival.text().find("\"acme\""), std::string::npos);
  EXPECT_EQ(acme.text().find("\"rival\""), std::string::npos);
  running.server->stop();
}

TEST_F(ServerTest, TheStreamEndsWithItsSession) {
  StreamReader reader(running.server->port(), stream_headers("acme.viewer"));
  EXPECT_TRUE(reader.saw("retry"));
  given(running.people.registry->set_standing(given(model::TenantName::parse("acme")), tenancy::Standing::disabled, running.people.by));
  reader.wait_for_end();
}

TEST_F(ServerTest, TooManyListenersAreRefusedAndOthersStillServed) {
  std::vector<std::unique_ptr<StreamReader>> readers;
  for (std::size_t i = 0; i < kMaxStreamListeners; ++i) readers.push_back(std::make_unique<StreamReader>(running.server->port(), stream_headers("root")));
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
  LockedLog log;
  People people;
  ServerOptions options;
  options.registry = people.registry.get();
  options.log = [&log](std::string_view line) { log.add(line); };
  auto server = Server::start(directory, options);
  ASSERT_TRUE(server);
  httplib::Client one = admin_client(people, (*server)->port());
  EXPECT_EQ(one.Get("/api/v1/tenants")->status, 500);
  EXPECT_NE(log.text().find("BUG: get /api/v1/tenants: boom"), std::string::npos);
  EXPECT_EQ(one.Get("/api/v1/tenants/a/campaigns")->status, 500);
  EXPECT_EQ(one.Get("/")->status, 404);  // no pages
}

/// Tenant "good" is sound, the store of "bad" is garbage.
class HalfDamaged final : public model::SourceDirectory {
 public:
  Result<std::vector<model::TenantName>> tenants() override {
    return std::vector<model::TenantName>{*model::TenantName::parse("bad"), *model::TenantName::parse("good")};
  }
  Result<std::shared_ptr<model::SampleSource>> open(const model::TenantName& tenant) override {
    if (tenant.str() == "bad") return fail(Errc::corrupt, "/srv/state/bad.sqlite: file is not a database");
    if (tenant.str() != "good") return fail(Errc::not_found, "there is no such company");
    return std::shared_ptr<model::SampleSource>(sound);
  }
  std::shared_ptr<testing::MemorySource> sound = std::make_shared<testing::MemorySource>();
};

TEST(DamagedTenantTest, HidesNoOtherAndItsPathStaysInTheLog) {
  HalfDamaged directory;
  LockedLog log;
  People people;
  ServerOptions options;
  options.registry = people.registry.get();
  options.log = [&log](std::string_view line) { log.add(line); };
  auto server = Server::start(directory, options);
  ASSERT_TRUE(server);
  httplib::Client one = admin_client(people, (*server)->port());
  const auto listed = one.Get("/api/v1/tenants");
  EXPECT_EQ(listed->status, 200);
  const json tenants = json::parse(listed->body)["tenants"];
  ASSERT_EQ(tenants.size(), 4U);  // with acme and rival, which have sent nothing
  EXPECT_EQ(tenants[1]["name"], "bad");
  EXPECT_NE(tenants[1]["error"].get<std::string>().find("damaged"), std::string::npos);
  EXPECT_FALSE(tenants[1].contains("campaigns"));
  EXPECT_EQ(tenants[2], json::parse(R"({"name":"good","campaigns":0,"standing":"active","registered":false})"));
  const auto metrics = one.Get("/metrics");
  EXPECT_EQ(metrics->status, 200);
  EXPECT_NE(metrics->body.find("powerview_tenants 2\n"), std::string::npos);
  EXPECT_NE(metrics->body.find("powerview_tenants_unreadable 1\n"), std::string::npos);
  EXPECT_EQ(one.Get("/readyz")->status, 503);
  EXPECT_NE(one.Get("/readyz")->body.find("bad"), std::string::npos);
  EXPECT_EQ(httplib::Client("127.0.0.1", (*server)->port()).Get("/readyz")->body.find("bad"), std::string::npos);
  EXPECT_EQ(one.Get("/api/v1/tenants/bad/campaigns")->status, 500);
  for (const char* path : {"/api/v1/tenants", "/metrics", "/readyz", "/api/v1/tenants/bad/campaigns"}) {
    EXPECT_EQ(one.Get(path)->body.find("/srv"), std::string::npos) << path;
  }
  EXPECT_NE(log.text().find("/srv/state/bad.sqlite"), std::string::npos);
}

/// A connection that says what it is told to say.
class RawClient {
 public:
  explicit RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("connect");
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  void send(std::string_view bytes) const { ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  std::string read_all() const {
    std::string all;
    char piece[4096];
    for (ssize_t count = 0; (count = ::recv(socket_, piece, sizeof piece, 0)) > 0;) all.append(piece, static_cast<std::size_t>(count));
    return all;
  }
  bool is_open() const {
    char byte = 0;
    return ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

 private:
  int socket_;
};

TEST_F(ServerTest, HalfSentHeadsHoldNoThread) {
  std::vector<std::unique_ptr<RawClient>> slow;
  for (std::size_t i = 0; i < kMaxConnections + 20; ++i) {
    slow.push_back(std::make_unique<RawClient>(running.server->port()));
    slow.back()->send("GET /healthz HTTP/1.1\r\nHost: local");
  }
  auto one = client();
  one.set_read_timeout(60);
  const auto response = one.Get("/healthz");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  for (const auto& each : slow) EXPECT_TRUE(each->is_open());  // the answer did not have to wait for their end
  slow[0]->send("host\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(slow[0]->read_all().find("HTTP/1.1 200 OK"), 0U);
}

TEST_F(ServerTest, HeadsWithoutEndAreRefused) {
  const std::string begin = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  std::string large = begin;
  for (int i = 0; i < 10; ++i) large += "X: " + std::string(4000, 'x') + "\r\n";
  std::string many = begin;
  for (int i = 0; i < 200; ++i) many += "X: x\r\n";
  for (const std::string& head : {large, many}) {
    const RawClient raw(running.server->port());
    raw.send(head + "\r\n");
    const std::string answer = raw.read_all();
    EXPECT_EQ(answer.find("HTTP/1.1 431 Request Header Fields Too Large\r\n"), 0U) << answer.substr(0, 200);
    EXPECT_NE(answer.find("Content-Security-Policy"), std::string::npos);
    EXPECT_NE(answer.find("application/problem+json"), std::string::npos);
  }
  EXPECT_NE(client().Get("/metrics")->body.find("route=\"refused\",status=\"431\"} 2"), std::string::npos);
}

TEST_F(ServerTest, RequestsSentTogetherAreAnsweredInTurn) {
  const RawClient raw(running.server->port());
  raw.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string answers = raw.read_all();
  EXPECT_LT(answers.find(R"({"status":"ok"})"), answers.find(R"({"status":"ready"})"));
  EXPECT_NE(answers.find(R"({"status":"ready"})"), std::string::npos);
}

TEST_F(ServerTest, AHeadThatCannotBeReadIsNotFollowedByAnotherRequest) {
  const RawClient raw(running.server->port());
  raw.send("NONSENSE\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string answers = raw.read_all();
  EXPECT_EQ(answers.find("HTTP/1.1 400"), 0U);
  EXPECT_EQ(answers.find("HTTP/1.1 200"), std::string::npos);
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

/// Notes how many threads each query asks for, and lets none begin before all have asked.
class CountingSource final : public model::SampleSource {
 public:
  explicit CountingSource(std::ptrdiff_t queries) : all_asked(queries) {}
  Result<std::uint64_t> generation() override { return 1; }
  Result<std::unique_ptr<model::SampleSnapshot>> snapshot(unsigned workers) override {
    threads += workers;
    all_asked.arrive_and_wait();
    return fail(Errc::not_found, "nothing here");
  }
  std::atomic<unsigned> threads{0};
  std::latch all_asked;
};

TEST(QueryThreadsTest, QueriesAtOnceShareTheExtraThreads) {
  class Directory final : public model::SourceDirectory {
   public:
    Result<std::vector<model::TenantName>> tenants() override { return std::vector<model::TenantName>{}; }
    Result<std::shared_ptr<model::SampleSource>> open(const model::TenantName&) override {
      return std::shared_ptr<model::SampleSource>(source);
    }
    std::shared_ptr<CountingSource> source = std::make_shared<CountingSource>(8);
  } directory;
  People people;
  const std::string session = people.session("root");
  ServerOptions options;
  options.registry = people.registry.get();
  options.query_workers = 4;
  auto server = Server::start(directory, options);
  ASSERT_TRUE(server);
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      EXPECT_TRUE(httplib::Client("127.0.0.1", (*server)->port()).Get("/api/v1/tenants/a/campaigns/b/query", {{"Cookie", "powerview=" + session}}));
    });
  }
  for (auto& each : clients) each.join();
  EXPECT_EQ(directory.source->threads, 8U + 3U);
}

/// Knows how many of its snapshots there were at once, at most.
class CrowdedSource final : public model::SampleSource {
 public:
  Result<std::uint64_t> generation() override { return 1; }
  Result<std::unique_ptr<model::SampleSnapshot>> snapshot(unsigned) override {
    const int now = ++inside;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    std::this_thread::sleep_for(5ms);
    --inside;
    return fail(Errc::not_found, "nothing here");
  }
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
};

TEST(QueryThreadsTest, QueriesBeyondThoseThatMayRunWaitAndAreAnswered) {
  class Directory final : public model::SourceDirectory {
   public:
    Result<std::vector<model::TenantName>> tenants() override { return std::vector<model::TenantName>{}; }
    Result<std::shared_ptr<model::SampleSource>> open(const model::TenantName&) override {
      return std::shared_ptr<model::SampleSource>(source);
    }
    std::shared_ptr<CrowdedSource> source = std::make_shared<CrowdedSource>();
  } directory;
  People people;
  const std::string session = people.session("root");
  ServerOptions options;
  options.registry = people.registry.get();
  options.query_workers = 1;
  auto server = Server::start(directory, options);
  ASSERT_TRUE(server);
  std::vector<std::thread> clients;
  for (int i = 0; i < 40; ++i) {
    clients.emplace_back([&] {
      const auto response = httplib::Client("127.0.0.1", (*server)->port()).Get("/api/v1/tenants/a/campaigns/b/energy", {{"Cookie", "powerview=" + session}});
      EXPECT_TRUE(response && response->status == 404);
    });
  }
  for (auto& each : clients) each.join();
  EXPECT_LE(directory.source->most, 4);
}

TEST_F(ServerTest, StopEndsTheServerAndMayBeRepeated) {
  running.server->stop();
  running.server->stop();
  EXPECT_FALSE(client().Get("/healthz"));
}

}  // namespace
}  // namespace pv::api
