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

void Filing::move(FileRecord& record, const char* folder_name) {
  const std::filesystem::path from = record.path;
  const std::filesystem::path folder = from.parent_path() / folder_name;
  if (!made_.contains(folder)) {
    std::error_code code;
    std::filesystem::create_directory(folder, code);
    if (code) {
      problems_->push_back(fmt::format("{}: cannot make this folder ({}), so {} stays where it is; it is dealt with again at the next run",
                                       folder.string(), code.message(), from.filename().string()));
      return;
    }
    made_.insert(folder);
  }
  auto moved = move_without_overwriting(from, folder / from.filename());
  if (!moved) {
    // Gone since it was read: another run was faster. What it holds is stored either way.
    if (moved.error().kind() != Errc::not_found) {
      problems_->push_back(fmt::format("{}; it is dealt with again at the next run", moved.error().message()));
    }
    return;
  }
  record.moved_to = moved->string();
}

void Filing::file_away(FileRecord& record) {
  switch (record.fate) {
    case Fate::stored: move(record, kParsedFolder); return;
    case Fate::rejected:
      if (record.reason == to_string(Misplaced::outside_data_folder)) return;  // not ours to move
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
