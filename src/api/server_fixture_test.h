#pragma once
/// A server with a few pages, asked by real HTTP clients.

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#include <httplib.h>

#include "api/gzip.h"
#include "api/running_server_test.h"
#include "api/server.h"

namespace pv::api {

inline const std::string kIndex = "<!doctype html><title>PowerView</title>";
inline const std::string kScript(5000, 'x');

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
inline httplib::Client admin_client(People& people, int port) {
  httplib::Client one("127.0.0.1", port);
  one.set_default_headers({{"Cookie", "powerview=" + people.session("root")}, {"X-PowerView", "1"}});
  return one;
}

}  // namespace pv::api
