#pragma once
/// Speaks SFTP to a Session as a client would, one packet and its answer at a time.

#include <concepts>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "sftp/folder_desk_test.h"
#include "sftp/session.h"

namespace pv::sftp::testing {

struct Answer {
  Type type = Type::status;
  Status status = Status::ok;  // of a status
  std::string text;            // of a status; data; handle
  std::vector<std::string> names;
  std::uint64_t size = 0;  // of attributes
  std::uint32_t mode = 0;
};

/// A company "acme" in a folder, its desk, and one session there.
class Talk {
 public:
  explicit Talk(std::shared_ptr<FolderDesk> desk, const std::filesystem::path& data, SessionLimits limits = {}, std::string_view company = "acme")
      : desk_(std::move(desk)), data_(Folder::open(data).value()) {
    SessionListeners listeners;
    listeners.uploaded = [this](const Upload& upload) { uploads.push_back(upload); };
    listeners.tell = [this](std::string_view line) { told.emplace_back(line); };
    listeners.trouble = [this](std::string_view line) { troubles.emplace_back(line); };
    session_ = std::make_unique<Session>(Jail(data_, *desk_, model::TenantName::parse(company).value(), {.way = model::Way::sftp, .who = "logger", .address = "192.0.2.7"}), limits,
                                         std::move(listeners));
    std::vector<std::byte> greeting;
    PacketWriter(greeting, Type::init).number(3);
    (void)send(greeting);
  }

  template <std::invocable<PacketWriter&> Fill>
  Answer ask(Type type, Fill fill) {
    std::vector<std::byte> packet;
    {
      PacketWriter writer(packet, type);
      writer.number(++id_);
      fill(writer);
    }
    return send(packet);
  }
  Answer ask(Type type, std::string_view text) {
    return ask(type, [&](PacketWriter& writer) { writer.text(text); });
  }
  Answer open(std::string_view path, std::uint32_t flags) {
    return ask(Type::open, [&](PacketWriter& writer) { writer.text(path).number(flags).attributes({}); });
  }
  Answer create(std::string_view path) { return open(path, open_flag::kWrite | open_flag::kCreate | open_flag::kTruncate); }
  Answer write(std::string_view handle, std::uint64_t offset, std::string_view data) {
    return ask(Type::write, [&](PacketWriter& writer) { writer.text(handle).long_number(offset).text(data); });
  }
  Answer read(std::string_view handle, std::uint64_t offset, std::uint32_t length) {
    return ask(Type::read, [&](PacketWriter& writer) { writer.text(handle).long_number(offset).number(length); });
  }
  Answer close(std::string_view handle) { return ask(Type::close, handle); }
  Answer rename(std::string_view from, std::string_view to) {
    return ask(Type::rename, [&](PacketWriter& writer) { writer.text(from).text(to); });
  }
  /// A whole upload; the answer to the first step that was refused, or to the close.
  Answer put(std::string_view path, std::string_view content) {
    const Answer opened = create(path);
    if (opened.type != Type::handle) return opened;
    if (const Answer written = write(opened.text, 0, content); written.status != Status::ok) return written;
    return close(opened.text);
  }
  /// Names in a folder; nothing when it cannot be listed.
  std::optional<std::vector<std::string>> list(std::string_view path) {
    const Answer opened = ask(Type::opendir, path);
    if (opened.type != Type::handle) return std::nullopt;
    std::vector<std::string> names;
    for (Answer some = ask(Type::readdir, opened.text); some.type == Type::name; some = ask(Type::readdir, opened.text)) {
      names.insert(names.end(), some.names.begin(), some.names.end());
    }
    (void)close(opened.text);
    return names;
  }
  void cut() { session_.reset(); }
  [[nodiscard]] Session& session() { return *session_; }

  std::vector<Upload> uploads;
  std::vector<std::string> told, troubles;

 private:
  Answer send(const std::vector<std::byte>& framed) {
    std::vector<std::byte> out;
    EXPECT_EQ(session_->take(std::span(framed).subspan(4), out), Session::Next::go_on);
    return decode(out);
  }
  static Answer decode(const std::vector<std::byte>& out) {
    std::size_t at = 4;
    const auto number = [&](std::size_t bytes) {
      std::uint64_t value = 0;
      for (; bytes > 0; --bytes) value = (value << 8) | std::to_integer<std::uint64_t>(out.at(at++));
      return value;
    };
    const auto text = [&] {
      const std::size_t size = number(4);
      std::string value(reinterpret_cast<const char*>(out.data()) + at, size);
      at += size;
      return value;
    };
    Answer answer;
    const auto attributes = [&] {
      const auto flags = number(4);
      if ((flags & 1) != 0) answer.size = number(8);
      if ((flags & 4) != 0) answer.mode = static_cast<std::uint32_t>(number(4));
      if ((flags & 8) != 0) (void)number(8);
    };
    answer.type = static_cast<Type>(number(1));
    (void)number(4);
    if (answer.type == Type::status) {
      answer.status = static_cast<Status>(number(4));
      answer.text = text();
    } else if (answer.type == Type::handle || answer.type == Type::data) {
      answer.text = text();
    } else if (answer.type == Type::attributes) {
      attributes();
    } else if (answer.type == Type::name) {
      for (auto count = number(4); count > 0; --count) {
        answer.names.push_back(text());
        (void)text();
        attributes();
      }
    }
    return answer;
  }

  std::shared_ptr<FolderDesk> desk_;
  Folder data_;
  std::unique_ptr<Session> session_;
  std::uint32_t id_ = 0;
};

}  // namespace pv::sftp::testing
