#include "ingest/desk.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/fault.h"
#include "base/file.h"
#include "ingest/arriving.h"
#include "ingest/filing.h"
#include "ingest/ledger_steps.h"
#include "ingest/receipt.h"

namespace pv::ingest {
namespace {

constexpr std::size_t kMostInterrupted = 10'000;
constexpr int kMostNames = 10'000;

Result<void> check_place(const model::Place& place) {
  for (const std::string* name : {&place.tenant.str(), &place.campaign.str(), &place.device.str()}) {
    if (*name == kParsedFolder || *name == kErrorFolder) {
      return fail(Errc::denied, fmt::format("{}: this name is the server's own; use another", *name));
    }
  }
  return {};
}

/// What was handed in, as the report and the files in error/ tell it.
FileRecord refused_record(const std::filesystem::path& path, const model::Place& place, const FileVerdict& verdict, const FileIdentity& identity) {
  FileRecord record;
  record.path = path.string();
  record.tenant = place.tenant.str();
  record.campaign = place.campaign.str();
  record.device = place.device.str();
  record.fate = Fate::rejected;
  record.reason = verdict.reason;
  record.message = fmt::format("{}: {}", path_of(place, path.filename().string()), verdict.message);
  record.line = verdict.line;
  record.digest = verdict.digest;
  record.size = static_cast<std::uint64_t>(identity.size);
  record.identity = identity;
  return record;
}

}  // namespace

/// A place at the desk: nobody else may write this file while it is held.
struct Desk::Seat {
  Desk* desk;
  model::Place place;
  std::string name, path;  // path: below the data folder
  Folder folder;

  Seat(Desk& of, const model::Place& at, std::string_view file, Folder held)
      : desk(&of), place(at), name(file), path(path_of(at, file)), folder(std::move(held)) {}
  Seat(Seat&& other) noexcept
      : desk(std::exchange(other.desk, nullptr)), place(other.place), name(std::move(other.name)), path(std::move(other.path)), folder(std::move(other.folder)) {}
  Seat& operator=(Seat&&) = delete;
  ~Seat() {
    if (desk == nullptr) return;
    const std::lock_guard lock(desk->mutex_);
    desk->arriving_.erase(path);
  }
};

class Desk::Incoming final : public model::IncomingFile {
 public:
  Incoming(Seat seat, FileDescriptor file, std::uint64_t size, model::Sender sender)
      : file_(std::move(file)), seat_(std::move(seat)), size_(size), sender_(std::move(sender)) {}
  ~Incoming() override;
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override;
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  Result<FileId> finish() override;
  void discard() override;

 private:
  FileDescriptor file_;  // closed after the seat is given back: who hears of it finds the transfer over
  Seat seat_;
  std::uint64_t size_;
  model::Sender sender_;
  bool is_finished_ = false;
};

Desk::Incoming::~Incoming() {
  if (is_finished_) return;
  if (size_ == 0) {
    // Nothing was sent, so nothing is worth keeping.
    static_cast<void>(seat_.folder.remove_file(partial_name(seat_.name)));
    return;
  }
  Desk& desk = *seat_.desk;
  const std::lock_guard lock(desk.mutex_);
  if (desk.interrupted_.size() >= kMostInterrupted) desk.interrupted_.erase(desk.interrupted_.begin());
  desk.interrupted_.insert_or_assign(seat_.path, sender_);
}

Result<void> Desk::Incoming::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  const DeskOptions& options = seat_.desk->options_;
  if (is_finished_) return fail(Errc::conflict, fmt::format("{}: the file is closed", seat_.name));
  if (bytes.size() > options.max_file_bytes || offset > options.max_file_bytes - bytes.size()) {
    return fail(Errc::denied, fmt::format("{}: larger than the {} bytes that a file may have (setting ingest.max_file_bytes)", seat_.name, options.max_file_bytes));
  }
  const std::uint64_t end = offset + bytes.size();
  const std::uint64_t growth = end > size_ ? end - size_ : 0;
  if (options.usage != nullptr && growth > 0) PV_TRY_VOID(options.usage->take(seat_.place, growth));
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t put = pwrite(file_.get(), bytes.data() + at, bytes.size() - at, static_cast<off_t>(offset + at));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      const int number = put < 0 ? errno : ENOSPC;
      const std::uint64_t written = std::max(size_, at > 0 ? offset + at : 0);
      if (options.usage != nullptr && end > written) options.usage->give_back(seat_.place, std::min(growth, end - written));
      size_ = written;
      const bool is_full = number == ENOSPC || number == EDQUOT || number == EFBIG;
      return fail(Errc::io, fmt::format("{}: cannot be written: {}; what was sent is kept{}", seat_.name, std::strerror(number),
                                        is_full ? ", try again when the server has room" : ""));
    }
    at += static_cast<std::size_t>(put);
  }
  const bool is_first = size_ == 0 && end > 0;
  size_ = std::max(size_, end);
  if (is_first) fault_point("desk.first_bytes");
  return {};
}

