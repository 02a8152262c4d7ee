// How Watch looks through folders and at single files.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "base/file.h"
#include "ingest/watch_state.h"
#include "tsv/end_mark.h"

namespace pv::ingest {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMostEntries = 200'000;  // of one folder and look; the next look sees the rest, for what is dealt with goes away
constexpr std::size_t kMostPending = 500;
constexpr std::ptrdiff_t kDeviceDepth = 3;

/// 0 for the data folder itself.
std::ptrdiff_t depth_of(std::string_view path) { return path.empty() ? 0 : 1 + std::count(path.begin(), path.end(), '/'); }

std::string path_below(const std::string& folder, const std::string& name) { return folder.empty() ? name : folder + "/" + name; }

std::string_view file_name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_folder_to_look_at(std::string_view name) { return !name.starts_with('.') && name != kParsedFolder && name != kErrorFolder; }

FileIdentity identity_in(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

/// The file's own name when it is what a transfer has left; "" otherwise.
std::string_view own_name_of_partial(std::string_view name) {
  if (!name.starts_with(model::kPartialPrefix)) return "";
  name.remove_prefix(model::kPartialPrefix.size());
  return model::is_logger_file_name(name) || model::is_transfer_name(name) ? name : std::string_view();
}

struct FileEnd {
  FileIdentity identity;  // of the file whose end this is
  bool is_whole = false;
  bool is_being_written = false;
};

/// Nothing when it is not there, or cannot be opened.
std::optional<FileEnd> end_of(const Folder& root, const std::string& path) {
  const auto file = root.file(path, O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (!file || fstat(file->get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  FileEnd end{identity_in(status), false, is_open_for_writing(file->get())};
  std::array<char, tsv::kEndMarkTail> tail{};
  const std::size_t wanted = std::min(tail.size(), static_cast<std::size_t>(status.st_size));
  const ssize_t got = pread(file->get(), tail.data(), wanted, status.st_size - static_cast<off_t>(wanted));
  end.is_whole = got == static_cast<ssize_t>(wanted) && tsv::ends_whole(std::span(tail.data(), wanted));
  return end;
}

}  // namespace

// --- what was met

bool Watch::State::is_on_record(const std::string& path, const FileIdentity& identity) {
  const auto entry = options_.ledger->entry_at(path);
  return entry && *entry && !(*entry)->filed && (*entry)->identity == identity;
}

void Watch::State::meet_file(const std::string& path, const struct stat& status, model::Way way) {
  FileIdentity identity = identity_in(status);
  const auto known = reported_.find(path);
  if (way == model::Way::scan && known != reported_.end() && known->second.identity == identity) {
    known->second.look = look_;
    return;
  }
  // The desk puts on record what it takes in; should it fail, the next look finds the file.
  if (is_arriving(path)) return still_.forget(path);
  FoundFile file = classify(options_.data_folder, options_.data_folder / path);
  if (!file.place && stays_there(file.why)) return say_once(said_of_folders_, fmt::format("{}: {}", path, file.problem));
  bool is_whole = false, is_being_written = false;
  if (S_ISREG(status.st_mode)) {
    if (const auto end = end_of(*root_, path)) {
      identity = end->identity;
      is_whole = end->is_whole;
      is_being_written = end->is_being_written;
    }
  }
  if (!is_whole) {
    if (is_on_record(path, identity)) {
      still_.forget(path);
      reported_.insert_or_assign(path, Reported{identity, look_});
      return;
    }
    if (!still_.note(path, identity, way, Clock::now()) || is_being_written) return;
  }
  pending_.push_back({std::move(file), path, identity, model::Sender{way, "", ""}});
  hand_over_if_many();
}

void Watch::State::meet_partial(const std::string& path, const struct stat& status, model::Way way) {
  const std::string own(own_name_of_partial(file_name_of(path)));
  const std::string own_path = path.substr(0, path.size() - file_name_of(path).size()) + own;
  if (options_.desk == nullptr || !S_ISREG(status.st_mode) || depth_of(path) != kDeviceDepth + 1) return;
  // The grace begins when the transfer is over, which gives no event of its own: it is looked at again and again meanwhile.
  const bool is_running = is_arriving(own_path);
  if (is_running) still_.forget(path);
  if (!still_.note(path, identity_in(status), way, Clock::now()) || is_running) return;
  if (const auto end = end_of(*root_, path); end && end->is_being_written) return;
  const auto place = classify(options_.data_folder, options_.data_folder / own_path).place;
  if (!place) return still_.forget(path);
  const auto adopted = options_.desk->adopt(*place, own);
  const Errc why = adopted ? Errc::not_found : adopted.error().kind();
  // What is refused lies in error/ now, with its reason.
  if (adopted || why == Errc::not_found || why == Errc::invalid_input) return still_.forget(path);
  if (why != Errc::conflict) say_once(said_of_folders_, fmt::format("{}: what an interrupted transfer has left cannot be taken yet: {}", own_path, adopted.error().message()));
}

void Watch::State::meet(const std::string& path, const struct stat& status, model::Way way) {
  const std::string_view name = file_name_of(path);
  if (model::is_logger_file_name(name)) {
    meet_file(path, status, way);
  } else if (!own_name_of_partial(name).empty()) {
    meet_partial(path, status, way);
  }
}

void Watch::State::hand_over_if_many() {
  if (pending_.size() >= kMostPending) hand_over();
}

void Watch::State::hand_over() {
  if (pending_.empty()) return;
  const auto arrived = options_.ledger->arrive(pending_);
  if (arrived) {
    for (const Ledger::Arrival& arrival : pending_) {
      still_.forget(arrival.path);
      reported_.insert_or_assign(arrival.path, Reported{*arrival.identity, look_});
    }
  } else {
    // They come again: those that stood still after another grace, the others at the next look.
    say_once(said_of_folders_, fmt::format("files cannot be put on record: {}", arrived.error().message()));
  }
  pending_.clear();
  if (arrived && options_.wake) options_.wake();
}

// --- looking

void Watch::State::look_at(const std::string& path, model::Way way) {
  if (!root_) return;
  const auto status = root_->status(path);
  if (!status) return still_.forget(path);
  if (!S_ISDIR(status->st_mode)) meet(path, *status, way);
}

void Watch::State::look_at_those_due() {
  for (const Stillness::Due& file : still_.due(Clock::now())) look_at(file.path, file.way);
}

void Watch::State::heed(const std::vector<FolderEvent>& events) {
  std::set<std::string> met;
  for (const FolderEvent& event : events) {
    if (event.kind == FolderEvent::Kind::overflow || event.label.starts_with('/')) continue;
    const std::string path = path_below(event.label, event.name);
    if (!met.insert(path).second) continue;
    if (event.kind == FolderEvent::Kind::file) {
      look_at(path, model::Way::watch);
    } else if (is_folder_to_look_at(event.name)) {
      met_campaign(path, model::Way::watch);
      look_through(path, model::Way::watch);
    }
  }
}

void Watch::State::look_through_all() {
  ++look_;
  {
    const std::lock_guard lock(mutex_);
    said_before_ = std::move(said_of_folders_);
    said_of_folders_.clear();
  }
  auto root = Folder::open(options_.data_folder);
  if (!root) return say_once(said_of_folders_, root.error().message());
  root_.emplace(std::move(*root));
  look_through("", model::Way::scan);
  hand_over();
  if (stop_.stop_requested()) return;
  std::erase_if(reported_, [&](const auto& known) { return known.second.look < look_; });
  const std::lock_guard lock(mutex_);
  std::erase_if(campaigns_, [&](const auto& known) { return known.second.look < look_; });
}

void Watch::State::look_through(const std::string& folder, model::Way way) {
  std::vector<std::string> folders{folder};
  while (!folders.empty() && !stop_.stop_requested()) {
    const std::string next = std::move(folders.back());
    folders.pop_back();
    look_at_folder(next, way, folders);
  }
}

void Watch::State::look_at_folder(const std::string& folder, model::Way way, std::vector<std::string>& below) {
  if (!root_) return;
  const auto open = root_->folder(folder);
  // Watched before it is listed, so that nothing can come in between.
  if (open && depth_of(folder) <= kDeviceDepth) {
    if (const auto watched = events_.watch(*open, folder); !watched) say_once(said_of_folders_, watched.error().message(), "cannot watch");
  }
  const auto entries = open ? open->list("", kMostEntries) : Result<std::vector<FolderEntry>>(fail(open.error()));
  if (!entries) {
    if (entries.error().kind() != Errc::not_found) say_once(said_of_folders_, entries.error().message());
    return;
  }
  for (const FolderEntry& entry : *entries) {
    std::string path = path_below(folder, entry.name);
    std::error_code code;
    if (!S_ISDIR(entry.status.st_mode)) {
      meet(path, entry.status, way);
      if (S_ISLNK(entry.status.st_mode) && !model::is_logger_file_name(entry.name) && fs::is_directory(options_.data_folder / path, code)) {
        say_once(said_of_folders_, fmt::format("{}: it is a symbolic link to a folder and is not followed", path));
      }
    } else if (is_folder_to_look_at(entry.name)) {
      met_campaign(path, way);
      below.push_back(std::move(path));
    }
  }
}

}  // namespace pv::ingest
