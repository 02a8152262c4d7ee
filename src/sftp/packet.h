#pragma once
/// Packets of SFTP version 3 (draft-ietf-secsh-filexfer-02): cut out of a stream of bytes, read, written. What a client sends
/// is hostile until it has passed here: every length is checked against the bytes that are there.
///   Numbers on the wire are big endian; texts are bytes with their length in front.
///   Lifetimes: views in requests point into the packet they were read from.
///   Threads: each object confined to one.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

namespace pv::sftp {

inline constexpr std::size_t kMaxPacket = 256 * 1024;      // after its length field
inline constexpr std::size_t kMaxData = kMaxPacket - 1024;  // of one read or write
inline constexpr std::size_t kMaxPath = 4096;
inline constexpr std::size_t kMaxHandle = 256;

enum class Type : std::uint8_t {
  init = 1, version = 2, open = 3, close = 4, read = 5, write = 6, lstat = 7, fstat = 8, setstat = 9, fsetstat = 10, opendir = 11,
  readdir = 12, remove = 13, mkdir = 14, rmdir = 15, realpath = 16, stat = 17, rename = 18, readlink = 19, symlink = 20,
  status = 101, handle = 102, data = 103, name = 104, attributes = 105, extended = 200, extended_reply = 201,
};

enum class Status : std::uint32_t {
  ok = 0, eof = 1, no_such_file = 2, permission_denied = 3, failure = 4, bad_message = 5, op_unsupported = 8,
};

namespace open_flag {
inline constexpr std::uint32_t kRead = 0x01, kWrite = 0x02, kAppend = 0x04, kCreate = 0x08, kTruncate = 0x10, kExclusive = 0x20;
}

struct Attributes {
  struct Times {
    std::uint32_t accessed_s = 0, modified_s = 0;  // since 1970, UTC
  };
  std::optional<std::uint64_t> size = std::nullopt;
  std::optional<std::uint32_t> permissions = std::nullopt;  // as st_mode has them
  std::optional<Times> times = std::nullopt;
};

// --- what clients ask

struct Init { std::uint32_t version = 0; };
struct Open { std::uint32_t id = 0; std::string_view path; std::uint32_t flags = 0; Attributes attributes; };
struct Close { std::uint32_t id = 0; std::string_view handle; };
struct Read { std::uint32_t id = 0; std::string_view handle; std::uint64_t offset = 0; std::uint32_t length = 0; };
struct Write { std::uint32_t id = 0; std::string_view handle; std::uint64_t offset = 0; std::span<const std::byte> data; };
struct Look { std::uint32_t id = 0; std::string_view path; };  // stat and lstat: no link is ever followed, so they are one
struct LookAtHandle { std::uint32_t id = 0; std::string_view handle; };
struct Change { std::uint32_t id = 0; std::string_view path; Attributes attributes; };
struct ChangeHandle { std::uint32_t id = 0; std::string_view handle; Attributes attributes; };
struct OpenFolder { std::uint32_t id = 0; std::string_view path; };
struct ReadFolder { std::uint32_t id = 0; std::string_view handle; };
struct Remove { std::uint32_t id = 0; std::string_view path; };
struct MakeFolder { std::uint32_t id = 0; std::string_view path; };
struct RemoveFolder { std::uint32_t id = 0; std::string_view path; };
struct RealPath { std::uint32_t id = 0; std::string_view path; };
struct Rename { std::uint32_t id = 0; std::string_view from, to; };  // posix-rename@openssh.com too
struct Sync { std::uint32_t id = 0; std::string_view handle; };      // fsync@openssh.com
struct AskLimits { std::uint32_t id = 0; };                          // limits@openssh.com
struct Unsupported { std::uint32_t id = 0; };                        // links of any kind, unknown types and extensions

using Request = std::variant<Init, Open, Close, Read, Write, Look, LookAtHandle, Change, ChangeHandle, OpenFolder, ReadFolder, Remove,
                             MakeFolder, RemoveFolder, RealPath, Rename, Sync, AskLimits, Unsupported>;

struct Malformed {
  std::optional<std::uint32_t> id;  // none: not even that could be read
};

/// A packet without its length field. Bytes behind the last field are ignored.
[[nodiscard]] tl::expected<Request, Malformed> parse_request(std::span<const std::byte> packet);

/// Cuts a stream into packets. Holds one unfinished packet at most beyond what was filled in.
class PacketSplitter {
 public:
  /// Where the next bytes go, then filled() with how many came. Ends the life of packets given out.
  [[nodiscard]] std::span<std::byte> room(std::size_t bytes);
  void filled(std::size_t bytes) noexcept { end_ += bytes; }

  /// The next whole packet without its length field; none: more bytes are needed, or the stream is broken.
  [[nodiscard]] std::optional<std::span<const std::byte>> next();
  /// A packet of length 0 or beyond kMaxPacket: where the next begins cannot be known.
  [[nodiscard]] bool is_broken() const noexcept { return broken_; }
  [[nodiscard]] std::size_t pending() const noexcept { return end_ - begin_; }
  /// Gives memory back when nothing is pending.
  void rest();

 private:
  std::vector<std::byte> bytes_;  // [begin_, end_) is not given out yet
  std::size_t begin_ = 0, end_ = 0;
  bool broken_ = false;
};

/// Writes one packet behind what `out` holds, its length field included once it goes.
class PacketWriter {
 public:
  PacketWriter(std::vector<std::byte>& out, Type type);
  ~PacketWriter();
  PacketWriter(const PacketWriter&) = delete;
  PacketWriter& operator=(const PacketWriter&) = delete;

  PacketWriter& number(std::uint32_t value);
  PacketWriter& long_number(std::uint64_t value);
  PacketWriter& text(std::string_view value);
  PacketWriter& attributes(const Attributes& value);
  /// Sets a number written before, at a distance from the packet's type byte.
  void set_number(std::size_t position, std::uint32_t value);
  /// Room for so many bytes, and giving some of it back from its end.
  [[nodiscard]] std::span<std::byte> room(std::size_t bytes);
  void give_back(std::size_t bytes) { out_.resize(out_.size() - bytes); }
  [[nodiscard]] std::size_t size() const noexcept { return out_.size() - start_ - 4; }

 private:
  std::vector<std::byte>& out_;
  std::size_t start_;
};

void write_status(std::vector<std::byte>& out, std::uint32_t id, Status status, std::string_view text);

}  // namespace pv::sftp
