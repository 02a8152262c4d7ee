/// Requests as no library sends them: half, without end, several at once, nonsense.

#include "api/server_fixture_test.h"
#include "testing/raw_client.h"

namespace pv::api {
namespace {

TEST_F(ServerTest, HalfSentHeadsHoldNoThread) {
  std::vector<std::unique_ptr<testing::RawClient>> slow;
  for (std::size_t i = 0; i < kMaxConnections + 20; ++i) {
    slow.push_back(std::make_unique<testing::RawClient>(running.server->port()));
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
    const testing::RawClient raw(running.server->port());
    raw.send(head + "\r\n");
    const std::string answer = raw.read_all();
    EXPECT_EQ(answer.find("HTTP/1.1 431 Request Header Fields Too Large\r\n"), 0U) << answer.substr(0, 200);
    EXPECT_NE(answer.find("Content-Security-Policy"), std::string::npos);
    EXPECT_NE(answer.find("application/problem+json"), std::string::npos);
  }
  EXPECT_NE(client().Get("/metrics")->body.find("route=\"refused\",status=\"431\"} 2"), std::string::npos);
}

TEST_F(ServerTest, RequestsSentTogetherAreAnsweredInTurn) {
  const testing::RawClient raw(running.server->port());
  raw.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string answers = raw.read_all();
  EXPECT_LT(answers.find(R"({"status":"ok"})"), answers.find(R"({"status":"ready"})"));
  EXPECT_NE(answers.find(R"({"status":"ready"})"), std::string::npos);
}

TEST_F(ServerTest, AHeadThatCannotBeReadIsNotFollowedByAnotherRequest) {
  const testing::RawClient raw(running.server->port());
  raw.send("NONSENSE\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string answers = raw.read_all();
  EXPECT_EQ(answers.find("HTTP/1.1 400"), 0U);
  EXPECT_EQ(answers.find("HTTP/1.1 200"), std::string::npos);
}

}  // namespace
}  // namespace pv::api
