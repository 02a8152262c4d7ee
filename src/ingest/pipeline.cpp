#include "ingest/pipeline.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <thread>
#include <tuple>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "ingest/file_coverage.h"
#include "ingest/filing.h"
#include "ingest/ledger_steps.h"
#include "ingest/receipt.h"
#include "ingest/task.h"
#include "ingest/told_text.h"

namespace pv::ingest {
namespace {

using Batch = std::vector<Task>;
using Readings = std::vector<FileReading>;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// Files of one tenant side by side, oldest first; misplaced ones at the end.
std::vector<Batch> into_batches(Batch tasks, std::uint64_t batch_bytes) {
  const auto key = [](const FoundFile& file) {
    const bool misplaced = !file.place;
    const std::string name = file.path.filename().string();
    return std::tuple(misplaced, misplaced ? "" : file.place->tenant.str(), misplaced ? "" : file.place->campaign.str(),
                      misplaced ? "" : file.place->device.str(), model::stamp_of_name(name), file.path.string());
  };
  std::vector<std::pair<decltype(key(tasks[0].file)), std::size_t>> order;
  order.reserve(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) order.emplace_back(key(tasks[i].file), i);
  std::sort(order.begin(), order.end());

  std::vector<Batch> batches;
  std::uint64_t bytes = 0;
  for (const auto& [_, index] : order) {
    const FoundFile& file = tasks[index].file;
    const auto same_tenant = [&file](const FoundFile& other) {
      return other.place.has_value() == file.place.has_value() && (!file.place || other.place->tenant == file.place->tenant);
    };
    if (batches.empty() || !same_tenant(batches.back().front().file) || bytes + file.size > batch_bytes) {
      batches.emplace_back();
      bytes = 0;
    }
    bytes += file.size;
    batches.back().push_back(std::move(tasks[index]));
  }
  return batches;
}

Readings read_batch(Batch& batch, const RunOptions& options) {
  Readings readings(batch.size());
  std::atomic<std::size_t> next{0};
  const auto worker = [&] {
    std::vector<char> buffer;
    for (std::size_t i = next++; i < batch.size(); i = next++) readings[i] = read_task(batch[i], options, buffer);
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 1; t < options.readers && t < batch.size(); ++t) threads.emplace_back(worker);
    worker();
  }
  return readings;
}

void note_outcome(FileRecord& record, model::DeliveryOutcome outcome) {
  record.fate = Fate::stored;
  if (!outcome.other_zone.empty()) {
    record.warnings.push_back(fmt::format("stored_in_another_zone: these bytes were stored before, read in {}; now in {} as well, so their samples "
                                          "lie twice, apart by the difference: erase the campaign and ingest its files again in one zone",
                                          outcome.other_zone, record.zone));
  }
  record.outcome = std::move(outcome);
}

void set_back(FileRecord& record, const Error& error) {
  record.message = error.message();
  if (error.kind() == Errc::invalid_input) {
    record.fate = Fate::rejected;
    record.reason = "refused_by_store";
    return;
  }
  record.fate = Fate::deferred;
  record.reason = error.kind() == Errc::corrupt ? "store_damaged" : "store_unavailable";
}

/// Writes what is ready, all at once; where the store is damaged or refuses a file, file by file, so that no other has to
/// wait.
void write_ready(const Readings& readings, std::vector<FileRecord>& records, model::SampleSink& sink) {
  std::vector<model::Delivery> deliveries;
  std::vector<std::size_t> index;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    if (readings[i].readiness != Readiness::ready) continue;
    deliveries.push_back(delivery_of(readings[i]));
    index.push_back(i);
  }
  if (deliveries.empty()) return;
  if (auto outcomes = sink.write(deliveries)) {
    for (std::size_t d = 0; d < index.size(); ++d) {
      note_outcome(records[index[d]], std::move((*outcomes)[d]));
    }
    return;
  } else if (outcomes.error().kind() != Errc::corrupt && outcomes.error().kind() != Errc::invalid_input) {
    for (const std::size_t i : index) set_back(records[i], outcomes.error());
    return;
  }
  for (std::size_t d = 0; d < index.size(); ++d) {
    FileRecord& record = records[index[d]];
    if (auto outcome = sink.write(std::span(&deliveries[d], 1))) {
      note_outcome(record, std::move(outcome->front()));
    } else {
      set_back(record, outcome.error());
    }
  }
}

