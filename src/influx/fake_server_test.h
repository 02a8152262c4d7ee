#pragma once
/// What this room's tests stand on: a fake server each, and connections to it.

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "fakes/influxdb/server.h"
#include "influx/bucket.h"
#include "influx/connection.h"

namespace pv::influx {

inline constexpr std::int64_t kNow_s = 1'749'800'000;

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override { start_server({}); }
  void start_server(testing::influxdb::ServerOptions options) {
    server_ = std::make_unique<testing::influxdb::Server>(std::move(options));
    server_->start();
  }
  void stop_server() { server_.reset(); }
  testing::influxdb::Server& server() { return *server_; }

  std::unique_ptr<Connection> connect(const std::string& token = "operator-token") {
    Access access;
    access.url = server_->url();
    access.organization = "powerview";
    access.token = Secret(token);
    access.now_s = [] { return kNow_s; };
    auto connection = Connection::open(std::move(access));
    EXPECT_TRUE(connection) << connection.error().message();
    return std::move(*connection);
  }

 private:
  std::unique_ptr<testing::influxdb::Server> server_;
};

}  // namespace pv::influx
