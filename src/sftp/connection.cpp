#include "sftp/connection.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>
#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>

#include "sftp/log_text.h"

namespace pv::sftp {
namespace {

constexpr std::size_t kReadPiece = 32 * 1024;
constexpr std::size_t kAnswersHigh = 64 * 1024;    // beyond it, answers go out before more is asked
constexpr std::uint64_t kFlood = 4 * 1024 * 1024;  // taken from a client that takes no answers; SSH's own window is 1.3 MB
constexpr std::size_t kMaxPassword = 1024;
constexpr std::size_t kMaxAccount = 64;

std::string_view name_of(Upload::Fate fate) {
  switch (fate) {
    case Upload::Fate::taken: return "taken";
    case Upload::Fate::refused: return "refused";
    case Upload::Fate::interrupted: return "interrupted";
  }
  return "unknown";
}

}  // namespace

/// Callbacks run inside the library's C code: none lets an exception out, and none waits for the client.
struct Connection::Transport {
  Transport(Connection& its_owner, ssh_session its_session) : owner(its_owner), session(its_session) {}

  Connection& owner;
  ssh_session session;
  ssh_event event = nullptr;
  ssh_channel channel = nullptr;
  ssh_counter_struct traffic{};  // on the socket
  ssh_server_callbacks_struct server_callbacks{};
  ssh_channel_callbacks_struct channel_callbacks{};
  std::string interactive_user;

  template <class Refused, class Work>
  Refused guarded(Refused refused, Work work) noexcept {
    try {
      return work();
    } catch (const std::exception& bug) {
      owner.end_ = fmt::format("BUG: {}", bug.what());
    } catch (...) {
      owner.end_ = "BUG: something was thrown";
    }
    return refused;
  }
  static Transport& of(void* user) { return *static_cast<Transport*>(user); }

  static int on_password(ssh_session, const char* user, const char* password, void* data) {
    return of(data).guarded(static_cast<int>(SSH_AUTH_DENIED), [&]() -> int {
      return of(data).owner.check_password(user, password) ? SSH_AUTH_SUCCESS : SSH_AUTH_DENIED;
    });
  }
  static int on_key(ssh_session, const char* user, ssh_key_struct* key, char signature, void* data) {
    return of(data).guarded(static_cast<int>(SSH_AUTH_DENIED), [&]() -> int { return of(data).check_key(user, key, signature) ? SSH_AUTH_SUCCESS : SSH_AUTH_DENIED; });
  }
  static ssh_channel on_channel(ssh_session, void* data) {
    return of(data).guarded(static_cast<ssh_channel>(nullptr), [&] { return of(data).open_channel(); });
  }
  static int on_subsystem(ssh_session, ssh_channel channel, const char* name, void* data) {
    return of(data).guarded(1, [&]() -> int {
      Transport& self = of(data);
      if (channel != self.channel || std::string_view(name) != "sftp" || self.owner.session_) return 1;
      self.owner.start_session();
      return 0;
    });
  }
  /// What comes for the server's error stream is dropped; the rest is fetched by pump().
  static int on_data(ssh_session, ssh_channel, void*, std::uint32_t length, int is_error_stream, void*) {
    return is_error_stream != 0 ? static_cast<int>(length) : 0;
  }
  /// What no other callback takes. 1: refuse.
  static int on_message(ssh_session, ssh_message message, void* data) {
    return of(data).guarded(1, [&]() -> int { return of(data).answer_interactive(message); });
  }

  bool check_key(std::string_view user, ssh_key key, char signature) {
    if (signature != SSH_PUBLICKEY_STATE_NONE && signature != SSH_PUBLICKEY_STATE_VALID) {
      owner.refuse(user, "a wrong signature");
      return false;
    }
    char* base64 = nullptr;
    if (ssh_pki_export_pubkey_base64(key, &base64) != SSH_OK) return false;
    const std::string text(base64);
    ssh_string_free_char(base64);
    const char* type = ssh_key_type_to_char(ssh_key_type(key));
    std::optional<tenancy::SftpAccount> account;
    if (!owner.account_ && type != nullptr && user.size() <= kMaxAccount && owner.around_.options.check_key) {
      account = owner.around_.options.check_key(user, type, text);
    }
    if (!account) {
      owner.refuse(user, "a key that is not this account's, or the account is unknown or disabled");
      return false;
    }
    return signature == SSH_PUBLICKEY_STATE_NONE || owner.admit(std::move(account));
  }

