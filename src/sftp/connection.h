#pragma once
/// One client's connection: key exchange, sign-in, one "sftp" channel at a time, and the deadlines of all that.
///   Threads: run() on the connection's own; what Surroundings refers to is shared by all connections and safe.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sftp/packet.h"
#include "sftp/server.h"
#include "sftp/session.h"
#include "sftp/tally.h"

struct ssh_session_struct;

namespace pv::sftp {

/// Lets so many through at once; others wait.
class Turnstile {
 public:
  explicit Turnstile(unsigned most) : left_(most) {}
  template <class Work>
  auto pass(Work work) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return left_ > 0; });
      --left_;
    }
    struct Leave {
      Turnstile& turnstile;
      ~Leave() {
        const std::lock_guard lock(turnstile.mutex_);
        ++turnstile.left_;
        turnstile.wake_.notify_one();
      }
    } const leave{*this};
    return work();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  unsigned left_;
};

/// What all connections share. Outlives them.
struct Surroundings {
  const Options& options;
  const Folder& data;
  model::ArrivalDesk& desk;
  Tally& accounts;
  Turnstile& password_checks;
  const std::atomic<bool>& stopping;
};

class Connection {
 public:
  /// The session has its socket and keys; it outlives the connection.
  Connection(ssh_session_struct* session, std::string address, const Surroundings& around);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Serves until either side ends it, and logs that.
  void run();

 private:
  struct Transport;  // what libssh needs
  using Clock = std::chrono::steady_clock;

  void serve();
  void give_memory_back();
  [[nodiscard]] bool pump();
  [[nodiscard]] bool take_packets();
  [[nodiscard]] bool send_answers();
  void watch_flow(Clock::time_point now);
  [[nodiscard]] std::optional<Clock::duration> time_left(Clock::time_point now);
  void look_at_account(Clock::time_point now);
  void refuse(std::string_view user, std::string_view why);
  void start_session();
  void end_channel();
  void free_channel();
  [[nodiscard]] bool admit(std::optional<tenancy::SftpAccount> account);
  [[nodiscard]] bool check_password(std::string_view user, std::string password);
  void tell(std::string_view line);
  void log(std::string_view line) const;

  const Surroundings& around_;
  const std::string address_;
  std::unique_ptr<Transport> transport_;
  std::optional<tenancy::SftpAccount> account_;  // once signed in
  std::optional<Tally::Place> place_;
  int failures_ = 0;
  std::string tried_, refused_;  // the account of the last attempt that failed, and why it did
  std::string end_;  // why it ends; "" while it does not

  std::unique_ptr<Session> session_;
  PacketSplitter in_;
  std::vector<std::byte> out_;
  std::size_t out_sent_ = 0;

  Clock::time_point begun_, last_packet_, last_sent_, last_look_;
  std::uint64_t sent_mark_ = 0;      // bytes on the socket when something last went out
  std::uint64_t received_mark_ = 0;  // … when nothing was waiting to go out
  std::uint64_t uploads_ = 0;
};

}  // namespace pv::sftp
