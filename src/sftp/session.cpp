#include "sftp/session.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <random>

#include <fmt/format.h>

#include "base/clock.h"
#include "sftp/listing_line.h"

namespace pv::sftp {
namespace {

constexpr std::uint32_t kVersion = 3;
constexpr std::size_t kFolderAnswer = 32 * 1024;  // names in one answer stop about here

Attributes attributes_of(const Seen& seen) {
  const auto seconds = static_cast<std::uint32_t>(std::clamp<std::int64_t>(seen.modified_s, 0, std::numeric_limits<std::uint32_t>::max()));
  return {.size = seen.size, .permissions = mode_of(seen), .times = Attributes::Times{seconds, seconds}};
}

Status status_of(const Error& error) {
  switch (error.kind()) {
    case Errc::not_found: return Status::no_such_file;
    case Errc::denied: return Status::permission_denied;
    case Errc::invalid_input:
    case Errc::corrupt:
    case Errc::io:
    case Errc::conflict:
    case Errc::unavailable: return Status::failure;
  }
  return Status::failure;
}

/// What the client is told. Errors from within may name the server's paths, so they have texts of their own.
std::string text_of(const Error& error) {
  switch (error.kind()) {
    case Errc::denied:
    case Errc::invalid_input: return names_a_place(error) ? "the server may not do it, its log says why" : error.message();
    case Errc::not_found: return "there is no such file or folder";
    case Errc::conflict: return "the name is taken, or another transfer of it is running";
    case Errc::io: return "the server could not do it, its log says why; please try again later";
    case Errc::corrupt:
    case Errc::unavailable: return "the server cannot do it at the moment; please try again later";
  }
  return "the server could not do it";
}

bool is_servers_own(const Error& error) {
  const bool is_rule = error.kind() == Errc::denied || error.kind() == Errc::invalid_input;
  return error.kind() == Errc::io || error.kind() == Errc::corrupt || error.kind() == Errc::unavailable || (is_rule && names_a_place(error));
}

}  // namespace

Session::Session(Jail jail, SessionLimits limits, SessionListeners listeners)
    : jail_(std::move(jail)), limits_(limits), listeners_(std::move(listeners)) {
  std::random_device random;
  salt_ = (std::uint64_t{random()} << 32) | random();
}

Session::~Session() {
  for (auto& [name, handle] : handles_) {
    if (auto* writing = std::get_if<Writing>(&handle)) {
      writing->file.reset();
      report(*writing, Upload::Fate::interrupted, 0, "");
    }
  }
}

Session::Next Session::take(std::span<const std::byte> packet, Out& out) {
  const auto request = parse_request(packet);
  if (!request) {
    if (!request.error().id || !greeted_) return Next::end;
    write_status(out, *request.error().id, Status::bad_message, "the packet is not whole");
    return Next::go_on;
  }
  const auto* init = std::get_if<Init>(&*request);
  if ((init == nullptr) != greeted_) return Next::end;  // the greeting comes first, and once
  if (init != nullptr && init->version < kVersion) return Next::end;
  std::visit([&](const auto& ask) { on(ask, out); }, *request);
  return Next::go_on;
}

void Session::on(const Init&, Out& out) {
  greeted_ = true;
  PacketWriter(out, Type::version).number(kVersion)
      .text("posix-rename@openssh.com").text("1").text("fsync@openssh.com").text("1").text("limits@openssh.com").text("1");
}

// --- handles

void Session::give_handle(std::uint32_t id, Handle handle, Out& out) {
  std::string name = fmt::format("{:016x}{:x}", salt_, ++opened_);
  PacketWriter(out, Type::handle).number(id).text(name);
  handles_.emplace(std::move(name), std::move(handle));
}

Session::Handle* Session::find(std::string_view handle) {
  const auto found = handles_.find(handle);
  return found == handles_.end() ? nullptr : &found->second;
}

void Session::on(const Open& ask, Out& out) {
  if (handles_.size() >= limits_.handles) return write_status(out, ask.id, Status::failure, "too many files are open");
  if ((ask.flags & (open_flag::kWrite | open_flag::kAppend)) != 0) return open_to_write(ask, out);
  if ((ask.flags & open_flag::kRead) == 0) return write_status(out, ask.id, Status::failure, "opened neither to read nor to write");
  auto file = jail_.open_to_read(ask.path);
  if (!file) return answer(ask.id, ask.path, file.error(), out);
  give_handle(ask.id, Reading{std::move(*file), std::string(ask.path)}, out);
}

void Session::open_to_write(const Open& ask, Out& out) {
  using Missing = WriteWish::Missing;
  WriteWish wish;
  const bool creates = (ask.flags & open_flag::kCreate) != 0;
  wish.missing = !creates ? Missing::refuse : (ask.flags & open_flag::kExclusive) != 0 ? Missing::create_only : Missing::create;
  wish.content = (ask.flags & open_flag::kTruncate) != 0 ? WriteWish::Content::drop : WriteWish::Content::keep;
  auto file = jail_.open_to_write(ask.path, wish);
  if (!file) {
    if (file.error().kind() == Errc::denied && listeners_.tell) listeners_.tell(fmt::format("{}: {}", ask.path, text_of(file.error())));
    return answer(ask.id, ask.path, file.error(), out);
  }
  Writing writing;
  writing.file = std::move(*file);
  writing.path = ask.path;
  writing.appends = (ask.flags & open_flag::kAppend) != 0;
  give_handle(ask.id, std::move(writing), out);
}

void Session::on(const Close& ask, Out& out) {
  const auto found = handles_.find(ask.handle);
  if (found == handles_.end()) return write_status(out, ask.id, Status::failure, "no such handle");
  Handle handle = std::move(found->second);
  handles_.erase(found);
  if (auto* writing = std::get_if<Writing>(&handle)) return finish(ask.id, std::move(*writing), out);
  write_status(out, ask.id, Status::ok, "");
}

void Session::finish(std::uint32_t id, Writing writing, Out& out) {
  std::int64_t entry = 0;
  if (!writing.failed) {
    if (auto finished = writing.file->finish()) {
      entry = finished->value;
    } else {
      writing.failed = std::move(finished).error();
    }
  }
  writing.file.reset();
  if (!writing.failed) {
    report(writing, Upload::Fate::taken, entry, "");
    return write_status(out, id, Status::ok, "");
  }
  report(writing, Upload::Fate::refused, 0, writing.failed->message());
  if (listeners_.tell) listeners_.tell(fmt::format("{}: {}", writing.path, text_of(*writing.failed)));
  answer(id, writing.path, *writing.failed, out);
}

void Session::on(const Read& ask, Out& out) {
  Handle* handle = find(ask.handle);
  if (handle == nullptr) return write_status(out, ask.id, Status::failure, "no such handle");
  const auto* reading = std::get_if<Reading>(handle);
  if (reading == nullptr) return write_status(out, ask.id, Status::permission_denied, "not opened to read");
  const std::size_t wanted = std::min<std::size_t>(ask.length, kMaxData);
  if (wanted == 0 || ask.offset > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()) - wanted) {
    return wanted == 0 ? void(PacketWriter(out, Type::data).number(ask.id).text("")) : write_status(out, ask.id, Status::eof, "");
  }
  const std::size_t start = out.size();
  ssize_t got = 0;
  int error_number = 0;
  {
    PacketWriter packet(out, Type::data);
    packet.number(ask.id).number(0);
    const auto room = packet.room(wanted);
    do {
      got = ::pread(reading->file.get(), room.data(), wanted, static_cast<off_t>(ask.offset));
      error_number = errno;
    } while (got < 0 && error_number == EINTR);
    if (got > 0) {
      packet.give_back(wanted - static_cast<std::size_t>(got));
      packet.set_number(5, static_cast<std::uint32_t>(got));
    }
  }
  if (got > 0) return;
  out.resize(start);
  if (got == 0) return write_status(out, ask.id, Status::eof, "");
  answer(ask.id, reading->path, system_error("cannot read it", reading->path, error_number), out);
}

