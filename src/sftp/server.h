#pragma once
/// The SFTP server: SSH by libssh, version 3 of SFTP by Session, each account in its Jail.
///
///   Sign-in: password (also as the single question of keyboard-interactive) and public keys. Only the subsystem "sftp" is
///   there: no shell, no commands, no forwarding.
///   Bounds: Options has them all. Clients outside the allowed networks are cut off before the key exchange; one that does not
///   sign in in time, sends a packet too slowly, takes no answers or floods is dropped, and what it was uploading stays as a
///   partial file. Two passwords are checked at once: each check costs tens of megabytes and milliseconds by design.
///   Memory: about 100 kB a session that does nothing, one packet (256 kB) each way more while it transfers.
///   Errors from within are told to clients without the server's paths; the log has them whole.
///   Threads: start() and stop() from one thread. The server has one that accepts, and one a connection. The desk and the
///   functions given outlive the server and are safe to use from all of them.

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "base/result.h"
#include "base/secret.h"
#include "model/arrival.h"
#include "sftp/network.h"
#include "sftp/session.h"
#include "tenancy/registry.h"

namespace pv::sftp {

/// How far the server goes to meet clients that know only SHA-1.
enum class OldClients : std::uint8_t {
  refused,     // SHA-2 everywhere
  host_key,    // the server signs as "ssh-rsa" too, for clients that ask for nothing better
  everything,  // clients' keys as "ssh-rsa", diffie-hellman-group14-sha1, hmac-sha1 and aes-cbc too
};

struct Options {
  std::string host = "127.0.0.1";  // an IPv4 or IPv6 address; "::" is both
  int port = 0;                    // 0: any free one, see port()
  std::filesystem::path data_folder;
  std::filesystem::path host_key_folder;  // see host_keys.h
  std::vector<Network> allowed;           // empty: all
  OldClients old_clients = OldClients::host_key;

  /// As tenancy::Registry has them. `type` is as in an authorized_keys line: "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256".
  std::function<tl::expected<tenancy::SftpAccount, tenancy::Refused>(std::string_view account, const Secret& password, std::string_view address)> check_password;
  std::function<std::optional<tenancy::SftpAccount>(std::string_view account, std::string_view type, std::string_view base64)> check_key;
  /// Whether an account that signed in may go on: it is there, and neither it nor its company is disabled. Asked before what it asks to
  /// do with names (open, close, rename, list, …) and every `recheck_time`; must be quick. Empty: it may.
  std::function<bool(const tenancy::SftpAccount&)> may_go_on;
  /// An account signed in. May be empty.
  std::function<void(const tenancy::SftpAccount&, std::string_view address)> seen;
  /// A line for the log: one an upload, one a connection's end (with the account that was tried and why it was refused), errors of
  /// the server's own. May be empty.
  std::function<void(std::string_view)> log;

  std::chrono::milliseconds sign_in_time{30'000};  // from the connection to the sign-in
  std::chrono::milliseconds packet_time{60'000};   // from a packet's first byte to its last; also for taking an answer
  std::chrono::milliseconds idle_time{600'000};    // between packets
  std::chrono::milliseconds recheck_time{2'000};   // how long an account that was disabled goes on at most
  std::size_t most_connections = 256;
  std::size_t most_of_address = 64;
  std::size_t most_of_account = 32;
  int most_attempts = 6;  // to sign in, a connection; a key that is not the account's counts too
  SessionLimits session;
};

class Server {
 public:
  /// Binds, makes missing host keys, begins to accept.
  /// Errors: invalid_input: host or port; unavailable: the port is taken; not_found, io: the data folder; those of the host keys.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(model::ArrivalDesk& desk, Options options);

  ~Server();  // stops
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] int port() const noexcept;
  [[nodiscard]] std::vector<std::string> fingerprints() const;  // "ssh-ed25519 SHA256:…"

  /// Cuts all connections, lets a file that is being finished be finished, joins all threads. Calling it again does nothing.
  void stop();

 private:
  class State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pv::sftp
