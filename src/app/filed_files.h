#pragma once
/// Files that were taken before, read again as they were read then: in the zone and by the rules of the settings, under the header that a person has
/// chosen for them.
///   Threads: confined to one.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/settings.h"
#include "app/zones.h"
#include "ingest/file_reading.h"
#include "ingest/ledger.h"

namespace pv::app {

class FiledFiles {
 public:
  /// Borrows both. Without a ledger no chosen headers are known.
  FiledFiles(const Settings& settings, const Zones& zones);

  /// The file of these bytes, by the name it was handed in with: where it was handed in, in parsed/, or there under a name with "~2", "~3", …
  /// Errors: not_found: it lies nowhere any more; unavailable: it is there and cannot be read now.
  Result<ingest::FileReading> find(const ingest::Place& place, const std::string& name, const std::string& digest);
  /// A file in parsed/.
  ingest::FileReading read(const ingest::Place& place, const std::filesystem::path& path);

 private:
  ingest::Decision decision_for(const ingest::Place& place, const std::string& name, const std::string& digest) const;

  const Settings* settings_;
  ingest::ReadingRules rules_;
  std::unique_ptr<ingest::Ledger> ledger_;  // null: there is none
  std::vector<char> buffer_;
};

}  // namespace pv::app
