#include "sftp/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <list>
#include <mutex>

#include <fmt/format.h>
#include <libssh/libssh.h>
#include <libssh/server.h>

#include "base/file.h"
#include "base/folder.h"
#include "sftp/connection.h"
#include "sftp/host_keys.h"
#include "sftp/log_text.h"
#include "sftp/small_thread.h"
#include "sftp/tally.h"

namespace pv::sftp {
namespace {

constexpr int kBacklog = 128;
constexpr std::size_t kStack = 1024 * 1024;  // the desk, SQLite and a password check run on it; only what is used is real
constexpr unsigned kPasswordChecks = 2;

struct FreeBind {
  void operator()(ssh_bind bind) const { ssh_bind_free(bind); }
};
using Bind = std::unique_ptr<ssh_bind_struct, FreeBind>;
struct FreeSession {
  void operator()(ssh_session session) const { ssh_free(session); }
};
using SshSession = std::unique_ptr<ssh_session_struct, FreeSession>;

Result<FileDescriptor> listen_on(const std::string& host, int port) {
  if (port < 0 || port > 65535) return fail(Errc::invalid_input, fmt::format("SFTP port {}: a port is from 0 to 65535", port));
  sockaddr_storage address{};
  socklen_t length = 0;
  if (auto* v4 = reinterpret_cast<sockaddr_in*>(&address); inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<std::uint16_t>(port));
    length = sizeof *v4;
  } else if (auto* v6 = reinterpret_cast<sockaddr_in6*>(&address); inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<std::uint16_t>(port));
    length = sizeof *v6;
  } else {
    return fail(Errc::invalid_input, fmt::format("SFTP host '{}': write an address, such as 0.0.0.0 or ::", host));
  }
  FileDescriptor socket(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1, off = 0;
  if (address.ss_family == AF_INET6) setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!socket.is_open() || bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0 || listen(socket.get(), kBacklog) != 0) {
    const auto kind = errno == EACCES ? Errc::denied : Errc::unavailable;
    return fail(kind, fmt::format("cannot listen for SFTP on {} port {}: {}", host, port, std::generic_category().message(errno)));
  }
  return socket;
}

int port_of(int socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
  // Both families have the port at the same place.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

// Without the groups that cost a client nothing and the server a third of a second (group18, group exchange).
constexpr const char* kKeyExchange =
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
    "diffie-hellman-group16-sha512,diffie-hellman-group14-sha256";
constexpr const char* kCiphers = "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr";
constexpr const char* kMacs = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512";
constexpr const char* kHostKeys = "ssh-ed25519,rsa-sha2-512,rsa-sha2-256";
constexpr const char* kClientKeys = "ssh-ed25519,sk-ssh-ed25519@openssh.com,ecdsa-sha2-nistp521,ecdsa-sha2-nistp384,ecdsa-sha2-nistp256,"
                                    "sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256";

Result<Bind> make_bind(const HostKeys& keys, OldClients old) {
  Bind bind(ssh_bind_new());
  if (!bind) return fail(Errc::io, "libssh gives no server");
  const bool all = old == OldClients::everything;
  const auto set = [&](ssh_bind_options_e option, const std::string& value) { return ssh_bind_options_set(bind.get(), option, value.c_str()) == SSH_OK; };
  const auto with = [](const char* usual, bool more, const char* old_ones) { return more ? fmt::format("{},{}", usual, old_ones) : std::string(usual); };
  const bool no_system_settings = false;
  bool done = ssh_bind_options_set(bind.get(), SSH_BIND_OPTIONS_PROCESS_CONFIG, &no_system_settings) == SSH_OK;
  for (const auto& file : keys.files) done = done && set(SSH_BIND_OPTIONS_HOSTKEY, file.string());
  const std::string ciphers = with(kCiphers, all, "aes256-cbc,aes192-cbc,aes128-cbc"), macs = with(kMacs, all, "hmac-sha1");
  done = done && set(SSH_BIND_OPTIONS_BANNER, "PowerView") &&
         set(SSH_BIND_OPTIONS_KEY_EXCHANGE, with(kKeyExchange, all, "diffie-hellman-group14-sha1")) && set(SSH_BIND_OPTIONS_CIPHERS_C_S, ciphers) &&
         set(SSH_BIND_OPTIONS_CIPHERS_S_C, ciphers) && set(SSH_BIND_OPTIONS_HMAC_C_S, macs) && set(SSH_BIND_OPTIONS_HMAC_S_C, macs) &&
         set(SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS, with(kHostKeys, old != OldClients::refused, "ssh-rsa")) &&
         set(SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES, with(kClientKeys, all, "ssh-rsa"));
  if (!done) return fail(Errc::io, fmt::format("libssh refuses the server's settings: {}", ssh_get_error(bind.get())));
  return bind;
}

}  // namespace

class Server::State {
 public:
  State(model::ArrivalDesk& desk, Options given, Folder data, HostKeys keys, Bind bind, FileDescriptor socket, FileDescriptor wake)
      : options(std::move(given)), fingerprints(std::move(keys.fingerprints)), port(port_of(socket.get())), data_(std::move(data)), bind_(std::move(bind)),
        socket_(std::move(socket)), wake_(std::move(wake)), addresses_(options.most_of_address), accounts_(options.most_of_account),
        around_{options, data_, desk, accounts_, password_checks_, stopping_} {
    acceptor_ = SmallThread(kStack, [this] { accept_all(); });
  }
  ~State() { stop(); }

