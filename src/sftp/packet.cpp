#include "sftp/packet.h"

#include <algorithm>
#include <cstring>

namespace pv::sftp {
namespace {

// Flags of an attribute block.
constexpr std::uint32_t kHasSize = 0x01, kHasOwner = 0x02, kHasPermissions = 0x04, kHasTimes = 0x08, kHasExtended = 0x80000000;

template <class Number>
Number big_endian(const std::byte* bytes) {
  Number value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) value = static_cast<Number>((value << 8) | std::to_integer<Number>(bytes[i]));
  return value;
}

template <class Number>
void put_big_endian(std::byte* bytes, Number value) {
  for (std::size_t i = sizeof(Number); i-- > 0; value = static_cast<Number>(value >> 8)) bytes[i] = static_cast<std::byte>(value & 0xff);
}

/// Takes fields off the front. Once a field does not fit, it and all later ones are empty and is_whole() is false.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> bytes) : left_(bytes) {}

  std::uint8_t byte() { return std::to_integer<std::uint8_t>(fixed<1>()[0]); }
  std::uint32_t number() { return big_endian<std::uint32_t>(fixed<4>()); }
  std::uint64_t long_number() { return big_endian<std::uint64_t>(fixed<8>()); }
  std::span<const std::byte> bytes(std::size_t most) {
    const std::size_t length = number();
    if (!whole_ || length > most || length > left_.size()) {
      whole_ = false;
      return {};
    }
    const auto taken = left_.first(length);
    left_ = left_.subspan(length);
    return taken;
  }
  std::string_view text(std::size_t most) {
    const auto taken = bytes(most);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }
  Attributes attributes() {
    Attributes found;
    const std::uint32_t flags = number();
    if ((flags & kHasSize) != 0) found.size = long_number();
    if ((flags & kHasOwner) != 0) (void)long_number();
    if ((flags & kHasPermissions) != 0) found.permissions = number();
    if ((flags & kHasTimes) != 0) {
      const std::uint32_t accessed = number();
      found.times = Attributes::Times{accessed, number()};
    }
    if ((flags & kHasExtended) != 0) {
      for (std::uint32_t pairs = number(); pairs > 0 && whole_; --pairs) {
        (void)bytes(kMaxPacket);
        (void)bytes(kMaxPacket);
      }
    }
    return found;
  }
  [[nodiscard]] bool is_whole() const noexcept { return whole_; }

 private:
  template <std::size_t size>
  const std::byte* fixed() {
    static constexpr std::byte kZeros[8] = {};
    if (!whole_ || left_.size() < size) {
      whole_ = false;
      return kZeros;
    }
    const std::byte* taken = left_.data();
    left_ = left_.subspan(size);
    return taken;
  }

  std::span<const std::byte> left_;
  bool whole_ = true;
};

// Initializers in braces are evaluated from left to right, so fields are taken in the order they are written in here.
Request parse_extended(std::uint32_t id, Fields& fields) {
  const std::string_view name = fields.text(kMaxPath);
  if (name == "posix-rename@openssh.com") return Rename{id, fields.text(kMaxPath), fields.text(kMaxPath)};
  if (name == "fsync@openssh.com") return Sync{id, fields.text(kMaxHandle)};
  if (name == "limits@openssh.com") return AskLimits{id};
  return Unsupported{id};
}

Request parse_body(Type type, std::uint32_t id, Fields& fields) {
  switch (type) {
    case Type::open: return Open{id, fields.text(kMaxPath), fields.number(), fields.attributes()};
    case Type::close: return Close{id, fields.text(kMaxHandle)};
    case Type::read: return Read{id, fields.text(kMaxHandle), fields.long_number(), fields.number()};
    case Type::write: return Write{id, fields.text(kMaxHandle), fields.long_number(), fields.bytes(kMaxPacket)};
    case Type::lstat:
    case Type::stat: return Look{id, fields.text(kMaxPath)};
    case Type::fstat: return LookAtHandle{id, fields.text(kMaxHandle)};
    case Type::setstat: return Change{id, fields.text(kMaxPath), fields.attributes()};
    case Type::fsetstat: return ChangeHandle{id, fields.text(kMaxHandle), fields.attributes()};
    case Type::opendir: return OpenFolder{id, fields.text(kMaxPath)};
    case Type::readdir: return ReadFolder{id, fields.text(kMaxHandle)};
    case Type::remove: return Remove{id, fields.text(kMaxPath)};
    case Type::mkdir: return MakeFolder{id, fields.text(kMaxPath)};
    case Type::rmdir: return RemoveFolder{id, fields.text(kMaxPath)};
    case Type::realpath: return RealPath{id, fields.text(kMaxPath)};
    case Type::rename: return Rename{id, fields.text(kMaxPath), fields.text(kMaxPath)};
    case Type::extended: return parse_extended(id, fields);
    default: return Unsupported{id};
  }
}

}  // namespace