Result<FileId> Desk::Incoming::finish() {
  if (is_finished_) return fail(Errc::conflict, fmt::format("{}: the file is closed", seat_.name));
  Desk& desk = *seat_.desk;
  // Closed first: a file that is open for writing is left alone by whoever takes files.
  file_ = FileDescriptor();
  auto id = desk.hand_in(seat_, seat_.folder, partial_name(seat_.name), sender_);
  // What was refused has been filed away: there is nothing left to go on with.
  is_finished_ = id || id.error().kind() == Errc::invalid_input;
  if (is_finished_) {
    const std::lock_guard lock(desk.mutex_);
    desk.interrupted_.erase(seat_.path);
  } else if (auto again = seat_.folder.file(partial_name(seat_.name), O_RDWR | O_NONBLOCK)) {
    file_ = std::move(*again);
  }
  return id;
}

void Desk::Incoming::discard() {
  if (is_finished_ || !seat_.folder.remove_file(partial_name(seat_.name))) return;
  is_finished_ = true;
  if (Usage* const usage = seat_.desk->options_.usage) usage->give_back(seat_.place, size_);
}

Desk::Desk(DeskOptions options, Folder root) : options_(std::move(options)), root_(std::move(root)) {}
Desk::~Desk() = default;

Result<std::unique_ptr<Desk>> Desk::open(DeskOptions options) {
  PV_TRY(Folder root, Folder::open(options.data_folder));
  return std::unique_ptr<Desk>(new Desk(std::move(options), std::move(root)));
}

bool Desk::is_arriving(std::string_view path) const {
  const std::lock_guard lock(mutex_);
  return arriving_.contains(path);
}

void Desk::announce_campaign(const model::Place& place) const {
  if (options_.campaign_made) options_.campaign_made(place.tenant, place.campaign);
}

Result<Folder> Desk::device_folder(const model::Place& place) const {
  const std::string campaign = fmt::format("{}/{}", place.tenant.str(), place.campaign.str());
  const bool was_there = root_.status(campaign).has_value();
  const std::string path = fmt::format("{}/{}", campaign, place.device.str());
  auto folder = root_.folder(path);
  if (!folder && folder.error().kind() == Errc::not_found) {
    PV_TRY_VOID(root_.make_folders(path));
    if (!was_there) announce_campaign(place);
    folder = root_.folder(path);
  }
  return folder;
}

Result<Desk::Seat> Desk::take_seat(const model::Place& place, std::string_view name) {
  PV_TRY_VOID(check_file_name(name));
  PV_TRY_VOID(check_place(place));
  PV_TRY(Folder folder, device_folder(place));
  {
    const std::lock_guard lock(mutex_);
    if (!arriving_.insert(path_of(place, name)).second) {
      return fail(Errc::conflict, fmt::format("{}: another transfer of this name is running; wait until it ends", name));
    }
  }
  return Seat(*this, place, name, std::move(folder));
}

