/// Files handed in over HTTP: sizes, pieces, interruptions, refusals.
#include "api/upload.h"

#include <latch>
#include <thread>

#include <gtest/gtest.h>
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#include <httplib.h>
#include <nlohmann/json.hpp>

#include "api/running_server_test.h"
#include "testing/raw_client.h"

namespace pv::api {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr std::size_t kMostBytes = 8U << 20U;

class UploadTest : public ::testing::Test {
 protected:
  UploadTest() {
    running.options.max_file_bytes = kMostBytes;
    running.options.wake_intake = [this] { ++wakes; };
    running.options.log_upload = [this](std::string_view line) {
      const std::lock_guard lock(uploads_mutex);
      uploads.emplace_back(line);
    };
    running.options.wait_settled = [this](model::FileId id, std::chrono::milliseconds) { return settle(id); };
    running.start();
  }
  /// What the intake does with a file.
  Result<ingest::LedgerEntry> settle(model::FileId id) {
    if (holds) running.hold(id);
    return running.ledger->entry(id);
  }
  httplib::Headers with(const std::string& token) {
    const auto headers = running.with(token);
    return {headers.begin(), headers.end()};
  }
  httplib::Client client() const { return httplib::Client("127.0.0.1", running.server->port()); }
  httplib::Result put(const std::string& target, const std::string& content, const std::string& token = "acme.write") {
    return client().Put("/api/v1/tenants/" + target, with(token), content, "text/tab-separated-values");
  }

  std::mutex uploads_mutex;
  std::vector<std::string> uploads;  // lines of the log; read between requests
  std::atomic<int> wakes{0};
  std::atomic<bool> holds{true};
  const std::string file = "acme/campaigns/site%201/devices/02001000/files/T302_1.tsv";
  const std::string path = "acme/site 1/02001000/T302_1.tsv";
  RunningServer running;
};

TEST_F(UploadTest, AFileIsTakenAndItsFateTold) {
  const auto reply = put(file, "T302\n1\n");
  ASSERT_EQ(reply->status, 201) << reply->body;
  const json shown = json::parse(reply->body)["file"];
  EXPECT_EQ(shown["path"], path);
  EXPECT_EQ(shown["way"], "http");
  EXPECT_EQ(shown["who"], "token writer");
  EXPECT_EQ(shown["state"], "held");
  EXPECT_EQ(shown["receipt"]["nb_rows"], 3);
  EXPECT_EQ(running.desk->files().at(path), "T302\n1\n");
  EXPECT_EQ(wakes, 1);
  ASSERT_EQ(uploads.size(), 1U);
  for (const char* part : {"http.upload who=\"token writer\" tenant=\"acme\" address=127.0.0.1 path=\"acme/site 1/02001000/T302_1.tsv\" bytes=7 seconds=",
                           " status=201 fate=taken file=1 state=held"}) {
    EXPECT_NE(uploads[0].find(part), std::string::npos) << uploads[0];
  }
  const auto audit = running.people.registry->audit(std::nullopt, 1);
  EXPECT_EQ(audit->at(0).action, "file.upload");
  EXPECT_EQ(audit->at(0).subject, path);
}

TEST_F(UploadTest, NamesMayHaveSpacesQuotesAndAccents) {
  EXPECT_EQ(put("acme/campaigns/l%27%C3%A9t%C3%A9%20%22a%22/devices/b%20c/files/T302%20(1).TSV", "T302")->status, 201);
  EXPECT_EQ(running.desk->files().count("acme/l'été \"a\"/b c/T302 (1).TSV"), 1U);
  for (const char* wrong : {"acme/campaigns/a/devices/b/files/x.exe", "acme/campaigns/a/devices/b/files/.x.tsv", "acme/campaigns/a/devices/b/files/x.tsv.part",
                            "acme/campaigns/..%2f/devices/b/files/x.tsv", "acme/campaigns/a/devices/%2e%2e/files/x.tsv",
                            "acme/campaigns/a/devices/parsed/files/x.tsv"}) {
    EXPECT_EQ(put(wrong, "T302")->status, 400) << wrong;
  }
  EXPECT_EQ(running.desk->files().size(), 1U);
}

TEST_F(UploadTest, EditorsAndWriteTokensHandIn) {
  const auto editor = running.as("acme.editor");
  EXPECT_EQ(client().Put("/api/v1/tenants/" + file, {editor.begin(), editor.end()}, "T302", "text/plain")->status, 201);
  EXPECT_EQ(put(file, "T302", "acme.read")->status, 403);
  EXPECT_EQ(put(file, "T302", "rival.write")->status, 404);
}

TEST_F(UploadTest, AFateThatIsNotKnownYetIsA202) {
  holds = false;
  auto stopping = std::thread([this] {
    while (wakes == 0) std::this_thread::sleep_for(1ms);
    running.server->stop();  // ends the wait, not the answer
  });
  const auto reply = put(file, "T302");
  stopping.join();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 202);
  EXPECT_EQ(json::parse(reply->body)["file"]["state"], "received");
}

