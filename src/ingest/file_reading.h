#pragma once
/// One file, from its place on disk to samples in memory, and what is to become of it.
///   Threads: safe; each call works on its own.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ingest/file_identity.h"
#include "ingest/layout.h"
#include "model/delivery.h"
#include "model/zone.h"
#include "tsv/reader.h"

namespace pv::ingest {

/// How a file's bare stamps and its rows are to be read.
struct ReadingRules {
  std::function<model::Zone(const Place&)> zone_of;  // of files without a header block
  std::vector<std::string> extra_formats;
  std::optional<std::int64_t> latest_s = {};  // rows stamped later come from a clock that was wrong; Unix seconds
  tsv::RestartRows restart_rows = tsv::RestartRows::events;
  std::uint64_t max_file_bytes = 256U << 20;
};

enum class Readiness : std::uint8_t {
  ready,     // has samples or events to store
  deferred,  // not now: it is being written, changed, vanished, or could not be read; it stays where it is
  rejected,  // never: it goes to error/
};

struct FileReading {
  FoundFile file;
  std::optional<FileIdentity> identity;  // of what was read
  Readiness readiness = Readiness::rejected;
  std::string reason;   // stable name: "unsupported_format", "path_too_deep", "being_written"; "" when ready
  std::string message;  // for a person: what is wrong, where, what to do
  std::uint32_t line = 0;
  model::FileOrigin origin;
  std::optional<tsv::LoggerFile> content;  // when the header could be read
  std::vector<std::string> warnings;
};

/// `buffer` holds the file's bytes for the time of the call; passing the same one again saves allocations.
FileReading read_logger_file(FoundFile file, const ReadingRules& rules, std::vector<char>& buffer);

/// What a file that was read hands to a sink; borrows from `reading`.
model::Delivery delivery_of(const FileReading& reading);

}  // namespace pv::ingest
