#include "base/http_client.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "testing/raw_server.h"

#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#include <httplib.h>

namespace pv {
namespace {

class HttpClientTest : public ::testing::Test {
 protected:
  void start() {
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  void TearDown() override { server_.stop(); }

  std::unique_ptr<HttpClient> client(std::string path = "", std::size_t most = 1U << 20) {
    auto opened = HttpClient::open({.base_url = "http://127.0.0.1:" + std::to_string(port_) + path,
                                    .connect_time = std::chrono::milliseconds(2000),
                                    .answer_time = std::chrono::milliseconds(300),
                                    .most_answer_bytes = most});
    EXPECT_TRUE(opened) << opened.error().message();
    return std::move(*opened);
  }

  httplib::Server server_;
  int port_ = 0;
  std::jthread thread_;
};

TEST_F(HttpClientTest, SendsMethodTargetHeadersAndBodyBelowTheBasePath) {
  server_.Put("/sub/a b", [](const httplib::Request& request, httplib::Response& response) {
    response.status = 201;
    response.set_content(request.get_param_value("q") + "|" + request.get_header_value("X-One") + "|" + request.body, "text/plain");
  });
  start();
  auto answer = client("/sub/")->send({.method = "PUT", .target = "/a%20b?q=" + percent_encoded("x+y&\xc3\xa9"), .headers = {{"X-One", "1"}}, .body = "body", .content_type = "text/plain"});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "x+y&\xc3\xa9|1|body");
  EXPECT_EQ(answer->header("content-type"), "text/plain");
}

TEST_F(HttpClientTest, ACredentialGoesWithEachRequestThatSaysNothingOfIt) {
  server_.Get("/who", [](const httplib::Request& request, httplib::Response& response) { response.set_content(request.get_header_value("Authorization"), "text/plain"); });
  start();
  const auto who = [&](HttpCredential credential, std::vector<std::pair<std::string, std::string>> headers = {}) {
    auto opened = HttpClient::open({.base_url = "http://127.0.0.1:" + std::to_string(port_), .credential = std::move(credential)});
    auto answer = (*opened)->send({.target = "/who", .headers = std::move(headers)});
    return answer ? answer->body : answer.error().message();
  };
  EXPECT_EQ(who({}), "");
  EXPECT_EQ(who({.user = "a", .password = Secret("b:c"), .token = {}}), "Basic YTpiOmM=");
  EXPECT_EQ(who({.user = {}, .password = {}, .token = Secret("t")}), "Bearer t");
  EXPECT_EQ(who({.user = {}, .password = {}, .token = Secret("t")}, {{"Authorization", "Token own"}}), "Token own");
}

TEST_F(HttpClientTest, FollowsNoRedirect) {
  server_.Get("/there", [](const httplib::Request&, httplib::Response& response) { response.set_redirect("/elsewhere"); });
  start();
  auto answer = client()->send({.target = "/there"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 302);
}

TEST_F(HttpClientTest, AnAnswerLargerThanAllowedIsRefused) {
  server_.Get("/big", [](const httplib::Request&, httplib::Response& response) { response.set_content(std::string(5000, 'x'), "text/plain"); });
  start();
  auto answer = client("", 1000)->send({.target = "/big"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), Errc::invalid_input);
}

TEST_F(HttpClientTest, ASilentServerIsUnavailable) {
  server_.Get("/slow", [](const httplib::Request&, httplib::Response&) { std::this_thread::sleep_for(std::chrono::milliseconds(900)); });
  start();
  auto answer = client()->send({.target = "/slow"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), Errc::unavailable);
}

TEST_F(HttpClientTest, AStopEndsTheWaitForASilentServerAndBeginsNoRequest) {
  std::atomic<int> requests = 0;
  server_.Get("/", [&](const httplib::Request&, httplib::Response&) { ++requests; });
  start();
  const testing::RawServer silent;
  std::atomic<bool> stop = false;
  const auto opened_at = [&](const std::string& url) {
    return std::move(*HttpClient::open({.base_url = url, .answer_time = std::chrono::minutes(30), .is_stopped = [&stop] { return stop.load(); }}));
  };
  const auto waiting = opened_at(silent.url()), later = opened_at("http://127.0.0.1:" + std::to_string(port_));
  EXPECT_TRUE(later->send({.target = "/"}));
  std::jthread soon([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop = true;
  });
  const auto cut = waiting->send({.target = "/"});
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().kind(), Errc::unavailable);
  EXPECT_NE(cut.error().message().find("ended by a stop"), std::string::npos) << cut.error().message();
  EXPECT_FALSE(later->send({.target = "/"}));
  EXPECT_EQ(requests, 1);
  stop = false;
  EXPECT_TRUE(later->send({.target = "/"})) << "nothing of it is left";
}

TEST_F(HttpClientTest, ABodyIsHandedOnInPiecesAndARefusalIsKept) {
  server_.Get("/stream", [](const httplib::Request&, httplib::Response& response) {
    response.set_chunked_content_provider("text/plain", [](std::size_t, httplib::DataSink& sink) {
      sink.write("one", 3);
      sink.write("two", 3);
      sink.done();
      return true;
    });
  });
  server_.Get("/refused", [](const httplib::Request&, httplib::Response& response) {
    response.status = 404;
    response.set_content("no such bucket", "text/plain");
  });
  start();
  auto http = client();
  std::string got;
  const auto consume = [&got](std::string_view piece) -> Result<void> {
    got += piece;
    return {};
  };
  auto answer = http->send({.target = "/stream"}, consume);
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(got, "onetwo");
  answer = http->send({.target = "/refused"}, consume);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "no such bucket");
  EXPECT_EQ(got, "onetwo");
}

TEST_F(HttpClientTest, AConsumersErrorEndsTheRequest) {
  server_.Get("/stream", [](const httplib::Request&, httplib::Response& response) { response.set_content("abc", "text/plain"); });
  start();
  auto answer = client()->send({.target = "/stream"}, [](std::string_view) -> Result<void> { return fail(Errc::corrupt, "not a table"); });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), Errc::corrupt);
}

