#pragma once
/// A server on a free port with a company "acme" and its account "logger" (password "right", one key), and real clients for it.

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "sftp/folder_desk_test.h"
#include "sftp/server.h"
#include "testing/child.h"
#include "testing/raw_client.h"

namespace pv::sftp::testing {

using pv::testing::Child;
using pv::testing::Ended;
using pv::testing::RawClient;  // knows no SSH

/// Keys are slow to make, so all tests of a process have the same.
struct Keys {
  pv::testing::TempFolder folder;
  Keys() {
    for (const std::string_view name : {"client", "stranger"}) {
      Child make({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", (folder / name).string()});
      make.wait();
    }
    Child rsa({"/usr/bin/ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", (folder / "rsa").string()});
    rsa.wait();
  }
  /// The base64 part of a public key.
  [[nodiscard]] std::string base64_of(std::string_view name) const {
    const std::string line = pv::testing::content_of(folder / (std::string(name) + ".pub"));
    const std::size_t begin = line.find(' ') + 1;
    return line.substr(begin, line.find_first_of(" \n", begin) - begin);
  }
  static const Keys& of_this_process() {
    static const Keys keys;
    return keys;
  }
};

class RunningServer {
 public:
  static Options usual() {
    Options options;
    options.most_of_address = 256;
    options.most_of_account = 256;
    return options;
  }

  explicit RunningServer(Options options = usual()) {
    const Keys& keys = Keys::of_this_process();
    options.data_folder = data.path();
    options.host_key_folder = keys.folder / "host";
    const auto account_of = [](std::string_view name) {
      return tenancy::SftpAccount{.name = std::string(name), .tenant = model::TenantName::parse(name == "other" ? "rival" : "acme").value(), .keys = {}};
    };
    options.check_password = [account_of](std::string_view name, const Secret& password, std::string_view) -> tl::expected<tenancy::SftpAccount, tenancy::Refused> {
      if ((name == "logger" || name == "other") && password.reveal() == "right") return account_of(name);
      return tl::unexpected(tenancy::Refused{tenancy::Refusal::wrong, 0});
    };
    options.check_key = [account_of, ed = keys.base64_of("client"), rsa = keys.base64_of("rsa")](
                            std::string_view name, std::string_view type, std::string_view base64) -> std::optional<tenancy::SftpAccount> {
      if (name != "logger") return std::nullopt;
      if ((type == "ssh-ed25519" && base64 == ed) || (type == "ssh-rsa" && base64 == rsa)) return account_of(name);
      return std::nullopt;
    };
    options.log = [this](std::string_view line) {
      const std::lock_guard lock(mutex_);
      lines_.emplace_back(line);
    };
    auto started = Server::start(*desk, std::move(options));
    if (!started) throw std::runtime_error(started.error().message());
    server = std::move(*started);
  }
  ~RunningServer() { server.reset(); }  // before what its threads use

  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  /// Whether a line of the log has all these parts, within half a minute.
  [[nodiscard]] bool logs(const std::vector<std::string>& parts) const {
    for (int i = 0; i < 3000; ++i) {
      for (const std::string& line : lines()) {
        if (std::all_of(parts.begin(), parts.end(), [&](const std::string& part) { return line.find(part) != std::string::npos; })) return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  [[nodiscard]] std::string content(std::string_view file) const { return pv::testing::content_of(data / file); }

  /// Arguments common to the programs of OpenSSH.
  [[nodiscard]] std::vector<std::string> ssh_options(std::string_view key = "client") const {
    return {"-F", "/dev/null", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oLogLevel=ERROR", "-oIdentitiesOnly=yes", "-oIdentityAgent=none",
            "-i", (Keys::of_this_process().folder / key).string()};
  }
  /// `sftp -b` with these commands.
  [[nodiscard]] Ended sftp(const std::string& commands, const std::vector<std::string>& more = {}, std::string_view key = "client", std::string_view user = "logger") const {
    const auto batch = files.given_file("batch", commands);
    std::vector<std::string> argv = {"/usr/bin/sftp", "-b", batch.string(), "-P", std::to_string(server->port())};
    for (const auto& option : ssh_options(key)) argv.push_back(option);
    argv.insert(argv.end(), more.begin(), more.end());
    argv.push_back(std::string(user) + "@127.0.0.1");
    return Child(argv).wait();
  }
  [[nodiscard]] Ended run(const std::vector<std::string>& argv) const { return Child(argv, {{"HOME", files.path().string()}}).wait(); }

  pv::testing::TempFolder data;
  pv::testing::TempFolder files;  // the client's
  std::shared_ptr<FolderDesk> desk = std::make_shared<FolderDesk>(data.path());
  std::unique_ptr<Server> server;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// A real client's "sftp" channel that stays open for as long as this lives: its input and output are one socket of the test, which speaks
/// as slowly as it likes, and need not listen.
class HeldChannel {
 public:
  explicit HeldChannel(const RunningServer& server) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("no socket pair");
    ours_ = FileDescriptor(ends[0]);
    const FileDescriptor theirs(ends[1]);
    std::vector<std::string> argv = {"/usr/bin/ssh", "-p", std::to_string(server.server->port())};
    for (const auto& option : server.ssh_options()) argv.push_back(option);
    argv.insert(argv.end(), {"-s", "logger@127.0.0.1", "sftp"});
    client_.emplace(argv, Child::Environment{}, [&theirs] { ::dup2(theirs.get(), 0), ::dup2(theirs.get(), 1); });
  }
  /// Waits while the client takes no more. False when it has left before all was taken.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(ours_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// Whether the server answers anything within this time: then the client has signed in.
  [[nodiscard]] bool is_answered_within(std::chrono::milliseconds time) const {
    pollfd watched{ours_.get(), POLLIN, 0};
    char byte = 0;
    return ::poll(&watched, 1, static_cast<int>(time.count())) == 1 && ::recv(ours_.get(), &byte, 1, 0) == 1;
  }

 private:
  FileDescriptor ours_;
  std::optional<Child> client_;
};

}  // namespace pv::sftp::testing
