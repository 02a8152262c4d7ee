#pragma once
/// The real VictoriaMetrics of the system (/usr/bin/victoria-metrics) on a free port of 127.0.0.1, with a data folder of its own.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/http_client.h"
#include "testing/child.h"
#include "testing/temp_folder.h"

/// In a test's body, where nothing can be shown without one.
#define PV_NEEDS_VICTORIA_METRICS()                                                                            \
  if (!::pv::testing::VictoriaServer::is_installed()) {                                                        \
    GTEST_SKIP() << "/usr/bin/victoria-metrics is not installed (apt-get install victoria-metrics)";           \
  }

namespace pv::testing {

class VictoriaServer {
 public:
  static constexpr const char* kProgram = "/usr/bin/victoria-metrics";
  [[nodiscard]] static bool is_installed() { return std::filesystem::exists(kProgram); }

  /// Serves requests when it returns.
  explicit VictoriaServer(std::vector<std::string> flags = {"-retentionPeriod=100y"}) : flags_(std::move(flags)) {
    // A port that was free may be taken before it listens there.
    for (int attempt = 1; !started(); ++attempt) {
      if (attempt == 3) throw std::runtime_error("victoria-metrics does not start: " + child_->err_so_far());
    }
  }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// Ends it as a power cut would, and starts it again on the same data.
  void kill_and_restart() {
    kill();
    start();
  }
  void kill() {
    child_->send(SIGKILL);
    child_->wait();
  }
  /// Again, on the same data and port.
  void start() {
    if (!serves()) throw std::runtime_error("victoria-metrics does not start: " + child_->err_so_far());
  }

 private:
  bool started() {
    port_ = free_port();
    return serves();
  }
  bool serves() {
    std::vector<std::string> argv = {kProgram, "-storageDataPath=" + (folder_ / "data").string(), "-httpListenAddr=127.0.0.1:" + std::to_string(port_),
                                     "-memory.allowedPercent=10"};
    argv.insert(argv.end(), flags_.begin(), flags_.end());
    // A test that crashes leaves no server behind.
    child_ = std::make_unique<Child>(argv, Child::Environment{}, [] { prctl(PR_SET_PDEATHSIG, SIGKILL); });
    for (int i = 0; i < 600; ++i) {
      auto client = HttpClient::open({.base_url = url()});
      if (client) {
        const auto answer = (*client)->send(HttpRequest{.method = "GET", .target = "/health"});
        if (answer && (answer->status == 200 || answer->status == 401)) return true;
      }
      if (child_->has_ended()) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }
  static int free_port() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    const bool known = bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                       getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0;
    close(fd);
    if (!known) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
  }

  TempFolder folder_;
  std::vector<std::string> flags_;
  int port_ = 0;
  std::unique_ptr<Child> child_;
};

}  // namespace pv::testing