Result<std::unique_ptr<model::IncomingFile>> Desk::begin(const model::Place& place, std::string_view name, Start start, const model::Sender& sender) {
  PV_TRY(Seat seat, take_seat(place, name));
  const std::string partial = partial_name(name);
  if (start == Start::fresh) {
    if (const auto left = seat.folder.status(partial)) {
      // Removed, not truncated: whatever else the name was linked to keeps its bytes.
      PV_TRY_VOID(seat.folder.remove_file(partial));
      if (options_.usage != nullptr) options_.usage->give_back(place, static_cast<std::uint64_t>(left->st_size));
    }
  }
  PV_TRY(FileDescriptor file, seat.folder.file(partial, O_RDWR | O_CREAT | O_NONBLOCK | (start == Start::fresh ? O_EXCL : 0)));
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return fail(pv::system_error("cannot look at it", seat.path, errno));
  if (!S_ISREG(status.st_mode) || status.st_nlink != 1) return fail(Errc::denied, fmt::format("{}: something else has its partial name; ask whoever runs the server", name));
  return std::make_unique<Incoming>(std::move(seat), std::move(file), static_cast<std::uint64_t>(status.st_size), sender);
}

/// Whoever has the name gets another one; his entry goes with him.
Result<void> Desk::move_aside(const Seat& seat) {
  const auto standing = seat.folder.status(seat.name);
  if (!standing) return {};
  if (S_ISDIR(standing->st_mode)) return fail(Errc::conflict, fmt::format("{}: a folder has this name", seat.name));
  for (int number = 2; number < kMostNames; ++number) {
    const std::string other = aside_name(seat.name, number);
    if (renameat2(seat.folder.descriptor(), seat.name.c_str(), seat.folder.descriptor(), other.c_str(), RENAME_NOREPLACE) == 0) {
      fault_point("desk.moved_aside");
      return options_.ledger->renamed(seat.path, path_of(seat.place, other));
    }
    if (errno == ENOENT) return {};
    if (errno != EEXIST) return fail(pv::system_error("cannot move aside what has the name", seat.path, errno));
  }
  return fail(Errc::conflict, fmt::format("{}: thousands of files of this name wait already", seat.name));
}

Result<void> Desk::give_name(const Seat& seat, const Folder& from, const std::string& standing_as) {
  for (int attempt = 0;; ++attempt) {
    PV_TRY_VOID(move_aside(seat));
    if (renameat2(from.descriptor(), standing_as.c_str(), seat.folder.descriptor(), seat.name.c_str(), RENAME_NOREPLACE) == 0) break;
    // Somebody was faster with a file of this name: he goes aside too.
    if (errno != EEXIST || attempt > 10) return fail(pv::system_error(fmt::format("cannot move it to {}", seat.name), seat.path, errno));
  }
  fault_point("desk.renamed");
  PV_TRY_VOID(seat.folder.sync());
  if (from.descriptor() != seat.folder.descriptor()) PV_TRY_VOID(from.sync());
  fault_point("desk.folder_synced");
  return {};
}

Result<FileId> Desk::hand_in(const Seat& seat, const Folder& from, const std::string& standing_as, const model::Sender& sender) {
  PV_TRY(const FileDescriptor file, from.file(standing_as, O_RDONLY | O_NONBLOCK));
  if (fsync(file.get()) != 0) return fail(pv::system_error("cannot make it durable", seat.path, errno));
  fault_point("desk.synced");
  if (!model::is_logger_file_name(seat.name)) {
    PV_TRY_VOID(give_name(seat, from, standing_as));
    return FileId{0};
  }
  PV_TRY(const FileVerdict verdict, judge_file(file, seat.path, {options_.max_file_bytes, options_.extra_formats}));
  if (!verdict.reason.empty()) return fail(refuse(seat, from, standing_as, verdict, sender));
  PV_TRY_VOID(give_name(seat, from, standing_as));
  Ledger::Arrival arrival;
  arrival.path = seat.path;
  arrival.file.path = options_.data_folder / seat.path;
  arrival.file.place = seat.place;
  arrival.identity = verdict.identity;
  arrival.sender = sender;
  PV_TRY(const auto arrived, options_.ledger->arrive(std::span(&arrival, 1)));
  fault_point("desk.arrived");
  if (options_.wake) options_.wake();
  return arrived.front().id;
}

