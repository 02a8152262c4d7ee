#pragma once
/// Which sinks have a file's samples, beside the one that was committed first. A value.

#include <cstddef>
#include <set>
#include <string>

#include "ingest/ledger_entry.h"

namespace pv::ingest {

struct SinkFacts {
  std::size_t total = 1;          // of the installation, the embedded store included
  std::set<std::string> waiting;  // have not got them yet
  std::set<std::string> refused;  // took all but some points (Outbox::refused())
};

/// "stored, 1 of 2 sinks waiting", "stored, 1 of 2 sinks refused some points", "stored"; for a file that is committed and filed.
[[nodiscard]] std::string stored_text(const SinkFacts& facts);

}  // namespace pv::ingest