void Session::on(const Write& ask, Out& out) {
  Handle* handle = find(ask.handle);
  if (handle == nullptr) return write_status(out, ask.id, Status::failure, "no such handle");
  auto* writing = std::get_if<Writing>(handle);
  if (writing == nullptr) return write_status(out, ask.id, Status::permission_denied, "not opened to write");
  // Clients send many writes before they read the first answer: only the first failure is news.
  if (writing->failed) return write_status(out, ask.id, status_of(*writing->failed), text_of(*writing->failed));
  const auto written = write(*writing, ask);
  if (!written) writing->failed = written.error();
  answer(ask.id, writing->path, written, out);
}

Result<void> Session::write(Writing& writing, const Write& ask) {
  const std::uint64_t offset = writing.appends ? writing.file->size() : ask.offset;
  if (offset > limits_.file_bytes || ask.data.size() > limits_.file_bytes - offset) {
    return fail(Errc::denied, fmt::format("a file has at most {} bytes", limits_.file_bytes));
  }
  PV_TRY_VOID(writing.file->write(offset, ask.data));
  writing.bytes += ask.data.size();
  return {};
}

void Session::on(const Sync& ask, Out& out) {
  Handle* handle = find(ask.handle);
  if (handle == nullptr) return write_status(out, ask.id, Status::failure, "no such handle");
  if (const auto* writing = std::get_if<Writing>(handle); writing != nullptr && writing->failed) {
    return answer(ask.id, writing->path, *writing->failed, out);
  }
  write_status(out, ask.id, Status::ok, "");
}

