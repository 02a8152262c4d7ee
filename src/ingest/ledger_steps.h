#pragma once
/// What a run records of its files: from what became of a file to the ledger's step.
///   Threads: no state; safe.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "ingest/ledger.h"
#include "ingest/run_report.h"

namespace pv::ingest {

/// Seconds until a file is tried again: doubled with each attempt, some jitter, kLongestWait_s at most; short for files that are
/// being written.
[[nodiscard]] std::int64_t wait_before_next_attempt_s(std::uint32_t attempts, std::string_view reason);

/// A file that was not there, time and again: one look may fall into the moment in which it gets another name.
[[nodiscard]] bool has_vanished_for_good(const LedgerEntry& entry, const FileRecord& record) noexcept;

/// After reading: parsed, held, postponed or rejected.
[[nodiscard]] Ledger::Step step_after_reading(const LedgerEntry& entry, const FileReading& reading, const FileRecord& record, std::int64_t now_s);
/// After the sink: committed, postponed or rejected.
[[nodiscard]] Ledger::Step step_after_sink(const LedgerEntry& entry, const FileRecord& record, std::int64_t now_s);
[[nodiscard]] Ledger::Step postponed(const LedgerEntry& entry, std::string reason, std::string message, std::int64_t now_s);

/// Where a file that was filed before (a crash came between the move and its record) lies in `folder`: the one of its names
/// that has the record's identity, or else its bytes (a restored folder has other identities). Reads files of its size only.
[[nodiscard]] std::optional<std::filesystem::path> find_filed(const std::filesystem::path& folder, const FileRecord& record);

}  // namespace pv::ingest
