#include "victoria/server.h"

#include <atomic>
#include <ctime>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#include <httplib.h>

#include "testing/victoria_server.h"

namespace pv::victoria {
namespace {

/// Answers every request with one status and keeps what was asked for.
class Answering {
 public:
  explicit Answering(int status, const std::string& body = "") {
    const auto answer = [this, status, body](const httplib::Request& request, httplib::Response& response) {
      const std::lock_guard lock(mutex_);
      targets_.push_back(request.method + " " + request.target);
      response.status = status;
      response.set_header("Retry-After", "30");
      response.set_content(body, "application/json");
    };
    server_.Get(".*", answer).Post(".*", answer);
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
  }
  ~Answering() { server_.stop(); }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::vector<std::string> targets() {
    const std::lock_guard lock(mutex_);
    return targets_;
  }

 private:
  httplib::Server server_;
  std::mutex mutex_;
  std::vector<std::string> targets_;
  int port_ = 0;
  std::jthread thread_;
};

const model::TenantName kAcme = *model::TenantName::parse("ac me");

TEST(VictoriaServer, AClustersAddressesLeadToWriteReadAndDelete) {
  Answering answering(200);
  const auto server = Server::open({answering.url() + "/insert/42/influx/", answering.url() + "/select/42/prometheus/"});
  ASSERT_TRUE(server) << server.error().message();
  ASSERT_TRUE((*server)->write(kAcme, "a b=1 1\n", Server::Precision::seconds));
  ASSERT_TRUE((*server)->delete_series("{db=\"a\"}"));
  ASSERT_TRUE((*server)->export_series("{db=\"a\"}", {1, 2}, [](const ExportedRun&) -> Result<void> { return {}; }));
  EXPECT_EQ(answering.targets(), (std::vector<std::string>{"POST /insert/42/influx/write?db=ac%20me&precision=s",
                                                           "POST /delete/42/prometheus/api/v1/admin/tsdb/delete_series",
                                                           "POST /select/42/prometheus/api/v1/export"}));
  EXPECT_EQ(Server::open({answering.url(), answering.url() + "/select/42"}).error().kind(), Errc::invalid_input);
}

TEST(VictoriaServer, EachRefusalSaysWhatItMeans) {
  for (const auto& [status, kind] : {std::pair(401, Errc::denied), {403, Errc::denied}, {400, Errc::invalid_input}, {404, Errc::invalid_input},
                                     {302, Errc::invalid_input}, {429, Errc::unavailable}, {500, Errc::unavailable}, {503, Errc::unavailable}}) {
    Answering answering(status, "words\nof the server");
    auto server = *Server::open(Options::single(answering.url()));
    const std::time_t before = std::time(nullptr);
    const auto written = server->write(kAcme, "a b=1 1\n", Server::Precision::seconds);
    ASSERT_FALSE(written) << status;
    EXPECT_EQ(written.error().kind(), kind) << written.error().message();
    EXPECT_NE(written.error().message().find(answering.url()), std::string::npos);
    EXPECT_NE(written.error().message().find("words of the server"), std::string::npos);
    EXPECT_EQ(server->not_before_s() >= before + 30, kind == Errc::unavailable) << status;
  }
}

TEST(VictoriaServer, ACredentialGoesWithEveryRequest) {
  PV_NEEDS_VICTORIA_METRICS();
  const testing::VictoriaServer victoria({"-retentionPeriod=100y", "-httpAuth.username=power", "-httpAuth.password=view:2"});
  Options options = Options::single(victoria.url());
  const auto refused = (*Server::open(options))->write(kAcme, "a b=1 1700000000\n", Server::Precision::seconds);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Errc::denied);
  EXPECT_NE(refused.error().message().find("victoriametrics.user"), std::string::npos);
  options.credential = {.user = "power", .password = Secret("view:2"), .token = {}};
  auto server = *Server::open(options);
  ASSERT_TRUE(server->write(kAcme, "a b=1 1700000000\n", Server::Precision::seconds));
  ASSERT_TRUE(server->persist());
  std::size_t samples = 0;
  ASSERT_TRUE(server->export_series("{__name__=\"a_b\"}", kAllTime, [&](const ExportedRun& run) -> Result<void> {
    samples += run.values.size();
    return {};
  }));
  EXPECT_EQ(samples, 1U);
  options.credential.token = Secret("both");
  EXPECT_EQ(Server::open(options).error().kind(), Errc::invalid_input);
}

}  // namespace
}  // namespace pv::victoria