/// A fate that is on record already, as the report tells it.
void recall_fate(const LedgerEntry& entry, FileRecord& record) {
  record.fate = entry.state == FileState::committed ? Fate::stored : Fate::rejected;
  record.reason = entry.reason;
  record.message = entry.message;
  record.line = entry.line;
  record.digest = entry.digest;
  record.size = entry.size;
}

/// One batch on its way: what was read, and what becomes of it.
struct Work {
  Batch batch;
  Readings readings;
  std::vector<FileRecord> records;
  std::vector<bool> is_on_record;  // its fate is: it may be moved
};

class Run {
 public:
  Run(const RunOptions& options, RunReport& report) : options_(&options), report_(&report) {}

  void settle_fates(Work& work);
  void file_away(Work& work);

 private:
  bool record(std::span<const Ledger::Step> steps);
  void after_reading(Work& work);
  void after_sink(Work& work, const std::vector<bool>& was_ready);
  void move(Task& task, FileRecord& record, Filing& filing) const;
  static bool waits_for_move(const Task& task, const FileRecord& record);
  void write_receipt_of(const Task& task, const FileRecord& record, std::vector<std::string>& problems) const;

  const RunOptions* options_;
  RunReport* report_;
  std::mutex mutex_;  // of the report's list of problems: a batch is moved while the next is recorded
};

bool Run::record(std::span<const Ledger::Step> steps) {
  if (steps.empty()) return true;
  const auto begin = Clock::now();
  const auto recorded = options_->ledger->record(steps);
  const std::lock_guard lock(mutex_);
  report_->seconds.record += seconds_since(begin);
  if (recorded || recorded.error().kind() == Errc::conflict) return true;
  report_->problems.push_back(recorded.error().message());
  for (const Ledger::Step& step : steps) report_->unrecorded.push_back(step.id);
  return false;
}

void Run::after_reading(Work& work) {
  std::vector<Ledger::Step> steps;
  for (std::size_t i = 0; i < work.batch.size(); ++i) {
    if (!work.batch[i].entry || work.batch[i].only_moves()) continue;
    steps.push_back(step_after_reading(*work.batch[i].entry, work.readings[i], work.records[i], unix_now_s()));
  }
  const bool recorded = record(steps);
  if (!steps.empty()) fault_point("ingest.read_recorded");
  if (!recorded) {
    for (std::size_t i = 0; i < work.batch.size(); ++i) {
      if (!work.batch[i].entry || work.batch[i].only_moves()) continue;
      work.readings[i].readiness = Readiness::deferred;
      work.records[i].fate = Fate::deferred;
      work.records[i].reason = "ledger_unavailable";
    }
  }
  for (std::size_t i = 0; i < work.batch.size(); ++i) {
    work.is_on_record[i] = !work.batch[i].entry || work.batch[i].only_moves() || (recorded && work.readings[i].readiness != Readiness::ready);
  }
}

void Run::after_sink(Work& work, const std::vector<bool>& was_ready) {
  std::vector<Ledger::Step> steps;
  for (std::size_t i = 0; i < work.batch.size(); ++i) {
    if (work.batch[i].entry && was_ready[i]) steps.push_back(step_after_sink(*work.batch[i].entry, work.records[i], unix_now_s()));
  }
  const bool recorded = record(steps);
  if (!steps.empty()) fault_point("ingest.commit_recorded");
  for (std::size_t i = 0; i < work.batch.size(); ++i) {
    if (was_ready[i] && work.batch[i].entry) work.is_on_record[i] = recorded;
  }
}