TEST_F(UploadTest, LargeFilesComeInChunksOrWhole) {
  std::string content = "T302";
  while (content.size() < 5'000'000) content += "0123456789abcdef\n";
  EXPECT_EQ(put(file, content)->status, 201);
  EXPECT_EQ(running.desk->files().at(path), content);
  std::size_t sent = 0;
  const auto chunked = client().Put("/api/v1/tenants/acme/campaigns/c/devices/d/files/T302_2.tsv", with("acme.write"),
                                    [&](std::size_t, httplib::DataSink& sink) {
                                      const std::size_t count = std::min<std::size_t>(100'003, content.size() - sent);
                                      sink.write(content.data() + sent, count);
                                      if ((sent += count) == content.size()) sink.done();
                                      return true;
                                    }, "text/plain");
  ASSERT_EQ(chunked->status, 201) << chunked->body;
  EXPECT_EQ(running.desk->files().at("acme/c/d/T302_2.tsv"), content);
}

TEST_F(UploadTest, WhatIsTooLargeIsRefused) {
  EXPECT_EQ(put(file, "T302" + std::string(kMostBytes, 'x'))->status, 413);
  const testing::RawClient raw(running.server->port());
  raw.send("PUT /api/v1/tenants/" + file + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + running.people.tokens.at("acme.write") +
           "\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (std::size_t i = 0; i <= kMostBytes / 0x100000; ++i) raw.send("100000\r\n" + std::string(0x100000, 'x') + "\r\n");
  EXPECT_EQ(raw.read_all().substr(0, 12), "HTTP/1.1 413");
  running.desk->quota = 100;
  const auto full = put(file, "T302" + std::string(200, 'x'));
  EXPECT_EQ(full->status, 507);
  EXPECT_EQ(json::parse(full->body)["reason"], "quota");
  EXPECT_TRUE(running.desk->files().empty());
}

TEST_F(UploadTest, ADiskThatIsFullIsInTheLogAndItsPathsAreNot) {
  running.desk->disk_is_full = true;
  const auto reply = put(file, "T302");
  EXPECT_EQ(reply->status, 500);
  EXPECT_EQ(reply->body.find("/srv"), std::string::npos);
  EXPECT_NE(running.logged().find("/srv/data: No space left on device"), std::string::npos);
  ASSERT_EQ(uploads.size(), 1U);
  EXPECT_NE(uploads[0].find("status=500 fate=refused reason=\"/srv/data: No space left on device\""), std::string::npos) << uploads[0];
}

TEST_F(UploadTest, WhatIsNoLoggerFileIsRefusedWithTheReason) {
  const auto reply = put(file, "Dear all,\n");
  EXPECT_EQ(reply->status, 400);
  EXPECT_EQ(json::parse(reply->body)["detail"], "line 1: this is no logger file");
  EXPECT_NE(uploads.at(0).find("status=400 fate=refused reason=\"line 1: this is no logger file\""), std::string::npos) << uploads[0];
  EXPECT_EQ(put(file, "")->status, 400);
  EXPECT_TRUE(running.desk->files().empty());
}

TEST_F(UploadTest, ASlowSenderIsWaitedForAndACutOneLeavesNothing) {
  const std::string head = "PUT /api/v1/tenants/" + file + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer " +
                           running.people.tokens.at("acme.write") + "\r\n";
  {
    const testing::RawClient cut(running.server->port());
    cut.send(head + "Content-Length: 10\r\n\r\nT302\n");
    while (!running.desk->is_arriving(path)) std::this_thread::sleep_for(1ms);
    // Another of the same name, while this one is under way.
    EXPECT_EQ(put(file, "T302")->status, 409);
    cut.send_no_more();
    EXPECT_EQ(cut.read_all().substr(0, 12), "HTTP/1.1 400");
  }
  EXPECT_TRUE(running.desk->files().empty());
  const testing::RawClient slow(running.server->port());
  slow.send(head + "Transfer-Encoding: chunked\r\n\r\n");
  for (const char c : std::string("T302\nabc")) {
    slow.send(std::string("1\r\n") + c + "\r\n");
    std::this_thread::sleep_for(5ms);
  }
  slow.send("0\r\n\r\n");
  EXPECT_EQ(slow.read_all().substr(0, 12), "HTTP/1.1 201");
  EXPECT_EQ(running.desk->files().at(path), "T302\nabc");
}

TEST_F(UploadTest, ARefusalComesBeforeTheBodyIsSent) {
  const auto head = [&](const std::string& token) {
    return "PUT /api/v1/tenants/" + file + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token +
           "\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
  };
  const testing::RawClient refused(running.server->port());
  refused.send(head(running.people.tokens.at("rival.write")));
  const std::string answer = refused.read_all();
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 404");
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  const testing::RawClient allowed(running.server->port());
  allowed.send(head(running.people.tokens.at("acme.write")));
  EXPECT_EQ(allowed.read_some(), "HTTP/1.1 100 Continue\r\n\r\n");
  allowed.send("T302");
  EXPECT_EQ(allowed.read_some().substr(0, 12), "HTTP/1.1 201");
}

TEST_F(UploadTest, WhatFollowsARefusedBodyIsNeverTakenForARequest) {
  const testing::RawClient raw(running.server->port());
  const std::string hidden = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  raw.send("PUT /api/v1/tenants/" + file + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(hidden.size()) + "\r\n\r\n" + hidden +
           "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string answers = raw.read_all();
  EXPECT_EQ(answers.find("\"ok\""), std::string::npos);
  EXPECT_NE(answers.find("\"ready\""), std::string::npos);  // a small body is passed over, and the connection goes on
  for (const char* framing : {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 4\r\nContent-Length: 5\r\n",
                              "Content-Length: -1\r\n", "Transfer-Encoding: gzip\r\n", "Content-Length : 4\r\n"}) {
    const testing::RawClient odd(running.server->port());
    odd.send(std::string("POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\n") + framing + "\r\n" + hidden);
    const std::string answer = odd.read_all();
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 400") << framing;
    EXPECT_EQ(answer.find("\"ok\""), std::string::npos) << framing;
  }
}

TEST(UploadPlacesTest, OneCompanyCannotTakeThemAll) {
  UploadPlaces places(3, 2);
  auto first = places.take("acme");
  auto second = places.take("acme");
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(places.take("acme"));
  {
    const auto third = places.take("rival");
    EXPECT_TRUE(third);
    EXPECT_FALSE(places.take("other"));
  }
  EXPECT_TRUE(places.take("other"));
  second.reset();
  EXPECT_TRUE(places.take("acme"));
}

}  // namespace
}  // namespace pv::api