tl::expected<Request, Malformed> parse_request(std::span<const std::byte> packet) {
  Fields fields(packet);
  const auto type = static_cast<Type>(fields.byte());
  const std::uint32_t id = fields.number();
  if (!fields.is_whole()) return tl::unexpected(Malformed{});
  if (type == Type::init) return Init{id};
  Request request = parse_body(type, id, fields);
  if (!fields.is_whole()) return tl::unexpected(Malformed{id});
  return request;
}

std::span<std::byte> PacketSplitter::room(std::size_t bytes) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (bytes_.size() - end_ < bytes) {
    if (begin_ > 0) {
      std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (bytes_.size() - end_ < bytes) bytes_.resize(end_ + bytes);
  }
  return std::span(bytes_).subspan(end_, bytes);
}

std::optional<std::span<const std::byte>> PacketSplitter::next() {
  if (broken_ || pending() < 4) return std::nullopt;
  const std::size_t length = big_endian<std::uint32_t>(bytes_.data() + begin_);
  if (length == 0 || length > kMaxPacket) {
    broken_ = true;
    return std::nullopt;
  }
  if (pending() < 4 + length) return std::nullopt;
  const auto packet = std::span<const std::byte>(bytes_).subspan(begin_ + 4, length);
  begin_ += 4 + length;
  return packet;
}

void PacketSplitter::rest() {
  if (begin_ != end_) return;
  begin_ = end_ = 0;
  std::vector<std::byte>().swap(bytes_);
}

PacketWriter::PacketWriter(std::vector<std::byte>& out, Type type) : out_(out), start_(out.size()) {
  out_.resize(start_ + 5);
  out_[start_ + 4] = static_cast<std::byte>(type);
}

PacketWriter::~PacketWriter() { put_big_endian(out_.data() + start_, static_cast<std::uint32_t>(size())); }

PacketWriter& PacketWriter::number(std::uint32_t value) {
  put_big_endian(room(4).data(), value);
  return *this;
}

PacketWriter& PacketWriter::long_number(std::uint64_t value) {
  put_big_endian(room(8).data(), value);
  return *this;
}

PacketWriter& PacketWriter::text(std::string_view value) {
  number(static_cast<std::uint32_t>(value.size()));
  const auto target = room(value.size());
  std::transform(value.begin(), value.end(), target.begin(), [](char c) { return static_cast<std::byte>(c); });
  return *this;
}

PacketWriter& PacketWriter::attributes(const Attributes& value) {
  number((value.size ? kHasSize : 0) | (value.permissions ? kHasPermissions : 0) | (value.times ? kHasTimes : 0));
  if (value.size) long_number(*value.size);
  if (value.permissions) number(*value.permissions);
  if (value.times) number(value.times->accessed_s).number(value.times->modified_s);
  return *this;
}

void PacketWriter::set_number(std::size_t position, std::uint32_t value) { put_big_endian(out_.data() + start_ + 4 + position, value); }

std::span<std::byte> PacketWriter::room(std::size_t bytes) {
  const std::size_t at = out_.size();
  out_.resize(at + bytes);
  return std::span(out_).subspan(at);
}

void write_status(std::vector<std::byte>& out, std::uint32_t id, Status status, std::string_view text) {
  PacketWriter(out, Type::status).number(id).number(static_cast<std::uint32_t>(status)).text(text).text("en");
}

}  // namespace pv::sftp
