#pragma once
/// Moves files that have been dealt with: to parsed/, or to error/ with a reason file, beside where they lay.
///   Only what was read is moved: a file that was replaced or has grown since then stays for the next run.
///   Threads: one object a thread. Errors go into the list of problems; the file then stays where it is.

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "ingest/run_report.h"

namespace pv::ingest {

/// Takes away the reason and the receipt beside where a refused file lay: they tell of a fate that it has no longer.
void remove_notes_of(const std::filesystem::path& refused, const std::string& digest);

class Filing {
 public:
  explicit Filing(std::vector<std::string>& problems) : problems_(&problems) {}
  void file_away(FileRecord& record);
  /// A file that stands under another name than the record's path, into error/ under its own.
  void refuse(FileRecord& record, const std::filesystem::path& standing_at);

 private:
  bool make_folder(const std::filesystem::path& folder);
  bool stands_as_read(const FileRecord& record, const std::filesystem::path& standing_at);
  void put_back_if_replaced(FileRecord& record, const std::filesystem::path& standing_at, const std::filesystem::path& moved);
  void store(FileRecord& record);

  std::set<std::filesystem::path> made_;
  std::vector<std::string>* problems_;
};

}  // namespace pv::ingest