// --- attributes

void Session::on(const Look& ask, Out& out) {
  const auto seen = jail_.look(ask.path);
  if (!seen) return answer(ask.id, ask.path, seen.error(), out);
  PacketWriter(out, Type::attributes).number(ask.id).attributes(attributes_of(*seen));
}

void Session::on(const LookAtHandle& ask, Out& out) {
  Handle* handle = find(ask.handle);
  if (handle == nullptr) return write_status(out, ask.id, Status::failure, "no such handle");
  Seen seen;
  if (const auto* reading = std::get_if<Reading>(handle)) {
    struct stat status {};
    if (fstat(reading->file.get(), &status) != 0) {
      return answer(ask.id, reading->path, system_error("cannot look at it", reading->path, errno), out);
    }
    seen.size = static_cast<std::uint64_t>(status.st_size);
    seen.modified_s = status.st_mtim.tv_sec;
  } else if (const auto* writing = std::get_if<Writing>(handle)) {
    seen.size = writing->file ? writing->file->size() : 0;
    seen.modified_s = unix_now_s();
  } else {
    seen.kind = Seen::Kind::folder;
  }
  PacketWriter(out, Type::attributes).number(ask.id).attributes(attributes_of(seen));
}

void Session::on(const Change& ask, Out& out) {
  const auto seen = jail_.look(ask.path);
  if (!seen) return answer(ask.id, ask.path, seen.error(), out);
  if (ask.attributes.size && (seen->kind != Seen::Kind::file || *ask.attributes.size != seen->size)) {
    return write_status(out, ask.id, Status::op_unsupported, "the size of a file cannot be changed; upload it whole");
  }
  write_status(out, ask.id, Status::ok, "");
}

void Session::on(const ChangeHandle& ask, Out& out) {
  Handle* handle = find(ask.handle);
  if (handle == nullptr) return write_status(out, ask.id, Status::failure, "no such handle");
  if (!ask.attributes.size) return write_status(out, ask.id, Status::ok, "");
  auto* writing = std::get_if<Writing>(handle);
  if (writing == nullptr) return write_status(out, ask.id, Status::permission_denied, "not opened to write");
  if (writing->failed) return answer(ask.id, writing->path, *writing->failed, out);
  answer(ask.id, writing->path, resize(*writing, *ask.attributes.size), out);
}

Result<void> Session::resize(Writing& writing, std::uint64_t size) {
  if (size == writing.file->size()) return {};
  if (size != 0) return fail(Errc::denied, "the size of a file cannot be changed, but to 0");
  writing.file.reset();  // the desk has one transfer of a name at a time
  auto file = jail_.open_to_write(writing.path, {WriteWish::Missing::create, WriteWish::Content::drop});
  if (!file) {
    writing.failed = file.error();
    return fail(std::move(file).error());
  }
  writing.file = std::move(*file);
  return {};
}

// --- folders

std::size_t Session::listed() const {
  std::size_t sum = 0;
  for (const auto& [name, handle] : handles_) {
    if (const auto* listing = std::get_if<Listing>(&handle)) sum += listing->entries.size();
  }
  return sum;
}

