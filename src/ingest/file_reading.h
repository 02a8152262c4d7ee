#pragma once
/// One file, from its place on disk to samples in memory, and what is to become of it.
///   Threads: safe; each call works on its own.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ingest/evidence.h"
#include "ingest/file_identity.h"
#include "ingest/layout.h"
#include "model/delivery.h"
#include "model/zone.h"
#include "quality/coverage.h"
#include "tsv/reader.h"

namespace pv::ingest {

struct FileReading;

/// How a file's bare stamps and its rows are to be read.
struct ReadingRules {
  std::function<model::Zone(const Place&)> zone_of;  // of files without a header block
  std::vector<std::string> extra_formats;
  /// Rows stamped after this instant come from a clock that was wrong; Unix seconds. Asked for each file, as time goes on while a program runs.
  /// Called by several threads. Empty: no bound.
  std::function<std::int64_t()> latest_s = {};
  tsv::RestartRows restart_rows = tsv::RestartRows::events;
  std::uint64_t max_file_bytes = 256U << 20;
  /// Whether a file that could be read should be decided on by a person: what is seen in it, or nothing. Called by several threads.
  std::function<std::vector<Evidence>(const FileReading&)> suspicion = {};
  /// Distance between rows that a device is set to, seconds; nothing, or empty: what its rows show. Called by several threads.
  std::function<std::optional<std::int64_t>(const Place&)> expected_step_of = {};
};

/// What a person has decided on a file.
struct Decision {
  bool is_accepted = false;       // taken whatever looks suspicious
  std::vector<char> header_file;  // the bytes of a file whose header counts instead of its own; empty: its own
};

enum class Readiness : std::uint8_t {
  ready,     // has samples or events to store
  deferred,  // not now: it is being written, changed, vanished, or could not be read; it stays where it is
  held,      // a person must decide: see the evidence; it stays where it is
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
  std::vector<Evidence> evidence;        // of a file that is held
  std::optional<std::int64_t> expected_step_s;
  std::optional<quality::Coverage> coverage;  // of a file that is ready, where it was asked for (ingest/file_coverage.h)
};

/// `buffer` holds the file's bytes for the time of the call; passing the same one again saves allocations.
FileReading read_logger_file(FoundFile file, const ReadingRules& rules, std::vector<char>& buffer, const Decision& decision = {});

/// What a file that was read hands to a sink; borrows from `reading`.
model::Delivery delivery_of(const FileReading& reading);

}  // namespace pv::ingest
