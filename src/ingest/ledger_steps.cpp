#include "ingest/ledger_steps.h"

#include <algorithm>
#include <random>
#include <span>

#include "base/digest.h"
#include "base/file.h"

namespace pv::ingest {
namespace {

Ledger::Step step_of(const LedgerEntry& entry, FileEvent event, const FileRecord& record) {
  Ledger::Step step;
  step.id = entry.id;
  step.event = event;
  step.reason = record.reason;
  step.message = record.message;
  step.line = record.line;
  step.evidence = record.evidence;
  step.digest = record.digest;
  step.identity = record.identity;
  return step;
}

}  // namespace

std::int64_t wait_before_next_attempt_s(std::uint32_t attempts, std::string_view reason) {
  constexpr std::int64_t kFirstWait_s = 5, kMoment_s = 2;
  constexpr std::uint32_t kMostDoublings = 8;
  if (reason == "being_written" || reason == "changed" || reason == "vanished") return kMoment_s;
  const std::int64_t wait_s = std::min(kLongestWait_s, kFirstWait_s << std::min(attempts, kMostDoublings));
  // Files that failed together shall not all come back in the same second.
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::min(kLongestWait_s, wait_s - wait_s / 5 + std::uniform_int_distribution<std::int64_t>(0, 2 * wait_s / 5)(random));
}

Ledger::Step postponed(const LedgerEntry& entry, std::string reason, std::string message, std::int64_t now_s) {
  Ledger::Step step;
  step.id = entry.id;
  step.event = FileEvent::postpone;
  step.next_attempt_s = now_s + wait_before_next_attempt_s(entry.attempts, reason);
  step.reason = std::move(reason);
  step.message = std::move(message);
  return step;
}

bool has_vanished_for_good(const LedgerEntry& entry, const FileRecord& record) noexcept {
  constexpr std::uint32_t kLooks = 3;
  return record.reason == "vanished" && entry.attempts >= kLooks;
}

Ledger::Step step_after_reading(const LedgerEntry& entry, const FileReading& reading, const FileRecord& record, std::int64_t now_s) {
  switch (reading.readiness) {
    case Readiness::ready: {
      Ledger::Step step = step_of(entry, FileEvent::parse, record);
      step.reason.clear();
      step.message.clear();
      return step;
    }
    case Readiness::held: {
      Ledger::Step step = step_of(entry, FileEvent::hold, record);
      step.receipt_json = short_json(record);
      return step;
    }
    case Readiness::rejected: {
      Ledger::Step step = step_of(entry, FileEvent::reject, record);
      step.receipt_json = short_json(record);
      return step;
    }
    case Readiness::deferred: break;
  }
  // Whoever took it away took away all there was to try.
  if (has_vanished_for_good(entry, record)) return step_of(entry, FileEvent::reject, record);
  Ledger::Step step = postponed(entry, record.reason, record.message, now_s);
  if (record.reason == "changed") step.identity = record.identity;
  return step;
}

Ledger::Step step_after_sink(const LedgerEntry& entry, const FileRecord& record, std::int64_t now_s) {
  if (record.fate == Fate::deferred) return postponed(entry, record.reason, record.message, now_s);
  Ledger::Step step = step_of(entry, record.fate == Fate::stored ? FileEvent::commit : FileEvent::reject, record);
  step.receipt_json = short_json(record);
  return step;
}

std::optional<std::filesystem::path> find_filed(const std::filesystem::path& folder, const FileRecord& record) {
  std::optional<std::filesystem::path> same_bytes;
  for (int number = 1;; ++number) {
    std::filesystem::path path = numbered_name(folder / std::filesystem::path(record.path).filename(), number);
    const auto standing = identity_of(path);
    if (!standing) return same_bytes;
    if (standing == record.identity) return path;
    if (same_bytes || !record.identity || standing->size != record.identity->size || record.digest.empty()) continue;
    const auto text = read_text_file(path, static_cast<std::uint64_t>(standing->size));
    if (text && to_hex(sha256(std::as_bytes(std::span(*text)))) == record.digest) same_bytes = std::move(path);
  }
}

}  // namespace pv::ingest
