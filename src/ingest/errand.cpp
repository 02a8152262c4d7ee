#include "ingest/errand.h"

#include <algorithm>
#include <map>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "ingest/intake_lock.h"
#include "ingest/layout.h"

namespace pv::ingest {
namespace {

Result<std::vector<Ledger::Arrived>> put_on_record(std::span<FoundFile> files, const ErrandOptions& options) {
  std::vector<Ledger::Arrival> arrivals;
  arrivals.reserve(files.size());
  for (FoundFile& file : files) {
    Ledger::Arrival arrival;
    arrival.path = file.path.lexically_relative(options.run.data_folder).string();
    arrival.identity = identity_of(file.path);
    arrival.sender = options.sender;
    arrival.file = file;
    arrivals.push_back(std::move(arrival));
  }
  return options.run.ledger->arrive(arrivals);
}

void add(RunReport&& part, RunReport& whole) {
  whole.not_reached += part.not_reached;
  whole.seconds.read += part.seconds.read;
  whole.seconds.store += part.seconds.store;
  whole.seconds.record += part.seconds.record;
  whole.seconds.file += part.seconds.file;
  for (FileRecord& record : part.files) whole.files.push_back(std::move(record));
  for (std::string& problem : part.problems) whole.problems.push_back(std::move(problem));
}

/// A file as the ledger knows it, for one that this run did not read itself.
FileRecord record_of_entry(const LedgerEntry& entry, const std::filesystem::path& data_folder) {
  FileRecord record;
  record.path = (data_folder / entry.path).string();
  record.tenant = entry.tenant;
  record.campaign = entry.campaign;
  record.device = entry.device;
  record.digest = entry.digest;
  record.size = entry.size;
  record.reason = entry.reason;
  record.message = entry.message;
  record.line = entry.line;
  record.evidence = entry.evidence;
  if (!entry.moved_to.empty()) record.moved_to = (data_folder / entry.moved_to).string();
  switch (entry.state) {
    case FileState::committed: record.fate = Fate::stored; break;
    case FileState::rejected: record.fate = Fate::rejected; break;
    default: record.fate = Fate::deferred; break;
  }
  if (const auto receipt = nlohmann::json::parse(entry.receipt_json, nullptr, false); receipt.is_object()) {
    const auto count = [&receipt](const char* name) { return receipt.contains(name) && receipt[name].is_number_unsigned() ? receipt[name].get<std::uint64_t>() : 0; };
    record.rows = count("nb_rows");
    record.samples = count("nb_points");
  }
  if (record.fate == Fate::deferred && record.reason.empty()) {
    record.reason = "waiting";
    record.message = fmt::format("{}: a running 'powerview serve' has it and had not settled it by now; 'powerview files' tells", record.path);
  }
  return record;
}

/// Brings to its end what a program that is gone has left of files that are not there to be found any more.
Result<void> finish_what_was_left(const ErrandOptions& options) {
  PV_TRY_VOID(options.run.ledger->recover(unix_now_s()));
  EntryFilter filter;
  filter.waiting = true;
  filter.limit = options.most_files;
  PV_TRY(const std::vector<LedgerEntry> waiting, options.run.ledger->list(filter));
  for (const LedgerEntry& entry : waiting) {
    const bool is_gone = !entry.is_settled() && entry.moved_to.empty() && !identity_of(options.run.data_folder / entry.path);
    const bool comes_back = entry.state == FileState::received && !entry.moved_to.empty();
    if (!is_gone && !comes_back) continue;
    PV_TRY(std::vector<LedgerEntry> claimed, options.run.ledger->claim_these(std::span(&entry.id, 1)));
    run(std::move(claimed), options.run);
  }
  return {};
}

struct Waited {
  std::vector<FileRecord> files;
  std::optional<IntakeLock> lock;  // when whoever took files has gone
  std::vector<FileId> left;        // what it had not settled by then
};

/// Waits for whoever takes files from the ledger by itself: a running `serve`. Another `ingest` takes only its own, and is gone soon.
Result<Waited> wait_for_other(const std::vector<FileId>& ids, const ErrandOptions& options) {
  Waited waited;
  const auto end = std::chrono::steady_clock::now() + options.patience;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    while (true) {
      PV_TRY(const LedgerEntry entry, options.run.ledger->entry(ids[i]));
      // What has to wait for something passing would keep us waiting with it.
      const bool waits_long = entry.state == FileState::received && !entry.reason.empty();
      if (entry.is_settled() || waits_long || std::chrono::steady_clock::now() >= end || options.run.stop.stop_requested()) {
        waited.files.push_back(record_of_entry(entry, options.run.data_folder));
        break;
      }
      if (auto lock = IntakeLock::take(options.state_dir)) {
        waited.lock = std::move(*lock);
        waited.left.assign(ids.begin() + static_cast<std::ptrdiff_t>(i), ids.end());
        return waited;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  return waited;
}

/// For the holder of the lock.
Result<void> take_files(const std::vector<FileId>& ids, const ErrandOptions& options, RunReport& report) {
  const std::size_t before = report.files.size();
  for (std::size_t at = 0; at < ids.size() && !options.run.stop.stop_requested(); at += options.most_files) {
    const auto part = std::span(ids).subspan(at, std::min(options.most_files, ids.size() - at));
    PV_TRY(std::vector<LedgerEntry> claimed, options.run.ledger->claim_these(part));
    std::map<std::int64_t, bool> is_claimed;
    for (const LedgerEntry& entry : claimed) is_claimed[entry.id.value] = true;
    add(run(std::move(claimed), options.run), report);
    for (const FileId id : part) {
      if (is_claimed.contains(id.value)) continue;
      // What has crashed before comes alone: it shall not take others down with it.
      PV_TRY(std::vector<LedgerEntry> alone, options.run.ledger->claim_these(std::span(&id, 1)));
      if (!alone.empty()) {
        add(run(std::move(alone), options.run), report);
        continue;
      }
      PV_TRY(const LedgerEntry entry, options.run.ledger->entry(id));
      report.files.push_back(record_of_entry(entry, options.run.data_folder));
    }
  }
  const std::size_t reached = report.files.size() - before + report.not_reached;
  report.not_reached += ids.size() > reached ? ids.size() - reached : 0;
  return {};
}

}  // namespace

Result<RunReport> run_errand(std::vector<FoundFile> files, const ErrandOptions& options) {
  // Files that are not ours to move or record lie outside the folder, or are none.
  const auto strange = std::stable_partition(files.begin(), files.end(), [](const FoundFile& file) { return file.place || !stays_there(file.why); });
  std::vector<FoundFile> others(std::make_move_iterator(strange), std::make_move_iterator(files.end()));
  files.erase(strange, files.end());

  auto lock = IntakeLock::take(options.state_dir);
  if (!lock && lock.error().kind() != Errc::conflict) return fail(lock.error());
  if (lock) PV_TRY_VOID(finish_what_was_left(options));
  PV_TRY(const std::vector<Ledger::Arrived> arrived, put_on_record(files, options));
  std::vector<FileId> ids;
  for (const Ledger::Arrived& one : arrived) ids.push_back(one.id);
  RunReport report;
  report.mode = "ingest";
  if (!lock) {
    PV_TRY(Waited waited, wait_for_other(ids, options));
    report.files = std::move(waited.files);
    if (waited.lock) {
      PV_TRY_VOID(finish_what_was_left(options));
      PV_TRY_VOID(take_files(waited.left, options, report));
    }
  } else {
    PV_TRY_VOID(take_files(ids, options, report));
  }
  if (!others.empty()) {
    RunOptions plain = options.run;
    plain.ledger = nullptr;
    add(run(std::move(others), plain), report);
  }
  return report;
}

}  // namespace pv::ingest