void Run::settle_fates(Work& work) {
  work.records.reserve(work.readings.size());
  work.is_on_record.assign(work.readings.size(), false);
  std::vector<bool> was_ready(work.readings.size(), false);
  const bool dry = options_->mode == Mode::dry_run;
  // Not while they were read: the batch before was not stored yet.
  if (options_->stored != nullptr) tell_coverage(work.readings, *options_->stored);
  for (std::size_t i = 0; i < work.readings.size(); ++i) {
    FileReading& reading = work.readings[i];
    FileRecord& record = work.records.emplace_back(record_of(reading));
    name_as_known(record, options_->data_folder);
    if (work.batch[i].only_moves()) {
      recall_fate(*work.batch[i].entry, record);
      reading.readiness = Readiness::deferred;  // nothing of it goes into a sink
      continue;
    }
    switch (reading.readiness) {
      case Readiness::ready:
        record.fate = dry ? Fate::would_store : Fate::deferred;
        break;
      case Readiness::rejected: record.fate = dry ? Fate::would_reject : Fate::rejected; break;
      case Readiness::held:
      case Readiness::deferred: record.fate = Fate::deferred; break;
    }
  }
  after_reading(work);
  // Without a record of it nothing goes on: the claim is given back, and the file tried again.
  for (std::size_t i = 0; i < work.readings.size(); ++i) was_ready[i] = work.readings[i].readiness == Readiness::ready;
  const bool any_ready = std::find(was_ready.begin(), was_ready.end(), true) != was_ready.end();
  if (dry || !any_ready) return;
  const auto begin = Clock::now();
  const auto tenant = std::find_if(work.readings.begin(), work.readings.end(), [](const FileReading& one) { return one.readiness == Readiness::ready; })->file.place->tenant;
  if (auto sink = options_->sink_of(tenant)) {
    write_ready(work.readings, work.records, **sink);
  } else {
    for (std::size_t i = 0; i < work.readings.size(); ++i) {
      if (was_ready[i]) set_back(work.records[i], sink.error());
    }
  }
  for (FileRecord& record : work.records) name_as_known(record, options_->data_folder);
  {
    const std::lock_guard lock(mutex_);
    report_->seconds.store += seconds_since(begin);
  }
  if (options_->ledger != nullptr) fault_point("ingest.stored");
  after_sink(work, was_ready);
}

void Run::write_receipt_of(const Task& task, const FileRecord& record, std::vector<std::string>& problems) const {
  if (options_->receipts == Receipts::none || record.moved_to.empty() || (task.only_moves() && task.entry->receipt_json.empty())) return;
  const std::string text = receipt_text(task.entry ? task.entry->name : std::filesystem::path(record.path).filename().string(),
                                        task.only_moves() ? task.entry->receipt_json : short_json(record));
  if (auto written = write_receipt(record.moved_to, text); !written) problems.push_back(written.error().message());
}

void Run::move(Task& task, FileRecord& record, Filing& filing) const {
  filing.file_away(record);
  if (!record.moved_to.empty() || !task.entry || !record.identity) return;
  if (identity_of(record.path) == record.identity) return;
  // It made room for another file since it was read.
  task.entry->identity = record.identity;
  task.file.path = record.path;
  if (follow(task, *options_)) {
    record.path = task.file.path.string();
    filing.file_away(record);
    if (!record.moved_to.empty()) return;
  }
  // A crash came between the move and its record.
  const std::filesystem::path folder = std::filesystem::path(record.path).parent_path();
  const auto found = find_filed(folder / (record.fate == Fate::stored ? kParsedFolder : kErrorFolder), record);
  if (found) record.moved_to = found->string();
}

/// Whether its move is to be tried again. A file that is not where it should be may be on its way to another name; after some looks it
/// is gone, and its fate is all there is.
bool Run::waits_for_move(const Task& task, const FileRecord& record) {
  constexpr std::uint32_t kLooks = 3;
  if (!record.moved_to.empty() || record.stays) return false;
  return identity_of(record.path) == record.identity || task.entry->attempts < kLooks;
}

void Run::file_away(Work& work) {
  const auto begin = Clock::now();
  std::vector<FileRecord> filed;
  std::vector<Ledger::Filed> moves;
  std::vector<Ledger::Step> again;
  std::vector<std::string> problems;
  Filing filing(problems);
  for (std::size_t i = 0; i < work.records.size(); ++i) {
    FileRecord& record = work.records[i];
    const Task& task = work.batch[i];
    const bool is_final = record.fate == Fate::stored || record.fate == Fate::rejected;
    const bool vanished = record.fate == Fate::deferred && task.entry && has_vanished_for_good(*task.entry, record);
    if (is_final && work.is_on_record[i]) move(work.batch[i], record, filing);
    if (task.entry && work.is_on_record[i] && (is_final || vanished)) {
      if (is_final && waits_for_move(task, record)) {
        again.push_back(postponed(*task.entry, "not_moved", problems.empty() ? "it could not be moved" : below(problems.back(), options_->data_folder), unix_now_s()));
      } else {
        moves.push_back({task.entry->id, record.moved_to.empty() ? "" : std::filesystem::path(record.moved_to).lexically_relative(options_->data_folder).string()});
      }
    }
    if (is_final) write_receipt_of(task, record, problems);
    filed.push_back(std::move(record));
  }
  if (!moves.empty()) {
    fault_point("ingest.moved");
    if (auto recorded = options_->ledger->filed(moves); !recorded) problems.push_back(recorded.error().message());
    fault_point("ingest.filed");
  }
  record(again);
  const std::lock_guard lock(mutex_);
  report_->seconds.file += seconds_since(begin);
  for (std::string& problem : problems) report_->problems.push_back(std::move(problem));
  for (FileRecord& record : filed) report_->files.push_back(std::move(record));
}

