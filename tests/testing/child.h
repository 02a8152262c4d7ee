#pragma once
/// The program under test as a child process.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "testing/temp_folder.h"

namespace pv::testing {

struct Ended {
  int code = -1;    // exit code; -1 when a signal ended it
  int signal = 0;
  std::string out;  // standard output
  std::string err;  // standard error
  long max_rss_kb = 0;
};

class Child {
 public:
  using Environment = std::map<std::string, std::string>;

  /// Starts argv[0] with a nearly empty environment; `prepare` runs in the child before that.
  explicit Child(const std::vector<std::string>& argv, const Environment& environment = {}, const std::function<void()>& prepare = {}) {
    std::vector<char*> arguments;
    for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    std::vector<std::string> variables = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "POWERVIEW_CONFIG="};
    for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
    std::vector<char*> all;
    for (std::string& variable : variables) all.push_back(variable.data());
    all.push_back(nullptr);
    const std::string out = folder_ / "out";
    const std::string err = folder_ / "err";
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("cannot fork");
    if (pid_ > 0) return;
    const int out_fd = open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int err_fd = open(err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int in_fd = open("/dev/null", O_RDONLY);
    dup2(in_fd, 0), dup2(out_fd, 1), dup2(err_fd, 2);
    if (prepare) prepare();
    execve(arguments[0], arguments.data(), all.data());
    _exit(127);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    send(SIGKILL);
    wait();
  }

  void send(int signal) const { kill(pid_, signal); }
  /// Without taking it: wait() still answers.
  [[nodiscard]] bool has_ended() const {
    siginfo_t info{};
    return pid_ <= 0 || (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid_);
  }
  [[nodiscard]] std::string out_so_far() const { return content_of(folder_ / "out"); }
  [[nodiscard]] std::string err_so_far() const { return content_of(folder_ / "err"); }

  Ended wait() {
    Ended ended;
    int status = 0;
    rusage usage{};
    if (wait4(pid_, &status, 0, &usage) != pid_) throw std::runtime_error("no such child");
    pid_ = 0;
    ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    ended.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    ended.max_rss_kb = usage.ru_maxrss;
    ended.out = content_of(folder_ / "out");
    ended.err = content_of(folder_ / "err");
    return ended;
  }

 private:
  TempFolder folder_;
  pid_t pid_ = 0;
};

}  // namespace pv::testing
