#include "sftp/packet.h"

#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace pv::sftp {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

std::vector<std::byte> packet(Type type, const auto& fill) {
  std::vector<std::byte> out;
  {
    PacketWriter writer(out, type);
    fill(writer);
  }
  out.erase(out.begin(), out.begin() + 4);
  return out;
}

void fill_splitter(PacketSplitter& splitter, std::span<const std::byte> bytes) {
  const auto room = splitter.room(bytes.size());
  std::memcpy(room.data(), bytes.data(), bytes.size());
  splitter.filled(bytes.size());
}

TEST(Packet, OpenIsReadWithItsAttributes) {
  const auto bytes = packet(Type::open, [](PacketWriter& writer) {
    writer.number(7).text("/c/d/x.tsv").number(open_flag::kWrite | open_flag::kCreate).attributes({.size = 5, .permissions = 0644, .times = Attributes::Times{1, 2}});
  });
  const auto request = parse_request(bytes);
  ASSERT_TRUE(request);
  const auto& open = std::get<Open>(*request);
  EXPECT_EQ(open.id, 7u);
  EXPECT_EQ(open.path, "/c/d/x.tsv");
  EXPECT_EQ(open.flags, open_flag::kWrite | open_flag::kCreate);
  EXPECT_EQ(open.attributes.size, 5u);
  EXPECT_EQ(open.attributes.permissions, 0644u);
  EXPECT_EQ(open.attributes.times->modified_s, 2u);
}

TEST(Packet, EveryCutOfARequestIsMalformedAndNeverReadBeyondItsEnd) {
  const auto whole = packet(Type::write, [](PacketWriter& writer) { writer.number(9).text("handle").long_number(123).text("some bytes"); });
  ASSERT_TRUE(parse_request(whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    const auto request = parse_request(cut);
    ASSERT_FALSE(request) << length;
    EXPECT_EQ(request.error().id.has_value(), length >= 5) << length;
  }
}

TEST(Packet, ALengthBeyondThePacketIsMalformed) {
  for (const std::uint32_t length : {11u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
    const auto bytes = packet(Type::remove, [&](PacketWriter& writer) { writer.number(1).number(length).number(0x61616161); });
    EXPECT_FALSE(parse_request(bytes)) << length;
  }
}

TEST(Packet, PathsAndHandlesAreBounded) {
  const auto path_of = [](std::size_t size) { return packet(Type::stat, [&](PacketWriter& writer) { writer.number(1).text(std::string(size, 'a')); }); };
  EXPECT_TRUE(parse_request(path_of(kMaxPath)));
  EXPECT_FALSE(parse_request(path_of(kMaxPath + 1)));
  const auto handle_of = [](std::size_t size) { return packet(Type::close, [&](PacketWriter& writer) { writer.number(1).text(std::string(size, 'a')); }); };
  EXPECT_TRUE(parse_request(handle_of(kMaxHandle)));
  EXPECT_FALSE(parse_request(handle_of(kMaxHandle + 1)));
}

TEST(Packet, FourBillionExtendedAttributesEndWithThePacket) {
  const auto bytes = packet(Type::setstat, [](PacketWriter& writer) { writer.number(1).text("/c").number(0x80000000).number(0xffffffff); });
  EXPECT_FALSE(parse_request(bytes));
}

TEST(Packet, LinksAndUnknownThingsAreUnsupported) {
  for (const Type type : {Type::symlink, Type::readlink, static_cast<Type>(99), Type::status}) {
    const auto bytes = packet(type, [](PacketWriter& writer) { writer.number(4).text("/a").text("/b"); });
    const auto request = parse_request(bytes);
    ASSERT_TRUE(request);
    EXPECT_EQ(std::get<Unsupported>(*request).id, 4u);
  }
  const auto hard = packet(Type::extended, [](PacketWriter& writer) { writer.number(5).text("hardlink@openssh.com").text("/a").text("/b"); });
  EXPECT_EQ(std::get<Unsupported>(*parse_request(hard)).id, 5u);
  const auto rename = packet(Type::extended, [](PacketWriter& writer) { writer.number(6).text("posix-rename@openssh.com").text("/a").text("/b"); });
  EXPECT_EQ(std::get<Rename>(*parse_request(rename)).to, "/b");
}

TEST(PacketSplitter, GivesTheSamePacketsHoweverTheBytesCome) {
  std::vector<std::byte> stream;
  for (std::uint32_t i = 0; i < 5; ++i) write_status(stream, i, Status::ok, std::string(i * 100, 'x'));
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{333}, stream.size()}) {
    PacketSplitter splitter;
    std::size_t packets = 0, bytes = 0;
    for (std::size_t begin = 0; begin < stream.size(); begin += piece) {
      fill_splitter(splitter, std::span(stream).subspan(begin, std::min(piece, stream.size() - begin)));
      while (const auto next = splitter.next()) {
        ++packets;
        bytes += next->size() + 4;
      }
    }
    EXPECT_EQ(packets, 5u) << piece;
    EXPECT_EQ(bytes, stream.size());
    EXPECT_EQ(splitter.pending(), 0u);
    EXPECT_FALSE(splitter.is_broken());
  }
}

TEST(PacketSplitter, ImpossibleLengthsBreakTheStream) {
  using namespace std::string_view_literals;
  for (const std::string_view length : {"\0\0\0\0"sv, "\xff\xff\xff\xff"sv, "\0\x04\0\x01"sv}) {
    PacketSplitter splitter;
    fill_splitter(splitter, bytes_of(length));
    EXPECT_FALSE(splitter.next());
    EXPECT_TRUE(splitter.is_broken());
  }
  PacketSplitter splitter;
  fill_splitter(splitter, bytes_of("\0\x04\0\0"sv));
  EXPECT_FALSE(splitter.next());
  EXPECT_FALSE(splitter.is_broken());
}

}  // namespace
}  // namespace pv::sftp