RunReport run_tasks(Batch tasks, const RunOptions& options) {
  RunReport report;
  report.mode = options.mode == Mode::dry_run ? "dry_run" : "ingest";
  Progress progress;
  progress.files_total = tasks.size();
  std::vector<Batch> batches = into_batches(std::move(tasks), options.batch_bytes);

  const auto start_reading = [&](std::size_t b) {
    // A single file is not worth a thread: the hand-over would cost more than reading it.
    const auto policy = batches.size() == 1 ? std::launch::deferred : std::launch::async;
    return std::async(policy, [&, b] {
      const auto begin = Clock::now();
      Readings readings = read_batch(batches[b], options);
      return std::pair(std::move(readings), seconds_since(begin));
    });
  };
  Run work_of(options, report);
  std::future<void> moving;
  decltype(start_reading(0)) reading;
  double read_s = 0;
  if (!batches.empty()) reading = start_reading(0);
  for (std::size_t b = 0; b < batches.size() && !options.stop.stop_requested(); ++b) {
    Work work;
    auto [readings, seconds] = reading.get();
    work.readings = std::move(readings);
    work.batch = std::move(batches[b]);
    read_s += seconds;
    if (b + 1 < batches.size()) reading = start_reading(b + 1);
    work_of.settle_fates(work);
    work.readings.clear();
    if (moving.valid()) moving.get();
    for (const FileRecord& record : work.records) {
      ++progress.files_done;
      if (record.fate == Fate::stored || record.fate == Fate::would_store) progress.samples += record.samples;
    }
    if (b + 1 < batches.size()) {
      moving = std::async(std::launch::async, [&work_of, work = std::move(work)]() mutable { work_of.file_away(work); });
    } else {
      work_of.file_away(work);
    }
    if (options.progress) options.progress(progress);
  }
  if (moving.valid()) moving.get();
  if (reading.valid()) reading.wait();
  report.seconds.read = read_s;
  report.not_reached = progress.files_total - report.files.size();
  if (report.not_reached > 0) {
    report.problems.push_back(fmt::format("stopped on request: {} files were not reached; the next run takes them", report.not_reached));
    if (options.ledger != nullptr) {
      std::vector<Ledger::Step> again;
      for (const Batch& batch : batches) {
        for (const Task& task : batch) {
          if (task.entry && !task.only_moves()) again.push_back({.id = task.entry->id, .event = FileEvent::postpone, .next_attempt_s = unix_now_s()});
        }
      }
      if (auto recorded = options.ledger->record(again); !recorded) report.problems.push_back(recorded.error().message());
    }
  }
  return report;
}

}  // namespace

RunReport run(std::vector<FoundFile> files, const RunOptions& options) {
  Batch tasks;
  tasks.reserve(files.size());
  for (FoundFile& file : files) tasks.push_back({std::move(file), {}});
  return run_tasks(std::move(tasks), options);
}

RunReport run(std::vector<LedgerEntry> claimed, const RunOptions& options) {
  Batch tasks;
  tasks.reserve(claimed.size());
  std::vector<std::string> problems;
  std::vector<FileId> unrecorded;
  for (LedgerEntry& entry : claimed) {
    if (auto back = bring_back(entry, options); !back) {
      const Ledger::Step step{.id = entry.id, .event = FileEvent::reject, .reason = "cannot_be_brought_back", .message = below(back.error().message(), options.data_folder)};
      const Ledger::Filed stays{entry.id, entry.moved_to};
      auto recorded = options.ledger->record(std::span(&step, 1));
      if (recorded) recorded = options.ledger->filed(std::span(&stays, 1));
      if (!recorded) unrecorded.push_back(entry.id);
      problems.push_back(back.error().message());
      continue;
    }
    FoundFile file = expected_file(entry, options.data_folder);
    tasks.push_back({std::move(file), std::move(entry)});
  }
  RunReport report = run_tasks(std::move(tasks), options);
  report.problems.insert(report.problems.begin(), problems.begin(), problems.end());
  report.unrecorded.insert(report.unrecorded.end(), unrecorded.begin(), unrecorded.end());
  return report;
}

}  // namespace pv::ingest
