#pragma once
/// One client's talk in SFTP version 3, without its transport: packets in, packets out.
///
///   A file that was written is a file once its close is answered with OK: durable and under its own name. Without a close,
///   and after a write that failed, what came is kept as a partial file that a later transfer can go on with.
///   Answers carry a text for the person at the client; what the server's own errors say in detail goes to `trouble`.
///   Extensions: posix-rename@openssh.com (as rename: the desk decides what becomes of a file that has the name),
///   fsync@openssh.com (a close makes durable; between, it only answers), limits@openssh.com. Links of any kind are refused;
///   times and permissions are accepted and ignored; the size of a file cannot be changed, but by starting it anew.
///   Threads: one at a time.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sftp/jail.h"
#include "sftp/packet.h"

namespace pv::sftp {

/// What became of one file that a client wrote, for the log.
struct Upload {
  enum class Fate : std::uint8_t { taken, refused, interrupted };
  std::string path;
  std::uint64_t bytes = 0;  // written in this session; of a file that got its name by a rename all it has
  double seconds = 0;
  Fate fate = Fate::taken;
  std::int64_t id = 0;  // in the ledger; 0 for names that are none of a logger file yet
  std::string reason;   // of refused
};

struct SessionLimits {
  std::size_t handles = 64;
  std::size_t listed = 100'000;  // entries of folders held at once; what a folder has beyond is not shown
  std::uint64_t file_bytes = std::uint64_t{1} << 30;
};

/// Functions may be empty.
struct SessionListeners {
  std::function<void(const Upload&)> uploaded;
  std::function<void(std::string_view)> trouble;  // an error of the server's own
  std::function<void(std::string_view)> tell;     // a line for the person at the client: why a file was refused
};

class Session {
 public:
  enum class Next : std::uint8_t { go_on, end };  // end: the client does not speak this protocol

  Session(Jail jail, SessionLimits limits, SessionListeners listeners);
  ~Session();  // interrupts what is being written
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Takes a packet without its length field and puts the answer behind what `out` holds.
  Next take(std::span<const std::byte> packet, std::vector<std::byte>& out);

 private:
  using Clock = std::chrono::steady_clock;
  struct Reading {
    FileDescriptor file;
    std::string path;
  };
  struct Writing {
    std::unique_ptr<model::IncomingFile> file;  // none after a restart that failed
    std::string path;
    bool appends = false;
    std::optional<Error> failed;  // the first; the file cannot become whole any more
    std::uint64_t bytes = 0;
    Clock::time_point begun = Clock::now();
  };
  struct Listing {
    std::string path;
    std::vector<Listed> entries;
    std::size_t next = 0;
  };
  using Handle = std::variant<Reading, Writing, Listing>;
  using Out = std::vector<std::byte>;

  void on(const Init& ask, Out& out);
  void on(const Open& ask, Out& out);
  void on(const Close& ask, Out& out);
  void on(const Read& ask, Out& out);
  void on(const Write& ask, Out& out);
  void on(const Look& ask, Out& out);
  void on(const LookAtHandle& ask, Out& out);
  void on(const Change& ask, Out& out);
  void on(const ChangeHandle& ask, Out& out);
  void on(const OpenFolder& ask, Out& out);
  void on(const ReadFolder& ask, Out& out);
  void on(const Remove& ask, Out& out);
  void on(const MakeFolder& ask, Out& out);
  void on(const RemoveFolder& ask, Out& out);
  void on(const RealPath& ask, Out& out);
  void on(const Rename& ask, Out& out);
  void on(const Sync& ask, Out& out);
  void on(const AskLimits& ask, Out& out);
  void on(const Unsupported& ask, Out& out);

  void give_handle(std::uint32_t id, Handle handle, Out& out);
  [[nodiscard]] Handle* find(std::string_view handle);
  void open_to_write(const Open& ask, Out& out);
  void finish(std::uint32_t id, Writing writing, Out& out);
  [[nodiscard]] Result<void> resize(Writing& writing, std::uint64_t size);
  [[nodiscard]] Result<void> write(Writing& writing, const Write& ask);
  [[nodiscard]] std::size_t listed() const;
  void answer(std::uint32_t id, std::string_view path, const Error& error, Out& out);
  void answer(std::uint32_t id, std::string_view path, const Result<void>& result, Out& out);
  void report(const Writing& writing, Upload::Fate fate, std::int64_t id, std::string reason) const;

  Jail jail_;
  SessionLimits limits_;
  SessionListeners listeners_;
  std::map<std::string, Handle, std::less<>> handles_;
  std::uint64_t salt_;  // part of every handle, so that one of another session is none here
  std::uint64_t opened_ = 0;
  bool greeted_ = false;
};

}  // namespace pv::sftp
