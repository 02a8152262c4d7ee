/// The stream of changes: who is told what, and until when.

#include <atomic>
#include <mutex>
#include <thread>

#include "api/server_fixture_test.h"

namespace pv::api {
namespace {

using namespace std::chrono_literals;

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

}  // namespace
}  // namespace pv::api