/// A crash came between a refusal and its record, and the sender begins anew: what was refused then lies in error/, or is gone.
void Desk::settle_refused_before(const Seat& seat, const FileIdentity& now) const {
  const auto entry = options_.ledger->entry_at(seat.path);
  if (!entry || !*entry || (*entry)->filed || (*entry)->state != FileState::rejected || (*entry)->identity == now) return;
  FileRecord before;
  before.path = (options_.data_folder / seat.path).string();
  before.identity = (*entry)->identity;
  before.digest = (*entry)->digest;
  if (identity_of(before.path) == before.identity) return;
  const auto found = find_filed(std::filesystem::path(before.path).parent_path() / kErrorFolder, before);
  const Ledger::Filed filed{(*entry)->id, found ? found->lexically_relative(options_.data_folder).string() : ""};
  // Without this the intake does the same, some looks later.
  static_cast<void>(options_.ledger->filed(std::span(&filed, 1)));
}

Error Desk::refuse(const Seat& seat, const Folder& from, const std::string& standing_as, const FileVerdict& verdict, const model::Sender& sender) {
  std::vector<std::string> problems;
  FileRecord record = refused_record(options_.data_folder / seat.path, seat.place, verdict, verdict.identity);
  // On record before it is moved, as all files are: a crash in between leaves no file in error/ that the ledger does not know.
  Ledger::Arrival arrival;
  arrival.path = seat.path;
  arrival.file.path = record.path;
  arrival.file.place = seat.place;
  arrival.identity = verdict.identity;
  arrival.sender = sender;
  arrival.refusal = Ledger::Refusal{verdict.reason, record.message, verdict.line, verdict.digest, ""};
  settle_refused_before(seat, verdict.identity);
  const auto arrived = options_.ledger->arrive(std::span(&arrival, 1));
  if (!arrived) return {Errc::io, fmt::format("{}: it is no logger file ({}), and that could not be put on record: {}", seat.name, verdict.message, arrived.error().message())};
  fault_point("desk.refusal_recorded");
  Filing(problems).refuse(record, from.path() / standing_as);
  if (record.moved_to.empty()) {
    return {Errc::io, fmt::format("{}: it is no logger file ({}), and it could not be set aside: {}", seat.name, verdict.message, problems.empty() ? "it is gone" : problems.front())};
  }
  fault_point("desk.refused");
  static_cast<void>(write_receipt(record.moved_to, receipt_text(seat.name, short_json(record))));
  // Without this the intake finds it where it lies.
  const Ledger::Filed filed{arrived->front().id, std::filesystem::path(record.moved_to).lexically_relative(options_.data_folder).string()};
  static_cast<void>(options_.ledger->filed(std::span(&filed, 1)));
  if (options_.wake) options_.wake();
  return {Errc::invalid_input, fmt::format("{}: {}: {}", seat.name, verdict.reason, verdict.message)};
}

Result<FileId> Desk::adopt(const model::Place& place, std::string_view name) {
  PV_TRY(const Seat partial, take_seat(place, name));
  const std::string standing_as = partial_name(name);
  PV_TRY(const struct stat status, partial.folder.status(standing_as));
  model::Sender sender{model::Way::sftp, "", ""};
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = interrupted_.find(partial.path); known != interrupted_.end()) {
      sender = known->second;
      interrupted_.erase(known);
    }
  }
  if (status.st_size == 0) {
    PV_TRY_VOID(partial.folder.remove_file(standing_as));
    return FileId{0};
  }
  // Its sender would have given it this name in the end.
  const std::string_view own = without_transfer_ending(name);
  if (own == name) return hand_in(partial, partial.folder, standing_as, sender);
  PV_TRY(const Seat seat, take_seat(place, own));
  return hand_in(seat, partial.folder, standing_as, sender);
}