  ssh_channel open_channel() {
    if (!owner.account_ || channel != nullptr) return nullptr;
    channel = ssh_channel_new(session);
    if (channel == nullptr) return nullptr;
    channel_callbacks = {};
    ssh_callbacks_init(&channel_callbacks);
    channel_callbacks.userdata = this;
    channel_callbacks.channel_subsystem_request_function = &Transport::on_subsystem;
    channel_callbacks.channel_data_function = &Transport::on_data;
    ssh_set_channel_callbacks(channel, &channel_callbacks);
    return channel;
  }

  int answer_interactive(ssh_message message) {
    if (ssh_message_type(message) != SSH_REQUEST_AUTH || ssh_message_subtype(message) != SSH_AUTH_METHOD_INTERACTIVE || owner.account_) return 1;
    if (ssh_message_auth_kbdint_is_response(message) != 1) {
      const char* user = ssh_message_auth_user(message);
      interactive_user = user == nullptr ? "" : user;
      const char* prompts[] = {"Password: "};
      char echo[] = {0};
      return ssh_message_auth_interactive_request(message, "", "", 1, prompts, echo) == SSH_OK ? 0 : 1;
    }
    const char* answer = ssh_userauth_kbdint_getnanswers(session) == 1 ? ssh_userauth_kbdint_getanswer(session, 0) : nullptr;
    const std::string user = std::exchange(interactive_user, {});
    if (answer == nullptr || user.empty()) {
      owner.refuse(user, "no password");
      return 1;
    }
    if (!owner.check_password(user, answer)) return 1;
    ssh_message_auth_reply_success(message, 0);
    return 0;
  }

