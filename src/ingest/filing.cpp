#include "ingest/filing.h"

#include <chrono>

#include <fmt/format.h>

#include "base/file.h"
#include "ingest/layout.h"

namespace pv::ingest {
namespace {

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

bool Filing::make_folder(const std::filesystem::path& folder) {
  if (made_.contains(folder)) return true;
  std::error_code code;
  std::filesystem::create_directory(folder, code);
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

void Filing::move(FileRecord& record, const char* folder_name) {
  const std::filesystem::path from = record.path;
  const std::filesystem::path folder = from.parent_path() / folder_name;
  const auto changed = [&] {
    problems_->push_back(fmt::format("{}: it was replaced or changed after it was read, so it stays there until the next run", from.string()));
  };
  const std::optional<FileIdentity> standing = identity_of(from);
  // Gone since it was read: another run was faster. What it holds is stored either way.
  if (!standing) return;
  if (standing != record.identity) return changed();
  if (!make_folder(folder)) return;
  auto moved = move_without_overwriting(from, folder / from.filename());
  if (!moved) {
    if (moved.error().kind() != Errc::not_found) {
      problems_->push_back(fmt::format("{}; it is dealt with again at the next run", moved.error().message()));
    }
    return;
  }
  if (identity_of(*moved) != record.identity) {
    // Replaced in the very moment: what was moved has never been read.
    changed();
    if (auto back = move_without_overwriting(*moved, from); !back) problems_->push_back(back.error().message());
    return;
  }
  record.moved_to = moved->string();
}

void Filing::file_away(FileRecord& record) {
  switch (record.fate) {
    case Fate::stored: move(record, kParsedFolder); return;
    case Fate::rejected:
      if (record.reason == to_string(Misplaced::outside_data_folder) || record.reason == to_string(Misplaced::already_filed)) return;
      move(record, kErrorFolder);
      if (record.moved_to.empty()) return;
      if (auto written = replace_file(record.moved_to + ".reason.json", reason_json(record, now_ms())); !written) {
        problems_->push_back(written.error().message());
      }
      return;
    case Fate::deferred:
    case Fate::would_store:
    case Fate::would_reject: return;
  }
}

}  // namespace pv::ingest