void Session::on(const OpenFolder& ask, Out& out) {
  if (handles_.size() >= limits_.handles) return write_status(out, ask.id, Status::failure, "too many files are open");
  const std::size_t held = listed();
  if (held >= limits_.listed) return write_status(out, ask.id, Status::failure, "too many folders are open");
  auto entries = jail_.list(ask.path, limits_.listed - held);
  if (!entries) return answer(ask.id, ask.path, entries.error(), out);
  give_handle(ask.id, Listing{std::string(ask.path), std::move(*entries)}, out);
}

void Session::on(const ReadFolder& ask, Out& out) {
  Handle* handle = find(ask.handle);
  if (handle == nullptr) return write_status(out, ask.id, Status::failure, "no such handle");
  auto* listing = std::get_if<Listing>(handle);
  if (listing == nullptr) return write_status(out, ask.id, Status::failure, "it is not a folder");
  if (listing->next == listing->entries.size()) return write_status(out, ask.id, Status::eof, "");
  const std::int64_t now = unix_now_s();
  PacketWriter packet(out, Type::name);
  packet.number(ask.id).number(0);
  std::uint32_t count = 0;
  while (listing->next < listing->entries.size() && packet.size() < kFolderAnswer) {
    const Listed& one = listing->entries[listing->next++];
    packet.text(one.name).text(listing_line(one.name, one.seen, now)).attributes(attributes_of(one.seen));
    ++count;
  }
  packet.set_number(5, count);
}

void Session::on(const MakeFolder& ask, Out& out) { answer(ask.id, ask.path, jail_.make_folder(ask.path), out); }
void Session::on(const RemoveFolder& ask, Out& out) { answer(ask.id, ask.path, jail_.remove_folder(ask.path), out); }
void Session::on(const Remove& ask, Out& out) { answer(ask.id, ask.path, jail_.remove(ask.path), out); }

void Session::on(const Rename& ask, Out& out) {
  const auto begun = Clock::now();
  const auto before = jail_.look(ask.from);
  const auto renamed = jail_.rename(ask.from, ask.to);
  if (!renamed && renamed.error().kind() != Errc::invalid_input) return answer(ask.id, ask.from, renamed.error(), out);
  // The desk has judged the file: this is the end of an upload under a temporary name.
  Writing judged;
  judged.path = ask.to;
  judged.bytes = before ? before->size : 0;
  judged.begun = begun;
  if (renamed) {
    if (renamed->value != 0) report(judged, Upload::Fate::taken, renamed->value, "");
    return write_status(out, ask.id, Status::ok, "");
  }
  report(judged, Upload::Fate::refused, 0, renamed.error().message());
  if (listeners_.tell) listeners_.tell(fmt::format("{}: {}", ask.to, text_of(renamed.error())));
  answer(ask.id, ask.to, renamed.error(), out);
}

void Session::on(const RealPath& ask, Out& out) {
  const auto path = Jail::normal_path(ask.path);
  if (!path) return answer(ask.id, ask.path, path.error(), out);
  PacketWriter(out, Type::name).number(ask.id).number(1).text(*path).text(*path).attributes({});
}

void Session::on(const AskLimits& ask, Out& out) {
  PacketWriter(out, Type::extended_reply).number(ask.id).long_number(kMaxPacket).long_number(kMaxData).long_number(kMaxData).long_number(limits_.handles);
}

void Session::on(const Unsupported& ask, Out& out) { write_status(out, ask.id, Status::op_unsupported, "the server does not do this"); }

// --- answers

void Session::answer(std::uint32_t id, std::string_view path, const Error& error, Out& out) {
  if (is_servers_own(error) && listeners_.trouble) listeners_.trouble(fmt::format("{}: {}", path, error.message()));
  write_status(out, id, status_of(error), text_of(error));
}

void Session::answer(std::uint32_t id, std::string_view path, const Result<void>& result, Out& out) {
  if (!result) return answer(id, path, result.error(), out);
  write_status(out, id, Status::ok, "");
}

void Session::report(const Writing& writing, Upload::Fate fate, std::int64_t id, std::string reason) const {
  if (!listeners_.uploaded) return;
  const double seconds = std::chrono::duration<double>(Clock::now() - writing.begun).count();
  listeners_.uploaded({writing.path, writing.bytes, seconds, fate, id, std::move(reason)});
}

}  // namespace pv::sftp