  void stop() {
    stopping_ = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const Client& client : clients_) {
        if (client.socket >= 0) ::shutdown(client.socket, SHUT_RDWR);
      }
    }
    clients_.clear();  // joins
    socket_ = FileDescriptor();
  }

  const Options options;
  const std::vector<std::string> fingerprints;
  const int port;

 private:
  struct Client {
    int socket = -1;  // -1 once its connection is over
    SmallThread thread;
  };

  void log(std::string_view line) const {
    if (options.log) options.log(line);
  }

  void accept_all() {
    while (!stopping_) {
      pollfd watched[] = {{socket_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
      constexpr int kReapMilliseconds = 1000;
      (void)::poll(watched, 2, kReapMilliseconds);
      join_gone();
      if (stopping_ || (watched[0].revents & POLLIN) == 0) continue;
      sockaddr_storage peer{};
      socklen_t length = sizeof peer;
      FileDescriptor socket(::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&peer), &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!socket.is_open()) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
          log(fmt::format("sftp.trouble error={}", in_quotes("cannot accept a connection: " + std::generic_category().message(errno))));
          (void)::poll(watched + 1, 1, 100);
        }
        continue;
      }
      try {
        welcome(std::move(socket), Address::of(peer));
      } catch (const std::exception& error) {
        log(fmt::format("sftp.trouble error={}", in_quotes(error.what())));
      }
    }
  }

  void welcome(FileDescriptor socket, const Address& address) {
    const auto turn_away = [&](std::string_view why) { log(fmt::format("sftp.refused address={} reason=\"{}\"", address.text(), why)); };
    if (!options.allowed.empty() && std::none_of(options.allowed.begin(), options.allowed.end(), [&](const Network& network) { return network.contains(address); })) {
      return turn_away("the address is in none of the allowed networks");
    }
    if (open_ >= options.most_connections) return turn_away("as many connections as may be are open");
    auto place = addresses_.take(address.text());
    if (!place) return turn_away("the address has as many connections as it may have");
    const int on = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    SshSession session(ssh_new());
    const bool no_system_settings = false;
    if (!session || ssh_options_set(session.get(), SSH_OPTIONS_PROCESS_CONFIG, &no_system_settings) != SSH_OK ||
        ssh_bind_accept_fd(bind_.get(), session.get(), socket.get()) != SSH_OK) {
      return turn_away("libssh does not take the connection");
    }
    Client* client = nullptr;
    {
      const std::lock_guard lock(mutex_);
      client = &clients_.emplace_back();
      client->socket = socket.release();  // the session closes it
    }
    ++open_;
    struct Taken {
      SshSession session;
      Tally::Place place;
    };
    // std::function wants what can be copied.
    auto taken = std::make_shared<Taken>(Taken{std::move(session), std::move(*place)});
    try {
      client->thread = SmallThread(kStack, [this, client, taken = std::move(taken), text = address.text()]() mutable {
        attend(*taken, text);
        {
          const std::lock_guard lock(mutex_);
          client->socket = -1;
        }
        taken.reset();
        --open_;
      });
    } catch (...) {
      --open_;
      const std::lock_guard lock(mutex_);
      clients_.pop_back();
      throw;
    }
  }

  template <class Taken>
  void attend(Taken& taken, const std::string& address) noexcept {
    try {
      Connection(taken.session.get(), address, around_).run();
    } catch (const std::exception& error) {
      log(fmt::format("sftp.trouble address={} error={}", address, in_quotes(error.what())));
    }
  }

  void join_gone() {
    std::list<Client> gone;
    const std::lock_guard lock(mutex_);
    for (auto client = clients_.begin(); client != clients_.end();) {
      const auto next = std::next(client);
      if (client->socket < 0) gone.splice(gone.end(), clients_, client);
      client = next;
    }
  }

  const Folder data_;
  const Bind bind_;  // the accepting thread's only
  FileDescriptor socket_, wake_;
  Tally addresses_, accounts_;
  Turnstile password_checks_{kPasswordChecks};
  std::atomic<bool> stopping_ = false;
  std::atomic<std::size_t> open_ = 0;
  const Surroundings around_;
  std::mutex mutex_;
  std::list<Client> clients_;  // list and sockets by mutex_
  SmallThread acceptor_;
};

Result<std::unique_ptr<Server>> Server::start(model::ArrivalDesk& desk, Options options) {
  PV_TRY(Folder data, Folder::open(options.data_folder));
  PV_TRY(HostKeys keys, load_or_make_host_keys(options.host_key_folder));
  PV_TRY(Bind bind, make_bind(keys, options.old_clients));
  PV_TRY(FileDescriptor socket, listen_on(options.host, options.port));
  FileDescriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.is_open()) return fail(Errc::io, "the system gives no descriptor for the SFTP server");
  auto state = std::make_unique<State>(desk, std::move(options), std::move(data), std::move(keys), std::move(bind), std::move(socket), std::move(wake));
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() { stop(); }
int Server::port() const noexcept { return state_->port; }
std::vector<std::string> Server::fingerprints() const { return state_->fingerprints; }
void Server::stop() { state_->stop(); }

}  // namespace pv::sftp
