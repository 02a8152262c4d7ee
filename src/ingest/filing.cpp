#include "ingest/filing.h"

#include <chrono>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/file.h"
#include "ingest/layout.h"
#include "ingest/receipt.h"

namespace pv::ingest {
namespace {

constexpr int kMaxNames = 10'000;

/// "<file>.reason.json"; a file whose name leaves no room for that gets its beginning and its digest.
std::filesystem::path reason_path(const std::filesystem::path& file, const std::string& digest) {
  constexpr std::size_t kLongest = 255;
  constexpr std::string_view kEnding = ".reason.json";
  const std::string name = file.filename().string();
  if (name.size() + kEnding.size() <= kLongest) return file.string() + std::string(kEnding);
  return file.parent_path() / fmt::format("{}~{}{}", name.substr(0, 200), digest.substr(0, 16), kEnding);
}

}  // namespace

void remove_notes_of(const std::filesystem::path& refused, const std::string& digest) {
  std::error_code code;
  std::filesystem::remove(reason_path(refused, digest), code);
  std::filesystem::remove(receipt_path(refused), code);
}

bool Filing::make_folder(const std::filesystem::path& folder) {
  if (made_.contains(folder)) return true;
  std::error_code code;
  if (std::filesystem::create_directory(folder, code)) {
    // As open as the folder it lies in, whatever the process's mask.
    const auto above = std::filesystem::status(folder.parent_path(), code);
    if (!code) std::filesystem::permissions(folder, above.permissions(), code);
  }
  std::string why = code ? code.message() : "";
  // A link could lead into another company's folder.
  if (!code && std::filesystem::is_symlink(std::filesystem::symlink_status(folder, code))) why = "it is a symbolic link";
  if (why.empty()) {
    made_.insert(folder);
    return true;
  }
  problems_->push_back(fmt::format("{}: cannot use this folder ({}), so what belongs there stays where it is until the next run",
                                   folder.string(), why));
  return false;
}

bool Filing::stands_as_read(const FileRecord& record, const std::filesystem::path& standing_at) {
  const std::optional<FileIdentity> standing = identity_of(standing_at);
  // Gone since it was read: another run was faster. What it holds is stored either way.
  if (!standing) return false;
  if (standing == record.identity) return true;
  problems_->push_back(fmt::format("{}: it was replaced or changed after it was read, so it stays there until the next run", record.path));
  return false;
}

void Filing::put_back_if_replaced(FileRecord& record, const std::filesystem::path& standing_at, const std::filesystem::path& moved) {
  if (identity_of(moved) == record.identity) {
    record.moved_to = moved.string();
    return;
  }
  // Replaced in the very moment: what was moved has never been read.
  problems_->push_back(fmt::format("{}: it was replaced while it was moved, so it is put back for the next run", record.path));
  if (auto back = move_without_overwriting(moved, standing_at); !back) problems_->push_back(back.error().message());
}

void Filing::store(FileRecord& record) {
  const std::filesystem::path from = record.path;
  const std::filesystem::path folder = from.parent_path() / kParsedFolder;
  if (!stands_as_read(record, from) || !make_folder(folder)) return;
  auto moved = move_without_overwriting(from, folder / from.filename());
  if (moved) {
    put_back_if_replaced(record, from, *moved);
  } else if (moved.error().kind() != Errc::not_found) {
    problems_->push_back(fmt::format("{}; it is dealt with again at the next run", moved.error().message()));
  }
}

void Filing::refuse(FileRecord& record, const std::filesystem::path& standing_at) {
  const std::filesystem::path from = record.path;
  const std::filesystem::path folder = from.parent_path() / kErrorFolder;
  if (!stands_as_read(record, standing_at) || !make_folder(folder)) return;
  // The reason is there before the file is: no rejected file lies without one, whatever happens in between.
  for (int number = 1; number <= kMaxNames; ++number) {
    const std::filesystem::path target = numbered_name(folder / from.filename(), number);
    const std::filesystem::path reason = reason_path(target, record.digest);
    std::error_code code;
    if (std::filesystem::exists(std::filesystem::symlink_status(target, code)) ||
        std::filesystem::exists(std::filesystem::symlink_status(reason, code))) {
      continue;
    }
    if (auto written = replace_file(reason, reason_json(record, unix_now_ms())); !written) {
      problems_->push_back(fmt::format("{}; {} stays where it is until the next run", written.error().message(), from.string()));
      return;
    }
    auto moved = move_to_free_name(standing_at, target);
    if (moved) {
      put_back_if_replaced(record, standing_at, target);
      if (!record.moved_to.empty()) return;
    }
    std::filesystem::remove(reason, code);
    if (!moved && moved.error().kind() == Errc::conflict) continue;
    if (!moved && moved.error().kind() != Errc::not_found) problems_->push_back(moved.error().message());
    return;
  }
  problems_->push_back(fmt::format("{}: {} has no free name left for it", from.string(), folder.string()));
}

void Filing::file_away(FileRecord& record) {
  switch (record.fate) {
    case Fate::stored: store(record); return;
    case Fate::rejected:
      if (record.stays) return;
      refuse(record, record.path);
      return;
    case Fate::deferred:
    case Fate::would_store:
    case Fate::would_reject: return;
  }
}

}  // namespace pv::ingest