Result<FileId> Desk::rename(const model::Place& from, std::string_view from_name, const model::Place& to, std::string_view to_name,
                            const model::Sender& sender) {
  if (from.tenant != to.tenant) return fail(Errc::denied, fmt::format("{}: it cannot be moved there", from_name));
  if (from == to && from_name == to_name) return fail(Errc::conflict, fmt::format("{}: it has this name", to_name));
  if (model::is_logger_file_name(from_name) && !model::is_logger_file_name(to_name)) {
    PV_TRY_VOID(check_file_name(to_name));
    return fail(Errc::denied, fmt::format("{}: a file that was handed in keeps the ending .tsv", from_name));
  }
  PV_TRY(const Seat source, take_seat(from, from_name));
  PV_TRY(const Seat target, take_seat(to, to_name));
  std::string standing_as(from_name);
  auto status = source.folder.status(standing_as);
  if (!status) {
    // What an interrupted transfer has left shows under the name it was sent with.
    standing_as = partial_name(from_name);
    status = source.folder.status(standing_as);
    if (!status) return fail(Errc::not_found, fmt::format("{}: there is no such file", from_name));
  }
  if (!S_ISREG(status->st_mode)) return fail(Errc::denied, fmt::format("{}: it is not a regular file", from_name));
  if (standing_as == from_name && model::is_logger_file_name(from_name)) {
    PV_TRY(const auto entry, options_.ledger->entry_at(source.path));
    if (entry && !entry->filed) {
      if (entry->state != FileState::received && entry->state != FileState::held) {
        return fail(Errc::denied, fmt::format("{}: it has been taken already, and keeps its name", from_name));
      }
      PV_TRY_VOID(give_name(target, source.folder, standing_as));
      PV_TRY_VOID(options_.ledger->renamed(source.path, target.path));
      if (options_.wake) options_.wake();
      return entry->id;
    }
  }
  if (model::is_logger_file_name(to_name)) {
    // Refused content stays under its old name: it is the sender's to take away.
    PV_TRY(const FileDescriptor file, source.folder.file(standing_as, O_RDONLY | O_NONBLOCK));
    PV_TRY(const FileVerdict verdict, judge_file(file, target.path, {options_.max_file_bytes, options_.extra_formats}));
    if (!verdict.reason.empty()) return fail(Errc::invalid_input, fmt::format("{}: {}: {}", to_name, verdict.reason, verdict.message));
  }
  return hand_in(target, source.folder, standing_as, sender);
}

Result<void> Desk::remove(const model::Place& place, std::string_view name, const model::Sender& sender) {
  PV_TRY_VOID(check_file_name(name));
  PV_TRY_VOID(check_place(place));
  PV_TRY(const Folder folder, root_.folder(fmt::format("{}/{}/{}", place.tenant.str(), place.campaign.str(), place.device.str())));
  const std::string path = path_of(place, name);
  if (is_arriving(path)) return fail(Errc::conflict, fmt::format("{}: a transfer of this name is running", name));
  std::string standing_as(name);
  auto status = folder.status(standing_as);
  if (!status) {
    standing_as = partial_name(name);
    status = folder.status(standing_as);
    if (!status) return fail(Errc::not_found, fmt::format("{}: there is no such file", name));
  }
  if (S_ISDIR(status->st_mode)) return fail(Errc::denied, fmt::format("{}: it is a folder", name));
  // On record first: nobody takes it from here on.
  if (standing_as == name) PV_TRY_VOID(options_.ledger->withdraw(path, sender.who));
  PV_TRY_VOID(folder.remove_file(standing_as));
  if (options_.usage != nullptr) options_.usage->give_back(place, static_cast<std::uint64_t>(status->st_size));
  return {};
}

Result<void> Desk::make_campaign(const model::TenantName& tenant, const model::CampaignName& campaign, const model::Sender&) {
  if (campaign.str() == kParsedFolder || campaign.str() == kErrorFolder) return fail(Errc::denied, fmt::format("{}: this name is the server's own; use another", campaign.str()));
  PV_TRY_VOID(root_.make_folders(tenant.str()));
  PV_TRY_VOID(root_.make_folder(fmt::format("{}/{}", tenant.str(), campaign.str())));
  if (options_.campaign_made) options_.campaign_made(tenant, campaign);
  return {};
}

Result<void> Desk::make_device(const model::Place& place, const model::Sender&) {
  PV_TRY_VOID(check_place(place));
  const std::string campaign = fmt::format("{}/{}", place.tenant.str(), place.campaign.str());
  const bool was_there = root_.status(campaign).has_value();
  PV_TRY_VOID(root_.make_folders(campaign));
  if (!was_there) announce_campaign(place);
  return root_.make_folder(fmt::format("{}/{}", campaign, place.device.str()));
}

}  // namespace pv::ingest
