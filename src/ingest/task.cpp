#include "ingest/task.h"

#include <fcntl.h>

#include <fmt/format.h>

#include "base/file.h"
#include "base/folder.h"
#include "ingest/filing.h"

namespace pv::ingest {
namespace {

/// The bytes of the file whose header shall count: where its path says, or where it has been filed since.
Result<std::vector<char>> header_file(const std::string& path, const RunOptions& options) {
  std::vector<std::string> places = {path};
  PV_TRY(const auto entry, options.ledger->entry_at(path));
  if (entry && !entry->moved_to.empty()) places.push_back(entry->moved_to);
  PV_TRY(const Folder data, Folder::open(options.data_folder));
  std::vector<char> bytes;
  for (const std::string& place : places) {
    // Opened below the folder first: no link leads to another company's file.
    if (!data.file(place, O_RDONLY | O_NONBLOCK)) continue;
    if (read_settled_file(options.data_folder / place, options.rules.max_file_bytes, bytes)) return bytes;
  }
  return fail(Errc::not_found, fmt::format("{}: the file whose header shall count cannot be read; accept again, with the path of one that can", path));
}

/// A file of the ledger that is not to be read now, or not at all.
FileReading unread(Task& task, Readiness readiness, std::string_view reason, std::string message) {
  FileReading reading;
  reading.file = std::move(task.file);
  reading.identity = task.entry->identity;
  reading.readiness = readiness;
  reading.reason = reason;
  reading.message = std::move(message);
  if (readiness == Readiness::held) reading.evidence.push_back({reading.message, ""});
  return reading;
}

}  // namespace

FoundFile file_of(const LedgerEntry& entry, const std::filesystem::path& data_folder) { return classify(data_folder, data_folder / entry.path); }

FoundFile expected_file(const LedgerEntry& entry, const std::filesystem::path& data_folder) {
  const auto tenant = model::TenantName::parse(entry.tenant);
  const auto campaign = model::CampaignName::parse(entry.campaign);
  const auto device = model::DeviceName::parse(entry.device);
  if (!tenant || !campaign || !device) return file_of(entry, data_folder);
  FoundFile file;
  file.path = data_folder / entry.path;
  file.place = Place{*tenant, *campaign, *device};
  file.size = entry.size;
  return file;
}

bool follow(Task& task, const RunOptions& options) {
  if (!task.entry->identity || identity_of(task.file.path) == task.entry->identity) return false;
  auto now = options.ledger->entry(task.entry->id);
  if (!now || now->path == task.entry->path) return false;
  task.entry->path = std::move(now->path);
  task.file = file_of(*task.entry, options.data_folder);
  return true;
}

FileReading read_task(Task& task, const RunOptions& options, std::vector<char>& buffer) {
  if (!task.entry) return read_logger_file(std::move(task.file), options.rules, buffer);
  if (task.only_moves()) return unread(task, Readiness::deferred, "", "");
  if (!follow(task, options)) task.file = file_of(*task.entry, options.data_folder);
  const auto standing = identity_of(task.file.path);
  if (standing && task.entry->identity && *standing != *task.entry->identity) {
    // The next attempt goes by what stands there now.
    task.entry->identity = standing;
    return unread(task, Readiness::deferred, "changed", fmt::format("{}: other bytes stand there than were handed in; they are looked at again", task.file.path.string()));
  }
  Decision decision;
  decision.is_accepted = !task.entry->accepted_by.empty();
  if (!task.entry->header_of.empty()) {
    auto header = header_file(task.entry->header_of, options);
    if (!header) return unread(task, Readiness::held, "other_header_missing", header.error().message());
    decision.header_file = std::move(*header);
  }
  return read_logger_file(std::move(task.file), options.rules, buffer, decision);
}

Result<void> bring_back(LedgerEntry& entry, const RunOptions& options) {
  if (entry.moved_to.empty() || entry.state != FileState::claimed) return {};
  const std::filesystem::path from = options.data_folder / entry.moved_to, to = options.data_folder / entry.path;
  if (identity_of(from)) PV_TRY_VOID(move_to_free_name(from, to));
  remove_notes_of(from, entry.digest);
  PV_TRY_VOID(options.ledger->moved_back(entry.id));
  entry.moved_to.clear();
  return {};
}

}  // namespace pv::ingest
