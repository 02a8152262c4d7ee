#pragma once
/// Bounded reading and writing of little-endian numbers and LEB128 varints: the words every block on disk is made of.
///
/// ByteReader never reads outside its bytes. A read that does not fit gives 0 (or an empty span) and sets a sticky
/// failure; check ok() once, after a group of reads and before a length that was read is used for anything.
/// Threads: values, confined to one thread.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace pv::codec {

static_assert(std::endian::native == std::endian::little, "numbers on disk are little-endian and copied as they are");

/// Small magnitudes of either sign to small unsigned numbers: 0, -1, 1, -2 -> 0, 1, 2, 3.
[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t value) noexcept {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

/// Appends to a vector that the caller owns.
class ByteWriter {
 public:
  explicit ByteWriter(std::vector<std::byte>& out) : out_(&out) {}

  template <class T>
    requires std::is_arithmetic_v<T>
  void fixed(T value) {
    const std::size_t at = out_->size();
    out_->resize(at + sizeof value);
    std::memcpy(out_->data() + at, &value, sizeof value);
  }
  void u8(std::uint8_t value) { out_->push_back(static_cast<std::byte>(value)); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) u8(static_cast<std::uint8_t>(value | 0x80));
    u8(static_cast<std::uint8_t>(value));
  }
  void signed_varint(std::int64_t value) { varint(zigzag(value)); }
  void bytes(std::span<const std::byte> data) { out_->insert(out_->end(), data.begin(), data.end()); }
  void sized_bytes(std::span<const std::byte> data) { varint(data.size()), bytes(data); }
  void sized_text(std::string_view text) { sized_bytes(std::as_bytes(std::span(text.data(), text.size()))); }
  [[nodiscard]] std::size_t size() const noexcept { return out_->size(); }

 private:
  std::vector<std::byte>* out_;
};

/// Reads bytes that it borrows: they must outlive the reader and the spans it gives.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> data) : data_(data) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  /// ok() and nothing left: a record that must fill its bytes exactly.
  [[nodiscard]] bool done() const noexcept { return ok_ && at_ == data_.size(); }
  [[nodiscard]] std::size_t remaining() const noexcept { return ok_ ? data_.size() - at_ : 0; }

  template <class T>
    requires std::is_arithmetic_v<T>
  [[nodiscard]] T fixed() noexcept {
    T value{};
    const std::span<const std::byte> from = bytes(sizeof value);
    if (ok_) std::memcpy(&value, from.data(), sizeof value);
    return value;
  }
  [[nodiscard]] std::uint8_t u8() noexcept { return fixed<std::uint8_t>(); }
  /// At most ten bytes and 64 bits; longer fails.
  [[nodiscard]] std::uint64_t varint() noexcept;
  [[nodiscard]] std::int64_t signed_varint() noexcept { return unzigzag(varint()); }
  /// A varint that must not exceed `limit`; greater fails and gives 0.
  [[nodiscard]] std::uint64_t varint_to(std::uint64_t limit) noexcept {
    const std::uint64_t value = varint();
    if (value <= limit) return value;
    ok_ = false;
    return 0;
  }
  [[nodiscard]] std::span<const std::byte> bytes(std::size_t count) noexcept {
    if (!ok_ || count > data_.size() - at_) {
      ok_ = false;
      return {};
    }
    const std::span<const std::byte> part = data_.subspan(at_, count);
    at_ += count;
    return part;
  }
  [[nodiscard]] std::span<const std::byte> sized_bytes() noexcept { return bytes(varint()); }
  [[nodiscard]] std::span<const std::byte> rest() noexcept { return bytes(remaining()); }

 private:
  std::span<const std::byte> data_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

inline std::uint64_t ByteReader::varint() noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint64_t byte = u8();
    if (!ok_) return 0;
    if (shift == 63 && byte > 1) break;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  ok_ = false;
  return 0;
}

}  // namespace pv::codec
