#pragma once
/// The line of a logger file that a refused point came from.
///   Threads: confined to one. Memory: the file that was looked into last; a file's points come together.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "app/settings.h"
#include "app/zones.h"
#include "ingest/layout.h"
#include "ingest/outbox.h"

namespace pv::app {

class RefusedPlace {
 public:
  /// Borrows both.
  RefusedPlace(const Settings& settings, const Zones& zones) : settings_(&settings), zones_(&zones) {}

  /// Sets `line` of a point of the file with these bytes (`row.digest`), which lies where it was handed in or in parsed/. 0 when it no longer does.
  void set_line(ingest::RefusedRow& row, const ingest::Place& place, const std::string& name);

 private:
  void read(const ingest::Place& place, const std::string& name, const std::string& digest);

  const Settings* settings_;
  const Zones* zones_;
  std::string digest_;  // of the bytes
  std::vector<char> bytes_;
  std::map<std::pair<std::string, std::int64_t>, std::uint32_t> lines_;  // by logger and instant
};

}  // namespace pv::app
