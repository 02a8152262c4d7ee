#include "victoria/server.h"

#include <atomic>
#include <ctime>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>
#include <httplib.h>

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

}  // namespace
}  // namespace pv::victoria