TEST(HttpAddress, WhatIsNoAddressIsRefusedByName) {
  for (const char* url : {"", "example.org", "ftp://example.org", "http://", "http://user@host", "http://host/?q", "http://ho st"}) {
    auto opened = HttpClient::open({.base_url = url});
    ASSERT_FALSE(opened) << url;
    EXPECT_EQ(opened.error().kind(), Errc::invalid_input);
  }
}

TEST(HttpAddress, APasswordInAnAddressIsNotRepeated) {
  auto opened = HttpClient::open({.base_url = "http://admin:s3cret@example.org:8086"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message().find("s3cret"), std::string::npos) << opened.error().message();
  EXPECT_NE(opened.error().message().find("example.org"), std::string::npos);
}

TEST(HttpAddress, NobodyListeningIsUnavailable) {
  auto opened = HttpClient::open({.base_url = "http://127.0.0.1:1"});
  ASSERT_TRUE(opened);
  auto answer = (*opened)->send({.target = "/"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), Errc::unavailable);
}

TEST(RetryAfter, IsReadAsSecondsAndAsADate) {
  HttpResponse answer;
  EXPECT_EQ(answer.retry_after_s(0), 0);
  answer.headers["retry-after"] = "17";
  EXPECT_EQ(answer.retry_after_s(0), 17);
  answer.headers["retry-after"] = "Thu, 01 Jan 1970 00:01:00 GMT";
  EXPECT_EQ(answer.retry_after_s(20), 40);
  EXPECT_EQ(answer.retry_after_s(90), 0);
  answer.headers["retry-after"] = "99999999999";
  EXPECT_EQ(answer.retry_after_s(0), 86'400);
  answer.headers["retry-after"] = "soon";
  EXPECT_EQ(answer.retry_after_s(0), 0);
}

}  // namespace
}  // namespace pv
