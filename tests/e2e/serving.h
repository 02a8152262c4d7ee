#pragma once
/// `powerview serve` as a child, and clients that hand files in to it.

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "e2e/program.h"

namespace pv::testing {

/// Asks until the answer is yes; false after `most`.
inline bool eventually(const std::function<bool()>& condition, std::chrono::seconds most = std::chrono::seconds(30)) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

inline std::string line_with(const std::string& text, const std::string& beginning) {
  const std::size_t at = text.find(beginning);
  if (at == std::string::npos) return "";
  return text.substr(at, text.find('\n', at) - at);
}

/// What that file gives with this text when it is ingested in peace.
inline std::string samples_of(const std::string& text) {
  const Installation calm;
  calm.given(kPath, text);
  EXPECT_EQ(calm.ingest().code, 0);
  return calm.export_samples("acme", "north").out;
}

/// A running `serve` on free ports, with one company "acme", one account "logger" whose key lies in id_ed25519.
class Serving {
 public:
  struct Options {
    Child::Environment environment = {};
    std::string settings = "";  // more lines of powerview.toml, sections included
  };

  explicit Serving(const Installation& at) : Serving(at, Options{}) {}
  Serving(const Installation& at, const Options& options) : at_(at) {
    std::filesystem::create_directories(at.data());
    write_file(settings(), "data_folder = \"" + at.data().string() + "\"\nstate_dir = \"" + at.state().string() +
                               "\"\nzone = \"Europe/Paris\"\n" + options.settings);
    start(options.environment);
  }

  /// Starts it, again if need be; waits until it answers, or has ended.
  void start(const Child::Environment& environment = {}) {
    child_.emplace(std::vector<std::string>{PV_BINARY, "serve", "--config", settings().string(), "--port", "0", "--sftp-port", "0"}, environment);
    eventually([&] { return !line_with(out(), "sftp://").empty() || child_->has_ended(); });
  }

  [[nodiscard]] std::filesystem::path settings() const { return at_.path() / "powerview.toml"; }
  [[nodiscard]] std::string out() const { return child_->out_so_far(); }
  [[nodiscard]] std::string http() const { return line_with(out(), "http://"); }  // "http://127.0.0.1:1234/"
  [[nodiscard]] std::string sftp_port() const {
    const std::string line = line_with(out(), "sftp://");
    return line.substr(line.rfind(':') + 1);
  }
  [[nodiscard]] Child& child() { return *child_; }
  Ended stop() {
    child_->send(SIGTERM);
    return child_->wait();
  }

  /// A command on the same installation.
  [[nodiscard]] Ended run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin() + static_cast<std::ptrdiff_t>(words_of(arguments)), {"--config", settings().string()});
    return run_program(std::move(arguments));
  }

  /// Company "acme" and its SFTP account "logger" with a key.
  void create_acme() const {
    ASSERT_EQ(run({"tenant", "create", "acme", "--zone", "Europe/Paris"}).code, 0);
    const Ended made = Child({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key()}).wait();
    ASSERT_EQ(made.code, 0) << made.err;
    const Ended added = run({"sftp-key", "add", "logger", "--tenant", "acme", "--key-file", key() + ".pub"});
    ASSERT_EQ(added.code, 0) << added.err;
  }
  [[nodiscard]] std::string key() const { return at_.path() / "id_ed25519"; }

  /// OpenSSH's client, with a batch of its commands.
  [[nodiscard]] Ended sftp(const std::string& batch, const std::string& account = "logger") const {
    const std::filesystem::path file = write_file(at_.path() / "batch", batch);
    return Child({"/usr/bin/sftp", "-q", "-b", file, "-i", key(), "-P", sftp_port(), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                  "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20", account + "@127.0.0.1"},
                 {{"HOME", at_.path().string()}})
        .wait();
  }

  [[nodiscard]] static Ended curl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"/usr/bin/curl", "-sS", "--max-time", "60"});
    return Child(arguments).wait();
  }

  /// Whether the newest file of this path below the data folder has that state.
  [[nodiscard]] std::string fate_of(const std::string& path) const {
    const Ended listed = run({"files", "show", path});
    if (listed.code != 0) return "";
    const std::string line = line_with(listed.out, "state:");
    return line.substr(line.find_first_not_of(' ', 6));
  }

 private:
  /// How many words name the command: options come after them.
  static std::size_t words_of(const std::vector<std::string>& arguments) {
    return arguments.size() > 1 && is_group(arguments.front()) && !arguments[1].starts_with('-') ? 2 : 1;
  }
  static bool is_group(std::string_view word) {
    return word == "tenant" || word == "user" || word == "token" || word == "sftp-key" || word == "files" || word == "influx" || word == "grafana";
  }

  const Installation& at_;
  std::optional<Child> child_;
};

}  // namespace pv::testing