  [[nodiscard]] bool is_writing() const { return (ssh_get_status(session) & SSH_WRITE_PENDING) != 0; }
  [[nodiscard]] bool is_gone() const { return (ssh_get_status(session) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0 || ssh_is_connected(session) == 0; }
};

Connection::Connection(ssh_session_struct* session, std::string address, const Surroundings& around)
    : around_(around), address_(std::move(address)), transport_(std::make_unique<Transport>(*this, session)), begun_(Clock::now()), last_packet_(begun_), last_sent_(begun_), last_look_(begun_) {}

Connection::~Connection() {
  free_channel();
  if (transport_->event != nullptr) ssh_event_free(transport_->event);
}

void Connection::run() {
  try {
    serve();
  } catch (const std::exception& bug) {
    end_ = fmt::format("BUG: {}", bug.what());
  } catch (...) {
    end_ = "BUG: something was thrown";
  }
  session_.reset();
  free_channel();  // ssh_disconnect() would free it under our hands
  ssh_disconnect(transport_->session);
  const bool was_refused = !account_ && failures_ > 0;
  log(fmt::format("sftp.connection account={} address={} seconds={:.3f} uploads={} bytes_in={} bytes_out={} end={}{}",
                  account_ ? account_->name : "-", address_, std::chrono::duration<double>(Clock::now() - begun_).count(), uploads_,
                  transport_->traffic.in_bytes, transport_->traffic.out_bytes, in_quotes(end_),
                  was_refused ? fmt::format(" attempts={} tried={} refused={}", failures_, in_quotes(tried_), in_quotes(refused_)) : ""));
}

void Connection::serve() {
  Transport& transport = *transport_;
  ssh_callbacks_init(&transport.server_callbacks);
  transport.server_callbacks.userdata = &transport;
  transport.server_callbacks.auth_password_function = &Transport::on_password;
  transport.server_callbacks.auth_pubkey_function = &Transport::on_key;
  transport.server_callbacks.channel_open_request_session_function = &Transport::on_channel;
  ssh_set_server_callbacks(transport.session, &transport.server_callbacks);
  ssh_set_message_callback(transport.session, &Transport::on_message, &transport);
  ssh_set_auth_methods(transport.session, SSH_AUTH_METHOD_PUBLICKEY | SSH_AUTH_METHOD_INTERACTIVE | SSH_AUTH_METHOD_PASSWORD);
  ssh_set_counters(transport.session, &transport.traffic, nullptr);
  ssh_set_blocking(transport.session, 0);
  transport.event = ssh_event_new();
  if (transport.event == nullptr || ssh_handle_key_exchange(transport.session) == SSH_ERROR ||
      ssh_event_add_session(transport.event, transport.session) != SSH_OK) {
    end_ = "no key exchange";
    return;
  }
  while (end_.empty()) {
    const bool moved = pump();
    const auto now = Clock::now();
    watch_flow(now);
    if (now - last_look_ >= around_.options.recheck_time) look_at_account(now);
    if (!end_.empty()) break;
    if (around_.stopping) {
      end_ = "the server stops";
    } else if (transport.is_gone()) {
      end_ = account_ ? "the client left" : "the client left before it signed in";
    } else if (failures_ >= around_.options.most_attempts) {
      end_ = "too many attempts to sign in";
    } else if (const auto left = time_left(now); left && !moved) {
      constexpr std::chrono::milliseconds kLongest{1000};
      const auto wait = std::min(kLongest, std::chrono::ceil<std::chrono::milliseconds>(*left));
      // An error is seen by is_gone(), or by the next turn's reading.
      const int polled = ssh_event_dopoll(transport.event, static_cast<int>(wait.count()));
      if (polled == SSH_ERROR && !pump()) end_ = account_ ? "the client left" : "the client left before it signed in";
      if (polled == SSH_AGAIN && wait == kLongest) give_memory_back();
    }
  }
}

/// Most sessions wait most of the time.
void Connection::give_memory_back() {
  in_.rest();
  if (out_.empty()) out_.shrink_to_fit();
}

/// Moves what can be moved without waiting. False when nothing could.
bool Connection::pump() {
  Transport& transport = *transport_;
  if (transport.channel == nullptr) return false;
  bool moved = send_answers();
  if (session_ && in_.pending() <= kMaxPacket && out_.empty()) {
    const auto room = in_.room(kReadPiece);
    const int got = ssh_channel_read_nonblocking(transport.channel, room.data(), static_cast<std::uint32_t>(room.size()), 0);
    if (got > 0) {
      if (in_.pending() == 0) last_packet_ = Clock::now();  // a packet's first byte
      in_.filled(static_cast<std::size_t>(got));
      moved = true;
    }
  }
  if (session_ && take_packets()) moved = true;
  if (send_answers()) moved = true;
  if (end_.empty() && out_.empty() && (ssh_channel_is_eof(transport.channel) != 0 || ssh_channel_is_closed(transport.channel) != 0) && !moved) end_channel();
  return moved;
}

bool Connection::take_packets() {
  bool moved = false;
  while (end_.empty() && out_.size() < kAnswersHigh && !around_.stopping) {
    const auto packet = in_.next();
    if (!packet) break;
    // Reads and writes follow what was allowed a moment ago; all else is asked about.
    const auto type = packet->empty() ? Type::init : static_cast<Type>(packet->front());
    if (type != Type::read && type != Type::write) {
      look_at_account(Clock::now());
      if (!end_.empty()) break;
    }
    if (session_->take(*packet, out_) == Session::Next::end) end_ = "the client does not speak SFTP version 3";
    last_packet_ = Clock::now();
    moved = true;
  }
  if (in_.is_broken()) end_ = "a packet of an impossible length";
  return moved;
}

/// The library buffers without bound and waits for the client's window, so it is given only what has room.
bool Connection::send_answers() {
  Transport& transport = *transport_;
  if (out_.empty() || transport.is_writing() || ssh_channel_is_open(transport.channel) == 0) return false;
  const std::size_t window = ssh_channel_window_size(transport.channel);
  const std::size_t piece = std::min({out_.size() - out_sent_, window, kMaxPacket});
  if (piece == 0) return false;
  const int sent = ssh_channel_write(transport.channel, out_.data() + out_sent_, static_cast<std::uint32_t>(piece));
  if (sent <= 0) return false;
  out_sent_ += static_cast<std::size_t>(sent);
  last_sent_ = Clock::now();
  if (out_sent_ == out_.size()) {
    out_.clear();
    out_sent_ = 0;
  }
  return true;
}

/// An account that was disabled or removed meanwhile, or whose company was, is cut; what it was sending stays as a partial file.
void Connection::look_at_account(Clock::time_point now) {
  last_look_ = now;
  if (account_ && around_.options.may_go_on && !around_.options.may_go_on(*account_)) end_ = "the account, or its company, was disabled or removed";
}

void Connection::refuse(std::string_view user, std::string_view why) {
  ++failures_;
  tried_ = user.substr(0, kMaxAccount);
  refused_ = why;
}

void Connection::watch_flow(Clock::time_point now) {
  const ssh_counter_struct& traffic = transport_->traffic;
  const bool waits = !out_.empty() || transport_->is_writing();
  if (!waits || traffic.out_bytes != sent_mark_) {
    sent_mark_ = traffic.out_bytes;
    last_sent_ = now;
  }
  if (!waits) received_mark_ = traffic.in_bytes;
  if (traffic.in_bytes - received_mark_ > kFlood) end_ = "the client floods and takes no answers";
}

/// Until the next deadline; nothing, and end_ set, when one has passed.
std::optional<Connection::Clock::duration> Connection::time_left(Clock::time_point now) {
  const Options& options = around_.options;
  Clock::time_point deadline = last_packet_ + options.idle_time;
  const char* missed = "idle";
  if (!account_) {
    deadline = begun_ + options.sign_in_time;
    missed = "no sign-in in time";
  } else if (!out_.empty() || transport_->is_writing()) {
    deadline = last_sent_ + options.packet_time;
    missed = "the client takes no answers";
  } else if (in_.pending() > 0) {
    deadline = last_packet_ + options.packet_time;
    missed = "a packet did not come whole in time";
  }
  if (now < deadline) return deadline - now;
  end_ = missed;
  return std::nullopt;
}

void Connection::start_session() {
  SessionListeners listeners;
  listeners.uploaded = [this](const Upload& upload) {
    ++uploads_;
    log(fmt::format("sftp.upload account={} tenant={} address={} path={} bytes={} seconds={:.3f} fate={}{}{}", account_->name,
                    in_quotes(account_->tenant.str()), address_, in_quotes(upload.path), upload.bytes, upload.seconds, name_of(upload.fate),
                    upload.id == 0 ? "" : fmt::format(" file={}", upload.id), upload.reason.empty() ? "" : " reason=" + in_quotes(upload.reason)));
  };
  listeners.trouble = [this](std::string_view text) { log(fmt::format("sftp.trouble account={} address={} error={}", account_->name, address_, in_quotes(text))); };
  listeners.tell = [this](std::string_view line) { tell(line); };
  Jail jail(around_.data, around_.desk, account_->tenant, {.way = model::Way::sftp, .who = account_->name, .address = address_});
  session_ = std::make_unique<Session>(std::move(jail), around_.options.session, std::move(listeners));
  last_packet_ = Clock::now();
}

/// The client may open another channel afterwards, or leave.
void Connection::end_channel() {
  session_.reset();
  in_ = PacketSplitter();
  if (ssh_channel_is_open(transport_->channel) != 0) {
    ssh_channel_request_send_exit_status(transport_->channel, 0);
    ssh_channel_send_eof(transport_->channel);
  }
  free_channel();
}

void Connection::free_channel() {
  if (ssh_channel channel = std::exchange(transport_->channel, nullptr); channel != nullptr) ssh_channel_free(channel);
}

bool Connection::admit(std::optional<tenancy::SftpAccount> account) {
  if (account_ || !account) return false;
  auto place = around_.accounts.take(account->name);
  if (!place) {
    refuse(account->name, "the account has as many connections as it may have");
    log(fmt::format("sftp.refused account={} address={} reason=\"the account has as many connections as it may have\"", account->name, address_));
    return false;
  }
  place_.emplace(std::move(*place));
  account_ = std::move(account);
  last_packet_ = Clock::now();
  if (around_.options.seen) around_.options.seen(*account_, address_);
  return true;
}

bool Connection::check_password(std::string_view user, std::string password) {
  std::optional<tenancy::SftpAccount> account;
  std::string_view why = "a wrong password, or the account is unknown or disabled";
  if (!account_ && failures_ < around_.options.most_attempts && user.size() <= kMaxAccount && password.size() <= kMaxPassword && around_.options.check_password) {
    const Secret secret(std::move(password));
    around_.password_checks.pass([&] {
      if (around_.stopping) return;
      auto checked = around_.options.check_password(user, secret, address_);
      if (checked) account = std::move(*checked);
      if (!checked && checked.error().why == tenancy::Refusal::throttled) why = "it has to wait, after too many wrong passwords from this address";
    });
  }
  if (!account) {
    refuse(user, why);
    return false;
  }
  return admit(std::move(account));
}

/// Most clients print the error stream; OpenSSH's prints nothing of the texts in answers.
void Connection::tell(std::string_view line) {
  const std::string text = fmt::format("powerview: {}\r\n", harmless(line));
  Transport& transport = *transport_;
  if (transport.is_writing() || ssh_channel_window_size(transport.channel) < text.size() + kAnswersHigh) return;
  (void)ssh_channel_write_stderr(transport.channel, text.data(), static_cast<std::uint32_t>(text.size()));
}

void Connection::log(std::string_view line) const {
  if (around_.options.log) around_.options.log(line);
}

}  // namespace pv::sftp
